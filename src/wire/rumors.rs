//! Rumors with all that belongs to them. Kind 16.
//!
//! ```text
//!  0  origin's node id u64      8  topic u64                  16  origin's boot id, low half u32
//! 20  sequence, 6 bytes        26  payload's length u16       28  age in microseconds u32
//! 32  hops u8                  33  class u8, and bit 7        34  payload
//! ```
//! Bit 7 of the class asks the receiver to say whether it has had the rumor already.

use core::mem::{offset_of, size_of};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Kind, Writer};
use crate::id::NodeId;
use crate::rumor::{Class, RumorId, Topic};

/// Bit 7 of the class.
const ASKS: u8 = 0x80;

/// A sequence number on the wire: 48 bits, which last for 44 years of 200,000 rumors a second.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawSequence([u8; 6]);

impl RawSequence {
    /// The highest that travels. An origin publishes no more in one life.
    pub const MAX: u64 = (1 << 48) - 1;

    /// The wire form of a number up to [`RawSequence::MAX`].
    #[must_use]
    pub const fn new(n: u64) -> Self {
        let [a, b, c, d, e, f, _, _] = n.to_le_bytes();
        Self([a, b, c, d, e, f])
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
    }
}

/// A rumor as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rumor<'a> {
    /// Which.
    pub id: RumorId,
    /// About what.
    pub topic: Topic,
    /// How much it matters.
    pub class: Class,
    /// How long ago it was published, in microseconds, by the clocks of all who have had it on its way; saturates.
    pub age_us: u32,
    /// How often it has been forwarded, 0 from its origin; saturates.
    pub hops: u8,
    /// Whether the sender wants to know if the receiver has had it already.
    pub asks: bool,
    /// What it says.
    pub payload: &'a [u8],
}

impl Rumor<'_> {
    /// Adds it to a datagram; `false`, and nothing changed, when it does not fit.
    #[must_use]
    pub fn write(&self, writer: &mut Writer<'_>) -> bool {
        let fixed = RawRumor {
            origin: self.id.origin.as_u64().into(),
            topic: self.topic.as_u64().into(),
            boot: self.id.boot.into(),
            sequence: RawSequence::new(self.id.sequence),
            len: (self.payload.len() as u16).into(),
            age: self.age_us.into(),
            hops: self.hops,
            class: self.class as u8 | if self.asks { ASKS } else { 0 },
        };
        writer.push_parts(Kind::Rumors, fixed.as_bytes(), &[self.payload])
    }
}

/// The fixed part of a rumor on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub struct RawRumor {
    origin: U64,
    topic: U64,
    boot: U32,
    sequence: RawSequence,
    len: U16,
    age: U32,
    hops: u8,
    class: u8,
}

const _: () = {
    assert!(size_of::<RawRumor>() == 34 && align_of::<RawRumor>() == 1);
    assert!(offset_of!(RawRumor, boot) == 16 && offset_of!(RawRumor, len) == 26);
    assert!(offset_of!(RawRumor, age) == 28 && offset_of!(RawRumor, class) == 33);
};

/// The rumors of one section, read one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Rumors<'a> {
    count: u8,
    rest: &'a [u8],
}

impl<'a> Rumors<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        (count > 0).then_some(Self { count, rest: body })
    }

    /// Whether the body is exactly `count` rumors that make sense.
    pub(super) fn check(&self) -> bool {
        let mut rest = self.rest;
        for _ in 0..self.count {
            match read(rest) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

impl<'a> Iterator for Rumors<'a> {
    type Item = Rumor<'a>;

    #[inline]
    fn next(&mut self) -> Option<Rumor<'a>> {
        let (rumor, rest) = read(self.rest)?;
        self.rest = rest;
        Some(rumor)
    }
}

#[inline]
fn read(bytes: &[u8]) -> Option<(Rumor<'_>, &[u8])> {
    let (raw, rest) = RawRumor::ref_from_prefix(bytes).ok()?;
    let (payload, rest) = rest.split_at_checked(usize::from(raw.len.get()))?;
    let id = RumorId {
        origin: NodeId::from_u64(raw.origin.get()),
        boot: raw.boot.get(),
        sequence: Some(raw.sequence.get()).filter(|n| *n > 0)?,
    };
    let rumor = Rumor {
        id,
        topic: Topic::from_u64(raw.topic.get()),
        class: Class::from_code(raw.class & !ASKS)?,
        age_us: raw.age.get(),
        hops: raw.hops,
        asks: raw.class & ASKS != 0,
        payload,
    };
    Some((rumor, rest))
}
