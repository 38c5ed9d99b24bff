//! How many ways are there? Logarithms of factorials and binomial coefficients, which the standard library lacks.

use libm::log;
/// ln(x!), for any x ≥ 0; relative error below 1e-12.
///
/// Stirling's series for large x; small ones are moved up by x! = (x+1)! / (x+1).
pub fn ln_factorial(x: f64) -> f64 {
    let mut shifted = x;
    let mut product = 1.0;
    while shifted < 20.0 {
        shifted += 1.0;
        product *= shifted;
    }
    let z = shifted;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0) / (z * z)) / (z * z)) / z;
    z * log(z) - z + 0.5 * log(core::f64::consts::TAU * z) + series - log(product)
}

/// ln of "n choose k", for 0 ≤ k ≤ n; meaningless outside.
pub fn ln_choose(n: f64, k: f64) -> f64 {
    if k == 0.0 {
        return 0.0;
    }
    ln_factorial(n) - ln_factorial(k) - ln_factorial((n - k).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_and_coefficients_are_those_of_the_tables() {
        let mut exact = 0.0;
        for n in 1..100_u32 {
            exact += log(f64::from(n));
            assert!((ln_factorial(f64::from(n)) - exact).abs() < 1e-11 * exact.max(1.0), "{n}");
        }
        assert!((ln_factorial(0.5) - log(core::f64::consts::PI.sqrt() / 2.0)).abs() < 1e-11);
        assert!((ln_choose(52.0, 5.0) - log(2_598_960_f64)).abs() < 1e-9);
    }
}
