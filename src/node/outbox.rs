//! What shall be sent? Intentions, written into datagrams only when the driver asks for one.

use core::net::SocketAddr;

use super::Node;
use crate::bounded::NONE;
use crate::id::{BootId, Incarnation, NodeId};
use crate::time::Span;
use crate::wire::{NackReason, SeedStatus, StatePoint, StateWant};

/// Who a datagram is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    /// A member: its place, and its start when this was decided.
    Member(u32, BootId),
    /// Somebody who is not in the table; the start where it is known.
    Stranger(Option<BootId>),
}

/// What a datagram is about; what else fits travels along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Ping {
        nonce: u32,
    },
    /// A ping that is made for the news in its ack.
    Ask,
    Ack {
        nonce: u32,
    },
    PingRequest {
        target: u32,
        nonce: u32,
        budget: Span,
    },
    Nack {
        nonce: u32,
        reason: NackReason,
    },
    /// News and nothing else; `more` where it follows another to the same peer and tells what did not fit there.
    Gossip {
        more: bool,
    },
    Leave {
        nonce: u32,
    },
    Hello {
        nonce: u64,
    },
    Cookie {
        nonce: u64,
        asker: NodeId,
        status: SeedStatus,
    },
    PageRequest {
        nonce: u64,
        cookie: u64,
        cursor: u32,
        pages: u8,
    },
    Pages {
        nonce: u64,
        cursor: u32,
        left: u8,
    },
    Whois {
        counter: u32,
    },
    /// This node's own profile and nothing else.
    Introduction,
    /// The receiver was held dead at this number.
    Obituary {
        subject: NodeId,
        at: Incarnation,
    },
    Sums,
    Listing {
        first: NodeId,
        last: NodeId,
    },
    Want,
    Gifts,
    /// What has just come, as far as it concerns the receiver.
    Rumors,
    /// Those of an origin that this node misses.
    RumorWants {
        origin: u32,
    },
    /// Those of an origin that were asked for.
    RumorSupply {
        origin: u32,
        base: u64,
        which: u64,
    },
    /// Those of an origin that were known already.
    RumorFeedback {
        origin: u32,
        base: u64,
        which: u64,
    },
    RumorSync,
    RumorPage {
        nonce: u32,
        from: NodeId,
    },
    /// Urgent changes, and nothing else.
    State,
    StateSums,
    /// `back` where it answers a listing.
    StateListing {
        first: NodeId,
        back: bool,
    },
    StateWant {
        want: StateWant,
    },
    /// Pages of what the receiver lacks of an owner.
    StateGift {
        want: StateWant,
    },
    StateWalk {
        from: StatePoint,
        datagrams: u8,
    },
    StateSpan {
        nonce: u64,
        from: StatePoint,
        part: u8,
        parts: u8,
    },
    Survey {
        nonce: u32,
    },
    /// What has been handed to the receiver of each number that is averaged.
    Averages {
        answer: bool,
    },
    /// Which numbers are averaged.
    AveragesNotice,
    /// There is no link over which to average.
    AveragesEnd,
    Surveyed {
        nonce: u32,
        complete: u64,
    },
}

impl What {
    /// Whether it leaves whatever the budgets say: probes, their answers, farewells.
    pub(super) const fn is_probe(&self) -> bool {
        match self {
            Self::Ping { .. }
            | Self::Ack { .. }
            | Self::PingRequest { .. }
            | Self::Nack { .. }
            | Self::Leave { .. } => true,
            Self::Ask
            | Self::Gossip { .. }
            | Self::Hello { .. }
            | Self::Cookie { .. }
            | Self::PageRequest { .. }
            | Self::Pages { .. }
            | Self::Whois { .. }
            | Self::Introduction
            | Self::Obituary { .. }
            | Self::Sums
            | Self::Listing { .. }
            | Self::Want
            | Self::Gifts
            | Self::Rumors
            | Self::RumorWants { .. }
            | Self::RumorSupply { .. }
            | Self::RumorFeedback { .. }
            | Self::RumorSync
            | Self::RumorPage { .. }
            | Self::State
            | Self::StateSums
            | Self::StateListing { .. }
            | Self::StateWant { .. }
            | Self::StateGift { .. }
            | Self::StateWalk { .. }
            | Self::StateSpan { .. }
            | Self::Survey { .. }
            | Self::Surveyed { .. }
            | Self::Averages { .. }
            | Self::AveragesNotice
            | Self::AveragesEnd => false,
        }
    }

