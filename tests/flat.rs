//! Does what a node does depend on the size of its cluster? Counted, where a clock would measure the machine's caches.

use bruit::sim::experiment::Base;
use bruit::{Profile, Span};

const SECONDS: u64 = 20;

/// What a node does in a second in a cluster of `nodes` at rest: inputs that it takes, datagrams and bytes that it sends.
fn in_a_node_second(nodes: u32) -> [f64; 3] {
    let base = Base::new(nodes, Profile::Lan);
    let params = base.params(0).expect("the profile agrees with itself");
    let mut world = base.world(1, 0);
    world.form(&base.specs(&params)).expect("good specs");
    world.run_for(Span::secs(30));
    assert!(world.all_see(nodes as usize), "all know all");
    let (before, end) = (world.tally(), world.now() + Span::secs(SECONDS));
    let mut inputs = 0_u64;
    while world.now() < end && world.step() {
        inputs += 1;
    }
    let after = world.tally();
    [inputs, after.sent - before.sent, after.bytes - before.bytes]
        .map(|all| all as f64 / (u64::from(nodes) * SECONDS) as f64)
}

#[test]
fn a_quiet_node_does_as_much_among_a_thousand_as_among_a_hundred() {
    let among_100 = in_a_node_second(100);
    for nodes in [300, 1_000] {
        let among = in_a_node_second(nodes);
        println!("inputs, datagrams, bytes in a node-second: {among_100:.3?} among 100, {among:.3?} among {nodes}");
        for (here, there) in among.into_iter().zip(among_100) {
            assert!((here / there - 1.0).abs() < 0.03, "{among:?} among {nodes}, {among_100:?} among 100");
        }
    }
}
