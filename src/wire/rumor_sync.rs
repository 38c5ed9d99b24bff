//! Send me digests of all origins from here on. Kind 20.
//!
//! ```text
//!  0  nonce u32    4  first id u64
//! ```

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A step of a walk through all origins.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawRumorSync {
    /// Comes back in the answer.
    pub nonce: U32,
    /// The lowest node id of an origin that is asked for.
    pub from: U64,
}

const _: () = assert!(size_of::<RawRumorSync>() == 12);
