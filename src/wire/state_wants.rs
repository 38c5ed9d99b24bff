//! Send me what these owners have written since. Kind 24.
//!
//! ```text
//!  0  owner's node id u64       8  its life u32               12  after, 6 bytes
//! ```
//! Everything above `after` is wanted; the answer is pages of that life, the first with a base of at most `after`.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::RawSequence;
use crate::id::NodeId;

/// One life of an owner, on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawStateWant {
    owner: U64,
    life: U32,
    after: RawSequence,
}

const _: () = assert!(size_of::<RawStateWant>() == 18 && align_of::<RawStateWant>() == 1);

/// What is wanted of one life of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateWant {
    /// Whose life.
    pub owner: NodeId,
    /// Which.
    pub life: u32,
    /// What it has written after this version.
    pub after: u64,
}

impl RawStateWant {
    /// The wire form.
    #[must_use]
    pub fn new(want: &StateWant) -> Self {
        Self { owner: want.owner.as_u64().into(), life: want.life.into(), after: RawSequence::new(want.after) }
    }

    /// What is wanted.
    #[must_use]
    pub fn get(&self) -> StateWant {
        StateWant { owner: NodeId::from_u64(self.owner.get()), life: self.life.get(), after: self.after.get() }
    }
}
