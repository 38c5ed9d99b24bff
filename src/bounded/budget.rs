//! How much may leave? A token bucket: a rate over time and a burst at once.

use crate::time::{Instant, Span};

/// Tokens arrive at a steady rate up to a ceiling; spending more than there is fails and costs nothing.
///
/// Counted in time (the instant at which the bucket was or will be full), so that no rounding accumulates: the virtual
/// scheduling form of the generic cell rate algorithm (ITU-T I.371, annex A). Full at the start, whatever the time is:
/// the first thing that a node does is to say hello to all its seeds.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    per_token: Span,
    burst: Span,
    full_at: Instant,
}

impl TokenBucket {
    /// `per_second` tokens a second, at most `burst` saved up. A rate of 0 never pays.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let per_token = match per_second {
            0 => Span::nanos(u64::MAX),
            rate => Span::secs(1) / rate,
        };
        Self { per_token, burst: per_token * burst, full_at: Instant::ZERO }
    }

    /// Takes `tokens`, or nothing and says `false`.
    #[must_use]
    pub fn spend(&mut self, now: Instant, tokens: u32) -> bool {
        // Credit beyond a whole burst is lost.
        let full_at = self.full_at.max(now) + self.per_token * tokens;
        let paid = full_at <= now + self.burst && self.per_token < Span::nanos(u64::MAX);
        if paid {
            self.full_at = full_at;
        }
        paid
    }

    /// Whether `tokens` could be paid for now.
    #[must_use]
    pub fn covers(&self, now: Instant, tokens: u32) -> bool {
        let mut trial = *self;
        trial.spend(now, tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_the_rate() {
        for start in [Instant::ZERO, Instant::ZERO + Span::secs(10)] {
            let mut bucket = TokenBucket::new(10, 5);
            assert_eq!((0..20).filter(|_| bucket.spend(start, 1)).count(), 5);
            assert!(!bucket.spend(start + Span::millis(99), 1));
            assert!(bucket.spend(start + Span::millis(100), 1));
            assert_eq!((0..1000).filter(|i| bucket.spend(start + Span::millis(100 + i), 1)).count(), 9);
        }
    }

    #[test]
    fn a_rate_of_zero_never_pays() {
        assert!(!TokenBucket::new(0, 5).spend(Instant::from_nanos(u64::MAX), 1));
    }
}
