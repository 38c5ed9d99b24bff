//! Who sends, to whom, and is it whole? The fixed header, its extension for introductions, and the checksum.
//!
//! ```text
//!  0  magic u8 = 0xb7        12  sender's boot id, low half u32      36  [INTRO] sender's boot id, high half u32
//!  1  version u8 = 1         16  sender's node id u64                40  [INTRO] packet counter, high half u32
//!  2  suite u8               24  packet counter, low half u32        ..  sections
//!  3  key id u8              28  membership fingerprint u32          -8  XXH3-64 of all before, seeded
//!  4  flags u8               32  rumors' fingerprint u16
//!  5  zero u8                34  state fingerprint u16
//!  6  receiver's boot id, low 16 bits (0 when not bound)
//!  8  cluster key, low half u32
//! ```
//! What both sides know is bound and not sent: the whole cluster key, both whole boot ids and the high half of the counter
//! go into the checksum's seed (R3, R7). A datagram for another life, from another life or from another cluster fails
//! the checksum even where the short tags happen to agree.

use core::mem::{offset_of, size_of};
use xxhash_rust::xxh3::xxh3_64_with_seed;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::section::{self, Sections};
use crate::error::DropReason;
use crate::id::{BootId, ClusterKey, NodeId};

/// The first byte of every datagram.
pub const MAGIC: u8 = 0xb7;
/// The protocol version of this build.
pub const VERSION: u8 = 1;
/// Suite 0: not sealed, integrity by XXH3-64.
pub const SUITE_PLAIN: u8 = 0;
/// Flag: the extension with the halves of boot id and counter that do not travel otherwise follows the header.
pub const FLAG_INTRO: u8 = 1;
/// Flag: the receiver's boot id is part of the checksum's seed.
pub const FLAG_BOUND: u8 = 2;

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct RawHeader {
    magic: u8,
    version: u8,
    suite: u8,
    key_id: u8,
    flags: u8,
    zero: u8,
    receiver: U16,
    cluster: U32,
    boot: U32,
    sender: U64,
    counter: U32,
    membership: U32,
    rumors: U16,
    state: U16,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct RawIntro {
    boot_high: U32,
    counter_high: U32,
}

const HEADER: usize = size_of::<RawHeader>();
const INTRO: usize = size_of::<RawIntro>();
const CHECK: usize = 8;

/// Bytes of a datagram that are not sections.
pub const OVERHEAD: usize = HEADER + CHECK;
/// The same in an introduction.
pub const OVERHEAD_INTRO: usize = HEADER + INTRO + CHECK;

const _: () = {
    assert!(HEADER == 36 && INTRO == 8 && align_of::<RawHeader>() == 1);
    assert!(offset_of!(RawHeader, receiver) == 6 && offset_of!(RawHeader, cluster) == 8);
    assert!(offset_of!(RawHeader, boot) == 12 && offset_of!(RawHeader, sender) == 16);
    assert!(offset_of!(RawHeader, counter) == 24 && offset_of!(RawHeader, membership) == 28);
    assert!(offset_of!(RawHeader, rumors) == 32 && offset_of!(RawHeader, state) == 34);
    // A quiet ping and its ack.
    assert!(2 * (OVERHEAD + section::SECTION_HEADER + 4) <= 104);
};

/// What travels in front of the sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The low half of the cluster's key.
    pub cluster: u32,
    /// The sender.
    pub sender: NodeId,
    /// The low half of the sender's boot id.
    pub boot_tag: u32,
    /// The high halves of boot id and packet counter, in an introduction.
    pub intro: Option<(u32, u32)>,
    /// The low 16 bits of the receiver's boot id, where the datagram is bound to one.
    pub receiver: Option<u16>,
    /// The low half of the sender's packet counter: one number for each datagram it ever sends in this life.
    pub counter: u32,
    /// The low half of the sender's membership fingerprint.
    pub membership: u32,
    /// A part of the fingerprint of the rumors that the sender has had: see [`Header::part`].
    pub rumors: u16,
    /// The same of the state that it holds.
    pub state: u16,
}

impl Header {
    /// What of a fingerprint travels in a datagram: of its lower half the upper 16 bits where the packet counter is odd, the lower
    /// where it is even. Two that differ may agree in one datagram, one time in 65,536, and hardly in the next.
    #[must_use]
    pub const fn part(root: u64, counter: u32) -> u16 {
        (if counter % 2 == 1 { root >> 16 } else { root }) as u16
    }

    /// The sender's whole boot id, where the datagram is an introduction.
    #[must_use]
    pub fn introduced_boot(&self) -> Option<BootId> {
        self.intro.map(|(high, _)| BootId::from_u64((u64::from(high) << 32) | u64::from(self.boot_tag)))
    }
}

/// What the checksum covers beside the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The cluster.
    pub cluster: ClusterKey,
    /// The sender's start.
    pub sender: BootId,
    /// The receiver's start; `None` when the sender cannot know it.
    pub receiver: Option<BootId>,
    /// The high half of the sender's packet counter.
    pub counter_high: u32,
}

