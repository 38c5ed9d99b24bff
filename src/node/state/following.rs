//! Did it come of anything? A comparison that this node has begun is followed to its end: where a datagram of it was lost it begins
//! again after the time that an answer takes, and not with the next ping that finds both apart, a second or two later.
//!
//! Each step is waited for as long as the peer's answers take, and only what is missing is sent again: sums that bring no listing, wants
//! that bring no page. Once all that was wanted has come the peer is asked, by a ping for the sake of its header, whether both are in
//! step now; where they are not, what was given was lost: a little is given again, more is found by comparing again.
//!
//! Whoever has just walked through everything begins by itself: it is not in step because of datagrams that were lost, and not because
//! something is under way.

use arrayvec::ArrayVec;

use super::super::outbox::{Outgoing, Receiver, What};
use super::super::tick::Timer;
use super::super::{Node, Phase};
use crate::id::BootId;
use crate::time::{Instant, Span};
use crate::wire::{StateWant, UNLISTED};

/// Waits in a row that bring nothing before the rest is left to the next ping. With one datagram in five lost 36 in 100 questions have
/// no answer: eight in a row three times in 10,000.
const TRIES_MAX: u8 = 8;
/// Listings in a row that may lead to nothing that is news here: what is given may be lost, or may not help (R27).
const ROUNDS_MAX: u8 = 8;
/// What an answer may take beyond the round trip that was measured: this part of a gossip interval.
const GRAIN_PART: u32 = 32;
/// Waits become no longer than this part of it, unless one answer takes as long: what is lost at random is not lost less for waiting.
const WAIT_PART: u32 = 8;
/// So long is waited for an answer of a peer whose round trip is not known, and for the budget of repair where it is spent.
const PRIOR_PART: u32 = 4;
/// Wants that are asked for again one by one; what else is missing is found by comparing again.
const WANTED_MAX: usize = 64;
/// Gifts that are given again one by one, about a datagram of them; of more it is found by comparing again which were lost.
const GIVEN_MAX: usize = 10;
/// With how many members a node compares after its walk, one after the other, until it is in step with anybody.
const CATCHES_MAX: u8 = 8;
/// The next one is looked for after this part of the wait for an ack.
const CATCH_PART: u32 = 4;

/// A comparison that this node has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    peer: u32,
    boot: BootId,
    stage: Stage,
    /// Waits in a row that have brought nothing.
    tries: u8,
    /// Listings in a row, and gifts given again, since the peer has sent news.
    rounds: u8,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The sums are on their way, or the listing.
    Summed,
    /// What was missing on either side is.
    Listed,
    /// The peer is asked what came of it.
    Asked,
}

/// What a comparison has shown to be missing.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Here, as far as it has not come.
    wanted: ArrayVec<StateWant, WANTED_MAX>,
    /// There; nothing once it is too much to be given again.
    given: ArrayVec<StateWant, GIVEN_MAX>,
}

impl Missing {
    fn add(&mut self, wants: &[StateWant], gifts: &[StateWant]) {
        // Of whom it is not known whose it is cannot be told whether it has come.
        let known = wants.iter().filter(|want| want.owner.as_u64() & UNLISTED != 0).copied();
        self.wanted.extend(known.take(self.wanted.remaining_capacity()));
        if self.given.try_extend_from_slice(gifts).is_err() {
            self.given.clear();
        }
    }
}

impl Node {
    /// Sends sums to a peer and follows what comes of them.
    pub(super) fn begin_comparison(&mut self, now: Instant, peer: u32) {
        let boot = self.table.get(peer).boot;
        self.send_sums(now, Comparison { peer, boot, stage: Stage::Summed, tries: 0, rounds: 0 });
    }

    fn send_sums(&mut self, now: Instant, comparison: Comparison) {
        self.counters.state_repairs += 1;
        self.states.missing = Missing::default();
        self.push_to(comparison.peer, What::StateSums);
        self.follow(now, Comparison { stage: Stage::Summed, ..comparison });
    }

