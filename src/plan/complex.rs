//! Complex numbers: as much of them as a Laplace transform is inverted with.

use core::ops::{Add, Mul, Sub};
use libm::{cos, exp, sin};

/// `re + i·im`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex {
    pub re: f64,
    pub im: f64,
}

impl Complex {
    pub const ONE: Self = Self { re: 1.0, im: 0.0 };

    pub const fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    pub fn scaled(self, by: f64) -> Self {
        Self::new(self.re * by, self.im * by)
    }

    pub fn exp(self) -> Self {
        Self::new(cos(self.im), sin(self.im)).scaled(exp(self.re))
    }

    pub fn over(self, other: Self) -> Self {
        let size = other.re * other.re + other.im * other.im;
        (self * Self::new(other.re, -other.im)).scaled(1.0 / size)
    }

    /// By squaring.
    pub fn power(self, mut n: u32) -> Self {
        let (mut base, mut result) = (self, Self::ONE);
        while n > 0 {
            if n & 1 == 1 {
                result = result * base;
            }
            base = base * base;
            n >>= 1;
        }
        result
    }
}

impl Add for Complex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl Sub for Complex {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }
}

impl Mul for Complex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_the_textbook_hold() {
        let (a, b) = (Complex::new(1.0, 2.0), Complex::new(-0.5, 0.25));
        let near = |x: Complex, y: Complex| (x.re - y.re).abs() < 1e-12 && (x.im - y.im).abs() < 1e-12;
        assert!(near((a * b).over(b), a) && near(a + b - b, a));
        assert!(near(a.power(5), a * a * a * a * a) && near(a.power(0), Complex::ONE));
        assert!(near(Complex::new(0.0, core::f64::consts::PI).exp(), Complex::new(-1.0, 0.0)));
    }
}
