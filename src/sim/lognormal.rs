//! How does one draw a log-normal time that is the same on every machine? In integers.
//!
//! The normal variate is the sum of twelve uniform ones less six (Irwin-Hall): its mean and variance are exact, its tails end
//! at six deviations, which no network's do either. The power is a product of square roots of two in fixed point. Floating
//! point would do, and would differ between the mathematical libraries of two systems: a seed must replay everywhere.

use crate::rng::Rng;
use crate::time::Span;

/// `2^(2^-(i + 1))` in 32 fractional bits: the factors of a fraction's bits, the highest first.
const ROOTS: [u64; 16] = roots();
/// log2(e) in 16 fractional bits.
const LOG2_E: i64 = 94_548;

const fn roots() -> [u64; 16] {
    let mut roots = [0; 16];
    let mut of = 2_u128 << 32;
    let mut i = 0;
    while i < 16 {
        // The root of x in 32 fractional bits is the integer root of x shifted by 32 more.
        of = (of << 32).isqrt();
        roots[i] = of as u64;
        i += 1;
    }
    roots
}

/// A standard normal variate in 16 fractional bits.
fn normal(rng: &mut Rng) -> i64 {
    let sum: i64 = (0..3)
        .map(|_| rng.next_u64())
        .map(|bits| (0..4).map(|i| (bits >> (16 * i)) as i64 & 0xffff).sum::<i64>())
        .sum();
    sum - 6 * 0xffff
}

/// `2^x` in 32 fractional bits, for `x` in 16 fractional bits, `-16 <= x < 16`.
fn exp2(x: i64) -> u64 {
    let (whole, fraction) = (x >> 16, x & 0xffff);
    let bits = ROOTS.iter().enumerate().filter(|(i, _)| fraction >> (15 - i) & 1 == 1);
    let power = bits.fold(1_u64 << 32, |product, (_, root)| ((u128::from(product) * u128::from(*root)) >> 32) as u64);
    if whole >= 0 { power << whole } else { power >> -whole }
}

/// A log-normal time: `median · e^(sigma · z)`; the exponent is held within ±11 (a factor of 60,000).
pub(super) fn draw(median: Span, sigma_permille: u32, rng: &mut Rng) -> Span {
    let exponent = normal(rng) * i64::from(sigma_permille.min(10_000)) / 1_000 * LOG2_E / (1 << 16);
    let factor = exp2(exponent.clamp(-(16 << 16), (16 << 16) - 1));
    Span::nanos(u64::try_from((u128::from(median.as_nanos()) * u128::from(factor)) >> 32).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_right_to_a_millionth() {
        for (x, expected) in
            [(0.0, 1.0), (1.0, 2.0), (0.75, 1.681_792_831), (-2.25, 0.210_224_104), (10.75, 1_722.155_9)]
        {
            let got = exp2((x * 65_536.0) as i64) as f64 / 4_294_967_296.0;
            assert!((got / expected - 1.0).abs() < 1e-6_f64, "2^{x} = {got}");
        }
    }

    #[test]
    fn the_quantiles_are_those_of_a_log_normal() {
        let mut rng = Rng::from_seed(9);
        let mut drawn: Vec<u64> = (0..50_000).map(|_| draw(Span::millis(10), 500, &mut rng).as_micros()).collect();
        drawn.sort_unstable();
        // median · e^(0.5 z) with z = -2.326, 0, 1.282, 2.326.
        for (share, expected) in [(0.01, 3_125.0), (0.5, 10_000.0), (0.9, 18_980.0), (0.99, 32_000.0)] {
            let got = drawn[(share * drawn.len() as f64) as usize] as f64;
            assert!((got / expected - 1.0).abs() < 0.04, "{share}: {got} beside {expected}");
        }
    }
}