    fn ask_what_came_of_it(&mut self, now: Instant, comparison: Comparison) {
        self.push_to(comparison.peer, What::Ask);
        self.follow(now, Comparison { stage: Stage::Asked, ..comparison });
    }

    /// Waits for what comes next: as long as the peer's answers take (RFC 6298 §2), twice as long after each wait in vain. Where nothing is
    /// to come but perhaps another listing, no longer than that may be behind the first.
    fn follow(&mut self, now: Instant, comparison: Comparison) {
        let interval = self.params.gossip_interval;
        let grain = interval / GRAIN_PART;
        let rtt = self.table.contact(comparison.peer).rtt;
        let answer = rtt.timeout(Span::ZERO, interval / PRIOR_PART, self.params.ack_ceiling) + grain;
        let wait = match comparison.stage {
            Stage::Listed if self.states.missing.wanted.is_empty() => grain,
            Stage::Summed | Stage::Listed | Stage::Asked => {
                answer.max((answer * (1 << comparison.tries)).min(interval / WAIT_PART))
            }
        };
        self.follow_for(now, comparison, wait);
    }

    fn follow_for(&mut self, now: Instant, comparison: Comparison, wait: Span) {
        self.states.comparison = Some(comparison);
        self.arm(Timer::StateComparison, now + wait);
    }

    fn followed(&self, peer: Option<u32>) -> Option<Comparison> {
        self.states.comparison.filter(|comparison| peer == Some(comparison.peer))
    }

    /// The peer has listed what it holds; whether anything of that is missing on either side, what is asked for of it and what given.
    /// Nothing is missing where what differs is under way.
    pub(super) fn comparison_lists(
        &mut self,
        now: Instant,
        peer: Option<u32>,
        differs: bool,
        (wants, gifts): (&[StateWant], &[StateWant]),
    ) {
        let Some(comparison) = self.followed(peer) else { return };
        if differs {
            self.states.missing.add(wants, gifts);
            let rounds = comparison.rounds + u8::from(comparison.stage == Stage::Summed);
            self.follow(now, Comparison { stage: Stage::Listed, tries: 0, rounds, ..comparison });
        } else if comparison.stage == Stage::Summed {
            self.end_comparison(now);
        }
    }

    /// A page has come from a peer: others may be behind it. Once it has been asked its answer decides, whatever news comes with it.
    pub(super) fn comparison_goes_on(&mut self, now: Instant, peer: Option<u32>) {
        if let Some(comparison) = self.followed(peer).filter(|comparison| comparison.stage == Stage::Listed) {
            self.follow(now, Comparison { tries: 0, ..comparison });
        }
    }

    /// What a peer has sent was news.
    pub(super) fn comparison_teaches(&mut self, peer: Option<u32>) {
        let listed = |comparison: &&mut Comparison| peer == Some(comparison.peer) && comparison.stage == Stage::Listed;
        if let Some(comparison) = self.states.comparison.as_mut().filter(listed) {
            comparison.rounds = 0;
        }
    }

    /// A peer has answered, and is not in step: where it was asked what came of a comparison, something was lost. What little was given is
    /// given again; else it is compared again, if the budget of repair has enough for what that leads to.
    pub(super) fn comparison_differs(&mut self, now: Instant, peer: u32) {
        let Some(comparison) = self.followed(Some(peer)).filter(|comparison| comparison.stage == Stage::Asked) else {
            return;
        };
        let given = core::mem::take(&mut self.states.missing.given);
        if comparison.rounds >= ROUNDS_MAX {
            self.end_comparison(now);
        } else if !given.is_empty() {
            given.into_iter().for_each(|want| self.send_once_more(peer, What::StateGift { want }));
            let rounds = comparison.rounds + 1;
            self.follow(now, Comparison { stage: Stage::Listed, tries: 0, rounds, ..comparison });
        } else if self.budgets.repair.covers(now, self.burst_for_pages()) && self.budgets.repair.spend(now, 1) {
            self.send_sums(now, Comparison { tries: 0, ..comparison });
        } else {
            self.follow_for(now, Comparison { tries: 0, ..comparison }, self.params.gossip_interval / PRIOR_PART);
        }
    }

