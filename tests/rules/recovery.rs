//! Does everything come together again? R14, R15, R17, R18, M8, M13: after partitions, false deaths and mass restarts.

use std::collections::BTreeSet;
use std::time::Duration;

use bruit::sim::{Death, HostId, Link, World};
use bruit::wire::State;
use bruit::{BootId, Event, Incarnation, Phase, Profile, Refusal, Span};

use crate::support::{
    all_hold, boot, cluster, conflicts, events, failures, number_at, own_number, params, sum, together, tuned,
};

#[test]
fn r17_apart_for_longer_than_anyone_is_remembered_and_one_cluster_60_s_after() {
    for restart in [false, true] {
        let mut world = World::new(51);
        let params = tuned(Profile::Lan, 32, |c| c.down_retention = Duration::from_secs(10));
        let hosts = cluster(&mut world, 20, &params);
        let (left, right) = hosts.split_at(8);
        world.network.partition(&[left, right]);
        // Ten times the retention.
        world.run_for(Span::secs(100));
        assert!(left.iter().all(|h| world.up_at(*h) == 8) && right.iter().all(|h| world.up_at(*h) == 12));
        assert!(events(&world, |e| matches!(e, Event::Forgotten(_))) > 0, "nobody was forgotten");
        if restart {
            for host in right.iter().step_by(2) {
                let seed = world.addr(right[1]);
                world.restart(*host, None, &[seed]).expect("a good spec");
            }
            world.run_for(Span::secs(5));
        }
        world.network.heal();
        together(&mut world, 20, Span::secs(60));
        assert_eq!(conflicts(&world), 0, "restart: {restart}");
    }
}

#[test]
fn r17_half_of_a_cluster_restarted_behind_a_cut_comes_back_under_its_new_numbers() {
    let mut world = World::new(52);
    let hosts = cluster(&mut world, 12, &params(Profile::Lan, 32));
    let (left, right) = hosts.split_at(6);
    world.network.partition(&[left, right]);
    world.run_for(Span::secs(60));
    for host in right {
        let seed = world.addr(right[0]);
        let seeds = if *host == right[0] { vec![world.addr(right[1])] } else { vec![seed] };
        world.restart(*host, None, &seeds).expect("a good spec");
        world.run_for(Span::secs(2));
    }
    world.network.heal();
    together(&mut world, 12, Span::secs(60));
    world.run_for(Span::secs(5));
    for host in right {
        let own = own_number(&world, *host);
        assert!(left.iter().all(|l| number_at(&world, *l, world.id(*host)) == Some(own)));
        assert!(own.life() >= 2);
    }
}

/// How long a node that all hold to be dead, wrongly, takes to be alive for all once it can be reached again.
fn back_from_a_false_death(n: usize, seed: u64) -> Span {
    let mut world = World::new(seed);
    let hosts = cluster(&mut world, n, &params(Profile::Lan, n as u32 + 8));
    let alone = hosts[n / 2];
    world.network.partition(&[&[alone]]);
    all_hold(&mut world, alone, State::Dead, Span::secs(60));
    let drift = Span::millis(u64::from(world.rng().below(3_000)));
    world.run_for(drift);
    world.network.heal();
    all_hold(&mut world, alone, State::Alive, Span::secs(60))
}

#[test]
fn r18_a_false_death_is_over_within_three_probe_periods_whatever_the_size() {
    for (n, runs) in [(8, 8), (32, 8), (128, 4)] {
        for seed in 0..runs {
            let took = back_from_a_false_death(n, 60 + seed);
            assert!(took <= Span::secs(3), "n = {n}: {took:?}");
        }
    }
}

#[test]
fn r15_a_removed_node_that_lives_is_told_and_begins_a_new_life() {
    let mut world = World::new(53);
    let hosts = cluster(&mut world, 6, &params(Profile::Lan, 16));
    let victim = hosts[4];
    assert_eq!(world.remove(hosts[0], world.id(victim)), Err(Refusal::StillAlive));
    world.network.partition(&[&[victim]]);
    all_hold(&mut world, victim, State::Dead, Span::secs(60));
    world.remove(hosts[0], world.id(victim)).expect("it is dead there");
    for host in hosts.iter().filter(|h| **h != victim) {
        let id = world.id(victim);
        let left = world.run_until(Span::secs(2), |w| w.sees(*host, id).is_none_or(|s| s == State::Left));
        assert!(left.is_some(), "{} still lists it", world.name(*host));
    }
    let life = own_number(&world, victim).life();
    world.network.heal();
    together(&mut world, 6, Span::secs(60));
    assert!(world.events(victim).any(|(_, e)| matches!(e, Event::SelfRemoved { .. })), "it was not told");
    assert!(own_number(&world, victim).life() > life);
}

