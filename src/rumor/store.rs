//! Can it still be had? The last rumors with their payloads, until others need the room: the oldest go first.
//!
//! Payloads lie one behind the other in a ring of bytes, each in one piece. What goes is always what came first, so there is
//! nothing to move and nothing to look for.

use super::id::{Class, RumorId};
use super::rule::Told;
use super::topic::Topic;
use crate::bounded::{Index, bought};
use crate::id::NodeId;
use crate::time::Instant;

/// A rumor that is retained.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which.
    pub id: RumorId,
    /// Its origin's place.
    pub origin: u32,
    /// About what.
    pub topic: Topic,
    /// When it was published, by this node's clock.
    pub born: Instant,
    /// Who has told it first, by its place in the table; none where this node is the origin.
    pub from: Option<u32>,
    /// How much it matters.
    pub class: Class,
    /// How often it had been forwarded when it came.
    pub hops: u8,
    /// Whether it waits for an earlier one of its origin before it is delivered.
    pub held: bool,
    /// How its tellings in rounds went.
    pub told: Told,
    at: u32,
    len: u16,
}

impl Entry {
    /// Bytes of its payload.
    #[must_use]
    pub const fn len(&self) -> u16 {
        self.len
    }
}

/// A rumor before it is retained.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    pub id: RumorId,
    pub origin: u32,
    pub topic: Topic,
    pub born: Instant,
    pub from: Option<u32>,
    pub class: Class,
    pub hops: u8,
    pub held: bool,
    pub payload: &'a [u8],
}

/// The rumors retained, in the order in which they came.
#[derive(Debug)]
pub struct Store {
    /// A ring that grows into its room once: places that never hold anything are never touched.
    entries: Vec<Entry>,
    capacity: usize,
    /// The place of the one that came first.
    oldest: usize,
    len: usize,
    bytes: Box<[u8]>,
    /// Where the next payload goes.
    head: usize,
    index: Index,
}

impl Store {
    /// Room for so many rumors, and so many bytes of payload together.
    #[must_use]
    pub fn new(rumors: usize, bytes: usize) -> Self {
        Self {
            entries: Vec::with_capacity(rumors),
            capacity: rumors,
            oldest: 0,
            len: 0,
            bytes: bought(bytes, 0),
            head: 0,
            index: Index::new(rumors),
        }
    }

    /// Bytes that [`Store::new`] buys.
    #[must_use]
    pub const fn memory_bytes(rumors: usize, bytes: usize) -> usize {
        rumors * size_of::<Entry>() + bytes + Index::memory_bytes(rumors)
    }

