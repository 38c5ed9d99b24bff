//! Whom to ask and whom to tell? Everybody who is up, in a shuffled round robin; everybody who is down, in turn.
//!
//! One array holds both: those that are up from its front on, those that are down from its end on. The down are a binary
//! heap by the time at which they went: they are forgotten in that order, all after the same time, so the first of the heap
//! is the only one that needs a timer. Who goes down is the last to have gone, and its place in a heap is the end.

use crate::bounded::{NONE, bought};
use crate::rng::Rng;
use crate::time::Instant;

/// The slots of members that are up and of those that are down.
#[derive(Debug)]
pub struct Roster {
    listed: Box<[u32]>,
    up_len: u32,
    /// `up[..cursor]` have been probed in this round, the rest have not.
    cursor: u32,
    down_len: u32,
    down_cursor: u32,
    /// Where in the array a slot stands.
    place: Box<[u32]>,
}

impl Roster {
    /// Room for all slots.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self {
            listed: bought(members, NONE),
            up_len: 0,
            cursor: 0,
            down_len: 0,
            down_cursor: 0,
            place: bought(members, NONE),
        }
    }

    /// Bytes that [`Roster::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        2 * members * size_of::<u32>()
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

    /// Whether a slot is listed as up.
    #[must_use]
    pub fn is_up(&self, slot: u32) -> bool {
        self.place[slot as usize] < self.up_len
    }

    /// Those that are up, in no order that means anything.
    #[must_use]
    pub fn up(&self) -> &[u32] {
        &self.listed[..self.up_len as usize]
    }

    /// Those that are down, in no order that means anything.
    #[must_use]
    pub fn down(&self) -> &[u32] {
        &self.listed[self.listed.len() - self.down_len as usize..]
    }

    /// The slot that went down before all others, of several the lowest.
    #[must_use]
    pub fn first_down(&self) -> Option<u32> {
        (self.down_len > 0).then(|| self.down_at(0))
    }

    /// Lists a slot as up, and whatever it was before no more. It is probed within this round. `went_at` tells when each of
    /// those that are down went.
    pub fn set_up(&mut self, slot: u32, went_at: impl Fn(u32) -> Instant) {
        self.remove(slot, went_at);
        self.put(self.up_len, slot);
        self.up_len += 1;
    }

    /// Lists a slot as down, and whatever it was before no more.
    pub fn set_down(&mut self, slot: u32, went_at: impl Fn(u32) -> Instant) {
        self.remove(slot, &went_at);
        self.down_len += 1;
        self.put_down(self.down_len - 1, slot);
        self.sift_up(self.down_len - 1, &went_at);
    }

    /// Lists a slot no more.
    pub fn remove(&mut self, slot: u32, went_at: impl Fn(u32) -> Instant) {
        let place = self.place[slot as usize];
        if place == NONE {
            return;
        }
        if place < self.up_len {
            self.remove_up(place);
        } else {
            self.remove_down(self.listed.len() as u32 - 1 - place, went_at);
        }
        self.place[slot as usize] = NONE;
    }

    fn put(&mut self, place: u32, slot: u32) {
        self.listed[place as usize] = slot;
        self.place[slot as usize] = place;
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
        let (x, y) = (self.listed[a as usize], self.listed[b as usize]);
        self.put(a, y);
        self.put(b, x);
    }

    /// The slot at a node of the heap of those that are down.
    fn down_at(&self, node: u32) -> u32 {
        self.listed[self.listed.len() - 1 - node as usize]
    }

    fn put_down(&mut self, node: u32, slot: u32) {
        self.put(self.listed.len() as u32 - 1 - node, slot);
    }

    fn remove_down(&mut self, node: u32, went_at: impl Fn(u32) -> Instant) {
        self.down_len -= 1;
        if node < self.down_len {
            self.put_down(node, self.down_at(self.down_len));
            self.sift_up(node, &went_at);
            self.sift_down(node, &went_at);
        }
    }

    fn sift_up(&mut self, mut node: u32, went_at: impl Fn(u32) -> Instant) {
        while node > 0 {
            let parent = (node - 1) / 2;
            let (above, here) = (self.down_at(parent), self.down_at(node));
            if (went_at(above), above) <= (went_at(here), here) {
                return;
            }
            self.put_down(parent, here);
            self.put_down(node, above);
            node = parent;
        }
    }

    fn sift_down(&mut self, mut node: u32, went_at: impl Fn(u32) -> Instant) {
        loop {
            let below = (2 * node + 1..2 * node + 3).filter(|child| *child < self.down_len);
            let Some(child) = below.min_by_key(|child| {
                let slot = self.down_at(*child);
                (went_at(slot), slot)
            }) else {
                return;
            };
            let (here, first) = (self.down_at(node), self.down_at(child));
            if (went_at(here), here) <= (went_at(first), first) {
                return;
            }
            self.put_down(node, first);
            self.put_down(child, here);
            node = child;
        }
    }

    /// The next to be probed. Each member comes once in a round, in an order drawn anew each round: the shuffle is made one
    /// step at a time, so that no call costs more than another (SWIM §4.3).
    pub fn next_up(&mut self, rng: &mut Rng) -> Option<u32> {
        if self.up_len == 0 {
            return None;
        }
        let (cursor, drawn) = self.draw(rng);
        self.swap_up(cursor, drawn);
        self.cursor = cursor + 1;
        Some(self.listed[cursor as usize])
    }

    /// Whose turn it is by place, and who is drawn to take it.
    fn draw(&self, rng: &mut Rng) -> (u32, u32) {
        let cursor = if self.cursor >= self.up_len { 0 } else { self.cursor };
        (cursor, cursor + rng.below(self.up_len - cursor))
    }

    /// Whom [`Roster::next_up`] would give with these dice.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn foresee(&self, rng: &Rng) -> Option<u32> {
        let (_, drawn) = self.draw(&mut rng.clone());
        self.up().get(drawn as usize).copied()
    }

    /// Where it stands who is drawn, and who goes where that one was.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn foresee_places(&self, drawn: u32) -> Option<(u32, u32)> {
        let cursor = if self.cursor >= self.up_len { 0 } else { self.cursor };
        let displaced = self.up().get(cursor as usize)?;
        Some((self.place[*displaced as usize], self.place[drawn as usize]))
    }

    /// The next of the down, in turn.
    pub fn next_down(&mut self) -> Option<u32> {
        if self.down_len == 0 {
            return None;
        }
        self.down_cursor = (self.down_cursor + 1) % self.down_len;
        Some(self.down_at(self.down_cursor))
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
            let slot = self.listed[rng.below(self.up_len) as usize];
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

    fn at_once(_: u32) -> Instant {
        Instant::ZERO
    }

    #[test]
    fn each_is_probed_once_in_a_round_and_the_order_changes() {
        let mut rng = Rng::from_seed(1);
        let mut roster = Roster::new(50);
        (0..50).for_each(|slot| roster.set_up(slot, at_once));
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
        (0..40).for_each(|slot| roster.set_up(slot, at_once));
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.extend(roster.next_up(&mut rng));
        }
        let (gone, stays) = (seen[3], seen[4]);
        roster.set_down(gone, at_once);
        roster.set_up(77, at_once);
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
            (0..n).for_each(|slot| roster.set_up(slot, at_once));
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

    #[test]
    fn who_went_down_first_is_first_whoever_comes_and_goes_between() {
        let mut rng = Rng::from_seed(4);
        let mut roster = Roster::new(60);
        let mut went = [None; 60];
        for time in 0..20_000_u64 {
            let (slot, at) =
                (rng.below(60), |times: &[Option<Instant>; 60], s: u32| times[s as usize].unwrap_or_default());
            match rng.below(4) {
                0 => {
                    went[slot as usize] = None;
                    roster.set_up(slot, |s| at(&went, s));
                }
                1 => {
                    went[slot as usize] = None;
                    roster.remove(slot, |s| at(&went, s));
                }
                2.. => {
                    // Several at one time, and some of them down already.
                    went[slot as usize] = Some(Instant::from_nanos(1 + time / 3));
                    roster.set_down(slot, |s| at(&went, s));
                }
            }
            let mut down: Vec<u32> = (0..60).filter(|s| went[*s as usize].is_some()).collect();
            assert_eq!(roster.first_down(), down.iter().copied().min_by_key(|s| (went[*s as usize], *s)));
            let mut listed = roster.down().to_vec();
            listed.sort_unstable();
            assert_eq!(listed, down);
            down.extend(roster.up());
            let distinct: std::collections::BTreeSet<u32> = down.iter().copied().collect();
            assert_eq!(distinct.len(), down.len(), "up or down, and never both");
        }
    }
}
