//! Send me the profiles of these. Kind 15.
//!
//! ```text
//!  0  node id u64
//! ```

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::id::NodeId;

/// An id whose profile the sender of the request lacks.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawWant {
    id: U64,
}

const _: () = assert!(size_of::<RawWant>() == 8);

impl RawWant {
    /// The wire form.
    #[must_use]
    pub fn new(id: NodeId) -> Self {
        Self { id: id.as_u64().into() }
    }

    /// The id.
    #[must_use]
    pub fn get(&self) -> NodeId {
        NodeId::from_u64(self.id.get())
    }
}
