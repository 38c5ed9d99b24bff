//! Many queues over the same slots: doubly linked lists whose links live in one array, each slot in at most one list.
//!
//! A list is a ring through a link of its own, so that no end is a special case: whatever moves, four links are written
//! and nothing is asked. Which list a slot is in stands apart, a byte for each slot: it is asked far more often than the
//! links are followed.

use super::bought;

/// At most 255 queues that share the slots `0..slots`; every operation is O(1).
#[derive(Debug)]
pub struct Lists {
    /// Those of the slots, and behind them one for each list.
    links: Box<[Link]>,
    /// The list that a slot is in, plus one; 0 for none, so that slots that were never listed touch no memory.
    list_of: Box<[u8]>,
}

/// A slot in no list.
const UNLISTED: u8 = 0;

/// The slots before and behind one.
type Link = [u32; 2];
const PREV: usize = 0;
const NEXT: usize = 1;

impl Lists {
    /// Empty queues.
    #[must_use]
    pub fn new(lists: u8, slots: usize) -> Self {
        let mut links = bought(slots + usize::from(lists), [0; 2]);
        for (own, link) in links.iter_mut().enumerate().skip(slots) {
            *link = [own as u32; 2];
        }
        Self { links, list_of: bought(slots, UNLISTED) }
    }

    /// Bytes that [`Lists::new`] buys.
    #[must_use]
    pub const fn memory_bytes(lists: u8, slots: usize) -> usize {
        (slots + lists as usize) * size_of::<Link>() + slots * size_of::<u8>()
    }

    /// The list that `slot` is in.
    #[must_use]
    pub fn list_of(&self, slot: u32) -> Option<u8> {
        self.list_of[slot as usize].checked_sub(1)
    }

    /// The slot that waits longest in `list`.
    #[must_use]
    pub fn front(&self, list: u8) -> Option<u32> {
        let own = self.own_link(list);
        Some(self.links[own][NEXT]).filter(|slot| *slot as usize != own)
    }

    /// Puts `slot` at the end of `list`, out of whichever it was in.
    pub fn push_back(&mut self, list: u8, slot: u32) {
        self.remove(slot);
        let own = self.own_link(list);
        let prev = self.links[own][PREV];
        self.links[own][PREV] = slot;
        self.links[prev as usize][NEXT] = slot;
        self.links[slot as usize] = [prev, own as u32];
        self.list_of[slot as usize] = list + 1;
    }

    /// Takes `slot` out of its list, if it is in one.
    pub fn remove(&mut self, slot: u32) {
        if self.list_of[slot as usize] == UNLISTED {
            return;
        }
        self.list_of[slot as usize] = UNLISTED;
        let [prev, next] = self.links[slot as usize];
        self.links[prev as usize][NEXT] = next;
        self.links[next as usize][PREV] = prev;
    }

    fn own_link(&self, list: u8) -> usize {
        self.list_of.len() + usize::from(list)
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
            }
        }
    }
}
