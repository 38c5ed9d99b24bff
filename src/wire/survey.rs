//! How far are you? And: so far. Kinds 28 and 29.
//!
//! ```text
//! survey                                           surveyed
//!  0  nonce u32                                     0  nonce u32
//!  4  owner's node id u64                           4  complete, 6 bytes
//! 12  its life u32                                 10  zero u16
//!                                                  12  membership fingerprint u64
//!                                                  20  rumors' fingerprint u64
//!                                                  28  state fingerprint u64
//! ```
//! The answer says up to which version its sender holds everything of that life of the owner, 0 where it holds nothing, and its whole
//! fingerprints.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::RawSequence;
use crate::id::NodeId;

/// A question about one life of an owner.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawSurvey {
    /// Comes back in the answer.
    pub nonce: U32,
    /// The owner's node id.
    pub owner: U64,
    /// Its life.
    pub life: U32,
}

const _: () = assert!(size_of::<RawSurvey>() == 16 && align_of::<RawSurvey>() == 1);

/// The answer.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawSurveyed {
    nonce: U32,
    complete: RawSequence,
    zero: U16,
    membership: U64,
    rumors: U64,
    state: U64,
}

const _: () = assert!(size_of::<RawSurveyed>() == 36 && align_of::<RawSurveyed>() == 1);

/// How far a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    /// Up to which version it holds everything of the life that was asked about.
    pub complete: u64,
    /// Its fingerprint of the members.
    pub membership: u64,
    /// Its fingerprint of the rumors.
    pub rumors: u64,
    /// Its fingerprint of the state.
    pub state: u64,
}

impl RawSurvey {
    /// A question.
    #[must_use]
    pub fn new(nonce: u32, owner: NodeId, life: u32) -> Self {
        Self { nonce: nonce.into(), owner: owner.as_u64().into(), life: life.into() }
    }
}

impl RawSurveyed {
    /// An answer.
    #[must_use]
    pub fn new(nonce: u32, progress: &Progress) -> Self {
        Self {
            nonce: nonce.into(),
            complete: RawSequence::new(progress.complete),
            zero: 0.into(),
            membership: progress.membership.into(),
            rumors: progress.rumors.into(),
            state: progress.state.into(),
        }
    }

    /// The question's number.
    #[must_use]
    pub const fn nonce(&self) -> u32 {
        self.nonce.get()
    }

    /// What is answered.
    #[must_use]
    pub fn get(&self) -> Progress {
        Progress {
            complete: self.complete.get(),
            membership: self.membership.get(),
            rumors: self.rumors.get(),
            state: self.state.get(),
        }
    }

    pub(super) const fn check(&self) -> bool {
        self.zero.get() == 0
    }
}
