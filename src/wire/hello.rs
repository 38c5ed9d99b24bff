//! Who lives here, and may I come in? Kind 8.
//!
//! ```text
//!  0  nonce u64    8  incarnation u64 (0 while joining)    16  uptime in milliseconds u64    24  phase u8 (0 joining,
//!  1 joined)      25  zero [u8; 63]
//! ```
//! As long as the answer, so that nobody can use a node to multiply bytes.

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::id::Incarnation;

/// What a hello says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Given back in the cookie (R5).
    pub nonce: u64,
    /// The sender's incarnation; zero while it has none.
    pub incarnation: Incarnation,
    /// How long the sender has been running, on its own monotonic clock: decides which of two keeps a name.
    pub uptime_ms: u64,
    /// Whether the sender is a member already, and looks for the other half of a cluster that was cut.
    pub joined: bool,
}

/// A hello on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawHello {
    nonce: U64,
    incarnation: U64,
    uptime_ms: U64,
    phase: u8,
    zero: [u8; 63],
}

const _: () = assert!(size_of::<RawHello>() == size_of::<super::RawCookie>());

impl RawHello {
    /// The wire form.
    #[must_use]
    pub fn new(hello: &Hello) -> Self {
        Self {
            nonce: hello.nonce.into(),
            incarnation: hello.incarnation.as_u64().into(),
            uptime_ms: hello.uptime_ms.into(),
            phase: u8::from(hello.joined),
            zero: [0; 63],
        }
    }

    /// What it says.
    #[must_use]
    pub fn get(&self) -> Hello {
        Hello {
            nonce: self.nonce.get(),
            incarnation: Incarnation::from_u64(self.incarnation.get()),
            uptime_ms: self.uptime_ms.get(),
            joined: self.phase == 1,
        }
    }

    pub(super) fn check(&self) -> bool {
        self.phase <= 1 && self.zero == [0; 63]
    }
}
