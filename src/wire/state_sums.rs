//! Of whose keys do we hold different things? Marks of all buckets of owners. Kind 22.
//!
//! ```text
//!  0  salt u32    4  512 marks u16, bucket 0 first
//! ```
//! Bucket `b` holds the owners whose node id has `b` in its upper 9 bits: two of a thousand, twenty of ten thousand. A mark is 16
//! bits of a product of the sum over the bucket and the salt, which is drawn anew for each comparison: of two sums that differ
//! one pair in 65,536 looks alike, and another pair the next time.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::id::NodeId;

/// How many buckets: as many marks as fit a datagram of the smallest permitted size.
pub const STATE_BUCKETS: usize = 512;

pub(super) const BITS: u32 = STATE_BUCKETS.ilog2();

/// The bucket that an owner falls into.
#[must_use]
pub const fn state_bucket_of(owner: NodeId) -> usize {
    (owner.as_u64() >> (u64::BITS - BITS)) as usize
}

/// The first and the last id of a bucket.
#[must_use]
pub const fn state_bucket_range(bucket: usize) -> (NodeId, NodeId) {
    let first = (bucket as u64) << (u64::BITS - BITS);
    (NodeId::from_u64(first), NodeId::from_u64(first | u64::MAX >> BITS))
}

/// Some of the buckets. On the wire bucket `b` is bit `b % 8` of byte `b / 8`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct StateBuckets([U64; STATE_BUCKETS / WORD]);

const WORD: usize = u64::BITS as usize;

impl StateBuckets {
    /// Puts one in.
    pub const fn add(&mut self, bucket: usize) {
        let word = &mut self.0[bucket / WORD];
        *word = U64::new(word.get() | 1 << (bucket % WORD));
    }

    /// Whether one is in.
    #[must_use]
    pub const fn has(&self, bucket: usize) -> bool {
        self.0[bucket / WORD].get() & 1 << (bucket % WORD) != 0
    }

    /// How many are in.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.get().count_ones() as usize).sum()
    }

    /// Those from one on, in their order. Where few are in, the others cost nothing.
    pub fn from(&self, first: usize) -> impl Iterator<Item = usize> + use<> {
        let (words, mut nth) = (self.0, first / WORD);
        let mut left = words.get(nth).map_or(0, |word| word.get() >> (first % WORD) << (first % WORD));
        core::iter::from_fn(move || {
            while left == 0 {
                nth += 1;
                left = words.get(nth)?.get();
            }
            let bucket = nth * WORD + left.trailing_zeros() as usize;
            left &= left - 1;
            Some(bucket)
        })
    }
}

/// Odd numbers without a pattern in their bits: the first two primes of XXH64.
pub(super) const P1: u64 = 0x9e37_79b1_85eb_ca87;
pub(super) const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;

/// 16 bits that differ where two numbers do, but for one pair in 65,536 of each salt (multiplicative hashing, Knuth, TAOCP 3, 6.4).
#[must_use]
pub const fn salted(number: u64, salt: u32) -> u16 {
    let mixed = (number ^ (salt as u64 + 1).wrapping_mul(P1)).wrapping_mul(P2);
    ((mixed ^ mixed >> 29).wrapping_mul(P1) >> 48) as u16
}

/// The marks. The receiver answers with listings of the buckets in which it differs.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawStateSums {
    /// What the marks are made with.
    pub salt: U32,
    /// One for each bucket.
    pub marks: [U16; STATE_BUCKETS],
}

const _: () = {
    assert!(size_of::<RawStateSums>() == 1028 && align_of::<RawStateSums>() == 1);
    assert!(super::OVERHEAD_INTRO + super::SECTION_HEADER + size_of::<RawStateSums>() <= super::MIN_MAX_DATAGRAM);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_differ_look_alike_as_rarely_as_16_bits_let_them_and_not_twice() {
        let alike = |salt| (0..200_000_u64).filter(|n| salted(*n, salt) == salted(n ^ 1 << (n % 64), salt)).count();
        for salt in [0, 1, u32::MAX] {
            let alike = alike(salt);
            assert!(alike <= 12, "{alike} of 200,000 under the salt {salt}, where 3 are expected");
        }
        let both = |n: &u64| [5, 6].iter().all(|salt| salted(*n, *salt) == salted(n + 1, *salt));
        assert_eq!((0..200_000).filter(both).count(), 0);
    }

    #[test]
    fn buckets_come_in_their_order_from_any_of_them_on() {
        let all = [0, 1, 63, 64, 130, 300, STATE_BUCKETS - 1];
        let mut buckets = StateBuckets::default();
        all.iter().rev().for_each(|bucket| buckets.add(*bucket));
        for first in 0..=STATE_BUCKETS {
            let rest: Vec<_> = all.into_iter().filter(|bucket| *bucket >= first).collect();
            assert_eq!(buckets.from(first).collect::<Vec<_>>(), rest, "from {first} on");
        }
        assert!((0..STATE_BUCKETS).all(|bucket| buckets.has(bucket) == all.contains(&bucket)));
        assert_eq!((StateBuckets::default().from(0).next(), buckets.count()), (None, all.len()));
    }

    #[test]
    fn every_id_is_in_the_range_of_its_bucket() {
        for id in [0, 1, 1 << 55, (1 << 55) - 1, u64::MAX, 0x1234_5678_9abc_def0] {
            let id = NodeId::from_u64(id);
            let (first, last) = state_bucket_range(state_bucket_of(id));
            assert!(first <= id && id <= last);
        }
        assert_eq!(state_bucket_of(NodeId::from_u64(u64::MAX)), STATE_BUCKETS - 1);
    }
}
