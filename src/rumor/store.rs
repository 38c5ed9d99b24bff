//! Can it still be had? The last rumors with their payloads, until others need the room: the oldest go first.
//!
//! Payloads lie one behind the other in a ring of bytes, each in one piece. What goes is always what came first, so there is
//! nothing to move and nothing to look for.
//!
//! The index is a hash table from which nothing is ever taken out: a place in it names the how manieth rumor it is that was
//! retained last of those at home there, that one names the one before, and the number alone tells whether a rumor still is
//! retained. As the oldest go first, behind one that has gone there is none that has not. Rumors of one origin that follow each
//! other are at home side by side.

use super::id::Class;
use super::rule::Told;
use super::topic::Topic;
use crate::bounded::{NONE, bought};
use crate::time::Instant;

/// A rumor that is retained: what every hearing and telling looks at, in one cache line.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// As the how manieth its origin has published it.
    pub sequence: u64,
    /// About what.
    pub topic: Topic,
    /// When it was published, by this node's clock.
    pub born: Instant,
    /// When it came here.
    pub came: Instant,
    /// Its origin's place.
    pub origin: u32,
    from: u32,
    at: u32,
    /// The number of the one before it with the same home in the index.
    before: u32,
    len: u16,
    /// How much it matters.
    pub class: Class,
    /// How often it had been forwarded when it came.
    pub hops: u8,
    /// Whether it waits for an earlier one of its origin before it is delivered.
    pub held: bool,
    /// How its tellings in rounds went.
    pub told: Told,
}

const _: () = assert!(size_of::<Entry>() <= 64);

impl Entry {
    /// Bytes of its payload.
    #[must_use]
    pub const fn len(&self) -> u16 {
        self.len
    }

    /// Whether the member at this place of the table has told it first.
    #[must_use]
    pub const fn is_from(&self, slot: u32) -> bool {
        self.from == slot
    }
}

/// A rumor before it is retained.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    pub sequence: u64,
    pub origin: u32,
    pub topic: Topic,
    pub born: Instant,
    pub came: Instant,
    /// Who has told it first, by its place in the table; none where this node is the origin.
    pub from: Option<u32>,
    pub class: Class,
    pub hops: u8,
    pub payload: &'a [u8],
}

/// Places of the index for each rumor that can be retained, at least.
const INDEX_FACTOR: usize = 2;

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
    /// How many were retained ever, so to speak: the numbers wrap.
    pushes: u32,
    index: Box<[u32]>,
}

