//! What does it cost to be there? The work of a node whose time has come, in a cluster without news.
//!
//! Measured: `handle_input(Tick)` at the instant that `poll_timeout` named, `poll_transmit` until nothing is left and the
//! next `poll_timeout`: mostly the beginning of a probe, at times a time-out that was cancelled or an attempt at somebody
//! who is gone. The answers of the peers are handed in outside of the measurement. Input: a cluster of N, all answering.
//! Unit per element: one tick. Goal: does not grow with N.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::Input;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Cluster, DATAGRAM};

/// Datagrams that one tick may send at most; a tick of a quiet cluster sends one.
const SENT_MAX: usize = 16;

/// Meets `count` deadlines and says how long that took.
fn ticks(cluster: &mut Cluster, count: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut bufs = [[0; DATAGRAM]; SENT_MAX];
    for _ in 0..count {
        let due = cluster.node.poll_timeout().expect("a member always has something to wait for");
        cluster.now = cluster.now.max(due);
        let (node, now) = (&mut cluster.node, cluster.now);
        let mut sent = [None; SENT_MAX];
        let start = Instant::now();
        node.handle_input(now, Input::Tick).expect("a tick is never refused");
        for (place, buf) in sent.iter_mut().zip(&mut bufs) {
            *place = black_box(node.poll_transmit(now, buf));
            if place.is_none() {
                break;
            }
        }
        black_box(node.poll_timeout());
        spent += start.elapsed();
        for (transmit, buf) in sent.into_iter().flatten().zip(&bufs) {
            cluster.answer(transmit.to, &buf[..transmit.len]);
        }
        cluster.drain();
    }
    spent
}

fn tick(c: &mut Criterion) {
    let mut group = c.benchmark_group("tick");
    group.throughput(Throughput::Elements(1));
    for members in [100, 10_000] {
        let mut cluster = Cluster::quiet(members);
        group.bench_function(BenchmarkId::from_parameter(members), |b| {
            b.iter_custom(|count| ticks(&mut cluster, count));
        });
    }
    group.finish();
}

criterion_group!(benches, tick);
criterion_main!(benches);
