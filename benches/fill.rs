//! What does it cost to tell? One full datagram out of whatever waits to be told.
//!
//! Measured: `poll_transmit` alone, which writes an ack and beside it as many waiting claims as fit a datagram of 1,200
//! bytes (47 claims), least sent first, and seals it; the ping that is answered is handed in outside of the measurement.
//! Input: `waiting` claims in the queue of a node that knows N members; the queue is filled up again, unmeasured, before
//! sends run out. Unit per element: one datagram. Goal: below 1.5 us whatever waits.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::Rng;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{CLAIMS_BESIDE_ACK, Cluster, DATAGRAM};

/// How often a claim is sent, at the very least, before it is dropped from the queue: ln(100 · 1,000) / 0.9, rounded up, less
/// the 9 that news of somebody whom nobody doubts does without.
const SENDS: usize = 4;

/// Fills `count` datagrams from a queue of `waiting` claims and says how long that took.
fn fill(cluster: &mut Cluster, dice: &mut Rng, waiting: usize, count: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = usize::try_from(count).expect("fits");
    let mut buf = [0; DATAGRAM];
    // Half of the sends that the queue has in it, so that no claim runs out of them.
    let before_renewal = waiting * SENDS / 2 / CLAIMS_BESIDE_ACK;
    while left > 0 {
        let news = cluster.news_of_first(waiting, dice);
        news.inputs().for_each(|input| cluster.input(input));
        cluster.drain();
        let pings = cluster.pings(left.min(before_renewal), dice);
        let (node, now) = (&mut cluster.node, cluster.now);
        for ping in pings.inputs() {
            node.handle_input(now, ping).expect("a datagram is never an error");
            let start = Instant::now();
            let transmit = black_box(node.poll_transmit(now, &mut buf)).expect("an ack");
            spent += start.elapsed();
            assert!(transmit.len > DATAGRAM - 24, "a full datagram, and not {} bytes", transmit.len);
            while node.poll_transmit(now, &mut buf).is_some() {}
        }
        left -= pings.len();
    }
    spent
}

fn benches_of(c: &mut Criterion) {
    let mut group = c.benchmark_group("fill");
    group.throughput(Throughput::Elements(1));
    for (members, queues) in [(101, [100].as_slice()), (10_001, [100, 10_000].as_slice())] {
        let mut cluster = Cluster::quiet(members);
        let mut dice = Rng::from_seed(4);
        for &waiting in queues {
            group.bench_function(BenchmarkId::new(format!("{waiting} waiting"), members), |b| {
                b.iter_custom(|count| fill(&mut cluster, &mut dice, waiting, count));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, benches_of);
criterion_main!(benches);
