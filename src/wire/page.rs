//! Where the profiles in the same datagram belong in a walk. Kind 11.
//!
//! ```text
//!  0  nonce u64 of the request    8  cursor u32    12  next cursor u32    16  end u32    20  zero u32
//! ```

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The profiles that follow are all that the sender holds in the places `cursor..next`; the walk is over when pages
/// cover `0..end`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawPage {
    /// The request's nonce.
    pub nonce: U64,
    /// The first place covered.
    pub cursor: U32,
    /// The first place not covered.
    pub next: U32,
    /// The end of all places.
    pub end: U32,
    zero: U32,
}

const _: () = assert!(size_of::<RawPage>() == 24);

impl RawPage {
    /// The wire form.
    #[must_use]
    pub fn new(nonce: u64, cursor: u32, next: u32, end: u32) -> Self {
        Self { nonce: nonce.into(), cursor: cursor.into(), next: next.into(), end: end.into(), zero: U32::ZERO }
    }

    pub(super) fn check(&self) -> bool {
        let (cursor, next, end) = (self.cursor.get(), self.next.get(), self.end.get());
        (cursor < next || cursor == end) && next <= end && self.zero == U32::ZERO
    }
}
