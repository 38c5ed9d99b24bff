//! How fast is the simulator? Virtual seconds of a cluster at rest, whole nodes and their network.
//!
//! Measured: `World::run_for` one second, in which each of N real nodes pings, is pinged and answers twice: two datagrams
//! sent, carried and read. Input: a cluster of N under the `lan` profile, formed and settled outside of the measurement;
//! nobody watches. Unit per element: one node-second. Goal: 100,000 of them a second of processor time at N = 1,000.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

use bruit::sim::World;
use bruit::sim::experiment::Base;
use bruit::{Profile, Span};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A cluster of `nodes` that has nothing left to tell.
fn at_rest(nodes: u32) -> World {
    let base = Base::new(nodes, Profile::Lan);
    let params = base.params(0).expect("the profile agrees with itself");
    let mut world = base.world(1, 0);
    world.form(&base.specs(&params)).expect("good specs");
    world.run_for(Span::secs(30));
    assert!(world.all_see(nodes as usize), "all know all");
    world
}

fn world(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("world");
    group.sample_size(20);
    for nodes in [100, 1_000] {
        let mut world = at_rest(nodes);
        group.throughput(Throughput::Elements(u64::from(nodes)));
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| b.iter(|| world.run_for(Span::secs(1))));
    }
    group.finish();
}

criterion_group!(benches, world);
criterion_main!(benches);
