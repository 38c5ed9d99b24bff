//! What does it cost to keep everybody's keys? Values of 64 bytes under keys of 6, of 100 owners in a cluster of 1,000.
//!
//! Measured, each with hashes and checksum: `own`: `handle_input` of one write of the node's own key. `new`: of a datagram with
//! 12 entries that are news (1,132 bytes), per entry; `known`: of the same once more. `fill`: `poll_transmit` of an ack, and beside it as
//! many new entries as fit, per entry told. `settle`: the tick at which 1,200 entries are old enough to be counted, per entry.
//! `in_step`: a ping in, its ack out, with 16 bits of the fingerprint compared and written, while nothing is held and while
//! 1,200 entries are: what `ping_ack` measures, and no difference is expected, for the comparison is one of two integers.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bruit::{Input, Rng, Span};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Batch, Cluster, DATAGRAM};
use support::state::{ENTRIES_IN_FULL, VALUE, key_of, own};

const MEMBERS: usize = 1_000;
const OWNERS: usize = 100;
/// Longer than it takes until what has changed counts, and is told no more.
const REST: Span = Span::secs(10);

/// A cluster whose members write, and how often each of them has.
struct Written {
    cluster: Cluster,
    round: u64,
}

impl Written {
    /// Every owner's keys have been written once.
    fn new() -> Self {
        let mut written = Self { cluster: Cluster::quiet(MEMBERS), round: 0 };
        let first = written.news();
        written.take(&first);
        written
    }

    /// Everybody's keys have new values.
    fn news(&mut self) -> Batch {
        self.cluster.step(REST);
        self.round += 1;
        self.cluster.news_of_state(0..OWNERS, self.round - 1)
    }

    /// Takes in one datagram after the other and says how long that took, without what it causes.
    fn take(&mut self, batch: &Batch) -> Duration {
        let mut spent = Duration::ZERO;
        for input in batch.inputs() {
            let (node, now) = (&mut self.cluster.node, self.cluster.now);
            let start = Instant::now();
            node.handle_input(now, black_box(input)).expect("a datagram is never an error");
            spent += start.elapsed();
            self.cluster.drain();
        }
        spent
    }

    /// Datagrams of news.
    fn new_ones(&mut self, count: u64) -> Duration {
        let mut spent = Duration::ZERO;
        for left in (1..=count).rev().step_by(OWNERS) {
            let batch = self.news();
            let new = self.cluster.node.counters().state_new;
            let took = self.take(&batch);
            let taken = self.cluster.node.counters().state_new - new;
            assert_eq!(taken, (OWNERS * ENTRIES_IN_FULL) as u64, "all were new");
            spent += took.mul_f64(left.min(OWNERS as u64) as f64 / OWNERS as f64);
        }
        spent
    }

    fn known_ones(&mut self, count: u64) -> Duration {
        let batch = self.news();
        self.take(&batch);
        let known = self.cluster.node.counters().state_known;
        let (node, now) = (&mut self.cluster.node, self.cluster.now);
        let start = Instant::now();
        for input in (0..).flat_map(|_| batch.inputs()).take(usize::try_from(count).expect("fits")) {
            node.handle_input(now, black_box(input)).expect("a datagram is never an error");
        }
        let spent = start.elapsed();
        assert_eq!(self.cluster.node.counters().state_known - known, count, "none was new");
        spent
    }

    /// Writes of the node's own, of as many keys as a datagram of others has.
    fn own_ones(&mut self, count: u64) -> Duration {
        let keys: Vec<String> = (0..ENTRIES_IN_FULL).map(key_of).collect();
        let mut spent = Duration::ZERO;
        for nth in 0..count {
            let value = [nth as u8; VALUE];
            let key = &keys[nth as usize % keys.len()];
            let (node, now) = (&mut self.cluster.node, self.cluster.now);
            let start = Instant::now();
            node.handle_input(now, black_box(Input::Write(own(key, &value)))).expect("there is room");
            spent += start.elapsed();
            self.cluster.drain();
            self.cluster.now += Span::millis(1);
        }
        spent
    }

