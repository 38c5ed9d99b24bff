//! What does it cost to be told? A full datagram of claims about known members.
//!
//! Measured: `handle_input` alone, of one datagram with 48 claims (1,200 bytes) about members in a random order in a
//! cluster of N, checksum included; what the node wants to send because of it is drained outside of the measurement. Input:
//! `redundant`: every claim is what the node holds. `news`: every subject has raised its number, so every claim changes
//! the table and is queued to be passed on. `suspicion`, `refutation`: every claim accuses a member held to be alive, or
//! clears it again; this also sets and cancels timers and makes events, and at 10,000 most find no record and wait. Unit per
//! element: one claim. Goals: redundant below 12 ns, news below 60 ns, at every N.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::{Rng, Span};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Batch, CLAIMS_IN_FULL, Cluster};

/// Takes in what is known already, over and over.
fn redundant(cluster: &mut Cluster, batch: &Batch, count: u64) -> Duration {
    let known = cluster.node.counters().claims_known;
    let (node, now) = (&mut cluster.node, cluster.now);
    let start = Instant::now();
    for input in (0..).flat_map(|_| batch.inputs()).take(usize::try_from(count).expect("fits")) {
        node.handle_input(now, black_box(input)).expect("a datagram is never an error");
    }
    let spent = start.elapsed();
    let claims = count * cluster.claims_in_full() as u64;
    assert_eq!(cluster.node.counters().claims_known - known, claims, "nothing was news");
    spent
}

/// Takes in one datagram after the other and says how long that took; what each causes is drained outside of it.
fn take(cluster: &mut Cluster, batch: &Batch) -> Duration {
    let news = cluster.node.counters().claims_news;
    let mut spent = Duration::ZERO;
    for input in batch.inputs() {
        let (node, now) = (&mut cluster.node, cluster.now);
        let start = Instant::now();
        node.handle_input(now, black_box(input)).expect("a datagram is never an error");
        spent += start.elapsed();
        cluster.drain();
    }
    cluster.step(Span::millis(1));
    let claims = batch.len() * cluster.claims_in_full();
    assert_eq!(cluster.node.counters().claims_news - news, claims as u64, "everything was news");
    spent
}

/// `count` datagrams in batches of at most a round.
fn in_rounds(cluster: &mut Cluster, count: u64, mut one: impl FnMut(&mut Cluster, usize) -> Duration) -> Duration {
    let round = cluster.datagrams_in_round() as u64;
    let batches = count.div_ceil(round);
    (0..batches).map(|i| one(cluster, usize::try_from(round.min(count - i * round)).expect("fits"))).sum()
}

fn claims_apply(c: &mut Criterion) {
    for members in [100, 1_000, 10_000] {
        let mut cluster = Cluster::quiet(members);
        let mut dice = Rng::from_seed(3);
        let known = cluster.redundant_claims(cluster.datagrams_in_round(), &mut dice);
        let mut group = c.benchmark_group("claims_apply");
        group.throughput(Throughput::Elements(CLAIMS_IN_FULL as u64));
        group.bench_function(BenchmarkId::new("redundant", members), |b| {
            b.iter_custom(|count| redundant(&mut cluster, &known, count));
        });
        group.bench_function(BenchmarkId::new("news", members), |b| {
            b.iter_custom(|count| {
                in_rounds(&mut cluster, count, |cluster, n| {
                    let news = cluster.news(n, &mut dice);
                    take(cluster, &news)
                })
            });
        });
        group.bench_function(BenchmarkId::new("suspicion", members), |b| {
            b.iter_custom(|count| {
                in_rounds(&mut cluster, count, |cluster, n| {
                    let (accuse, clear) = cluster.suspicions(n, &mut dice);
                    let accusing = take(cluster, &accuse);
                    take(cluster, &clear);
                    accusing
                })
            });
        });
        group.bench_function(BenchmarkId::new("refutation", members), |b| {
            b.iter_custom(|count| {
                in_rounds(&mut cluster, count, |cluster, n| {
                    let (accuse, clear) = cluster.suspicions(n, &mut dice);
                    take(cluster, &accuse);
                    take(cluster, &clear)
                })
            });
        });
        group.finish();
    }
}

criterion_group!(benches, claims_apply);
criterion_main!(benches);
