//! How often must it be told, and how long until all know? In integers, so that every machine agrees.

use crate::time::Span;

/// A thousand times the natural logarithm of `n`, rounded up by at most 61: powers of two are exact, between them the
/// chord (at most 0.06 below the curve) plus 60 is taken. 0 for `n < 2`.
#[must_use]
pub fn ln_milli(n: u32) -> u32 {
    if n < 2 {
        return 0;
    }
    let k = n.ilog2();
    let above = (((u64::from(n) - (1 << k)) * 1_000) >> k) as u32;
    (k * 693_148).div_ceil(1_000) + (above * 694).div_ceil(1_000) + 60
}

/// The share of members, in thousandths, that forwarding once on first receipt misses, by fanout (fixed point of
/// `u = e^(-f(1-u))`, epidemic final size).
const EAGER_MISSES_PERMILLE: [u32; 7] = [1_000, 1_000, 203, 60, 20, 7, 3];

/// How news spreads in a cluster of a given size.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Distinct peers told in a round.
    pub fanout: u32,
    /// Expected loss in thousandths.
    pub loss_permille: u32,
    /// One piece of news in this many may miss somebody.
    pub one_miss_in: u32,
    /// The time between two rounds.
    pub interval: Span,
}

impl Spread {
    /// How often each of `n` members sends a piece of news: `⌈ln(n · one_miss_in) / (1 - loss)⌉`, at least 1.
    ///
    /// A member is missed by all of `m` sends of each of `n` members with probability `e^(-m(1-loss))`.
    #[must_use]
    pub fn sends(&self, n: u32) -> u32 {
        (ln_milli(n) + ln_milli(self.one_miss_in)).div_ceil(1_000 - self.loss_permille.min(999)).max(1)
    }

    /// How many tellings and hearings make news stale among `n` members: `times · ln n`, rounded down. Fewer than 100 count
    /// as 100: where all hear of it in a round or two a few datagrams more cost nothing, and one who missed it would wait
    /// for repair.
    #[must_use]
    pub fn stale_after(n: u32, times: u32) -> u32 {
        times * ln_milli(n.max(100)) / 1_000
    }

    /// The time in which news reaches all of `n` members but for one case in a million.
    ///
    /// Forwarding on first receipt costs network latency only and leaves the share of [`EAGER_MISSES_PERMILLE`]; each
    /// round then multiplies what is left by `e^(-f(1-loss))`. One more round for the phase of the ticks.
    #[must_use]
    pub fn time_to_all(&self, n: u32) -> Span {
        let missed = EAGER_MISSES_PERMILLE[(self.fanout as usize).min(EAGER_MISSES_PERMILLE.len() - 1)];
        let left = ln_milli(n) + ln_milli(1_000_000);
        let left = left.saturating_sub(ln_milli(1_000 / missed));
        let per_round = (self.fanout * (1_000 - self.loss_permille.min(999))).max(1);
        self.interval * (1 + left.div_ceil(per_round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_never_below_and_hardly_above() {
        for n in (2..5_000).chain([1 << 20, (1 << 20) + 12_345, u32::MAX]) {
            let exact = f64::from(n).ln() * 1_000.0;
            let ours = f64::from(ln_milli(n));
            assert!(ours >= exact && ours <= exact + 65.0, "n = {n}: {ours} for {exact}");
        }
    }

    #[test]
    fn sends_grow_by_steps_of_one() {
        let spread = Spread { fanout: 4, loss_permille: 100, one_miss_in: 1_000, interval: Span::millis(100) };
        let cases = [(1, 8), (2, 9), (32, 12), (100, 13), (1_000, 16), (10_000, 18)];
        for (n, sends) in cases {
            assert_eq!(spread.sends(n), sends, "n = {n}");
        }
        for n in 1..20_000 {
            assert!(spread.sends(n + 1) - spread.sends(n) <= 1, "a jump at {n}");
        }
    }

    #[test]
    fn a_hundred_members_know_within_six_rounds() {
        let spread = Spread { fanout: 4, loss_permille: 100, one_miss_in: 1_000, interval: Span::millis(100) };
        assert_eq!(spread.time_to_all(100), Span::millis(600));
        assert_eq!(spread.time_to_all(10_000), Span::millis(700));
    }
}
