//! Whom do we know? The slab of members: bought once, addressed by place, found by id.

use core::net::SocketAddr;

use super::address::Address;
use super::fingerprint::Counted;

use super::member::{Contact, Member, Rtt};
use crate::bounded::{Arena, Index, NONE, bought};
use crate::id::{BootId, Incarnation, NodeId};
use crate::limits::Limits;
use crate::time::Instant;
use crate::wire::{Claim, Profile, State};

/// The place of this node itself.
pub const ME: u32 = 0;

/// The part of the bytes for texts that is not for those who ask to be let in, but for members that come back with longer
/// ones: one in this many.
const RESERVED_ONE_IN: usize = 8;
/// What stands before the texts of a member: the lengths of its name and zone.
const LENGTHS: usize = 2;
/// Bytes of texts passed over for each byte written, at most: an eighth of the room for texts is there to move in.
const TEXT_PACE: usize = 16;

/// What a table has only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// Places: [`Limits::members`].
    Members,
    /// Bytes for names, zones and tags: [`Limits::text_bytes`] for each place.
    TextBytes,
    /// Places for origins of rumors: [`Limits::origins`].
    Origins,
}

impl Capacity {
    /// The name under which it is printed: that of its field in [`Limits`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::TextBytes => "text_bytes",
            Self::Origins => "origins",
        }
    }
}

/// The table of members. Place 0 is this node; a place that is given to another member shows by its id and boot id.
#[derive(Debug)]
#[repr(C)]
pub struct Table {
    // What every datagram goes through, in front.
    members: Box<[Member]>,
    contacts: Box<[Contact]>,
    index: Index,
    /// Where this node itself listens, with the scope that means something here.
    own_addr: Option<SocketAddr>,
    /// The first of the places that are not taken; each names the next.
    free: u32,
    len: u32,
    /// Places at and above this have never been used.
    end: u32,
    text_room: usize,
    text_max: usize,
    texts: Arena<TEXT_PACE>,
}

pub(super) const BLANK: Member = Member {
    id: NodeId::from_u64(0),
    incarnation: Incarnation::from_u64(0),
    boot: BootId::from_u64(0),
    counter: 0,
    heard_at: Instant::ZERO,
    at: Instant::ZERO,
    link: NONE,
    suspicion: None,
    protocol: (0, 0),
    taken: false,
    counted: Counted::Not,
    state: State::Left,
    verified: false,
    asks_who: false,
    probe: None,
};

const NOWHERE: Contact = Contact { addr: Address::NONE, rtt: Rtt::ZERO };

/// Bytes of texts that all members together may have: enough for one at least.
const fn text_room(limits: &Limits) -> usize {
    let (all, one) = (limits.members as usize * limits.text_bytes as usize, limits.profile_bytes as usize);
    if all > one { all } else { one }
}

