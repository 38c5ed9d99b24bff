//! How much of each origin's rumors does the sender have? Kind 17.
//!
//! ```text
//!  0  origin's node id u64             8  origin's boot id, low half u32    12  complete up to, 6 bytes
//! 18  how far beyond it the highest    20  how many of those up to it       22  which of the 64 beyond it
//!     one lies u16                         are still to be had u16              it has u64, bit 0 the first
//! ```

use core::mem::offset_of;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::RawSequence;
use crate::id::NodeId;

/// What a node has of one origin's rumors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Whose.
    pub origin: NodeId,
    /// Of which of its starts: the low half of the boot id.
    pub boot: u32,
    /// Every rumor up to this number has been received, or was given up.
    pub complete: u64,
    /// How far beyond it the highest number lies that has been heard of; saturates.
    pub ahead: u16,
    /// How many of the last ones up to `complete` can still be had from the sender; saturates.
    pub kept: u16,
    /// Which of the 64 beyond `complete` the sender has received, the lowest bit first.
    pub seen: u64,
}

/// A digest on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawDigest {
    origin: U64,
    boot: U32,
    complete: RawSequence,
    ahead: U16,
    kept: U16,
    seen: U64,
}

const _: () = assert!(size_of::<RawDigest>() == 30 && offset_of!(RawDigest, seen) == 22);

impl RawDigest {
    /// The wire form.
    #[must_use]
    pub fn new(digest: &Digest) -> Self {
        Self {
            origin: digest.origin.as_u64().into(),
            boot: digest.boot.into(),
            complete: RawSequence::new(digest.complete),
            ahead: digest.ahead.into(),
            kept: digest.kept.into(),
            seen: digest.seen.into(),
        }
    }

    /// The digest.
    #[must_use]
    pub fn get(&self) -> Digest {
        Digest {
            origin: NodeId::from_u64(self.origin.get()),
            boot: self.boot.get(),
            complete: self.complete.get(),
            ahead: self.ahead.get(),
            kept: self.kept.get(),
            seen: self.seen.get(),
        }
    }
}
