//! Send me everything, from here on; and where what follows belongs in the walk. Kinds 26 and 27.
//!
//! ```text
//! request                                          span
//!  0  nonce u64          8  cookie u64              0  nonce u64
//! 16  owner's id u64    24  its life u32            8  owner's id u64, 16  its life u32, 20  after, 6 bytes
//! 28  after, 6 bytes    34  datagrams u8           26  owner's id u64, 34  its life u32, 38  after, 6 bytes
//! 35  zero u8                                      44  part u8         45  parts u8
//! ```
//! A point is an owner, one of its lives and a version of that: all that comes behind it is still to come. Owners go by id, lives
//! from the first on. The walk begins at zero, and is over where the id of the second point of a span is 2^64 - 1. A member asks
//! with a cookie of 0; whoever is none yet with the one that the member has given it.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::RawSequence;
use crate::id::NodeId;

/// A point of a walk through everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatePoint {
    /// The owner.
    pub owner: NodeId,
    /// One of its lives.
    pub life: u32,
    /// Behind this version.
    pub after: u64,
}

impl StatePoint {
    /// Before everything.
    pub const START: Self = Self { owner: NodeId::from_u64(0), life: 0, after: 0 };
    /// Behind everything.
    pub const END: Self = Self { owner: NodeId::from_u64(u64::MAX), life: u32::MAX, after: RawSequence::MAX };
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct RawStatePoint {
    owner: U64,
    life: U32,
    after: RawSequence,
}

impl RawStatePoint {
    fn new(point: StatePoint) -> Self {
        Self { owner: point.owner.as_u64().into(), life: point.life.into(), after: RawSequence::new(point.after) }
    }

    fn get(&self) -> StatePoint {
        StatePoint { owner: NodeId::from_u64(self.owner.get()), life: self.life.get(), after: self.after.get() }
    }
}

/// A request, on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawStateWalk {
    nonce: U64,
    cookie: U64,
    from: RawStatePoint,
    datagrams: u8,
    zero: u8,
}

const _: () = assert!(size_of::<RawStateWalk>() == 36 && align_of::<RawStateWalk>() == 1);

impl RawStateWalk {
    /// A request for so many datagrams from a point on.
    #[must_use]
    pub fn new(nonce: u64, cookie: u64, from: StatePoint, datagrams: u8) -> Self {
        Self { nonce: nonce.into(), cookie: cookie.into(), from: RawStatePoint::new(from), datagrams, zero: 0 }
    }

    /// The number that the answers carry.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.nonce.get()
    }

    /// What the receiver gave to the one who asks; 0 from a member.
    #[must_use]
    pub const fn cookie(&self) -> u64 {
        self.cookie.get()
    }

    /// Where to begin.
    #[must_use]
    pub fn from(&self) -> StatePoint {
        self.from.get()
    }

    /// How many datagrams are asked for at once.
    #[must_use]
    pub const fn datagrams(&self) -> u8 {
        self.datagrams
    }

    pub(super) fn check(&self) -> bool {
        self.zero == 0 && self.datagrams > 0 && self.from() < StatePoint::END
    }
}

/// Where the pages of a datagram belong, on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawStateSpan {
    nonce: U64,
    from: RawStatePoint,
    to: RawStatePoint,
    part: u8,
    parts: u8,
}

const _: () = assert!(size_of::<RawStateSpan>() == 46 && align_of::<RawStateSpan>() == 1);

impl RawStateSpan {
    /// The pages behind this lie between two points; they are one part of so many, counted from 1.
    #[must_use]
    pub fn new(nonce: u64, (from, to): (StatePoint, StatePoint), (part, parts): (u8, u8)) -> Self {
        Self { nonce: nonce.into(), from: RawStatePoint::new(from), to: RawStatePoint::new(to), part, parts }
    }

    /// The request's number.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.nonce.get()
    }

    /// The first point.
    #[must_use]
    pub fn from(&self) -> StatePoint {
        self.from.get()
    }

    /// The last.
    #[must_use]
    pub fn to(&self) -> StatePoint {
        self.to.get()
    }

    /// Which datagram of how many of one answer this is, from 1 on.
    #[must_use]
    pub const fn part(&self) -> (u8, u8) {
        (self.part, self.parts)
    }

    /// Whether no other datagram of the same answer comes behind it.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.part == self.parts
    }

    pub(super) fn check(&self) -> bool {
        self.from() < self.to() && self.part > 0 && self.part <= self.parts
    }
}
