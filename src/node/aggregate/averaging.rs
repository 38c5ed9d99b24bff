//! What does the mean come to over more nodes than anybody could hold the numbers of? Each round a node levels with one neighbour.
//!
//! The node asks one neighbour after the other, each round the next; who does not answer is asked again twice in the same round, and in
//! two more. What an unanswered question has set in motion is out of balance until both know of it, so that comes first: with
//! one question a round and no second one, 30 % loss doubles the rounds.
//!
//! All members take part once one contributes: those that take part tell others at random, at first each round and then one in 16, as not
//! everybody is picked by somebody.
//!
//! There are no epochs and no restarts: a flow to a neighbour that is gone is forgotten, and its number with it. Those that contribute nothing count as nothing: so sums and counts are the means times the members that
//! are up, which each knows. A node that has no room for a number is missing in them.

use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use super::super::tick::Timer;
use super::super::{Node, Phase};
use crate::aggregate::{Averages, Flow, LINKS, PICKS, Word};
use crate::error::Refusal;
use crate::limits::Limits;
use crate::membership::ME;
use crate::state::KEY_MAX;
use crate::time::{Instant, Span};
use crate::wire::{Flows, Kind, RawAverages, RawFlow, Writer};
use xxhash_rust::xxh3::xxh3_64;

/// The largest magnitude that can be contributed.
const VALUE_MAX: f64 = 1e30;
/// Questions in one round, the first included.
const TRIES_PER_ROUND: u32 = 3;
/// Questions without an answer, after which the next neighbour has its turn.
const TRIES_IN_A_ROW: u8 = 9;
/// Questions without an answer, after which a neighbour is given up, whatever the membership says of it.
const TRIES_MAX: u8 = 63;

/// For so many rounds a node tells somebody of the numbers in each: then hardly one in 100,000 has not heard.
const LOUD_ROUNDS: u32 = 12;
/// Afterwards in one of so many, for those that come.
const QUIET_ROUNDS: u32 = 16;

/// What a number comes to that is averaged by gossip, as far as this node knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean of what is contributed.
    pub mean: f64,
    /// Its sum: the mean over all members, those that contribute nothing included, times the members that are up.
    pub sum: f64,
    /// How many contribute, likewise.
    pub count: f64,
    /// For how many rounds this node has taken part: gossip intervals. After some 20 it is right within 1 %, at 30 % loss too.
    pub rounds: u32,
}

/// All that a node has to do with averages.
#[derive(Debug)]
pub(in super::super) struct Averaging {
    pub(super) averages: Averages,
    /// Whom this node asks in this round.
    at: usize,
    /// Rounds since this node took part in one more number.
    since_news: u32,
    /// Questions asked in this round, 0 once one was answered.
    tries: u32,
    began_at: Instant,
}

impl Averaging {
    pub(in super::super) fn new(limits: &Limits, now: Instant) -> Self {
        Self { averages: Averages::new(limits.averages as usize), at: 0, since_news: 0, tries: 0, began_at: now }
    }

    pub(in super::super) const fn memory_bytes(limits: &Limits) -> usize {
        Averages::memory_bytes(limits.averages as usize)
    }
}

/// How a number is named on the wire.
fn id_of(name: &[u8]) -> u64 {
    xxh3_64(name)
}

impl Node {
    /// How many numbers this node has part in.
    pub(in super::super) fn averages_used(&self) -> u32 {
        self.averaging.averages.len()
    }

    /// What a number comes to that members contribute to; `None` where this node has heard of nobody who does. Every member
    /// has it, whether it contributes or not. Costs 16 additions.
    #[must_use]
    pub fn estimate(&self, name: &[u8]) -> Option<Estimate> {
        let averages = &self.averaging.averages;
        let (share, rounds) = averages.share(averages.find(id_of(name))?);
        let members = f64::from(self.up_count());
        let some = Averages::says_somebody(share, self.up_count());
        some.then(|| Estimate {
            mean: share.sum / share.count,
            sum: share.sum * members,
            count: share.count * members,
            rounds,
        })
    }