const fn index_for(rumors: usize) -> usize {
    (rumors * INDEX_FACTOR).next_power_of_two()
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
            // Nothing in an index of zeros is among the last.
            pushes: 1 << 31,
            index: bought(index_for(rumors), 0),
        }
    }

    /// Bytes that [`Store::new`] buys.
    #[must_use]
    pub const fn memory_bytes(rumors: usize, bytes: usize) -> usize {
        rumors * size_of::<Entry>() + bytes + index_for(rumors) * size_of::<u32>()
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
    pub fn find(&self, origin: u32, sequence: u64) -> Option<u32> {
        let mut number = self.index[self.home(origin, sequence)];
        let mut younger = 0;
        loop {
            let age = self.age(number);
            // Only where the numbers have wrapped behind a place's back is one not older than the one that names it.
            if age <= younger || age > self.len {
                return None;
            }
            let place = self.place_of(age);
            let entry = &self.entries[place];
            if entry.sequence == sequence && entry.origin == origin {
                return Some(place as u32);
            }
            (number, younger) = (entry.before, age);
        }
    }

    /// Where in the index a rumor is at home.
    const fn home(&self, origin: u32, sequence: u64) -> usize {
        (origin.wrapping_mul(0x9e37_79b1) as usize).wrapping_add(sequence as usize) & (self.index.len() - 1)
    }

    /// How many were retained after the rumor of this number, itself included.
    const fn age(&self, number: u32) -> usize {
        self.pushes.wrapping_sub(number) as usize
    }

    /// The place of the rumor of this age, which is retained.
    const fn place_of(&self, age: usize) -> usize {
        (self.oldest + self.len - age) % self.capacity
    }

    /// Whether a place holds a rumor.
    #[must_use]
    pub fn holds(&self, place: u32) -> bool {
        let place = place as usize;
        let nth = if place >= self.oldest { place - self.oldest } else { place + self.capacity - self.oldest };
        nth < self.len
    }

    /// What the rumor says that was retained at a place, if it still is.
    #[must_use]
    pub fn at(&self, place: u32, origin: u32, sequence: u64) -> Option<&[u8]> {
        let entry = self.entries.get(place as usize).filter(|_| self.holds(place))?;
        (entry.sequence == sequence && entry.origin == origin).then(|| self.payload(place))
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
        if self.len > 0 {
            self.oldest = (self.oldest + 1) % self.capacity;
            self.len -= 1;
        }
    }

    /// Retains a rumor that is not retained yet, and says where; `None`, and nothing changed, unless [`Store::has_room`].
    #[must_use]
    pub fn push(&mut self, draft: &Draft<'_>) -> Option<u32> {
        let room = draft.payload.len().max(1);
        let at = self.room_at(room).filter(|_| self.len < self.capacity)?;
        let home = self.home(draft.origin, draft.sequence);
        let entry = Entry {
            sequence: draft.sequence,
            topic: draft.topic,
            born: draft.born,
            came: draft.came,
            origin: draft.origin,
            from: draft.from.unwrap_or(NONE),
            at: at as u32,
            before: self.index[home],
            len: draft.payload.len() as u16,
            class: draft.class,
            hops: draft.hops,
            held: false,
            told: Told::default(),
        };
        self.bytes[at..at + draft.payload.len()].copy_from_slice(draft.payload);
        self.head = at + room;
        let place = (self.oldest + self.len) % self.capacity;
        match self.entries.get_mut(place) {
            Some(free) => *free = entry,
            None => self.entries.push(entry),
        }
        self.index[home] = self.pushes;
        self.len += 1;
        self.pushes = self.pushes.wrapping_add(1);
        Some(place as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::VecDeque;

    /// Pushes and pops at random, with `origins` origins whose sequences move on by steps; says how often it was full of bytes.
    fn agrees_with_a_queue(mut store: Store, rumors: usize, origins: u32, step: u64, longest: u32) -> u32 {
        let mut rng = Rng::from_seed(6);
        let mut model: VecDeque<(u32, u64, u32, Vec<u8>)> = VecDeque::new();
        let mut full_of_bytes = 0;
        for n in 1..10_000_u64 {
            let payload: Vec<u8> = (0..rng.below(longest)).map(|i| (n as u8).wrapping_add(i as u8)).collect();
            while !store.has_room(payload.len()) {
                full_of_bytes += u32::from((store.len() as usize) < rumors);
                store.pop();
                model.pop_front();
            }
            let (origin, sequence) = (rng.below(origins), n * step);
            let draft = Draft {
                sequence,
                origin,
                topic: Topic::new("t"),
                born: Instant::ZERO,
                came: Instant::ZERO,
                from: Some(3),
                class: Class::Normal,
                hops: 0,
                payload: &payload,
            };
            let place = store.push(&draft).expect("there is room");
            model.push_back((origin, sequence, place, payload));
            assert_eq!(store.len() as usize, model.len());
            assert!(store.bytes_used() as usize >= model.iter().map(|(.., p)| p.len()).sum());
            for (origin, sequence, place, payload) in &model {
                assert_eq!(store.find(*origin, *sequence), Some(*place), "{origin} {sequence}");
                assert_eq!(store.at(*place, *origin, *sequence), Some(&payload[..]));
            }
            let gone = (model[0].1 - step, model[0].2);
            assert!((0..origins).all(|o| store.find(o, gone.0).is_none() && store.at(gone.1, o, gone.0).is_none()));
        }
        full_of_bytes
    }

    #[test]
    fn holds_the_newest_in_whole_payloads_and_finds_each_of_them() {
        let full_of_bytes = agrees_with_a_queue(Store::new(20, 300), 20, 3, 1, 60);
        assert!(full_of_bytes > 100, "both bounds were met");
        agrees_with_a_queue(Store::new(64, 1 << 16), 64, 5, 1, 8);
    }

    #[test]
    fn those_who_share_one_home_are_all_found() {
        agrees_with_a_queue(Store::new(32, 1 << 16), 32, 1, 64, 8);
    }

    #[test]
    fn numbers_that_wrap_hide_nothing() {
        let mut store = Store::new(32, 1 << 16);
        store.pushes = u32::MAX - 5_000;
        // What an index of zeros names will be the number of a rumor, at another home.
        agrees_with_a_queue(store, 32, 3, 7, 8);
    }

    #[test]
    fn a_payload_as_long_as_all_room_fits_alone() {
        let store = Store::new(4, 100);
        assert!(store.has_room(100) && !store.has_room(101));
    }
}
