//! Did it come of anything? A comparison that this node has begun is followed to its end: where a datagram of it was lost it begins
//! again after the time that an answer takes, and not with the next ping that finds both apart, a second or two later.
//!
//! Sums that bring no listing are sent again. Once nothing more comes of a listing the peer is asked, by a ping for the sake of its
//! header, whether both are in step now; where they are not, what was lost is found by comparing again.

use super::super::Node;
use super::super::outbox::What;
use super::super::tick::Timer;
use crate::id::BootId;
use crate::time::{Instant, Span};

/// How often a comparison is begun in a row, the first time included. With one datagram in five lost, four of 4 in 10 chances
/// leave 1 in 8 to the next ping.
const TRIES_MAX: u8 = 4;

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
            self.end_comparison();
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
    pub(super) fn comparison_agrees(&mut self, peer: u32) {
        if self.states.comparison.is_some_and(|comparison| comparison.peer == peer) {
            self.end_comparison();
        }
    }

    fn end_comparison(&mut self) {
        self.states.comparison = None;
        self.disarm(Timer::StateComparison);
    }

    pub(in super::super) fn on_state_comparison_timer(&mut self, now: Instant) {
        let Some(comparison) = self.states.comparison.take().filter(|_| self.is_in()) else { return };
        let member = self.table.at(comparison.peer);
        if !member.is_some_and(|member| member.boot == comparison.boot && member.state.is_up()) {
            return;
        }
        match comparison.stage {
            Stage::Listed => {
                self.push_to(comparison.peer, What::Ask);
                self.follow(now, Comparison { stage: Stage::Asked, ..comparison });
            }
            Stage::Summed | Stage::Asked if comparison.tries < TRIES_MAX && self.budgets.repair.spend(now, 1) => {
                self.compare_again(now, comparison);
            }
            Stage::Summed | Stage::Asked => {}
        }
    }
}
