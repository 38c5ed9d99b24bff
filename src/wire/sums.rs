//! Where do we differ? The fingerprints of all buckets of the id space. Kind 13.
//!
//! ```text
//!  0  128 fingerprints u64, bucket 0 first
//! ```
//! Bucket `b` holds the members whose node id has `b` in its upper 7 bits.

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::id::NodeId;

/// How many buckets: as many as fit a datagram of the smallest permitted size.
pub const BUCKETS: usize = 128;

/// The bucket that an id falls into.
#[must_use]
pub const fn bucket_of(id: NodeId) -> usize {
    (id.as_u64() >> 57) as usize
}

/// The first and the last id of a bucket.
#[must_use]
pub const fn bucket_range(bucket: usize) -> (NodeId, NodeId) {
    let first = (bucket as u64) << 57;
    (NodeId::from_u64(first), NodeId::from_u64(first | u64::MAX >> 7))
}

/// The sums. The receiver answers with listings of the buckets in which it differs.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawSums {
    /// One fingerprint for each bucket.
    pub sums: [U64; BUCKETS],
}

const _: () = {
    assert!(size_of::<RawSums>() == 1024);
    assert!(super::OVERHEAD_INTRO + super::SECTION_HEADER + size_of::<RawSums>() <= super::MIN_MAX_DATAGRAM);
};
