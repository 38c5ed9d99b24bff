//! What was it, usually and at worst? The spread of what was measured several times.

use serde_json::{Value, json};

/// Median, best and worst of some numbers, less being better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many there were.
    pub count: usize,
    /// The smallest.
    pub min: f64,
    /// The middle one; of an even number the upper of the two in the middle.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// `None` where nothing was measured.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut all: Vec<f64> = numbers.into_iter().collect();
        all.sort_by(f64::total_cmp);
        let (min, max) = (*all.first()?, *all.last()?);
        Some(Self { count: all.len(), min, median: all[all.len() / 2], max })
    }

    /// As JSON, rounded to three decimals.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "count": self.count, "min": rounded(self.min), "median": rounded(self.median), "max": rounded(self.max)
        })
    }
}

/// A figure with three decimals, for JSON.
#[must_use]
pub fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

/// A number in three significant digits, without an exponent.
#[must_use]
pub fn three_digits(x: f64) -> String {
    match x {
        x if x >= 100.0 || x == 0.0 => format!("{x:.0}"),
        x if x >= 10.0 => format!("{x:.1}"),
        x => format!("{x:.2}"),
    }
}

/// Milliseconds for people: with the unit that fits. What took less than is measured here is nothing.
#[must_use]
pub fn millis(ms: f64) -> String {
    match ms {
        ms if ms >= 1e3 => format!("{} s", three_digits(ms / 1e3)),
        ms if ms < 0.01 => "0 ms".to_owned(),
        ms if ms >= 1.0 => format!("{} ms", three_digits(ms)),
        ms => format!("{} us", three_digits(ms * 1e3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_worse_of_the_two() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([3.0]), Some(Spread { count: 1, min: 3.0, median: 3.0, max: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0]), Some(Spread { count: 4, min: 1.0, median: 3.0, max: 4.0 }));
    }

    #[test]
    fn times_have_three_digits_and_the_unit_that_fits() {
        let cases = [
            (0.0, "0 ms"),
            (0.002, "0 ms"),
            (0.25, "250 us"),
            (9.876, "9.88 ms"),
            (250.0, "250 ms"),
            (10_300.0, "10.3 s"),
        ];
        for (ms, text) in cases {
            assert_eq!(millis(ms), text);
        }
    }
}
