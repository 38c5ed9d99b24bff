//! What is said of a member whose profile the receiver knows. Kind 5.
//!
//! ```text
//!  0  subject's node id u64    8  incarnation u64    16  accuser's tag u32    20  subject's boot id, low 16 bits u16
//! 22  state u8 (0 alive, 1 suspect, 2 dead, 3 left)  23  zero u8
//! ```

use core::mem::offset_of;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::closed_enum;
use crate::id::{Incarnation, NodeId};

closed_enum! {
    /// How a member is said to be. The order is the precedence within one incarnation.
    State {
        /// It answers.
        Alive = "alive",
        /// It has not answered somebody.
        Suspect = "suspect",
        /// It is held to have failed.
        Dead = "dead",
        /// It said that it goes, or was removed after its death. Final for that life.
        Left = "left",
    }
}

impl State {
    /// Whether a member in this state takes part: is probed, told news, counted.
    #[must_use]
    pub const fn is_up(self) -> bool {
        match self {
            Self::Alive | Self::Suspect => true,
            Self::Dead | Self::Left => false,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// One claim: somebody says that the subject, in this incarnation, is in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Of whom.
    pub subject: NodeId,
    /// Of which of its incarnations.
    pub incarnation: Incarnation,
    /// What.
    pub state: State,
    /// Who accuses, where the state is suspect or dead: the upper half of its node id, or 0.
    pub accuser: u32,
    /// The lowest bits of the subject's boot id: two starts that took one life number can be told apart.
    pub boot: u16,
}

/// A claim on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawClaim {
    subject: U64,
    incarnation: U64,
    accuser: U32,
    boot: U16,
    state: u8,
    zero: u8,
}

const _: () = {
    assert!(size_of::<RawClaim>() == 24 && align_of::<RawClaim>() == 1);
    assert!(
        offset_of!(RawClaim, accuser) == 16 && offset_of!(RawClaim, boot) == 20 && offset_of!(RawClaim, state) == 22
    );
};

impl RawClaim {
    /// The wire form.
    #[must_use]
    pub fn new(claim: &Claim) -> Self {
        Self {
            subject: claim.subject.as_u64().into(),
            incarnation: claim.incarnation.as_u64().into(),
            accuser: claim.accuser.into(),
            boot: claim.boot.into(),
            state: claim.state as u8,
            zero: 0,
        }
    }

    /// The claim; `None` for a state that means nothing.
    #[must_use]
    pub fn get(&self) -> Option<Claim> {
        Some(Claim {
            subject: NodeId::from_u64(self.subject.get()),
            incarnation: Incarnation::from_u64(self.incarnation.get()),
            state: State::from_code(self.state)?,
            accuser: self.accuser.get(),
            boot: self.boot.get(),
        })
    }

    pub(super) fn check(&self) -> bool {
        usize::from(self.state) < State::ALL.len() && self.zero == 0
    }
}
