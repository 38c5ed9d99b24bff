//! Which rumors? Kinds 18 (the sender had these already when they came) and 19 (it wants these).
//!
//! ```text
//!  0  origin's node id u64    8  origin's boot id, low half u32    12  base, 6 bytes
//! 18  which of the 64 beyond the base u64, bit 0 the first
//! ```

use core::mem::offset_of;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::RawSequence;
use crate::id::NodeId;

/// Up to 64 rumors of one origin, close together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RumorIds {
    /// Whose.
    pub origin: NodeId,
    /// Of which of its starts: the low half of the boot id.
    pub boot: u32,
    /// The number before the first that can be named.
    pub base: u64,
    /// Which of the 64 beyond `base`, the lowest bit first; at least one.
    pub which: u64,
}

impl RumorIds {
    /// The numbers named, in order.
    pub fn sequences(&self) -> impl Iterator<Item = u64> + use<> {
        let (base, mut left) = (self.base, self.which);
        core::iter::from_fn(move || {
            let bit = left.trailing_zeros();
            (left != 0).then(|| {
                left &= left - 1;
                base + 1 + u64::from(bit)
            })
        })
    }
}

/// The same on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawRumorIds {
    origin: U64,
    boot: U32,
    base: RawSequence,
    which: U64,
}

const _: () = assert!(size_of::<RawRumorIds>() == 26 && offset_of!(RawRumorIds, which) == 18);

impl RawRumorIds {
    /// The wire form.
    #[must_use]
    pub fn new(ids: &RumorIds) -> Self {
        Self {
            origin: ids.origin.as_u64().into(),
            boot: ids.boot.into(),
            base: RawSequence::new(ids.base),
            which: ids.which.into(),
        }
    }

    /// The ids.
    #[must_use]
    pub fn get(&self) -> RumorIds {
        RumorIds {
            origin: NodeId::from_u64(self.origin.get()),
            boot: self.boot.get(),
            base: self.base.get(),
            which: self.which.get(),
        }
    }

    pub(super) fn check(&self) -> bool {
        self.which.get() != 0
    }
}
