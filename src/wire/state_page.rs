//! What one owner has written, between two versions. Kind 25.
//!
//! ```text
//!  0  owner's node id u64       8  its life u32               12  base, 6 bytes
//! 18  upto, 6 bytes            24  floor, 6 bytes             30  flags u16
//! 32  checks u64
//! 40  entries, each:
//!      0  flags u8              1  key's length u8             2  value's length u16
//!      4  step u16              6  [WIDE] version, 6 bytes
//!     ..  [AGED] age in milliseconds u32                      ..  [TIMED] time to live in milliseconds u32
//!     ..  key, value
//! ```
//! The section's count is the number of entries plus one, for the head. Flags: class in bits 0 and 1, durable 2, shared 3,
//! removed 4, AGED 5, TIMED 6, WIDE 7. An entry's version is that of the one before (`base` for the first) plus `step`, or stands
//! in full where it is WIDE, with a step of 0: where that is more than 65,535 beyond, and only there. Without an age it is older than anything that is still under way.
//!
//! `checks` is the sum of the checks that the origin has given the entries (R20). Each follows from the entry, so that one number tells
//! whether all are what was written: a changed bit changes a check, and with it the sum. No entry carries its own.
//!
//! The page holds *all* that its sender holds of this life with a version above `base` and up to `upto`, and its sender is complete
//! up to there: what is not in it was superseded, is over, or was removed and the removal forgotten, which the sender knows of versions
//! up to `floor` (R10, R13, R14). With flag 1 of the head the sender has let go of ephemeral entries, because it held the owner for gone:
//! that such a one is missing says nothing then. With flag 2 the sender is the owner, and its memory has lost an entry: that anything is
//! missing says nothing.

use core::mem::size_of;

use arrayvec::ArrayVec;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Kind, RawSequence, SECTION_HEADER, Writer};
use crate::id::NodeId;
use crate::state::{Draft, KEY_MAX, Nature};

const AGED: u8 = 1 << 5;
const TIMED: u8 = 1 << 6;
const WIDE: u8 = 1 << 7;

/// Where in the head the sum of all checks is.
const CHECKS: usize = 32;

/// In the head's flags.
const PARTIAL: u16 = 1;
const LOST: u16 = 2;

/// The head of a page on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawStatePage {
    owner: U64,
    life: U32,
    base: RawSequence,
    upto: RawSequence,
    floor: RawSequence,
    flags: U16,
    checks: U64,
}

const _: () = {
    assert!(size_of::<RawStatePage>() == 40);
    assert!(core::mem::offset_of!(RawStatePage, checks) == CHECKS);
};

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateHead {
    /// Whose writes these are.
    pub owner: NodeId,
    /// In which of its lives.
    pub life: u32,
    /// Who holds everything up to here can take the page.
    pub base: u64,
    /// And holds everything up to here then.
    pub upto: u64,
    /// Of what is at or below this the sender has forgotten removals.
    pub floor: u64,
    /// Whether the sender has let go of ephemeral entries.
    pub partial: bool,
    /// Whether the sender has lost something of its own.
    pub lost: bool,
}

impl StateHead {
    /// Begins a page; `false`, and nothing changed, when it does not fit.
    #[must_use]
    pub fn write(&self, writer: &mut Writer<'_>) -> bool {
        let raw = RawStatePage {
            owner: self.owner.as_u64().into(),
            life: self.life.into(),
            base: RawSequence::new(self.base),
            upto: RawSequence::new(self.upto),
            floor: RawSequence::new(self.floor),
            flags: (if self.partial { PARTIAL } else { 0 } | if self.lost { LOST } else { 0 }).into(),
            // Of no entry; each adds its own.
            checks: 0.into(),
        };
        writer.push(Kind::StatePage, &raw)
    }
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct RawStateEntry {
    flags: u8,
    key_len: u8,
    value_len: U16,
    step: U16,
}

const _: () = assert!(size_of::<RawStateEntry>() == 6 && align_of::<RawStateEntry>() == 1);

/// An entry as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateEntry<'a> {
    /// What is written.
    pub draft: Draft<'a>,
    /// How long ago, in milliseconds; `None` where nothing is under way any more that is as old.
    pub age_ms: Option<u32>,
}

/// The longest that is in front of an entry's key.
pub const STATE_ENTRY_MAX: usize = size_of::<RawStateEntry>() + size_of::<RawSequence>() + 2 * size_of::<U32>();