impl Binding {
    /// The seed: the four numbers, each times its own odd constant (the 64-bit primes of xxHash), summed mod 2^64.
    #[must_use]
    pub fn seed(&self) -> u64 {
        const P1: u64 = 0x9e37_79b1_85eb_ca87;
        const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
        const P3: u64 = 0x1656_67b1_9e37_79f9;
        let receiver = self.receiver.map_or(0, BootId::as_u64);
        (self.cluster.as_u64())
            .wrapping_add(self.sender.as_u64().wrapping_mul(P1))
            .wrapping_add(receiver.wrapping_mul(P2))
            .wrapping_add(u64::from(self.counter_high).wrapping_mul(P3))
    }
}

/// A datagram whose header could be read and whose checksum has not been verified yet.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The header.
    pub header: Header,
    bytes: &'a [u8],
    body_at: usize,
}

impl<'a> Datagram<'a> {
    /// Reads the header: length, magic, version, suite, reserved bits.
    ///
    /// # Errors
    /// The reason to drop the datagram.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DropReason> {
        let (raw, rest) = RawHeader::ref_from_prefix(bytes).map_err(|_| DropReason::Short)?;
        if raw.magic != MAGIC {
            return Err(DropReason::NotBruit);
        }
        if raw.version != VERSION {
            return Err(DropReason::UnknownVersion);
        }
        if raw.suite != SUITE_PLAIN || raw.key_id != 0 {
            return Err(DropReason::UnknownSuite);
        }
        if raw.flags & !(FLAG_INTRO | FLAG_BOUND) != 0 || raw.zero != 0 {
            return Err(DropReason::ReservedBits);
        }
        let bound = raw.flags & FLAG_BOUND != 0;
        if !bound && raw.receiver.get() != 0 {
            return Err(DropReason::ReservedBits);
        }
        let intro = if raw.flags & FLAG_INTRO == 0 {
            None
        } else {
            let (intro, _) = RawIntro::ref_from_prefix(rest).map_err(|_| DropReason::Short)?;
            Some((intro.boot_high.get(), intro.counter_high.get()))
        };
        let body_at = if intro.is_some() { HEADER + INTRO } else { HEADER };
        if bytes.len() < body_at + CHECK {
            return Err(DropReason::Short);
        }
        let header = Header {
            cluster: raw.cluster.get(),
            sender: NodeId::from_u64(raw.sender.get()),
            boot_tag: raw.boot.get(),
            intro,
            receiver: bound.then(|| raw.receiver.get()),
            counter: raw.counter.get(),
            membership: raw.membership.get(),
            rumors: raw.rumors.get(),
            state: raw.state.get(),
        };
        Ok(Self { header, bytes, body_at })
    }

    /// Bytes of the whole datagram.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a datagram has a header")]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes between header and checksum, **unverified**: for dissectors, which lack the boot ids that verifying
    /// takes. A node reads sections through [`Datagram::open`] only.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        &self.bytes[self.body_at..self.bytes.len() - CHECK]
    }

    /// Verifies the checksum and then the structure of every section.
    ///
    /// # Errors
    /// [`DropReason::Corrupt`], [`DropReason::BadSection`] or [`DropReason::BadRecord`].
    pub fn open(&self, binding: &Binding) -> Result<Sections<'a>, DropReason> {
        let (covered, check) = self.bytes.split_last_chunk::<CHECK>().ok_or(DropReason::Short)?;
        if xxh3_64_with_seed(covered, binding.seed()) != u64::from_le_bytes(*check) {
            return Err(DropReason::Corrupt);
        }
        Sections::check(&covered[self.body_at..])
    }
}

/// Writes the header into `buf` and returns where the sections begin. The caller gives at least a whole datagram.
pub(super) fn write(header: &Header, buf: &mut [u8]) -> usize {
    let raw = RawHeader {
        magic: MAGIC,
        version: VERSION,
        suite: SUITE_PLAIN,
        key_id: 0,
        flags: if header.intro.is_some() { FLAG_INTRO } else { 0 }
            | if header.receiver.is_some() { FLAG_BOUND } else { 0 },
        zero: 0,
        receiver: header.receiver.unwrap_or(0).into(),
        cluster: header.cluster.into(),
        boot: header.boot_tag.into(),
        sender: header.sender.as_u64().into(),
        counter: header.counter.into(),
        membership: header.membership.into(),
        rumors: header.rumors.into(),
        state: header.state.into(),
    };
    buf[..HEADER].copy_from_slice(raw.as_bytes());
    let Some((boot_high, counter_high)) = header.intro else {
        return HEADER;
    };
    let intro = RawIntro { boot_high: boot_high.into(), counter_high: counter_high.into() };
    buf[HEADER..HEADER + INTRO].copy_from_slice(intro.as_bytes());
    HEADER + INTRO
}

/// Closes the datagram `buf[..len]` with its checksum and returns its length.
pub(super) fn seal(buf: &mut [u8], len: usize, binding: &Binding) -> usize {
    let check = xxh3_64_with_seed(&buf[..len], binding.seed());
    buf[len..len + CHECK].copy_from_slice(&check.to_le_bytes());
    len + CHECK
}

/// Room that [`seal`] needs.
pub(super) const CHECK_LEN: usize = CHECK;
