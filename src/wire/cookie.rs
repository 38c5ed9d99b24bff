//! What a hello is answered with. Kind 9.
//!
//! ```text
//!  0  nonce u64 of the hello     8  cookie u64              16  sender's uptime in milliseconds u64
//! 24  held incarnation u64      32  held boot id u64        40  members u32         44  end of the walk u32
//! 48  held address (18 bytes)   66  observed address (18 bytes)
//! 84  status u8                 85  held state u8 (255: nothing is held)            86  zero u16
//! ```

use core::net::SocketAddr;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{RawAddr, State};
use crate::error::closed_enum;
use crate::id::{BootId, Incarnation};

closed_enum! {
    /// How the one who answers a hello is.
    SeedStatus {
        /// Not a member yet either.
        Joining = "joining",
        /// A member: its pages can be walked.
        Joined = "joined",
        /// A member, but its table has no place for the asker.
        Full = "full",
        /// It bears the asker's name, and has run for longer.
        Taken = "taken",
    }
}

/// What the answering node holds of the asker's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The last incarnation it heard of.
    pub incarnation: Incarnation,
    /// The start that it belonged to.
    pub boot: BootId,
    /// How it was.
    pub state: State,
    /// Where it listened; `None` where only the number is remembered.
    pub addr: Option<SocketAddr>,
}

/// What a cookie says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The hello's nonce.
    pub nonce: u64,
    /// To be given back with each page request: proves that the asker receives at its address.
    pub cookie: u64,
    /// How long the answering node has been running.
    pub uptime_ms: u64,
    /// How it is.
    pub status: SeedStatus,
    /// What it holds of the asker's name.
    pub held: Option<Held>,
    /// How many members it knows to be up.
    pub members: u32,
    /// Where a walk through its pages ends.
    pub end: u32,
    /// The address that the hello came from.
    pub observed: SocketAddr,
}

/// A cookie on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawCookie {
    nonce: U64,
    cookie: U64,
    uptime_ms: U64,
    held_incarnation: U64,
    held_boot: U64,
    members: U32,
    end: U32,
    held_addr: RawAddr,
    observed: RawAddr,
    status: u8,
    held_state: u8,
    zero: U16,
}

const NOTHING_HELD: u8 = 255;

const _: () = assert!(size_of::<RawCookie>() == 88);

impl RawCookie {
    /// The wire form.
    #[must_use]
    pub fn new(cookie: &Cookie) -> Self {
        let held = cookie.held;
        Self {
            nonce: cookie.nonce.into(),
            cookie: cookie.cookie.into(),
            uptime_ms: cookie.uptime_ms.into(),
            held_incarnation: held.map_or(0, |h| h.incarnation.as_u64()).into(),
            held_boot: held.map_or(0, |h| h.boot.as_u64()).into(),
            members: cookie.members.into(),
            end: cookie.end.into(),
            held_addr: held.and_then(|h| h.addr).map_or(RawAddr::NONE, RawAddr::new),
            observed: RawAddr::new(cookie.observed),
            status: cookie.status as u8,
            held_state: held.map_or(NOTHING_HELD, |h| h.state as u8),
            zero: U16::ZERO,
        }
    }

    /// What it says; `None` where a value means nothing.
    #[must_use]
    pub fn get(&self) -> Option<Cookie> {
        let held = match self.held_state {
            NOTHING_HELD => None,
            code => Some(Held {
                incarnation: Incarnation::from_u64(self.held_incarnation.get()),
                boot: BootId::from_u64(self.held_boot.get()),
                state: *State::ALL.get(usize::from(code))?,
                addr: self.held_addr.get(),
            }),
        };
        Some(Cookie {
            nonce: self.nonce.get(),
            cookie: self.cookie.get(),
            uptime_ms: self.uptime_ms.get(),
            status: *SeedStatus::ALL.get(usize::from(self.status))?,
            held,
            members: self.members.get(),
            end: self.end.get(),
            observed: self.observed.get()?,
        })
    }

    pub(super) fn check(&self) -> bool {
        let nothing_held =
            (self.held_incarnation, self.held_boot, self.held_addr) == (U64::ZERO, U64::ZERO, RawAddr::NONE);
        self.zero == U16::ZERO
            && self.held_addr.check_optional()
            && (self.held_state != NOTHING_HELD || nothing_held)
            && self.get().is_some()
    }
}
