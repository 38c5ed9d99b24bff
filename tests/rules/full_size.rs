//! What is demanded at full size, at full size: a partition of a day (R17), one of 5,000 held dead wrongly (R18). In a release build;
//! a debug build plays the same smaller, so that what is here is never out of date.

use bruit::sim::{Bounds, HostId, Spec, World};
use bruit::wire::State;
use bruit::{Profile, Span};

use crate::support::{all_hold, cluster, conflicts, name, number_at, own_number, params, together};

/// How long the partition lasts.
const APART: Span = if cfg!(debug_assertions) { Span::secs(1_800) } else { Span::secs(24 * 3_600) };
/// Nodes of which one is held dead, how often, and how many of a hundred times may take longer.
const NODES: usize = if cfg!(debug_assertions) { 100 } else { 5_000 };
const TIMES: usize = if cfg!(debug_assertions) { 20 } else { 100 };

#[test]
fn r17_a_day_apart_half_of_one_side_restarted_and_one_cluster_60_s_after() {
    let mut world = World::with_bounds(91, Bounds { events: 64, ..Bounds::default() });
    let hosts = cluster(&mut world, 20, &params(Profile::Lan, 32));
    let (left, right) = hosts.split_at(8);
    world.network.partition(&[left, right]);
    world.run_for(APART);
    assert!(left.iter().all(|h| world.up_at(*h) == 8) && right.iter().all(|h| world.up_at(*h) == 12));
    let restarted: Vec<HostId> = right.iter().copied().step_by(2).collect();
    for host in &restarted {
        let seed = world.addr(right[1]);
        world.restart(*host, None, &[seed]).expect("a good spec");
    }
    world.run_for(Span::secs(5));
    world.network.heal();
    together(&mut world, 20, Span::secs(60));
    assert_eq!(conflicts(&world), 0);
    world.run_for(Span::secs(5));
    for host in restarted {
        let own = own_number(&world, host);
        assert!(left.iter().all(|l| number_at(&world, *l, world.id(host)) == Some(own)), "{}", world.name(host));
    }
}

#[test]
fn r18_one_held_dead_by_all_others_is_alive_again_within_three_probe_periods() {
    let bounds = Bounds { hosts: NODES as u32, in_flight: 1 << 20, events: 0, ..Bounds::default() };
    let mut world = World::with_bounds(92, bounds);
    let params = params(Profile::Lan, NODES as u32);
    let specs: Vec<Spec> = (0..NODES).map(|n| Spec::new(&name(n), params.clone())).collect();
    let hosts = world.form(&specs).expect("good specs");
    world.run_for(Span::secs(5));
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let alone = hosts[world.rng().below(NODES as u32) as usize];
        world.network.partition(&[&[alone]]);
        all_hold(&mut world, alone, State::Dead, Span::secs(60));
        let drift = Span::millis(u64::from(world.rng().below(1_000)));
        world.run_for(drift);
        world.network.heal();
        took.push(all_hold(&mut world, alone, State::Alive, Span::secs(60)));
        together(&mut world, NODES, Span::secs(10));
    }
    took.sort();
    let p99 = took[(TIMES * 99).div_ceil(100) - 1];
    println!("{NODES} nodes: p50 {:?}, p99 {p99:?}, most {:?}", took[TIMES / 2], took[TIMES - 1]);
    assert!(p99 <= Span::secs(3), "p99 {p99:?}");
}
