//! State on its way through a node: `writing` what is its own, `hearing` pages of others, `telling` what is new, `repairing` what
//! differs (`listing` what is held, `giving` what is missing), `following` what came of that, `asking` for what is new, `walking` through everything before it is a member (`holes`:
//! what of it was lost), `sharing` keys that all may write, `surveying` who holds what, `resetting` all of it, `ageing` (what has
//! settled, what is over?), `owners` that come and go, `reading` for the embedder.

mod ageing;
mod asking;
#[cfg(test)]
mod broken_memory;
mod following;
mod giving;
mod hearing;
mod holes;
mod listing;
mod owners;
mod reading;
mod repairing;
mod resetting;
mod sharing;
mod surveying;
mod telling;
mod walking;
mod writing;

pub use reading::{StateRef, StateView};
pub use sharing::{SharedContribution, SharedOp, SharedValue, SharedWrite};
pub use surveying::Coverage;
pub(super) use walking::Walk;
pub use writing::Write;

use holes::Holes;

use super::Node;
use crate::bounded::{Tellings, Tournament, bought};
use crate::limits::Limits;
use crate::rumor::Class;
use crate::state::{Store, Watches};
use crate::time::Instant;
use crate::wire::{MAX_MAX_DATAGRAM, RawStatePage};

/// Logs that one datagram can tell of.
const LOGS_IN_A_ROW: usize = MAX_MAX_DATAGRAM / size_of::<RawStatePage>();

/// Everything that a node holds of state.
#[derive(Debug)]
#[repr(C)]
pub(super) struct States {
    // What a node looks at that has no changes to tell, side by side.
    /// The bucket whose sums are made anew next.
    scrubbed_bucket: usize,
    /// The entry that is looked at next, whether it is still what its origin wrote.
    scrubbed: u32,
    /// Counts rows of datagrams to one peer.
    row: u32,
    /// Rounds that still ask for what is new.
    asks_left: u32,
    /// With how many members this node still compares by itself after its walk.
    catches: u8,
    /// Something urgent has come that was not passed on yet, and from whom.
    fresh: Option<Fresh>,
    comparison: Option<following::Comparison>,
    /// The logs of which rounds tell, by the most urgent of what is new in them.
    telling: Tellings<{ Class::ALL.len() }>,
    pace: repairing::Pace,
    pub store: Store,
    walk: Option<Walk>,
    root_changed_at: Instant,
    pub watches: Watches,
    /// When an entry settles, expires or is forgotten.
    due: Tournament,
    missing: following::Missing,
    /// The logs that the listing names which is compared, a bit for each.
    named: Box<[u64]>,
    survey: surveying::Survey,
    /// Room for one entry while its life is changed.
    scratch: Box<[u8]>,
    /// What of it has been lost.
    holes: Holes,
}

/// Urgent changes that wait to be passed on.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    /// Who told them; `None` for this node's own, or for several.
    from: Option<u32>,
}

const fn named_words(limits: &Limits) -> usize {
    (limits.state_owners as usize).div_ceil(u64::BITS as usize)
}

impl States {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            store: Store::new(limits),
            watches: Watches::new(limits.watches as usize),
            due: Tournament::new(Store::places(limits)),
            telling: Tellings::new(limits.state_owners as usize, LOGS_IN_A_ROW),
            row: 0,
            fresh: None,
            asks_left: 0,
            root_changed_at: now,
            pace: repairing::Pace::new(now),
            comparison: None,
            missing: following::Missing::default(),
            named: bought(named_words(limits), 0),
            walk: None,
            holes: Holes::default(),
            catches: 0,
            survey: surveying::Survey::new(limits.state_owners as usize),
            scrubbed: 0,
            scrubbed_bucket: 0,
            scratch: super::buffer(Store::longest(limits), 0),
        }
    }

    pub(super) const fn memory_bytes(limits: &Limits) -> usize {
        Store::memory_bytes(limits)
            + Watches::memory_bytes(limits.watches as usize)
            + surveying::Survey::memory_bytes(limits.state_owners as usize)
            + Tournament::memory_bytes(Store::places(limits))
            + Tellings::<{ Class::ALL.len() }>::memory_bytes(limits.state_owners as usize, LOGS_IN_A_ROW)
            + named_words(limits) * size_of::<u64>()
            + Store::longest(limits)
    }

    /// Whether all that is new was told often enough.
    fn is_told(&self) -> bool {
        self.telling.is_empty()
    }

    /// What goes into the header of each datagram: equal at two nodes that hold the same.
    pub(super) const fn root(&self) -> u64 {
        self.store.root()
    }
}

#[cfg(feature = "sim")]
impl States {
    /// Loads what a node looks at that has no changes to tell.
    pub(super) fn warm(&self) {
        core::hint::black_box((
            self.scrubbed_bucket,
            self.asks_left,
            self.telling.waiting(0),
            self.comparison.is_some(),
            (self.store.root(), self.store.log_count()),
            self.walk.is_some(),
        ));
        self.pace.warm();
    }

    /// Loads the sum that is made anew next.
    pub(super) fn warm_scrub(&self) {
        core::hint::black_box((self.store.bucket(self.scrubbed_bucket), self.store.held_from(0)));
    }
}

impl Node {
    /// Notes when the fingerprint was changed last, by whatever has been done since it was `before`.
    fn note_root(&mut self, now: Instant, before: u64) {
        if self.states.root() != before {
            self.states.root_changed_at = now;
        }
    }
}
