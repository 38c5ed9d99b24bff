//! What arrived, and how old was it? One reader at each node.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bruit::net::{Delivery, Handle};

use super::{GREETING, Progress, STAMP};
use crate::view::Distribution;

/// How long a reader waits before it looks whether everything is over.
const PATIENCE: Duration = Duration::from_millis(100);

/// What one node's reader has heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// From when each rumor was meant to be published until it was read, in microseconds.
    pub ages_us: Vec<u32>,
    /// Rumors that nobody had any more.
    pub lost: u64,
    /// Rumors that this reader was too slow for.
    pub unread: u64,
}

/// Reads until all is over.
pub fn read(node: &Handle, start: Instant, progress: &Progress) -> Heard {
    let mut heard = Heard::default();
    while !progress.over.load(Ordering::Relaxed) {
        match node.next_rumor(PATIENCE) {
            Some(Delivery::Rumor(rumor)) => {
                let now = start.elapsed();
                if let Some(meant) = stamp(&rumor.payload).filter(|stamp| *stamp != GREETING) {
                    let age = now.saturating_sub(Duration::from_nanos(meant));
                    heard.ages_us.push(u32::try_from(age.as_micros()).unwrap_or(u32::MAX));
                    progress.delivered.fetch_add(1, Ordering::Relaxed);
                }
            }
            Some(Delivery::Lost { from, to, .. }) => heard.lost += to - from + 1,
            Some(Delivery::Resync { lost }) => heard.unread += lost,
            Some(Delivery::Reread { .. }) | None => {}
        }
    }
    heard
}

/// When it was meant to be published.
fn stamp(payload: &[u8]) -> Option<u64> {
    payload.first_chunk::<STAMP>().map(|bytes| u64::from_le_bytes(*bytes))
}

/// All ages together, exactly.
pub fn distribution(mut ages_us: Vec<u32>) -> Distribution {
    ages_us.sort_unstable();
    let count = ages_us.len();
    // The smallest that at least so many in a thousand do not exceed.
    let at = |permille: usize| {
        let rank = (count * permille).div_ceil(1_000).max(1);
        ages_us.get(rank - 1).copied().map_or(0, u64::from)
    };
    let (p50, p90, p99, p999) = (at(500), at(900), at(990), at(999));
    Distribution { unit: "us".to_owned(), count: count as u64, min: at(0), p50, p90, p99, p999, max: at(1_000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let d = distribution((1..=1_000).rev().collect());
        assert_eq!((d.count, d.min, d.p50, d.p90, d.p99, d.p999, d.max), (1_000, 1, 500, 900, 990, 999, 1_000));
        let d = distribution(vec![7]);
        assert_eq!((d.count, d.min, d.p50, d.p999, d.max), (1, 7, 7, 7, 7));
        assert_eq!(distribution(Vec::new()).max, 0);
    }
}
