//! Is a dead node found fast, and a living one never? M1, R19, R23, and what the loop's own lag must not do.

use std::collections::{BTreeMap, BTreeSet};

use bruit::sim::{Bounds, Death, HostId, Link, World};
use bruit::wire::{Kind, State};
use bruit::{Event, Profile, Span};

use crate::support::{all_hold, claim, cluster, events, failures, own_number, params, say, sum, together, tuned};

#[test]
fn m1_a_healthy_prober_of_a_dead_peer_keeps_health_0_under_every_profile() {
    for profile in Profile::ALL {
        for death in [Death::Silent, Death::Refusing] {
            let mut world = World::new(31);
            let params = tuned(profile, 16, |c| c.kernel_evidence = false);
            let hosts = cluster(&mut world, 8, &params);
            world.run_for(Span::secs(20));
            world.crash(hosts[5], death);
            let id = world.id(hosts[5]);
            let known = |w: &World| w.running().all(|(h, _)| w.sees(h, id) == Some(State::Dead));
            let mut steps = 0;
            while !known(&world) {
                let sick: Vec<u32> = world.running().map(|(_, node)| node.health()).filter(|h| *h > 0).collect();
                assert!(sick.is_empty(), "{}: {sick:?} blame themselves", profile.name());
                assert!(world.step() && steps < 1_000_000, "{}: never known to be dead", profile.name());
                steps += 1;
            }
            assert!(sum(&world, |c| c.probes_failed) > 0, "{}: no probe failed", profile.name());
            let (asked, nacks) = (sum(&world, |c| c.ping_requests), sum(&world, |c| c.received(Kind::Nack)));
            assert!(asked > 0 && nacks > 0, "{}: {asked} asked, {nacks} nacks", profile.name());
        }
    }
}

/// How long it takes until all others hold a crashed node to be dead, in virtual time: the median of many crashes, one after
/// the other in one cluster. Silence leaves no evidence but missing acks.
fn detection(profile: Profile, n: usize, seed: u64, (crashes, death): (usize, Death)) -> Span {
    let mut world = World::new(seed);
    let hosts = cluster(&mut world, n, &params(profile, n as u32 + 8));
    // Long enough for every node to have learned how far most others are.
    world.run_for(Span::secs(n as u64));
    let mut took = Vec::new();
    let mut victims = BTreeSet::new();
    for _ in 0..crashes {
        let pause = Span::millis(1_000 + u64::from(world.rng().below(1_000)));
        world.run_for(pause);
        let victim = hosts[1 + world.rng().below(n as u32 - 1) as usize];
        victims.insert(world.id(victim));
        world.crash(victim, death);
        took.push(all_hold(&mut world, victim, State::Dead, Span::secs(60)));
        let seed = world.addr(hosts[0]);
        world.restart(victim, None, &[seed]).expect("a good spec");
        together(&mut world, n, Span::secs(10));
    }
    let wrong = events(&world, |e| matches!(e, Event::Failed(m) if !victims.contains(&m.id)));
    assert_eq!(wrong, 0, "a living node was declared dead, n = {n}");
    took.sort();
    took[crashes / 2]
}

#[test]
fn a_process_that_dies_on_a_living_host_is_known_dead_to_32_within_500_ms() {
    // Until the first ping it takes an exponential time of 500 ms on average: 25 crashes would leave the median to luck.
    let took = detection(Profile::Local, 32, 32, (100, Death::Refusing));
    assert!(took <= Span::millis(500), "median {took:?}");
}

#[test]
fn a_host_that_dies_is_known_dead_in_a_third_of_memberlists_time() {
    // memberlist 0.5.4 at the same probe interval: 10.3 s at 100 members.
    let took = detection(Profile::Lan, 100, 100, (25, Death::Silent));
    assert!(took <= Span::millis(3_433), "median {took:?}");
}

#[test]
fn a_pause_of_3_s_leaves_nobody_dead_and_is_refuted_within_a_probe_period() {
    let mut suspected = 0;
    for seed in 0..60 {
        let mut world = World::new(seed);
        let hosts = cluster(&mut world, 32, &params(Profile::Lan, 40));
        world.run_for(Span::secs(5));
        world.pause(hosts[9]);
        world.run_for(Span::secs(3));
        suspected += events(&world, |e| matches!(e, Event::Suspected(_)));
        world.resume(hosts[9]);
        let id = world.id(hosts[9]);
        let alive = |w: &World| w.running().all(|(h, _)| w.sees(h, id) == Some(State::Alive)) && w.all_see(32);
        assert!(world.run_until(Span::secs(1), alive).is_some(), "not alive everywhere a probe period after");
        world.run_for(Span::secs(20));
        assert!(alive(&world), "left in doubt");
        let wrong = events(&world, |e| matches!(e, Event::Failed(m) if m.id != id));
        assert_eq!(wrong, 0, "the paused one convicted somebody");
    }
    assert!(suspected > 300, "{suspected} suspicions: the pauses were not noticed");
}

#[test]
fn a_pause_that_is_to_be_forgiven_costs_nobody_its_place() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        let hosts = cluster(&mut world, 16, &params(Profile::Lan, 32));
        world.run_for(Span::secs(5));
        for host in &hosts[..10] {
            world.pause(*host);
            world.run_for(Span::millis(950));
            world.resume(*host);
            world.run_for(Span::secs(2));
        }
        assert_eq!(failures(&world), 0, "pause_to_forgive is 1 s under lan");
    }
}

