//! Which rumor? Its origin, the origin's start and a sequence number, and what else travels with it.

use core::fmt;

use super::Topic;
use crate::error::closed_enum;
use crate::id::NodeId;
use crate::time::Span;

closed_enum! {
    /// How much a rumor matters: how it travels, and what it gets of every datagram.
    Class {
        /// Forwarded at once by everybody who hears of it: everywhere at the latency of the network.
        Urgent = "urgent",
        /// Told in rounds.
        Normal = "normal",
        /// Told in rounds with what room the others leave, and the first to be refused where room is short.
        Bulk = "bulk",
    }
}

impl Class {
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// One rumor among all that were ever published.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RumorId {
    /// Who has published it.
    pub origin: NodeId,
    /// In which of its starts: the low half of the boot id.
    pub boot: u32,
    /// As the how manieth in that start, from 1 on.
    pub sequence: u64,
}

impl fmt::Display for RumorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:08x}.{}", self.origin, self.boot, self.sequence)
    }
}

impl fmt::Debug for RumorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A rumor that has arrived; [`Node::rumor`](crate::Node::rumor) has its payload for as long as it is retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RumorRef {
    /// Which.
    pub id: RumorId,
    /// About what.
    pub topic: Topic,
    /// How much it matters.
    pub class: Class,
    /// How long ago it was published when it arrived: the time that it spent at each node on its way, by that node's own
    /// monotonic clock, and half of each round trip that is known.
    pub age: Span,
    /// How often it was forwarded: 0 from its origin. Saturates.
    pub hops: u8,
    /// Bytes of its payload.
    pub len: u16,
    /// Where it is retained.
    pub(crate) place: u32,
}
