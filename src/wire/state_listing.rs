//! What is held of all owners in some buckets. Kind 23.
//!
//! ```text
//!  0  first id u64              8  last id u64, inclusive     16  salt u32
//! 20  buckets, 64 bytes: bit `b % 8` of byte `b / 8` where bucket `b` is listed
//! 84  flags u8: bit 0 where the sender gives unasked what it holds more, bit 1 where it asks for what it lacks, bit 2 where it
//!     answers a listing
//! 85  of how many bytes each `complete` is, u8
//! 86  how many records each bucket that is listed has, u8 each
//!  +  records, those of one bucket behind those of another, each:
//!      0  life in bits 0 to 3, owner in bits 4 to 15 of u16     2  check u8
//!      3  complete, 1 to 6 bytes
//! ```
//! The section's count is the number of records plus one, for the head. Records are one for each life of an owner of which
//! anything is held, of those owners whose id is in the range and in a bucket that is listed. Of each only as much as tells it
//! from the others there: the 12 bits of the node id behind those of the bucket, the lowest 4 bits of its life, the version up to which
//! everything is held, in as few bytes as the highest of the listing takes; and 8 bits, salted, of all of that and of the sum over what
//! has settled. Of twenty owners in a bucket two share the 12 bits in one bucket of 20: then the check tells which is which.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::state_sums::{BITS, P1, P2, STATE_BUCKETS, StateBuckets, salted, state_bucket_of, state_bucket_range};
use super::{Kind, RawSequence, Writer};
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

    /// Bytes of a listing of so many buckets and logs, of which none is complete beyond `highest`.
    #[must_use]
    pub const fn len_of(buckets: usize, logs: usize, highest: u64) -> usize {
        IN_FRONT + buckets + logs * (FIXED + width_of(highest))
    }

    /// How many logs fit into so many bytes beside so many buckets, whatever they are complete up to.
    #[must_use]
    pub const fn logs_within(bytes: usize, buckets: usize) -> usize {
        bytes.saturating_sub(IN_FRONT + buckets) / (FIXED + size_of::<RawSequence>())
    }

    /// Writes it, and what is held of its buckets, which come in their order; `false`, and nothing written, where that does not fit
    /// or a log is of no bucket that is listed.
    #[must_use]
    pub fn write(&self, logs: &[LogDigest], writer: &mut Writer<'_>) -> bool {
        let highest = logs.iter().fold(0, |highest, log| log.complete.max(highest));
        let (mut rest, mut counts) = (logs, [0; STATE_BUCKETS]);
        let mut buckets = 0;
        for (bucket, count) in self.buckets.from(0).zip(&mut counts) {
            let of_bucket = rest.iter().take_while(|log| state_bucket_of(log.owner) == bucket).count();
            let Ok(counted) = u8::try_from(of_bucket) else { return false };
            (*count, rest, buckets) = (counted, &rest[of_bucket..], buckets + 1);
        }
        let fits = Self::len_of(buckets, logs.len(), highest) <= writer.room(Kind::StateListing);
        if !rest.is_empty() || !fits {
            return false;
        }
        let width = width_of(highest);
        writer.push_parts(Kind::StateListing, self.as_bytes(), &[&[width as u8], &counts[..buckets]])
            && logs.iter().all(|log| log.write(width, writer))
    }
}

const BACK: u8 = 4;

/// In front of the buckets' counts.
const IN_FRONT: usize = size_of::<RawStateListing>() + size_of::<u8>();

/// In how few bytes a version fits.
const fn width_of(version: u64) -> usize {
    let bits = u64::BITS - version.leading_zeros();
    if bits == 0 { 1 } else { bits.div_ceil(u8::BITS) as usize }
}

const fn modes(mode: Mode) -> u8 {
    mode.pushes() as u8 | (mode.pulls() as u8) << 1
}

/// A log on the wire, in front of its `complete`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct RawLogDigest {
    name: U16,
    check: u8,
}

const FIXED: usize = size_of::<RawLogDigest>();
const _: () = assert!(FIXED == 3 && align_of::<RawLogDigest>() == 1);

/// How much of a life's number travels.
const LIFE_BITS: u32 = 4;
const LIFE_MASK: u8 = (1 << LIFE_BITS) - 1;
/// Behind which bits of an owner's id a listing leaves the others out.
const OWNER_AT: u32 = u64::BITS - BITS - (u16::BITS - LIFE_BITS);

/// The bits of an owner's id that no listing names.
pub const UNLISTED: u64 = (1 << OWNER_AT) - 1;

/// How much of one life of an owner is held, and which parts of it travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogDigest {
    /// Whose life: the first of all ids that a listing does not tell from the owner's ([`UNLISTED`]).
    pub owner: NodeId,
    /// The lowest bits of its number ([`LogDigest::life_of`]).
    pub life: u8,
    /// 8 bits of all that is known of it: they matter where the same versions are held, and not the same.
    pub check: u8,
    /// Everything up to here is held or was superseded.
    pub complete: u64,
}

