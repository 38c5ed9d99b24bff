//! Who is who, across restarts, late mail, corrupt numbers and reused addresses? R1-R4, R6, R7.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use bruit::sim::{Death, Fate, HostId, Spec, World};
use bruit::wire::{Section, State};
use bruit::{DropReason, Incarnation, Instant, NodeId, PLAUSIBLE_LIVES, Profile, Span};

use crate::support::{
    boot, claim, cluster, conflicts, events, failures, join_one, name, number_at, own_number, params, say, say_profile,
    sum, table, together, tuned,
};

/// R1. Two probe intervals: what a restart takes with any clock.
const RESTART_WITHIN: Span = Span::secs(2);

fn restart_and_be_seen(world: &mut World, host: HostId, seed: HostId) {
    let n = world.hosts().count();
    world.crash(host, Death::Refusing);
    let seed = world.addr(seed);
    world.restart(host, None, &[seed]).expect("a good spec");
    together(world, n, RESTART_WITHIN);
}

#[test]
fn r1_a_restart_after_400_days_is_up_within_the_normal_bound() {
    let mut world = World::new(1);
    // Everything slow, so that 400 days are soon over; a cluster that is a year old is what counts.
    let params = tuned(Profile::Lan, 8, |c| {
        c.probe_interval = Duration::from_secs(3_600);
        c.revive_interval = Duration::from_secs(3_600);
    });
    let hosts = cluster(&mut world, 4, &params);
    world.run_for(Span::secs(400 * 86_400));
    assert!(sum(&world, |c| c.probes) > 4 * 9_000, "400 days of probes");
    restart_and_be_seen(&mut world, hosts[2], hosts[0]);
    assert_eq!((own_number(&world, hosts[2]), failures(&world), conflicts(&world)), (Incarnation::new(2, 0), 0, 0));
}

#[test]
fn r1_clocks_that_are_ages_apart_change_nothing() {
    let year = 365 * 86_400;
    let mut world = World::new(2);
    let params = params(Profile::Lan, 8);
    for (i, clock) in [0, 10 * year, 40 * year, 500 * year].into_iter().enumerate() {
        let spec = Spec { clock: Some(Span::secs(clock)), ..Spec::new(&name(i), params.clone()) };
        let seeds: Vec<_> = world.hosts().next().map(|h| world.addr(h)).into_iter().collect();
        world.start(&spec, &seeds).expect("a good spec");
    }
    together(&mut world, 4, Span::secs(2));
    let hosts: Vec<HostId> = world.hosts().collect();
    for host in &hosts[1..] {
        restart_and_be_seen(&mut world, *host, hosts[0]);
        assert_eq!(own_number(&world, *host), Incarnation::new(2, 0), "the life after the first, by whatever clock");
    }
    assert_eq!((failures(&world), conflicts(&world)), (0, 0));
}

#[test]
fn r1_a_planted_record_near_the_maximum_is_refused_and_harms_nobody() {
    for state in State::ALL {
        let mut world = World::new(3);
        let hosts = cluster(&mut world, 4, &params(Profile::Lan, 8));
        let poison = Incarnation::from_u64(u64::MAX - 3);
        for to in [0, 2, 3] {
            let planted = claim(&world, hosts[1], poison, *state, hosts[0]);
            let from = hosts[if to == 0 { 2 } else { 0 }];
            say(&mut world, from, hosts[to], &[planted]);
            say_profile(&mut world, from, hosts[to], planted);
            say(&mut world, from, hosts[1], &[planted]);
        }
        world.run_for(Span::secs(2));
        assert!(sum(&world, |c| c.claims_implausible) >= 6, "{state:?}: the planted claims were not looked at");
        assert!(world.all_see(4), "{state:?}");
        restart_and_be_seen(&mut world, hosts[1], hosts[0]);
        assert_eq!(own_number(&world, hosts[1]).life(), 2, "{state:?}");
    }
}