impl StateEntry<'_> {
    fn step(&self, before: u64) -> Option<u16> {
        u16::try_from(self.draft.version.checked_sub(before)?).ok()
    }

    /// Bytes that it takes behind an entry with the version `before`.
    #[must_use]
    pub fn wire_len(&self, before: u64) -> usize {
        size_of::<RawStateEntry>()
            + if self.step(before).is_none() { size_of::<RawSequence>() } else { 0 }
            + if self.age_ms.is_some() { size_of::<U32>() } else { 0 }
            + if self.draft.ttl_ms > 0 { size_of::<U32>() } else { 0 }
            + self.draft.key.len()
            + self.draft.value.len()
    }

    /// Adds it to the page that was begun last, behind an entry with the version `before`; `false` when it does not fit.
    #[must_use]
    pub fn write(&self, before: u64, writer: &mut Writer<'_>) -> bool {
        let Draft { version, check, nature, ttl_ms, key, value } = self.draft;
        let step = self.step(before);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let raw = RawStateEntry {
            flags: nature.bits()
                | flag(self.age_ms.is_some(), AGED)
                | flag(ttl_ms > 0, TIMED)
                | flag(step.is_none(), WIDE),
            key_len: key.len() as u8,
            value_len: (value.len() as u16).into(),
            step: step.unwrap_or(0).into(),
        };
        let Some(mut rest) = writer.grow(Kind::StatePage, self.wire_len(before)) else { return false };
        let mut add = |bytes: &[u8]| {
            let (place, behind) = core::mem::take(&mut rest).split_at_mut(bytes.len());
            place.copy_from_slice(bytes);
            rest = behind;
        };
        add(raw.as_bytes());
        if step.is_none() {
            add(RawSequence::new(version).as_bytes());
        }
        self.age_ms.into_iter().for_each(|age_ms| add(U32::new(age_ms).as_bytes()));
        if ttl_ms > 0 {
            add(U32::new(ttl_ms).as_bytes());
        }
        add(key);
        add(value);
        writer.add_within(SECTION_HEADER + CHECKS, check)
    }
}

/// A page as it is read.
#[derive(Clone, Copy, Debug)]
pub struct StatePage<'a> {
    head: &'a RawStatePage,
    count: u8,
    body: &'a [u8],
}

impl<'a> StatePage<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (head, body) = RawStatePage::ref_from_prefix(body).ok()?;
        Some(Self { head, count: count.checked_sub(1)?, body })
    }

    /// What it is about.
    #[must_use]
    pub fn head(&self) -> StateHead {
        StateHead {
            owner: NodeId::from_u64(self.head.owner.get()),
            life: self.head.life.get(),
            base: self.head.base.get(),
            upto: self.head.upto.get(),
            floor: self.head.floor.get(),
            partial: self.head.flags.get() & PARTIAL != 0,
            lost: self.head.flags.get() & LOST != 0,
        }
    }

    /// What is in it, in the order of versions.
    #[must_use]
    pub fn entries(&self) -> StateEntries<'a> {
        let (owner, life) = (NodeId::from_u64(self.head.owner.get()), self.head.life.get());
        StateEntries { origin: (owner, life), unchecked: self.unchecked() }
    }

    /// The same without checks and ages.
    pub(crate) fn drafts(&self) -> impl Iterator<Item = Draft<'a>> + use<'a> {
        self.unchecked().map(|entry| entry.draft)
    }

    /// The same with a check of 0.
    const fn unchecked(&self) -> Unchecked<'a> {
        Unchecked { left: self.count, version: self.head.base.get(), rest: self.body }
    }

    /// The sum of the checks of all entries, as it stands in the page.
    #[must_use]
    pub const fn checks(&self) -> u64 {
        self.head.checks.get()
    }

    /// Whether every entry is what its origin wrote (R20).
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole(&mut Checks::new()).is_some()
    }

    /// The page, if every entry is what its origin wrote (R20), with the checks that this took: to make them takes longer than to
    /// read the rest.
    pub(crate) fn whole<'c>(&self, checks: &'c mut Checks) -> Option<WholePage<'c>>
    where
        'a: 'c,
    {
        checks.clear();
        checks.extend(self.entries().map(|entry| entry.draft.check));
        let sum = checks.iter().fold(0, |sum: u64, check| sum.wrapping_add(*check));
        (sum == self.checks()).then_some(WholePage { page: *self, checks })
    }

    /// Versions that rise from above the base up to the end, and records that make sense.
    pub(super) fn check(&self) -> bool {
        let head = self.head();
        let (mut last, mut rest) = (head.base, self.body);
        for _ in 0..self.count {
            match read(last, rest) {
                Some((entry, behind)) if entry.draft.version > last && entry.draft.version <= head.upto => {
                    (last, rest) = (entry.draft.version, behind);
                }
                Some(_) | None => return false,
            }
        }
        self.head.flags.get() & !(PARTIAL | LOST) == 0
            && head.life > 0
            && head.base < head.upto
            && rest.is_empty()
            && (self.count > 0 || self.checks() == 0)
    }
}

