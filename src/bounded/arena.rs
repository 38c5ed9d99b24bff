//! Where do values of many lengths live? A log in a ring that moves what lives out of the way of its own end.
//!
//! A value is written at the head. Behind every few bytes written the tail moves up: what is dead there is passed over,
//! what lives is written at the head anew. So the room between head and tail is in one piece, however long values come and
//! go: there is no fragmentation, and nothing is refused while its bytes are free. Not size classes, nor chains of blocks:
//! those waste what they round up, or hand a value out in pieces. After the segment cleaning of log-structured file
//! systems (Rosenblum, Ousterhout, SOSP 1991), one entry at a time.
//!
//! The cost is bounded for each call, and not on average only. With `n` bytes to write at most `p n` and one entry are
//! passed over, `p` the arena's pace, and that suffices: let the ring have `C` bytes, `e` of them the largest entry, `L` the most
//! that can live, and let the tail move only while less than `C/p + 4e` are free. Until it has come round once, at most `C/p` are
//! written, so there is room until then; and then the log holds no more than what lived as it began, what was written since, and
//! the `e` that may be lost where the ring ends: `L + C/p + e`. With `C = p/(p - 2) · (L + 5e)` that leaves `C/p + 4e` free again.
//! So room is paid for with time: 8/7 of what can live at a pace of 16, 32/31 at one of 64.

use super::bought;

/// Owner u24, length of the value u16, little-endian.
const HEADER: usize = 5;
/// The owner of an entry that is dead.
const NOBODY: u32 = 0xff_ffff;

/// Values of 0 to `longest` bytes, `capacity` bytes of them together, for owners that are told when theirs move. For each byte
/// written up to `PACE` are passed over while room is short.
#[derive(Debug)]
pub struct Arena<const PACE: usize> {
    ring: Box<[u8]>,
    /// Where the next entry is written.
    head: usize,
    /// The entry that has not moved for longest.
    tail: usize,
    /// Bytes from tail to head: entries that live, dead ones, and what is left over where the ring ends.
    log: usize,
    /// Bytes of values that live.
    used: usize,
    capacity: usize,
    longest: usize,
}

const fn ring_for(pace: usize, owners: usize, capacity: usize, longest: usize) -> usize {
    let live = capacity + owners * HEADER;
    ((live + 5 * (HEADER + longest)) * pace).div_ceil(pace - 2)
}

impl<const PACE: usize> Arena<PACE> {
    /// Room for `capacity` bytes in at most `owners` values (below 2^24) of at most `longest` bytes each (below 2^16).
    #[must_use]
    pub fn new(owners: usize, capacity: usize, longest: usize) -> Self {
        assert!(owners < NOBODY as usize && longest <= usize::from(u16::MAX), "what a header can tell");
        let ring = ring_for(PACE, owners, capacity, longest);
        assert!(u32::try_from(ring).is_ok(), "a place is told in 32 bits");
        Self { ring: bought(ring, 0), head: 0, tail: 0, log: 0, used: 0, capacity, longest }
    }

    /// Bytes that [`Arena::new`] buys: two in `PACE` of them are room to move in.
    #[must_use]
    pub const fn memory_bytes(owners: usize, capacity: usize, longest: usize) -> usize {
        ring_for(PACE, owners, capacity, longest)
    }

    /// Bytes of values that live.
    #[must_use]
    pub const fn used(&self) -> usize {
        self.used
    }

    /// Whether there is room for a value of so many bytes where values go that have `freed` together.
    #[must_use]
    pub const fn has_room(&self, freed: usize, bytes: usize) -> bool {
        bytes <= self.longest && self.used - freed + bytes <= self.capacity
    }

    /// The value at a place.
    #[must_use]
    pub fn get(&self, place: u32) -> &[u8] {
        let at = place as usize;
        let (_, len) = self.header(at);
        &self.ring[at + HEADER..][..len]
    }

    /// The length of the value at a place.
    #[must_use]
    pub fn len_at(&self, place: u32) -> usize {
        self.header(place as usize).1
    }

