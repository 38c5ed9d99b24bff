//! What does it cost to be a member for a second, and does that depend on the size of the cluster? Everything that a node does in it, where
//! nobody has news.
//!
//! Measured: all calls of a node's virtual second under the `lan` profile: `handle_input` of each tick when `poll_timeout` names it, of the
//! ack to the node's own ping and of one ping of a member's; `poll_transmit` until nothing is left, and the next `poll_timeout`.
//! Two datagrams go out, two come in. The peers write theirs outside of the measurement. Input: a cluster of N, all answering, of
//! which the members ping in rounds of a random order. Unit per element: one node-second. Goal: as much at 10,000 as at 100.
//!
//! `world` measures the same of a cluster of N such nodes in one process, and with their network.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::wire::Kind;
use bruit::{Input, Rng, Span};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Batch, Cluster, DATAGRAM};

/// Hands in one input, takes out what the node sends because of it, and adds up how long that took.
fn give(cluster: &mut Cluster, input: Input<'_>, answers: &mut Batch, spent: &mut Duration) {
    let mut buf = [0; DATAGRAM];
    let start = Instant::now();
    cluster.node.handle_input(cluster.now, black_box(input)).expect("an input that the node takes now");
    *spent += start.elapsed();
    loop {
        let start = Instant::now();
        let sent = black_box(cluster.node.poll_transmit(cluster.now, &mut buf));
        black_box(cluster.node.poll_timeout());
        *spent += start.elapsed();
        let Some(sent) = sent else { return };
        cluster.answer_later(sent.to, &buf[..sent.len], answers);
    }
}

/// Lets `count` seconds pass and says how long the node took for them.
fn seconds(cluster: &mut Cluster, pings: &Batch, count: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let answered = cluster.node.counters().sent(Kind::Ack);
    for ping in (0..).flat_map(|_| pings.inputs()).take(usize::try_from(count).expect("fits")) {
        let until = cluster.now + Span::secs(1);
        let mut answers = Batch::default();
        give(cluster, ping, &mut answers, &mut spent);
        assert_eq!(answers.len(), 0, "an ack is not answered");
        while let Some(due) = cluster.node.poll_timeout().filter(|due| *due <= until) {
            cluster.now = cluster.now.max(due);
            let (mut answers, mut answered) = (Batch::default(), Batch::default());
            give(cluster, Input::Tick, &mut answers, &mut spent);
            for answer in answers.inputs() {
                give(cluster, answer, &mut answered, &mut spent);
            }
            assert_eq!(answered.len(), 0, "an ack is not answered");
        }
        cluster.now = until;
    }
    assert_eq!(cluster.node.counters().sent(Kind::Ack), answered + count, "every ping was answered");
    spent
}

fn second(c: &mut Criterion) {
    let mut group = c.benchmark_group("second");
    group.throughput(Throughput::Elements(1));
    for members in [100, 1_000, 10_000] {
        let mut cluster = Cluster::quiet(members);
        let pings = cluster.pings(members - 1, &mut Rng::from_seed(2));
        group.bench_function(BenchmarkId::from_parameter(members), |b| {
            b.iter_custom(|count| seconds(&mut cluster, &pings, count));
        });
    }
    group.finish();
}

criterion_group!(benches, second);
criterion_main!(benches);
