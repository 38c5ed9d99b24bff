//! Which of them? A set of slots, a bit for each, that gives one of them out without looking for it for long.
//!
//! Above the bits stand words that say in which words any are set, and above those again, up to one word: a push and a pop
//! touch one word on each of three or four levels, whatever the number of slots. The levels lie in one array, the top last.

use super::bought;

/// Bits in a word.
const BITS: usize = u64::BITS as usize;
/// Levels for 2^24 slots.
const LEVELS: usize = 4;

/// Slots, each in or not; taken out in rising order, round and round.
#[derive(Debug)]
pub struct SlotSet {
    words: Box<[u64]>,
    /// Where each level begins; those above the top begin where it does.
    levels: [usize; LEVELS],
    /// Slots at and above this are taken before those below.
    next: u32,
}

/// Where each level begins, and how many words there are.
const fn layout(slots: usize) -> ([usize; LEVELS], usize) {
    let mut begins = [0; LEVELS];
    let (mut words, mut end, mut level) = (slots.div_ceil(BITS), 0, 0);
    while level < LEVELS {
        begins[level] = end;
        end += words;
        words = words.div_ceil(BITS);
        level += 1;
    }
    (begins, end)
}

impl SlotSet {
    /// None of the slots `0..slots`.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        let (levels, words) = layout(slots);
        Self { words: bought(words, 0), levels, next: 0 }
    }

    /// Bytes that [`SlotSet::new`] buys.
    #[must_use]
    pub const fn memory_bytes(slots: usize) -> usize {
        layout(slots).1 * size_of::<u64>()
    }

    /// Whether no slot is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words[self.words.len() - 1] == 0
    }

    /// Loads where a slot is put in.
    #[cfg(feature = "sim")]
    pub fn warm(&self, slot: u32) {
        core::hint::black_box(self.words[slot as usize / BITS]);
    }

    /// Puts a slot in.
    pub fn insert(&mut self, slot: u32) {
        let mut at = slot as usize;
        for begin in self.levels {
            let word = &mut self.words[begin + at / BITS];
            let was_empty = *word == 0;
            *word |= bit(at);
            if !was_empty {
                return;
            }
            at /= BITS;
        }
    }

    /// Takes a slot out.
    pub fn remove(&mut self, slot: u32) {
        let mut at = slot as usize;
        for begin in self.levels {
            let word = &mut self.words[begin + at / BITS];
            *word &= !bit(at);
            if *word != 0 {
                return;
            }
            at /= BITS;
        }
    }

    /// Takes out the next slot.
    pub fn pop(&mut self) -> Option<u32> {
        let slot = self.first_from(self.next).or_else(|| self.first_from(0))?;
        self.remove(slot);
        self.next = slot + 1;
        Some(slot)
    }

    /// The first slot at or above `from`: up to where there are any, and down to the first of them.
    fn first_from(&self, from: u32) -> Option<u32> {
        let mut at = from as usize;
        for (level, begin) in self.levels.iter().enumerate() {
            let end = self.levels.get(level + 1).copied().unwrap_or(self.words.len());
            let word = self.words[*begin..end].get(at / BITS)?;
            let left = word & (u64::MAX << (at % BITS));
            if left != 0 {
                let found = at / BITS * BITS + left.trailing_zeros() as usize;
                return Some(self.leftmost(level, found));
            }
            at = at / BITS + 1;
        }
        None
    }

    fn leftmost(&self, level: usize, mut at: usize) -> u32 {
        for begin in self.levels[..level].iter().rev() {
            at = at * BITS + self.words[begin + at].trailing_zeros() as usize;
        }
        at as u32
    }
}

const fn bit(at: usize) -> u64 {
    1 << (at % BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_an_ordered_set_under_random_use() {
        for slots in [1, 64, 65, 4_096, 4_097, 300_000] {
            let mut rng = Rng::from_seed(u64::from(slots));
            let (mut set, mut model) = (SlotSet::new(slots as usize), BTreeSet::new());
            let mut next = 0;
            for step in 0..20_000 {
                // Few at times, so that whole words between them are empty.
                let slot = rng.below(slots);
                match rng.below(if step / 2_000 % 2 == 0 { 4 } else { 2 }) {
                    0 => {
                        let expected = model.range(next..).next().or_else(|| model.first()).copied();
                        assert_eq!(set.pop(), expected);
                        expected.into_iter().for_each(|slot| {
                            model.remove(&slot);
                            next = slot + 1;
                        });
                    }
                    1 => {
                        set.remove(slot);
                        model.remove(&slot);
                    }
                    2.. => {
                        set.insert(slot);
                        model.insert(slot);
                    }
                }
                assert_eq!(set.is_empty(), model.is_empty());
            }
        }
    }
}
