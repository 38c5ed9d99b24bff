//! What shall we tell? The members of whom there is news, least told first.
//!
//! The queue holds places in the table and no bytes: what is sent is what the table says at that moment, so a newer
//! claim replaces an older one by itself.

use crate::bounded::{TELLINGS_MAX, Tellings};
use crate::id::Incarnation;
use crate::wire::{MAX_MAX_DATAGRAM, RawClaim, State};

/// How often a piece of news can be sent at most.
pub const SENDS_MAX: u32 = TELLINGS_MAX;
/// The limit of what is sent for ever.
pub const ENDLESS: u32 = u32::MAX;
/// Datagrams in a row that tell one peer everything, at most.
pub const DATAGRAMS_IN_A_ROW: usize = 8;
/// Places that one datagram can tell of.
const TOLD_MAX: usize = MAX_MAX_DATAGRAM / size_of::<RawClaim>();

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
    const COUNT: usize = Self::ALL.len();
}

/// How much it matters that all hear of it, and soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A new life, or somebody is down, or may be. Told as often as there are sends: many die together, and what is sent to the
    /// dead reaches nobody.
    Urgent,
    /// It lives though some held it to be dead: the last few may hear it later.
    Good,
    /// It lives though some suspected it: it costs less, as those who tell hear it from each other too.
    Relief,
}

impl Tone {
    /// The tone of a claim.
    #[must_use]
    pub const fn of(state: State, incarnation: Incarnation) -> Self {
        match state {
            State::Alive if incarnation.refutation() > 0 => Self::Good,
            State::Alive | State::Suspect | State::Dead | State::Left => Self::Urgent,
        }
    }
}

/// The queue of news.
#[derive(Debug)]
#[repr(C)]
pub struct Gossip {
    /// How often a profile is told as one; from then on it is a claim.
    profile_sends: u32,
    /// After how many tellings and hearings a claim waits aside; 0 for never.
    quiet_after: u32,
    /// At how many tellings what goes aside from the start begins.
    aside_from: u32,
    waiting: Tellings<{ Form::COUNT }>,
}

impl Gossip {
    /// Nothing to tell, room for all places. A profile is told `profile_sends` times as one: as long as most who hear of it
    /// have not yet. The rest of its sends, which are there for the last few, are claims; who lacks the profile asks for it.
    ///
    /// Until [`Gossip::set_quiet_after`] says otherwise everything is told as often as it is sent.
    #[must_use]
    pub fn new(members: usize, profile_sends: u32) -> Self {
        Self {
            waiting: Tellings::new(members, TOLD_MAX),
            profile_sends: profile_sends.max(1),
            quiet_after: 0,
            aside_from: 0,
        }
    }

    /// From now on a claim that is not urgent waits aside after `times` tellings and hearings: the cluster has another size. With
    /// 0 it never does, and hearing counts for nothing. What goes aside from the start has `aside_from` of its sends behind it,
    /// the same at any size: the rest grows with the cluster.
    pub fn set_quiet_after(&mut self, times: u32, aside_from: u32) {
        self.quiet_after = times.min(SENDS_MAX);
        self.aside_from = aside_from.min(self.quiet_after);
    }

