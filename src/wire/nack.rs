//! The one you asked me to ping has not answered (yet). Kind 4.
//!
//! ```text
//!  0  nonce u32 of the ping-request    4  reason u8    5  zero [u8; 3]
//! ```

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Why a helper has nothing better to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NackReason {
    /// No answer in the time given.
    Silent = 0,
    /// The helper's kernel was told that nobody listens on that port.
    Refused = 1,
    /// The helper does not know the target, or knows another start of it.
    Unknown = 2,
}

/// A nack: the asker's own link works, whatever is wrong with the target (Lifeguard §III.A).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawNack {
    /// The nonce of the request.
    pub nonce: U32,
    reason: u8,
    zero: [u8; 3],
}

const _: () = assert!(size_of::<RawNack>() == 8);

impl RawNack {
    /// The wire form.
    #[must_use]
    pub fn new(nonce: u32, reason: NackReason) -> Self {
        Self { nonce: nonce.into(), reason: reason as u8, zero: [0; 3] }
    }

    /// The reason; `None` for a number that means nothing.
    #[must_use]
    pub fn reason(&self) -> Option<NackReason> {
        match self.reason {
            0 => Some(NackReason::Silent),
            1 => Some(NackReason::Refused),
            2 => Some(NackReason::Unknown),
            3.. => None,
        }
    }

    pub(super) fn check(&self) -> bool {
        self.reason().is_some() && self.zero == [0; 3]
    }
}