#[test]
fn r1_a_planted_record_that_could_be_true_is_gone_above() {
    let mut world = World::new(4);
    let hosts = cluster(&mut world, 4, &params(Profile::Lan, 8));
    let high = Incarnation::new(1 + PLAUSIBLE_LIVES, 9);
    for (to, state) in [(0, State::Suspect), (2, State::Dead), (3, State::Alive)] {
        let planted = claim(&world, hosts[1], high, state, hosts[0]);
        say_profile(&mut world, hosts[if to == 0 { 2 } else { 0 }], hosts[to], planted);
    }
    world.run_for(Span::secs(10));
    assert!(own_number(&world, hosts[1]) > high, "it has gone above: {}", own_number(&world, hosts[1]));
    assert!(world.all_see(4));
    restart_and_be_seen(&mut world, hosts[1], hosts[0]);
    assert_eq!(conflicts(&world), 0);
}

#[test]
fn r2_numbers_are_ordered_to_their_very_ends() {
    let ends = [0, 1, u64::from(u32::MAX), 1 << 32, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX];
    for (i, a) in ends.iter().enumerate() {
        for (j, b) in ends.iter().enumerate() {
            // A comparison by subtraction would call u64::MAX the one just before 0.
            assert_eq!(Incarnation::from_u64(*a).cmp(&Incarnation::from_u64(*b)), i.cmp(&j), "{a} and {b}");
        }
    }
}

#[test]
fn r3_a_late_and_doubled_leave_does_not_touch_the_next_life() {
    let mut world = World::new(5);
    let hosts = cluster(&mut world, 5, &params(Profile::Lan, 8));
    let leaver = hosts[4];
    let id = world.id(leaver);
    world.meddle(Some(Box::new(move |p| {
        let about_it = |s: Section<'_>| {
            let Section::Claims(claims) = s else {
                return matches!(s, Section::Leave(_));
            };
            claims.iter().filter_map(|c| c.get()).any(|c| c.subject == id)
        };
        let says_left = p.sections().is_some_and(|mut sections| sections.any(about_it));
        if says_left { Fate::Copy } else { Fate::Pass }
    })));
    world.leave(leaver).expect("it runs");
    world.run_for(Span::secs(1));
    world.meddle(None);
    assert!(world.hosts().take(4).all(|h| world.sees(h, id) == Some(State::Left)));
    let seed = world.addr(hosts[0]);
    world.restart(leaver, None, &[seed]).expect("a good spec");
    together(&mut world, 5, RESTART_WITHIN);
    let life = own_number(&world, leaver).life();
    assert!(world.release() >= 4, "the leave was not caught");
    for _ in 0..200 {
        world.run_for(Span::millis(10));
        assert!(world.all_see(5), "a leave of a former life was believed");
    }
    let late = sum(&world, |c| c.dropped(DropReason::SenderOtherLife) + c.dropped(DropReason::UnknownSender));
    assert!(late > 0, "the late leaves were not dropped as mail of another life");
    assert_eq!((own_number(&world, leaver).life(), conflicts(&world)), (life, 0));
}

#[test]
fn r4_what_others_say_of_me_only_makes_me_refute() {
    let mut world = World::new(7);
    let hosts = cluster(&mut world, 3, &params(Profile::Lan, 8));
    let (me, other) = (hosts[1], hosts[2]);
    let (addr, start) = (world.addr(me), boot(&world, me));
    for state in State::ALL {
        for ahead in [0_u32, 1, 7] {
            let own = own_number(&world, me);
            let said = Incarnation::new(own.life(), own.refutation() + ahead);
            let planted = claim(&world, me, said, *state, other);
            say(&mut world, other, me, &[planted]);
            world.run_for(Span::secs(3));
            let mine = world.node(me).expect("it runs").me();
            let what = format!("{} at {said}", state.name());
            assert_eq!((mine.state, mine.addr, mine.boot), (State::Alive, addr, start), "{what}");
            assert!(mine.incarnation >= own, "{what}: a number never falls");
            let harmless = *state == State::Alive && ahead == 0;
            assert!(harmless || mine.incarnation > said, "{what}: not refuted, still {}", mine.incarnation);
            assert!(world.all_see(3), "{what}");
        }
    }
    assert!(world.node(me).expect("it runs").counters().refutations >= 9);
}