    pub(in super::super) fn on_contribute(
        &mut self,
        now: Instant,
        name: &[u8],
        value: Option<f64>,
    ) -> Result<(), Refusal> {
        match self.phase {
            Phase::Joined => {}
            Phase::Idle | Phase::Joining => return Err(Refusal::NotJoined),
            Phase::Leaving | Phase::Left => return Err(Refusal::NotRunning),
        }
        if !(1..=KEY_MAX).contains(&name.len()) {
            return Err(Refusal::KeyLength { got: name.len(), max: KEY_MAX });
        }
        if value.is_some_and(|value| value.is_nan() || value.abs() > VALUE_MAX) {
            return Err(Refusal::NotANumber);
        }
        let averages = &mut self.averaging.averages;
        let (was_off, known) = (averages.is_off(), averages.find(id_of(name)));
        let Some(at) = known.or_else(|| value.and_then(|_| averages.join(id_of(name)))) else {
            // What nobody contributes to has nothing to be taken back.
            let max = self.params.limits.averages;
            return if value.is_none() { Ok(()) } else { Err(Refusal::TooManyAverages { max }) };
        };
        averages.contribute(at, value);
        if known.is_none() {
            self.averaging.since_news = 0;
        }
        if was_off {
            self.begin_averaging(now);
        }
        Ok(())
    }

    /// The first round comes at a moment that differs from node to node.
    fn begin_averaging(&mut self, now: Instant) {
        let interval = self.params.gossip_interval.as_nanos().min(u64::from(u32::MAX)) as u32;
        let wait = Span::nanos(u64::from(self.rng.below(interval)));
        (self.averaging.tries, self.averaging.began_at) = (0, now + wait);
        self.arm(Timer::Averages, now + wait);
    }

    pub(in super::super) fn on_averages_timer(&mut self, now: Instant) {
        match self.phase {
            Phase::Joined => {}
            // It has given up its name, and comes back.
            Phase::Idle | Phase::Joining => return self.end_round(now),
            Phase::Leaving | Phase::Left => return,
        }
        if (1..TRIES_PER_ROUND).contains(&self.averaging.tries) {
            self.ask_neighbour(now);
            return;
        }
        self.drop_lost_neighbours();
        let members = self.up_count();
        self.averaging.averages.pass_round(members);
        if self.averaging.averages.is_off() {
            (0..LINKS).for_each(|at| self.averaging.averages.drop_link(at));
            return;
        }
        if self.averaging.averages.rests() {
            self.averaging.began_at = now;
            self.end_round(now);
            return;
        }
        self.pick_neighbours();
        let unanswered = self.averaging.tries > 0;
        (self.averaging.tries, self.averaging.began_at) = (0, now);
        self.turn_to_next(unanswered);
        self.ask_neighbour(now);
        self.tell_of_numbers();
    }

    /// Lets somebody know that there are numbers to take part in.
    fn tell_of_numbers(&mut self) {
        self.averaging.since_news = self.averaging.since_news.saturating_add(1);
        if self.averaging.since_news > LOUD_ROUNDS && self.rng.below(QUIET_ROUNDS) > 0 {
            return;
        }
        let mut told = [0];
        if self.roster.sample(&mut self.rng, &mut told, |_| true) > 0 {
            self.push_to(told[0], What::AveragesNotice);
        }
    }

    pub(in super::super) fn write_averages_notice(&mut self, writer: &mut Writer<'_>) {
        let averages = &self.averaging.averages;
        let mut wrote = writer.push(Kind::Averages, &RawAverages::notice());
        for (at, id) in averages.numbers(false) {
            let word = Word { flow: Flow::default(), share: averages.share(at).0 };
            wrote &= writer.extend(Kind::Averages, &RawFlow::new(id, &word));
        }
        debug_assert!(wrote, "a datagram has room for as many numbers as there may be");
        self.counters.sent_one(Kind::Averages);
    }

