//! Does the virtual network do what it says? A network that loses nothing when told to lose would prove nothing.

use bruit::sim::{Bounds, Cable, Death, Fate, HostId, Latency, Link, Observer, Spec, World};
use bruit::wire::{Kind, State};
use bruit::{Profile, Span};

use crate::support::{all_hold, cluster, failures, params, sum};

/// A busy run: loss, doubles, reordering, a crash, a pause, a cut.
fn busy(seed: u64) -> World {
    let mut world = World::new(seed);
    let latency = Latency::Uniform(Span::micros(100), Span::millis(4));
    world.network.set_all(Link { latency, loss_permille: 50, duplicate_permille: 50, ..Link::default() });
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
fn a_blocked_process_sends_nothing_and_its_timers_run() {
    let mut world = World::new(1);
    let hosts = cluster(&mut world, 4, &params(Profile::Local, 8));
    let of = |w: &World| {
        let node = w.node(hosts[1]).expect("it runs");
        let counters = node.counters();
        (counters.datagrams_sent, counters.datagrams_received, counters.probes)
    };
    let before = of(&world);
    world.block(hosts[1]);
    world.run_for(Span::secs(2));
    let blocked = of(&world);
    assert_eq!((blocked.0, blocked.1), (before.0, before.1), "nothing in and nothing out");
    assert!(blocked.2 > before.2, "its probes are due as ever");
    world.resume(hosts[1]);
    let after = of(&world);
    assert!(after.1 > blocked.1 && after.0 > blocked.0, "what waited is read and said at once");
    world.run_for(Span::secs(5));
    assert!(world.all_see(4), "and all is well again");
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

#[test]
fn a_formed_cluster_is_one_that_joined() {
    let mut world = World::new(11);
    let specs: Vec<Spec> = (0..60).map(|n| Spec::new(&format!("n{n}"), params(Profile::Lan, 64))).collect();
    let hosts = world.form(&specs).expect("good specs");
    assert!(world.all_see(60), "all know each other before any time has passed");
    world.run_for(Span::secs(20));
    assert!(world.all_see(60));
    let prints: std::collections::BTreeSet<u64> =
        world.running().map(|(_, node)| node.membership_fingerprint()).collect();
    assert_eq!(prints.len(), 1, "in step");
    assert_eq!((failures(&world), sum(&world, |c| c.suspicions), sum(&world, |c| c.refutations)), (0, 0, 0));
    world.crash(hosts[7], Death::Silent);
    all_hold(&mut world, hosts[7], State::Dead, Span::secs(30));
}

#[test]
fn a_starved_process_is_late_and_its_socket_overflows() {
    let mut world = World::with_bounds(12, Bounds { inbox: 1, ..Bounds::default() });
    let hosts = cluster(&mut world, 4, &params(Profile::Local, 8));
    world.starve(hosts[2], Latency::Uniform(Span::millis(200), Span::millis(900)));
    world.run_for(Span::secs(10));
    let lateness = |world: &World, host| world.node(host).expect("it runs").counters().lag_extensions;
    assert!(lateness(&world, hosts[2]) > 0 && lateness(&world, hosts[1]) == 0);
    assert!(world.tally().inbox_lost > 0, "{:?}", world.tally());
    world.resume(hosts[2]);
    world.run_for(Span::secs(10));
    assert!(world.all_see(4));
}

#[test]
fn narrow_cables_and_small_mtus_lose_what_they_cannot_carry() {
    let mut world = World::new(13);
    let hosts = cluster(&mut world, 6, &params(Profile::Local, 8));
    world.set_cable(hosts[0], Some(Cable { bytes_per_second: 300, queue_bytes: 100 }));
    world.network.set_mtu(Some(100));
    world.start(&Spec::new("late", params(Profile::Local, 8)), &[world.addr(hosts[1])]).expect("a good spec");
    world.run_for(Span::secs(5));
    let tally = world.tally();
    assert!(tally.queue_lost > 0 && tally.too_long > 0, "{tally:?}");
    world.set_cable(hosts[0], None);
    world.network.set_mtu(None);
    assert!(world.run_until(Span::secs(60), |w| w.all_see(7)).is_some());
}

#[test]
fn stepping_wall_clocks_changes_nothing() {
    let run = |steps: &[i64]| {
        let mut world = World::new(14);
        let hosts = cluster(&mut world, 5, &params(Profile::Local, 8));
        for by in steps {
            world.step_wall_clock(hosts[3], *by);
            world.run_for(Span::secs(2));
        }
        world.crash(hosts[4], Death::Silent);
        world.run_for(Span::secs(20));
        (world.wall_clock_s(hosts[3]) - world.wall_clock_s(hosts[2]), world.trace())
    };
    let years = 10 * 365 * 86_400;
    let ((stepped, with), (kept, without)) = (run(&[years, -2 * years, 5]), run(&[0, 0, 0]));
    assert_eq!((stepped, kept), (5 - years, 0));
    assert_eq!(with, without);
}

#[test]
fn an_observer_is_told_of_everything() {
    #[derive(Default)]
    struct Count {
        started: u64,
        crashed: u64,
        received: u64,
        sent: u64,
        events: u64,
        changed: u64,
        stepped: u64,
    }
    impl Observer for Count {
        const CHANGES: bool = true;
        fn started(&mut self, _: bruit::Instant, _: HostId, _: &bruit::Node) {
            self.started += 1;
        }
        fn crashed(&mut self, _: bruit::Instant, _: HostId, _: &bruit::Node) {
            self.crashed += 1;
        }
        fn received(&mut self, _: bruit::Instant, _: HostId, _: std::net::SocketAddr, _: &[u8]) {
            self.received += 1;
        }
        fn sent(&mut self, _: &bruit::sim::Passing<'_>) {
            self.sent += 1;
        }
        fn event(&mut self, _: bruit::Instant, _: HostId, _: &bruit::Event) {
            self.events += 1;
        }
        fn changed(&mut self, _: bruit::Instant, _: HostId, _: u32, _: Option<&bruit::MemberView<'_>>) {
            self.changed += 1;
        }
        fn stepped(&mut self, _: bruit::Instant, _: HostId, _: &bruit::Node) {
            self.stepped += 1;
        }
    }
    let mut world = World::watched(15, Bounds::default(), (Count::default(), ()));
    let specs: Vec<Spec> = (0..3).map(|n| Spec::new(&format!("n{n}"), params(Profile::Local, 4))).collect();
    let hosts = world.form(&specs).expect("good specs");
    world.crash(hosts[0], Death::Silent);
    world.run_for(Span::secs(20));
    let (tally, count) = (world.tally(), &world.observer.0);
    assert_eq!((count.started, count.crashed, count.sent, count.received), (3, 1, tally.sent, tally.delivered));
    let logged: u64 = hosts.iter().map(|host| world.events(*host).count() as u64).sum();
    assert!(count.events == logged && logged > 0, "{} and {logged}", count.events);
    assert!(count.changed > 0 && count.stepped > count.received, "{} and {}", count.changed, count.stepped);
}
