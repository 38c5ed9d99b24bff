//! Does the virtual network do what it says? A network that loses nothing when told to lose would prove nothing.

use bruit::sim::{Bounds, Death, Fate, Latency, Link, World};
use bruit::wire::{Kind, State};
use bruit::{Profile, Span};

use crate::support::{all_hold, cluster, failures, params, sum};

/// A busy run: loss, doubles, reordering, a crash, a pause, a cut.
fn busy(seed: u64) -> World {
    let mut world = World::new(seed);
    let latency = Latency::Uniform(Span::micros(100), Span::millis(4));
    world.network.set_all(Link { latency, loss_permille: 50, duplicate_permille: 50 });
    let hosts = cluster(&mut world, 8, &params(Profile::Local, 16));
    world.crash(hosts[7], Death::Refusing);
    world.pause(hosts[6]);
    world.network.cut(hosts[1], hosts[2]);
    world.run_for(Span::secs(5));
    world.resume(hosts[6]);
    world.network.heal();
    world.run_for(Span::secs(5));
    world
}

#[test]
fn equal_seeds_give_equal_worlds_and_other_seeds_other_ones() {
    let (one, again, other) = (busy(3), busy(3), busy(4));
    let tally = one.tally();
    assert!(tally.lost > 0 && tally.cut > 0 && tally.duplicated > 0 && tally.refused > 0, "{tally:?}");
    assert_eq!((one.trace(), tally), (again.trace(), again.tally()));
    assert_ne!(one.trace(), other.trace());
}

#[test]
fn every_datagram_is_accounted_for() {
    let mut world = busy(5);
    let tally = world.tally();
    // Whatever was sent or doubled has arrived somewhere, was lost for a counted reason, or is under way or in a socket.
    let gone = tally.delivered + tally.lost + tally.cut + tally.refused + tally.nowhere + tally.inbox_lost;
    let made = tally.sent + tally.duplicated;
    assert!(made >= gone && made - gone < 100, "{made} made, {gone} gone: {tally:?}");
    world.run_for(Span::ZERO);
    assert_eq!(tally, world.tally(), "no time, no change");
}

#[test]
fn a_paused_process_keeps_what_its_socket_holds_and_loses_the_rest() {
    let mut world = World::with_bounds(1, Bounds { inbox: 2, ..Bounds::default() });
    let hosts = cluster(&mut world, 4, &params(Profile::Local, 8));
    let before = world.node(hosts[1]).expect("it runs").counters().datagrams_received;
    world.pause(hosts[1]);
    world.run_for(Span::secs(4));
    assert!(world.tally().inbox_lost > 0, "{:?}", world.tally());
    assert_eq!(world.node(hosts[1]).expect("it is only paused").counters().datagrams_received, before);
    world.resume(hosts[1]);
    let after = world.node(hosts[1]).expect("it runs").counters().datagrams_received;
    assert_eq!(after - before, 2, "what the socket held comes at once, and nothing else");
}

#[test]
fn a_full_wire_loses_and_counts() {
    let mut world = World::with_bounds(1, Bounds { in_flight: 2, ..Bounds::default() });
    let spec = bruit::sim::Spec::new("a", params(Profile::Local, 32));
    let first = world.start(&spec, &[]).expect("a good spec");
    let seed = world.addr(first);
    for i in 0..20 {
        let spec = bruit::sim::Spec { name: format!("b{i}"), ..spec.clone() };
        world.start(&spec, &[seed]).expect("a good spec");
    }
    world.run_for(Span::secs(2));
    assert!(world.tally().overflowed > 0, "{:?}", world.tally());
}

#[test]
fn held_datagrams_wait_and_copies_come_again() {
    let mut world = World::new(2);
    let hosts = cluster(&mut world, 3, &params(Profile::Local, 8));
    let from = hosts[0];
    world.meddle(Some(Box::new(move |p| if p.from == from && p.has(Kind::Ping) { Fate::Copy } else { Fate::Pass })));
    world.run_for(Span::secs(3));
    world.meddle(None);
    let copies = world.held();
    assert!(copies > 0, "three seconds without a ping");
    let before = world.tally().delivered;
    assert_eq!(world.release(), copies);
    world.run_for(Span::millis(1));
    assert!(world.tally().delivered - before >= copies as u64);
    world.run_for(Span::secs(3));
    assert_eq!(failures(&world), 0, "old pings harm nobody");
}

#[test]
fn the_kernel_speaks_for_a_living_host_and_not_for_a_dead_one() {
    for (death, speaks) in [(Death::Refusing, true), (Death::Silent, false)] {
        let mut world = World::new(6);
        let hosts = cluster(&mut world, 4, &params(Profile::Local, 8));
        world.crash(hosts[3], death);
        all_hold(&mut world, hosts[3], State::Dead, Span::secs(30));
        assert_eq!(world.tally().refused > 0, speaks, "{death:?}");
        assert_eq!(sum(&world, |c| c.kernel_evidence) > 0, speaks, "{death:?}");
    }
}
