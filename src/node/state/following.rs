//! Did it come of anything? A comparison that this node has begun is followed to its end: where a datagram of it was lost it begins
//! again after the time that an answer takes, and not with the next ping that finds both apart, a second or two later.
//!
//! Sums that bring no listing are sent again. Once nothing more comes of a listing the peer is asked, by a ping for the sake of its
//! header, whether both are in step now; where they are not, what was lost is found by comparing again.
//!
//! Whoever has just walked through everything begins by itself: it is not in step because of datagrams that were lost, and not because
//! something is under way.

use super::super::outbox::What;
use super::super::tick::Timer;
use super::super::{Node, Phase};
use crate::id::BootId;
use crate::time::{Instant, Span};

/// How often a comparison is begun in a row, the first time included. With one datagram in five lost, four of 4 in 10 chances
/// leave 1 in 8 to the next ping.
const TRIES_MAX: u8 = 4;
/// With how many members a node compares after its walk, one after the other, until it is in step with anybody.
const CATCHES_MAX: u8 = 8;
/// The next one is looked for after this part of the wait for an ack.
const CATCH_PART: u32 = 4;

/// A comparison that this node has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    peer: u32,
    boot: BootId,
    tries: u8,
    stage: Stage,
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

impl Node {
    /// Sends sums to a peer and follows what comes of them.
    pub(super) fn begin_comparison(&mut self, now: Instant, peer: u32) {
        let boot = self.table.get(peer).boot;
        self.compare_again(now, Comparison { peer, boot, tries: 0, stage: Stage::Summed });
    }

    fn compare_again(&mut self, now: Instant, last: Comparison) {
        self.counters.state_repairs += 1;
        self.push_to(last.peer, What::StateSums);
        self.follow(now, Comparison { tries: last.tries + 1, stage: Stage::Summed, ..last });
    }

    fn follow(&mut self, now: Instant, comparison: Comparison) {
        let interval = self.params.gossip_interval;
        let [floor, prior, ceiling] = [8, 4, 2].map(|part| interval / part);
        let wait: Span = self.table.contact(comparison.peer).rtt.timeout(floor, prior, ceiling);
        self.states.comparison = Some(comparison);
        self.arm(Timer::StateComparison, now + wait);
    }

    /// The peer has listed what it holds; whether anything of that is missing on either side. Nothing is where what differs is under way.
    pub(super) fn comparison_lists(&mut self, now: Instant, peer: Option<u32>, differs: bool) {
        let Some(comparison) = self.states.comparison.filter(|comparison| peer == Some(comparison.peer)) else {
            return;
        };
        if differs {
            self.follow(now, Comparison { stage: Stage::Listed, ..comparison });
        } else if comparison.stage == Stage::Summed {
            self.end_comparison(now);
        }
    }

    /// A page has come from a peer: others may be behind it. Once it has been asked its answer decides, whatever news comes with it.
    pub(super) fn comparison_goes_on(&mut self, now: Instant, peer: Option<u32>) {
        let goes_on = |comparison: &Comparison| peer == Some(comparison.peer) && comparison.stage != Stage::Asked;
        if let Some(comparison) = self.states.comparison.filter(goes_on) {
            self.follow(now, Comparison { stage: Stage::Listed, ..comparison });
        }
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
        if comparison.stage == Stage::Listed {
            self.push_to(comparison.peer, What::Ask);
            self.follow(now, Comparison { stage: Stage::Asked, ..comparison });
        } else if comparison.tries < TRIES_MAX && self.budgets.repair.spend(now, 1) {
            self.compare_again(now, comparison);
        } else {
            self.catch_up(now);
        }
    }
}
