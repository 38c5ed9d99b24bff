//! Digests of all origins in one range of the id space. Kind 21.
//!
//! ```text
//!  0  nonce u32    4  first id u64    12  last id u64, inclusive    20  digests (30 bytes each, as in kind 17)
//! ```
//! The section's count is the number of digests plus one, for the range.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::RawDigest;
use crate::id::NodeId;

/// The range in front of the digests.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawRumorPage {
    /// That of the request.
    nonce: U32,
    first: U64,
    last: U64,
}

const _: () = assert!(size_of::<RawRumorPage>() == 20);

impl RawRumorPage {
    /// The wire form.
    #[must_use]
    pub fn new(nonce: u32, first: NodeId, last: NodeId) -> Self {
        Self { nonce: nonce.into(), first: first.as_u64().into(), last: last.as_u64().into() }
    }
}

/// A page: of an origin in the range that it does not name its sender has heard nothing.
#[derive(Clone, Copy, Debug)]
pub struct RumorPage<'a> {
    range: RawRumorPage,
    /// What the sender has of each origin in the range.
    pub digests: &'a [RawDigest],
}

impl<'a> RumorPage<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        let (range, rest) = RawRumorPage::read_from_prefix(body).ok()?;
        let digests = <[RawDigest]>::ref_from_bytes(rest).ok()?;
        (digests.len() + 1 == usize::from(count)).then_some(Self { range, digests })
    }

    /// The nonce of the request.
    #[must_use]
    pub const fn nonce(&self) -> u32 {
        self.range.nonce.get()
    }

    /// The first id covered.
    #[must_use]
    pub const fn first(&self) -> NodeId {
        NodeId::from_u64(self.range.first.get())
    }

    /// The last id covered.
    #[must_use]
    pub const fn last(&self) -> NodeId {
        NodeId::from_u64(self.range.last.get())
    }

    /// A range, and only digests that lie in it.
    pub(super) fn check(&self) -> bool {
        let inside = |raw: &RawDigest| (self.first()..=self.last()).contains(&raw.get().origin);
        self.first() <= self.last() && self.digests.iter().all(inside)
    }
}
