//! Whom do we know? The slab of members: bought once, addressed by place, found by id.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::fingerprint::Counted;
use super::index::Index;
use super::member::{Contact, Member, Rtt};
use crate::bounded::bought;
use crate::id::{BootId, Incarnation, NodeId};
use crate::limits::Limits;
use crate::time::Instant;
use crate::wire::{Claim, Profile, State};

/// The place of this node itself.
pub const ME: u32 = 0;

/// The table of members. Place 0 is this node; a place that is given to another member shows by its id and boot id.
#[derive(Debug)]
pub struct Table {
    members: Box<[Member]>,
    contacts: Box<[Contact]>,
    used: Box<[bool]>,
    texts: Box<[u8]>,
    text_max: usize,
    free: Box<[u32]>,
    free_len: usize,
    index: Index,
    /// Places at and above this have never been used.
    end: u32,
}

pub(super) const BLANK: Member = Member {
    id: NodeId::from_u64(0),
    incarnation: Incarnation::from_u64(0),
    boot: BootId::from_u64(0),
    counter: 0,
    heard_at: Instant::ZERO,
    counted: Counted::NOT,
    state: State::Left,
    verified: false,
    asks_who: false,
    probe: None,
};

const NOWHERE: Contact = Contact {
    addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
    rtt: Rtt::ZERO,
    down_at: Instant::ZERO,
    protocol: (0, 0),
    name_len: 0,
    zone_len: 0,
    tags_len: 0,
};

