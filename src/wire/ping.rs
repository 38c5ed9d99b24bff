//! Are you alive? Kind 1.
//!
//! ```text
//!  0  nonce u32, to be given back in the ack
//! ```
//! The subject, its life and this cluster are in the checksum's seed: a ping needs no more than its number.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A ping. The receiver answers with an ack of the same nonce, to the address that the ping came from (M4).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawPing {
    /// Names the prober's question and its phase (R5).
    pub nonce: U32,
}

const _: () = assert!(size_of::<RawPing>() == 4);
