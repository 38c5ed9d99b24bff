//! How old is it? A time of writing that may lie before this node's clock began.
//!
//! A driver's clock may begin at its own start, and what a newcomer is given may be days old: as an [`Instant`] its age would
//! be cut to the node's own. Times to live would begin anew, and removals be remembered for longer than elsewhere.

use crate::time::{Instant, Span};

/// Ages travel as milliseconds in 32 bits.
const OLDEST: Span = Span::millis(u32::MAX as u64);

/// When an entry was written, by this node's clock, up to 49 days before that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Born(u64);

impl Born {
    /// As long ago as can be told.
    pub(super) const NONE: Self = Self(0);

    /// So long ago.
    #[must_use]
    pub const fn ago(now: Instant, age: Span) -> Self {
        Self(now.as_nanos().saturating_add(OLDEST.as_nanos()).saturating_sub(age.as_nanos()))
    }

    /// How long ago.
    #[must_use]
    pub const fn age(self, now: Instant) -> Span {
        Span::nanos(now.as_nanos().saturating_add(OLDEST.as_nanos()).saturating_sub(self.0))
    }

    /// When it will be so old, or was; the beginning of the clock where that is later.
    #[must_use]
    pub const fn at_age(self, age: Span) -> Instant {
        Instant::from_nanos(self.0.saturating_add(age.as_nanos()).saturating_sub(OLDEST.as_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_clock_is_as_old_as_it_was_told_to_be() {
        let now = Instant::from_nanos(5_000_000_000);
        for age in [Span::ZERO, Span::secs(5), Span::secs(6), Span::secs(86_400), OLDEST] {
            let born = Born::ago(now, age);
            assert_eq!(born.age(now), age);
            assert_eq!(born.age(now + Span::secs(1)), Span::nanos(age.as_nanos() + 1_000_000_000));
            assert_eq!(born.at_age(Span::nanos(age.as_nanos() + 7)), now + Span::nanos(7));
            assert!(born.at_age(age.saturating_sub(Span::secs(1))) <= now);
        }
    }
}
