//! Where do we differ? Fingerprints in every header, and sums of all buckets where two of them are not the same.

use core::net::SocketAddr;

use super::super::outbox::{Outgoing, Receiver, What};
use super::super::receive::Sender;
use super::super::{Node, Phase};
use crate::event::Event;
use crate::id::NodeId;
use crate::time::Instant;
use crate::wire::{RawStateSums, STATE_BUCKETS, StateBuckets, salted, state_bucket_range};

/// Comparisons in vain after which the embedder is told, and then each time as many more.
const TOLD_AFTER: u32 = 5;
/// The budget of repair lets this part of what it lets pass in a second pass at once.
const BURST_PART: u32 = 10;
/// How often the wait between comparisons that teach nothing doubles (R27).
const DOUBLINGS: u32 = 6;

/// When nodes compare.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Pace {
    // What every peer in step changes, side by side.
    /// Since when peers have differed.
    differs_since: Option<Instant>,
    /// When a peer was last in step.
    agreed_at: Instant,
    /// Comparisons in a row that taught nothing.
    in_vain: u32,
    /// Whose listing seems to tell of a life of this node that is not of this process: what that one is asked for will show.
    pub namesake: Option<u32>,
    /// Before this, no other comparison is begun.
    not_before: Instant,
    /// The owner that was last found to differ though as much of it is held on both sides.
    pub differed: Option<NodeId>,
    /// The buckets in which the peer differs whose sums came last: those that are listed.
    pub differing: StateBuckets,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            differs_since: None,
            agreed_at: now,
            not_before: now,
            in_vain: 0,
            namesake: None,
            differed: None,
            differing: StateBuckets::default(),
        }
    }

    /// Loads what a peer in step changes.
    #[cfg(feature = "sim")]
    pub(super) fn warm(&self) {
        core::hint::black_box((self.agreed_at, self.differed));
    }

    /// Something was missing, and has come.
    pub(super) const fn learned(&mut self) {
        self.in_vain = 0;
        self.differed = None;
    }

    /// Whether this peer's listing seemed to tell of another process of this name; no longer.
    pub(super) fn take_namesake(&mut self, peer: Option<u32>) -> bool {
        self.namesake.take_if(|told_by| Some(*told_by) == peer).is_some()
    }
}

impl Node {
    /// Compares a peer's fingerprint with this node's. All count what has settled by its age, so two healthy nodes differ for
    /// moments only; a difference that lasts for a part of the spreading time is looked into.
    /// Of two that meet the one begins that was asked, and not the one that was answered: otherwise both would, at once.
    pub(in super::super) fn compare_state(&mut self, now: Instant, slot: u32, (theirs, ours): (u16, u16), asked: bool) {
        if self.phase != Phase::Joined {
            return;
        }
        if theirs == ours {
            (self.states.pace.agreed_at, self.states.pace.differs_since) = (now, None);
            self.end_asking();
            self.states.pace.learned();
            let _not_of_this_name = self.states.pace.take_namesake(Some(slot));
            self.comparison_agrees(now, slot);
            return;
        }
        if !asked {
            self.comparison_differs(now, slot);
        }
        let settle = self.settle_time();
        let stable = now.since(self.states.root_changed_at) >= settle / 2;
        let pace = &mut self.states.pace;
        let since = *pace.differs_since.get_or_insert(now);
        // Where changes never end nothing is ever stable: after long disagreement it is worth a look all the same.
        let restless = now.since(pace.agreed_at) >= settle * 4;
        if !(stable || restless) || now.since(since) < settle / 8 || now < pace.not_before {
            return;
        }
        self.begin_asking(now);
        if !asked {
            return;
        }
        if !self.budgets.repair.spend(now, 1) {
            return;
        }
        let pace = &mut self.states.pace;
        pace.not_before = now + (settle / 2) * (1 << pace.in_vain.min(DOUBLINGS));
        pace.in_vain += 1;
        let (comparisons, owner) = (pace.in_vain, pace.differed);
        if comparisons % TOLD_AFTER == 0 {
            self.emit(Event::Diverged { peer: self.table.get(slot).id, owner, comparisons });
        }
        self.begin_comparison(now, slot);
    }

    /// Marks of this node's sums.
    pub(in super::super) fn state_sums(&mut self) -> RawStateSums {
        let salt = self.rng.next_u32();
        let mark = |bucket| salted(self.states.store.bucket(bucket), salt).into();
        RawStateSums { salt: salt.into(), marks: core::array::from_fn(mark) }
    }

    /// Answers sums with listings of the buckets in which they differ from this node's.
    pub(in super::super) fn on_state_sums(&mut self, now: Instant, sender: Sender, raw: &RawStateSums) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        self.yield_to_other_side(now);
        let salt = raw.salt.get();
        let differs = |bucket: &usize| raw.marks[*bucket].get() != salted(self.states.store.bucket(*bucket), salt);
        let mut differing = StateBuckets::default();
        (0..STATE_BUCKETS).filter(differs).for_each(|bucket| differing.add(bucket));
        self.states.pace.differing = differing;
        if let Some(first) = differing.from(0).next() {
            let what = What::StateListing { first: state_bucket_range(first).0, back: false };
            self.list_state(now, sender.addr, sender.receiver(), what);
        }
    }

    /// A comparison with a peer is under way, by whomever it was begun: no other is begun beside it.
    pub(super) fn yield_to_other_side(&mut self, now: Instant) {
        let pause = self.settle_time() / 2;
        let pace = &mut self.states.pace;
        pace.not_before = pace.not_before.max(now + pause);
    }

    /// Half of what the budget of repair lets pass at once.
    pub(super) fn burst_for_pages(&self) -> u32 {
        self.params.repair_per_second / BURST_PART / 2
    }

    pub(super) fn list_state(&mut self, now: Instant, to: SocketAddr, receiver: Receiver, what: What) {
        let outgoing = Outgoing { to, receiver, what };
        let queued = self.budgets.repair.spend(now, 1) && self.push_answer(outgoing);
        self.counters.budget_held += u64::from(!queued);
    }
}
