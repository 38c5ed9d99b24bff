//! Rumors on their way through a node: `publishing`, `hearing`, `delivering`; `pushing` what is urgent, `telling` the rest in
//! rounds; `missing` what has not come; `walking` through all origins with a peer that differs.

mod delivering;
mod hearing;
mod missing;
mod publishing;
mod pushing;
mod telling;
mod walking;

use arrayvec::ArrayVec;

use super::{Node, Phase};
use crate::bounded::{Deadlines, Tellings};
use crate::limits::Limits;
use crate::membership::ME;
use crate::rumor::{Class, DEGREE_MAX, Fresh, Origins, Ranks, RumorId, Store, Topics};
use crate::time::Instant;
use crate::wire::{MAX_MAX_DATAGRAM, RawDigest, RawRumor};

/// Rumors that wait to be passed on at once, as many as the budget pays for in a few gossip intervals; what comes beyond goes with the
/// next round.
const FRESH_MAX: usize = 4_096;
/// Places that one datagram can tell of.
const RUMORS_IN_A_ROW: usize = MAX_MAX_DATAGRAM / size_of::<RawRumor>();
const DIGESTS_IN_A_ROW: usize = MAX_MAX_DATAGRAM / size_of::<RawDigest>();

/// Everything that a node holds of rumors.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Rumors {
    // What a node looks at that has no rumors to tell, side by side, and at the end what else it looks at.
    /// What is told in rounds, by class.
    waiting: Tellings<{ Class::ALL.len() }>,
    /// The sum over all settled origins that are up.
    root: u64,
    root_changed_at: Instant,
    walks: walking::Pace,
    /// Whether this node has yet to learn where the rumors of others begin for it.
    starting: bool,
    /// Counts the changes of who is up, and of their lives.
    version: u32,
    fresh: Fresh,
    walk: Option<walking::Walk>,
    pub topics: Topics,
    pub origins: Origins,
    pub store: Store,
    ranks: Ranks,
    /// Whom this node tells at once, as of a version.
    told_at_once: (u32, ArrayVec<u32, DEGREE_MAX>),
    /// When something about an origin is due.
    due: Deadlines,
    published: Option<RumorId>,
    /// When it became a member first: what was published before is the past. Who gives up its name and takes it again goes on
    /// where it was.
    joined_at: Option<Instant>,
    /// The origins whose digests are told in rounds.
    digests: Tellings<1>,
}

impl Rumors {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let (origins, rumors) = (limits.origins as usize, limits.rumors as usize);
        Self {
            topics: Topics::new(limits.topics as usize),
            origins: Origins::new(origins, limits.rumor_window as usize),
            store: Store::new(rumors, limits.rumor_bytes as usize),
            waiting: Tellings::new(rumors, RUMORS_IN_A_ROW),
            digests: Tellings::new(origins, DIGESTS_IN_A_ROW),
            fresh: Fresh::new(rumors.min(FRESH_MAX)),
            ranks: Ranks::new(),
            version: 1,
            told_at_once: (0, ArrayVec::new_const()),
            due: Deadlines::new(origins),
            published: None,
            root: 0,
            root_changed_at: now,
            starting: true,
            joined_at: None,
            walk: None,
            walks: walking::Pace::new(now),
        }
    }

    pub(super) const fn memory_bytes(limits: &Limits) -> usize {
        let (origins, rumors) = (limits.origins as usize, limits.rumors as usize);
        Topics::memory_bytes(limits.topics as usize)
            + Origins::memory_bytes(origins, limits.rumor_window as usize)
            + Store::memory_bytes(rumors, limits.rumor_bytes as usize)
            + Tellings::<{ Class::ALL.len() }>::memory_bytes(rumors, RUMORS_IN_A_ROW)
            + Tellings::<1>::memory_bytes(origins, DIGESTS_IN_A_ROW)
            + Fresh::memory_bytes(if rumors < FRESH_MAX { rumors } else { FRESH_MAX })
            + Ranks::memory_bytes()
            + Deadlines::memory_bytes(origins)
    }

    /// What goes into the header of each datagram: equal at two nodes that have the same rumors of all who are up.
    pub(super) const fn root(&self) -> u64 {
        self.root
    }
}

#[cfg(feature = "sim")]
impl Rumors {
    /// Loads what a node looks at that has no rumors to pass on.
    pub(super) fn warm(&self) {
        core::hint::black_box((
            self.waiting.waiting(0),
            self.version,
            self.fresh.waiting().len(),
            self.digests.waiting(0),
        ));
    }
}

impl Node {
    /// Somebody is up, or up no more: whether it `was` before is known.
    pub(super) fn rank(&mut self, slot: u32, was: bool, is: bool) {
        let id = self.table.get(slot).id;
        match (was, is) {
            (false, true) => self.rumors.ranks.add(id),
            (true, false) => self.rumors.ranks.remove(id),
            (true, true) | (false, false) => {}
        }
        self.rumors.version = self.rumors.version.wrapping_add(1);
        if slot != ME && self.rumors.origins.len() > 0 {
            self.origin_came_or_went(slot);
        }
    }

    /// This node has become a member.
    pub(super) fn rumors_begin(&mut self, now: Instant) {
        self.rumors.joined_at.get_or_insert(now);
    }

    /// Whether this node takes part.
    pub(super) const fn is_in(&self) -> bool {
        matches!(self.phase, Phase::Joined | Phase::Leaving)
    }

    /// Whom this node tells at once.
    pub(super) fn told_at_once(&mut self) -> ArrayVec<u32, DEGREE_MAX> {
        if self.rumors.told_at_once.0 != self.rumors.version {
            let mut told = [0; DEGREE_MAX];
            let (table, roster) = (&self.table, &self.roster);
            let up = |first, last| {
                let up = table.range(first, last).filter(|slot| *slot == ME || roster.is_up(*slot));
                up.map(|slot| (table.get(slot).id, slot))
            };
            let found = self.rumors.ranks.told_by((self.me.id, ME), self.params.fanout, &mut told, up);
            self.rumors.told_at_once = (self.rumors.version, told[..found].iter().copied().collect());
        }
        self.rumors.told_at_once.1.clone()
    }
}
