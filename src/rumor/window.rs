//! Have I had it? Everything up to a number, and a sliding bitmap beyond it: exact in bounded memory (R8: a watermark says
//! what is complete, and never the highest seen).

/// Which numbers of one origin have come. The bits live in a slab of the owner's: number `n` has bit `n` modulo their count,
/// and those of numbers up to `complete` are clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    complete: u64,
    highest: u64,
}

/// What became of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It is new.
    New,
    /// It has come before, or was given up.
    Known,
}

impl Window {
    /// A window that takes everything up to a number for settled.
    #[must_use]
    pub const fn starting_after(complete: u64) -> Self {
        Self { complete, highest: complete }
    }

    /// Every number up to this has come or was given up.
    #[must_use]
    pub const fn complete(&self) -> u64 {
        self.complete
    }

    /// The highest number heard of.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether a number is missing that others follow.
    #[must_use]
    pub const fn has_gap(&self) -> bool {
        self.complete < self.highest
    }

    /// Whether a number has come or was given up.
    #[must_use]
    pub fn has(&self, bits: &[u64], n: u64) -> bool {
        n <= self.complete || n - self.complete <= span(bits) && get(bits, n)
    }

    /// A number has come. Where it lies beyond what the bitmap can tell apart the window moves on, and what is missing behind
    /// is given up: `lost` is told of each run of it.
    pub fn mark(&mut self, bits: &mut [u64], n: u64, lost: impl FnMut(u64, u64)) -> Marked {
        if self.has(bits, n) {
            return Marked::Known;
        }
        if n - self.complete > span(bits) {
            self.give_up(bits, n - span(bits), lost);
        }
        self.highest = self.highest.max(n);
        if n == self.complete + 1 {
            self.complete = n;
            self.advance(bits);
        } else {
            set(bits, n, true);
        }
        Marked::New
    }

    /// A number exists, whether it has come or not.
    pub fn hear_of(&mut self, n: u64) {
        self.highest = self.highest.max(n);
    }

    /// A number beyond `complete` that had come counts as missing again.
    pub fn take_back(&mut self, bits: &mut [u64], n: u64) {
        debug_assert!(n > self.complete && n - self.complete <= span(bits), "{n} is told apart");
        set(bits, n, false);
    }

    /// What is missing up to a number never comes: `lost` is told of each run of it.
    pub fn give_up(&mut self, bits: &mut [u64], to: u64, mut lost: impl FnMut(u64, u64)) {
        if to <= self.complete {
            return;
        }
        let told_apart = to.min(self.complete + span(bits));
        let mut missing_from = None;
        for n in self.complete + 1..=told_apart {
            if get(bits, n) {
                set(bits, n, false);
                if let Some(from) = missing_from.take() {
                    lost(from, n - 1);
                }
            } else if missing_from.is_none() {
                missing_from = Some(n);
            }
        }
        // Beyond the bitmap nothing has come.
        let missing_from = missing_from.or((to > told_apart).then_some(told_apart + 1));
        if let Some(from) = missing_from {
            lost(from, to);
        }
        self.complete = to;
        self.highest = self.highest.max(to);
        self.advance(bits);
    }

    fn advance(&mut self, bits: &mut [u64]) {
        while self.complete < self.highest && get(bits, self.complete + 1) {
            self.complete += 1;
            set(bits, self.complete, false);
        }
    }

    /// Which of the 64 numbers beyond `base` have come, the lowest bit first.
    #[must_use]
    pub fn seen_beyond(&self, bits: &[u64], base: u64) -> u64 {
        if self.complete == self.highest && base >= self.complete {
            return 0;
        }
        (0..64).fold(0, |seen, i| seen | u64::from(self.has(bits, base + 1 + i)) << i)
    }

    /// Forgets all bits: the slab's place is for another origin.
    pub fn clear(bits: &mut [u64]) {
        bits.fill(0);
    }
}

/// How many numbers can be told apart.
const fn span(bits: &[u64]) -> u64 {
    bits.len() as u64 * 64
}

fn get(bits: &[u64], n: u64) -> bool {
    bits[(n / 64) as usize % bits.len()] >> (n % 64) & 1 == 1
}

fn set(bits: &mut [u64], n: u64, on: bool) {
    let word = &mut bits[(n / 64) as usize % bits.len()];
    *word = *word & !(1 << (n % 64)) | u64::from(on) << (n % 64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_a_plain_set_and_each_number_is_new_or_lost_exactly_once() {
        let mut rng = Rng::from_seed(4);
        for words in [1, 3] {
            let (mut window, mut bits) = (Window::default(), vec![0_u64; words]);
            let (mut come, mut given_up) = (BTreeSet::new(), BTreeSet::new());
            let mut front = 1_u64;
            for step in 0..40_000_u32 {
                let jump = if rng.below(500) == 0 { 400 } else { 20 };
                let n = front.saturating_sub(u64::from(rng.below(60))).max(1) + u64::from(rng.below(jump));
                if step % 7 == 0 {
                    window.hear_of(n);
                } else {
                    let known = come.contains(&n) || given_up.contains(&n);
                    let marked = window.mark(&mut bits, n, |a, b| {
                        (a..=b).for_each(|n| assert!(!come.contains(&n) && given_up.insert(n), "{n} twice"));
                    });
                    assert_eq!(marked == Marked::Known, known || given_up.contains(&n), "{n}");
                    if marked == Marked::New {
                        come.insert(n);
                    }
                }
                if rng.below(100) == 0 {
                    let to = window.complete() + u64::from(rng.below(100));
                    window
                        .give_up(&mut bits, to, |a, b| (a..=b).for_each(|n| assert!(given_up.insert(n), "{n} twice")));
                    assert!(window.complete() >= to);
                }
                front = front.max(window.highest());
                let complete = window.complete();
                assert!(complete == 0 || come.contains(&complete) || given_up.contains(&complete));
                assert!(!come.contains(&(complete + 1)), "the watermark stands before a gap");
                let seen = window.seen_beyond(&bits, complete);
                for i in 0..64 {
                    let n = complete + 1 + i;
                    assert_eq!(seen >> i & 1 == 1, come.contains(&n), "{n} beyond {complete}");
                }
            }
            let all = window.complete();
            let settled = (1..=all).filter(|n| come.contains(n) != given_up.contains(n)).count() as u64;
            assert_eq!(settled, all, "each number came or was given up, and never both");
        }
    }

    #[test]
    fn a_jump_beyond_the_bitmap_loses_what_is_missing_in_one_run() {
        let (mut window, mut bits) = (Window::default(), vec![0_u64; 2]);
        let mut lost = Vec::new();
        for n in [1, 2, 5] {
            window.mark(&mut bits, n, |a, b| lost.push((a, b)));
        }
        window.mark(&mut bits, 1_000_000, |a, b| lost.push((a, b)));
        assert_eq!(lost, [(3, 4), (6, 1_000_000 - 128)]);
        assert_eq!((window.complete(), window.highest()), (1_000_000 - 128, 1_000_000));
        assert!(window.has(&bits, 1_000_000) && !window.has(&bits, 999_999));
    }
}