    /// Writes a value that is the `parts` one behind the other, and says where; `None`, and nothing changed, when its bytes
    /// are not free. `moved` is told of each other value that has a new place.
    #[must_use]
    pub fn insert(&mut self, owner: u32, parts: &[&[u8]], mut moved: impl FnMut(u32, u32)) -> Option<u32> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if !self.has_room(0, len) {
            return None;
        }
        self.make_room(HEADER + len, &mut moved);
        let place = self.claim(HEADER + len);
        self.set_header(place, owner, len);
        self.write(place, parts);
        self.used += len;
        Some(place as u32)
    }

    fn write(&mut self, place: usize, parts: &[&[u8]]) {
        let mut at = place + HEADER;
        for part in parts {
            self.ring[at..][..part.len()].copy_from_slice(part);
            at += part.len();
        }
    }

    /// Writes a value of another owner over the one at a place, if it is as long; nothing moves. Says whether it is.
    #[must_use]
    pub fn overwrite(&mut self, place: u32, owner: u32, parts: &[&[u8]]) -> bool {
        let (_, len) = self.header(place as usize);
        let fits = parts.iter().map(|part| part.len()).sum::<usize>() == len;
        if fits {
            self.set_header(place as usize, owner, len);
            self.write(place as usize, parts);
        }
        fits
    }

    /// Changes a bit of the value at a place.
    #[cfg(test)]
    pub fn flip(&mut self, place: u32, bit: usize) {
        self.ring[place as usize + HEADER + bit / 8] ^= 1 << (bit % 8);
    }

    /// Frees the value at a place.
    pub fn remove(&mut self, place: u32) {
        let (_, len) = self.header(place as usize);
        self.used -= len;
        self.set_header(place as usize, NOBODY, len);
    }

    fn header(&self, at: usize) -> (u32, usize) {
        let [a, b, c, d, e] = *self.ring[at..].first_chunk().expect("an entry does not begin where no header fits");
        (u32::from_le_bytes([a, b, c, 0]), usize::from(u16::from_le_bytes([d, e])))
    }

    fn set_header(&mut self, at: usize, owner: u32, len: usize) {
        let ([a, b, c, _], [d, e]) = (owner.to_le_bytes(), (len as u16).to_le_bytes());
        self.ring[at..][..HEADER].copy_from_slice(&[a, b, c, d, e]);
    }

    fn free(&self) -> usize {
        self.ring.len() - self.log
    }

    /// Moves the tail up, as far as an entry of `for_bytes` pays for.
    fn make_room(&mut self, for_bytes: usize, moved: &mut impl FnMut(u32, u32)) {
        let enough = self.ring.len() / PACE + 4 * (HEADER + self.longest);
        let mut paid = PACE * for_bytes;
        while paid > 0 && self.log > 0 && self.free() < enough {
            let at = self.tail;
            let (owner, len) = self.header(at);
            let size = HEADER + len;
            self.pass(size);
            if owner != NOBODY {
                let to = self.claim(size);
                self.ring.copy_within(at..at + size, to);
                moved(owner, to as u32);
            }
            paid = paid.saturating_sub(size);
        }
    }

    /// Takes `size` bytes at the tail out of the log, and what is left of the ring where no header fits behind them.
    fn pass(&mut self, size: usize) {
        self.log -= size;
        self.tail += size;
        let left = self.ring.len() - self.tail;
        if left < HEADER {
            self.log -= left;
            self.tail = 0;
        }
    }

    /// Adds `size` bytes at the head to the log, in one piece: what is left of the ring may become a dead entry.
    fn claim(&mut self, size: usize) -> usize {
        let left = self.ring.len() - self.head;
        if left < size {
            self.set_header(self.head, NOBODY, left - HEADER);
            self.log += left;
            self.head = 0;
        }
        let at = self.head;
        self.head += size;
        self.log += size;
        let left = self.ring.len() - self.head;
        if left < HEADER {
            self.log += left;
            self.head = 0;
        }
        assert!(self.log <= self.ring.len(), "the pace keeps room free");
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// An arena, who has which place, and a plain model of the same.
    struct Both<const PACE: usize> {
        arena: Arena<PACE>,
        places: Vec<Option<u32>>,
        model: Vec<Option<Vec<u8>>>,
        used: usize,
        moved: usize,
    }

    impl<const PACE: usize> Both<PACE> {
        fn new(owners: usize, capacity: usize, longest: usize) -> Self {
            Self {
                arena: Arena::new(owners, capacity, longest),
                places: vec![None; owners],
                model: vec![None; owners],
                used: 0,
                moved: 0,
            }
        }

        fn remove(&mut self, owner: usize) {
            if let (Some(place), Some(value)) = (self.places[owner].take(), self.model[owner].take()) {
                self.arena.remove(place);
                self.used -= value.len();
            }
        }

        /// Gives a value of one owner's to another that has none, if the new one is as long.
        fn overwrite(&mut self, from: usize, to: usize, value: Vec<u8>) {
            let Some(place) = self.places[from].filter(|_| self.places[to].is_none()) else { return };
            let (head, tail) = value.split_at(value.len() / 2);
            let as_long = self.model[from].as_ref().is_some_and(|old| old.len() == value.len());
            assert_eq!(self.arena.overwrite(place, to as u32, &[head, tail]), as_long);
            if as_long {
                (self.places[from], self.model[from]) = (None, None);
                (self.places[to], self.model[to]) = (Some(place), Some(value));
            }
        }

        /// Puts a value in the place of the owner's last; whether there was room, which is whether its bytes are free.
        fn insert(&mut self, owner: usize, value: Vec<u8>) -> bool {
            self.remove(owner);
            let (head, tail) = value.split_at(value.len() / 3);
            let (places, moves) = (&mut self.places, &mut self.moved);
            let mut passed = 0;
            let place = self.arena.insert(owner as u32, &[head, tail], |owner, to| {
                places[owner as usize] = Some(to);
                passed += self.model[owner as usize].as_ref().map_or(0, |v| HEADER + v.len());
            });
            *moves += passed;
            let (size, largest) = (HEADER + value.len(), HEADER + self.arena.longest);
            assert!(passed < PACE * size + largest, "{passed} bytes moved for {size}");
            let free = self.used + value.len() <= self.arena.capacity;
            assert_eq!(place.is_some(), free, "refused exactly when the bytes are not free");
            if free {
                self.used += value.len();
                self.places[owner] = place;
                self.model[owner] = Some(value);
            }
            free
        }

        fn check(&self) {
            assert_eq!(self.arena.used(), self.used);
            for (place, value) in self.places.iter().zip(&self.model) {
                assert_eq!(place.map(|place| self.arena.get(place)), value.as_deref());
            }
        }
    }

    fn value(rng: &mut Rng, len: usize) -> Vec<u8> {
        let first = rng.next_u32() as u8;
        (0..len).map(|i| first.wrapping_add(i as u8)).collect()
    }

    fn agrees_under_random_use<const PACE: usize>() {
        for (seed, (owners, capacity, longest)) in
            [(2, 64, 64), (40, 600, 30), (200, 5_000, 64), (100, 20_000, 1_000)].into_iter().enumerate()
        {
            let mut rng = Rng::from_seed(seed as u64);
            let mut both = Both::<PACE>::new(owners, capacity, longest);
            let mut refused = 0;
            for step in 0..60_000_u32 {
                // Times of short and of long values, of growth and of decay, so that dead and living lie in long runs.
                let (short, decay) = (step / 5_000 % 2 == 0, step / 3_000 % 4 == 3);
                let owner = rng.below(owners as u32) as usize;
                if decay && rng.below(3) > 0 {
                    both.remove(owner);
                } else if decay {
                    let other = rng.below(owners as u32) as usize;
                    let longer = usize::from(rng.below(4) == 0);
                    let len = both.model[owner].as_ref().map_or(0, Vec::len) + longer;
                    let value = value(&mut rng, len);
                    both.overwrite(owner, other, value);
                } else {
                    let max = if short { longest / 8 } else { longest };
                    let len = rng.below(max as u32 + 1) as usize;
                    let value = value(&mut rng, len);
                    refused += u32::from(!both.insert(owner, value));
                }
                if step % 64 == 0 {
                    both.check();
                }
            }
            both.check();
            assert!(refused > 0 || capacity >= owners * longest, "seed {seed} was never full");
            assert!(both.moved > capacity, "seed {seed} hardly moved anything");
        }
    }

    #[test]
    fn agrees_with_plain_values_under_random_use_and_refuses_only_what_has_no_room() {
        agrees_under_random_use::<16>();
        agrees_under_random_use::<64>();
    }

    fn a_full_one_takes_a_byte_for_each_that_goes<const PACE: usize>() {
        let mut rng = Rng::from_seed(7);
        let (owners, longest) = (500, 40);
        let mut both = Both::<PACE>::new(owners, owners * longest, longest);
        (0..owners).for_each(|owner| assert!(both.insert(owner, vec![owner as u8; longest])));
        // In order, in reverse, one and the same, at random: the worst for the tail is where it finds all alive.
        for round in 0..8 * owners {
            for owner in [round % owners, owners - 1 - round % owners, 0, rng.below(owners as u32) as usize] {
                assert!(both.insert(owner, value(&mut rng, longest)));
            }
        }
        both.check();
    }

    #[test]
    fn a_full_arena_takes_a_byte_for_each_byte_that_goes_whichever_it_is() {
        a_full_one_takes_a_byte_for_each_that_goes::<16>();
        a_full_one_takes_a_byte_for_each_that_goes::<64>();
    }

    #[test]
    fn values_of_no_bytes_have_places_too() {
        let mut both = Both::<16>::new(300, 10, 10);
        for round in 0..20_000 {
            assert!(both.insert(round % 300, Vec::new()));
        }
        assert!(both.insert(0, vec![1; 10]) && !both.insert(1, vec![2]));
        both.check();
    }
}