    /// How many are retained.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len as u32
    }

    /// Bytes between the oldest payload and the newest, both included.
    #[must_use]
    pub fn bytes_used(&self) -> u32 {
        let Some(oldest) = self.entries.get(self.oldest).filter(|_| self.len > 0) else { return 0 };
        let tail = oldest.at as usize;
        (if self.head > tail { self.head - tail } else { self.bytes.len() - tail + self.head }) as u32
    }

    /// The rumor at a place that holds one.
    #[must_use]
    pub fn get(&self, place: u32) -> &Entry {
        &self.entries[place as usize]
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, place: u32) -> &mut Entry {
        &mut self.entries[place as usize]
    }

    /// What the rumor at a place that holds one says.
    #[must_use]
    pub fn payload(&self, place: u32) -> &[u8] {
        let entry = &self.entries[place as usize];
        &self.bytes[entry.at as usize..][..usize::from(entry.len)]
    }

    /// Where a rumor is, if it is retained.
    #[must_use]
    pub fn find(&self, id: RumorId) -> Option<u32> {
        self.index.find(key(id), |place| self.entries[place as usize].id == id)
    }

    /// The place and the payload of a rumor that was retained at a place, if it still is.
    #[must_use]
    pub fn at(&self, place: u32, id: RumorId) -> Option<&[u8]> {
        let here = (place as usize).checked_sub(self.oldest).unwrap_or(place as usize + self.capacity - self.oldest);
        let holds = here < self.len && self.entries[place as usize].id == id;
        holds.then(|| self.payload(place))
    }

    /// The rumor that goes next, and its place.
    #[must_use]
    pub fn oldest(&self) -> Option<(u32, &Entry)> {
        (self.len > 0).then(|| (self.oldest as u32, &self.entries[self.oldest]))
    }

    /// Whether a payload of so many bytes finds room without anything going.
    #[must_use]
    pub fn has_room(&self, len: usize) -> bool {
        self.len < self.capacity && self.room_at(len.max(1)).is_some()
    }

    /// Where so many bytes in one piece are free. Of the bytes between the end of the last payload and the begin of the first
    /// one always stays free, so that an empty ring and a full one differ.
    fn room_at(&self, len: usize) -> Option<usize> {
        if self.len == 0 {
            return (len <= self.bytes.len()).then_some(0);
        }
        let tail = self.entries[self.oldest].at as usize;
        if self.head > tail {
            if self.bytes.len() - self.head >= len {
                return Some(self.head);
            }
            return (tail > len).then_some(0);
        }
        (tail - self.head > len).then_some(self.head)
    }

    /// The oldest goes.
    pub fn pop(&mut self) {
        if self.len == 0 {
            return;
        }
        let entries = &self.entries;
        self.index
            .remove_slot(key(entries[self.oldest].id), self.oldest as u32, |place| key(entries[place as usize].id));
        self.oldest = (self.oldest + 1) % self.capacity;
        self.len -= 1;
    }

    /// Retains a rumor that is not retained yet, and says where; `None`, and nothing changed, unless [`Store::has_room`].
    #[must_use]
    pub fn push(&mut self, draft: &Draft<'_>) -> Option<u32> {
        let room = draft.payload.len().max(1);
        let at = self.room_at(room).filter(|_| self.len < self.capacity)?;
        let entry = Entry {
            id: draft.id,
            origin: draft.origin,
            topic: draft.topic,
            born: draft.born,
            from: draft.from,
            class: draft.class,
            hops: draft.hops,
            held: draft.held,
            told: Told::default(),
            at: at as u32,
            len: draft.payload.len() as u16,
        };
        self.bytes[at..at + draft.payload.len()].copy_from_slice(draft.payload);
        self.head = at + room;
        let place = (self.oldest + self.len) % self.capacity;
        match self.entries.get_mut(place) {
            Some(free) => *free = entry,
            None => self.entries.push(entry),
        }
        self.len += 1;
        self.index.insert(key(draft.id), place as u32);
        Some(place as u32)
    }
}

/// Spreads the rumors of one origin over the index: its home is in the upper bits.
fn key(id: RumorId) -> NodeId {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    NodeId::from_u64((id.origin.as_u64() ^ u64::from(id.boot) ^ id.sequence.wrapping_mul(ODD)).wrapping_mul(ODD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::VecDeque;

    fn id(sequence: u64) -> RumorId {
        RumorId { origin: NodeId::from_u64(sequence % 3), boot: 1, sequence }
    }

    #[test]
    fn holds_the_newest_in_whole_payloads_and_finds_each_of_them() {
        let mut rng = Rng::from_seed(6);
        let mut store = Store::new(20, 300);
        let mut model: VecDeque<(RumorId, u32, Vec<u8>)> = VecDeque::new();
        let mut full_of_bytes = 0;
        for sequence in 1..20_000 {
            let payload: Vec<u8> = (0..rng.below(60)).map(|i| (sequence as u8).wrapping_add(i as u8)).collect();
            while !store.has_room(payload.len()) {
                full_of_bytes += u32::from(store.len() < 20);
                store.pop();
                model.pop_front();
            }
            let draft = Draft {
                id: id(sequence),
                origin: 0,
                topic: Topic::new("t"),
                born: Instant::ZERO,
                from: None,
                class: Class::Normal,
                hops: 0,
                held: false,
                payload: &payload,
            };
            let place = store.push(&draft).expect("there is room");
            model.push_back((id(sequence), place, payload));
            assert_eq!(store.len() as usize, model.len());
            assert!(store.bytes_used() as usize >= model.iter().map(|(.., p)| p.len()).sum());
            for (id, place, payload) in &model {
                assert_eq!((store.find(*id), store.payload(*place)), (Some(*place), &payload[..]));
                assert_eq!(store.at(*place, *id), Some(&payload[..]));
            }
            let gone = id(sequence - model.len() as u64);
            assert_eq!((store.find(gone), store.at(model[0].1, gone)), (None, None));
        }
        assert!(full_of_bytes > 100, "both bounds were met");
    }

    #[test]
    fn a_payload_as_long_as_all_room_fits_alone() {
        let store = Store::new(4, 100);
        assert!(store.has_room(100) && !store.has_room(101));
    }
}
