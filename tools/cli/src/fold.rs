//! What do many numbers say together? Exact, from all of them.

use serde::Serialize;

/// Count, sum and quantiles. Quantiles are of the nearest rank: numbers that somebody has, and none in between.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fold {
    /// How many.
    pub count: u64,
    /// All together.
    pub sum: f64,
    /// The sum by the count; null, like the rest, where there are none.
    pub mean: Option<f64>,
    /// The lowest.
    pub min: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// 90 % are at most this.
    pub p90: Option<f64>,
    /// 99 % are at most this.
    pub p99: Option<f64>,
    /// The highest.
    pub max: Option<f64>,
}

impl Fold {
    /// Of finite numbers.
    pub fn of(mut numbers: Vec<f64>) -> Self {
        // Summed in their order, the result does not depend on who is listed first.
        numbers.sort_unstable_by(f64::total_cmp);
        let count = numbers.len();
        let sum = numbers.iter().fold(0.0, |sum, number| sum + number);
        let quantile = |percent: usize| numbers.get((count * percent).div_ceil(100).max(1) - 1).copied();
        Self {
            count: count as u64,
            sum,
            mean: (count > 0).then(|| sum / count as f64),
            min: numbers.first().copied(),
            p50: quantile(50),
            p90: quantile(90),
            p99: quantile(99),
            max: numbers.last().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let hundred = Fold::of((1..=100).rev().map(f64::from).collect());
        assert_eq!((hundred.count, hundred.sum, hundred.mean), (100, 5_050.0, Some(50.5)));
        assert_eq!((hundred.min, hundred.max), (Some(1.0), Some(100.0)));
        assert_eq!((hundred.p50, hundred.p90, hundred.p99), (Some(50.0), Some(90.0), Some(99.0)));
        let one = Fold::of(vec![-3.5]);
        assert_eq!((one.p50, one.p99, one.mean), (Some(-3.5), Some(-3.5), Some(-3.5)));
        let none = Fold::of(Vec::new());
        assert_eq!((none.count, none.sum, none.mean, none.p50), (0, 0.0, None, None));
    }
}
