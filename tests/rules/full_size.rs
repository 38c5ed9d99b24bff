//! What is demanded at full size: a partition of a day (R17), 5,000 nodes some of which are held dead wrongly
//! (R18). In a release build; a debug build plays the same smaller, so that what is here is never out of date.

use std::collections::BTreeSet;

use bruit::sim::{Bounds, HostId, Spec, World};
use bruit::wire::State;
use bruit::{Profile, Span};

use crate::support::{cluster, conflicts, name, number_at, own_number, params, together};

/// How long the partition lasts.
const APART: Span = if cfg!(debug_assertions) { Span::secs(1_800) } else { Span::secs(24 * 3_600) };
/// How many nodes there are. Memory and time go with the square: 5,000 take 4.4 GB.
const NODES: usize = if cfg!(debug_assertions) { 100 } else { 5_000 };
/// How many of them are held dead, all at once and each cut off alone: one after the other would take as many times as
/// long to play, and be easier, since the dead are tried one at a time.
const ALONE: usize = if cfg!(debug_assertions) { 10 } else { 100 };

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
    let mut took = back_from_false_deaths(&mut world, &hosts);
    took.sort();
    let p99 = took[(took.len() * 99).div_ceil(100) - 1];
    println!("{NODES} nodes: p50 {:?}, p99 {p99:?}, most {:?}", took[took.len() / 2], took[took.len() - 1]);
    assert!(p99 <= Span::secs(3), "p99 {p99:?}");
}

/// How long each of some nodes, which all others hold dead, takes to be alive for all once it can be reached again.
fn back_from_false_deaths(world: &mut World, hosts: &[HostId]) -> Vec<Span> {
    const LOOK_EVERY: Span = Span::millis(20);
    let mut alone = BTreeSet::new();
    while alone.len() < ALONE {
        alone.insert(hosts[world.rng().below(NODES as u32) as usize]);
    }
    let sides: Vec<[HostId; 1]> = alone.iter().map(|host| [*host]).collect();
    world.network.partition(&sides.iter().map(<[HostId; 1]>::as_slice).collect::<Vec<_>>());
    let others = |w: &World, host: HostId, wanted: fn(State) -> bool, cut: &BTreeSet<HostId>| {
        let id = w.id(host);
        w.running().all(|(by, _)| by == host || cut.contains(&by) || w.sees(by, id).is_some_and(wanted))
    };
    let dead = |w: &World| alone.iter().all(|host| others(w, *host, |state| state == State::Dead, &alone));
    // Looking at all of so many is most of the work: now and then.
    let began = world.now();
    while !dead(world) {
        assert!(world.now().since(began) < Span::secs(60), "not all of them are held dead");
        world.run_for(Span::millis(500));
    }
    world.network.heal();
    let (healed, mut took) = (world.now(), Vec::new());
    let mut waiting = alone;
    while !waiting.is_empty() {
        world.run_for(LOOK_EVERY);
        let passed = world.now().since(healed);
        assert!(passed < Span::secs(60), "{} are still held dead", waiting.len());
        let back = |host: &HostId| others(world, *host, State::is_up, &BTreeSet::new());
        let before = waiting.len();
        waiting.retain(|host| !back(host));
        took.extend(core::iter::repeat_n(passed, before - waiting.len()));
    }
    world.run_for(Span::secs(5));
    assert!(world.all_see(NODES));
    took
}
