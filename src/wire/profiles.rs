//! Members with all that belongs to them, each in one record (R11). Kind 6.
//!
//! ```text
//!  0  claim (24 bytes, as in kind 5)      24  boot id u64           32  address (18 bytes)
//! 50  oldest protocol version spoken u8   51  newest u8             52  name's length u8
//! 53  zone's length u8                    54  tags' length u16      56  name, zone, tags
//! ```
//! Tags are a run of pairs, each a length byte and a key, a length byte and a value.

use core::mem::{offset_of, size_of};
use core::net::SocketAddr;
use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Claim, Kind, RawAddr, RawClaim, Writer};
use crate::id::{BootId, NAME_MAX, NodeId};

/// A member as it travels: borrowed text, checked values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile<'a> {
    /// How it is.
    pub claim: Claim,
    /// Its start.
    pub boot: BootId,
    /// Where it listens.
    pub addr: SocketAddr,
    /// The protocol versions it speaks, oldest and newest.
    pub protocol: (u8, u8),
    /// Its name; its hash is the subject's id.
    pub name: &'a str,
    /// The zone it is in; may be empty.
    pub zone: &'a str,
    /// Its tags: a run of length-prefixed keys and values.
    pub tags: &'a [u8],
}

impl Profile<'_> {
    /// Bytes of text: what a table must have room for.
    #[must_use]
    pub const fn text_len(&self) -> usize {
        self.name.len() + self.zone.len() + self.tags.len()
    }

    /// Adds the profile to a datagram; `false`, and nothing changed, when it does not fit.
    #[must_use]
    pub fn write(&self, writer: &mut Writer<'_>) -> bool {
        let fixed = RawProfile {
            claim: RawClaim::new(&self.claim),
            boot: self.boot.as_u64().into(),
            addr: RawAddr::new(self.addr),
            protocol_min: self.protocol.0,
            protocol_max: self.protocol.1,
            name_len: self.name.len() as u8,
            zone_len: self.zone.len() as u8,
            tags_len: (self.tags.len() as u16).into(),
        };
        writer.push_parts(Kind::Profiles, fixed.as_bytes(), &[self.name.as_bytes(), self.zone.as_bytes(), self.tags])
    }

    /// Bytes that [`Profile::write`] adds to a section.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        size_of::<RawProfile>() + self.text_len()
    }
}

/// The fixed part of a profile on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub struct RawProfile {
    claim: RawClaim,
    boot: U64,
    addr: RawAddr,
    protocol_min: u8,
    protocol_max: u8,
    name_len: u8,
    zone_len: u8,
    tags_len: U16,
}

const _: () = {
    assert!(size_of::<RawProfile>() == 56);
    assert!(offset_of!(RawProfile, addr) == 32 && offset_of!(RawProfile, name_len) == 52);
};

/// The profiles of one section, read one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Profiles<'a> {
    count: u8,
    rest: &'a [u8],
}

impl<'a> Profiles<'a> {
    pub(super) fn new(count: u8, body: &'a [u8]) -> Option<Self> {
        (count > 0).then_some(Self { count, rest: body })
    }

    /// Whether the body is exactly `count` profiles that make sense.
    pub(super) fn check(&self) -> bool {
        let mut rest = self.rest;
        for _ in 0..self.count {
            match read(rest) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

impl<'a> Iterator for Profiles<'a> {
    type Item = Profile<'a>;

    fn next(&mut self) -> Option<Profile<'a>> {
        let (profile, rest) = read(self.rest)?;
        self.rest = rest;
        Some(profile)
    }
}

fn read(bytes: &[u8]) -> Option<(Profile<'_>, &[u8])> {
    let (raw, rest) = RawProfile::ref_from_prefix(bytes).ok()?;
    let (name, rest) = rest.split_at_checked(usize::from(raw.name_len))?;
    let (zone, rest) = rest.split_at_checked(usize::from(raw.zone_len))?;
    let (tags, rest) = rest.split_at_checked(usize::from(raw.tags_len.get()))?;
    let claim = Some(&raw.claim).filter(|c| c.check())?.get()?;
    let profile = Profile {
        claim,
        boot: BootId::from_u64(raw.boot.get()),
        addr: raw.addr.get()?,
        protocol: (raw.protocol_min, raw.protocol_max),
        name: text(name).filter(|n| !n.is_empty() && n.len() <= NAME_MAX)?,
        zone: text(zone)?,
        tags: Some(tags).filter(|t| tags_are_whole(t))?,
    };
    let consistent = NodeId::from_name(profile.name) == claim.subject
        && profile.boot.short() == claim.boot
        && raw.protocol_min <= raw.protocol_max;
    consistent.then_some((profile, rest))
}

fn text(bytes: &[u8]) -> Option<&str> {
    core::str::from_utf8(bytes).ok().filter(|t| !t.chars().any(char::is_control))
}

/// Whether `bytes` is a run of pairs of length-prefixed UTF-8 texts.
pub(crate) fn tags_are_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some(after) = skip_text(rest).and_then(skip_text) else {
            return false;
        };
        rest = after;
    }
    true
}

fn skip_text(bytes: &[u8]) -> Option<&[u8]> {
    let (&len, rest) = bytes.split_first()?;
    let (part, rest) = rest.split_at_checked(usize::from(len))?;
    text(part).map(|_| rest)
}
