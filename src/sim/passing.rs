//! What is this datagram? A look at one that has just been sent, for tests that choose what becomes of it.

use core::net::SocketAddr;

use super::host::HostId;
use crate::time::{Instant, Span};
use crate::wire::{FLAG_INTRO, Kind, OVERHEAD, OVERHEAD_INTRO, SECTION_HEADER, Sections};

/// Bytes of the checksum at the end of a datagram.
const CHECK: usize = 8;
/// Where the flags are.
const FLAGS_AT: usize = 4;

/// A datagram that has just been sent.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'a> {
    /// When it was sent, in the world's time.
    pub at: Instant,
    /// The host that sent it.
    pub from: HostId,
    /// The host that has, or last had, the address it goes to.
    pub to: Option<HostId>,
    /// Where it comes from.
    pub from_addr: SocketAddr,
    /// Where it goes to.
    pub to_addr: SocketAddr,
    /// Its payload.
    pub bytes: &'a [u8],
}

impl<'a> Passing<'a> {
    /// Whether it has a section of this kind.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        has_kind(self.bytes, kind)
    }

    /// Its sections; `None` where they make no sense.
    #[must_use]
    pub fn sections(&self) -> Option<Sections<'a>> {
        sections_of(self.bytes)
    }
}

/// Whether a datagram has a section of this kind; whether the rest makes sense is not looked at.
pub(super) fn has_kind(bytes: &[u8], kind: Kind) -> bool {
    let mut rest = body_of(bytes);
    while let Some((head, after)) = rest.split_at_checked(SECTION_HEADER) {
        if head[0] == kind.code() {
            return true;
        }
        let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
        rest = after.get(len..).unwrap_or(&[]);
    }
    false
}

/// The sections of a datagram, whose checksum is not looked at; `None` where they make no sense.
pub(super) fn sections_of(bytes: &[u8]) -> Option<Sections<'_>> {
    Sections::check(body_of(bytes)).ok()
}

fn body_of(bytes: &[u8]) -> &[u8] {
    let intro = bytes.get(FLAGS_AT).is_some_and(|flags| flags & FLAG_INTRO != 0);
    let begin = if intro { OVERHEAD_INTRO } else { OVERHEAD } - CHECK;
    bytes.get(begin..bytes.len().saturating_sub(CHECK)).unwrap_or(&[])
}

/// What a test wants to become of a datagram, before the network has its say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing special.
    Pass,
    /// It is lost.
    Drop,
    /// It sets out this much later.
    Delay(Span),
    /// It passes, and a copy sets out this much later.
    Twice(Span),
    /// It waits for [`World::release`](super::World::release).
    Hold,
    /// It passes, and a copy waits for [`World::release`](super::World::release).
    Copy,
}
