//! Where in the table is this id? An open-addressing index whose order is roughly the order of the ids.
//!
//! An id is a hash, so its upper bits are its home place: a range of ids is a run of places, which is what listings of a
//! part of the id space need. Linear probing, at most half or three quarters full, removal by shifting back (Knuth, TAOCP 3, 6.4 R). A
//! place is 32 bits: a slot, in as many bits as that takes, and in the rest the lowest bits of the upper half of its id, so that hardly ever
//! a member is looked at that is not the one; sixteen places to a cache line, so that a search stays within one or two.

use core::hint::black_box;

use super::bought;
use crate::id::NodeId;

/// From id to slot.
#[derive(Debug)]
pub struct Index {
    places: Box<[u32]>,
    /// How many bits of a place tell the slot, and which; the others are the lowest of the upper half of its id.
    slot_bits: u32,
    slot_mask: u32,
}

/// No slot: a place holds a slot plus one, so that an index that nothing was put into touches no memory.
const EMPTY: u32 = 0;

const fn places_for(members: usize) -> usize {
    2 * members
}

/// A search ends at a place that is empty: there is one.
const fn dense_places_for(members: usize) -> usize {
    members + members / 3 + 1
}

impl Index {
    /// Room for `members` ids: half of its places, so that a search looks at 2.5 of them where it finds nothing, on average.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self::of(members, places_for(members))
    }

    /// The same in two thirds of the memory: a search looks at 8.5 places where it finds nothing, at 2.5 where it does.
    #[must_use]
    pub fn dense(members: usize) -> Self {
        Self::of(members, dense_places_for(members))
    }

    fn of(members: usize, places: usize) -> Self {
        let slot_bits = usize::BITS - members.leading_zeros();
        Self { places: bought(places, EMPTY), slot_bits, slot_mask: (1 << slot_bits) - 1 }
    }

    /// Bytes that [`Index::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        places_for(members) * size_of::<u32>()
    }

    /// Bytes that [`Index::dense`] buys.
    #[must_use]
    pub const fn dense_memory_bytes(members: usize) -> usize {
        dense_places_for(members) * size_of::<u32>()
    }

    /// The id as a fraction of all ids, of all places.
    fn home(&self, id: NodeId) -> usize {
        (((id.as_u64() >> 32) * self.places.len() as u64) >> 32) as usize
    }

    fn after(&self, place: usize) -> usize {
        if place + 1 == self.places.len() { 0 } else { place + 1 }
    }

    /// How far behind `from` a place is, round the end.
    fn distance(&self, from: usize, place: usize) -> usize {
        if place >= from { place - from } else { place + self.places.len() - from }
    }

    fn tag(&self, id: NodeId) -> u32 {
        ((id.as_u64() >> 32) as u32) << self.slot_bits
    }

    const fn slot(&self, entry: u32) -> u32 {
        (entry & self.slot_mask) - 1
    }

    /// The slot for which `is` holds among those whose tag and home fit `id`.
    #[must_use]
    pub fn find(&self, id: NodeId, is: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = self.tag(id);
        let alike = |here: u32| here & !self.slot_mask == tag;
        let search = |here: &u32| match *here {
            EMPTY => Some(None),
            here if alike(here) && is(self.slot(here)) => Some(Some(self.slot(here))),
            _ => None,
        };
        // From home to the end, and round it: so there is no end to look out for at each step.
        let (before, from) = self.places.split_at(self.home(id));
        from.iter().chain(before).find_map(search).flatten()
    }

    /// Loads the place where an id is looked for first, so that it is at hand then.
    pub fn load(&self, id: NodeId) {
        black_box(self.places[self.home(id)]);
    }

    /// Adds an id that is not in yet. The caller keeps within the capacity.
    pub fn insert(&mut self, id: NodeId, slot: u32) {
        let mut place = self.home(id);
        while self.places[place] != EMPTY {
            place = self.after(place);
        }
        self.places[place] = self.tag(id) | (slot + 1);
    }

    /// Removes an id; `id_of` tells the id at a slot.
    pub fn remove(&mut self, id: NodeId, id_of: impl Fn(u32) -> NodeId) {
        self.remove_where(id, |slot| id_of(slot) == id, &id_of);
    }

    /// Removes a slot whose id others may share.
    pub fn remove_slot(&mut self, id: NodeId, slot: u32, id_of: impl Fn(u32) -> NodeId) {
        self.remove_where(id, |other| other == slot, &id_of);
    }

    /// Removes a slot whose id is not known any more, wherever it is: every place is looked at.
    pub fn remove_anywhere(&mut self, slot: u32, id_of: impl Fn(u32) -> NodeId) {
        let is = |here: &u32| *here != EMPTY && self.slot(*here) == slot;
        if let Some(gap) = self.places.iter().position(is) {
            self.close(gap, &id_of);
        }
    }

    fn remove_where(&mut self, id: NodeId, is: impl Fn(u32) -> bool, id_of: &impl Fn(u32) -> NodeId) {
        if let Some(gap) = self.place_where(id, is) {
            self.close(gap, id_of);
        }
    }

    /// Puts a slot in the place of another with the same id: nothing moves, and no other id is asked for.
    pub fn replace_slot(&mut self, id: NodeId, slot: u32, by: u32) {
        if let Some(place) = self.place_where(id, |other| other == slot) {
            self.places[place] = self.tag(id) | (by + 1);
        }
    }

    fn place_where(&self, id: NodeId, is: impl Fn(u32) -> bool) -> Option<usize> {
        let mut place = self.home(id);
        loop {
            let here = self.places[place];
            if here == EMPTY {
                return None;
            }
            if is(self.slot(here)) {
                return Some(place);
            }
            place = self.after(place);
        }
    }

    /// Empties a place, and moves those behind it up that would not be found any more.
    fn close(&mut self, mut gap: usize, id_of: &impl Fn(u32) -> NodeId) {
        let mut place = gap;
        loop {
            place = self.after(place);
            let here = self.places[place];
            if here == EMPTY {
                break;
            }
            let home = self.home(id_of(self.slot(here)));
            // What sits at `place` may move into the gap when its home is not behind the gap.
            if self.distance(home, place) >= self.distance(gap, place) {
                self.places[gap] = here;
                gap = place;
            }
        }
        self.places[gap] = EMPTY;
    }

    /// The slots of ids that are like one but for their lowest `below` bits, at least 32; hardly any others among them.
    pub fn alike(&self, id: NodeId, below: u32) -> impl Iterator<Item = u32> + '_ {
        let free = u64::MAX >> (u64::BITS - below);
        let (first, last) = (NodeId::from_u64(id.as_u64() & !free), NodeId::from_u64(id.as_u64() | free));
        // What of a tag is not free.
        let mask = u32::MAX.checked_shl(self.slot_bits + below - u32::BITS).unwrap_or(0);
        let tag = self.tag(first) & mask;
        self.home_to_home(first, last).filter(move |here| here & mask == tag).map(|here| self.slot(here))
    }

    /// The slots of ids that may lie in `first..=last`, in no order, others among them.
    pub fn near(&self, first: NodeId, last: NodeId) -> impl Iterator<Item = u32> + '_ {
        self.home_to_home(first, last).map(|here| self.slot(here))
    }

    /// What stands in the places from the first's home on, to the first that is empty from the last's home on.
    fn home_to_home(&self, first: NodeId, last: NodeId) -> impl Iterator<Item = u32> + '_ {
        let (mut place, end) = (self.home(first), self.home(last));
        // Whose home is full lies behind it, up to the first place that is empty; and nowhere is looked twice.
        let (mut homes, mut left) = (self.distance(place, end) + 1, self.places.len());
        core::iter::from_fn(move || {
            while left > 0 {
                let here = self.places[place];
                place = self.after(place);
                left -= 1;
                homes = homes.saturating_sub(1);
                match here {
                    EMPTY if homes == 0 => left = 0,
                    EMPTY => {}
                    here => return Some(here),
                }
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn agrees_with_an_ordered_map_under_random_use() {
        agrees_under_random_use(Index::new(64));
        agrees_under_random_use(Index::dense(64));
    }

    fn agrees_under_random_use(mut index: Index) {
        let mut rng = Rng::from_seed(5);
        let mut ids = [NodeId::from_u64(0); 64];
        let mut model: BTreeMap<NodeId, u32> = BTreeMap::new();
        for _ in 0..30_000 {
            // Few distinct upper bits, so that runs are long and wrap around the end.
            let id = NodeId::from_u64(((u64::from(rng.below(4)) + 12) << 60) | u64::from(rng.below(40)));
            match model.get(&id) {
                Some(slot) if rng.below(4) == 0 => {
                    let Some(by) = (0..64).find(|s| !model.values().any(|v| v == s)) else { continue };
                    index.replace_slot(id, *slot, by);
                    ids.swap(*slot as usize, by as usize);
                    model.insert(id, by);
                }
                Some(slot) if rng.below(3) == 0 => {
                    let slot = *slot;
                    index.remove(id, |s| ids[s as usize]);
                    model.remove(&id);
                    ids[slot as usize] = NodeId::from_u64(0);
                }
                None if model.len() < 64 => {
                    let slot = (0..64).find(|s| !model.values().any(|v| v == s)).expect("a free slot");
                    ids[slot as usize] = id;
                    index.insert(id, slot);
                    model.insert(id, slot);
                }
                _ => {}
            }
            assert_eq!(index.find(id, |s| ids[s as usize] == id), model.get(&id).copied());
            let (a, b) = (NodeId::from_u64(13 << 60), NodeId::from_u64((14 << 60) | 20));
            let mut near: Vec<u32> = index.near(a, b).filter(|s| (a..=b).contains(&ids[*s as usize])).collect();
            let mut expected: Vec<u32> = model.range(a..=b).map(|(_, s)| *s).collect();
            near.sort_unstable();
            expected.sort_unstable();
            assert_eq!(near, expected);
            for below in [32, 39, 60, 63] {
                let like = |other: &NodeId| (other.as_u64() ^ id.as_u64()) >> below == 0;
                let mut alike: Vec<u32> = index.alike(id, below).filter(|s| like(&ids[*s as usize])).collect();
                let mut expected: Vec<u32> = model.iter().filter(|(other, _)| like(other)).map(|(_, s)| *s).collect();
                alike.sort_unstable();
                expected.sort_unstable();
                assert_eq!(alike, expected, "but for {below} bits");
            }
        }
    }
}
