//! Does a node allocate in whatever befalls it? Drawn histories with the allocator counting around each call of each
//! node: what the virtual network itself allocates is its own affair.

#[path = "../benches/support/mod.rs"]
mod support;

use bruit::sim::check::Check;
use bruit::sim::swarm::{Plan, Size, play};
use support::allocations::{Counting, tally};

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn no_node_allocates_whatever_befalls_it() {
    for seed in 0..30 {
        let played = play(&Plan::draw(seed, Size { nodes: 8, acts: 20 }), Some(|| tally().allocations));
        assert_eq!(played.found, [], "seed {seed}");
        assert!(played.coverage.counters().datagrams_sent > 20, "seed {seed} did nothing");
    }
}

#[test]
fn an_allocation_would_be_seen() {
    // A count that grows each time it is asked for is an allocation in each call.
    let played = play(
        &Plan::draw(0, Size { nodes: 3, acts: 3 }),
        Some(|| {
            std::hint::black_box(Box::new(1_u8));
            tally().allocations
        }),
    );
    assert!(played.found.iter().all(|violation| violation.check == Check::Allocation) && !played.found.is_empty());
}
