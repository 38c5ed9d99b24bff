//! All that is held in one range of the id space. Kind 14.
//!
//! ```text
//!  0  first id u64    8  last id u64, inclusive    16  claims (24 bytes each, as in kind 5)
//! ```
//! The section's count is the number of claims plus one, for the range.

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::RawClaim;
use crate::id::NodeId;

/// The range in front of a listing's claims.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawListing {
    first: U64,
    last: U64,
}

const _: () = assert!(size_of::<RawListing>() == 16);

impl RawListing {
    /// The wire form.
    #[must_use]
    pub fn new(first: NodeId, last: NodeId) -> Self {
        Self { first: first.as_u64().into(), last: last.as_u64().into() }
    }

    /// The first id of the range.
    #[must_use]
    pub const fn first(&self) -> NodeId {
        NodeId::from_u64(self.first.get())
    }

    /// The last.
    #[must_use]
    pub const fn last(&self) -> NodeId {
        NodeId::from_u64(self.last.get())
    }
}

/// A listing: whatever id in the range it does not name is unknown to its sender (R13: absence is evidence only within
/// what is proven complete).
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    range: RawListing,
    /// What the sender holds in the range.
    pub claims: &'a [RawClaim],
}

impl<'a> Listing<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (range, rest) = RawListing::read_from_prefix(body).ok()?;
        let claims = <[RawClaim]>::ref_from_bytes(rest).ok()?;
        (claims.len() + 1 == usize::from(count)).then_some(Self { range, claims })
    }

    /// The first id covered.
    #[must_use]
    pub fn first(&self) -> NodeId {
        self.range.first()
    }

    /// The last id covered.
    #[must_use]
    pub fn last(&self) -> NodeId {
        self.range.last()
    }

    /// A range, and only claims that mean something and lie in it.
    pub(super) fn check(&self) -> bool {
        let inside = |raw: &RawClaim| raw.get().is_some_and(|c| (self.first()..=self.last()).contains(&c.subject));
        self.first() <= self.last() && self.claims.iter().all(|raw| raw.check() && inside(raw))
    }
}
