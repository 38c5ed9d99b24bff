//! What does it cost to hear a rumor? A full datagram of rumors of 64 bytes.
//!
//! Measured: `handle_input` alone, of one datagram with 11 urgent rumors (1,130 bytes) in a cluster of 1,000, checksum,
//! window, store, histogram and the event for the embedder included. Input: `new`: nobody has told them before; `known`:
//! they have come before. `relayed`: new ones, and the datagrams to four others that pass them on at once. Rumors of one
//! origin, and of 100 in turn. Unit per element: one rumor. Goals: new below 100 ns, known below 30 ns.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::{Input, Order, Span};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Batch, Cluster, DATAGRAM, RUMORS_IN_FULL};

/// Datagrams made at once.
const BATCH: usize = 200;

/// A cluster that is told, and what it is told next.
struct Told {
    cluster: Cluster,
    origins: usize,
    next: u64,
}

impl Told {
    fn new(origins: usize) -> Self {
        let mut cluster = Cluster::quiet(1_000);
        cluster.input(Input::Subscribe { topic: None, order: Order::Arrival });
        let mut told = Self { cluster, origins, next: 0 };
        // Each origin is known before anything is measured.
        let first = told.batch(origins);
        told.take(&first, false);
        told
    }

    fn batch(&mut self, datagrams: usize) -> Batch {
        // Time for the budgets to fill up again.
        self.cluster.step(Span::millis(500));
        self.cluster.rumors(datagrams, self.origins, RUMORS_IN_FULL as u64, &mut self.next)
    }

    /// Takes in one datagram after the other and says how long that took, with or without what it causes.
    fn take(&mut self, batch: &Batch, relayed: bool) -> Duration {
        let mut spent = Duration::ZERO;
        let mut buf = [0; DATAGRAM];
        for input in batch.inputs() {
            let (node, now) = (&mut self.cluster.node, self.cluster.now);
            let start = Instant::now();
            node.handle_input(now, black_box(input)).expect("a datagram is never an error");
            while relayed && black_box(node.poll_transmit(now, &mut buf)).is_some() {}
            spent += start.elapsed();
            self.cluster.drain();
            self.cluster.now += Span::millis(1);
        }
        spent
    }

    fn new_ones(&mut self, count: u64, relayed: bool) -> Duration {
        let mut spent = Duration::ZERO;
        let mut left = count;
        while left > 0 {
            let batch = self.batch(BATCH);
            let new = self.cluster.node.counters().rumors_new;
            let took = self.take(&batch, relayed);
            let taken = batch.len() as u64;
            assert_eq!(self.cluster.node.counters().rumors_new - new, taken * RUMORS_IN_FULL as u64, "all were new");
            let counted = left.min(taken);
            spent += took.mul_f64(counted as f64 / taken as f64);
            left -= counted;
        }
        spent
    }

    fn known_ones(&mut self, count: u64) -> Duration {
        let batch = self.batch(BATCH);
        self.take(&batch, false);
        let known = self.cluster.node.counters().rumors_known;
        let (node, now) = (&mut self.cluster.node, self.cluster.now);
        let start = Instant::now();
        for input in (0..).flat_map(|_| batch.inputs()).take(usize::try_from(count).expect("fits")) {
            node.handle_input(now, black_box(input)).expect("a datagram is never an error");
        }
        let spent = start.elapsed();
        assert_eq!(self.cluster.node.counters().rumors_known - known, count * RUMORS_IN_FULL as u64, "none was new");
        spent
    }
}

fn rumors(c: &mut Criterion) {
    for origins in [1, 100] {
        let mut told = Told::new(origins);
        let mut group = c.benchmark_group("rumors");
        group.throughput(Throughput::Elements(RUMORS_IN_FULL as u64));
        group.bench_function(BenchmarkId::new("new", origins), |b| b.iter_custom(|count| told.new_ones(count, false)));
        group.bench_function(BenchmarkId::new("relayed", origins), |b| {
            b.iter_custom(|count| told.new_ones(count, true));
        });
        group.bench_function(BenchmarkId::new("known", origins), |b| b.iter_custom(|count| told.known_ones(count)));
        group.finish();
    }
}

criterion_group!(benches, rumors);
criterion_main!(benches);
