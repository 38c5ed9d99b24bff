//! What have we handed to each other of numbers that are averaged? Kind 30.
//!
//! ```text
//!  0  flags u8      1  zero [u8; 3]      4  records, each:
//!      0  hash of the number's name u64      8  version u64
//!     16  given: of the sum f64             24  given: of the count f64
//!     32  left: of the sum f64              40  left: of the count f64
//! ```
//! The section's count is the number of records plus one, for the flags. Flag 1: this is an answer. Flag 2: the sender picks the receiver.
//! Flag 4: there is no link any more; such a section has no records. Flag 8: the receiver is told of the numbers and shall not answer; nothing
//! was given. What was given is the whole flow to the receiver as the
//! sender knows it, and what is left the sender's share after it. Doubles are finite and at most 1e40 in magnitude.

use zerocopy::little_endian::{F64, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::aggregate::{Flow, Mass, Word};

const ANSWER: u8 = 1;
const PICKED: u8 = 2;
const END: u8 = 4;
const NOTICE: u8 = 8;
/// Contributions are at most 1e30 in magnitude, and so is every share of them; what nodes hand to each other is not much more.
const LARGEST: f64 = 1e40;

/// What stands in front of the records.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawAverages {
    flags: u8,
    zero: [u8; 3],
}

const _: () = assert!(size_of::<RawAverages>() == 4);

impl RawAverages {
    /// A question or its answer, from a node that picks the receiver or does not.
    #[must_use]
    pub const fn new(answer: bool, picked: bool) -> Self {
        Self { flags: if answer { ANSWER } else { 0 } | if picked { PICKED } else { 0 }, zero: [0; 3] }
    }

    /// There are such numbers.
    #[must_use]
    pub const fn notice() -> Self {
        Self { flags: NOTICE, zero: [0; 3] }
    }

    /// There is no link.
    #[must_use]
    pub const fn end() -> Self {
        Self { flags: ANSWER | END, zero: [0; 3] }
    }
}

/// One number, on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct RawFlow {
    id: U64,
    version: U64,
    given: [F64; 2],
    left: [F64; 2],
}

const _: () = assert!(size_of::<RawFlow>() == 48 && align_of::<RawFlow>() == 1);

impl RawFlow {
    pub(crate) fn new(id: u64, word: &Word) -> Self {
        let pair = |mass: Mass| [mass.sum, mass.count];
        let Word { flow, share } = word;
        Self::of(id, flow.version, pair(flow.given), pair(*share))
    }

    /// What the sender has handed over in all, of the sum and of the count, after so many changes; and what is left to it.
    #[must_use]
    pub fn of(id: u64, version: u64, given: [f64; 2], left: [f64; 2]) -> Self {
        let [given, left] = [given, left].map(|pair| pair.map(F64::new));
        Self { id: id.into(), version: version.into(), given, left }
    }

    /// After how many changes.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version.get()
    }

    /// What was handed over, of the sum and of the count.
    #[must_use]
    pub fn given(&self) -> [f64; 2] {
        self.given.map(F64::get)
    }

    /// What is left to the sender.
    #[must_use]
    pub fn left(&self) -> [f64; 2] {
        self.left.map(F64::get)
    }

    /// The hash of the number's name.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id.get()
    }

    pub(crate) fn word(&self) -> Word {
        let mass = |[sum, count]: [F64; 2]| Mass { sum: sum.get(), count: count.get() };
        Word { flow: Flow { given: mass(self.given), version: self.version.get() }, share: mass(self.left) }
    }

    fn check(&self) -> bool {
        let fits = |double: &F64| double.get().abs() <= LARGEST;
        self.given.iter().chain(&self.left).all(fits)
    }
}

/// A section of flows.
#[derive(Clone, Copy, Debug)]
pub struct Flows<'a> {
    head: RawAverages,
    /// The numbers that the sender has part in.
    pub records: &'a [RawFlow],
}

impl<'a> Flows<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (head, rest) = RawAverages::read_from_prefix(body).ok()?;
        let records = <[RawFlow]>::ref_from_bytes(rest).ok()?;
        (records.len() + 1 == usize::from(count)).then_some(Self { head, records })
    }

    /// Whether it answers.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        self.head.flags & ANSWER != 0
    }

    /// Whether the sender picks the receiver.
    #[must_use]
    pub const fn is_picked(&self) -> bool {
        self.head.flags & PICKED != 0
    }

    /// Whether there is no link any more.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        self.head.flags & END != 0
    }

    /// Whether it only tells of the numbers.
    #[must_use]
    pub const fn is_notice(&self) -> bool {
        self.head.flags & NOTICE != 0
    }

    pub(super) fn check(&self) -> bool {
        let asks = self.head.flags & !(ANSWER | PICKED) == 0 && self.head.zero == [0; 3];
        let ends = self.head == RawAverages::end();
        let known = asks || ends || self.head == RawAverages::notice();
        known && ends == self.records.is_empty() && self.records.iter().all(RawFlow::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;
    use zerocopy::IntoBytes;

    fn body() -> Vec<u8> {
        let flow = Flow { given: Mass { sum: 2.5, count: 0.5 }, version: 3 };
        let word = Word { flow, share: Mass { sum: 7.5, count: 0.5 } };
        [RawAverages::new(false, true).as_bytes(), RawFlow::new(xxh3_64(b"load"), &word).as_bytes()].concat()
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let good = body();
        let opens = |count: u8, body: &[u8]| Flows::new(count, body).is_some_and(|flows| flows.check());
        assert!(opens(2, &good));
        assert!(!opens(1, &good) && !opens(3, &good) && !opens(2, &good[..51]), "count and length agree");
        let with = |at: usize, bytes: &[u8]| {
            let mut bad = good.clone();
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            opens(2, &bad)
        };
        let flags = |flags: u8| with(0, &[flags]);
        let known: Vec<u8> = (0..=u8::MAX).filter(|bits| flags(*bits)).collect();
        assert_eq!(known, [0, 1, 2, 3, 8], "an end has no records");
        assert!(opens(1, RawAverages::end().as_bytes()) && !opens(1, RawAverages::notice().as_bytes()));
        assert!(!with(3, &[1]));
        for at in [20, 28, 36, 44] {
            assert!(!with(at, &f64::NAN.to_le_bytes()) && !with(at, &2e40_f64.to_le_bytes()), "at {at}");
            assert!(with(at, &(-1e40_f64).to_le_bytes()), "at {at}");
        }
    }
}
