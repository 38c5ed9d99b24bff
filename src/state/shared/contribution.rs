//! What does one writer contribute? The value of an entry of a shared key.
//!
//! ```text
//!  0  rule u8      1  flags u8      2  stamps u8      3  zero u8      4  hybrid clock u64
//! 12  stamps, 18 bytes each: owner's id u64, life u32, version in 6 bytes
//! ..  what is said: a value, a sum (i64), or the elements of a set
//! ```
//! Flag 1: the key is unset. Flag 2, only with flag 1: nothing is said of the key, only taken back what the writer has
//! contributed in a former life. The stamps are writes that the writer had seen and takes the place of.

use super::rule::MergeRule;
use super::seen::{Seen, Stamp};

const HEAD: usize = 12;
const ABSENT: u8 = 1;
const RETRACTS: u8 = 2;

/// What stands in front of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What becomes of concurrent writes.
    pub rule: MergeRule,
    /// Whether the key is unset.
    pub absent: bool,
    /// Whether not even that is said: it only takes back what its writer has contributed in a former life.
    pub retracts: bool,
    /// When it was written, by a hybrid logical clock: milliseconds of wall time in the upper 48 bits; 0 where no rule asks for it.
    pub clock: u64,
}

/// A contribution as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution<'a> {
    /// What stands in front.
    pub head: Head,
    seen: &'a [u8],
    /// What is said.
    pub said: &'a [u8],
}

impl<'a> Contribution<'a> {
    /// Reads the value of an entry; `None` where it is none.
    #[must_use]
    pub fn read(value: &'a [u8]) -> Option<Self> {
        let ([rule, flags, stamps, zero, clock @ ..], rest) = value.split_first_chunk::<HEAD>()?;
        let (seen, said) = rest.split_at_checked(usize::from(*stamps) * Stamp::LEN)?;
        let head = Head {
            rule: MergeRule::from_code(*rule)?,
            absent: flags & ABSENT != 0,
            retracts: flags & RETRACTS != 0,
            clock: u64::from_le_bytes(*clock),
        };
        let sound = *zero == 0
            && flags & !(ABSENT | RETRACTS) == 0
            && (head.absent || !head.retracts)
            && (said.is_empty() || !head.absent);
        sound.then_some(Self { head, seen, said })
    }

    /// The writes that it takes the place of.
    pub fn seen(&self) -> impl Iterator<Item = Stamp> + use<'a> {
        self.seen.chunks_exact(Stamp::LEN).filter_map(|stamp| stamp.first_chunk().map(Stamp::from_bytes))
    }

    /// Whether its writer had seen a write and takes its place.
    #[must_use]
    pub fn covers(&self, stamp: &Stamp) -> bool {
        self.seen().any(|seen| seen.covers(stamp))
    }

    /// What a counter's writer has added, all in all.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.said.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }
}

impl Head {
    /// Writes a contribution into `buf`, what is said by `say`, which is given what is left of it and says how much it took;
    /// `None` where it does not fit.
    pub fn write(&self, seen: &Seen, buf: &mut [u8], say: impl FnOnce(&mut [u8]) -> Option<usize>) -> Option<usize> {
        let (head, mut rest) = buf.split_first_chunk_mut::<HEAD>()?;
        let stamps = seen.stamps();
        let flags = if self.absent { ABSENT } else { 0 } | if self.retracts { RETRACTS } else { 0 };
        head[..4].copy_from_slice(&[self.rule as u8, flags, stamps.len() as u8, 0]);
        head[4..].copy_from_slice(&self.clock.to_le_bytes());
        for stamp in stamps {
            let (bytes, after) = rest.split_first_chunk_mut::<{ Stamp::LEN }>()?;
            *bytes = stamp.to_bytes();
            rest = after;
        }
        Some(HEAD + stamps.len() * Stamp::LEN + say(rest)?)
    }
}
