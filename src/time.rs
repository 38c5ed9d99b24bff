//! What time is it, and how long until then? Monotonic time as the core sees it: a number that the driver hands in.
//!
//! The core never reads a clock. Whoever drives a [`Node`](crate::Node) chooses an origin (its own start, the zero of
//! a simulation) and passes nanoseconds since then; `now` never goes back. Wall time appears nowhere.

use core::ops::{Add, AddAssign, Div, Mul, Sub};
use core::time::Duration;

/// A point on the driver's monotonic clock, in nanoseconds since an origin of the driver's choice (584 years of range).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Instant {
    /// The driver's origin.
    pub const ZERO: Self = Self(0);

    /// The instant `nanos` nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it is not in the past.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `n` nanoseconds.
    #[must_use]
    pub const fn nanos(n: u64) -> Self {
        Self(n)
    }

    /// A span of `n` microseconds; saturates.
    #[must_use]
    pub const fn micros(n: u64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// A span of `n` milliseconds; saturates.
    #[must_use]
    pub const fn millis(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// A span of `n` seconds; saturates.
    #[must_use]
    pub const fn secs(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000_000))
    }

    /// Whole nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole microseconds, rounded down.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0 / 1_000
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// `self - other`, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This many thousandths of the span; saturates.
    #[must_use]
    pub const fn permille(self, thousandths: u64) -> Self {
        Self((self.0 / 1_000).saturating_mul(thousandths))
    }
}

impl From<Duration> for Span {
    fn from(d: Duration) -> Self {
        Self(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Span> for Duration {
    fn from(s: Span) -> Self {
        Self::from_nanos(s.0)
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, rhs: Span) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign<Span> for Instant {
    fn add_assign(&mut self, rhs: Span) {
        *self = *self + rhs;
    }
}

impl Sub<Span> for Instant {
    type Output = Self;
    fn sub(self, rhs: Span) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Mul<u32> for Span {
    type Output = Self;
    fn mul(self, rhs: u32) -> Self {
        Self(self.0.saturating_mul(u64::from(rhs)))
    }
}

impl Div<u32> for Span {
    type Output = Self;
    /// Division by zero gives the span itself: the divisors here are counts that may be empty.
    fn div(self, rhs: u32) -> Self {
        Self(self.0 / u64::from(rhs.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Instant::from_nanos(5) - Span::nanos(9), Instant::ZERO);
        assert_eq!(Instant::from_nanos(u64::MAX) + Span::secs(1), Instant::from_nanos(u64::MAX));
        assert_eq!(Instant::from_nanos(3).since(Instant::from_nanos(8)), Span::ZERO);
        assert_eq!(Span::secs(u64::MAX), Span::nanos(u64::MAX));
        assert_eq!(Span::from(Duration::MAX), Span::nanos(u64::MAX));
    }

    #[test]
    fn permille_scales_without_overflow() {
        assert_eq!(Span::millis(200).permille(800), Span::millis(160));
        assert_eq!(Span::nanos(u64::MAX).permille(2_000), Span::nanos(u64::MAX));
    }
}