    /// Asks once more for what has not come.
    fn want_again(&mut self, now: Instant, comparison: Comparison) {
        let store = &self.states.store;
        let holds = |log: u32, want: &StateWant| store.log(log).complete > want.after;
        let missing = |want: &StateWant| !store.find_log(want.owner, want.life).is_some_and(|log| holds(log, want));
        self.states.missing.wanted.retain(|want| missing(want));
        if self.states.missing.wanted.is_empty() {
            self.ask_what_came_of_it(now, Comparison { tries: 0, ..comparison });
            return;
        }
        let wanted = self.states.missing.wanted.clone();
        wanted.into_iter().for_each(|want| self.send_once_more(comparison.peer, What::StateWant { want }));
        self.follow(now, comparison);
    }

    fn send_once_more(&mut self, peer: u32, what: What) {
        let receiver = Receiver::Member(peer, self.table.get(peer).boot);
        let queued = self.push_answer(Outgoing { to: self.table.addr(peer), receiver, what });
        self.counters.budget_held += u64::from(!queued);
    }

    /// In step with a peer.
    pub(super) fn comparison_agrees(&mut self, now: Instant, peer: u32) {
        let caught_up = core::mem::take(&mut self.states.catches) > 0;
        let compared = self.states.comparison.is_some_and(|comparison| comparison.peer == peer);
        if caught_up || compared {
            self.end_comparison(now);
        }
    }

    fn end_comparison(&mut self, now: Instant) {
        self.states.comparison = None;
        if self.states.catches > 0 {
            self.arm(Timer::StateComparison, now + self.params.ack_prior / CATCH_PART);
        } else {
            self.disarm(Timer::StateComparison);
        }
    }

    /// Compares by itself after the walk, unless the first who is met is in step.
    pub(super) fn begin_catching_up(&mut self, now: Instant) {
        self.states.comparison = None;
        self.states.catches = CATCHES_MAX;
        self.arm(Timer::StateComparison, now + self.params.ack_prior);
    }

    fn catch_up(&mut self, now: Instant) {
        let Some(left) = self.states.catches.checked_sub(1) else { return };
        self.states.catches = left;
        let mut peer = [0];
        if self.roster.sample(&mut self.rng, &mut peer, |_| true) == 1 && self.budgets.repair.spend(now, 1) {
            self.begin_comparison(now, peer[0]);
        } else {
            self.end_comparison(now);
        }
    }

    pub(in super::super) fn on_state_comparison_timer(&mut self, now: Instant) {
        let comparison = self.states.comparison.take();
        if self.phase != Phase::Joined {
            return;
        }
        let member = |comparison: &Comparison| self.table.at(comparison.peer).filter(|m| m.boot == comparison.boot);
        let Some(comparison) = comparison.filter(|comparison| member(comparison).is_some_and(|m| m.state.is_up()))
        else {
            self.catch_up(now);
            return;
        };
        let again = Comparison { tries: comparison.tries + 1, ..comparison };
        let goes_on = again.tries < TRIES_MAX;
        match comparison.stage {
            Stage::Summed if goes_on && self.budgets.repair.spend(now, 1) => self.send_sums(now, again),
            Stage::Listed if self.states.missing.wanted.is_empty() => self.ask_what_came_of_it(now, comparison),
            Stage::Listed if goes_on && self.budgets.repair.spend(now, 1) => self.want_again(now, again),
            Stage::Asked if goes_on => self.ask_what_came_of_it(now, again),
            Stage::Summed | Stage::Listed | Stage::Asked => self.catch_up(now),
        }
    }
}
