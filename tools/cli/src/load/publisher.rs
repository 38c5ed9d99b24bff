//! When is what published? By a schedule that waits for nobody.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bruit::net::{CommandError, Handle};

use super::{Load, Progress, STAMP, topic};

/// The pause before a queue that is full is tried again.
const RETRY: Duration = Duration::from_micros(50);

/// What became of the schedule.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Rumors handed to a node.
    pub offered: u64,
    /// Of these, rumors that the node refused.
    pub refused: u64,
    /// What a node said of one that it refused.
    pub refused_because: Option<String>,
    /// Rumors that found no place in a node's queue until the time was over and the patience with it.
    pub given_up: u64,
    /// How late the latest was handed in.
    pub latest: Duration,
}

impl Published {
    /// What became of two schedules.
    pub fn and(self, other: Self) -> Self {
        Self {
            offered: self.offered + other.offered,
            refused: self.refused + other.refused,
            refused_because: self.refused_because.or(other.refused_because),
            given_up: self.given_up + other.given_up,
            latest: self.latest.max(other.latest),
        }
    }

    /// Rumors that are on their way.
    pub const fn taken(&self) -> u64 {
        self.offered.saturating_sub(self.refused)
    }

    /// Whether so many settled deliveries are all that there can be, where nodes have refused some rumors.
    pub const fn is_settled(&self, load: &Load, refused: u64, settled: u64) -> bool {
        settled >= self.offered.saturating_sub(refused) * load.readers()
    }
}

/// Publishes as scheduled; at once what is late.
pub fn publish(load: &Load, nodes: &[Handle], start: Instant, progress: &Progress) -> Published {
    let mut published = Published::default();
    let mut payload = vec![0x2a; load.size];
    for n in 0..load.rumors() {
        let due = load.due(n);
        let early = due.saturating_sub(start.elapsed());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        payload[..STAMP].copy_from_slice(&(due.as_nanos() as u64).to_le_bytes());
        let node = &nodes[n as usize % load.publishers];
        while node.try_publish(topic(), load.class.into(), &payload) == Err(CommandError::QueueFull) {
            if start.elapsed() > load.given_up_after() {
                published.given_up = load.rumors() - n;
                return published;
            }
            std::thread::sleep(RETRY);
        }
        published.offered += 1;
        published.latest = published.latest.max(start.elapsed().saturating_sub(due));
        progress.published.fetch_add(1, Ordering::Relaxed);
    }
    published
}