impl Table {
    /// Room for [`Limits::members`].
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let members = limits.members as usize;
        let text_max = limits.profile_bytes as usize;
        let mut free = bought(members, 0);
        // The lowest places are handed out first: walks through the table stay short.
        (0..members).for_each(|i| free[i] = (members - 1 - i) as u32);
        Self {
            members: bought(members, BLANK),
            contacts: bought(members, NOWHERE),
            used: bought(members, false),
            texts: bought(members * text_max, 0),
            text_max,
            free,
            free_len: members,
            index: Index::new(members),
            end: 0,
        }
    }

    /// Bytes that [`Table::new`] buys.
    #[must_use]
    pub const fn memory_bytes(limits: &Limits) -> usize {
        let members = limits.members as usize;
        members
            * (size_of::<Member>()
                + size_of::<Contact>()
                + size_of::<bool>()
                + limits.profile_bytes as usize
                + size_of::<u32>())
            + Index::memory_bytes(members)
    }

    /// How many places are taken.
    #[must_use]
    pub fn len(&self) -> u32 {
        (self.members.len() - self.free_len) as u32
    }

    /// How many places there are.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.members.len() as u32
    }

    /// Every member stands below this place.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.end
    }

    /// The place of an id.
    #[must_use]
    pub fn find(&self, id: NodeId) -> Option<u32> {
        self.index.find(id, |slot| self.members[slot as usize].id == id)
    }

    /// The member at a place that is taken.
    #[must_use]
    pub fn get(&self, slot: u32) -> &Member {
        &self.members[slot as usize]
    }

    /// The same, to be changed; the id stays what it is.
    pub fn get_mut(&mut self, slot: u32) -> &mut Member {
        &mut self.members[slot as usize]
    }

    /// How to reach the member at a place that is taken.
    #[must_use]
    pub fn contact(&self, slot: u32) -> &Contact {
        &self.contacts[slot as usize]
    }

    /// The same, to be changed.
    pub fn contact_mut(&mut self, slot: u32) -> &mut Contact {
        &mut self.contacts[slot as usize]
    }

    /// The member at a place, if it is taken.
    #[must_use]
    pub fn at(&self, slot: u32) -> Option<&Member> {
        self.used.get(slot as usize).filter(|used| **used).map(|_| &self.members[slot as usize])
    }

    /// The places taken.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.end).filter(|slot| self.used[*slot as usize])
    }

    /// The places of ids in `first..=last`, in no order.
    pub fn range(&self, first: NodeId, last: NodeId) -> impl Iterator<Item = u32> + '_ {
        self.index.near(first, last).filter(move |slot| (first..=last).contains(&self.members[*slot as usize].id))
    }

    /// The member whose id has this upper half: how an accuser is looked up.
    #[must_use]
    pub fn by_tag(&self, tag: u32) -> Option<u32> {
        let first = NodeId::from_u64(u64::from(tag) << 32);
        let last = NodeId::from_u64(u64::from(tag) << 32 | u64::from(u32::MAX));
        self.range(first, last).next()
    }

    /// Whether a profile's texts fit a place.
    #[must_use]
    pub fn fits(&self, profile: &Profile<'_>) -> bool {
        profile.text_len() <= self.text_max
    }

    /// Adds a member that is not in the table; `None` when every place is taken. The caller has asked [`Table::fits`].
    pub fn insert(&mut self, profile: &Profile<'_>) -> Option<u32> {
        self.free_len = self.free_len.checked_sub(1)?;
        let slot = self.free[self.free_len];
        self.members[slot as usize] = Member { id: profile.claim.subject, ..BLANK };
        self.used[slot as usize] = true;
        self.end = self.end.max(slot + 1);
        self.index.insert(profile.claim.subject, slot);
        self.set_profile(slot, profile);
        Some(slot)
    }

    /// Replaces all that belongs to a member by a profile: another life, about which nothing is known yet.
    pub fn set_profile(&mut self, slot: u32, profile: &Profile<'_>) {
        let member = &mut self.members[slot as usize];
        *member = Member {
            id: profile.claim.subject,
            incarnation: profile.claim.incarnation,
            boot: profile.boot,
            state: profile.claim.state,
            counted: member.counted,
            probe: member.probe,
            ..BLANK
        };
        self.contacts[slot as usize] = Contact {
            addr: profile.addr,
            protocol: profile.protocol,
            name_len: profile.name.len() as u8,
            zone_len: profile.zone.len() as u8,
            tags_len: profile.tags.len() as u16,
            ..NOWHERE
        };
        let text = &mut self.texts[slot as usize * self.text_max..][..profile.text_len()];
        let (name, rest) = text.split_at_mut(profile.name.len());
        let (zone, tags) = rest.split_at_mut(profile.zone.len());
        name.copy_from_slice(profile.name.as_bytes());
        zone.copy_from_slice(profile.zone.as_bytes());
        tags.copy_from_slice(profile.tags);
    }

    /// Frees a place.
    pub fn remove(&mut self, slot: u32) {
        let id = self.members[slot as usize].id;
        self.index.remove(id, |s| self.members[s as usize].id);
        self.used[slot as usize] = false;
        self.free[self.free_len] = slot;
        self.free_len += 1;
    }

    /// What travels of a member, with the claim that shall be made of it.
    #[must_use]
    pub fn profile(&self, slot: u32, claim: Claim) -> Profile<'_> {
        let contact = self.contact(slot);
        let (name, zone, tags) = self.texts(slot);
        Profile { claim, boot: self.get(slot).boot, addr: contact.addr, protocol: contact.protocol, name, zone, tags }
    }

    /// Name, zone and tags of a member.
    #[must_use]
    pub fn texts(&self, slot: u32) -> (&str, &str, &[u8]) {
        let contact = self.contact(slot);
        let text = &self.texts[slot as usize * self.text_max..][..self.text_max];
        let (name, rest) = text.split_at(usize::from(contact.name_len));
        let (zone, rest) = rest.split_at(usize::from(contact.zone_len));
        // Only whole UTF-8 texts are ever written here; an empty one is what remains of a broken invariant.
        let text = |bytes| core::str::from_utf8(bytes).unwrap_or_default();
        (text(name), text(zone), &rest[..usize::from(contact.tags_len)])
    }
}
