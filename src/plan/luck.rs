//! How much does the start's luck decide? The law of a branching process, for event time.
//!
//! While few are informed their number grows as W·e^(λt), with the same λ in each run and a W that luck decides: when the
//! source's tick falls, how many of its first calls arrive, and so on for each node it informs. Who was told by a push ticks
//! at u, u + 1, u + 2, ... intervals from then, u uniform; who has pulled has just ticked, and ticks again at b = 1 - 2L
//! and so on. At each tick an informed node pushes to `fanout` others; those who pull ask it at a constant rate. What comes
//! of each call is again such a node, one latency later. Hence the Laplace transforms of W, φ for the pushed and the source, ψ
//! for those who pulled:
//!
//! ```text
//! φ(θ) = ∫₀¹ Π_j (1 - q + q·φ(θe^(-λ(L+u+j))))^f du · P(θ)      P(θ) = exp(-r ∫₀^∞ 1 - ψ(θe^(-λ(L+t))) dt)
//! ψ(θ) =     Π_j (1 - q + q·φ(θe^(-λ(L+b+j))))^f    · P(θ)
//! ```
//! (general branching processes: Crump, Mode 1968; Jagers 1975). Since θ only ever shrinks, they follow along each ray of
//! the complex plane from their values near 0, step by step. Abate and Whitt's method (INFORMS J. Computing 18, 2006,
//! §5) turns φ into the distribution. Simulating the start would need tens of thousands of runs for as good a p99.

use core::f64::consts::{LN_10, PI};
use libm::{exp, expm1, log1p, pow};

use super::complex::Complex;

/// The order of the inversion: its error is about 10^(-0.6 · this), its weights stay far from rounding.
const ORDER: usize = 11;
/// ln W is looked at between these, and below by as much as it grows in an interval: so far a late tick of the source
/// alone puts a run behind.
const LN_LEAST: f64 = -14.0;
const LN_MOST: f64 = 5.0;
/// ln of the scale at which φ is still e^(-θ) for all that matters.
const LN_START: f64 = -14.0;

/// What an informed node does, in steps of an interval.
#[derive(Clone, Copy, Debug)]
pub struct Births {
    /// Steps of one interval.
    pub steps: usize,
    /// Whole steps that a call takes, beside the half step that a tick in the middle of a step waits.
    pub latency: usize,
    /// Calls at each tick, and the chance that each informs somebody.
    pub fanout: u32,
    pub success: f64,
    /// How many pullers it informs in an interval.
    pub pulled: f64,
}

impl Births {
    /// How many an informed node informs in an interval while few are informed.
    pub fn rate(&self) -> f64 {
        f64::from(self.fanout) * self.success + self.pulled
    }

    /// After how many steps a node that has pulled ticks again: an interval after the tick at which it asked.
    fn after_pull(&self) -> usize {
        self.steps - (2 * self.latency) % self.steps
    }

    /// Children of each kind, each counted e^(-growth · its parent's age in steps): told at ticks with a uniform phase, told
    /// at ticks after a pull, and those who pull.
    fn discounted(&self, growth: f64) -> (f64, f64, f64) {
        let told = f64::from(self.fanout) * self.success;
        let travel = exp(-growth * self.latency as f64);
        let evenly = travel / (expm1(growth) * self.steps as f64);
        let after_pull = exp(-growth * self.after_pull() as f64) / -expm1(-growth * self.steps as f64);
        (told * evenly, told * travel * after_pull, self.pulled * evenly)
    }

