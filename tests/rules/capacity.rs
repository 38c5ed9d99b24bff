//! What if there is no place? R28: full is an answer, and nobody who is in pays for it.

use bruit::sim::{Death, Spec, World};
use bruit::wire::State;
use bruit::{Event, JoinRefusal, Phase, Profile, Span};

use crate::support::{all_hold, cluster, events, failures, join_one, params, sum, table, together};

const PLACES: usize = 8;

#[test]
fn r28_the_node_beyond_the_last_place_is_refused_and_told_and_nobody_else_is_harmed() {
    let mut world = World::new(71);
    let params = params(Profile::Lan, PLACES as u32);
    let hosts = cluster(&mut world, PLACES, &params);
    world.run_for(Span::secs(5));
    let before: Vec<_> = hosts.iter().map(|h| table(&world, *h)).collect();
    let seeds: Vec<_> = hosts[..3].iter().map(|h| world.addr(*h)).collect();
    let late = world.start(&Spec::new("late", params), &seeds).expect("a good spec");
    world.run_for(Span::secs(60));
    let refusals =
        world.events(late).filter(|(_, e)| matches!(e, Event::JoinRefused { reason: JoinRefusal::Full, .. }));
    assert!(refusals.count() >= 1, "it was not told");
    assert_eq!(world.node(late).map(|n| n.phase()), Some(Phase::Joining));
    assert!(sum(&world, |c| c.members_refused) > 0, "not counted");
    assert!(events(&world, |e| matches!(e, Event::TableFull { max: 8, .. })) > 0, "not loud");
    let after: Vec<_> = hosts.iter().map(|h| table(&world, *h)).collect();
    assert_eq!(before, after);
    assert_eq!((sum(&world, |c| c.suspicions), failures(&world)), (0, 0));
}

#[test]
fn r28_at_four_fifths_it_warns() {
    let mut world = World::new(72);
    let params = params(Profile::Lan, 10);
    cluster(&mut world, 7, &params);
    assert_eq!(events(&world, |e| matches!(e, Event::TableFilling { .. })), 0, "seven of ten");
    for name in ["x", "y"] {
        join_one(&mut world, name, &params);
    }
    together(&mut world, 9, Span::secs(5));
    for host in world.hosts() {
        let warned = world.events(host).filter(|(_, e)| matches!(e, Event::TableFilling { max: 10, .. })).count();
        assert_eq!(warned, 1, "{} of nine of ten", world.name(host));
    }
}

#[test]
fn the_dead_and_the_departed_make_room() {
    for leaves in [false, true] {
        let mut world = World::new(73);
        let params = params(Profile::Lan, PLACES as u32);
        let hosts = cluster(&mut world, PLACES, &params);
        let late = join_one(&mut world, "late", &params);
        world.run_for(Span::secs(5));
        assert_eq!(world.node(late).map(|n| n.phase()), Some(Phase::Joining));
        if leaves {
            world.leave(hosts[5]).expect("it runs");
            world.run_for(Span::secs(1));
        }
        world.crash(hosts[5], Death::Silent);
        together(&mut world, PLACES, Span::secs(60));
        assert!(sum(&world, |c| c.down_evicted) > 0, "leaves: {leaves}");
        assert_eq!(world.node(late).map(|n| n.phase()), Some(Phase::Joined), "leaves: {leaves}");
    }
}

#[test]
fn a_table_of_another_size_hurts_only_its_owner() {
    // One node has fewer places than the cluster has members; the others do not notice.
    let mut world = World::new(74);
    let wide = params(Profile::Lan, 32);
    let hosts = cluster(&mut world, 6, &wide);
    let small = join_one(&mut world, "small", &params(Profile::Lan, 8));
    together(&mut world, 7, Span::secs(5));
    for name in ["x", "y", "z"] {
        join_one(&mut world, name, &wide);
    }
    world.run_for(Span::secs(60));
    assert!(hosts.iter().all(|h| world.up_at(*h) == 10), "those with places see all");
    assert_eq!(world.up_at(small), 8, "the one without sees what it has places for");
    assert_eq!(failures(&world), 0);
    world.crash(hosts[3], Death::Refusing);
    all_hold_where_known(&mut world, hosts[3]);
}

fn all_hold_where_known(world: &mut World, host: bruit::sim::HostId) {
    let id = world.id(host);
    let dead = |w: &World| w.running().all(|(h, _)| w.sees(h, id).is_none_or(|s| s == State::Dead));
    assert!(world.run_until(Span::secs(10), dead).is_some(), "not known to be dead");
}

#[test]
fn events_that_nobody_could_keep_are_counted_by_the_world() {
    let mut world = World::with_bounds(75, bruit::sim::Bounds { events: 4, ..bruit::sim::Bounds::default() });
    let hosts = cluster(&mut world, 8, &params(Profile::Lan, 16));
    world.crash(hosts[7], Death::Refusing);
    all_hold(&mut world, hosts[7], State::Dead, Span::secs(10));
    assert_eq!(world.events(hosts[0]).count(), 4);
    assert!(world.events_forgotten(hosts[0]) >= 5, "eight came up, one was suspected, one failed");
}
