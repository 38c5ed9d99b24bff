//! I am going. Kind 7.
//!
//! ```text
//!  0  incarnation u64 that ends    8  nonce u32, to be given back in an ack    12  zero u32
//! ```

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::id::Incarnation;

/// The sender leaves. The receiver spreads it as a claim and acks, so that the sender need not wait longer.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawLeave {
    incarnation: U64,
    /// Given back in the ack.
    pub nonce: U32,
    zero: U32,
}

const _: () = assert!(size_of::<RawLeave>() == 16);

impl RawLeave {
    /// The wire form.
    #[must_use]
    pub fn new(incarnation: Incarnation, nonce: u32) -> Self {
        Self { incarnation: incarnation.as_u64().into(), nonce: nonce.into(), zero: U32::ZERO }
    }

    /// The incarnation that ends.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        Incarnation::from_u64(self.incarnation.get())
    }

    pub(super) fn check(&self) -> bool {
        self.zero == U32::ZERO
    }
}
