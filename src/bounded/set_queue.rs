//! Who waits, in which order? A queue over slots in which each stands at most once.
//!
//! One bit for each slot and a ring of slots: a push touches no memory of the slot's own, however many there are.

use super::{Ring, bought};

/// First in, first out; a slot that waits already keeps its place.
#[derive(Debug)]
pub struct SetQueue {
    waits: Box<[u64]>,
    order: Ring<u32>,
}

impl SetQueue {
    /// An empty queue for the slots `0..slots`.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self { waits: bought(slots.div_ceil(64), 0), order: Ring::new(slots) }
    }

    /// Bytes that [`SetQueue::new`] buys.
    #[must_use]
    pub const fn memory_bytes(slots: usize) -> usize {
        slots.div_ceil(64) * size_of::<u64>() + Ring::<u32>::memory_bytes(slots)
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many wait.
    #[cfg(feature = "net")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Adds a slot at the end, unless it waits already; whether it did not.
    pub fn push(&mut self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
        let new = self.waits[word] & bit == 0;
        if new {
            self.waits[word] |= bit;
            let pushed = self.order.push(slot);
            debug_assert!(pushed, "a place for each slot");
        }
        new
    }

    /// The slot in the `nth` place from the front.
    #[must_use]
    pub fn nth(&self, nth: usize) -> Option<u32> {
        self.order.nth(nth)
    }

    /// Takes the slot that waits longest.
    pub fn pop(&mut self) -> Option<u32> {
        let slot = self.order.pop()?;
        self.waits[slot as usize / 64] &= !(1 << (slot % 64));
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_waits_once_and_keeps_its_place() {
        let mut queue = SetQueue::new(130);
        for slot in [129, 0, 64, 129, 0, 63] {
            queue.push(slot);
        }
        assert_eq!((queue.nth(0), queue.nth(4)), (Some(129), None));
        let order: Vec<u32> = core::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [129, 0, 64, 63]);
        for round in 0..500 {
            queue.push(round % 130);
            assert_eq!(queue.pop(), Some(round % 130));
        }
        assert!(queue.is_empty());
    }
}
