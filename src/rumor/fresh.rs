//! What has just come and is to be passed on at once?
//!
//! A batch: all rumors that have come since the last was passed on, for a few peers. One peer after the other is told of all of it
//! that concerns it, in as many datagrams as that takes.

use arrayvec::ArrayVec;

use super::links::LINKS_MAX;
use super::ranks::DEGREE_MAX;
use crate::bounded::bought;

/// Peers that one batch is passed on to at most.
const PEERS_MAX: usize = DEGREE_MAX + LINKS_MAX;

/// The batch at hand.
#[derive(Debug)]
#[repr(C)]
pub struct Fresh {
    /// As many of `places` are being passed on, those in front.
    batch: usize,
    /// Places in the store; those that wait are in `begin..end`, at most half of all.
    begin: usize,
    end: usize,
    places: Box<[u32]>,
    /// How many of `peers` have been told everything, and how much of the batch the next one has been offered.
    peer: usize,
    offered: usize,
    peers: ArrayVec<u32, PEERS_MAX>,
}

impl Fresh {
    /// Nothing, room for so many.
    #[must_use]
    pub fn new(rumors: usize) -> Self {
        let peers = ArrayVec::new_const();
        Self { places: bought(2 * rumors, 0), begin: 0, end: 0, batch: 0, peers, peer: 0, offered: 0 }
    }

    /// Bytes that [`Fresh::new`] buys.
    #[must_use]
    pub const fn memory_bytes(rumors: usize) -> usize {
        2 * rumors * size_of::<u32>()
    }

    /// Adds a rumor; `false` when there is no room.
    #[must_use]
    pub fn push(&mut self, place: u32) -> bool {
        if self.end - self.begin == self.places.len() / 2 {
            return false;
        }
        if self.end == self.places.len() {
            // Half of all places are free in front: what moves has cost nothing for as many rumors.
            self.places.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        self.places[self.end] = place;
        self.end += 1;
        true
    }

    /// Whether a batch is being passed on.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        self.batch > 0
    }

    fn all(&self) -> &[u32] {
        &self.places[self.begin..self.end]
    }

    /// What waits for the next batch.
    #[must_use]
    pub fn waiting(&self) -> &[u32] {
        &self.all()[self.batch..]
    }

    /// Makes all that waits a batch for some peers, and for those that `more` names for a rumor of it.
    pub fn begin<I: Iterator<Item = u32>>(&mut self, peers: &[u32], more: impl Fn(u32) -> I) {
        debug_assert!(!self.is_under_way(), "one batch at a time");
        self.peers.clear();
        self.peers.extend(peers.iter().copied());
        for peer in self.places[self.begin..self.end].iter().flat_map(|place| more(*place)) {
            if !self.peers.contains(&peer) && self.peers.try_push(peer).is_err() {
                break;
            }
        }
        (self.batch, self.peer, self.offered) = (self.end - self.begin, 0, 0);
    }

    /// The peer to be told next, and what of the batch it has not been offered.
    #[must_use]
    pub fn next(&self) -> Option<(u32, &[u32])> {
        let peer = *self.peers.get(self.peer).filter(|_| self.is_under_way())?;
        Some((peer, &self.all()[self.offered..self.batch]))
    }

    /// The peer at hand has been offered so many more; with all it is the next one's turn, and after the last the batch is over.
    pub fn offered(&mut self, more: usize) {
        self.offered += more;
        if self.offered >= self.batch {
            self.offered = 0;
            self.peer += 1;
        }
        if self.peer >= self.peers.len() {
            self.end();
        }
    }

    /// The batch is over; what has come meanwhile waits for the next.
    pub fn end(&mut self) {
        self.begin += self.batch;
        self.batch = 0;
        if self.begin == self.end {
            // Begins again at the first place: one that is emptied after each use stays in the same few cache lines.
            (self.begin, self.end) = (0, 0);
        }
    }

    /// What came first of all that waits or is passed on.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.all().first().copied()
    }

    /// What came first is passed on no more.
    pub fn forget_first(&mut self) {
        if self.begin < self.end {
            self.begin += 1;
            self.batch = self.batch.saturating_sub(1);
            self.offered = self.offered.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_is_offered_the_whole_batch_and_nothing_of_the_next() {
        let mut fresh = Fresh::new(5);
        assert!((10..13).all(|place| fresh.push(place)));
        fresh.begin(&[1], |place| [2, 1].into_iter().filter(move |_| place == 11));
        assert!(fresh.push(13) && fresh.push(14) && !fresh.push(15));
        assert_eq!(fresh.next(), Some((1, &[10, 11, 12][..])));
        fresh.offered(2);
        assert_eq!(fresh.next(), Some((1, &[12][..])));
        fresh.offered(1);
        assert_eq!(fresh.next(), Some((2, &[10, 11, 12][..])));
        fresh.offered(3);
        assert_eq!((fresh.next(), fresh.waiting()), (None, &[13, 14][..]));
    }

    #[test]
    fn those_in_front_may_go_at_any_time_and_the_others_stay_in_order() {
        let mut rng = crate::rng::Rng::from_seed(2);
        let (mut fresh, mut model) = (Fresh::new(7), std::collections::VecDeque::new());
        for place in 0..10_000 {
            assert_eq!(fresh.push(place), model.len() < 7);
            if model.len() < 7 {
                model.push_back(place);
            }
            match rng.below(4) {
                0 => {
                    fresh.forget_first();
                    model.pop_front();
                }
                1 if !fresh.is_under_way() => fresh.begin(&[1], |_| core::iter::empty()),
                2 if fresh.is_under_way() => {
                    let batch = fresh.next().expect("one peer").1.len();
                    assert!(model.iter().take(batch).eq(fresh.next().expect("one peer").1));
                    fresh.offered(batch);
                    model.drain(..batch);
                }
                _ => {}
            }
            assert_eq!(fresh.first(), model.front().copied());
        }
    }

    #[test]
    fn a_batch_for_nobody_is_over_once_it_is_looked_at() {
        let mut fresh = Fresh::new(2);
        assert!(fresh.push(1));
        fresh.begin(&[], |_| core::iter::empty());
        assert_eq!(fresh.next(), None);
        fresh.end();
        assert!(fresh.push(2) && fresh.push(3));
        fresh.forget_first();
        assert_eq!((fresh.first(), fresh.waiting()), (Some(3), &[3][..]));
    }
}
