//! What is held of all owners in one range of the id space. Kind 23.
//!
//! ```text
//!  0  first id u64              8  last id u64, inclusive     16  records, each:
//!      0  owner's node id u64   8  its life u32               12  complete, 6 bytes
//!     18  floor, 6 bytes       24  sum u64
//! ```
//! The section's count is the number of records plus one, for the range. Records are one for each life of an owner of which
//! anything is held.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{RawListing, RawSequence};
use crate::id::NodeId;

/// How much of one life of an owner is held, on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawLogDigest {
    owner: U64,
    life: U32,
    complete: RawSequence,
    floor: RawSequence,
    sum: U64,
}

const _: () = assert!(size_of::<RawLogDigest>() == 32 && align_of::<RawLogDigest>() == 1);

/// How much of one life of an owner is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogDigest {
    /// Whose life.
    pub owner: NodeId,
    /// Which.
    pub life: u32,
    /// Everything up to here is held or was superseded.
    pub complete: u64,
    /// Removals up to here are forgotten.
    pub floor: u64,
    /// The sum over what has settled and counts.
    pub sum: u64,
}

impl RawLogDigest {
    /// The wire form.
    #[must_use]
    pub fn new(digest: &LogDigest) -> Self {
        Self {
            owner: digest.owner.as_u64().into(),
            life: digest.life.into(),
            complete: RawSequence::new(digest.complete),
            floor: RawSequence::new(digest.floor),
            sum: digest.sum.into(),
        }
    }

    /// The digest.
    #[must_use]
    pub fn get(&self) -> LogDigest {
        LogDigest {
            owner: NodeId::from_u64(self.owner.get()),
            life: self.life.get(),
            complete: self.complete.get(),
            floor: self.floor.get(),
            sum: self.sum.get(),
        }
    }
}

/// A listing: of whatever owner in the range it does not name its sender holds nothing.
#[derive(Clone, Copy, Debug)]
pub struct StateListing<'a> {
    range: RawListing,
    /// What the sender holds in the range.
    pub logs: &'a [RawLogDigest],
}

impl<'a> StateListing<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (range, rest) = RawListing::read_from_prefix(body).ok()?;
        let logs = <[RawLogDigest]>::ref_from_bytes(rest).ok()?;
        (logs.len() + 1 == usize::from(count)).then_some(Self { range, logs })
    }

    /// The first id covered.
    #[must_use]
    pub fn first(&self) -> NodeId {
        self.range.first()
    }

    /// The last id covered.
    #[must_use]
    pub fn last(&self) -> NodeId {
        self.range.last()
    }

    /// A range, and only records that lie in it and can be.
    pub(super) fn check(&self) -> bool {
        let inside = |raw: &RawLogDigest| {
            let log = raw.get();
            (self.first()..=self.last()).contains(&log.owner) && log.life > 0 && log.floor <= log.complete
        };
        self.first() <= self.last() && self.logs.iter().all(inside)
    }
}
