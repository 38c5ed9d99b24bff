//! What shall we tell? The members of whom there is news, least told first.
//!
//! The queue holds places in the table and no bytes: what is sent is what the table says at that moment, so a newer
//! claim replaces an older one by itself. Queues by number of sends make every operation O(1), however much waits.

use crate::bounded::Lists;

/// How often a piece of news can be sent at most.
pub const SENDS_MAX: u32 = 63;
const LEVELS: u32 = SENDS_MAX + 1;

/// In which form news travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A claim: the receiver knows the profile.
    Claim = 0,
    /// The whole profile: a new life is among the news.
    Profile = 1,
    /// A claim that waits for datagrams that leave anyway, and makes none of its own.
    Aside = 2,
}

impl Form {
    const ALL: [Self; 3] = [Self::Claim, Self::Profile, Self::Aside];
}

/// The queue of news.
#[derive(Debug)]
pub struct Gossip {
    lists: Lists,
    /// For each form, which numbers of sends have somebody waiting.
    levels: [u64; Form::ALL.len()],
    /// How many wait in each form.
    waiting: [u32; Form::ALL.len()],
    /// How often a profile is told as one; from then on it is a claim.
    profile_sends: u32,
    /// After how many tellings and hearings a claim waits aside; 0 for never.
    quiet_after: u32,
    /// The present datagram; the mark of a place is the one that it was last written into.
    stamp: u32,
}

impl Gossip {
    /// Nothing to tell, room for all places. A profile is told `profile_sends` times as one: as long as most who hear of it
    /// have not yet. The rest of its sends, which are there for the last few, are claims; who lacks the profile asks for it.
    #[must_use]
    /// What has been told and heard `quiet_after` times goes on aside; with 0 it never does, and hearing counts for nothing.
    pub fn new(members: usize, profile_sends: u32, quiet_after: u32) -> Self {
        let lists = Lists::new(Form::ALL.len() * LEVELS as usize, members);
        let (levels, waiting) = ([0; Form::ALL.len()], [0; Form::ALL.len()]);
        Self { lists, levels, waiting, profile_sends: profile_sends.max(1), quiet_after, stamp: 0 }
    }

