//! What is read again? Runs through what is retained of some origins, a bounded piece a round.

use arrayvec::ArrayVec;

use super::rumors::{Deliveries, Marker};
use crate::id::NodeId;
use crate::limits::Limits;
use crate::node::Node;
use crate::rumor::RumorId;
use crate::time::Instant;

/// Origins that are read again at once.
const RUNS_MAX: usize = 64;
/// Numbers that one round looks for.
const LOOKED_FOR_PER_ROUND: usize = 256;

/// One origin from a number on.
#[derive(Clone, Copy, Debug)]
struct Run {
    next: RumorId,
    /// The last that was found.
    last: u64,
    /// Numbers looked for in vain since.
    absent: u64,
}

/// All runs under way, one after the other.
#[derive(Debug)]
pub(super) struct Rereading {
    runs: ArrayVec<Run, RUNS_MAX>,
    /// More absent numbers in a row than this cannot have retained ones behind them, unless the first lies far ahead.
    absent_max: u64,
}

impl Rereading {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { runs: ArrayVec::new_const(), absent_max: u64::from(limits.rumors) + u64::from(limits.rumor_window) }
    }

    /// Whether a run is under way.
    pub(super) fn is_under_way(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Begins a run, in place of one of the same origin's; whether there was room.
    pub(super) fn begin(&mut self, from: RumorId) -> bool {
        self.runs.retain(|run| run.next.origin != from.origin || run.next.boot != from.boot);
        self.runs.try_push(Run { next: from, last: 0, absent: 0 }).is_ok()
    }

    /// Goes on, as far as one round may and the reader lets it. How many deliveries are lost by that.
    pub(super) fn go_on(&mut self, now: Instant, node: &Node, deliveries: &mut Deliveries) -> u64 {
        let mut lost = 0;
        for _ in 0..LOOKED_FOR_PER_ROUND {
            let Some(run) = self.runs.first_mut().filter(|_| deliveries.may_reread()) else { break };
            match node.retained(now, run.next) {
                Some((rumor, payload)) => {
                    lost += deliveries.rumor(rumor, Some(payload));
                    (run.last, run.absent) = (run.next.sequence, 0);
                }
                None => run.absent += 1,
            }
            run.next.sequence = run.next.sequence.saturating_add(1);
            if run.absent > self.absent_max {
                lost += deliveries.marker(run.end());
                self.runs.remove(0);
            }
        }
        lost
    }
}

impl Run {
    const fn end(&self) -> Marker {
        let RumorId { origin, boot, .. } = self.next;
        Marker::Reread { origin, boot, to: self.last }
    }
}

/// The first number of an origin's start to be read again.
pub(super) const fn first(origin: NodeId, boot: u32, from: u64) -> RumorId {
    RumorId { origin, boot, sequence: if from == 0 { 1 } else { from } }
}
