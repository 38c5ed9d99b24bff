//! What does a node keep of averages? The numbers it has part in, the neighbours it averages with, and a flow for each of both.
//!
//! A node picks [`PICKS`] neighbours and takes those that pick it: a random graph, in which some eight neighbours suffice for any number of
//! nodes. A link lasts for as long as one of the two picks the other: what flowed over it has to be known to both.

use super::flow::{Flow, Mass, Word};
use crate::bounded::bought;
use crate::id::BootId;

/// Neighbours that a node picks. Chosen by simulation: with 3 it takes a quarter more rounds, with 6 a tenth fewer, and more links break
/// when a node goes.
pub const PICKS: usize = 4;
/// Neighbours that a node has: those that pick it are as many as it picks on average, and more than 12 for one node in 3,700.
pub const LINKS: usize = 16;
/// What nobody seems to contribute to rests after so many rounds: nobody is asked about it.
const IDLE_ROUNDS: u32 = 64;
/// And is forgotten after so many, when it rests everywhere: who forgot what others still average would leave them with what it has given.
const RESTING_ROUNDS: u32 = 192;
/// Less than one contribution, by as much as shares may still differ.
const NOBODY: f64 = 0.25;

/// A number that is averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number {
    /// The hash of its name.
    id: u64,
    /// What this node contributes.
    own: Option<f64>,
    /// For how long this node has had part in it.
    rounds: u32,
    /// For how long nobody seems to contribute.
    idle: u32,
}

impl Number {
    const fn rests(&self) -> bool {
        self.own.is_none() && self.idle > IDLE_ROUNDS
    }
}

/// A neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place in the table.
    pub slot: u32,
    /// Its start.
    pub boot: BootId,
    /// Whether this node picks it.
    pub picked: bool,
    /// Whether it picks this node, as it said last.
    pub wanted: bool,
    /// Questions in a row to which it has not answered.
    pub missed: u8,
}

/// Everything that is kept, bought once.
#[derive(Debug)]
pub struct Averages {
    numbers: Box<[Option<Number>]>,
    links: [Option<Link>; LINKS],
    /// For each number one for each link.
    flows: Box<[Flow]>,
}

impl Averages {
    /// Room for so many numbers.
    #[must_use]
    pub fn new(numbers: usize) -> Self {
        Self { numbers: bought(numbers, None), links: [None; LINKS], flows: bought(numbers * LINKS, Flow::default()) }
    }

    /// Bytes that [`Averages::new`] buys.
    #[must_use]
    pub const fn memory_bytes(numbers: usize) -> usize {
        numbers * (size_of::<Option<Number>>() + LINKS * size_of::<Flow>())
    }

