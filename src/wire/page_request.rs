//! Send me members from here on. Kind 10.
//!
//! ```text
//!  0  nonce u64 of the hello    8  cookie u64    16  cursor u32    20  pages at most u8    21  zero [u8; 3]
//! ```

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A request for consecutive pages. It changes nothing at the one who answers.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawPageRequest {
    /// Names the walk; given back in each page (R5).
    pub nonce: U64,
    /// As handed out to this address.
    pub cookie: U64,
    /// Where to begin: 0, or a page's `next`.
    pub cursor: U32,
    /// How many pages may come at once.
    pub pages: u8,
    zero: [u8; 3],
}

const _: () = assert!(size_of::<RawPageRequest>() == 24);

impl RawPageRequest {
    /// The wire form.
    #[must_use]
    pub fn new(nonce: u64, cookie: u64, cursor: u32, pages: u8) -> Self {
        Self { nonce: nonce.into(), cookie: cookie.into(), cursor: cursor.into(), pages, zero: [0; 3] }
    }

    pub(super) fn check(&self) -> bool {
        self.pages > 0 && self.zero == [0; 3]
    }
}
