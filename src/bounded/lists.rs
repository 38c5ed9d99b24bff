//! Many queues over the same slots: doubly linked lists whose links live in one array, each slot in at most one list.

use super::{NONE, bought};

/// `lists` queues that share the slots `0..slots`; every operation is O(1).
#[derive(Debug)]
pub struct Lists {
    links: Box<[Link]>,
    ends: Box<[Ends]>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    prev: u32,
    next: u32,
    list: u32,
    mark: u32,
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
    pub fn new(lists: usize, slots: usize) -> Self {
        Self {
            links: bought(slots, Link { prev: NONE, next: NONE, list: NONE, mark: 0 }),
            ends: bought(lists, Ends { front: NONE, back: NONE, len: 0 }),
        }
    }

    /// Bytes that [`Lists::new`] buys.
    #[must_use]
    pub const fn memory_bytes(lists: usize, slots: usize) -> usize {
        lists * size_of::<Ends>() + slots * size_of::<Link>()
    }

    /// The list that `slot` is in.
    #[must_use]
    pub fn list_of(&self, slot: u32) -> Option<u32> {
        Some(self.links[slot as usize].list).filter(|l| *l != NONE)
    }

    /// A number of the caller's that stands beside the links of `slot`, in the same cache line.
    #[must_use]
    pub fn mark(&self, slot: u32) -> u32 {
        self.links[slot as usize].mark
    }

    /// Sets the number beside the links of `slot`.
    pub fn set_mark(&mut self, slot: u32, mark: u32) {
        self.links[slot as usize].mark = mark;
    }

    /// How many slots are in `list`.
    #[must_use]
    pub fn len(&self, list: u32) -> u32 {
        self.ends[list as usize].len
    }

    /// The slot that waits longest in `list`.
    #[must_use]
    pub fn front(&self, list: u32) -> Option<u32> {
        Some(self.ends[list as usize].front).filter(|s| *s != NONE)
    }

    /// Puts `slot` at the end of `list`, out of whichever it was in.
    pub fn push_back(&mut self, list: u32, slot: u32) {
        self.remove(slot);
        let ends = &mut self.ends[list as usize];
        let prev = ends.back;
        ends.back = slot;
        ends.len += 1;
        match prev {
            NONE => ends.front = slot,
            _ => self.links[prev as usize].next = slot,
        }
        let link = &mut self.links[slot as usize];
        (link.prev, link.next, link.list) = (prev, NONE, list);
    }

    /// Takes `slot` out of its list, if it is in one.
    pub fn remove(&mut self, slot: u32) {
        let Link { prev, next, list, .. } = self.links[slot as usize];
        if list == NONE {
            return;
        }
        let ends = &mut self.ends[list as usize];
        ends.len -= 1;
        match prev {
            NONE => ends.front = next,
            _ => self.links[prev as usize].next = next,
        }
        match next {
            NONE => ends.back = prev,
            _ => self.links[next as usize].prev = prev,
        }
        let link = &mut self.links[slot as usize];
        (link.prev, link.next, link.list) = (NONE, NONE, NONE);
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
            let list = rng.below(3);
            model.iter_mut().for_each(|q| q.retain(|s| *s != slot));
            if rng.below(3) == 0 {
                lists.remove(slot);
                assert_eq!(lists.list_of(slot), None);
            } else {
                lists.push_back(list, slot);
                model[list as usize].push_back(slot);
                assert_eq!(lists.list_of(slot), Some(list));
            }
            for (l, q) in model.iter().enumerate() {
                assert_eq!(lists.front(l as u32), q.front().copied());
                assert_eq!(lists.len(l as u32), q.len() as u32);
            }
        }
    }
}
