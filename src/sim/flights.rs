//! What is on the wire? Datagrams under way, earliest first, in a bounded number of places.

use core::cmp::Reverse;
use core::net::SocketAddr;
use std::collections::BinaryHeap;

use crate::time::Instant;

/// What arrives at a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cargo {
    /// A datagram.
    Datagram,
    /// The news that nobody listens at an address.
    Unreachable,
}

/// Something under way. For [`Cargo::Unreachable`], `from` is the address at which nobody listens.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub cargo: Cargo,
    pub bytes: Vec<u8>,
}

/// Everything under way. Equal times arrive in the order in which they were sent.
#[derive(Debug)]
pub(super) struct Flights {
    due: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    places: Vec<Option<Flight>>,
    free: Vec<usize>,
    /// Buffers of arrived datagrams, used again.
    spare: Vec<Vec<u8>>,
    max: usize,
    sent: u64,
}

impl Flights {
    pub fn new(max: u32) -> Self {
        Self {
            due: BinaryHeap::new(),
            places: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            max: max as usize,
            sent: 0,
        }
    }

    /// When the next arrives.
    pub fn first(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, _, _))| *at)
    }

    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Sends a copy of `bytes` on its way; `false` when every place is taken.
    pub fn push(&mut self, at: Instant, from: SocketAddr, to: SocketAddr, cargo: Cargo, bytes: &[u8]) -> bool {
        if self.due.len() == self.max {
            return false;
        }
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.extend_from_slice(bytes);
        let flight = Some(Flight { from, to, cargo, bytes: copy });
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place] = flight;
                place
            }
            None => {
                self.places.push(flight);
                self.places.len() - 1
            }
        };
        self.sent += 1;
        self.due.push(Reverse((at, self.sent, place)));
        true
    }

    /// Takes what arrives next; its buffer goes back by [`Flights::recycle`].
    pub fn pop(&mut self) -> Option<(Instant, Flight)> {
        let Reverse((at, _, place)) = self.due.pop()?;
        self.free.push(place);
        self.places[place].take().map(|flight| (at, flight))
    }

    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.spare.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn the_earliest_comes_first_and_equals_in_the_order_sent() {
        let addr: SocketAddr = ([10, 0, 0, 1], 1).into();
        let mut flights = Flights::new(8);
        for (time, byte) in [(5, 1_u8), (3, 2), (5, 3), (3, 4)] {
            assert!(flights.push(at(time), addr, addr, Cargo::Datagram, &[byte]));
        }
        let order: Vec<u8> = std::iter::from_fn(|| flights.pop()).map(|(_, f)| f.bytes[0]).collect();
        assert_eq!(order, [2, 4, 1, 3]);
    }

    #[test]
    fn a_full_wire_takes_no_more_until_something_arrives() {
        let addr: SocketAddr = ([10, 0, 0, 1], 1).into();
        let mut flights = Flights::new(1);
        assert!(flights.push(at(1), addr, addr, Cargo::Datagram, &[1]));
        assert!(!flights.push(at(1), addr, addr, Cargo::Datagram, &[2]));
        let (_, first) = flights.pop().expect("one is under way");
        flights.recycle(first.bytes);
        assert!(flights.push(at(1), addr, addr, Cargo::Datagram, &[3]));
        assert_eq!(flights.pop().map(|(_, f)| f.bytes), Some(vec![3]), "a buffer that is used again is empty");
    }
}
