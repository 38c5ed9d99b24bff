//! I am alive. Kind 2.
//!
//! ```text
//!  0  nonce u32 of the ping, ping-request or leave that this answers
//! ```

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// An ack. To a ping-request it means "the one you asked me about answered".
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawAck {
    /// The nonce of the question.
    pub nonce: U32,
}

const _: () = assert!(size_of::<RawAck>() == 4);
