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
pub struct Fresh {
    /// Places in the store.
    places: Box<[u32]>,
    len: usize,
    /// Those in front of this are being passed on.
    batch: usize,
    peers: ArrayVec<u32, PEERS_MAX>,
    /// How many of `peers` have been told everything, and how much of the batch the next one has been offered.
    peer: usize,
    offered: usize,
}

impl Fresh {
    /// Nothing, room for so many.
    #[must_use]
    pub fn new(rumors: usize) -> Self {
        Self { places: bought(rumors, 0), len: 0, batch: 0, peers: ArrayVec::new_const(), peer: 0, offered: 0 }
    }

    /// Bytes that [`Fresh::new`] buys.
    #[must_use]
    pub const fn memory_bytes(rumors: usize) -> usize {
        rumors * size_of::<u32>()
    }

    /// Adds a rumor; `false` when there is no room.
    #[must_use]
    pub fn push(&mut self, place: u32) -> bool {
        let Some(free) = self.places.get_mut(self.len) else { return false };
        *free = place;
        self.len += 1;
        true
    }

    /// Whether a batch is being passed on.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        self.batch > 0
    }

    /// What waits for the next batch.
    #[must_use]
    pub fn waiting(&self) -> &[u32] {
        &self.places[self.batch..self.len]
    }

    /// Makes all that waits a batch for some peers, and for those that `more` names for a rumor of it.
    pub fn begin<I: Iterator<Item = u32>>(&mut self, peers: &[u32], more: impl Fn(u32) -> I) {
        debug_assert!(!self.is_under_way(), "one batch at a time");
        self.peers.clear();
        self.peers.extend(peers.iter().copied());
        for peer in self.places[..self.len].iter().flat_map(|place| more(*place)) {
            if !self.peers.contains(&peer) && self.peers.try_push(peer).is_err() {
                break;
            }
        }
        (self.batch, self.peer, self.offered) = (self.len, 0, 0);
    }

    /// The peer to be told next, and what of the batch it has not been offered.
    #[must_use]
    pub fn next(&self) -> Option<(u32, &[u32])> {
        let peer = *self.peers.get(self.peer).filter(|_| self.is_under_way())?;
        Some((peer, &self.places[self.offered..self.batch]))
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
        self.places.copy_within(self.batch..self.len, 0);
        self.len -= self.batch;
        self.batch = 0;
    }

    /// What came first of all that waits or is passed on.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.places[..self.len].first().copied()
    }

    /// What came first is passed on no more.
    pub fn forget_first(&mut self) {
        if self.len > 0 {
            self.places.copy_within(1..self.len, 0);
            self.len -= 1;
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
