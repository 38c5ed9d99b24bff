//! How do many figures of one kind look? Their mean, its error, and their quantiles.

/// The summary of a sample. An empty one has no figures, though fields must hold something: [`Distribution::some`] tells them from
/// a sample of zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distribution {
    /// How many there were.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// The standard error of the mean; 0 of fewer than two.
    pub standard_error: f64,
    /// The least.
    pub min: f64,
    /// 5 % are below.
    pub p5: f64,
    /// Half are below.
    pub p50: f64,
    /// 95 % are below.
    pub p95: f64,
    /// 99 % are below.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
}

impl Distribution {
    /// Itself, unless the sample was empty: what never happened did not take 0 ms.
    #[must_use]
    pub fn some(self) -> Option<Self> {
        (self.count > 0).then_some(self)
    }

    /// Of these; their order does not matter.
    #[must_use]
    pub fn of(mut sample: Vec<f64>) -> Self {
        sample.sort_by(f64::total_cmp);
        let n = sample.len();
        let Some((min, max)) = sample.first().copied().zip(sample.last().copied()) else { return Self::default() };
        let mean = sample.iter().sum::<f64>() / n as f64;
        let squares: f64 = sample.iter().map(|x| (x - mean).powi(2)).sum();
        let standard_error = if n > 1 { (squares / (n - 1) as f64 / n as f64).sqrt() } else { 0.0 };
        let at = |permille: usize| quantile(&sample, permille);
        Self { count: n as u64, mean, standard_error, min, p5: at(50), p50: at(500), p95: at(950), p99: at(990), max }
    }
}

/// The smallest value that so many thousandths of a sorted, non-empty sample do not exceed.
fn quantile(sorted: &[f64], permille: usize) -> f64 {
    sorted[(sorted.len() * permille).div_ceil(1_000).clamp(1, sorted.len()) - 1]
}

impl FromIterator<f64> for Distribution {
    fn from_iter<I: IntoIterator<Item = f64>>(sample: I) -> Self {
        Self::of(sample.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_numbers_have_the_quantiles_that_one_counts() {
        let d: Distribution = (1..=100).rev().map(f64::from).collect();
        assert_eq!((d.count, d.min, d.p5, d.p50, d.p95, d.p99, d.max), (100, 1.0, 5.0, 50.0, 95.0, 99.0, 100.0));
        assert_eq!(d.mean, 50.5);
        // sd 29.011 over ten.
        assert!((d.standard_error - 2.901_1).abs() < 1e-3);
    }

    #[test]
    fn none_and_one_are_no_trouble() {
        assert_eq!(Distribution::of(Vec::new()), Distribution::default());
        assert_eq!(Distribution::of(Vec::new()).some(), None, "no figures");
        assert!(Distribution::of(vec![0.0]).some().is_some_and(|zero| zero.p50 == 0.0));
        let one = Distribution::of(vec![3.0]);
        assert_eq!((one.count, one.mean, one.standard_error, one.p5, one.p99), (1, 3.0, 0.0, 3.0, 3.0));
    }
}
