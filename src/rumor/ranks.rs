//! Whom do I tell at once? A graph that everybody knows without a word: all who are up, in the order of their ids.
//!
//! Random peers, drawn anew at each node, leave some members out: `e^-f` of them are drawn by nobody, one in 55 at fanout 4.
//! In the generalized graph of Imase and Itoh (1983) the member of rank `i` among `n` tells those of ranks `-(f·i + k) mod n`
//! for `k = 1..=f`. Each is told by exactly `f` others, so without loss nobody is left out and with a loss of `p` one in `p^-f`;
//! and from anywhere to anywhere it is no more than `⌈log_f n⌉` hops, which is the least that is possible. Where views
//! differ for a moment, ranks are shifted and the graph is as good as a random one.

use crate::bounded::bought;
use crate::config::FANOUT_MAX;
use crate::id::NodeId;

/// The most that one tells at once.
pub const DEGREE_MAX: usize = FANOUT_MAX;

/// All who are up, this node included, by id.
#[derive(Debug)]
pub struct Ranks {
    sorted: Box<[u32]>,
    len: usize,
}

impl Ranks {
    /// Nobody, room for all members.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self { sorted: bought(members, 0), len: 0 }
    }

    /// Bytes that [`Ranks::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        members * size_of::<u32>()
    }

    fn find(&self, id: NodeId, id_of: impl Fn(u32) -> NodeId) -> Result<usize, usize> {
        self.sorted[..self.len].binary_search_by_key(&id, |slot| id_of(*slot))
    }

    /// A slot is up.
    pub fn insert(&mut self, slot: u32, id_of: impl Fn(u32) -> NodeId) {
        if let Err(at) = self.find(id_of(slot), id_of) {
            self.sorted.copy_within(at..self.len, at + 1);
            self.sorted[at] = slot;
            self.len += 1;
        }
    }

    /// A slot is up no more.
    pub fn remove(&mut self, slot: u32, id_of: impl Fn(u32) -> NodeId) {
        if let Ok(at) = self.find(id_of(slot), id_of) {
            self.sorted.copy_within(at + 1..self.len, at);
            self.len -= 1;
        }
    }

    /// Those whom the member `me` tells: up to `degree` distinct slots, without itself. Writes them to `told` and returns how
    /// many they are.
    pub fn told_by(
        &self,
        me: u32,
        degree: usize,
        told: &mut [u32; DEGREE_MAX],
        id_of: impl Fn(u32) -> NodeId,
    ) -> usize {
        let n = self.len;
        let Ok(rank) = self.find(id_of(me), id_of) else { return 0 };
        let mut found = 0;
        let degree = degree.min(DEGREE_MAX);
        if n <= degree + 1 {
            for slot in self.sorted[..n].iter().filter(|slot| **slot != me) {
                told[found] = *slot;
                found += 1;
            }
            return found;
        }
        for k in 1..=degree {
            let to = (n - (degree * rank + k) % n) % n;
            let slot = self.sorted[to];
            if slot != me && !told[..found].contains(&slot) {
                told[found] = slot;
                found += 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(n: u32) -> Ranks {
        let mut ranks = Ranks::new(n as usize);
        (0..n).for_each(|slot| ranks.insert(slot, id_of));
        ranks
    }

    /// Ids in another order than the slots.
    fn id_of(slot: u32) -> NodeId {
        NodeId::from_u64(u64::from(slot.wrapping_mul(0x9e37_79b1)))
    }

    fn told_by(ranks: &Ranks, me: u32, degree: usize) -> Vec<u32> {
        let mut told = [0; DEGREE_MAX];
        let found = ranks.told_by(me, degree, &mut told, id_of);
        told[..found].to_vec()
    }

    #[test]
    fn everybody_is_reached_within_the_least_number_of_hops() {
        for (n, degree) in [(2, 4), (5, 4), (6, 4), (7, 3), (50, 4), (100, 3), (1_000, 4), (1_001, 4), (4_097, 4)] {
            let ranks = all(n);
            let mut reached = vec![false; n as usize];
            reached[0] = true;
            let (mut newest, mut hops) = (vec![0], 0);
            while !newest.is_empty() {
                let next: Vec<u32> = newest.iter().flat_map(|me| told_by(&ranks, *me, degree)).collect();
                newest = next.into_iter().filter(|s| !std::mem::replace(&mut reached[*s as usize], true)).collect();
                hops += u32::from(!newest.is_empty());
            }
            assert!(reached.iter().all(|r| *r), "{n} nodes, degree {degree}");
            let least = (1..).find(|h| (degree as u64).pow(*h) >= u64::from(n)).expect("some power is as large");
            assert!(hops <= least, "{n} nodes, degree {degree}: {hops} hops, {least} would do");
        }
    }

    #[test]
    fn hardly_anybody_is_told_by_fewer_than_all_its_predecessors() {
        let ranks = all(1_000);
        let mut tellers = vec![0; 1_000];
        (0..1_000).for_each(|me| told_by(&ranks, me, 4).iter().for_each(|to| tellers[*to as usize] += 1));
        // Who would tell itself has one teller less.
        assert!(tellers.iter().all(|n| (3..=4).contains(n)));
        assert!(tellers.iter().filter(|n| **n < 4).count() <= 5);
    }

    #[test]
    fn who_has_gone_is_told_no_more() {
        let mut ranks = all(10);
        (3..10).for_each(|slot| ranks.remove(slot, id_of));
        ranks.remove(9, id_of);
        let mut told = told_by(&ranks, 1, 4);
        told.sort_unstable();
        assert_eq!(told, [0, 2]);
        assert_eq!(told_by(&ranks, 7, 4), [], "nor does it tell");
    }
}