    /// Those who are up no more, or not in that life, and those that never answer.
    fn drop_lost_neighbours(&mut self) {
        for at in 0..LINKS {
            let Some(link) = self.averaging.averages.link(at) else { continue };
            let same = self.table.at(link.slot).is_some_and(|member| member.boot == link.boot);
            if !same || !self.roster.is_up(link.slot) || link.missed >= TRIES_MAX {
                self.averaging.averages.drop_link(at);
            }
        }
    }

    /// Picks as many as are missing, some at a time.
    fn pick_neighbours(&mut self) {
        let missing = PICKS.saturating_sub(self.averaging.averages.picks());
        let mut found = [0; PICKS];
        let averages = &self.averaging.averages;
        let fresh = |slot: u32| !averages.links().any(|(_, link)| link.slot == slot && link.picked);
        let found_len = self.roster.sample(&mut self.rng, &mut found[..missing], fresh);
        for slot in &found[..found_len] {
            self.pick(*slot);
        }
    }

    fn pick(&mut self, slot: u32) {
        let boot = self.table.get(slot).boot;
        let averages = &mut self.averaging.averages;
        let at = averages.link_to(slot, boot).or_else(|| averages.add_link(slot, boot));
        at.and_then(|at| averages.link_mut(at)).into_iter().for_each(|link| link.picked = true);
    }

    /// A member has come up: it takes the place of a pick as often as makes all members be picked alike, those of the other side of a
    /// partition that has healed too.
    pub(in super::super) fn neighbour_came(&mut self, slot: u32) {
        if self.averaging.averages.is_off() || slot == ME {
            return;
        }
        let nth = self.rng.below(self.up_count()) as usize;
        let averages = &mut self.averaging.averages;
        if nth >= PICKS || averages.links().any(|(_, link)| link.slot == slot) {
            return;
        }
        let replaced = averages.links().filter(|(_, link)| link.picked).nth(nth).map(|(at, _)| at);
        replaced.and_then(|at| averages.link_mut(at)).into_iter().for_each(|link| link.picked = false);
        self.pick(slot);
    }

    /// The next neighbour, or once more the one that has not answered.
    fn turn_to_next(&mut self, unanswered: bool) {
        let averaging = &mut self.averaging;
        let tried = averaging.averages.link(averaging.at).map(|link| link.missed);
        if unanswered && tried.is_some_and(|missed| missed % TRIES_IN_A_ROW != 0) {
            return;
        }
        let after = |nth: usize| (averaging.at + nth) % LINKS;
        let next = (1..=LINKS).map(after).find(|at| averaging.averages.link(*at).is_some());
        averaging.at = next.unwrap_or(0);
    }

    fn ask_neighbour(&mut self, now: Instant) {
        let averaging = &mut self.averaging;
        averaging.tries += 1;
        let interval = self.params.gossip_interval;
        let next = averaging.began_at + interval * averaging.tries / TRIES_PER_ROUND;
        let asked = averaging.averages.link_mut(averaging.at).map(|link| {
            link.missed = link.missed.saturating_add(1);
            link.slot
        });
        match asked {
            Some(slot) => {
                self.push_to(slot, What::Averages { answer: false });
                self.arm(Timer::Averages, next.max(now + Span::nanos(1)));
            }
            // Nobody else is there.
            None => self.end_round(now),
        }
    }

    /// Nothing more to do before the next round.
    fn end_round(&mut self, now: Instant) {
        self.averaging.tries = 0;
        let interval = self.params.gossip_interval;
        let next = self.averaging.began_at + interval;
        self.arm(Timer::Averages, if next > now { next } else { now + interval });
    }