    /// The tick that counts what has been taken in at one moment.
    fn settled(&mut self, count: u64) -> Duration {
        let mut spent = Duration::ZERO;
        for left in (1..=count).rev().step_by(OWNERS * ENTRIES_IN_FULL) {
            let batch = self.news();
            self.take(&batch);
            let root = self.cluster.node.state_root();
            let took = self.until_root_changes(root);
            let all = (OWNERS * ENTRIES_IN_FULL) as u64;
            spent += took.mul_f64(left.min(all) as f64 / all as f64);
        }
        spent
    }

    fn until_root_changes(&mut self, root: u64) -> Duration {
        loop {
            let due = self.cluster.node.poll_timeout().expect("something has to settle");
            self.cluster.now = self.cluster.now.max(due);
            let start = Instant::now();
            self.cluster.input(Input::Tick);
            let took = start.elapsed();
            self.cluster.drain();
            if self.cluster.node.state_root() != root {
                return took;
            }
        }
    }

    /// Acks with as many entries beside them as fit; as many entries as asked for.
    fn told(&mut self, dice: &mut Rng, count: u64) -> Duration {
        let (mut spent, mut told) = (Duration::ZERO, 0);
        let mut buf = [0; DATAGRAM];
        while told < count {
            let batch = self.news();
            batch.inputs().for_each(|input| self.cluster.input(input));
            let pings = self.cluster.pings(OWNERS / 2, dice);
            let (node, now) = (&mut self.cluster.node, self.cluster.now);
            while node.poll_transmit(now, &mut buf).is_some() {}
            for ping in pings.inputs() {
                node.handle_input(now, ping).expect("a datagram is never an error");
                let before = node.counters().state_told;
                let start = Instant::now();
                black_box(node.poll_transmit(now, &mut buf)).expect("an ack");
                spent += start.elapsed();
                told += node.counters().state_told - before;
                while node.poll_transmit(now, &mut buf).is_some() {}
            }
            self.cluster.drain();
        }
        spent.mul_f64(count as f64 / told as f64)
    }
}

/// A ping in, its ack out.
fn in_step(cluster: &mut Cluster, dice: &mut Rng, count: u64) -> Duration {
    let pings = cluster.pings(1_000, dice);
    let (node, now) = (&mut cluster.node, cluster.now);
    let (mut buf, repairs) = ([0; DATAGRAM], node.counters().state_repairs);
    let start = Instant::now();
    for ping in (0..).flat_map(|_| pings.inputs()).take(usize::try_from(count).expect("fits")) {
        node.handle_input(now, black_box(ping)).expect("a datagram is never an error");
        while black_box(node.poll_transmit(now, &mut buf)).is_some() {}
    }
    let spent = start.elapsed();
    assert_eq!(node.counters().state_repairs, repairs, "nothing differs");
    spent
}

fn state(c: &mut Criterion) {
    let mut dice = Rng::from_seed(6);
    let mut group = c.benchmark_group("state");
    let mut empty = Cluster::quiet(MEMBERS);
    group.bench_function(BenchmarkId::new("in_step", 0), |b| {
        b.iter_custom(|count| in_step(&mut empty, &mut dice, count));
    });
    let mut written = Written::new();
    written.cluster.step(REST);
    group.bench_function(BenchmarkId::new("in_step", OWNERS * ENTRIES_IN_FULL), |b| {
        b.iter_custom(|count| in_step(&mut written.cluster, &mut dice, count));
    });
    group.bench_function("own", |b| b.iter_custom(|count| written.own_ones(count)));
    group.bench_function("settle", |b| b.iter_custom(|count| written.settled(count)));
    group.bench_function("fill", |b| b.iter_custom(|count| written.told(&mut dice, count)));
    group.throughput(Throughput::Elements(ENTRIES_IN_FULL as u64));
    group.bench_function("new", |b| b.iter_custom(|count| written.new_ones(count)));
    group.bench_function("known", |b| b.iter_custom(|count| written.known_ones(count)));
    group.finish();
}

criterion_group!(benches, state);
criterion_main!(benches);
