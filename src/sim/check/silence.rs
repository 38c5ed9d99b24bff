//! Is it over when a node has left? Nothing is to be done by then: a node that still has a timer goes on to probe and
//! to accuse, and is taken to live by those who hear it.

use crate::node::Phase;
use crate::time::Instant;

/// What is wrong with a timer of a node in this phase.
pub(super) fn broken(phase: Phase, timeout: Option<Instant>) -> Option<String> {
    (phase == Phase::Left && timeout.is_some()).then(|| "has left, and something is still due for it".to_owned())
}