/// All nodes but the first `survivors` die within `over` and come back `later`, in another order.
fn mass_restart(n: usize, survivors: usize, over: Span, later: Span, seed: u64) -> (World, Span) {
    let mut world = World::new(seed);
    let hosts = cluster(&mut world, n, &params(Profile::Lan, n as u32 + 16));
    world.run_for(Span::secs(5));
    let mut fall: Vec<HostId> = hosts[survivors..].to_vec();
    for i in (1..fall.len()).rev() {
        let j = world.rng().below(i as u32 + 1) as usize;
        fall.swap(i, j);
    }
    let gap = over / fall.len() as u32;
    for host in &fall {
        world.crash(*host, Death::Refusing);
        world.run_for(gap);
    }
    world.run_for(later);
    let seeds: Vec<_> = hosts[..4].iter().map(|h| world.addr(*h)).collect();
    for host in &fall {
        let seeds: Vec<_> = seeds.iter().copied().filter(|a| *a != world.addr(*host)).collect();
        world.restart(*host, None, &seeds).expect("a good spec");
        world.run_for(gap);
    }
    let took = together(&mut world, n, Span::secs(60));
    (world, took)
}

#[test]
fn m8_after_a_mass_restart_all_are_alive_and_stay_so() {
    for (survivors, later) in [(1, 0), (1, 2), (1, 30), (20, 5), (0, 0), (0, 10)] {
        let (mut world, took) = mass_restart(64, survivors, Span::millis(200), Span::secs(later), 54);
        assert!(took <= Span::secs(10), "{survivors} survivors, {later} s later: {took:?}");
        world.run_for(Span::secs(30));
        assert!(world.all_see(64), "{survivors} survivors, {later} s later");
        // Who has not heard of a new life yet may still come to see that the old one is over: that is no false death.
        let lives: BTreeSet<BootId> = world.hosts().map(|host| boot(&world, host)).collect();
        let killed = events(&world, |e| matches!(e, Event::Failed(m) if lives.contains(&m.boot)));
        assert_eq!(killed, 0, "an old accusation killed the new");
        assert_eq!(conflicts(&world), 0, "{survivors} survivors, {later} s later");
    }
}

#[test]
fn a_rolling_restart_under_loss_costs_nobody_else_anything() {
    let mut world = World::new(55);
    world.network.set_all(Link { loss_permille: 50, ..Link::default() });
    let hosts = cluster(&mut world, 24, &params(Profile::Lan, 40));
    for host in &hosts {
        let seeds = [world.addr(hosts[(host.index() + 1) % 24]), world.addr(hosts[(host.index() + 7) % 24])];
        world.leave(*host).expect("it runs");
        world.run_for(Span::millis(400));
        assert_eq!(world.node(*host).map(|n| n.phase()), Some(Phase::Left));
        world.restart(*host, None, &seeds).expect("a good spec");
        world.run_for(Span::millis(600));
    }
    together(&mut world, 24, Span::secs(5));
    assert!(world.tally().lost > 100);
    assert_eq!((failures(&world), conflicts(&world)), (0, 0));
    assert!(hosts.iter().all(|h| own_number(&world, *h) >= Incarnation::new(2, 0)));
}

#[test]
fn m13_a_name_on_a_new_address_is_no_conflict_and_known_at_once() {
    let mut world = World::new(56);
    let hosts = cluster(&mut world, 10, &params(Profile::Lan, 16));
    world.run_for(Span::secs(5));
    for round in 0..5_u8 {
        let mover = hosts[3 + usize::from(round)];
        world.crash(mover, if round % 2 == 0 { Death::Refusing } else { Death::Silent });
        let seed = world.addr(hosts[0]);
        let addr = ([10, 7, 7, round + 1], 4_100).into();
        world.restart(mover, Some(addr), &[seed]).expect("a good spec");
        let id = world.id(mover);
        let moved =
            |w: &World| w.running().all(|(_, n)| n.member(id).is_some_and(|m| m.addr == addr && m.state.is_up()));
        assert!(world.run_until(Span::secs(2), moved).is_some(), "round {round}: not at its new address everywhere");
    }
    world.run_for(Span::secs(60));
    assert!(world.all_see(10));
    let movers: Vec<_> = hosts[3..8].iter().map(|h| world.id(*h)).collect();
    let others =
        events(&world, |e| matches!(e, Event::Failed(m) if !movers.contains(&m.id) || m.incarnation.life() > 1));
    assert_eq!((conflicts(&world), others), (0, 0), "only former lives may have failed");
}