/// Lets a fourth node join until it has sent or received `step` datagrams, and kills it there. `None`: it was in before.
fn killed_at(step: u32, seed: u64) -> Option<(World, HostId)> {
    let mut world = World::new(seed);
    let params = params(Profile::Lan, 8);
    cluster(&mut world, 3, &params);
    world.run_for(Span::secs(2));
    let steps = Rc::new(Cell::new(0));
    let seen = Rc::clone(&steps);
    world.meddle(Some(Box::new(move |p| {
        let joiner = |host: HostId| host.index() == 3;
        if joiner(p.from) || p.to.is_some_and(joiner) {
            seen.set(seen.get() + 1);
        }
        Fate::Pass
    })));
    let joiner = join_one(&mut world, "joiner", &params);
    while steps.get() < step {
        world.step();
        if world.all_see(4) {
            return None;
        }
    }
    world.meddle(None);
    world.crash(joiner, Death::Refusing);
    Some((world, joiner))
}

#[test]
fn r6_killed_at_any_step_of_joining_a_node_comes_back_on_the_same_and_on_another_address() {
    let mut steps = 0;
    for other in [None, Some(([10, 9, 9, 9], 4_100).into())] {
        for wait in [Span::ZERO, Span::millis(300), Span::secs(20)] {
            for step in 1.. {
                let Some((mut world, joiner)) = killed_at(step, 8) else {
                    break;
                };
                steps += 1;
                world.run_for(wait);
                let seed = world.addr(world.hosts().next().expect("hosts"));
                world.restart(joiner, other, &[seed]).expect("a good spec");
                together(&mut world, 4, RESTART_WITHIN);
                world.run_for(Span::secs(20));
                assert!(world.all_see(4), "step {step}, {other:?}, after {wait:?}");
                assert_eq!((conflicts(&world), failures(&world) <= 3), (0, true), "step {step}, {other:?}, {wait:?}");
                let (id, addr) = (world.id(joiner), world.addr(joiner));
                assert!(world.running().all(|(_, node)| node.member(id).is_some_and(|m| m.addr == addr)));
            }
        }
    }
    assert!(steps >= 6 * 5, "joining took {steps} steps in six runs, too few to have been looked at");
}

#[test]
fn r6_two_nodes_that_swap_addresses_stay_who_they_are() {
    for (seed, quick) in [(9, true), (10, false)] {
        let mut world = World::new(seed);
        let hosts = cluster(&mut world, 5, &params(Profile::Lan, 8));
        let (a, b) = (hosts[2], hosts[4]);
        let (at_a, at_b, first) = (world.addr(a), world.addr(b), world.addr(hosts[0]));
        world.crash(a, Death::Refusing);
        world.crash(b, Death::Refusing);
        if !quick {
            world.run_for(Span::secs(30));
        }
        world.restart(a, Some(at_b), &[first]).expect("a good spec");
        world.restart(b, Some(at_a), &[first]).expect("a good spec");
        together(&mut world, 5, RESTART_WITHIN + RESTART_WITHIN);
        world.run_for(Span::secs(20));
        assert!(world.all_see(5), "quick: {quick}");
        assert_eq!(conflicts(&world), 0, "quick: {quick}");
        for host in world.hosts() {
            for (of, addr) in [(a, at_b), (b, at_a)] {
                let seen = world.node(host).and_then(|node| node.member(world.id(of)).map(|m| m.addr));
                assert_eq!(seen, Some(addr), "{} sees {}", world.name(host), world.name(of));
            }
        }
    }
}

