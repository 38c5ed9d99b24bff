//! How fast is the simulator, and does what a node costs depend on the size of its cluster? Virtual seconds of a cluster at
//! rest, whole nodes and their network.
//!
//! Measured: `World::run_for` one second, in which each of N real nodes pings, is pinged and answers twice: two datagrams
//! sent, carried and read. Input: a cluster of N under the `lan` profile, formed and settled outside of the measurement;
//! nobody watches. Unit per element: one node-second, so elements a second are node-seconds a second of processor time.
//! Goals: 100,000 at N = 1,000, and no more time for one at 10,000 than at 100. Printed beside it: what a node buys, and what
//! it would buy for each member more.
//!
//! The work of a node-second is flat: `tests/flat.rs` counts it, `second` times it for one node. Its time among N nodes is not, as what each holds of
//! each fits no cache from some hundred nodes on; `cold` has what the memory of that takes alone. See docs/benchmarks.md for what the simulator
//! does about it, and what it brings.
//!
//! 10,000 nodes take 14 GB and are measured only where they are asked for: `cargo bench --bench world -- world/10000`.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

use bruit::sim::World;
use bruit::sim::experiment::Base;
use bruit::{Profile, Span};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A cluster of `nodes` that has nothing left to tell.
fn at_rest(nodes: u32) -> World {
    let base = Base::new(nodes, Profile::Lan);
    let params = base.params(0).expect("the profile agrees with itself");
    let bought = |spare| base.memory(&base.params(spare).expect("as before")).node_bytes;
    let more = bought(nodes) - bought(0);
    println!("world/{nodes}: a node buys {} bytes; for each member more {}", bought(0), more / u64::from(nodes));
    let mut world = base.world(1, 0);
    world.form(&base.specs(&params)).expect("good specs");
    world.run_for(Span::secs(30));
    assert!(world.all_see(nodes as usize), "all know all");
    world
}

fn world(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("world");
    group.sample_size(20);
    let large = std::env::args().any(|arg| arg.ends_with("10000"));
    for nodes in [100, 1_000, 10_000].into_iter().filter(|nodes| *nodes < 10_000 || large) {
        // Formed only where the filter of the command line lets it be measured.
        let mut formed = None;
        group.throughput(Throughput::Elements(u64::from(nodes)));
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| {
            let world = formed.get_or_insert_with(|| at_rest(nodes));
            b.iter(|| world.run_for(Span::secs(1)));
        });
    }
    group.finish();
}

criterion_group!(benches, world);
criterion_main!(benches);
