//! Whom do I tell at once? A graph that everybody knows without a word: all who are up, in the order of their ids.
//!
//! Random peers, drawn anew at each node, leave some members out: `e^-f` of them are drawn by nobody, one in 55 at fanout 4.
//! In the generalized graph of Imase and Itoh (1983) the member of rank `i` among `n` tells those of ranks `-(f·i + k) mod n`
//! for `k = 1..=f`. Each is told by exactly `f` others, so without loss nobody is left out and with a loss of `p` one in `p^-f`;
//! and from anywhere to anywhere it is no more than `⌈log_f n⌉` hops, which is the least that is possible. Where views
//! differ for a moment, ranks are shifted and the graph is as good as a random one.
//!
//! Nobody's rank is kept: how many are up is counted for each of [`BUCKETS`] parts of the id space, and within a part, which few
//! share, it is looked up. A change costs one addition whatever the size, and a member no memory.

use crate::bounded::bought;
use crate::config::FANOUT_MAX;
use crate::id::NodeId;

/// The most that one tells at once.
pub const DEGREE_MAX: usize = FANOUT_MAX;

/// Parts of the id space, by the upper bits of an id: ten members share one where there are 10,000.
const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 10;

/// How many are up, this node included, in each part of the id space.
#[derive(Debug)]
pub struct Ranks {
    counts: Box<[u32]>,
    len: usize,
}

const fn bucket_of(id: NodeId) -> usize {
    (id.as_u64() >> (u64::BITS - BUCKET_BITS)) as usize
}

/// The first and the last id of a part.
const fn range_of(bucket: usize) -> (NodeId, NodeId) {
    let first = (bucket as u64) << (u64::BITS - BUCKET_BITS);
    (NodeId::from_u64(first), NodeId::from_u64(first | u64::MAX >> BUCKET_BITS))
}