#[test]
fn r14_what_left_long_ago_does_not_come_back_from_one_who_was_away() {
    let mut world = World::new(57);
    let params = tuned(Profile::Lan, 16, |c| c.down_retention = Duration::from_secs(10));
    let hosts = cluster(&mut world, 8, &params);
    let (away, gone) = (hosts[6], hosts[7]);
    let id = world.id(gone);
    world.network.partition(&[&[away]]);
    world.leave(gone).expect("it runs");
    world.run_for(Span::secs(1));
    world.crash(gone, Death::Silent);
    world.run_for(Span::secs(100));
    let before = events(&world, |e| matches!(e, Event::Up(m) if m.id == id));
    world.network.heal();
    together(&mut world, 7, Span::secs(60));
    world.run_for(Span::secs(60));
    assert!(world.running().all(|(host, _)| world.sees(host, id).is_none_or(|s| !s.is_up())), "it rose");
    assert_eq!(events(&world, |e| matches!(e, Event::Up(m) if m.id == id)), before, "it was announced again");
}

#[test]
fn fingerprints_agree_once_news_has_settled_and_stay_so() {
    let mut world = World::new(58);
    world.network.set_all(Link { loss_permille: 100, ..Link::default() });
    let hosts = cluster(&mut world, 30, &params(Profile::Lan, 64));
    for round in 0..5 {
        let host = hosts[5 + round * 4];
        world.crash(host, Death::Silent);
        all_hold(&mut world, host, State::Dead, Span::secs(60));
        let seed = world.addr(hosts[0]);
        world.restart(host, None, &[seed]).expect("a good spec");
        together(&mut world, 30, Span::secs(30));
    }
    let agree = |w: &World| {
        let mut prints = w.running().map(|(_, node)| node.membership_fingerprint());
        let first = prints.next();
        prints.all(|print| Some(print) == first)
    };
    assert!(world.run_until(Span::secs(30), agree).is_some(), "fingerprints differ long after");
    let repairs = sum(&world, |c| c.repairs_begun);
    world.network.set_all(Link::default());
    world.run_for(Span::secs(30));
    let quiet = sum(&world, |c| c.repairs_begun) - repairs;
    assert!(agree(&world) && quiet <= 30, "{quiet} repairs begun while all agree");
}

#[test]
fn what_no_news_brought_is_brought_by_repair() {
    let mut world = World::new(59);
    let hosts = cluster(&mut world, 20, &params(Profile::Lan, 32));
    world.run_for(Span::secs(10));
    // One node hears nothing while another leaves, but not for long enough to be missed.
    let (deaf, gone) = (hosts[4], hosts[9]);
    for host in hosts.iter().filter(|h| **h != deaf) {
        world.network.cut(*host, deaf);
    }
    world.leave(gone).expect("it runs");
    world.run_for(Span::millis(900));
    let id = world.id(gone);
    assert_eq!(world.sees(deaf, id), Some(State::Alive), "it was to miss the news");
    world.network.heal();
    let learned = world.run_until(Span::secs(10), |w| w.sees(deaf, id) == Some(State::Left));
    assert!(learned.is_some(), "never repaired; {} repairs begun", sum(&world, |c| c.repairs_begun));
}

#[test]
fn r16_the_dead_are_tried_at_one_rate_however_many_they_are() {
    for dead in [1, 12] {
        let mut world = World::new(61);
        let hosts = cluster(&mut world, 16, &params(Profile::Lan, 20));
        world.run_for(Span::secs(5));
        for host in &hosts[4..4 + dead] {
            world.crash(*host, Death::Silent);
        }
        world.run_for(Span::secs(60));
        let before = sum(&world, |c| c.revivals_tried);
        let running = world.running().count() as u64;
        world.run_for(Span::secs(200));
        // Every 2 s under `lan`, plus up to a tenth.
        let tried = (sum(&world, |c| c.revivals_tried) - before) / running;
        assert!((90..=101).contains(&tried), "{dead} dead: {tried} attempts a node in 200 s");
    }
}

#[test]
fn who_was_cut_off_does_not_kill_those_who_were_not() {
    for (n, seed) in [(3, 62), (3, 63), (5, 64), (12, 65)] {
        let mut world = World::new(seed);
        let hosts = cluster(&mut world, n, &params(Profile::Lan, 20));
        world.run_for(Span::secs(5));
        world.network.partition(&[&hosts[..1], &hosts[1..]]);
        let alone =
            world.run_until(Span::secs(120), |w| (1..n).all(|i| w.sees(hosts[0], w.id(hosts[i])) == Some(State::Dead)));
        assert!(alone.is_some(), "seed {seed}: it never gave the others up");
        world.network.heal();
        together(&mut world, n, Span::secs(60));
        world.run_for(Span::secs(20));
        let cut = world.id(hosts[0]);
        for host in &hosts[1..] {
            let wrong = world.events(*host).filter(|(_, e)| matches!(e, Event::Failed(m) if m.id != cut)).count();
            assert_eq!(wrong, 0, "seed {seed}: {} buried a living member", world.name(*host));
        }
    }
}
