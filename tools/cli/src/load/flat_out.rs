//! How much do they bear at most? The next rumors are published as soon as enough of those before have been read.
//!
//! What is under way is bounded, so that no queue of a reader overflows: the rate at which all arrives is found by itself, without a
//! loss. What a rate beyond it does is another question, which a schedule answers.
//!
//! Measured on two idle cores of a virtual x86-64 machine, by `bruit load --nodes 4 --flat-out --publishers P --duration 3s`, urgent
//! rumors of 64 bytes, delivered a second and core: 0.74 million with one publisher, 1.38 million with four; 9.6 and 10.6 rumors in a
//! datagram, 1.00 copies for each delivery, none lost. Class normal: 0.13 and 0.21 million, with 2.9 and 4.1 copies. By a schedule beyond
//! what one publisher bears (`--rate 700000`, `--rate 1750000`): 0.92 and 0.93 million of class urgent, none lost, the rest refused.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bruit::net::{CommandError, Handle};
use bruit::{Class, Publication, RumorId};

use super::nodes::UNREAD_MAX;
use super::publisher::Published;
use super::{Load, Progress, STAMP, topic};

/// Rumors published together, at most.
const BATCH_MAX: u64 = 256;
/// Deliveries under way at most: all of them may wait for one reader.
const UNDER_WAY_MAX: u64 = UNREAD_MAX as u64;
/// The pause before it is looked again how much has been read.
const RETRY: Duration = Duration::from_micros(50);

/// Publishes at all publishers, each on a thread of its own.
pub fn publish(load: &Load, nodes: &[Handle], start: Instant, progress: &Progress) -> Published {
    std::thread::scope(|scope| {
        let publishers: Vec<_> = nodes[..load.publishers]
            .iter()
            .map(|node| scope.spawn(move || publish_at(load, node, start, progress)))
            .collect();
        publishers.into_iter().fold(Published::default(), |all, one| all.and(one.join().expect("it does not panic")))
    })
}

fn publish_at(load: &Load, node: &Handle, start: Instant, progress: &Progress) -> Published {
    let (mut published, class) = (Published::default(), Class::from(load.class));
    let mut payload = vec![0x2a; load.size];
    // All publishers have a batch under way, and all readers of each.
    let most = UNDER_WAY_MAX / (load.publishers as u64 * load.readers());
    let batch = most.clamp(1, BATCH_MAX);
    while start.elapsed() < load.duration {
        // Before they are published: they may be read before it is known that they were.
        if !progress.publish_within(load, batch, UNDER_WAY_MAX) {
            std::thread::sleep(RETRY);
            continue;
        }
        payload[..STAMP].copy_from_slice(&(start.elapsed().as_nanos() as u64).to_le_bytes());
        let results = node.publish_all(
            &[Publication { topic: topic(), class, payload: &payload }; BATCH_MAX as usize][..batch as usize],
        );
        let not_taken = published.take(&results);
        if not_taken > 0 {
            progress.published.fetch_sub(not_taken, Ordering::Relaxed);
            std::thread::sleep(RETRY);
        }
    }
    published
}

impl Published {
    /// Counts what became of a batch; returns how many of it are not under way.
    fn take(&mut self, results: &[Result<RumorId, CommandError>]) -> u64 {
        let before = self.refused + self.given_up;
        for result in results {
            match result {
                Ok(_) => self.offered += 1,
                Err(CommandError::Refused(refusal)) => {
                    (self.offered, self.refused) = (self.offered + 1, self.refused + 1);
                    self.refused_because.get_or_insert_with(|| refusal.to_string());
                }
                Err(_) => self.given_up += 1,
            }
        }
        self.refused + self.given_up - before
    }
}