fn start_in(world: &mut World, cluster: &str, n: usize) -> Vec<HostId> {
    let params = params(Profile::Lan, 64);
    let mut hosts: Vec<HostId> = Vec::new();
    for i in 0..n {
        let spec = Spec { cluster: cluster.to_owned(), ..Spec::new(&format!("{cluster}{i}"), params.clone()) };
        let seeds: Vec<_> = hosts.first().map(|h| world.addr(*h)).into_iter().collect();
        hosts.push(world.start(&spec, &seeds).expect("a good spec"));
    }
    hosts
}

#[test]
fn r7_two_clusters_that_swap_a_tenth_of_their_addresses_never_mix() {
    let mut world = World::new(11);
    let (red, blue) = (start_in(&mut world, "red", 20), start_in(&mut world, "blue", 20));
    together(&mut world, 20, Span::secs(10));
    let swapped: Vec<(HostId, HostId)> = vec![(red[3], blue[7]), (red[11], blue[19])];
    let at: Vec<_> = swapped.iter().map(|(r, b)| (world.addr(*r), world.addr(*b))).collect();
    for (r, b) in &swapped {
        world.crash(*r, Death::Refusing);
        world.crash(*b, Death::Refusing);
    }
    for ((r, b), (red_addr, blue_addr)) in swapped.iter().zip(at) {
        // Each lists a seed of its own and, wrongly, one of the others.
        let seeds = [world.addr(blue[0]), world.addr(red[0])];
        world.restart(*r, Some(blue_addr), &seeds).expect("a good spec");
        world.restart(*b, Some(red_addr), &seeds).expect("a good spec");
    }
    together(&mut world, 20, Span::secs(10));
    world.run_for(Span::secs(60));
    assert!(sum(&world, |c| c.dropped(DropReason::WrongCluster)) > 0, "nothing crossed over");
    assert!(world.all_see(20));
    let mut entries = BTreeSet::new();
    for (host, node) in world.running() {
        let mine = &world.name(host)[..3];
        let foreign: Vec<_> = node.members().filter(|m| !m.name.starts_with(mine)).map(|m| m.name).collect();
        assert!(foreign.is_empty(), "{} holds {foreign:?}", world.name(host));
        entries.extend(node.members().map(|m| m.name.to_owned()));
    }
    assert_eq!(entries.len(), 40);
}

#[test]
fn a_name_that_two_use_stays_with_the_one_that_has_run_for_longer() {
    let mut world = World::new(12);
    let params = params(Profile::Lan, 16);
    let hosts = cluster(&mut world, 6, &params);
    world.run_for(Span::secs(5));
    let older = hosts[3];
    let before = table(&world, hosts[0]);
    let twin = join_one(&mut world, &name(3), &params);
    world.run_for(Span::secs(10));
    for host in [older, twin] {
        let other = if host == older { twin } else { older };
        let (our, their) = (world.addr(host), world.addr(other));
        let told = world.events(host).any(|(_, e)| {
            matches!(e, bruit::Event::NameConflict { ours, theirs, kept, .. }
                if ours == our && theirs == their && kept == (host == older))
        });
        assert!(told, "{} was not told of the conflict with both addresses", host.index());
    }
    assert_eq!(table(&world, hosts[0]), before, "nobody else notices");
    assert_eq!(failures(&world), 0);
}

#[test]
fn r3_a_node_that_restarts_before_anyone_noticed_is_known_by_its_new_life_only() {
    let mut world = World::new(13);
    let hosts = cluster(&mut world, 8, &params(Profile::Lan, 16));
    let id: NodeId = world.id(hosts[5]);
    for life in 2..6 {
        restart_and_be_seen(&mut world, hosts[5], hosts[0]);
        world.run_for(Span::millis(300));
        let start = boot(&world, hosts[5]);
        for (host, node) in world.running() {
            assert_eq!(node.member(id).map(|m| m.boot), Some(start), "life {life} at {}", world.name(host));
            assert_eq!(number_at(&world, host, id).map(Incarnation::life), Some(life));
        }
    }
    assert_eq!((conflicts(&world), failures(&world)), (0, 0));
    assert!(world.now() > Instant::ZERO && events(&world, |e| matches!(e, bruit::Event::Up(_))) > 8 * 4);
}