impl Ranks {
    /// Nobody is up.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: bought(BUCKETS, 0), len: 0 }
    }

    /// Bytes that [`Ranks::new`] buys.
    #[must_use]
    pub const fn memory_bytes() -> usize {
        BUCKETS * size_of::<u32>()
    }

    /// Somebody is up who was not.
    pub fn add(&mut self, id: NodeId) {
        self.counts[bucket_of(id)] += 1;
        self.len += 1;
    }

    /// Somebody is up no more who was.
    pub fn remove(&mut self, id: NodeId) {
        self.counts[bucket_of(id)] -= 1;
        self.len -= 1;
    }

    fn before(&self, bucket: usize) -> usize {
        self.counts[..bucket].iter().map(|n| *n as usize).sum()
    }

    /// How many who are up have lower ids.
    fn rank_of<I: Iterator<Item = (NodeId, u32)>>(&self, id: NodeId, up: impl Fn(NodeId, NodeId) -> I) -> usize {
        let bucket = bucket_of(id);
        let (first, last) = range_of(bucket);
        self.before(bucket) + up(first, last).filter(|(other, _)| *other < id).count()
    }

    /// The slot of whoever has so many lower ids before it.
    fn at<I: Iterator<Item = (NodeId, u32)>>(&self, rank: usize, up: impl Fn(NodeId, NodeId) -> I) -> Option<u32> {
        let mut before = 0;
        let bucket = self.counts.iter().position(|n| {
            before += *n as usize;
            before > rank
        })?;
        let (first, last) = range_of(bucket);
        let mut lowest = up(first, last).min()?;
        for _ in before - self.counts[bucket] as usize..rank {
            lowest = up(first, last).filter(|other| *other > lowest).min()?;
        }
        Some(lowest.1)
    }

    /// Those whom the member `me` tells: up to `degree` distinct slots, without itself. Writes them to `told` and returns how
    /// many they are. `up` gives the ids and slots of those in a range that are up, in any order.
    pub fn told_by<I: Iterator<Item = (NodeId, u32)>>(
        &self,
        me: (NodeId, u32),
        degree: usize,
        told: &mut [u32; DEGREE_MAX],
        up: impl Fn(NodeId, NodeId) -> I,
    ) -> usize {
        let (n, degree) = (self.len, degree.min(DEGREE_MAX));
        let rank = self.rank_of(me.0, &up);
        let (all, mut found) = (n <= degree + 1, 0);
        for k in 1..=if all { n } else { degree } {
            let to = if all { k - 1 } else { (n - (degree * rank + k) % n) % n };
            let slot = self.at(to, &up).filter(|slot| *slot != me.1 && !told[..found].contains(slot));
            if let Some(slot) = slot {
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
    use std::collections::BTreeMap;

    /// Who is up, by id.
    #[derive(Default)]
    struct Up {
        ids: BTreeMap<NodeId, u32>,
        ranks: Option<Ranks>,
    }

    impl Up {
        fn all(n: u32) -> Self {
            let mut up = Self { ranks: Some(Ranks::new()), ..Self::default() };
            (0..n).for_each(|slot| up.set(slot, true));
            up
        }

        fn set(&mut self, slot: u32, is_up: bool) {
            let ranks = self.ranks.as_mut().expect("made with it");
            if is_up {
                self.ids.insert(id_of(slot), slot);
                ranks.add(id_of(slot));
            } else {
                self.ids.remove(&id_of(slot));
                ranks.remove(id_of(slot));
            }
        }

        fn told_by(&self, me: u32, degree: usize) -> Vec<u32> {
            let mut told = [0; DEGREE_MAX];
            let up = |first, last| self.ids.range(first..=last).rev().map(|(id, slot)| (*id, *slot));
            let ranks = self.ranks.as_ref().expect("made with it");
            let found = ranks.told_by((id_of(me), me), degree, &mut told, up);
            told[..found].to_vec()
        }

        /// The same from a sorted list.
        fn expected(&self, me: u32, degree: usize) -> Vec<u32> {
            let sorted: Vec<u32> = self.ids.values().copied().collect();
            let n = sorted.len();
            if n <= degree + 1 {
                return sorted.into_iter().filter(|slot| *slot != me).collect();
            }
            let rank = sorted.iter().position(|slot| *slot == me).expect("it is up");
            let mut told: Vec<u32> = Vec::new();
            for k in 1..=degree {
                let slot = sorted[(n - (degree * rank + k) % n) % n];
                if slot != me && !told.contains(&slot) {
                    told.push(slot);
                }
            }
            told
        }
    }

    /// Ids in another order than the slots, all over the id space and some of them close together.
    fn id_of(slot: u32) -> NodeId {
        let spread = u64::from(slot / 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        NodeId::from_u64(spread & !0xff | u64::from(slot % 3))
    }

    #[test]
    fn the_counts_say_what_a_sorted_list_says() {
        for n in [1, 2, 5, 6, 30, 700, 5_000] {
            let mut up = Up::all(n);
            for round in 0..3 {
                for me in (0..n).filter(|me| up.ids.contains_key(&id_of(*me))).step_by(n as usize / 40 + 1) {
                    assert_eq!(up.told_by(me, 4), up.expected(me, 4), "{me} of {n}, round {round}");
                }
                (1..n).filter(|slot| slot % 4 == round).for_each(|slot| up.set(slot, false));
            }
        }
    }

    #[test]
    fn everybody_is_reached_within_the_least_number_of_hops() {
        for (n, degree) in [(2, 4), (5, 4), (6, 4), (7, 3), (50, 4), (100, 3), (1_000, 4), (1_001, 4), (4_097, 4)] {
            let up = Up::all(n);
            let mut reached = vec![false; n as usize];
            reached[0] = true;
            let (mut newest, mut hops) = (vec![0], 0);
            while !newest.is_empty() {
                let next: Vec<u32> = newest.iter().flat_map(|me| up.told_by(*me, degree)).collect();
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
        let up = Up::all(1_000);
        let mut tellers = vec![0; 1_000];
        (0..1_000).for_each(|me| up.told_by(me, 4).iter().for_each(|to| tellers[*to as usize] += 1));
        // Who would tell itself has one teller less.
        assert!(tellers.iter().all(|n| (3..=4).contains(n)));
        assert!(tellers.iter().filter(|n| **n < 4).count() <= 5);
    }

    #[test]
    fn who_has_gone_is_told_no_more() {
        let mut up = Up::all(10);
        (3..10).for_each(|slot| up.set(slot, false));
        let mut told = up.told_by(1, 4);
        told.sort_unstable();
        assert_eq!(told, [0, 2]);
    }
}
