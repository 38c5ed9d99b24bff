//! How sure are we? Suspicions with timers that independent accusers shorten.

use crate::bounded::bought;
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

/// One suspicion: since when, and who accuses.
#[derive(Clone, Copy, Debug)]
pub struct Suspicion {
    /// The time of the evidence: the verdict counts from here, not from its evaluation.
    pub since: Instant,
    /// When this node's own last probe began that has failed since; `None` where it has no evidence of its own.
    pub asked_at: Option<Instant>,
    /// Whether this node asks for the last time before it convicts.
    pub last_question: bool,
    /// How many kernels were told that nobody listens there: this node's and those of its helpers.
    pub refusals: u32,
    accusers: [u32; ACCUSERS_MAX],
    count: u8,
}

impl Suspicion {
    const NONE: Self = Self {
        since: Instant::ZERO,
        asked_at: None,
        last_question: false,
        refusals: 0,
        accusers: [0; ACCUSERS_MAX],
        count: 0,
    };

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

/// The suspicion of each place in the table.
#[derive(Debug)]
pub struct Suspicions(Box<[Suspicion]>);

impl Suspicions {
    /// None yet.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self(bought(members, Suspicion::NONE))
    }

    /// Bytes that [`Suspicions::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        members * size_of::<Suspicion>()
    }

    /// Begins a suspicion.
    pub fn begin(&mut self, slot: u32, since: Instant, accuser: u32) -> &mut Suspicion {
        let suspicion = &mut self.0[slot as usize];
        *suspicion = Suspicion { since, ..Suspicion::NONE };
        suspicion.add(accuser);
        suspicion
    }

    /// The suspicion of a place; meaningful while its member is suspected.
    #[must_use]
    pub fn get(&self, slot: u32) -> &Suspicion {
        &self.0[slot as usize]
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, slot: u32) -> &mut Suspicion {
        &mut self.0[slot as usize]
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
        let mut all = Suspicions::new(1);
        let suspicion = all.begin(0, Instant::ZERO, 7);
        assert!(!suspicion.add(7) && !suspicion.add(0));
        assert!(suspicion.add(8));
        assert_eq!((suspicion.accusers(), suspicion.confirmations()), (&[7, 8][..], 1));
        assert_eq!([suspicion.named(0), suspicion.named(1), suspicion.named(2)], [7, 8, 7]);
        for accuser in 9..100 {
            suspicion.add(accuser);
        }
        assert_eq!(suspicion.accusers().len(), ACCUSERS_MAX);
    }
}
