//! Whom did we know? Addresses and numbers of members that the table has forgotten.
//!
//! Forgetting leaves a floor (R14): what is said of the name at or below it is old news. And an address to try for ever
//! (R17): both sides of a long partition forget each other, and find each other again.

use core::net::SocketAddr;

use crate::bounded::bought;
use crate::id::{BootId, Incarnation, NodeId};

/// What is remembered of a forgotten member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: NodeId,
    /// The start that was last heard of.
    pub boot: BootId,
    /// The last number heard of.
    pub floor: Incarnation,
    /// Where it listened.
    pub addr: SocketAddr,
}

/// The book: bounded, the oldest entry goes first.
#[derive(Debug)]
pub struct Book {
    entries: Box<[Option<Entry>]>,
    next: usize,
    cursor: usize,
    len: u32,
}

impl Book {
    /// Room for this many.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        Self { entries: bought(entries, None), next: 0, cursor: 0, len: 0 }
    }

    /// Bytes that [`Book::new`] buys.
    #[must_use]
    pub const fn memory_bytes(entries: usize) -> usize {
        entries * size_of::<Option<Entry>>()
    }

    /// How many are remembered.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Remembers a member in the place of the oldest entry, or of its own.
    pub fn remember(&mut self, entry: Entry) {
        self.forget(entry.id);
        if self.entries[self.next].is_none() {
            self.len += 1;
        }
        self.entries[self.next] = Some(entry);
        self.next = (self.next + 1) % self.entries.len();
    }

    /// The member is known again.
    pub fn forget(&mut self, id: NodeId) {
        for place in &mut self.entries {
            if place.is_some_and(|e| e.id == id) {
                *place = None;
                self.len -= 1;
            }
        }
    }

    /// What is remembered of an id.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Entry> {
        self.entries.iter().flatten().find(|e| e.id == id)
    }

    /// The next entry to try, in turn.
    pub fn next(&mut self) -> Option<Entry> {
        if self.len == 0 {
            // As in most clusters at most times: nothing to look through.
            return None;
        }
        for _ in 0..self.entries.len() {
            self.cursor = (self.cursor + 1) % self.entries.len();
            if let Some(entry) = self.entries[self.cursor] {
                return Some(entry);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64, floor: u32) -> Entry {
        Entry {
            id: NodeId::from_u64(n),
            boot: BootId::from_u64(n),
            floor: Incarnation::new(floor, 0),
            addr: ([127, 0, 0, 1], 4_000).into(),
        }
    }

    #[test]
    fn the_oldest_goes_first_and_a_name_stands_once() {
        let mut book = Book::new(2);
        for e in [entry(1, 1), entry(1, 2), entry(2, 1), entry(3, 1)] {
            book.remember(e);
        }
        assert_eq!((book.get(NodeId::from_u64(1)), book.len()), (None, 2));
        let mut tried: Vec<_> = (0..4).filter_map(|_| book.next()).map(|e| e.id.as_u64()).collect();
        tried.sort_unstable();
        assert_eq!(tried, [2, 2, 3, 3]);
        book.forget(NodeId::from_u64(2));
        assert_eq!((book.len(), book.next().map(|e| e.id.as_u64())), (1, Some(3)));
    }
}