    pub(in super::super) fn write_averages(&mut self, outgoing: &Outgoing, answer: bool, writer: &mut Writer<'_>) {
        let averages = &self.averaging.averages;
        let (slot, boot) = self.resolve(outgoing.receiver);
        let Some(link) = slot.zip(boot).and_then(|(slot, boot)| averages.link_to(slot, boot)) else { return };
        let picked = averages.link(link).is_some_and(|link| link.picked);
        let mut wrote = writer.push(Kind::Averages, &RawAverages::new(answer, picked));
        for (at, id) in averages.numbers(answer) {
            let word = Word { flow: averages.flow(at, link), share: averages.share(at).0 };
            wrote &= writer.extend(Kind::Averages, &RawFlow::new(id, &word));
        }
        debug_assert!(wrote, "a datagram has room for as many numbers as there may be");
        self.counters.sent_one(Kind::Averages);
    }

    pub(in super::super) fn on_averages(&mut self, now: Instant, sender: Sender, flows: &Flows<'_>) {
        let Some(slot) = sender.slot.filter(|slot| self.phase == Phase::Joined && self.roster.is_up(*slot)) else {
            return;
        };
        if flows.is_end() {
            let link = self.averaging.averages.link_to(slot, sender.boot);
            link.into_iter().for_each(|link| self.unlink(now, link));
            return;
        }
        let was_off = self.averaging.averages.is_off();
        let takes_part = self.join_averages(flows);
        if takes_part && was_off {
            self.begin_averaging(now);
        }
        if flows.is_notice() {
            return;
        }
        let link = if takes_part { self.linked(now, slot, sender, flows) } else { None };
        let Some(link) = link else {
            if !flows.is_answer() {
                self.answer_averages(sender, What::AveragesEnd);
            }
            return;
        };
        let theirs_first = sender.id < self.me.id;
        let averages = &mut self.averaging.averages;
        for record in flows.records {
            if let Some(number) = averages.find(record.id()) {
                averages.hear(number, link, &record.word(), (!flows.is_answer(), theirs_first));
            }
        }
        if !flows.is_answer() {
            self.answer_averages(sender, What::Averages { answer: true });
        } else if link == self.averaging.at && self.averaging.tries > 0 {
            self.end_round(now);
        }
    }

    fn answer_averages(&mut self, sender: Sender, what: What) {
        let queued = self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
        self.counters.budget_held += u64::from(!queued);
    }

    /// The link over which something has come: one that either picks.
    fn linked(&mut self, now: Instant, slot: u32, sender: Sender, flows: &Flows<'_>) -> Option<usize> {
        let averages = &mut self.averaging.averages;
        let known = averages.link_to(slot, sender.boot);
        let may_add = flows.is_picked() && !flows.is_answer();
        let Some(at) = known.or_else(|| if may_add { averages.add_link(slot, sender.boot) } else { None }) else {
            self.counters.averages_refused += u64::from(may_add);
            return None;
        };
        let link = averages.link_mut(at)?;
        (link.wanted, link.missed) = (flows.is_picked(), 0);
        if link.picked || link.wanted {
            return Some(at);
        }
        self.unlink(now, at);
        None
    }

    fn unlink(&mut self, now: Instant, link: usize) {
        self.averaging.averages.drop_link(link);
        if link == self.averaging.at && self.averaging.tries > 0 {
            self.end_round(now);
        }
    }

    /// Takes part in what others contribute to; whether this node has part in anything then.
    fn join_averages(&mut self, flows: &Flows<'_>) -> bool {
        let members = self.up_count();
        for record in flows.records {
            let averages = &mut self.averaging.averages;
            let wanted = Averages::says_somebody(record.word().share, members);
            if !wanted || averages.find(record.id()).is_some() {
                continue;
            }
            match averages.join(record.id()) {
                Some(_) => self.averaging.since_news = 0,
                None => self.counters.averages_refused += 1,
            }
        }
        !self.averaging.averages.is_off()
    }
}
