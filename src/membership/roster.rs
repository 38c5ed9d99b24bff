//! Whom to ask and whom to tell? Everybody who is up, in a shuffled round robin; everybody who is down, in turn.

use crate::bounded::{NONE, bought};
use crate::rng::Rng;

/// The slots of members that are up and of those that are down, each in an array for drawing at random.
#[derive(Debug)]
pub struct Roster {
    up: Box<[u32]>,
    up_len: u32,
    /// `up[..cursor]` have been probed in this round, the rest have not.
    cursor: u32,
    down: Box<[u32]>,
    down_len: u32,
    down_cursor: u32,
    /// Where in its array a slot stands.
    place: Box<[u32]>,
}

impl Roster {
    /// Room for all slots.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self {
            up: bought(members, NONE),
            up_len: 0,
            cursor: 0,
            down: bought(members, NONE),
            down_len: 0,
            down_cursor: 0,
            place: bought(members, NONE),
        }
    }

    /// Bytes that [`Roster::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        3 * members * size_of::<u32>()
    }

    /// How many are up.
    #[must_use]
    pub const fn up_len(&self) -> u32 {
        self.up_len
    }

    /// How many are down.
    #[must_use]
    pub const fn down_len(&self) -> u32 {
        self.down_len
    }

    /// Those that are up, in no order that means anything.
    #[must_use]
    pub fn up(&self) -> &[u32] {
        &self.up[..self.up_len as usize]
    }

    /// Those that are down, in no order that means anything.
    #[must_use]
    pub fn down(&self) -> &[u32] {
        &self.down[..self.down_len as usize]
    }

    /// Lists a slot as up, and whatever it was before no more. It is probed within this round.
    pub fn set_up(&mut self, slot: u32) {
        self.remove(slot);
        self.up[self.up_len as usize] = slot;
        self.place[slot as usize] = self.up_len;
        self.up_len += 1;
    }

    /// Lists a slot as down, and whatever it was before no more.
    pub fn set_down(&mut self, slot: u32) {
        self.remove(slot);
        self.down[self.down_len as usize] = slot;
        self.place[slot as usize] = self.down_len;
        self.down_len += 1;
    }

    /// Lists a slot no more.
    pub fn remove(&mut self, slot: u32) {
        let place = self.place[slot as usize];
        if place == NONE {
            return;
        }
        if place < self.up_len && self.up[place as usize] == slot {
            self.remove_up(place);
        } else {
            self.down_len -= 1;
            let last = self.down[self.down_len as usize];
            self.down[place as usize] = last;
            self.place[last as usize] = place;
        }
        self.place[slot as usize] = NONE;
    }

    fn remove_up(&mut self, mut place: u32) {
        if place < self.cursor {
            self.cursor -= 1;
            self.swap_up(place, self.cursor);
            place = self.cursor;
        }
        self.up_len -= 1;
        self.swap_up(place, self.up_len);
    }

    fn swap_up(&mut self, a: u32, b: u32) {
        self.up.swap(a as usize, b as usize);
        self.place[self.up[a as usize] as usize] = a;
        self.place[self.up[b as usize] as usize] = b;
    }

    /// The next to be probed. Each member comes once in a round, in an order drawn anew each round: the shuffle is made one
    /// step at a time, so that no call costs more than another (SWIM §4.3).
    pub fn next_up(&mut self, rng: &mut Rng) -> Option<u32> {
        if self.up_len == 0 {
            return None;
        }
        if self.cursor >= self.up_len {
            self.cursor = 0;
        }
        let drawn = self.cursor + rng.below(self.up_len - self.cursor);
        self.swap_up(self.cursor, drawn);
        self.cursor += 1;
        Some(self.up[self.cursor as usize - 1])
    }

    /// The next of the down, in turn.
    pub fn next_down(&mut self) -> Option<u32> {
        if self.down_len == 0 {
            return None;
        }
        self.down_cursor = (self.down_cursor + 1) % self.down_len;
        Some(self.down[self.down_cursor as usize])
    }

    /// Fills `chosen` with distinct slots that are up and that `wanted` takes, drawn at random; returns how many it
    /// found: all it could where few are up, else what a bounded number of draws gave.
    pub fn sample(&self, rng: &mut Rng, chosen: &mut [u32], wanted: impl Fn(u32) -> bool) -> usize {
        const FEW: usize = 32;
        let mut found = 0;
        if self.up().len() <= FEW {
            // Drawing with replacement would hardly end: take from a copy instead.
            let mut rest = [NONE; FEW];
            rest[..self.up().len()].copy_from_slice(self.up());
            let mut left = self.up_len;
            while left > 0 && found < chosen.len() {
                let drawn = rng.below(left) as usize;
                left -= 1;
                let slot = rest[drawn];
                rest[drawn] = rest[left as usize];
                if wanted(slot) {
                    chosen[found] = slot;
                    found += 1;
                }
            }
            return found;
        }
        for _ in 0..4 * chosen.len() + 8 {
            if found == chosen.len() {
                break;
            }
            let slot = self.up[rng.below(self.up_len) as usize];
            if wanted(slot) && !chosen[..found].contains(&slot) {
                chosen[found] = slot;
                found += 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_probed_once_in_a_round_and_the_order_changes() {
        let mut rng = Rng::from_seed(1);
        let mut roster = Roster::new(50);
        (0..50).for_each(|slot| roster.set_up(slot));
        let mut orders = Vec::new();
        for _ in 0..3 {
            let order: Vec<u32> = (0..50).filter_map(|_| roster.next_up(&mut rng)).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..50).collect::<Vec<_>>());
            orders.push(order);
        }
        assert!(orders[0] != orders[1] && orders[1] != orders[2]);
    }

    #[test]
    fn nobody_is_skipped_or_probed_twice_when_others_come_and_go() {
        let mut rng = Rng::from_seed(2);
        let mut roster = Roster::new(100);
        (0..40).for_each(|slot| roster.set_up(slot));
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.extend(roster.next_up(&mut rng));
        }
        let (gone, stays) = (seen[3], seen[4]);
        roster.set_down(gone);
        roster.set_up(77);
        for _ in 0..20 {
            seen.extend(roster.next_up(&mut rng));
        }
        assert!(!seen[20..].contains(&stays), "probed in this round already");
        assert!(seen[20..].contains(&77), "a newcomer is probed in this round");
        assert_eq!((roster.up_len(), roster.next_down()), (40, Some(gone)));
    }

    #[test]
    fn a_sample_is_distinct_and_wanted() {
        let mut rng = Rng::from_seed(3);
        for n in [0, 1, 3, 10, 17, 80] {
            let mut roster = Roster::new(100);
            (0..n).for_each(|slot| roster.set_up(slot));
            let mut chosen = [0; 4];
            let found = roster.sample(&mut rng, &mut chosen, |slot| slot != 2);
            let expected = (n.saturating_sub(u32::from(n > 2)) as usize).min(4);
            assert_eq!(found, expected, "of {n}");
            assert!(!chosen[..found].contains(&2));
            let mut sorted = chosen[..found].to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), found);
        }
    }
}
