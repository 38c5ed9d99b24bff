//! What is due next? A binary heap over dense keys, each of which waits for at most one instant.

use super::bought;
use crate::time::Instant;

/// Deadlines of the keys `0..capacity`: set and cancel O(log n) in what is waiting, look at the earliest O(1).
#[derive(Debug)]
pub struct Deadlines {
    /// Never grows: it has room for all keys from the start, and touches none of it before it is needed.
    heap: Vec<(Instant, u32)>,
    /// Where in the heap a key is, plus one; 0 where it does not wait.
    place: Box<[u32]>,
}

impl Deadlines {
    /// Room for the keys `0..capacity`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { heap: Vec::with_capacity(capacity), place: bought(capacity, 0) }
    }

    /// Bytes that [`Deadlines::new`] buys.
    #[must_use]
    pub const fn memory_bytes(capacity: usize) -> usize {
        capacity * (size_of::<(Instant, u32)>() + size_of::<u32>())
    }

    /// The earliest deadline and whose it is.
    #[must_use]
    pub fn first(&self) -> Option<(Instant, u32)> {
        self.heap.first().copied()
    }

    /// Loads what is looked at to let a key wait, or wait no more: both ends of what waits, and the key's place.
    #[cfg(feature = "sim")]
    pub fn warm(&self, key: u32) {
        core::hint::black_box((self.heap.first(), self.heap.last(), self.place[key as usize]));
    }

    /// When `key` is due, if it waits.
    #[must_use]
    pub fn get(&self, key: u32) -> Option<Instant> {
        let at = self.place[key as usize].checked_sub(1)?;
        Some(self.heap[at as usize].0)
    }

    /// Lets `key` wait for `at`, whatever it waited for before.
    pub fn set(&mut self, key: u32, at: Instant) {
        let place = match self.place[key as usize].checked_sub(1) {
            None => {
                self.heap.push((at, key));
                self.heap.len() - 1
            }
            Some(place) => place as usize,
        };
        self.put(place, (at, key));
        self.sift_up(place);
        let place = self.place[key as usize] as usize - 1;
        self.sift_down(place);
    }

    /// Lets `key` wait for the earlier of `at` and what it waits for already.
    pub fn set_earlier(&mut self, key: u32, at: Instant) {
        if self.get(key).is_none_or(|due| at < due) {
            self.set(key, at);
        }
    }

    /// `key` waits no more.
    pub fn cancel(&mut self, key: u32) {
        let Some(place) = self.place[key as usize].checked_sub(1) else { return };
        self.place[key as usize] = 0;
        let place = place as usize;
        let Some(last) = self.heap.pop() else { return };
        if place < self.heap.len() {
            self.put(place, last);
            self.sift_up(place);
            self.sift_down(place);
        }
    }

    /// Takes the earliest key that is due at `now`, with the instant it was due at.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, u32)> {
        let (due, key) = self.first().filter(|(due, _)| *due <= now)?;
        self.cancel(key);
        Some((due, key))
    }

    fn put(&mut self, place: usize, entry: (Instant, u32)) {
        self.heap[place] = entry;
        self.place[entry.1 as usize] = place as u32 + 1;
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (x, y) = (self.heap[a], self.heap[b]);
        self.put(a, y);
        self.put(b, x);
    }

    fn sift_up(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.heap[parent] <= self.heap[place] {
                return;
            }
            self.swap(parent, place);
            place = parent;
        }
    }

    fn sift_down(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let mut least = place;
            if left < self.heap.len() && self.heap[left] < self.heap[least] {
                least = left;
            }
            if right < self.heap.len() && self.heap[right] < self.heap[least] {
                least = right;
            }
            if least == place {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn agrees_with_a_sorted_list_under_random_use() {
        let mut rng = Rng::from_seed(9);
        let mut heap = Deadlines::new(40);
        let mut model: Vec<Option<Instant>> = vec![None; 40];
        for _ in 0..20_000 {
            let key = rng.below(40);
            let at = Instant::from_nanos(u64::from(rng.below(100)));
            match rng.below(4) {
                0 => {
                    heap.cancel(key);
                    model[key as usize] = None;
                }
                1 => {
                    let due = heap.pop_due(at);
                    let least = (0..40).filter_map(|k| model[k as usize].map(|i| (i, k))).min();
                    assert_eq!(due, least.filter(|(i, _)| *i <= at));
                    if let Some((_, k)) = due {
                        model[k as usize] = None;
                    }
                }
                2 => {
                    heap.set_earlier(key, at);
                    let old = model[key as usize];
                    model[key as usize] = Some(old.map_or(at, |o| o.min(at)));
                }
                _ => {
                    heap.set(key, at);
                    model[key as usize] = Some(at);
                }
            }
            assert_eq!(heap.get(key), model[key as usize]);
        }
    }
}
