//! What do the values of one key come to, over its owners?

use super::number::number;
use super::sketch::Sketch;

/// What the values that owners hold under one key come to. Equal to the last bit at two nodes that hold the same values of the same
/// members, in whatever order they came.
#[derive(Clone, Debug, Default)]
pub struct Aggregate {
    owners: u32,
    not_numbers: u32,
    sketch: Sketch,
}

impl Aggregate {
    /// Takes the value of one more owner: a number as decimal text, or an encoded [`Sketch`], of which every number counts.
    pub(crate) fn take(&mut self, value: &[u8]) {
        let taken = match number(value) {
            Some(number) => self.sketch.record(number),
            None => self.sketch.merge_encoded(value),
        };
        let counter = if taken { &mut self.owners } else { &mut self.not_numbers };
        *counter += 1;
    }

    /// As it was, from its sketch as [`Sketch::encode`] has written it.
    #[cfg(feature = "net")]
    pub(crate) fn of(owners: u32, not_numbers: u32, encoded: &[u8]) -> Self {
        let mut fold = Self { owners, not_numbers, ..Self::default() };
        fold.sketch.merge_encoded(encoded);
        fold
    }

    /// Of how many owners there is a number, or a sketch.
    #[must_use]
    pub const fn owners(&self) -> u32 {
        self.owners
    }

    /// Of how many owners the value is neither. They count for nothing else.
    #[must_use]
    pub const fn not_numbers(&self) -> u32 {
        self.not_numbers
    }

    /// How many numbers: one for each owner, or all that its sketch has counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.sketch.count()
    }

    /// Their sum, rounded once; a sketch's own sum was rounded once more by its owner. 0 of no number.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sketch.sum()
    }

    /// Their mean; `None` of no number.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.sketch.mean()
    }

    /// The smallest; `None` of no number.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.sketch.min()
    }

    /// The largest; `None` of no number.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.sketch.max()
    }

    /// The smallest number that a share `q` of all do not exceed, within [`Sketch::RELATIVE_ERROR`] of itself; exact for 0 and 1.
    /// `None` of no number, and where `q` is outside `0..=1`. See [`Sketch::quantile`].
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.sketch.quantile(q)
    }

    /// All numbers, to be merged with others.
    #[must_use]
    pub const fn sketch(&self) -> &Sketch {
        &self.sketch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sketches_and_what_is_neither_are_counted_apart() {
        let mut published = Sketch::new();
        (0..10).for_each(|n| assert!(published.record(f64::from(n))));
        let mut buf = [0; 128];
        let len = published.encode(&mut buf).expect("it fits");
        let mut fold = Aggregate::default();
        for value in [b"100".as_slice(), b"-1", b"high", b"", &buf[..len], &buf[..len - 1]] {
            fold.take(value);
        }
        assert_eq!((fold.owners(), fold.count(), fold.not_numbers()), (3, 12, 3));
        assert_eq!((fold.sum(), fold.min(), fold.max()), (144.0, Some(-1.0), Some(100.0)));
        assert_eq!((fold.mean(), fold.quantile(0.0), fold.quantile(1.0)), (Some(12.0), Some(-1.0), Some(100.0)));
    }
}
