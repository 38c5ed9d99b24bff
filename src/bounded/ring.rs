//! A queue with a fixed number of places: a push into a full one is refused and the caller counts it.

use std::collections::VecDeque;

/// First in, first out, at most `capacity` items of a `Copy` type.
#[derive(Debug)]
pub struct Ring<T: Copy> {
    /// Never grows: it has the room for `capacity` items from the start.
    items: VecDeque<T>,
    capacity: usize,
}

impl<T: Copy> Ring<T> {
    /// An empty ring. Places that never hold anything are never touched: they take no memory of the machine.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::with_capacity(capacity), capacity }
    }

    /// Bytes that [`Ring::new`] buys.
    #[must_use]
    pub const fn memory_bytes(capacity: usize) -> usize {
        capacity * size_of::<T>()
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds an item at the end; `false`, and nothing changed, when the ring is full.
    #[must_use]
    pub fn push(&mut self, item: T) -> bool {
        let fits = self.items.len() < self.capacity;
        if fits {
            self.items.push_back(item);
        }
        fits
    }

    /// The item that waits in the `nth` place from the front.
    #[must_use]
    pub fn nth(&self, nth: usize) -> Option<T> {
        self.items.get(nth).copied()
    }

    /// Takes the item that waits longest.
    pub fn pop(&mut self) -> Option<T> {
        let item = self.items.pop_front()?;
        if self.items.is_empty() {
            // Begins again at the first place: one that is emptied after each use stays in the same few cache lines.
            self.items.clear();
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_around_and_refuses_when_full() {
        let mut ring = Ring::new(3);
        for round in 0..10 {
            assert!(ring.push(round) && ring.push(round + 1) && ring.push(round + 2));
            assert!(!ring.push(99), "the fourth of three");
            assert_eq!(
                [ring.pop(), ring.pop(), ring.pop(), ring.pop()],
                [Some(round), Some(round + 1), Some(round + 2), None]
            );
        }
    }
}
