//! What does it cost to be told? A full datagram of claims about known members.
//!
//! Measured: `handle_input` alone, of one datagram with 48 claims (1,200 bytes) about members chosen at random in a cluster
//! of N, checksum included; what the node wants to send because of it is drained outside of the measurement. Input:
//! `redundant`: every claim is what the node holds. `news`: every subject has raised its number, so every claim changes
//! the table and is queued to be passed on. `suspicion`, `refutation`: every claim accuses a member held to be alive, or
//! clears it again; this also sets and cancels timers and makes events. Unit per element: one claim. Goals: redundant
//! below 12 ns, news below 60 ns, at every N.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::{Rng, Span};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Batch, CLAIMS_IN_FULL, Cluster};

/// Datagrams that are written before, and handed over one by one. Enough for caches to be as in life, few enough to write.
const AHEAD: u64 = 64;

/// Takes in the batch and says how long that took; what it caused is drained afterwards.
fn take(cluster: &mut Cluster, batch: &Batch) -> Duration {
    let (node, now) = (&mut cluster.node, cluster.now);
    let start = Instant::now();
    for input in batch.inputs() {
        node.handle_input(now, black_box(input)).expect("a datagram is never an error");
    }
    let spent = start.elapsed();
    cluster.step(Span::millis(1));
    spent
}

fn redundant(cluster: &mut Cluster, dice: &mut Rng, count: u64) -> Duration {
    let known = cluster.node.counters().claims_known;
    let mut spent = Duration::ZERO;
    let mut left = count;
    while left > 0 {
        let ahead: Vec<Batch> = (0..left.min(AHEAD)).map(|_| cluster.redundant_claims(dice)).collect();
        left -= ahead.len() as u64;
        spent += ahead.iter().map(|batch| take(cluster, batch)).sum::<Duration>();
    }
    assert_eq!(cluster.node.counters().claims_known - known, count * CLAIMS_IN_FULL as u64, "nothing was news");
    spent
}

fn news(cluster: &mut Cluster, dice: &mut Rng, count: u64) -> Duration {
    let news = cluster.node.counters().claims_news;
    let mut spent = Duration::ZERO;
    let mut left = count;
    while left > 0 {
        let ahead: Vec<Batch> = (0..left.min(AHEAD)).map(|_| cluster.news(dice)).collect();
        left -= ahead.len() as u64;
        spent += ahead.iter().map(|batch| take(cluster, batch)).sum::<Duration>();
    }
    assert_eq!(cluster.node.counters().claims_news - news, count * CLAIMS_IN_FULL as u64, "everything was news");
    spent
}

/// Accuses and clears `count` datagrams full of members; the time of the half that is asked for.
fn doubts(cluster: &mut Cluster, dice: &mut Rng, count: u64, accusations: bool) -> Duration {
    let news = cluster.node.counters().claims_news;
    let mut spent = Duration::ZERO;
    for _ in 0..count {
        let (accuse, clear) = cluster.suspicions(dice);
        let accusing = take(cluster, &accuse);
        let clearing = take(cluster, &clear);
        spent += if accusations { accusing } else { clearing };
    }
    assert_eq!(cluster.node.counters().claims_news - news, 2 * count * CLAIMS_IN_FULL as u64, "everything was news");
    spent
}

fn claims_apply(c: &mut Criterion) {
    for members in [100, 1_000, 10_000] {
        let mut cluster = Cluster::quiet(members);
        let mut dice = Rng::from_seed(3);
        let mut group = c.benchmark_group("claims_apply");
        group.throughput(Throughput::Elements(CLAIMS_IN_FULL as u64));
        group.bench_function(BenchmarkId::new("redundant", members), |b| {
            b.iter_custom(|count| redundant(&mut cluster, &mut dice, count));
        });
        group.bench_function(BenchmarkId::new("news", members), |b| {
            b.iter_custom(|count| news(&mut cluster, &mut dice, count));
        });
        group.bench_function(BenchmarkId::new("suspicion", members), |b| {
            b.iter_custom(|count| doubts(&mut cluster, &mut dice, count, true));
        });
        group.bench_function(BenchmarkId::new("refutation", members), |b| {
            b.iter_custom(|count| doubts(&mut cluster, &mut dice, count, false));
        });
        group.finish();
    }
}

criterion_group!(benches, claims_apply);
criterion_main!(benches);