    /// Bytes that [`Gossip::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        Lists::memory_bytes(Form::ALL.len() * LEVELS as usize, members)
    }

    /// How many wait in a form.
    #[must_use]
    pub const fn waiting(&self, form: Form) -> u32 {
        self.waiting[form as usize]
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.iter().all(|n| *n == 0)
    }

    /// Whether anything waits that rounds are for.
    #[must_use]
    pub const fn is_urgent(&self) -> bool {
        self.waiting(Form::Claim) + self.waiting(Form::Profile) > 0
    }

    /// The form in which a place waits, and how often it has been sent.
    #[must_use]
    pub fn place(&self, slot: u32) -> Option<(Form, u32)> {
        let list = self.lists.list_of(slot)?;
        Some((Form::ALL[(list / LEVELS) as usize], list % LEVELS))
    }

    /// There is news of a place. What waits as a profile goes on as one, and what rounds are for goes on in rounds: not all
    /// have it yet.
    pub fn announce(&mut self, slot: u32, form: Form) {
        let form = match self.place(slot) {
            Some((Form::Profile, _)) => Form::Profile,
            Some((Form::Claim, _)) if form == Form::Aside => Form::Claim,
            Some((Form::Claim | Form::Aside, _)) | None => form,
        };
        // What goes aside from the start is sent as often as what has been told aloud before.
        let sends = if form == Form::Aside { self.quiet_after } else { 0 };
        self.move_to(slot, form, sends);
    }

    /// A place has nothing to tell any more.
    pub fn forget(&mut self, slot: u32) {
        let Some((form, sends)) = self.place(slot) else { return };
        self.lists.remove(slot);
        self.waiting[form as usize] -= 1;
        let list = form as u32 * LEVELS + sends;
        if self.lists.len(list) == 0 {
            self.levels[form as usize] &= !(1 << sends);
        }
    }

    /// Begins a datagram: no place is told twice in one.
    pub fn begin_datagram(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
    }

    /// Whether a place is in the present datagram.
    #[must_use]
    pub fn is_told(&self, slot: u32) -> bool {
        self.lists.mark(slot) == self.stamp
    }

    /// The place told least often in a form that is not in the present datagram, and how often it has been told.
    #[must_use]
    pub fn least_told(&self, form: Form) -> Option<(u32, u32)> {
        let mut levels = self.levels[form as usize];
        while levels != 0 {
            let sends = levels.trailing_zeros();
            // What this datagram holds already stands behind all that it does not: the front tells of the whole level.
            if let Some(slot) = self.lists.front(form as u32 * LEVELS + sends).filter(|slot| !self.is_told(*slot)) {
                return Some((slot, sends));
            }
            levels &= levels - 1;
        }
        None
    }

    /// A place was written into the present datagram. After `limit` sends it has been told often enough.
    pub fn told(&mut self, slot: u32, limit: u32) {
        self.lists.set_mark(slot, self.stamp);
        self.count(slot, limit);
    }

    /// Somebody has told this node what waits at a place: that is one sending less to do, and from as many as
    /// [`Gossip::new`] was told on others see to it.
    pub fn heard(&mut self, slot: u32, limit: u32) {
        let counts = self.quiet_after > 0 && self.place(slot).is_some_and(|(form, _)| form != Form::Profile);
        if counts {
            self.count(slot, limit);
        }
    }

    fn count(&mut self, slot: u32, limit: u32) {
        let Some((form, times)) = self.place(slot) else { return };
        let times = times + 1;
        if times >= limit.min(SENDS_MAX) {
            self.forget(slot);
            return;
        }
        let form = match form {
            Form::Profile if times < self.profile_sends => Form::Profile,
            Form::Claim if self.quiet_after > 0 && times >= self.quiet_after => Form::Aside,
            Form::Profile | Form::Claim => Form::Claim,
            Form::Aside => Form::Aside,
        };
        self.move_to(slot, form, times);
    }

    fn move_to(&mut self, slot: u32, form: Form, sends: u32) {
        self.forget(slot);
        self.lists.push_back(form as u32 * LEVELS + sends, slot);
        self.waiting[form as usize] += 1;
        self.levels[form as usize] |= 1 << sends;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(gossip: &mut Gossip, form: Form, room: usize, limit: u32) -> Vec<u32> {
        gossip.begin_datagram();
        let mut told = Vec::new();
        while let Some((slot, _)) = gossip.least_told(form).filter(|_| told.len() < room) {
            gossip.told(slot, limit);
            told.push(slot);
        }
        told
    }

    #[test]
    fn the_least_told_goes_first_and_nothing_twice_in_one_datagram() {
        let mut gossip = Gossip::new(8, 3, 0);
        (0..3).for_each(|slot| gossip.announce(slot, Form::Claim));
        assert_eq!(datagram(&mut gossip, Form::Claim, 2, 3), [0, 1]);
        assert_eq!(datagram(&mut gossip, Form::Claim, 9, 3), [2, 0, 1], "all once, the untold first");
        gossip.announce(3, Form::Claim);
        assert_eq!(datagram(&mut gossip, Form::Claim, 9, 3), [3, 2, 0, 1]);
        assert_eq!(gossip.waiting[0], 2, "0 and 1 have been told three times");
    }

    #[test]
    fn after_the_limit_nothing_waits() {
        let mut gossip = Gossip::new(4, 3, 0);
        gossip.announce(1, Form::Profile);
        let mut sends = |form| (0..100).filter(|_| !datagram(&mut gossip, form, 1, 200).is_empty()).count() as u32;
        // What most have heard is told as a claim.
        assert_eq!((sends(Form::Profile), sends(Form::Claim)), (3, SENDS_MAX - 3));
        assert!(gossip.is_empty());
    }

    #[test]
    fn a_profile_stays_a_profile_until_it_is_told() {
        let mut gossip = Gossip::new(4, 3, 0);
        gossip.announce(1, Form::Profile);
        gossip.announce(1, Form::Claim);
        assert_eq!(gossip.place(1), Some((Form::Profile, 0)));
        gossip.forget(1);
        gossip.announce(1, Form::Claim);
        assert_eq!(gossip.place(1), Some((Form::Claim, 0)));
    }
}
