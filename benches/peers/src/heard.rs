//! Has it been heard before? As cheaply as that can be asked: numbers drawn at random, which are their own hashes, in two
//! tables of fixed size that take turns.
//!
//! The last [`REMEMBERED`] are always known, as many as bruit retains, and up to as many before them. Nothing is taken out one
//! by one: when the newer table has taken its share, the older one is emptied and takes the next.

use std::num::NonZeroU64;

/// Numbers that one table takes.
pub const REMEMBERED: usize = 4_096;
/// Places of a table: half of them stay free, so that a search is short.
const PLACES: usize = 2 * REMEMBERED;

/// Numbers that were heard.
pub struct Heard {
    /// 0 where none is. The newer first.
    tables: [Box<[u64]>; 2],
    /// How many are in the newer one.
    taken: usize,
}

impl Heard {
    /// Nothing was heard yet.
    pub fn new() -> Self {
        Self { tables: std::array::from_fn(|_| vec![0; PLACES].into()), taken: 0 }
    }

    /// Notes a number; whether it is new.
    pub fn note(&mut self, number: NonZeroU64) -> bool {
        let number = number.get();
        let [newer, older] = &mut self.tables;
        let place = find(newer, number);
        if newer[place] == number || older[find(older, number)] == number {
            return false;
        }
        newer[place] = number;
        self.taken += 1;
        if self.taken == REMEMBERED {
            self.tables.swap(0, 1);
            self.tables[0].fill(0);
            self.taken = 0;
        }
        true
    }
}

/// Where a number is, or where it would go.
fn find(table: &[u64], number: u64) -> usize {
    let mut place = number as usize % PLACES;
    while table[place] != 0 && table[place] != number {
        place = (place + 1) % PLACES;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_known_and_the_oldest_forgotten() {
        let mut heard = Heard::new();
        let mut dice = bruit::Rng::from_seed(1);
        let numbers: Vec<NonZeroU64> =
            std::iter::repeat_with(|| dice.next_u64()).filter_map(NonZeroU64::new).take(3 * REMEMBERED).collect();
        for (at, &number) in numbers.iter().enumerate() {
            assert!(heard.note(number), "{at} is new");
            assert!(!heard.note(numbers[at.saturating_sub(REMEMBERED - 1)]), "at {at} the oldest that counts is known");
        }
        assert!(heard.note(numbers[0]));
    }
}