    /// Bytes that [`Gossip::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        Tellings::<{ Form::COUNT }>::memory_bytes(members, TOLD_MAX)
    }

    /// How many wait in a form.
    #[must_use]
    pub const fn waiting(&self, form: Form) -> u32 {
        self.waiting.waiting(form as usize)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether anything waits that rounds are for.
    #[must_use]
    pub const fn is_urgent(&self) -> bool {
        self.waiting(Form::Claim) + self.waiting(Form::Profile) > 0
    }

    /// The form in which a place waits, and how often it has been sent.
    #[must_use]
    pub fn place(&self, slot: u32) -> Option<(Form, u32)> {
        self.waiting.place(slot).map(|(form, sends)| (Form::ALL[form], sends))
    }

    /// There is news of a place. What waits as a profile goes on as one, and what rounds are for goes on in rounds: not all
    /// have it yet.
    pub fn announce(&mut self, slot: u32, form: Form, tone: Tone) {
        let form = match self.place(slot) {
            Some((Form::Profile, _)) => Form::Profile,
            Some((Form::Claim, _)) if form == Form::Aside => Form::Claim,
            Some((Form::Claim | Form::Aside, _)) | None => form,
        };
        let sends = match (form, tone) {
            (Form::Aside, Tone::Good | Tone::Relief) => self.aside_from,
            (Form::Aside, Tone::Urgent) => 0,
            (Form::Claim, Tone::Relief) => self.quiet_after / 2,
            (Form::Claim, Tone::Good | Tone::Urgent) | (Form::Profile, _) => 0,
        };
        self.waiting.put(slot, form as usize, sends);
    }

    /// A place has nothing to tell any more.
    pub fn forget(&mut self, slot: u32) {
        self.waiting.remove(slot);
    }

    /// Begins a datagram, or several in a row to one peer: no place is told twice in them.
    pub fn begin_datagram(&mut self) {
        self.waiting.begin_row();
    }

    /// Whether something waits that the datagrams of this row have not told yet.
    #[must_use]
    pub fn has_more(&self) -> bool {
        [Form::Claim, Form::Profile].into_iter().any(|form| self.least_told(form).is_some())
    }

    /// Whether a place is in the present datagram or one before it in the row.
    #[must_use]
    pub fn is_told(&self, slot: u32) -> bool {
        self.waiting.is_in_row(slot)
    }

    /// The place told least often in a form that is not in the present datagram, and how often it has been told.
    #[must_use]
    pub fn least_told(&self, form: Form) -> Option<(u32, u32)> {
        self.waiting.least_told(form as usize)
    }

    /// A place was written into the present datagram. After as many sends as its form has in `limits` it has been told often
    /// enough.
    pub fn told(&mut self, slot: u32, limits: [u32; 2], tone: Tone) {
        self.waiting.add_to_row(slot);
        self.count(slot, limits, tone);
    }

    /// Somebody has told this node what waits at a place: that is one sending less to do. What is urgent and told aloud is
    /// told on all the same. That somebody held to be dead lives may be heard as often as goes aside from the start, the same
    /// at any size, and what the cluster is larger for has to be told, `quiet_after - aside_from` times: the more members, the
    /// more of what is heard was told by a few, and the likelier somebody is left who would wait for repair.
    pub fn heard(&mut self, slot: u32, limits: [u32; 2], tone: Tone) {
        let Some((form, times)) = self.place(slot).filter(|_| self.quiet_after > 0) else { return };
        match (form, tone) {
            (Form::Claim, Tone::Good) if times >= self.aside_from && self.aside_from < self.quiet_after => {}
            (Form::Aside, _) | (Form::Claim, Tone::Good | Tone::Relief) => self.count(slot, limits, tone),
            (Form::Claim, Tone::Urgent) | (Form::Profile, _) => {}
        }
    }

    fn count(&mut self, slot: u32, limits: [u32; 2], tone: Tone) {
        let Some((form, times)) = self.place(slot) else { return };
        let times = times + 1;
        let limit = match form {
            Form::Claim | Form::Aside => limits[Form::Claim as usize],
            Form::Profile => limits[Form::Profile as usize],
        };
        if limit == ENDLESS {
            self.waiting.put(slot, form as usize, times.min(SENDS_MAX));
            return;
        }
        // Rounds leave out a few. Those hear it from whom they ping or who pings them, if enough still have it to tell: a quarter
        // more, measured. Less leaves one of a hundred to repair; twice as much costs half of all bytes at 30 % loss.
        let limit = if form == Form::Aside && tone != Tone::Urgent { limit * 5 / 4 } else { limit };
        if times >= limit.min(SENDS_MAX) {
            self.forget(slot);
            return;
        }
        let form = match form {
            // What is told for ever as a claim would never end as a profile either.
            Form::Profile if times < self.profile_sends || limits[Form::Claim as usize] == ENDLESS => Form::Profile,
            Form::Claim if tone != Tone::Urgent && self.quiet_after > 0 && times >= self.quiet_after => Form::Aside,
            Form::Profile | Form::Claim => Form::Claim,
            Form::Aside => Form::Aside,
        };
        self.waiting.put(slot, form as usize, times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(gossip: &mut Gossip, form: Form, room: usize, limit: u32) -> Vec<u32> {
        gossip.begin_datagram();
        let mut told = Vec::new();
        while let Some((slot, _)) = gossip.least_told(form).filter(|_| told.len() < room) {
            gossip.told(slot, [limit; 2], Tone::Good);
            told.push(slot);
        }
        told
    }

    #[test]
    fn the_least_told_goes_first_and_nothing_twice_in_one_datagram() {
        let mut gossip = Gossip::new(8, 3);
        (0..3).for_each(|slot| gossip.announce(slot, Form::Claim, Tone::Good));
        assert_eq!(datagram(&mut gossip, Form::Claim, 2, 3), [0, 1]);
        assert_eq!(datagram(&mut gossip, Form::Claim, 9, 3), [2, 0, 1], "all once, the untold first");
        gossip.announce(3, Form::Claim, Tone::Good);
        assert_eq!(datagram(&mut gossip, Form::Claim, 9, 3), [3, 2, 0, 1]);
        assert_eq!(gossip.waiting(Form::Claim), 2, "0 and 1 have been told three times");
    }

    #[test]
    fn a_row_of_datagrams_tells_everything_once() {
        let mut gossip = Gossip::new(8, 3);
        (0..5).for_each(|slot| gossip.announce(slot, Form::Claim, Tone::Good));
        assert_eq!(datagram(&mut gossip, Form::Claim, 3, 9), [0, 1, 2]);
        assert!(gossip.has_more());
        while let Some((slot, _)) = gossip.least_told(Form::Claim) {
            gossip.told(slot, [9; 2], Tone::Good);
        }
        assert!(!gossip.has_more(), "and those of the first datagram are not told again");
        assert_eq!((0..5).map(|slot| gossip.place(slot)).collect::<Vec<_>>(), [Some((Form::Claim, 1)); 5]);
    }

    #[test]
    fn after_the_limit_nothing_waits() {
        let mut gossip = Gossip::new(4, 3);
        gossip.announce(1, Form::Profile, Tone::Good);
        let mut sends = |form| (0..100).filter(|_| !datagram(&mut gossip, form, 1, 200).is_empty()).count() as u32;
        // What most have heard is told as a claim.
        assert_eq!((sends(Form::Profile), sends(Form::Claim)), (3, SENDS_MAX - 3));
        assert!(gossip.is_empty());
    }

    #[test]
    fn what_a_cluster_is_larger_for_has_to_be_told_and_not_only_heard() {
        // How often it is told before it waits aside, where it is heard after each telling.
        let told = |quiet_after: u32, tone: Tone| {
            let mut gossip = Gossip::new(4, 3);
            gossip.set_quiet_after(quiet_after, 9);
            gossip.announce(1, Form::Claim, tone);
            let mut told = 0;
            while gossip.place(1).is_some_and(|(form, _)| form == Form::Claim) {
                gossip.told(1, [SENDS_MAX; 2], tone);
                told += 1;
                gossip.heard(1, [SENDS_MAX; 2], tone);
            }
            told
        };
        // Half of nine; then each telling that a larger cluster takes is one more of this node's own: no size is a step.
        assert_eq!([9, 10, 11, 13, 17].map(|quiet_after| told(quiet_after, Tone::Good)), [5, 6, 7, 9, 13]);
        assert_eq!(told(17, Tone::Relief), 5);
    }

    #[test]
    fn what_is_told_for_ever_stands_behind_all_that_is_new() {
        let mut gossip = Gossip::new(4, 3);
        gossip.announce(1, Form::Claim, Tone::Good);
        for _ in 0..200 {
            assert_eq!(datagram(&mut gossip, Form::Claim, 1, ENDLESS), [1]);
        }
        gossip.announce(2, Form::Claim, Tone::Good);
        assert_eq!(datagram(&mut gossip, Form::Claim, 9, ENDLESS), [2, 1]);
    }

    #[test]
    fn a_profile_stays_a_profile_until_it_is_told() {
        let mut gossip = Gossip::new(4, 3);
        gossip.announce(1, Form::Profile, Tone::Good);
        gossip.announce(1, Form::Claim, Tone::Good);
        assert_eq!(gossip.place(1), Some((Form::Profile, 0)));
        gossip.forget(1);
        gossip.announce(1, Form::Claim, Tone::Good);
        assert_eq!(gossip.place(1), Some((Form::Claim, 0)));
    }
}
