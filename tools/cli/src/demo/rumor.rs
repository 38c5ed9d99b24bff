//! How fast is a rumor? From the call that publishes it to the hands of a reader at every other node, by the one clock that nodes
//! in one process share. What a node itself reckons as a rumor's age leaves out round trips that it has not measured yet.

use std::time::{Duration, Instant};

use bruit::net::{CommandError, Delivery, Handle};
use bruit::{Class, Histogram, Order, Topic};
use bruit_agent::view::Distribution;

use super::cluster::Cluster;

/// A rumor in a reader's hands.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// Since it was published.
    pub after: Duration,
    /// How often it was forwarded.
    pub hops: u8,
}

/// Publishes a rumor at one place and has it read at `others`, for at most `patience`. When each of them had it, those that heard
/// it first in front, those that did not at the end.
pub fn spread(
    cluster: &Cluster,
    from: usize,
    others: &[usize],
    patience: Duration,
) -> Result<Vec<(usize, Option<Heard>)>, CommandError> {
    let topic = Topic::new("demo");
    for seat in others {
        cluster.node(*seat).subscribe(Some(topic), Order::Arrival)?;
    }
    std::thread::scope(|scope| {
        let readers: Vec<_> =
            others.iter().map(|seat| (*seat, scope.spawn(|| read(cluster.node(*seat), patience)))).collect();
        let published_at = Instant::now();
        cluster.node(from).publish(topic, Class::Urgent, b"to bruit: to spread a report widely")?;
        let mut heard: Vec<(usize, Option<Heard>)> = readers
            .into_iter()
            .map(|(seat, reader)| {
                let read = reader.join().expect("a reader that only waits does not panic");
                (seat, read.map(|(at, hops)| Heard { after: at - published_at, hops }))
            })
            .collect();
        heard.sort_by_key(|(_, heard)| heard.map_or(Duration::MAX, |heard| heard.after));
        Ok(heard)
    })
}

/// When the rumor came, and how often it had been forwarded.
fn read(node: &Handle, patience: Duration) -> Option<(Instant, u8)> {
    match node.next_rumor(patience)? {
        Delivery::Rumor(rumor) => Some((Instant::now(), rumor.hops)),
        Delivery::Lost { .. } | Delivery::Resync { .. } | Delivery::Reread { .. } => None,
    }
}

/// All times together.
pub fn distribution(heard: &[(usize, Option<Heard>)]) -> Option<Distribution> {
    let mut times = Histogram::default();
    heard.iter().filter_map(|(_, heard)| *heard).for_each(|heard| times.record(heard.after.into()));
    let summary = times.summary();
    (summary.count > 0).then(|| Distribution::new("us", summary))
}
