//! Where do we look? The numbers of informed nodes between which a distribution is spread.
//!
//! Every number while few are informed, every number again while few are left, and between these a hundredth of the odds
//! apart: there the luck of single nodes has averaged out, and the distribution is wide and smooth. So a million nodes take
//! about two thousand places.

/// The distance of neighbouring places, as a share of the odds informed : not informed.
const STEP: f64 = 0.01;

/// The places, ascending: 1 first, all living last.
#[derive(Clone, Debug)]
pub struct Lattice(Vec<f64>);

impl Lattice {
    /// For so many living nodes.
    #[must_use]
    pub fn of(living: u32) -> Self {
        let all = f64::from(living);
        let mut places = vec![1.0];
        let mut last = 1.0;
        while last < all {
            let step = (STEP * last * (all - last) / all).floor().max(1.0);
            last = (last + step).min(all);
            places.push(last);
        }
        Self(places)
    }

    /// The places.
    #[must_use]
    pub fn places(&self) -> &[f64] {
        &self.0
    }

    /// The last place at or below `x`.
    #[must_use]
    pub fn at_or_below(&self, x: f64) -> usize {
        self.0.partition_point(|p| *p <= x).saturating_sub(1)
    }

    /// Adds `mass` at `x`, which lies at or beyond `from`: to the two neighbouring places, so that the mean stays what it is.
    /// Returns the lower of the two, from where the next and larger `x` can go on.
    pub fn add(&self, masses: &mut [f64], from: usize, x: f64, mass: f64) -> usize {
        let last = self.0.len() - 1;
        let mut low = from;
        while low < last && self.0[low + 1] <= x {
            low += 1;
        }
        if low == last {
            masses[last] += mass;
            return low;
        }
        let share = ((x - self.0[low]) / (self.0[low + 1] - self.0[low])).clamp(0.0, 1.0);
        masses[low] += mass * (1.0 - share);
        masses[low + 1] += mass * share;
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_at_both_ends_and_few_places_between() {
        for living in [1, 2, 100, 1_000, 1_000_000] {
            let lattice = Lattice::of(living);
            let places = lattice.places();
            assert!(places.windows(2).all(|w| w[0] < w[1]), "{living}");
            assert_eq!((places[0], places[places.len() - 1]), (1.0, f64::from(living)));
            let single = |w: &[f64]| w[1] - w[0] == 1.0;
            assert!(
                places.windows(2).take(100).all(single) && places.windows(2).rev().take(60).all(single),
                "{living}"
            );
            assert!(places.len() < 2_500, "{living}: {}", places.len());
        }
    }

    #[test]
    fn mass_is_neither_lost_nor_moved() {
        let lattice = Lattice::of(100_000);
        let mut masses = vec![0.0; lattice.places().len()];
        let mut from = 0;
        for x in [1.0, 7.5, 333.3, 50_001.0, 99_999.0, 100_000.0] {
            from = lattice.add(&mut masses, from, x, 1.0);
        }
        let mean: f64 = lattice.places().iter().zip(&masses).map(|(x, m)| x * m).sum();
        assert!((masses.iter().sum::<f64>() - 6.0).abs() < 1e-12);
        assert!((mean - (1.0 + 7.5 + 333.3 + 50_001.0 + 99_999.0 + 100_000.0)).abs() < 1e-6);
    }
}
