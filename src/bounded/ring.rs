//! A queue with a fixed number of places: a push into a full one is refused and the caller counts it.

use super::bought;

/// First in, first out, at most `capacity` items of a `Copy` type.
#[derive(Debug)]
pub struct Ring<T: Copy> {
    items: Box<[T]>,
    head: usize,
    len: usize,
}

impl<T: Copy> Ring<T> {
    /// An empty ring; `blank` fills the places that hold nothing yet.
    #[must_use]
    pub fn new(capacity: usize, blank: T) -> Self {
        Self { items: bought(capacity, blank), head: 0, len: 0 }
    }

    /// Bytes that [`Ring::new`] buys.
    #[must_use]
    pub const fn memory_bytes(capacity: usize) -> usize {
        capacity * size_of::<T>()
    }

    /// How many items wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an item at the end; `false`, and nothing changed, when the ring is full.
    #[must_use]
    pub fn push(&mut self, item: T) -> bool {
        if self.len == self.items.len() {
            return false;
        }
        let mut at = self.head + self.len;
        if at >= self.items.len() {
            at -= self.items.len();
        }
        self.items[at] = item;
        self.len += 1;
        true
    }

    /// The item that waits in the `nth` place from the front.
    #[must_use]
    pub fn nth(&self, nth: usize) -> Option<T> {
        (nth < self.len).then(|| self.items[(self.head + nth) % self.items.len()])
    }

    /// Takes the item that waits longest.
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let item = self.items[self.head];
        self.head += 1;
        if self.head == self.items.len() {
            self.head = 0;
        }
        self.len -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_around_and_refuses_when_full() {
        let mut ring = Ring::new(3, 0);
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
