//! What is held of all owners in some buckets. Kind 23.
//!
//! ```text
//!  0  first id u64              8  last id u64, inclusive     16  salt u32
//! 20  buckets, 64 bytes: bit `b % 8` of byte `b / 8` where bucket `b` is listed
//! 84  flags u8: bit 0 where the sender gives unasked what it holds more, bit 1 where it asks for what it lacks, bit 2 where it
//!     answers a listing
//! 85  records, each:
//!      0  owner u32             4  its life u8                 5  check u8
//!      6  complete u32
//! ```
//! The section's count is the number of records plus one, for the head. Records are one for each life of an owner of which
//! anything is held, of those owners whose id is in the range and in a bucket that is listed. Of each only as much as tells it
//! from the others there: the upper half of the node id, the lowest 8 bits of its life, the lower half of the version up to which
//! everything is held; and 8 bits, salted, of all of that and of the sum over what has settled. Where two are alike in that both are given.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::state_sums::{P1, P2, StateBuckets, salted, state_bucket_of};
use crate::config::Mode;
use crate::id::NodeId;

/// Which owners are listed.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawStateListing {
    first: U64,
    last: U64,
    salt: U32,
    buckets: StateBuckets,
    flags: u8,
}

const _: () = assert!(size_of::<RawStateListing>() == 85 && align_of::<RawStateListing>() == 1);

impl RawStateListing {
    /// Owners from the first to the last id, of no bucket so far; the sender's mode, and whether it answers a
    /// listing.
    #[must_use]
    pub fn new(first: NodeId, last: NodeId, salt: u32, mode: Mode, back: bool) -> Self {
        let (first, last) = (first.as_u64().into(), last.as_u64().into());
        Self {
            first,
            last,
            salt: salt.into(),
            buckets: StateBuckets::default(),
            flags: modes(mode) | if back { BACK } else { 0 },
        }
    }

    /// Lists a bucket, as far as it is in the range.
    pub const fn add(&mut self, bucket: usize) {
        self.buckets.add(bucket);
    }

    /// Lets the range end at another id.
    pub fn end_at(&mut self, last: NodeId) {
        self.last = last.as_u64().into();
    }

    /// The first id of the range.
    #[must_use]
    pub const fn first(&self) -> NodeId {
        NodeId::from_u64(self.first.get())
    }

    /// The last.
    #[must_use]
    pub const fn last(&self) -> NodeId {
        NodeId::from_u64(self.last.get())
    }

    /// What its checks are made with.
    #[must_use]
    pub const fn salt(&self) -> u32 {
        self.salt.get()
    }

    /// How its sender repairs what differs.
    #[must_use]
    pub fn mode(&self) -> Mode {
        // What names none has been refused.
        self.known_mode().unwrap_or(Mode::PushPull)
    }

    /// Whether it answers a listing: then no other answers it.
    #[must_use]
    pub const fn is_back(&self) -> bool {
        self.flags & BACK != 0
    }

    fn known_mode(&self) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| modes(*mode) == self.flags & !BACK)
    }

    /// The buckets that are listed.
    #[must_use]
    pub const fn buckets(&self) -> &StateBuckets {
        &self.buckets
    }
}

const BACK: u8 = 4;

const fn modes(mode: Mode) -> u8 {
    mode.pushes() as u8 | (mode.pulls() as u8) << 1
}

/// How much of one life of an owner is held, on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawLogDigest {
    owner: U32,
    life: u8,
    check: u8,
    complete: U32,
}

const _: () = assert!(size_of::<RawLogDigest>() == 10 && align_of::<RawLogDigest>() == 1);

/// How much of one life of an owner is held, and which parts of it travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogDigest {
    /// Whose life: the upper half of the node id.
    pub owner: u32,
    /// The lowest bits of its number.
    pub life: u8,
    /// 8 bits of all that is known of it: they matter where the same versions are held, and not the same.
    pub check: u8,
    /// Everything up to here is held or was superseded: the lower half of it.
    pub complete: u32,
}

impl LogDigest {
    /// What travels of an owner's life, of which everything up to a version is held, and the sum over what has settled.
    #[must_use]
    pub fn of(owner: NodeId, life: u32, (complete, sum): (u64, u64), salt: u32) -> Self {
        // A sum is as good as random, and what it is added to is a number of its own for each log: a hash of all would be no better,
        // and a listing asks for hundreds.
        let named = owner.as_u64().wrapping_mul(P1).wrapping_add(complete.wrapping_mul(P2));
        let check = salted(sum.wrapping_add(named).wrapping_add(life.into()), salt) as u8;
        Self { owner: (owner.as_u64() >> 32) as u32, life: life as u8, check, complete: complete as u32 }
    }

    /// The first and the last id that an owner can have.
    #[must_use]
    pub const fn owners(&self) -> (NodeId, NodeId) {
        let first = (self.owner as u64) << 32;
        (NodeId::from_u64(first), NodeId::from_u64(first | u32::MAX as u64))
    }
}

impl RawLogDigest {
    /// The wire form.
    #[must_use]
    pub fn new(digest: &LogDigest) -> Self {
        Self { owner: digest.owner.into(), life: digest.life, check: digest.check, complete: digest.complete.into() }
    }

    /// The digest.
    #[must_use]
    pub const fn get(&self) -> LogDigest {
        LogDigest { owner: self.owner.get(), life: self.life, check: self.check, complete: self.complete.get() }
    }
}

/// A listing: of whatever owner that it covers and does not name its sender holds nothing.
#[derive(Clone, Copy, Debug)]
pub struct StateListing<'a> {
    /// What it covers.
    pub head: &'a RawStateListing,
    /// What the sender holds of that.
    pub logs: &'a [RawLogDigest],
}

impl<'a> StateListing<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (head, rest) = RawStateListing::ref_from_prefix(body).ok()?;
        let logs = <[RawLogDigest]>::ref_from_bytes(rest).ok()?;
        (logs.len() + 1 == usize::from(count)).then_some(Self { head, logs })
    }

    /// A range, a mode, and only records that may lie in it and in the buckets.
    pub(super) fn check(&self) -> bool {
        let (first, last) = (self.head.first(), self.head.last());
        let inside = |raw: &RawLogDigest| {
            let (least, most) = raw.get().owners();
            first <= most && least <= last && self.head.buckets.has(state_bucket_of(least))
        };
        first <= last && self.head.known_mode().is_some() && self.logs.iter().all(inside)
    }
}
