//! What is one key's value, whose is it, and is it whole? One record of an owner's map.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::born::Born;
use crate::id::NodeId;
use crate::rumor::Class;
use crate::wire::RawSequence;

/// The longest key in bytes.
pub const KEY_MAX: usize = 64;
/// Bytes of a time to live.
pub(super) const TTL_LEN: usize = size_of::<u32>();
/// How often an entry can be told at most before it is left to repair.
pub const TOLD_MAX: u8 = u8::MAX;

/// What kind of record an entry is; it never changes under one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// How much its change matters.
    pub class: Class,
    /// Whether it outlives its owner: it stays until it is superseded or removed. Otherwise it goes with its owner's life.
    pub durable: bool,
    /// Whether it is a contribution to a key that all may write.
    pub shared: bool,
    /// Whether it says that the key has no value any more.
    pub removed: bool,
}

impl Nature {
    /// The bits of a byte that [`Nature::bits`] uses.
    pub const MASK: u8 = 0x1f;

    /// As it travels and is hashed: class in bits 0 and 1, durable 2, shared 3, removed 4.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.class as u8 | (self.durable as u8) << 2 | (self.shared as u8) << 3 | (self.removed as u8) << 4
    }

    /// The reverse; `None` when no class has that number or other bits are set.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        let class = Class::from_code(bits & 3).filter(|_| bits & !Self::MASK == 0)?;
        Some(Self { class, durable: bits & 4 != 0, shared: bits & 8 != 0, removed: bits & 16 != 0 })
    }
}

/// An entry that is not in a store: on the wire, or about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft<'a> {
    /// Its number among all writes of its owner in one life, from 1 on.
    pub version: u64,
    /// The origin's own hash over everything that follows, its owner and its version (R20).
    pub check: u64,
    /// What kind of record it is.
    pub nature: Nature,
    /// For how long it holds from its writing on, in milliseconds; 0 for as long as nobody changes it.
    pub ttl_ms: u32,
    /// 1 to [`KEY_MAX`] bytes.
    pub key: &'a [u8],
    /// What the key is said to be; empty where it is removed.
    pub value: &'a [u8],
}

impl Draft<'_> {
    /// The hash that its origin gives it: XXH3-64 over owner, life, version, nature, time to live, and the hashes of key and
    /// value, so that none of them can be changed or exchanged on the way.
    #[must_use]
    pub fn hash(&self, owner: NodeId, life: u32) -> u64 {
        let mut all = [0; 41];
        all[..8].copy_from_slice(&owner.as_u64().to_le_bytes());
        all[8..16].copy_from_slice(&self.version.to_le_bytes());
        all[16..20].copy_from_slice(&life.to_le_bytes());
        all[20..24].copy_from_slice(&self.ttl_ms.to_le_bytes());
        all[24] = self.nature.bits();
        all[25..33].copy_from_slice(&xxh3_64(self.key).to_le_bytes());
        all[33..].copy_from_slice(&xxh3_64(self.value).to_le_bytes());
        xxh3_64(&all)
    }

    /// Where its key is looked for.
    #[must_use]
    pub fn key_hash(&self, owner: NodeId) -> NodeId {
        if self.nature.shared { shared_hash(self.key) } else { key_hash(owner, self.key) }
    }

    /// Bytes of key and value, and of the time to live where there is one: what it takes of all that can be held.
    #[must_use]
    pub const fn text_len(&self) -> usize {
        self.key.len() + self.value.len() + if self.ttl_ms > 0 { TTL_LEN } else { 0 }
    }

    /// Whether it is what its origin wrote.
    #[must_use]
    pub fn is_whole(&self, owner: NodeId, life: u32) -> bool {
        self.hash(owner, life) == self.check
    }
}

/// Where among all keys of an owner a key is looked for.
#[must_use]
pub fn key_hash(owner: NodeId, key: &[u8]) -> NodeId {
    NodeId::from_u64(xxh3_64_with_seed(key, owner.as_u64()))
}

/// Where among all shared keys a key is looked for.
#[must_use]
pub fn shared_hash(key: &[u8]) -> NodeId {
    NodeId::from_u64(xxh3_64(key))
}

/// How far an entry has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A place that is not taken.
    Free,
    /// Held, and not counted in the fingerprint yet.
    Settling,
    /// Held and counted.
    Settled,
    /// Superseded, and counted until what supersedes it is. It has no key any more.
    Ghost,
}

/// An entry that is held: 40 bytes, and its key and value elsewhere, behind its time to live where it has one.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The origin's hash.
    pub check: u64,
    /// When it was written, by this node's clock: what it was old when it came is taken off.
    pub born: Born,
    /// Where key and value are.
    pub(super) place: u32,
    /// Its neighbours in the log, by version; places plus one, 0 at the ends.
    pub(super) before: u32,
    /// The next in the log, or the next free place.
    pub(super) after: u32,
    log: [u8; 3],
    /// How often it has been told in rounds.
    pub told: u8,
    version: RawSequence,
    pub(super) key_len: u8,
    /// The bits of its nature, its stage above them, and whether it has a time to live.
    pub(super) kind: u8,
}

const _: () = assert!(size_of::<Entry>() == 40 && Nature::MASK >> STAGE_SHIFT == 0);

