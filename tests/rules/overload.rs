//! What if there are more suspects than clocks, and more texts than bytes? It takes longer, or the newcomer loses; nobody is
//! declared dead on less, nobody stays suspected for ever, nobody who is in is harmed (R28).

use bruit::sim::{Death, HostId, Spec, World};
use bruit::wire::State;
use bruit::{Capacity, Config, Event, Limits, Node, Params, Phase, Profile, Span};

use crate::support::{all_hold, cluster, events, failures, sum, together};

fn with_limits(limits: Limits) -> Params {
    Params::new(&Config::new(Profile::Lan), &limits).expect("parameters that agree with each other")
}

/// Room for so few suspects at once.
fn few_suspects(suspects: u32) -> Params {
    with_limits(Limits { suspects, ..Limits::for_members(64) })
}

/// How long until all that run hold all of `subjects` to be dead.
fn all_dead(world: &mut World, subjects: &[HostId], within: Span) -> Span {
    let begin = world.now();
    subjects.iter().for_each(|host| {
        all_hold(world, *host, State::Dead, within);
    });
    world.now().since(begin)
}

#[test]
fn half_of_all_fail_at_once_and_all_of_them_are_declared_dead_however_few_clocks_run() {
    let mut took = Vec::new();
    for suspects in [1, 4, 256] {
        for death in [Death::Silent, Death::Refusing] {
            let mut world = World::new(91);
            let hosts = cluster(&mut world, 32, &few_suspects(suspects));
            world.run_for(Span::secs(5));
            hosts[16..].iter().for_each(|host| world.crash(*host, death));
            took.push(all_dead(&mut world, &hosts[16..], Span::secs(120)));
            let waited = sum(&world, |c| c.suspicions_waiting);
            assert_eq!(waited > 0, suspects < 16, "{suspects} records: {waited} waited");
            assert!(world.all_see(16), "{suspects} records: only the dead are down");
            world.run_for(Span::secs(20));
            assert!(world.all_see(16), "{suspects} records: and it stays so");
        }
    }
    println!("until all are dead: {took:?}");
    let enough = took[4].max(took[5]);
    assert!(took.iter().all(|t| *t <= enough * 8), "with one record or four: {took:?}");
}

#[test]
fn who_was_cut_off_refutes_while_it_waits_for_a_clock_and_nobody_stays_suspected() {
    for suspects in [1, 3] {
        let mut world = World::new(92);
        let hosts = cluster(&mut world, 24, &few_suspects(suspects));
        world.run_for(Span::secs(5));
        for round in 0..4 {
            // Long enough to be suspected, most of them too short to be declared dead.
            hosts[12..].iter().for_each(|host| world.pause(*host));
            world.run_for(Span::millis(1_500 + round * 500));
            hosts[12..].iter().for_each(|host| world.resume(*host));
            together(&mut world, 24, Span::secs(60));
            let calm =
                |w: &World| w.running().all(|(_, node)| node.members().all(|member| member.state == State::Alive));
            assert!(world.run_until(Span::secs(60), calm).is_some(), "somebody stays suspected, {suspects} records");
        }
        assert!(sum(&world, |c| c.suspicions_waiting) > 0);
        assert!(events(&world, |e| matches!(e, Event::Refuted(_))) > 0);
        // The records are all there again: a death is found as fast as ever.
        let before = failures(&world);
        world.crash(hosts[20], Death::Silent);
        all_dead(&mut world, &hosts[20..21], Span::secs(15));
        assert!(failures(&world) > before);
    }
}

/// Eight places with 16 bytes of texts for each: 128 in all, 16 of them for those who are in.
fn few_texts() -> Params {
    with_limits(Limits { text_bytes: 16, profile_bytes: 64, ..Limits::for_members(8) })
}

fn tagged(name: &str, params: &Params, value: &str) -> Spec {
    Spec { tags: vec![("k".to_owned(), value.to_owned())], ..Spec::new(name, params.clone()) }
}