/// The checks of the entries of one page.
pub(crate) type Checks = ArrayVec<u64, { u8::MAX as usize }>;

/// A page of which every entry is what its origin wrote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholePage<'a> {
    page: StatePage<'a>,
    checks: &'a [u64],
}

impl<'a> WholePage<'a> {
    /// What it is about.
    pub(crate) fn head(&self) -> StateHead {
        self.page.head()
    }

    /// What is in it, in the order of versions.
    pub(crate) fn entries(&self) -> impl Iterator<Item = StateEntry<'a>> + use<'a> {
        self.page.unchecked().zip(self.checks).map(|(mut entry, check)| {
            entry.draft.check = *check;
            entry
        })
    }
}

/// The entries of a page, read one after the other, each with the check that its origin must have given it.
#[derive(Clone, Copy, Debug)]
pub struct StateEntries<'a> {
    origin: (NodeId, u32),
    unchecked: Unchecked<'a>,
}

impl<'a> Iterator for StateEntries<'a> {
    type Item = StateEntry<'a>;

    fn next(&mut self) -> Option<StateEntry<'a>> {
        let mut entry = self.unchecked.next()?;
        let (owner, life) = self.origin;
        entry.draft.check = entry.draft.hash(owner, life);
        Some(entry)
    }
}

/// The entries of a page, without their checks.
#[derive(Clone, Copy, Debug)]
struct Unchecked<'a> {
    left: u8,
    version: u64,
    rest: &'a [u8],
}

impl<'a> Iterator for Unchecked<'a> {
    type Item = StateEntry<'a>;

    fn next(&mut self) -> Option<StateEntry<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (entry, rest) = read(self.version, self.rest)?;
        (self.version, self.rest) = (entry.draft.version, rest);
        Some(entry)
    }
}

/// The entry that comes next, without its check.
fn read(before: u64, bytes: &[u8]) -> Option<(StateEntry<'_>, &[u8])> {
    let (raw, mut rest) = RawStateEntry::ref_from_prefix(bytes).ok()?;
    let nature = Nature::from_bits(raw.flags & Nature::MASK)?;
    let mut version = before.checked_add(u64::from(raw.step.get()))?;
    if raw.flags & WIDE != 0 {
        let (wide, after) = RawSequence::ref_from_prefix(rest).ok()?;
        // In full only where 16 bits do not hold the step: each page is written in one way.
        let far = wide.get().checked_sub(before).is_some_and(|step| step > u64::from(u16::MAX));
        (version, rest) = (Some(wide.get()).filter(|_| raw.step.get() == 0 && far)?, after);
    }
    let mut number = |flag: u8| {
        if raw.flags & flag == 0 {
            return Some(None);
        }
        let (number, after) = U32::ref_from_prefix(rest).ok()?;
        rest = after;
        Some(Some(number.get()))
    };
    let (age_ms, ttl_ms) = (number(AGED)?, number(TIMED)?);
    let (key, rest) = rest.split_at_checked(usize::from(raw.key_len))?;
    let (value, rest) = rest.split_at_checked(usize::from(raw.value_len.get()))?;
    let sound = !key.is_empty()
        && key.len() <= KEY_MAX
        && ttl_ms != Some(0)
        // Who has held it for so long must say how long, or it would hold for ever.
        && (age_ms.is_some() || ttl_ms.is_none() && !nature.removed)
        && (!nature.removed || value.is_empty());
    let draft = Draft { version, check: 0, nature, ttl_ms: ttl_ms.unwrap_or(0), key, value };
    sound.then_some((StateEntry { draft, age_ms }, rest))
}