impl Table {
    /// Room for [`Limits::members`].
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let members = limits.members as usize;
        let mut slab = bought(members, BLANK);
        // The lowest places are handed out first: walks through the table stay short.
        for (next, member) in (1..limits.members).zip(&mut slab) {
            member.link = next;
        }
        let (text_room, text_max) = (text_room(limits), limits.profile_bytes as usize);
        Self {
            members: slab,
            contacts: bought(members, NOWHERE),
            texts: Arena::new(members, text_room + members * LENGTHS, text_max + LENGTHS),
            text_room,
            text_max,
            free: 0,
            len: 0,
            index: Index::new(members),
            end: 0,
            own_addr: None,
        }
    }

    /// Bytes that [`Table::new`] buys.
    #[must_use]
    pub const fn memory_bytes(limits: &Limits) -> usize {
        let members = limits.members as usize;
        let (text_room, text_max) = (text_room(limits), limits.profile_bytes as usize);
        members * (size_of::<Member>() + size_of::<Contact>())
            + Arena::<TEXT_PACE>::memory_bytes(members, text_room + members * LENGTHS, text_max + LENGTHS)
            + Index::memory_bytes(members)
    }

    /// Bytes of texts that are held, and that may be.
    #[must_use]
    pub const fn text_bytes(&self) -> (u32, u32) {
        (self.text_used() as u32, self.text_room as u32)
    }

    const fn text_used(&self) -> usize {
        self.texts.used() - self.len as usize * LENGTHS
    }

    /// How many places are taken.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
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

    /// Loads where an id is looked up.
    #[cfg(feature = "sim")]
    pub fn warm(&self, id: NodeId) {
        self.index.load(id);
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

    /// Where the member at a place that is taken listens.
    #[must_use]
    pub fn addr(&self, slot: u32) -> SocketAddr {
        self.own_addr.filter(|_| slot == ME).unwrap_or_else(|| self.contacts[slot as usize].addr.into())
    }

    /// What else is needed to send to the member at a place that is taken.
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
        self.members.get(slot as usize).filter(|member| member.taken)
    }

    /// The places taken.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.end).filter(|slot| self.members[*slot as usize].taken)
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

    /// Whether a profile's texts are not too long for any place.
    #[must_use]
    pub fn fits(&self, profile: &Profile<'_>) -> bool {
        profile.text_len() <= self.text_max
    }

    /// What there is not enough of to invite somebody with so many bytes of texts. An eighth of all is left to those who
    /// are in and may come back with longer texts; less where less is enough for all of them.
    #[must_use]
    pub fn lacks(&self, text_len: usize) -> Option<Capacity> {
        let may_grow = self.len as usize * self.text_max - self.text_used();
        self.lacks_beside(may_grow.min(self.text_room / RESERVED_ONE_IN), text_len)
    }

    fn lacks_beside(&self, reserved: usize, text_len: usize) -> Option<Capacity> {
        if self.free == NONE {
            return Some(Capacity::Members);
        }
        let left = self.text_room - self.text_used();
        (text_len + reserved > left).then_some(Capacity::TextBytes)
    }

    /// Whether there is room for the texts of a member's next life, once those of its last are gone.
    #[must_use]
    pub fn has_room_again(&self, slot: u32, profile: &Profile<'_>) -> bool {
        let mine = self.texts.get(self.members[slot as usize].link).len() - LENGTHS;
        profile.text_len() <= self.text_room - self.text_used() + mine
    }

    /// Adds a member that is not in the table. The caller has asked [`Table::fits`].
    ///
    /// # Errors
    /// What there is not enough of.
    pub fn insert(&mut self, profile: &Profile<'_>) -> Result<u32, Capacity> {
        if let Some(capacity) = self.lacks_beside(0, profile.text_len()) {
            return Err(capacity);
        }
        let slot = self.free;
        self.free = self.members[slot as usize].link;
        self.len += 1;
        self.end = self.end.max(slot + 1);
        self.members[slot as usize] = BLANK;
        self.index.insert(profile.claim.subject, slot);
        self.write(slot, profile);
        Ok(slot)
    }

    /// Replaces all that belongs to a member by a profile: another life, about which nothing is known yet. The caller has
    /// asked [`Table::has_room_again`].
    pub fn set_profile(&mut self, slot: u32, profile: &Profile<'_>) {
        self.texts.remove(self.members[slot as usize].link);
        self.write(slot, profile);
    }

    fn write(&mut self, slot: u32, profile: &Profile<'_>) {
        let member = &mut self.members[slot as usize];
        debug_assert_eq!(member.counted, Counted::Not, "its sums are those of its former number");
        *member = Member {
            id: profile.claim.subject,
            incarnation: profile.claim.incarnation,
            boot: profile.boot,
            state: profile.claim.state,
            protocol: profile.protocol,
            taken: true,
            probe: member.probe,
            ..BLANK
        };
        self.contacts[slot as usize] = Contact { addr: profile.addr.into(), ..NOWHERE };
        let lengths = [profile.name.len() as u8, profile.zone.len() as u8];
        let texts = [&lengths, profile.name.as_bytes(), profile.zone.as_bytes(), profile.tags];
        let members = &mut self.members;
        let place = self.texts.insert(slot, &texts, |moved, to| members[moved as usize].link = to);
        self.members[slot as usize].link = place.expect("the caller has asked whether there is room");
    }

    /// Says where this node itself listens, whatever its profile can tell of that.
    pub fn set_own_addr(&mut self, addr: SocketAddr) {
        self.own_addr = Some(addr);
    }

    /// Frees a place.
    pub fn remove(&mut self, slot: u32) {
        let Member { id, link, .. } = self.members[slot as usize];
        self.index.remove(id, |s| self.members[s as usize].id);
        self.texts.remove(link);
        let member = &mut self.members[slot as usize];
        member.taken = false;
        member.link = self.free;
        self.free = slot;
        self.len -= 1;
    }

    /// What travels of a member, with the claim that shall be made of it.
    #[must_use]
    pub fn profile(&self, slot: u32, claim: Claim) -> Profile<'_> {
        let member = self.get(slot);
        let (name, zone, tags) = self.texts(slot);
        Profile { claim, boot: member.boot, addr: self.addr(slot), protocol: member.protocol, name, zone, tags }
    }

    /// Name, zone and tags of a member.
    #[must_use]
    pub fn texts(&self, slot: u32) -> (&str, &str, &[u8]) {
        let bytes = self.texts.get(self.get(slot).link);
        let ([name_len, zone_len], rest) = bytes.split_first_chunk().expect("lengths stand before the texts");
        let (name, rest) = rest.split_at(usize::from(*name_len));
        let (zone, tags) = rest.split_at(usize::from(*zone_len));
        // Only whole UTF-8 texts are ever written here; an empty one is what remains of a broken invariant.
        let text = |bytes| core::str::from_utf8(bytes).unwrap_or_default();
        (text(name), text(zone), tags)
    }
}
