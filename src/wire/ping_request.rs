//! Ping somebody for me. Kind 3.
//!
//! ```text
//!  0  target's node id u64    8  nonce u32    12  budget in microseconds u32    16  target's boot id, low half u32
//! 20  zero u32
//! ```

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::id::NodeId;
use crate::time::Span;

/// A request to ping `target` and to say within `budget` whether it answered.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawPingRequest {
    target: U64,
    /// Given back in the ack or nack.
    pub nonce: U32,
    budget: U32,
    /// Which start of the target is meant (R3).
    pub target_boot: U32,
    zero: U32,
}

const _: () = assert!(size_of::<RawPingRequest>() == 24);

impl RawPingRequest {
    /// The wire form.
    #[must_use]
    pub fn new(target: NodeId, target_boot: u32, nonce: u32, budget: Span) -> Self {
        let budget = u32::try_from(budget.as_micros()).unwrap_or(u32::MAX);
        Self {
            target: target.as_u64().into(),
            nonce: nonce.into(),
            budget: budget.into(),
            target_boot: target_boot.into(),
            zero: U32::ZERO,
        }
    }

    /// Whom to ping.
    #[must_use]
    pub fn target(&self) -> NodeId {
        NodeId::from_u64(self.target.get())
    }

    /// For how long the asker waits for an answer.
    #[must_use]
    pub fn budget(&self) -> Span {
        Span::micros(u64::from(self.budget.get()))
    }

    pub(super) fn check(&self) -> bool {
        self.zero == U32::ZERO
    }
}
