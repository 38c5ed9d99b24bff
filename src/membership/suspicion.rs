//! How sure are we? Suspicions with timers that independent accusers shorten.
//!
//! Few are suspected at once, so the records are a pool. When half of a large cluster fails, those who find no record wait
//! for one: they are suspects to everybody, may refute, and may be declared dead by others; only this node's own clock
//! against them does not run. It starts, from nothing, when a record comes free: they are judged later, and not on less.

use core::num::NonZeroU16;

use crate::bounded::{NONE, SlotSet, bought};
use crate::config::ACCUSERS_MAX;
use crate::time::{Instant, Span};

/// A thousand times ln(n + 1), for as many accusers as are remembered.
const LN_MILLI: [u64; ACCUSERS_MAX] = [0, 693, 1_099, 1_386, 1_609, 1_792, 1_946, 2_079];

/// How long to wait before calling a silent member dead, given `confirmations` of `expected` ones.
///
/// `max - (max - min) · ln(c + 1) / ln(k + 1)`; `min` where none is expected. Lifeguard (Dadgar, Phillips, Currey 2018)
/// §III.B. Departs from it: integers, so the same on every machine, and bounds that are derived from the spreading time.
#[must_use]
pub fn timeout(min: Span, max: Span, confirmations: u32, expected: u32) -> Span {
    if confirmations >= expected {
        return min;
    }
    let ln = |n: u32| LN_MILLI[(n as usize).min(LN_MILLI.len() - 1)];
    let share = ln(confirmations) * 1_000 / ln(expected);
    max.saturating_sub(max.saturating_sub(min).permille(share))
}

/// One suspicion: of whom, since when, and who accuses.
#[derive(Clone, Copy, Debug)]
pub struct Suspicion {
    /// The place of the suspect; in a record that is not taken, the next such record.
    slot: u32,
    /// The time of the evidence: the verdict counts from here, not from its evaluation.
    pub since: Instant,
    /// Whether this node's own probe met the kernel's "nobody listens there".
    pub refused: bool,
    accusers: [u32; ACCUSERS_MAX],
    count: u8,
}

impl Suspicion {
    /// Nobody has said anything.
    const BLANK: Self =
        Self { slot: NONE, since: Instant::ZERO, refused: false, accusers: [0; ACCUSERS_MAX], count: 0 };

    /// The place of the suspect.
    #[must_use]
    pub const fn slot(&self) -> u32 {
        self.slot
    }

    /// Begins, or begins anew.
    pub fn begin(&mut self, since: Instant, accuser: u32) {
        *self = Self { slot: self.slot, since, ..Self::BLANK };
        self.add(accuser);
    }

    /// The tags of those who accuse.
    #[must_use]
    pub fn accusers(&self) -> &[u32] {
        &self.accusers[..usize::from(self.count)]
    }

    /// The accuser to name in the `sent`-th telling: all take turns, so that every confirmation spreads.
    #[must_use]
    pub fn named(&self, sent: u32) -> u32 {
        match self.count {
            0 => 0,
            n => self.accusers[sent as usize % usize::from(n)],
        }
    }

    /// How many confirm what the first one said.
    #[must_use]
    pub fn confirmations(&self) -> u32 {
        u32::from(self.count).saturating_sub(1)
    }

    /// Adds an accuser; `false` when it is one already, is nobody, or there are enough.
    pub fn add(&mut self, accuser: u32) -> bool {
        if accuser == 0 || self.accusers().contains(&accuser) || usize::from(self.count) == ACCUSERS_MAX {
            return false;
        }
        self.accusers[usize::from(self.count)] = accuser;
        self.count += 1;
        true
    }
}

/// The records, and the places of the suspects who wait for one.
#[derive(Debug)]
pub struct Suspicions {
    records: Box<[Suspicion]>,
    /// The first record that is not taken; each names the next.
    free: u32,
    taken: u32,
    waiting: SlotSet,
}

impl Suspicions {
    /// None yet, room for `records` of `members`.
    #[must_use]
    pub fn new(records: usize, members: usize) -> Self {
        let mut pool = bought(records, Suspicion::BLANK);
        for (next, record) in (1..records as u32).zip(&mut pool) {
            record.slot = next;
        }
        Self { records: pool, free: 0, taken: 0, waiting: SlotSet::new(members) }
    }

