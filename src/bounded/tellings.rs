//! What has been told least? Slots that wait in classes, by how often they have been told.
//!
//! Queues by number of tellings make every operation O(1), however much waits; a row (one datagram, or several to one
//! receiver) tells nothing twice.

use super::{Lists, bought};

/// How often a slot can be told at most.
pub const TELLINGS_MAX: u32 = 63;
const LEVELS: u8 = TELLINGS_MAX as u8 + 1;

/// Slots that wait in at most three classes.
#[derive(Debug)]
#[repr(C)]
pub struct Tellings<const CLASSES: usize> {
    /// For each class, which numbers of tellings have somebody waiting.
    levels: [u64; CLASSES],
    lists: Lists,
    /// The slots in the present row, as bits, and one by one as far as there is room.
    in_row: Box<[u64]>,
    row: Box<[u32]>,
    // Where nothing waits these two say so, side by side: nothing else is looked at. They are last, as whoever owns this lays it
    // in front of what is looked at as often.
    /// How many wait in each class.
    waiting: [u32; CLASSES],
    row_len: u32,
}

impl<const CLASSES: usize> Tellings<CLASSES> {
    const LISTS: u8 = {
        assert!(CLASSES * (LEVELS as usize) < 255, "lists are numbered in a byte");
        CLASSES as u8 * LEVELS
    };

    /// Nothing waits. `row` is how many slots one datagram can tell of; longer rows are only slower to end.
    #[must_use]
    pub fn new(slots: usize, row: usize) -> Self {
        Self {
            lists: Lists::new(Self::LISTS, slots),
            levels: [0; CLASSES],
            waiting: [0; CLASSES],
            in_row: bought(slots.div_ceil(64), 0),
            row: bought(row, 0),
            row_len: 0,
        }
    }

    /// Bytes that [`Tellings::new`] buys.
    #[must_use]
    pub const fn memory_bytes(slots: usize, row: usize) -> usize {
        Lists::memory_bytes(Self::LISTS, slots) + slots.div_ceil(64) * size_of::<u64>() + row * size_of::<u32>()
    }

    /// How many wait in a class.
    #[must_use]
    pub const fn waiting(&self, class: usize) -> u32 {
        self.waiting[class]
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.iter().all(|n| *n == 0)
    }

    /// The class in which a slot waits, and how often it has been told.
    #[must_use]
    pub fn place(&self, slot: u32) -> Option<(usize, u32)> {
        let list = self.lists.list_of(slot)?;
        Some((usize::from(list / LEVELS), u32::from(list % LEVELS)))
    }

    /// Lets a slot wait behind all others of its class that have been told as often.
    pub fn put(&mut self, slot: u32, class: usize, told: u32) {
        let was = self.place(slot);
        self.lists.push_back(list(class, told), slot);
        self.has_left(was);
        self.waiting[class] += 1;
        self.levels[class] |= 1 << told;
    }

    /// A slot waits no more.
    pub fn remove(&mut self, slot: u32) {
        let was = self.place(slot);
        self.lists.remove(slot);
        self.has_left(was);
    }

    /// Counts a slot that waits no more where it did.
    fn has_left(&mut self, was: Option<(usize, u32)>) {
        let Some((class, told)) = was else { return };
        self.waiting[class] -= 1;
        let others = self.lists.front(list(class, told)).is_some();
        self.levels[class] &= !(u64::from(!others) << told);
    }

    /// Begins a row.
    pub fn begin_row(&mut self) {
        if self.row_len == 0 {
            return;
        }
        match self.row.get(..self.row_len as usize) {
            Some(told) => told.iter().for_each(|slot| self.in_row[*slot as usize / 64] = 0),
            None => self.in_row.fill(0),
        }
        self.row_len = 0;
    }

    /// Whether a slot is in the present row.
    #[must_use]
    pub fn is_in_row(&self, slot: u32) -> bool {
        self.in_row[slot as usize / 64] & (1 << (slot % 64)) != 0
    }

    /// Adds a slot to the present row.
    pub fn add_to_row(&mut self, slot: u32) {
        self.in_row[slot as usize / 64] |= 1 << (slot % 64);
        if let Some(place) = self.row.get_mut(self.row_len as usize) {
            *place = slot;
        }
        self.row_len += 1;
    }

    /// The slot of a class told least often that is not in the present row, and how often it has been told. The caller
    /// moves each slot that it adds to a row behind the others, by [`Tellings::put`] or [`Tellings::remove`].
    #[must_use]
    pub fn least_told(&self, class: usize) -> Option<(u32, u32)> {
        let mut levels = self.levels[class];
        while levels != 0 {
            let told = levels.trailing_zeros();
            // What this row holds already stands behind all that it does not: the front tells of the whole level.
            if let Some(slot) = self.lists.front(list(class, told)).filter(|slot| !self.is_in_row(*slot)) {
                return Some((slot, told));
            }
            levels &= levels - 1;
        }
        None
    }
}

/// The list of those that wait in a class and have been told so often.
const fn list(class: usize, told: u32) -> u8 {
    class as u8 * LEVELS + told as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells up to `room` slots in one row.
    fn row(waiting: &mut Tellings<2>, class: usize, room: usize) -> Vec<u32> {
        waiting.begin_row();
        let mut told = Vec::new();
        while let Some((slot, times)) = waiting.least_told(class).filter(|_| told.len() < room) {
            waiting.add_to_row(slot);
            waiting.put(slot, class, times + 1);
            told.push(slot);
        }
        told
    }

    #[test]
    fn the_least_told_goes_first_and_nothing_twice_in_a_row_longer_than_its_room() {
        let mut waiting = Tellings::<2>::new(200, 3);
        (0..5).for_each(|slot| waiting.put(slot, 1, 0));
        assert_eq!(row(&mut waiting, 1, 2), [0, 1]);
        assert_eq!(row(&mut waiting, 1, 9), [2, 3, 4, 0, 1]);
        waiting.put(130, 1, 0);
        assert_eq!(row(&mut waiting, 1, 9), [130, 2, 3, 4, 0, 1]);
        assert_eq!((waiting.waiting(0), waiting.waiting(1)), (0, 6));
    }

    #[test]
    fn what_is_removed_waits_no_more() {
        let mut waiting = Tellings::<2>::new(4, 8);
        waiting.put(1, 0, 0);
        waiting.put(1, 1, TELLINGS_MAX);
        assert_eq!((waiting.place(1), waiting.least_told(0)), (Some((1, TELLINGS_MAX)), None));
        waiting.remove(1);
        waiting.remove(1);
        assert!(waiting.is_empty() && waiting.place(1).is_none());
    }
}