    /// Whether it answers a member that called.
    pub(super) const fn is_answer(&self) -> bool {
        matches!(self, Self::Ack { .. } | Self::Nack { .. })
    }

    /// Whether it answers somebody who wants in and may know nobody, whatever this node holds of it: who gave up its name
    /// has forgotten everybody, and is listed under its start for as long as anybody is.
    pub(super) const fn is_for_outsiders(&self) -> bool {
        matches!(self, Self::Cookie { .. } | Self::Pages { .. } | Self::StateSpan { .. })
    }

    /// Whether news may travel along. Not to strangers, and not where every byte is spoken for.
    pub(super) const fn carries_news(&self) -> bool {
        match self {
            Self::Ping { .. }
            | Self::Ack { .. }
            | Self::PingRequest { .. }
            | Self::Nack { .. }
            | Self::Gossip { .. }
            | Self::Leave { .. }
            | Self::Want
            | Self::Rumors
            | Self::RumorWants { .. }
            | Self::RumorFeedback { .. }
            | Self::RumorSync => true,
            Self::Ask
            | Self::Hello { .. }
            | Self::Cookie { .. }
            | Self::PageRequest { .. }
            | Self::Pages { .. }
            | Self::Whois { .. }
            | Self::Introduction
            | Self::Obituary { .. }
            | Self::Sums
            | Self::Listing { .. }
            | Self::Gifts
            | Self::RumorSupply { .. }
            | Self::RumorPage { .. }
            | Self::State
            | Self::StateSums
            | Self::StateListing { .. }
            | Self::StateWant { .. }
            | Self::StateGift { .. }
            | Self::StateWalk { .. }
            | Self::StateSpan { .. }
            | Self::Survey { .. }
            | Self::Surveyed { .. }
            | Self::Averages { .. }
            | Self::AveragesNotice
            | Self::AveragesEnd => false,
        }
    }
}

/// One intention to send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing {
    pub to: SocketAddr,
    pub receiver: Receiver,
    pub what: What,
}

impl Node {
    /// Queues something of this node's own making.
    pub(super) fn push(&mut self, outgoing: Outgoing) {
        if !self.outbox.push(outgoing) {
            self.counters.outbox_full += 1;
        }
    }

    /// Queues an answer. Answers may take three quarters of the outbox: what others ask cannot crowd out this node's own
    /// probes. `false` when there is no place.
    pub(super) fn push_answer(&mut self, outgoing: Outgoing) -> bool {
        let room = self.outbox.len() < self.params.limits.outbox as usize * 3 / 4;
        room && self.outbox.push(outgoing)
    }

    /// Queues something for a member.
    pub(super) fn push_to(&mut self, slot: u32, what: What) {
        let to = self.table.addr(slot);
        let outgoing = Outgoing { to, receiver: Receiver::Member(slot, self.table.get(slot).boot), what };
        self.push(outgoing);
    }
}

/// How many destinations are remembered. An unreachable port is reported within a round trip on the same host or site.
const RECENT: usize = 64;

/// The members that datagrams went to lately. By place: what an address belongs to is looked up once an unreachable port is
/// reported, and not at every datagram.
#[derive(Debug)]
pub(super) struct Recent([u32; RECENT]);

impl Recent {
    pub(super) const fn new() -> Self {
        Self([NONE; RECENT])
    }

    /// To whom the last datagram went that has the same place.
    #[cfg(feature = "sim")]
    pub(super) const fn at(&self, nth: u64) -> u32 {
        self.0[nth as usize % RECENT]
    }

    /// The `nth` datagram has gone to a member.
    pub(super) const fn note(&mut self, nth: u64, slot: u32) {
        self.0[nth as usize % RECENT] = slot;
    }

    /// The places, some of them several times; some may belong to others by now, or to nobody.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied().filter(|slot| *slot != NONE)
    }
}
