//! Does everybody get in, once, and only as a whole? R5, R11, R30, seeds that are dead, cold starts.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use bruit::sim::{Death, Fate, HostId, Link, Spec, World};
use bruit::wire::Kind;
use bruit::{Event, Phase, Profile, Span};

use crate::support::{cluster, conflicts, events, failures, join_one, name, params, sum, table, together};

/// How long a join takes when nothing goes wrong and one seed answers: a few round trips, with room.
const JOINED_WITHIN: Span = Span::secs(1);

/// Three nodes; a fourth joins, restarts where `restart`. The `nth` answer of `kind` to it meets its `fate`; what is held comes
/// after `hold`. Returns everybody's tables when all is quiet, and whether anything was held.
fn with_a_late_answer(kind: Kind, nth: u32, fate: Fate, hold: Span, restart: bool) -> (Vec<Vec<String>>, bool) {
    let mut world = World::new(21);
    let params = params(Profile::Lan, 8);
    cluster(&mut world, 3, &params);
    world.run_for(Span::secs(2));
    let count = Cell::new(0);
    let joins: fn(HostId) -> bool = |host| host.index() == 3;
    world.meddle(Some(Box::new(move |p| {
        if !p.to.is_some_and(joins) || !p.has(kind) {
            return Fate::Pass;
        }
        count.set(count.get() + 1);
        if count.get() == nth { fate } else { Fate::Pass }
    })));
    let joiner = join_one(&mut world, "joiner", &params);
    if restart {
        world.run_for(Span::millis(20));
        world.crash(joiner, Death::Silent);
        let seed = world.addr(world.hosts().next().expect("hosts"));
        world.restart(joiner, None, &[seed]).expect("a good spec");
    }
    world.run_for(hold);
    let held = world.held() > 0;
    world.meddle(None);
    world.release();
    together(&mut world, 4, Span::secs(20));
    world.run_for(Span::secs(10));
    assert!(world.all_see(4), "{kind:?} {nth} held {hold:?}");
    assert_eq!((conflicts(&world), failures(&world)), (0, 0), "{kind:?} {nth} held {hold:?}");
    (world.hosts().map(|h| table(&world, h)).collect(), held)
}

#[test]
fn r5_a_late_answer_leads_to_the_same_state_as_a_lost_one() {
    // A round is what a joining node waits between two hellos.
    let round = Span::millis(100);
    let mut held = 0;
    for restart in [false, true] {
        for kind in [Kind::Cookie, Kind::Page, Kind::Whois] {
            for nth in 1..=3 {
                for rounds in [1, 10, 1_000] {
                    let hold = round * rounds;
                    let (expected, _) = with_a_late_answer(kind, nth, Fate::Drop, hold, restart);
                    let (tables, was_held) = with_a_late_answer(kind, nth, Fate::Hold, hold, restart);
                    held += u32::from(was_held);
                    assert_eq!(tables, expected, "{kind:?} {nth} held {rounds} rounds, restart: {restart}");
                }
            }
        }
    }
    assert!(held >= 12, "only {held} answers could be held");
}

#[test]
fn r30_a_joining_node_is_seen_by_nobody_before_it_holds_all_members() {
    let mut world = World::new(22);
    let params = params(Profile::Lan, 64);
    cluster(&mut world, 30, &params);
    // Two of three pages are lost, so that the walk takes a while.
    let n = Cell::new(0);
    world.meddle(Some(Box::new(move |p| {
        n.set(n.get() + u32::from(p.has(Kind::Page)));
        if p.has(Kind::Page) && !n.get().is_multiple_of(3) { Fate::Drop } else { Fate::Pass }
    })));
    let joiner = join_one(&mut world, "joiner", &params);
    let id = world.id(joiner);
    let mut waited = 0;
    while world.node(joiner).expect("it runs").phase() == Phase::Joining {
        let seen = world.running().any(|(host, node)| host != joiner && node.member(id).is_some());
        assert!(!seen, "seen while it joins");
        waited += 1;
        assert!(world.step() && waited < 100_000, "never joined");
    }
    assert!(world.tally().meddled > 0 && waited > 10);
    assert_eq!(world.up_at(joiner), 31, "it holds all members when it is one");
    together(&mut world, 31, JOINED_WITHIN);
}

#[test]
fn r11_whoever_is_seen_is_seen_with_its_whole_profile() {
    let mut world = World::new(23);
    world.network.set_all(Link { loss_permille: 200, ..Link::default() });
    let params = params(Profile::Lan, 32);
    let mut first = None;
    for i in 0..16 {
        let spec = Spec {
            zone: format!("zone{i}"),
            tags: vec![("port".to_owned(), format!("{i}")), ("role".to_owned(), "storage".to_owned())],
            ..Spec::new(&name(i), params.clone())
        };
        let seeds: Vec<SocketAddr> = first.into_iter().collect();
        let host = world.start(&spec, &seeds).expect("a good spec");
        first = first.or(Some(world.addr(host)));
    }
    let whole = |w: &World| {
        w.running().all(|(_, node)| {
            node.members().all(|m| {
                let i = m.name[1..].parse::<usize>().ok();
                i.is_some_and(|i| m.zone == format!("zone{i}") && m.tags().count() == 2)
            })
        })
    };
    for _ in 0..2_000 {
        world.run_for(Span::millis(5));
        assert!(whole(&world), "a member without its profile");
    }
    assert!(world.tally().lost > 100);
    together(&mut world, 16, Span::secs(30));
}