#[test]
fn the_newcomer_for_whose_texts_there_is_no_room_loses_and_nobody_else() {
    let mut world = World::new(93);
    let params = few_texts();
    // Four times 4 bytes of name and 20 of tags.
    let long = "x".repeat(17);
    let hosts: Vec<HostId> = (0..4)
        .map(|n| {
            let seeds: Vec<_> = world.hosts().next().map(|first| world.addr(first)).into_iter().collect();
            world.start(&tagged(&format!("n{n:03}"), &params, &long), &seeds).expect("a good spec")
        })
        .collect();
    together(&mut world, 4, Span::secs(10));
    let filling = |e: &Event| matches!(e, Event::TableFilling { capacity: Capacity::TextBytes, max: 128, .. });
    assert_eq!(events(&world, filling), 0);
    let seeds = [world.addr(hosts[0])];
    let late = world.start(&tagged("late", &params, &long), &seeds).expect("a good spec");
    world.run_for(Span::secs(20));
    assert_eq!(world.node(late).map(|n| n.phase()), Some(Phase::Joining), "24 of 128 - 96 bytes, 16 reserved");
    let full = |e: &Event| matches!(e, Event::TableFull { capacity: Capacity::TextBytes, max: 128, .. });
    assert!(events(&world, full) > 0 && sum(&world, |c| c.members_refused) > 0, "not loud");
    assert!(hosts.iter().all(|host| world.up_at(*host) == 4));
    assert_eq!((failures(&world), sum(&world, |c| c.suspicions)), (0, 0));
    // Somebody goes: there is room.
    world.leave(hosts[3]).expect("it runs");
    world.run_for(Span::secs(1));
    world.crash(hosts[3], Death::Silent);
    together(&mut world, 4, Span::secs(60));
    assert_eq!(world.node(late).map(|n| n.phase()), Some(Phase::Joined));
}

#[test]
fn a_member_comes_back_with_longer_texts_into_what_newcomers_leave_free() {
    // Of 20 bytes that are left, all; or one more.
    for (longer, fits) in [(17, true), (18, false)] {
        let mut world = World::new(94);
        let params = few_texts();
        let mut hosts = cluster(&mut world, 4, &params);
        let seeds = [world.addr(hosts[0])];
        for n in 0..4 {
            let spec = tagged(&format!("long{n}"), &params, &"x".repeat(15));
            hosts.push(world.start(&spec, &seeds).expect("a good spec"));
            world.run_for(Span::secs(2));
        }
        assert!(world.all_see(8));
        assert_eq!(usage(&world, hosts[0], "text_bytes"), (4 * 4 + 4 * (5 + 18), 128));
        world.crash(hosts[2], Death::Silent);
        let again = world.start(&tagged("n002", &params, &"x".repeat(longer)), &seeds).expect("a good spec");
        if !fits {
            world.run_for(Span::secs(30));
            assert!(sum(&world, |c| c.members_refused) > 0, "not counted");
            assert_eq!(world.up_at(hosts[0]), 7, "the old life is over, and there is no room for the new one");
            // It asks again and again, and has its place once somebody else goes.
            world.crash(hosts[7], Death::Silent);
        }
        let id = world.id(again);
        let known = |node: &Node| node.member(id).is_some_and(|m| m.tags().any(|(_, value)| value.len() == longer));
        let all_know = |w: &World| w.running().all(|(_, node)| known(node));
        assert!(world.run_until(Span::secs(120), all_know).is_some(), "{longer}");
        let (all, evicted) = (if fits { 8 } else { 7 }, sum(&world, |c| c.down_evicted));
        together(&mut world, all, Span::secs(30));
        assert_eq!(evicted > 0, !fits, "whoever went makes room");
    }
}

/// How much of a capacity a node uses, and how much there is.
fn usage(world: &World, host: HostId, name: &str) -> (u32, u32) {
    let node = world.node(host).expect("a running node");
    let (_, used, max) = node.usage().into_iter().find(|(of, _, _)| *of == name).expect("a capacity of this name");
    (used, max)
}
