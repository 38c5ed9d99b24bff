//! I do not know you: introduce yourself. Kind 12.
//!
//! ```text
//!  0  counter u32 of the datagram that could not be understood
//! ```

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Asks the receiver to put an introduction into its next datagram to the sender.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawWhois {
    /// The counter in the header of the datagram in question.
    pub counter: U32,
}

const _: () = assert!(size_of::<RawWhois>() == 4);