#[test]
fn one_living_seed_is_enough_wherever_it_stands_in_the_list() {
    let dead: Vec<SocketAddr> = (1..=4).map(|i| ([10, 8, 0, i], 4_100).into()).collect();
    for at in 0..=dead.len() {
        let mut world = World::new(24);
        let params = params(Profile::Lan, 8);
        let hosts = cluster(&mut world, 2, &params);
        let mut seeds = dead.clone();
        seeds.insert(at, world.addr(hosts[1]));
        world.start(&Spec::new("joiner", params.clone()), &seeds).expect("a good spec");
        together(&mut world, 3, JOINED_WITHIN);
        assert!(world.tally().nowhere > 0, "the dead seeds were not asked");
    }
}

#[test]
fn a_node_with_seeds_never_founds_a_cluster_of_its_own() {
    let mut world = World::new(25);
    let params = params(Profile::Local, 8);
    let nobody: SocketAddr = ([10, 8, 0, 1], 4_100).into();
    let lonely = world.start(&Spec::new("lonely", params.clone()), &[nobody]).expect("a good spec");
    world.run_for(Span::secs(3_600));
    assert_eq!(world.node(lonely).map(|n| n.phase()), Some(Phase::Joining));
    assert!(sum(&world, |c| c.sent(Kind::Hello)) > 10, "it goes on asking");
    assert!(sum(&world, |c| c.sent(Kind::Hello)) < 3_600 * 2, "more and more rarely");
    world.start(&Spec { addr: Some(nobody), ..Spec::new("late", params) }, &[]).expect("a good spec");
    together(&mut world, 2, Span::secs(10));
}

/// The clusters that running nodes believe in, as sets of ids.
fn clusters(world: &World) -> usize {
    let mut sets: Vec<Vec<u64>> = world
        .running()
        .map(|(_, node)| {
            let mut ids: Vec<u64> = node.members().filter(|m| m.state.is_up()).map(|m| m.id.as_u64()).collect();
            ids.sort_unstable();
            ids
        })
        .collect();
    sets.sort();
    sets.dedup();
    sets.len()
}

#[test]
fn a_cold_start_of_nodes_that_list_each_other_makes_one_cluster() {
    for (seed, n) in (0..20).map(|s| (s, 2 + (s as usize) % 9)) {
        let mut world = World::new(seed);
        world.network.set_all(Link { loss_permille: 50, ..Link::default() });
        let params = params(Profile::Lan, 16);
        let addrs: Vec<SocketAddr> = (1..=n as u8).map(|i| ([10, 0, 0, i], 4_100).into()).collect();
        for i in 0..n {
            let others: Vec<SocketAddr> = addrs.iter().copied().filter(|a| *a != addrs[i]).collect();
            world.start(&Spec::new(&name(i), params.clone()), &others).expect("a good spec");
            let pause = Span::millis(u64::from(world.rng().below(300)));
            world.run_for(pause);
        }
        together(&mut world, n, Span::secs(15));
        assert_eq!(clusters(&world), 1, "{n} nodes");
        assert_eq!(failures(&world), 0, "{n} nodes");
    }
}

#[test]
fn a_cold_start_in_which_some_never_come_makes_one_cluster_of_the_others() {
    for seed in 30..40 {
        let mut world = World::new(seed);
        let params = params(Profile::Lan, 16);
        let addrs: Vec<SocketAddr> = (1..=7_u8).map(|i| ([10, 0, 0, i], 4_100).into()).collect();
        for i in 0..4 {
            let others: Vec<SocketAddr> = addrs.iter().copied().filter(|a| *a != addrs[i]).collect();
            world.start(&Spec::new(&name(i), params.clone()), &others).expect("a good spec");
        }
        together(&mut world, 4, Span::secs(15));
        assert_eq!(clusters(&world), 1);
    }
}

#[test]
fn an_address_without_a_way_back_gets_nothing_larger_than_it_sent() {
    let mut world = World::new(26);
    let params = params(Profile::Lan, 64);
    let hosts = cluster(&mut world, 20, &params);
    let (asked, answered) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (a, b) = (Rc::clone(&asked), Rc::clone(&answered));
    world.meddle(Some(Box::new(move |p| {
        let joins = |host: HostId| host.index() == 20;
        if joins(p.from) {
            a.set(a.get() + p.bytes.len());
        }
        if p.to.is_some_and(joins) {
            b.set(b.get() + p.bytes.len());
            return Fate::Drop;
        }
        Fate::Pass
    })));
    let deaf = join_one(&mut world, "deaf", &params);
    world.run_for(Span::secs(60));
    assert!(answered.get() > 0, "nobody answered");
    assert!(answered.get() <= asked.get(), "{} bytes for {}", answered.get(), asked.get());
    assert_eq!(world.node(deaf).map(|n| n.phase()), Some(Phase::Joining));
    assert!(hosts.iter().all(|h| world.up_at(*h) == 20));
    assert_eq!(events(&world, |e| matches!(e, Event::Suspected(_))), 0);
}
