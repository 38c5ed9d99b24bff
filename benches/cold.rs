//! What does the memory of a cluster take alone? As many lines as a node-second in the simulator looks at, and no work on them.
//!
//! To be read beside `world`. What a node does in a second does not depend on the size of its cluster (`second`, `tests/flat.rs`); the time
//! of N nodes in one process does, as what N nodes know of N members fits no cache. This says how much of it no program could save that
//! keeps apart what each node knows.
//!
//! Measured: N blocks of memory, each as large as what a node buys and all of it in use, are gone through in random order, each twice a
//! round: once as one that pings, once as one that is pinged. What is looked at are lines of 64 bytes at random places of what a
//! node holds of its members, seven and two (`members`), and besides them 21 of the node's own each time, side by side, of which half are
//! changed (`all`). No load depends on another: as many wait together as the processor can have under way. Unit per element: one
//! node-second.
//!
//! 10,000 blocks take 16 GB and are measured only where they are asked for: `cargo bench --bench cold -- 10000`.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

use std::hint::black_box;

use bruit::Rng;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// What a node buys beside what it holds of its members, and for each of them: what `world` prints.
const OWN_BYTES: usize = 303_000;
const MEMBER_BYTES: usize = 134;
/// Lines of its own that a node at rest looks at when it pings, and when it is pinged, about (cachegrind; docs/benchmarks.md).
const OWN_LINES: usize = 21;
/// Lines of what it holds of its members: of the list, of the member that is drawn and of the one that asks.
const PINGING_LINES: usize = 7;
const PINGED_LINES: usize = 2;

/// A line of the cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(u64);

/// As much memory as a node buys.
struct Block {
    own: Box<[Line]>,
    members: Box<[Line]>,
}

fn lines(bytes: usize) -> Box<[Line]> {
    // Not zero: memory that was never written is one page of the machine.
    vec![Line(1); bytes.div_ceil(size_of::<Line>())].into_boxed_slice()
}

impl Block {
    fn of(nodes: usize) -> Self {
        Self { own: lines(OWN_BYTES), members: lines(MEMBER_BYTES * nodes) }
    }

    fn look_at_members(&self, count: usize, rng: &mut Rng) -> u64 {
        let line = |_| self.members[rng.below(self.members.len() as u32) as usize].0;
        (0..count).map(line).sum()
    }

    fn look_at_own(&mut self) -> u64 {
        let (changed, read) = self.own[..OWN_LINES].split_at_mut(OWN_LINES / 2);
        changed.iter_mut().for_each(|line| line.0 += 1);
        read.iter().map(|line| line.0).sum()
    }
}

/// Each of `turns` looks at so many lines of what it holds of members, and where `all` at its own.
fn go_round(blocks: &mut [Block], turns: &[(usize, usize)], all: bool, rng: &mut Rng) {
    for (block, count) in turns {
        let block = &mut blocks[*block];
        let own = if all { block.look_at_own() } else { 0 };
        black_box(own + block.look_at_members(*count, rng));
    }
}

fn cold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cold");
    group.sample_size(20);
    let large = std::env::args().any(|arg| arg.ends_with("10000"));
    for nodes in [100, 1_000, 10_000].into_iter().filter(|nodes| *nodes < 10_000 || large) {
        let mut bought: Option<Vec<Block>> = None;
        let mut rng = Rng::from_seed(1);
        let mut turns: Vec<(usize, usize)> =
            (0..nodes).flat_map(|node| [(node, PINGING_LINES), (node, PINGED_LINES)]).collect();
        for last in (1..turns.len()).rev() {
            turns.swap(last, rng.below(last as u32 + 1) as usize);
        }
        group.throughput(Throughput::Elements(nodes as u64));
        for (name, all) in [("members", false), ("all", true)] {
            group.bench_function(BenchmarkId::new(name, nodes), |b| {
                let blocks = bought.get_or_insert_with(|| (0..nodes).map(|_| Block::of(nodes)).collect());
                b.iter(|| go_round(blocks, &turns, all, &mut rng));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, cold);
criterion_main!(benches);