    /// The growth of ln(informed) in one step: where each node's children, so counted, are one.
    pub fn growth(&self) -> f64 {
        let (mut low, mut high) = (0.0, 1.0 + log1p(2.0 * f64::from(self.fanout) + self.pulled));
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            let (told, told_later, pulled) = self.discounted(middle);
            let too_small = told >= 1.0 || pulled >= 1.0 || (1.0 - told) * (1.0 - pulled) < pulled * told_later;
            if too_small { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The mean W of a node that has pulled, where the source's is 1.
    fn pulled_mean(&self, growth: f64) -> f64 {
        let (told, _, pulled) = self.discounted(growth);
        if pulled > 0.0 { (1.0 - told) / pulled } else { 1.0 }
    }
}

/// The law of W, on the grid of the growth of one step.
#[derive(Clone, Debug)]
pub struct Luck {
    /// By how many steps a run is ahead of the mean, descending, and the chance to be so.
    pub ahead: Vec<(f64, f64)>,
}

impl Luck {
    /// All runs alike.
    pub fn none() -> Self {
        Self { ahead: vec![(0.0, 1.0)] }
    }

    /// Works it out.
    #[must_use]
    pub fn of(births: &Births) -> Self {
        let growth = births.growth();
        let least = LN_LEAST - growth * births.steps as f64;
        let points = ((LN_MOST - least) / growth).ceil() as usize + 1;
        let start = ((-LN_MOST - LN_START) / growth).ceil() as usize;
        let mut below = vec![0.0; points];
        for (k, weight) in weights().into_iter().enumerate() {
            let beta = Complex::new(ORDER as f64 * LN_10 / 3.0, PI * k as f64);
            let ray = ray(births, growth, beta.scaled(exp(-LN_MOST - start as f64 * growth)), start + points);
            for (i, below) in below.iter_mut().enumerate() {
                // φ(β/x) / (β/x) is the transform of the distribution function, 1/x of the formula cancels.
                *below += weight * ray[start + i].over(beta).re;
            }
        }
        let scale = pow(10_f64, ORDER as f64 / 3.0);
        let mut last = 1.0;
        let mut ahead = Vec::new();
        for (i, value) in below.iter().enumerate() {
            // A distribution function, whatever the last digits say.
            let below = (value * scale).clamp(0.0, last);
            ahead.push((LN_MOST / growth - i as f64 + 0.5, last - below));
            last = below;
        }
        ahead.push((least / growth, last));
        ahead.retain(|(_, chance)| *chance > 1e-9);
        let all: f64 = ahead.iter().map(|(_, chance)| chance).sum();
        ahead.iter_mut().for_each(|(_, chance)| *chance /= all);
        Self { ahead }
    }
}

/// φ along a ray: at `first`, and at each further multiple of e^growth.
fn ray(births: &Births, growth: f64, first: Complex, len: usize) -> Vec<Complex> {
    let (steps, latency, again) = (births.steps as i64, births.latency as i64, births.after_pull() as i64);
    // Before the first place φ and ψ are e^(-mean · θ), and the products over all later ticks follow.
    let ticks = f64::from(births.fanout) * births.success / -expm1(-growth * births.steps as f64);
    let pulled_mean = births.pulled_mean(growth);
    let theta = |n: i64| first.scaled(exp(growth * n as f64));
    let early = |n: i64, mean: f64| theta(n).scaled(-mean).exp();
    let at = |known: &[Complex], n: i64, mean: f64| usize::try_from(n).map_or_else(|_| early(n, mean), |n| known[n]);
    let [mut phi, mut psi, mut products] = [(); 3].map(|()| Vec::<Complex>::with_capacity(len));
    let mut window = (1..=steps).fold(Complex::new(0.0, 0.0), |sum, k| sum + early(-latency - k, ticks));
    // The sum of 1 - ψ over all places before: geometric.
    let mut asked = theta(-latency).scaled(pulled_mean / expm1(growth));
    for n in 0..len as i64 {
        let pulls = asked.scaled(-births.pulled / steps as f64).exp();
        let told = window.scaled(1.0 / steps as f64) * pulls;
        phi.push(told);
        psi.push(at(&products, n - latency - again, ticks) * pulls);
        let call = Complex::ONE - (Complex::ONE - told).scaled(births.success);
        products.push(call.power(births.fanout) * at(&products, n - steps, ticks));
        window = window + at(&products, n - latency, ticks) - at(&products, n - latency - steps, ticks);
        asked = asked + Complex::ONE - at(&psi, n - latency, pulled_mean);
    }
    phi
}

/// The weights of Abate and Whitt's Euler method, alternating in sign.
fn weights() -> Vec<f64> {
    let half = 2_f64.powi(-(ORDER as i32));
    let mut weights = vec![1.0; 2 * ORDER + 1];
    weights[0] = 0.5;
    weights[2 * ORDER] = half;
    let mut binomial = 1.0;
    for k in 1..ORDER {
        binomial *= (ORDER - k + 1) as f64 / k as f64;
        weights[2 * ORDER - k] = weights[2 * ORDER - k + 1] + half * binomial;
    }
    for (k, weight) in weights.iter_mut().enumerate() {
        *weight *= if k % 2 == 0 { 1.0 } else { -1.0 };
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(luck: &Luck, growth: f64) -> (f64, f64, f64) {
        let mean = |of: fn(f64) -> f64| luck.ahead.iter().map(|(steps, p)| p * of(exp(steps * growth))).sum::<f64>();
        (luck.ahead.iter().map(|a| a.1).sum(), mean(|w| w), mean(|w| w * w))
    }

    #[test]
    fn who_is_only_asked_grows_as_yules_process() {
        // Births at a constant rate: W is exponential with mean 1.
        let births = Births { steps: 64, latency: 0, fanout: 0, success: 0.0, pulled: 1.0 };
        let luck = Luck::of(&births);
        let growth = births.growth();
        let (all, mean, square) = moments(&luck, growth);
        assert!(
            (all - 1.0).abs() < 1e-6 && (mean - 1.0).abs() < 0.01 && (square - 2.0).abs() < 0.05,
            "{all} {mean} {square}"
        );
        let above_1: f64 = luck.ahead.iter().filter(|(steps, _)| *steps > 0.0).map(|a| a.1).sum();
        assert!((above_1 - exp(-1_f64)).abs() < 0.01, "{above_1}");
    }

    #[test]
    fn who_ticks_regularly_has_less_luck_and_the_variance_of_the_formula() {
        // Without loss: Var W = 2·Var(f·e^(-λu) / (1 - e^(-λ))), with λ = f and u uniform.
        for fanout in [1_u32, 3] {
            let births = Births { steps: 256, latency: 0, fanout, success: 1.0, pulled: 0.0 };
            let f = f64::from(fanout);
            let variance = 2.0 * (f * (1.0 + exp(-f)) / (2.0 * (1.0 - exp(-f))) - 1.0);
            let (all, mean, square) = moments(&Luck::of(&births), births.growth());
            let got = square - mean * mean;
            assert!((all - 1.0).abs() < 1e-6 && (mean - 1.0).abs() < 0.01, "{fanout}: {all} {mean}");
            assert!((got - variance).abs() < 0.05 * variance, "{fanout}: {got}, by hand {variance}");
        }
    }
}