impl LogDigest {
    /// What travels of an owner's life, of which everything up to a version is held, and the sum over what has settled.
    #[must_use]
    pub fn of(owner: NodeId, life: u32, (complete, sum): (u64, u64), salt: u32) -> Self {
        // A sum is as good as random, and what it is added to is a number of its own for each log: a hash of all would be no better,
        // and a listing asks for hundreds.
        let named = owner.as_u64().wrapping_mul(P1).wrapping_add(complete.wrapping_mul(P2));
        let check = salted(sum.wrapping_add(named).wrapping_add(life.into()), salt) as u8;
        Self { owner: Self::alike(owner).0, life: Self::life_of(life), check, complete }
    }

    /// The first and the last id that a listing does not tell from an owner's.
    #[must_use]
    pub const fn alike(owner: NodeId) -> (NodeId, NodeId) {
        let id = owner.as_u64();
        (NodeId::from_u64(id & !UNLISTED), NodeId::from_u64(id | UNLISTED))
    }

    /// What a listing tells of a life's number.
    #[must_use]
    pub const fn life_of(life: u32) -> u8 {
        life as u8 & LIFE_MASK
    }

    /// Whether it may be of a life as late as another, or of a later one: not further than half of what is told apart.
    #[must_use]
    pub const fn is_as_late_as(&self, life: u32) -> bool {
        self.life.wrapping_sub(life as u8) & LIFE_MASK <= LIFE_MASK / 2
    }

    fn write(&self, width: usize, writer: &mut Writer<'_>) -> bool {
        let owner = (self.owner.as_u64() >> OWNER_AT) as u16;
        let fixed = RawLogDigest { name: (owner << LIFE_BITS | u16::from(self.life)).into(), check: self.check };
        let Some(place) = writer.grow(Kind::StateListing, FIXED + width) else { return false };
        let (front, complete) = place.split_at_mut(FIXED);
        front.copy_from_slice(fixed.as_bytes());
        complete.copy_from_slice(&RawSequence::new(self.complete).as_bytes()[..width]);
        true
    }

    /// Reads it, of an owner in a bucket.
    fn read(bucket: usize, bytes: &[u8]) -> Option<Self> {
        let (fixed, rest) = RawLogDigest::ref_from_prefix(bytes).ok()?;
        let (name, begin) = (fixed.name.get(), state_bucket_range(bucket).0.as_u64());
        let owner = begin | u64::from(name >> LIFE_BITS) << OWNER_AT;
        let mut complete = [0; size_of::<u64>()];
        complete.get_mut(..rest.len())?.copy_from_slice(rest);
        let complete = u64::from_le_bytes(complete);
        Some(Self { owner: NodeId::from_u64(owner), life: name as u8 & LIFE_MASK, check: fixed.check, complete })
    }
}

/// A listing: of whatever owner that it covers and does not name its sender holds nothing.
#[derive(Clone, Copy, Debug)]
pub struct StateListing<'a> {
    /// What it covers.
    pub head: &'a RawStateListing,
    width: usize,
    counts: &'a [u8],
    records: &'a [u8],
}

impl<'a> StateListing<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (head, rest) = RawStateListing::ref_from_prefix(body).ok()?;
        let (width, rest) = rest.split_first()?;
        let width = usize::from(*width);
        let (counts, records) = rest.split_at_checked(head.buckets.count())?;
        let logs = usize::from(count.checked_sub(1)?);
        let counted: usize = counts.iter().map(|of_bucket| usize::from(*of_bucket)).sum();
        let whole = width <= size_of::<RawSequence>() && counted == logs && records.len() == logs * (FIXED + width);
        whole.then_some(Self { head, width, counts, records })
    }

    /// What the sender holds of that.
    pub fn logs(&self) -> impl Iterator<Item = LogDigest> + use<'a> {
        let counted = self.head.buckets.from(0).zip(self.counts);
        let buckets = counted.flat_map(|(bucket, count)| core::iter::repeat_n(bucket, usize::from(*count)));
        let records = self.records.chunks_exact(FIXED + self.width);
        buckets.zip(records).filter_map(|(bucket, record)| LogDigest::read(bucket, record))
    }

    /// A range, a mode, only records that may lie in it, and none in more bytes than it takes.
    pub(super) fn check(&self) -> bool {
        let (first, last) = (self.head.first(), self.head.last());
        let inside = |log: &LogDigest| {
            let (least, most) = LogDigest::alike(log.owner);
            first <= most && least <= last
        };
        let highest = self.logs().fold(0, |highest, log| log.complete.max(highest));
        first <= last
            && self.head.known_mode().is_some()
            && self.width == width_of(highest)
            && self.logs().all(|log| inside(&log))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_takes_as_few_bytes_as_it_fits_in() {
        let widths = [(0, 1), (1, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 3), (1 << 24, 4), (1 << 32, 5)];
        for (version, width) in widths.into_iter().chain([((1 << 40) - 1, 5), (1 << 40, 6), (RawSequence::MAX, 6)]) {
            assert_eq!(width_of(version), width, "{version}");
        }
    }
}
