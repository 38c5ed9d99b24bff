//! Whom have we asked who they are? Hellos and their answers: seeds, others that are joining too, rivals for a name, the
//! forgotten.

use core::net::SocketAddr;

use crate::bounded::bought;
use crate::id::NodeId;
use crate::time::Instant;
use crate::wire::SeedStatus;

/// Why an address is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The operator named it. Kept for ever.
    Seed,
    /// It asked to join through this node while this node was joining.
    Heard,
    /// This node's own name was seen alive there.
    Rival,
    /// It was a member once.
    Revive,
}

/// An address that is asked, and what it has answered.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    /// Where.
    pub addr: SocketAddr,
    /// Why.
    pub why: Why,
    /// The nonce of the last hello (R5).
    pub nonce: u64,
    /// Who answered, when, and how it is; `None` before the first answer.
    pub answer: Option<(NodeId, Instant, SeedStatus)>,
    /// Whether this node's own datagram came back from there.
    pub is_self: bool,
    /// The place of the member that was last found to listen there: where to look first.
    pub member: Option<u32>,
}

/// The addresses that are asked.
#[derive(Debug)]
pub struct Doors {
    doors: Box<[Option<Door>]>,
    /// All that there are stand below this place: nearly always one or two.
    end: usize,
    cursor: usize,
}

impl Doors {
    /// Room for this many.
    #[must_use]
    pub fn new(doors: usize) -> Self {
        Self { doors: bought(doors, None), end: 0, cursor: 0 }
    }

    /// Bytes that [`Doors::new`] buys.
    #[must_use]
    pub const fn memory_bytes(doors: usize) -> usize {
        doors * size_of::<Option<Door>>()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.iter().count() as u32
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Door> {
        self.doors[..self.end].iter().flatten()
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Door> {
        self.doors[..self.end].iter_mut().flatten()
    }

    /// The place of the door at an address.
    #[must_use]
    pub fn at(&self, addr: SocketAddr) -> Option<usize> {
        self.doors[..self.end].iter().position(|d| d.is_some_and(|d| d.addr == addr))
    }

    /// The door at a place.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut Door> {
        self.doors.get_mut(place)?.as_mut()
    }

    /// Adds an address, or says where it stands already. A seed takes the place of what is not one; the others of a
    /// revival only. `None` when there is no place.
    pub fn add(&mut self, addr: SocketAddr, why: Why) -> Option<usize> {
        let place = match self.at(addr) {
            Some(place) => place,
            None => {
                let free = self.doors.iter().position(Option::is_none);
                let weaker = |d: &Option<Door>| {
                    d.is_some_and(|d| match why {
                        Why::Seed => d.why != Why::Seed,
                        Why::Heard | Why::Rival | Why::Revive => d.why == Why::Revive,
                    })
                };
                let place = free.or_else(|| self.doors.iter().position(weaker))?;
                self.doors[place] = Some(Door { addr, why, nonce: 0, answer: None, is_self: false, member: None });
                self.end = self.end.max(place + 1);
                place
            }
        };
        if let Some(door) = &mut self.doors[place] {
            let keeps = door.why == Why::Seed && why != Why::Seed;
            door.why = if keeps { Why::Seed } else { why };
        }
        Some(place)
    }

    /// The door whose last hello had this nonce.
    pub fn by_nonce(&mut self, nonce: u64) -> Option<&mut Door> {
        self.iter_mut().find(|d| d.nonce == nonce && nonce != 0)
    }

    /// Drops every door that `keep` does not hold for.
    pub fn retain(&mut self, keep: impl Fn(&Door) -> bool) {
        for place in &mut self.doors[..self.end] {
            *place = place.filter(&keep);
        }
        self.end = self.doors[..self.end].iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    }

    /// The next seed to try, in turn.
    pub fn next_seed(&mut self) -> Option<&mut Door> {
        let is_seed = |d: &Option<Door>| d.is_some_and(|d| d.why == Why::Seed && !d.is_self);
        let doors = &self.doors[..self.end];
        let after = Some(self.cursor + 1).filter(|place| *place < doors.len()).unwrap_or_default();
        let (before, behind) = doors.split_at(after);
        let next = behind.iter().position(is_seed).map(|at| before.len() + at);
        self.cursor = next.or_else(|| before.iter().position(is_seed))?;
        self.doors[self.cursor].as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn a_full_list_refuses_and_a_seed_outranks_the_rest() {
        let mut doors = Doors::new(2);
        assert_eq!(doors.add(addr(1), Why::Heard), Some(0));
        assert_eq!(doors.add(addr(2), Why::Revive), Some(1));
        assert_eq!(doors.add(addr(3), Why::Rival), Some(1), "in the place of the revival");
        assert_eq!(doors.add(addr(4), Why::Revive), None);
        assert_eq!(doors.add(addr(5), Why::Seed), Some(0));
        assert_eq!(doors.add(addr(5), Why::Heard), Some(0), "a seed stays a seed");
        assert_eq!(doors.iter().filter(|d| d.why == Why::Seed).count(), 1);
        let mut next = || doors.next_seed().map(|door| door.addr);
        assert_eq!([next(), next()], [Some(addr(5)); 2]);
    }

    #[test]
    fn seeds_are_tried_in_turn_whatever_has_come_and_gone() {
        let mut doors = Doors::new(8);
        let seeds = [1, 2, 3].map(addr);
        for (seed, guest) in seeds.into_iter().zip([11, 12, 13]) {
            doors.add(seed, Why::Seed);
            doors.add(addr(guest), Why::Revive);
        }
        let turn = |doors: &mut Doors| [(); 3].map(|()| doors.next_seed().map(|door| door.addr));
        assert_eq!(turn(&mut doors), [addr(2), addr(3), addr(1)].map(Some), "after the first");
        doors.retain(|door| door.why == Why::Seed && door.addr != addr(3));
        assert_eq!((doors.len(), doors.at(addr(3)), doors.at(addr(13))), (2, None, None));
        assert_eq!(turn(&mut doors), [addr(2), addr(1), addr(2)].map(Some));
        assert_eq!(doors.add(addr(14), Why::Heard), Some(1), "in the first free place");
        doors.retain(|_| false);
        assert_eq!((doors.iter().count(), turn(&mut doors)), (0, [None; 3]));
    }
}