    /// How many numbers this node has part in, those that rest among them.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.numbers.iter().flatten().count() as u32
    }

    /// Whether this node has part in nothing.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.numbers.iter().all(Option::is_none)
    }

    /// Whether there is nothing to ask about.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.numbers.iter().flatten().all(Number::rests)
    }

    /// Where a number is.
    #[must_use]
    pub fn find(&self, id: u64) -> Option<usize> {
        self.numbers.iter().position(|number| number.is_some_and(|number| number.id == id))
    }

    /// Takes part in a number; `None` where there is no room.
    #[must_use]
    pub fn join(&mut self, id: u64) -> Option<usize> {
        let free = || self.numbers.iter().position(Option::is_none);
        let at = self.find(id).or_else(free)?;
        self.numbers[at].get_or_insert(Number { id, own: None, rounds: 0, idle: 0 });
        Some(at)
    }

    /// Contributes a number, or none any more.
    pub fn contribute(&mut self, at: usize, own: Option<f64>) {
        if let Some(number) = &mut self.numbers[at] {
            (number.own, number.idle) = (own, 0);
        }
    }

    /// The numbers that this node has part in, those that rest among them or not, and where they are.
    pub fn numbers(&self, resting: bool) -> impl Iterator<Item = (usize, u64)> + '_ {
        let all = self.numbers.iter().enumerate().filter_map(|(at, number)| Some((at, number.as_ref()?)));
        all.filter(move |(_, number)| resting || !number.rests()).map(|(at, number)| (at, number.id))
    }

    /// What of a number is left to this node, and for how many rounds it has had part in it.
    #[must_use]
    pub fn share(&self, at: usize) -> (Mass, u32) {
        let Some(number) = &self.numbers[at] else { return (Mass::default(), 0) };
        let own = number.own.map_or(Mass::default(), |own| Mass { sum: own, count: 1.0 });
        let given = self.flows[at * LINKS..(at + 1) * LINKS].iter().map(|flow| flow.given);
        (given.fold(own, Mass::minus), number.rounds)
    }

    /// Whether a share says that somebody among so many members contributes.
    #[must_use]
    pub fn says_somebody(share: Mass, members: u32) -> bool {
        share.count * f64::from(members) >= NOBODY
    }

    /// A round has passed: forgets what nobody contributes to.
    pub fn pass_round(&mut self, members: u32) {
        for at in 0..self.numbers.len() {
            let (share, _) = self.share(at);
            let Some(number) = &mut self.numbers[at] else { continue };
            number.rounds = number.rounds.saturating_add(1);
            let alive = number.own.is_some() || Self::says_somebody(share, members);
            number.idle = if alive { 0 } else { number.idle + 1 };
            if number.idle > RESTING_ROUNDS {
                self.numbers[at] = None;
                self.flows[at * LINKS..(at + 1) * LINKS].fill(Flow::default());
            }
        }
    }

    /// The link at a place.
    #[must_use]
    pub const fn link(&self, at: usize) -> Option<&Link> {
        self.links[at].as_ref()
    }

    /// The same, to be changed.
    pub const fn link_mut(&mut self, at: usize) -> Option<&mut Link> {
        self.links[at].as_mut()
    }

    /// All links.
    pub fn links(&self) -> impl Iterator<Item = (usize, &Link)> {
        self.links.iter().enumerate().filter_map(|(at, link)| Some((at, link.as_ref()?)))
    }

    /// The link to a start of a member.
    #[must_use]
    pub fn link_to(&self, slot: u32, boot: BootId) -> Option<usize> {
        self.links().find(|(_, link)| (link.slot, link.boot) == (slot, boot)).map(|(at, _)| at)
    }

    /// How many neighbours this node picks.
    #[must_use]
    pub fn picks(&self) -> usize {
        self.links().filter(|(_, link)| link.picked).count()
    }

    /// A link to a member that there is none to; `None` where there is no room.
    pub fn add_link(&mut self, slot: u32, boot: BootId) -> Option<usize> {
        let at = self.links.iter().position(Option::is_none)?;
        self.links[at] = Some(Link { slot, boot, picked: false, wanted: false, missed: 0 });
        Some(at)
    }

    /// Forgets a neighbour and all that was handed to it.
    pub fn drop_link(&mut self, at: usize) {
        self.links[at] = None;
        self.flows.iter_mut().skip(at).step_by(LINKS).for_each(|flow| *flow = Flow::default());
    }

    /// What has been handed to a neighbour.
    #[must_use]
    pub fn flow(&self, number: usize, link: usize) -> Flow {
        self.flows[number * LINKS + link]
    }

    /// Takes a neighbour's word, and, where it is a question, levels with it.
    pub fn hear(&mut self, number: usize, link: usize, word: &Word, (asks, theirs_first): (bool, bool)) {
        let at = number * LINKS + link;
        let theirs = self.flows[at].settle(word, theirs_first);
        if asks {
            let (ours, _) = self.share(number);
            self.flows[at].level(ours, theirs, word.flow.version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_that_goes_leaves_everybody_its_own() {
        let mut averages = Averages::new(2);
        let at = averages.join(7).expect("room");
        averages.contribute(at, Some(8.0));
        let link = averages.add_link(1, BootId::from_u64(1)).expect("room");
        let word = Word { flow: Flow::default(), share: Mass { sum: 2.0, count: 1.0 } };
        averages.hear(at, link, &word, (true, false));
        assert_eq!(averages.share(at).0, Mass { sum: 5.0, count: 1.0 });
        averages.drop_link(link);
        assert_eq!(averages.share(at).0, Mass { sum: 8.0, count: 1.0 });
    }

    #[test]
    fn what_nobody_contributes_to_is_forgotten_and_what_is_full_says_so() {
        let mut averages = Averages::new(1);
        let at = averages.join(7).expect("room");
        averages.contribute(at, Some(1.0));
        assert_eq!((averages.join(7), averages.join(8)), (Some(at), None));
        (0..1_000).for_each(|_| averages.pass_round(10));
        assert_eq!(averages.find(7), Some(at), "this node contributes");
        averages.contribute(at, None);
        (0..=IDLE_ROUNDS).for_each(|_| averages.pass_round(10));
        assert!(averages.rests() && !averages.is_off());
        (IDLE_ROUNDS..RESTING_ROUNDS).for_each(|_| averages.pass_round(10));
        assert!(averages.is_off());
    }
}
