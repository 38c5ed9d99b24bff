//! Many queues over the same slots: doubly linked lists whose links live in one array, each slot in at most one list.
//!
//! Which list a slot is in is asked far more often than the links are followed: it stands apart, a byte for each slot.

use super::{NONE, bought};

/// At most 255 queues that share the slots `0..slots`; every operation is O(1).
#[derive(Debug)]
pub struct Lists {
    links: Box<[Link]>,
    list_of: Box<[u8]>,
    ends: Box<[Ends]>,
}

/// A slot in no list.
const UNLISTED: u8 = u8::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    prev: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Ends {
    front: u32,
    back: u32,
    len: u32,
}

impl Lists {
    /// Empty queues.
    #[must_use]
    pub fn new(lists: u8, slots: usize) -> Self {
        Self {
            links: bought(slots, Link { prev: NONE, next: NONE }),
            list_of: bought(slots, UNLISTED),
            ends: bought(usize::from(lists), Ends { front: NONE, back: NONE, len: 0 }),
        }
    }

    /// Bytes that [`Lists::new`] buys.
    #[must_use]
    pub const fn memory_bytes(lists: u8, slots: usize) -> usize {
        lists as usize * size_of::<Ends>() + slots * (size_of::<Link>() + size_of::<u8>())
    }

    /// The list that `slot` is in.
    #[must_use]
    pub fn list_of(&self, slot: u32) -> Option<u8> {
        Some(self.list_of[slot as usize]).filter(|l| *l != UNLISTED)
    }

    /// How many slots are in `list`.
    #[must_use]
    pub fn len(&self, list: u8) -> u32 {
        self.ends[usize::from(list)].len
    }

    /// The slot that waits longest in `list`.
    #[must_use]
    pub fn front(&self, list: u8) -> Option<u32> {
        Some(self.ends[usize::from(list)].front).filter(|s| *s != NONE)
    }

    /// Puts `slot` at the end of `list`, out of whichever it was in.
    pub fn push_back(&mut self, list: u8, slot: u32) {
        self.remove(slot);
        let ends = &mut self.ends[usize::from(list)];
        let prev = ends.back;
        ends.back = slot;
        ends.len += 1;
        match prev {
            NONE => ends.front = slot,
            _ => self.links[prev as usize].next = slot,
        }
        self.links[slot as usize] = Link { prev, next: NONE };
        self.list_of[slot as usize] = list;
    }

    /// Takes `slot` out of its list, if it is in one.
    pub fn remove(&mut self, slot: u32) {
        let Some(list) = self.list_of(slot) else { return };
        let Link { prev, next } = self.links[slot as usize];
        let ends = &mut self.ends[usize::from(list)];
        ends.len -= 1;
        match prev {
            NONE => ends.front = next,
            _ => self.links[prev as usize].next = next,
        }
        match next {
            NONE => ends.back = prev,
            _ => self.links[next as usize].prev = prev,
        }
        self.list_of[slot as usize] = UNLISTED;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::VecDeque;

    #[test]
    fn agrees_with_plain_queues_under_random_use() {
        let mut rng = Rng::from_seed(3);
        let mut lists = Lists::new(3, 20);
        let mut model: [VecDeque<u32>; 3] = Default::default();
        for _ in 0..20_000 {
            let slot = rng.below(20);
            let list = rng.below(3) as u8;
            model.iter_mut().for_each(|q| q.retain(|s| *s != slot));
            if rng.below(3) == 0 {
                lists.remove(slot);
                assert_eq!(lists.list_of(slot), None);
            } else {
                lists.push_back(list, slot);
                model[usize::from(list)].push_back(slot);
                assert_eq!(lists.list_of(slot), Some(list));
            }
            for (l, q) in model.iter().enumerate() {
                assert_eq!(lists.front(l as u8), q.front().copied());
                assert_eq!(lists.len(l as u8), q.len() as u32);
            }
        }
    }
}
