//! How old? Every age that was measured, so that a quantile is one of them and none is an estimate.

use bruit_agent::view::Distribution;

/// Points of the curve for each doubling of 1/(1 - p).
const POINTS_PER_DOUBLING: i32 = 8;

/// Ages in microseconds, sorted.
#[derive(Debug, Default)]
pub struct Ages(Vec<u32>);

impl Ages {
    /// In whatever order they were measured.
    pub fn new(mut us: Vec<u32>) -> Self {
        us.sort_unstable();
        Self(us)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The age of this rank, counted from 1; 0 where there is none.
    fn of_rank(&self, rank: usize) -> u64 {
        self.0.get(rank.max(1) - 1).copied().map_or(0, u64::from)
    }

    /// The usual quantiles: the smallest age that at least so many in a thousand do not exceed.
    pub fn distribution(&self) -> Distribution {
        let count = self.0.len();
        let at = |permille: usize| self.of_rank((count * permille).div_ceil(1_000));
        let (p50, p90, p99, p999) = (at(500), at(900), at(990), at(999));
        Distribution { unit: "us".to_owned(), count: count as u64, min: at(0), p50, p90, p99, p999, max: at(1_000) }
    }

    /// (1/(1 - p), age) from the youngest to the oldest, evenly on a logarithmic axis: the last tenth, hundredth, thousandth have
    /// the same room.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        // The crate `libm`: the C library's of that name would be mapped into every agent.
        let count = self.0.len() as f64;
        let steps = 0..(libm::log2(count.max(1.0)) * f64::from(POINTS_PER_DOUBLING)).ceil() as i32;
        let inner = steps.map(|step| libm::exp2(f64::from(step) / f64::from(POINTS_PER_DOUBLING)));
        let inner = inner.map(|x| (x, self.of_rank((count * (1.0 - 1.0 / x)).ceil() as usize) as f64));
        let oldest = self.0.last().map(|us| (count, f64::from(*us)));
        inner.chain(oldest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let d = Ages::new((1..=1_000).rev().collect()).distribution();
        assert_eq!((d.count, d.min, d.p50, d.p90, d.p99, d.p999, d.max), (1_000, 1, 500, 900, 990, 999, 1_000));
        let d = Ages::new(vec![7]).distribution();
        assert_eq!((d.count, d.min, d.p50, d.p999, d.max), (1, 7, 7, 7, 7));
        assert_eq!(Ages::new(Vec::new()).distribution().max, 0);
    }

    #[test]
    fn the_curve_runs_from_the_youngest_to_the_oldest_and_never_falls() {
        let curve = Ages::new((1..=1_024).collect()).curve();
        assert_eq!((curve[0], curve[8], curve[80]), ((1.0, 1.0), (2.0, 512.0), (1_024.0, 1_024.0)));
        assert!(curve.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{curve:?}");
        assert_eq!((Ages::new(vec![5]).curve(), Ages::default().curve()), (vec![(1.0, 5.0)], Vec::new()));
    }
}
