//! What arrived, and how old was it? One reader at each node.

use std::time::{Duration, Instant};

use bruit::net::{Delivery, Handle};

use super::{Progress, STAMP};

/// How long a reader waits before it looks whether everything is over.
pub const PATIENCE: Duration = Duration::from_millis(100);
/// A rumor that only says that its origin is there.
pub const GREETING: u64 = u64::MAX;

/// What readers have heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// From when each rumor was meant to be published until it was read, in microseconds.
    pub ages_us: Vec<u32>,
    /// The same as the agent has it, from its publication until it arrived there; nothing where nodes are in this process.
    pub agent_ages_us: Vec<u32>,
    /// When the last was read.
    pub last: Duration,
    /// Rumors that nobody had any more.
    pub lost: u64,
    /// Rumors that readers were too slow for.
    pub unread: u64,
}

impl Heard {
    /// All together.
    pub fn of_all(each: impl IntoIterator<Item = Self>) -> Self {
        each.into_iter().fold(Self::default(), |mut all, one| {
            all.ages_us.extend(one.ages_us);
            all.agent_ages_us.extend(one.agent_ages_us);
            all.last = all.last.max(one.last);
            all.lost += one.lost;
            all.unread += one.unread;
            all
        })
    }

    /// How many were read.
    pub fn count(&self) -> u64 {
        self.ages_us.len() as u64
    }

    /// One more rumor, meant to be published and read at these times since the start.
    pub fn rumor(&mut self, meant: Duration, read: Duration) {
        self.ages_us.push(u32::try_from(read.saturating_sub(meant).as_micros()).unwrap_or(u32::MAX));
        self.last = self.last.max(read);
    }
}

/// Reads until all is over.
pub fn read(node: &Handle, start: Instant, progress: &Progress) -> Heard {
    let mut heard = Heard::default();
    while !progress.is_over() {
        match node.next_rumor(PATIENCE) {
            Some(Delivery::Rumor(rumor)) => {
                let now = start.elapsed();
                if let Some(meant) = stamp(&rumor.payload).filter(|stamp| *stamp != GREETING) {
                    heard.rumor(Duration::from_nanos(meant), now);
                    progress.settle(1);
                }
            }
            Some(Delivery::Lost { from, to, .. }) => {
                heard.lost += to - from + 1;
                progress.settle(to - from + 1);
            }
            Some(Delivery::Resync { lost }) => {
                heard.unread += lost;
                progress.settle(lost);
            }
            Some(Delivery::Reread { .. }) | None => {}
        }
    }
    heard
}

/// When it was meant to be published.
fn stamp(payload: &[u8]) -> Option<u64> {
    payload.first_chunk::<STAMP>().map(|bytes| u64::from_le_bytes(*bytes))
}
