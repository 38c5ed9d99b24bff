//! How are the values distributed? A histogram in fixed room, each bucket as wide as a 32nd of the power of two it lies in.
//!
//! The bucket of a number is read off its bits: exponent and the first five bits of its mantissa. So a bucket's width is at most a
//! 32nd of any number in it, and its middle is within a 64th, 1.6 %, of each. Magnitudes below 2^-24 (6e-8) count as zero, magnitudes
//! from 2^40 (1.1e12) on as just below it. Merging adds counts: in whatever order, the result is the same.

use super::exact::ExactSum;

/// Buckets of each power of two.
const PER_OCTAVE: usize = 1 << MANTISSA_BITS;
const MANTISSA_BITS: u32 = 5;
/// The powers of two that are told apart.
const EXPONENTS: core::ops::Range<i32> = -24..40;
/// Buckets of each sign.
const BUCKETS: usize = (EXPONENTS.end - EXPONENTS.start) as usize * PER_OCTAVE;
/// The place of zero: negative numbers are in front of it, the largest magnitudes first.
const ZERO: usize = BUCKETS;
/// All buckets.
pub(super) const PLACES: usize = 2 * BUCKETS + 1;

/// Many numbers in 16 KiB: count, sum, extremes, and any quantile within a 64th of the number itself.
#[derive(Clone, Debug)]
pub struct Sketch {
    pub(super) counts: [u32; PLACES],
    pub(super) count: u64,
    pub(super) sum: ExactSum,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self::new()
    }
}

impl Sketch {
    /// By how much of itself a quantile may be off, at most, between 2^-24 and 2^40 in magnitude.
    pub const RELATIVE_ERROR: f64 = 1.0 / (2 * PER_OCTAVE) as f64;
    /// Magnitudes below this are taken for zero by quantiles.
    pub const SMALLEST: f64 = 1.0 / (1_u64 << -EXPONENTS.start) as f64;
    /// Magnitudes from here on are told apart by quantiles no more.
    pub const LARGEST: f64 = (1_u64 << EXPONENTS.end) as f64;

    /// Of no number.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: [0; PLACES], count: 0, sum: ExactSum::default(), min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    /// Counts a number; `false` and nothing changed where it is not finite.
    pub fn record(&mut self, number: f64) -> bool {
        if !number.is_finite() {
            return false;
        }
        let count = &mut self.counts[place(number)];
        *count = count.saturating_add(1);
        self.count += 1;
        self.sum.add(number);
        // Both zeros are the same number.
        (self.min, self.max) = (self.min.min(number + 0.0), self.max.max(number + 0.0));
        true
    }

    /// Counts all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, other)| *count = count.saturating_add(other));
        self.count += other.count;
        self.sum.merge(&other.sum);
        (self.min, self.max) = (self.min.min(other.min), self.max.max(other.max));
    }

    /// How many numbers.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their sum, rounded once.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum.value()
    }

    /// Their mean; `None` of no number.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.value() / self.count as f64)
    }

    /// The smallest, exactly.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min)
    }

    /// The largest, exactly.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// The smallest number that a share `q` of all do not exceed, within [`Sketch::RELATIVE_ERROR`] of itself; 0 and 1, and whatever is
    /// nearest to them, give the extremes exactly. `None` of no number, and where `q` is no share.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = ((q * self.count as f64).ceil() as u64).clamp(1, self.count);
        if rank == 1 {
            return Some(self.min);
        }
        if rank == self.count {
            return Some(self.max);
        }
        let mut behind = 0;
        let holds = |count: &u32| {
            behind += u64::from(*count);
            behind >= rank
        };
        // Counts that have run full leave the largest.
        let place = self.counts.iter().position(holds);
        Some(place.map_or(self.max, |place| middle(place).clamp(self.min, self.max)))
    }
}

/// The bucket of a number.
pub(super) fn place(number: f64) -> usize {
    let bits = number.abs().to_bits();
    let exponent = (bits >> 52) as i32 - 1_023;
    if exponent < EXPONENTS.start {
        return ZERO;
    }
    let nth = if exponent < EXPONENTS.end {
        let fine = bits >> (52 - MANTISSA_BITS) & (PER_OCTAVE as u64 - 1);
        (exponent - EXPONENTS.start) as usize * PER_OCTAVE + fine as usize
    } else {
        BUCKETS - 1
    };
    if number < 0.0 { ZERO - 1 - nth } else { ZERO + 1 + nth }
}

