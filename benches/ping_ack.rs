//! What does it cost to be probed? A ping in, its ack out.
//!
//! Measured: `handle_input` of a ping from a known member and `poll_transmit` until nothing is left, the ack being written
//! and sealed with its checksum; no sockets. Input: one ping of 52 bytes after the other, in rounds in
//! which each member comes once, in a random order, in a cluster of N that has no news. Unit per element: one ping and its ack. Goal: below
//! 150 ns at every N.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::Rng;
use bruit::wire::Kind;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Batch, Cluster, DATAGRAM};

/// Answers `count` pings and says how long that took.
fn answer(cluster: &mut Cluster, pings: &Batch, count: u64) -> Duration {
    let acks = cluster.node.counters().sent(Kind::Ack);
    let (node, now) = (&mut cluster.node, cluster.now);
    let mut buf = [0; DATAGRAM];
    let start = Instant::now();
    for input in (0..).flat_map(|_| pings.inputs()).take(usize::try_from(count).expect("fits")) {
        node.handle_input(now, black_box(input)).expect("a datagram is never an error");
        while let Some(transmit) = node.poll_transmit(now, &mut buf) {
            black_box((transmit, &buf));
        }
    }
    let spent = start.elapsed();
    assert_eq!(cluster.node.counters().sent(Kind::Ack), acks + count, "every ping was answered");
    spent
}

fn ping_ack(c: &mut Criterion) {
    let mut group = c.benchmark_group("ping_ack");
    group.throughput(Throughput::Elements(1));
    for members in [100, 1_000, 10_000] {
        let mut cluster = Cluster::quiet(members);
        let mut dice = Rng::from_seed(2);
        let pings = cluster.pings(members - 1, &mut dice);
        group.bench_function(BenchmarkId::from_parameter(members), |b| {
            b.iter_custom(|count| answer(&mut cluster, &pings, count));
        });
    }
    group.finish();
}

criterion_group!(benches, ping_ack);
criterion_main!(benches);