    /// Bytes that [`Suspicions::new`] buys.
    #[must_use]
    pub const fn memory_bytes(records: usize, members: usize) -> usize {
        records * size_of::<Suspicion>() + SlotSet::memory_bytes(members)
    }

    /// How many records are taken.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.taken
    }

    /// Takes a record for the suspect at a place; `None` when there is none left: the suspect waits for one.
    pub fn open(&mut self, slot: u32) -> Option<NonZeroU16> {
        if self.free == NONE {
            self.waiting.insert(slot);
            return None;
        }
        let index = self.free;
        let record = &mut self.records[index as usize];
        self.free = record.slot;
        *record = Suspicion { slot, ..Suspicion::BLANK };
        self.taken += 1;
        NonZeroU16::new(index as u16 + 1)
    }

    /// The place is suspected no more, or has to wait: its record, if it has one, is free.
    pub fn close(&mut self, slot: u32, record: Option<NonZeroU16>) {
        match record {
            Some(record) => {
                let index = u32::from(record.get()) - 1;
                self.records[index as usize].slot = self.free;
                self.free = index;
                self.taken -= 1;
            }
            None => self.waiting.remove(slot),
        }
    }

    /// Whether any suspect waits for a record.
    #[must_use]
    pub fn is_anybody_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next of those who wait, where there is a record for it now.
    pub fn next_waiting(&mut self) -> Option<u32> {
        if self.free == NONE { None } else { self.waiting.pop() }
    }

    /// What stands in a record; nothing where there is none.
    #[must_use]
    pub fn get(&self, record: Option<NonZeroU16>) -> &Suspicion {
        const NOTHING: &Suspicion = &Suspicion::BLANK;
        record.map_or(NOTHING, |record| &self.records[usize::from(record.get()) - 1])
    }

    /// The same, to be changed, where there is a record.
    pub fn get_mut(&mut self, record: Option<NonZeroU16>) -> Option<&mut Suspicion> {
        record.map(|record| &mut self.records[usize::from(record.get()) - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmations_bring_the_timer_from_max_to_min() {
        let (min, max) = (Span::secs(2), Span::secs(6));
        let waits: Vec<u64> = (0..5).map(|c| timeout(min, max, c, 3).as_millis()).collect();
        assert_eq!(waits, [6_000, 4_000, 2_832, 2_000, 2_000]);
        assert_eq!(timeout(min, max, 0, 0), min, "nobody else could confirm");
    }

    #[test]
    fn an_accuser_counts_once() {
        let mut suspicion = Suspicion::BLANK;
        suspicion.begin(Instant::ZERO, 7);
        assert!(!suspicion.add(7) && !suspicion.add(0));
        assert!(suspicion.add(8));
        assert_eq!((suspicion.accusers(), suspicion.confirmations()), (&[7, 8][..], 1));
        assert_eq!([suspicion.named(0), suspicion.named(1), suspicion.named(2)], [7, 8, 7]);
        for accuser in 9..100 {
            suspicion.add(accuser);
        }
        assert_eq!(suspicion.accusers().len(), ACCUSERS_MAX);
    }

    #[test]
    fn who_finds_no_record_waits_and_comes_in_turn() {
        let mut all = Suspicions::new(2, 9);
        let first: Vec<_> = (0..2).map(|slot| all.open(slot)).collect();
        assert!(first.iter().all(Option::is_some));
        assert_eq!((5..9).filter_map(|slot| all.open(slot)).count(), 0);
        assert_eq!((all.len(), all.next_waiting()), (2, None), "nothing is free");
        all.close(6, None);
        all.close(1, first[1]);
        assert_eq!((all.next_waiting(), all.len()), (Some(5), 1));
        let again = all.open(5);
        assert_eq!((all.get(again).slot(), all.get(again).accusers()), (5, &[][..]));
        assert_eq!((again, all.next_waiting()), (first[1], None));
        all.close(5, again);
        assert_eq!([all.next_waiting(), all.next_waiting(), all.next_waiting()], [Some(7), Some(8), None]);
    }
}