/// The number in the middle of a bucket.
fn middle(place: usize) -> f64 {
    let of = |nth: usize| {
        let (octave, fine) = (nth / PER_OCTAVE, nth % PER_OCTAVE);
        let begin = f64::from_bits(((octave as i32 + EXPONENTS.start + 1_023) as u64) << 52);
        begin * (1.0 + (fine as f64 + 0.5) / PER_OCTAVE as f64)
    };
    match place.cmp(&ZERO) {
        core::cmp::Ordering::Less => -of(ZERO - 1 - place),
        core::cmp::Ordering::Equal => 0.0,
        core::cmp::Ordering::Greater => of(place - ZERO - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    fn of(numbers: &[f64]) -> Sketch {
        let mut sketch = Sketch::new();
        numbers.iter().for_each(|number| {
            sketch.record(*number);
        });
        sketch
    }

    /// Everything that can be read off it.
    fn reading(sketch: &Sketch) -> (u64, u64, Vec<Option<u64>>) {
        let quantiles = (0..=100).map(|q| sketch.quantile(f64::from(q) / 100.0).map(f64::to_bits));
        let ends = [sketch.min(), sketch.max()].map(|end| end.map(f64::to_bits));
        (sketch.count(), sketch.sum().to_bits(), quantiles.chain(ends).collect())
    }

    #[test]
    fn buckets_are_in_the_order_of_their_numbers_and_hold_their_middles() {
        assert!((1..PLACES).all(|nth| middle(nth - 1) < middle(nth)));
        assert!((0..PLACES).all(|nth| place(middle(nth)) == nth));
        for (number, same) in [(0.0, -0.0), (1e-9, 0.0), (1e13, 1.09e12), (-1e300, -1.09e12)] {
            assert_eq!(place(number), place(same), "{number} and {same}");
        }
        assert_ne!(place(Sketch::SMALLEST), ZERO);
        assert_eq!((place(Sketch::LARGEST), place(1.0)), (PLACES - 1, ZERO + 1 + 24 * PER_OCTAVE));
    }

    #[test]
    fn of_no_number_nothing_is_said_and_of_one_everything() {
        let none = Sketch::new();
        assert_eq!((none.count(), none.sum(), none.mean(), none.min(), none.quantile(0.5)), (0, 0.0, None, None, None));
        let mut one = of(&[7.3]);
        assert_eq!([0.0, 0.5, 1.0].map(|q| one.quantile(q)), [Some(7.3); 3]);
        assert_eq!((one.quantile(1.1), one.quantile(-0.1), one.quantile(f64::NAN)), (None, None, None));
        assert!(!one.record(f64::NAN) && !one.record(f64::INFINITY) && one.count() == 1);
    }

    quickcheck! {
        fn a_quantile_is_within_a_64th_of_the_number_that_has_its_rank(numbers: Vec<i32>, scale: u8, q: u8) -> bool {
            let scale = f64::from(u32::from(scale) + 1) / 64.0;
            let mut numbers: Vec<f64> = numbers.iter().map(|number| f64::from(*number) * scale).collect();
            let got = of(&numbers).quantile(f64::from(q) / 255.0);
            if numbers.is_empty() {
                return got.is_none();
            }
            numbers.sort_by(f64::total_cmp);
            let rank = (f64::from(q) / 255.0 * numbers.len() as f64).ceil().max(1.0) as usize;
            let is = numbers[rank - 1];
            got.is_some_and(|got| (got - is).abs() <= is.abs() * Sketch::RELATIVE_ERROR)
        }

        fn merging_is_commutative_and_associative_and_counts_all(a: Vec<f64>, b: Vec<f64>, c: Vec<f64>) -> bool {
            let all = of(&[&a[..], &b, &c].concat());
            let [a, b, c] = [a, b, c].map(|numbers| of(&numbers));
            let merged = |x: &Sketch, y: &Sketch| {
                let mut merged = x.clone();
                merged.merge(y);
                merged
            };
            let left = reading(&merged(&merged(&a, &b), &c));
            let commutes = reading(&merged(&a, &b)) == reading(&merged(&b, &a));
            commutes && left == reading(&merged(&a, &merged(&b, &c))) && left == reading(&all)
        }
    }
}