const STAGE_SHIFT: u32 = 5;
const TIMED: u8 = 1 << 7;

impl Entry {
    pub(super) const NONE: Self = Self {
        check: 0,
        born: Born::NONE,
        place: 0,
        before: 0,
        after: 0,
        log: [0; 3],
        told: 0,
        version: RawSequence::new(0),
        key_len: 0,
        kind: Stage::Free as u8,
    };

    /// A place that is not taken, and the next one.
    pub(super) const fn free(after: u32) -> Self {
        Self { after, ..Self::NONE }
    }

    /// An entry of a log that is [`Stage::Settling`] and in no list yet.
    pub(super) fn new(log: u32, place: u32, draft: &Draft<'_>, born: Born) -> Self {
        let [a, b, c, _] = log.to_le_bytes();
        let timed = if draft.ttl_ms > 0 { TIMED } else { 0 };
        Self {
            check: draft.check,
            born,
            place,
            log: [a, b, c],
            version: RawSequence::new(draft.version),
            key_len: draft.key.len() as u8,
            kind: draft.nature.bits() | (Stage::Settling as u8) << STAGE_SHIFT | timed,
            ..Self::NONE
        }
    }

    /// Its number among its owner's writes.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version.get()
    }

    /// Whose it is: the place of the log.
    #[must_use]
    pub const fn log(&self) -> u32 {
        let [a, b, c] = self.log;
        u32::from_le_bytes([a, b, c, 0])
    }

    /// Which of whose writes it is: the place of the log, and the version.
    #[must_use]
    pub const fn write(&self) -> (u32, u64) {
        (self.log(), self.version())
    }

    /// How far it has come.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self.kind >> STAGE_SHIFT & 3 {
            0 => Stage::Free,
            1 => Stage::Settling,
            2 => Stage::Settled,
            _ => Stage::Ghost,
        }
    }

    pub(super) const fn set_stage(&mut self, stage: Stage) {
        self.kind = self.kind & !(3 << STAGE_SHIFT) | (stage as u8) << STAGE_SHIFT;
    }

    /// Whether its key is held, and its value.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        matches!(self.stage(), Stage::Settling | Stage::Settled)
    }

    /// What kind of record it is. It was checked before it was stored; should memory fail the check of the whole finds it.
    #[must_use]
    pub fn nature(&self) -> Nature {
        let bulk = Nature { class: Class::Bulk, durable: false, shared: false, removed: false };
        Nature::from_bits(self.kind & Nature::MASK).unwrap_or(bulk)
    }

    /// Whether it holds for a time only.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        self.kind & TIMED != 0
    }

    /// Bits of its nature, of whether it is timed, and of its version.
    #[cfg(test)]
    pub(super) const FLIPS: usize = 5 + 1 + 48;

    /// Changes one of them.
    #[cfg(test)]
    pub(super) const fn flip(&mut self, bit: usize) {
        match bit {
            0..5 => self.kind ^= 1 << bit,
            5 => self.kind ^= TIMED,
            _ => self.version = RawSequence::new(self.version.get() ^ 1 << (bit - 6)),
        }
    }

    /// Whether it goes with its owner's life.
    #[must_use]
    pub const fn is_ephemeral(&self) -> bool {
        self.kind & 4 == 0
    }

    /// Whether it says that the key has no value.
    #[must_use]
    pub const fn is_removed(&self) -> bool {
        self.kind & 16 != 0
    }

    /// Whether it is a contribution to a shared key.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.kind & 8 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_entry_can_be_changed_or_exchanged_under_its_hash() {
        let nature = Nature { class: Class::Normal, durable: true, shared: false, removed: false };
        let draft = Draft { version: 7, check: 0, nature, ttl_ms: 5, key: b"key", value: b"value" };
        let (owner, other) = (NodeId::from_u64(1), NodeId::from_u64(2));
        let draft = Draft { check: draft.hash(owner, 3), ..draft };
        assert!(draft.is_whole(owner, 3));
        assert!(!draft.is_whole(other, 3) && !draft.is_whole(owner, 4));
        let changed = [
            Draft { version: 8, ..draft },
            Draft { check: draft.check ^ 1, ..draft },
            Draft { ttl_ms: 6, ..draft },
            Draft { nature: Nature { class: Class::Bulk, ..nature }, ..draft },
            Draft { nature: Nature { durable: false, ..nature }, ..draft },
            Draft { nature: Nature { shared: true, ..nature }, ..draft },
            Draft { nature: Nature { removed: true, ..nature }, ..draft },
            Draft { key: b"keyv", value: b"alue", ..draft },
            Draft { key: b"value", value: b"key", ..draft },
        ];
        for changed in changed {
            assert!(!changed.is_whole(owner, 3), "{changed:?}");
        }
    }

    #[test]
    fn a_nature_is_the_bits_that_say_so_and_no_others() {
        let all: Vec<Nature> = (0..=u8::MAX).filter_map(Nature::from_bits).collect();
        assert_eq!(all.len(), Class::ALL.len() * 8);
        assert!(all.iter().all(|nature| Nature::from_bits(nature.bits()) == Some(*nature)));
    }
}
