//! The four calls: an input in; a datagram, an event, a deadline out.

use core::net::SocketAddr;

use crate::config::{ConfigError, Params};
use crate::error::Refusal;
use crate::event::Event;
use crate::id::{BootId, Incarnation, Name, NodeId};
use crate::measure::{Counters, NodeHistograms};
use crate::time::{Instant, Span};
use crate::wire::State;

/// What can happen to a node.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A datagram has arrived.
    Datagram {
        /// The address it came from.
        from: SocketAddr,
        /// Its payload, exactly as received.
        bytes: &'a [u8],
    },
    /// The kernel was told that nobody listens at an address that this node has sent to (ICMP port unreachable).
    Unreachable {
        /// The address.
        to: SocketAddr,
    },
    /// The time that [`Node::poll_timeout`] named has come, or simply: look at the clock.
    Tick,
    /// Join through these addresses as well; the first `Join` starts the node. None at all: found a cluster.
    Join(&'a [SocketAddr]),
    /// Tell the others that this node goes, then stop.
    Leave,
    /// Take a dead member off the list: it is spread as having left.
    Remove(NodeId),
}

/// A datagram to send: the first `len` bytes of the buffer handed to [`Node::poll_transmit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// How many bytes.
    pub len: usize,
}

/// Who a node is.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Its name, unique in the cluster and the same at each start.
    pub name: Name,
    /// The cluster's label; datagrams of other clusters are dropped.
    pub cluster: &'a str,
    /// The address and port under which the others reach it.
    pub addr: SocketAddr,
    /// 64 fresh random bits.
    pub boot: BootId,
    /// The zone it is in; may be empty.
    pub zone: &'a str,
    /// Keys and values that the others shall see.
    pub tags: &'a [(&'a str, &'a str)],
}

/// Where a node is between its start and its end (R30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Created; no [`Input::Join`] yet.
    Idle,
    /// Asking to be let in; nobody sees it.
    Joining,
    /// A member.
    Joined,
    /// Telling the others that it goes.
    Leaving,
    /// Gone.
    Left,
}

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
        crate::membership::Tags::new(self.raw_tags)
    }
}

/// One node of a cluster. See the [crate] documentation for the contract of the four calls.
#[derive(Debug)]
pub struct Node {
    params: Params,
    counters: Counters,
    histograms: NodeHistograms,
}

impl Node {
    /// Buys all memory of a node. `seed` feeds its dice; `now` is the time by the driver's clock.
    ///
    /// # Errors
    /// When the identity cannot be: an unusable address, a profile too long.
    pub fn new(params: Params, _identity: &Identity<'_>, _seed: u64, _now: Instant) -> Result<Self, ConfigError> {
        Ok(Self { params, counters: Counters::default(), histograms: NodeHistograms::default() })
    }

    /// Takes one input. Never blocks, never allocates, never reads a clock.
    ///
    /// # Errors
    /// What the caller may not do now; a datagram is never an error, it is dropped and counted.
    pub fn handle_input(&mut self, _now: Instant, _input: Input<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Writes the next datagram into `buf` (at least [`Params::max_datagram`] bytes) and says where it goes; `None` once
    /// nothing is left to send.
    #[must_use]
    pub fn poll_transmit(&mut self, _now: Instant, _buf: &mut [u8]) -> Option<Transmit> {
        None
    }

    /// The next event that waits.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// The earliest instant at which [`Input::Tick`] would change anything.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The parameters it runs with.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Where it is between its start and its end.
    #[must_use]
    pub fn phase(&self) -> Phase {
        Phase::Idle
    }

    /// This node as a member; its incarnation is 0 before it has joined.
    #[must_use]
    pub fn me(&self) -> MemberView<'_> {
        unimplemented!()
    }

    /// Every member in the table, this node first.
    pub fn members(&self) -> impl Iterator<Item = MemberView<'_>> {
        core::iter::empty()
    }

    /// The member with this id.
    #[must_use]
    pub fn member(&self, _id: NodeId) -> Option<MemberView<'_>> {
        None
    }

    /// The place in the table of some member whose record has changed since it was last named here, and the member, `None`
    /// where the place is free now. Places are below [`Limits::members`](crate::Limits::members). Draining this keeps a
    /// copy of the table up to date at a cost that follows the changes and not the size.
    pub fn poll_changed(&mut self) -> Option<(u32, Option<MemberView<'_>>)> {
        None
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
    pub fn membership_fingerprint(&self) -> u64 {
        0
    }

    /// The local health score: 0 is healthy, see [`Config::health_max`](crate::Config::health_max).
    #[must_use]
    pub fn health(&self) -> u32 {
        0
    }

    /// Each capacity: its name in [`Limits`](crate::Limits), how much is used, how much there is.
    #[must_use]
    pub fn usage(&self) -> [(&'static str, u32, u32); 7] {
        [("", 0, 0); 7]
    }

    /// Bytes that [`Node::new`] buys with these parameters.
    #[must_use]
    pub fn memory_bytes(_params: &Params) -> usize {
        0
    }
}
