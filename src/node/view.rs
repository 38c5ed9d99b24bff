//! What does the node know? Views for those who look and do not change anything.

use core::net::SocketAddr;

use super::{Node, Phase};
use crate::bounded::{Deadlines, Ring, SlotSet};
use crate::config::Params;
use crate::event::MemberRef;
use crate::id::{BootId, ClusterKey, Incarnation, Name, NodeId};
use crate::measure::{Counters, Histogram, NodeHistograms};
use crate::membership::{Book, Doors, Fingerprint, Gossip, ME, Probes, Relays, Roster, Suspicions, Table, Tags};
use crate::time::Span;
use crate::wire::State;

/// A member as the node sees it now.
#[derive(Clone, Copy, Debug)]
pub struct MemberView<'a> {
    /// Its id.
    pub id: NodeId,
    /// Its start.
    pub boot: BootId,
    /// Its number.
    pub incarnation: Incarnation,
    /// How it is held to be.
    pub state: State,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its name.
    pub name: &'a str,
    /// Its zone.
    pub zone: &'a str,
    /// Its tags as they travel; see [`MemberView::tags`].
    pub raw_tags: &'a [u8],
    /// The smoothed round trip to it, once a ping of this node was answered.
    pub rtt: Option<Span>,
    /// Whether it has answered this node itself, in this life (R7).
    pub verified: bool,
    /// Whether it is this node.
    pub is_self: bool,
}

impl<'a> MemberView<'a> {
    /// The tags as pairs of key and value.
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        Tags::new(self.raw_tags)
    }
}

impl Node {
    /// The parameters it runs with.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The key of its cluster's label, which is part of every checksum.
    #[must_use]
    pub const fn cluster(&self) -> ClusterKey {
        self.me.cluster
    }

    /// Where it is between its start and its end.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// This node as a member; its incarnation is 0 before it has joined.
    #[must_use]
    pub fn me(&self) -> MemberView<'_> {
        self.view(ME)
    }

    /// Every member in the table, this node first.
    pub fn members(&self) -> impl Iterator<Item = MemberView<'_>> {
        self.table.slots().map(|slot| self.view(slot))
    }

    /// The member with this id.
    #[must_use]
    pub fn member(&self, id: NodeId) -> Option<MemberView<'_>> {
        self.table.find(id).map(|slot| self.view(slot))
    }

    /// The place in the table of some member whose record has changed since it was last named here, and the member, `None`
    /// where the place is free now. Places are below [`Limits::members`](crate::Limits::members). Draining this keeps a
    /// copy of the table up to date at a cost that follows the changes and not the size.
    pub fn poll_changed(&mut self) -> Option<(u32, Option<MemberView<'_>>)> {
        let slot = self.changed.pop()?;
        let view = self.table.at(slot).is_some().then(|| self.view(slot));
        Some((slot, view))
    }

    /// What has been counted.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What has been measured.
    #[must_use]
    pub const fn histograms(&self) -> &NodeHistograms {
        &self.histograms
    }

    /// The fingerprint of the settled membership: equal at two nodes in step.
    #[must_use]
    pub const fn membership_fingerprint(&self) -> u64 {
        self.fingerprint.root()
    }

    /// The local health score: 0 is healthy, see [`Config::health_max`](crate::Config::health_max).
    #[must_use]
    pub const fn health(&self) -> u32 {
        self.health.score()
    }

    /// Members that are up in this node's view, itself included.
    #[must_use]
    pub fn members_up(&self) -> u32 {
        self.up_count()
    }

    /// Each capacity: its name in [`Limits`](crate::Limits), how much is used, how much there is: bytes of texts in all,
    /// and not for each member.
    #[must_use]
    pub fn usage(&self) -> [(&'static str, u32, u32); 18] {
        let limits = &self.params.limits;
        let (text_bytes, text_bytes_max) = self.table.text_bytes();
        let (state_keys, state_owners, state_bytes) = self.state_used();
        [
            ("members", self.table.len(), limits.members),
            ("text_bytes", text_bytes, text_bytes_max),
            ("suspects", self.suspicions.len(), limits.suspects),
            ("probes", self.probes.len(), limits.probes),
            ("relays", self.relays.len(), limits.relays),
            ("outbox", self.outbox.len() as u32, limits.outbox),
            ("events", self.events.len() as u32, limits.events),
            ("seeds", self.join.doors.len(), limits.seeds),
            ("book", self.book.len(), limits.book),
            ("origins", self.rumors.origins.len(), limits.origins),
            ("rumors", self.rumors.store.len(), limits.rumors),
            ("rumor_bytes", self.rumors.store.bytes_used(), limits.rumor_bytes),
            ("topics", self.rumors.topics.len(), limits.topics),
            ("state_owners", state_owners, limits.state_owners),
            ("state_keys", state_keys, limits.state_keys),
            ("state_bytes", state_bytes as u32, limits.state_bytes),
            ("watches", self.states.watches.len(), limits.watches),
            ("averages", self.averages_used(), limits.averages),
        ]
    }

    /// Bytes that [`Node::new`] buys with these parameters: the sum over everything that it owns.
    #[must_use]
    pub fn memory_bytes(params: &Params) -> usize {
        let limits = &params.limits;
        let members = limits.members as usize;
        let keys = super::tick::Keys::new(limits);
        Table::memory_bytes(limits)
            + Roster::memory_bytes(members)
            + Suspicions::memory_bytes(limits.suspects as usize, members)
            + Probes::memory_bytes(limits.probes as usize)
            + Relays::memory_bytes(limits.relays as usize)
            + Gossip::memory_bytes(members)
            + Fingerprint::memory_bytes(members)
            + Book::memory_bytes(limits.book as usize)
            + Doors::memory_bytes(limits.seeds as usize)
            + super::repair::Repair::memory_bytes()
            + Deadlines::memory_bytes(keys.count())
            + Ring::<super::outbox::Outgoing>::memory_bytes(limits.outbox as usize)
            + super::events::Events::memory_bytes(limits.events as usize)
            + super::rumors::Rumors::memory_bytes(limits)
            + super::state::States::memory_bytes(limits)
            + super::aggregate::Averaging::memory_bytes(limits)
            + SlotSet::memory_bytes(members)
            + NodeHistograms::COUNT * Histogram::memory_bytes()
            // The parameters, which nodes may share, behind two counts of who does.
            + 2 * size_of::<usize>()
            + size_of::<Params>()
    }

    pub(super) fn view(&self, slot: u32) -> MemberView<'_> {
        let m = self.table.get(slot);
        let (name, zone, raw_tags) = self.table.texts(slot);
        MemberView {
            id: m.id,
            boot: m.boot,
            incarnation: m.incarnation,
            state: m.state,
            addr: self.table.addr(slot),
            name,
            zone,
            raw_tags,
            rtt: self.table.contact(slot).rtt.smoothed(),
            verified: m.verified,
            is_self: slot == ME,
        }
    }

    /// A member for an event.
    pub(super) fn member_ref(&self, slot: u32) -> MemberRef {
        let m = self.table.get(slot);
        MemberRef {
            id: m.id,
            // A profile without a proper name is never let in.
            name: Name::new(self.table.texts(slot).0).unwrap_or(self.me.name),
            addr: self.table.addr(slot),
            boot: m.boot,
            incarnation: m.incarnation,
        }
    }
}

impl Counters {
    /// Datagrams dropped, for whatever reason.
    #[must_use]
    pub fn dropped_total(&self) -> u64 {
        crate::DropReason::ALL.iter().map(|reason| self.dropped(*reason)).sum()
    }
}