#[test]
fn a_late_loop_does_not_convict() {
    let mut lag = 0;
    for seed in 0..20 {
        // A socket that holds nothing: all answers that came during the pause are lost.
        let mut world = World::with_bounds(seed, Bounds { inbox: 0, ..Bounds::default() });
        let hosts = cluster(&mut world, 8, &params(Profile::Lan, 16));
        world.run_for(Span::secs(5));
        for _ in 0..10 {
            let wait = Span::millis(2_000 + u64::from(world.rng().below(1_000)));
            world.run_for(wait);
            world.pause(hosts[0]);
            world.run_for(Span::millis(700));
            world.resume(hosts[0]);
        }
        world.run_for(Span::secs(1));
        let late = world.node(hosts[0]).expect("it runs").counters();
        assert_eq!(late.accusations, 0, "it accused others of its own lateness");
        lag += late.lag_extensions;
        assert_eq!(failures(&world), 0);
    }
    assert!(lag > 0, "its lag was never noticed");
}

#[test]
fn loss_of_a_fifth_of_all_datagrams_for_120_s_kills_nobody_in_100() {
    let mut world = World::new(34);
    let hosts = cluster(&mut world, 100, &params(Profile::Lan, 128));
    world.network.set_all(Link { loss_permille: 200, ..Link::default() });
    world.run_for(Span::secs(120));
    assert!(world.tally().lost > 5_000, "{:?}", world.tally());
    assert!(sum(&world, |c| c.second_pings) > 1_000 && sum(&world, |c| c.ping_requests) > 100);
    assert_eq!(failures(&world), 0, "false deaths; {} suspicions", sum(&world, |c| c.suspicions));
    assert!(hosts.iter().all(|h| world.up_at(*h) == 100));
}

#[test]
fn r19_an_accusation_dies_with_its_accuser() {
    let mut world = World::new(35);
    let hosts = cluster(&mut world, 8, &params(Profile::Lan, 16));
    world.run_for(Span::secs(5));
    let (accuser, subject) = (hosts[7], hosts[3]);
    // The subject cannot refute: nothing of it gets out. Everybody but the accuser hears a lie about it, whose second
    // accuser is the one that dies.
    let number = own_number(&world, subject);
    let lie = claim(&world, subject, number, State::Suspect, accuser);
    world.pause(subject);
    for host in [0, 1, 2, 4, 5, 6] {
        say(&mut world, accuser, hosts[host], &[lie]);
    }
    world.run_for(Span::millis(5));
    let id = world.id(subject);
    assert_eq!(world.sees(hosts[0], id), Some(State::Suspect), "the accusation was not heard");
    world.crash(accuser, Death::Refusing);
    all_hold(&mut world, accuser, State::Dead, Span::secs(10));
    world.resume(subject);
    together(&mut world, 7, Span::secs(2));
    world.run_for(Span::secs(10));
    assert!(world.all_see(7));
    assert_eq!(events(&world, |e| matches!(e, Event::Failed(m) if m.id == id)), 0);
}

#[test]
fn one_accuser_alone_kills_nobody_where_there_are_four() {
    let mut world = World::new(36);
    let hosts = cluster(&mut world, 6, &params(Profile::Lan, 16));
    world.run_for(Span::secs(5));
    let (liar, subject) = (hosts[1], hosts[2]);
    let id = world.id(subject);
    for _ in 0..30 {
        let number = own_number(&world, subject);
        let lie = claim(&world, subject, number, State::Suspect, liar);
        for host in [0, 3, 4, 5] {
            say(&mut world, liar, hosts[host], &[lie]);
        }
        world.run_for(Span::millis(500));
    }
    assert!(world.node(subject).expect("it runs").counters().refutations > 10, "nothing was refuted");
    assert_eq!(events(&world, |e| matches!(e, Event::Failed(m) if m.id == id)), 0, "one liar was enough");
    together(&mut world, 6, Span::secs(2));
}

/// Datagrams and bytes of payload that a node sends in a second, in quiet.
fn quiet(n: usize) -> (f64, f64) {
    let mut world = World::new(37);
    cluster(&mut world, n, &params(Profile::Lan, n as u32 + 8));
    world.run_for(Span::secs(60));
    let before = world.tally();
    world.run_for(Span::secs(60));
    let after = world.tally();
    let per = |a: u64, b: u64| (a - b) as f64 / (60 * n) as f64;
    (per(after.sent, before.sent), per(after.bytes, before.bytes))
}

#[test]
fn r23_a_quiet_node_costs_two_datagrams_and_104_bytes_a_second_at_any_size() {
    for n in [3, 10, 100] {
        let (datagrams, bytes) = quiet(n);
        assert!(datagrams <= 2.0 && bytes <= 104.0, "n = {n}: {datagrams} datagrams, {bytes} bytes");
        assert!(datagrams > 1.9, "n = {n}: {datagrams} datagrams, nobody probes");
    }
}

#[test]
fn every_member_is_probed_in_its_turn() {
    let mut world = World::new(38);
    let n = 20;
    cluster(&mut world, n, &params(Profile::Lan, 32));
    world.run_for(Span::secs(5));
    let pings = std::rc::Rc::new(std::cell::RefCell::new(BTreeMap::<(HostId, Option<HostId>), u32>::new()));
    let seen = std::rc::Rc::clone(&pings);
    world.meddle(Some(Box::new(move |p| {
        if p.has(Kind::Ping) {
            *seen.borrow_mut().entry((p.from, p.to)).or_default() += 1;
        }
        bruit::sim::Fate::Pass
    })));
    // Two rounds through the list, so that every pair has had its turn wherever in the list it began.
    world.run_for(Span::secs(2 * (n as u64 - 1)));
    assert_eq!(pings.borrow().len(), n * (n - 1), "not every pair");
    let most = pings.borrow().values().copied().max().unwrap_or(0);
    assert!(most <= 3, "one was pinged {most} times in two rounds");
}
