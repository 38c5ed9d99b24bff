//! Push, pull, and both: who says what by itself, and that any two get along (Demers et al., PODC 1987 §1.3).

use bruit::sim::check::disquiet;
use bruit::sim::{Bounds, HostId, Latency, Link, Observer, Passing, Spec, World};
use bruit::wire::Section;
use bruit::{Class, Config, Limits, Mode, Params, Profile, Span, Write};

use super::support::own;

/// What travelled about state, by who sent it.
#[derive(Default)]
struct Said {
    /// Pages that answered nobody.
    unasked: Vec<u64>,
    /// Pages with an ack.
    with_acks: Vec<u64>,
    wants: Vec<u64>,
    datagrams: u64,
}

impl Observer for Said {
    fn sent(&mut self, passing: &Passing<'_>) {
        let from = passing.from.index();
        let longest = self.wants.len().max(from + 1);
        for said in [&mut self.unasked, &mut self.with_acks, &mut self.wants] {
            said.resize(longest, 0);
        }
        self.datagrams += 1;
        let sections: Vec<_> = passing.sections().into_iter().flatten().collect();
        let answers = sections.iter().any(|section| matches!(section, Section::Ack(_)));
        for section in sections {
            match section {
                Section::StatePage(_) if answers => self.with_acks[from] += 1,
                Section::StatePage(_) => self.unasked[from] += 1,
                Section::StateWants(_) => self.wants[from] += 1,
                _ => {}
            }
        }
    }
}

type Cluster = World<Said>;

/// Members at rest, of these modes in turn.
fn cluster(seed: u64, nodes: u32, modes: &[Mode], profile: Profile) -> (Cluster, Vec<HostId>) {
    let limits = Limits::for_members(nodes + 8);
    let specs: Vec<Spec> = (0..nodes)
        .zip(modes.iter().cycle())
        .map(|(n, mode)| {
            let config = Config { state_mode: *mode, ..Config::new(profile) };
            Spec::new(&format!("n{n}"), Params::new(&config, &limits).expect("consistent"))
        })
        .collect();
    let bounds = Bounds { hosts: nodes, events: 0, in_flight: 1 << 20, ..Bounds::default() };
    let mut world = World::watched(seed, bounds, Said::default());
    world.network.set_all(Link { latency: Latency::Constant(Span::micros(100)), ..Link::default() });
    let hosts = world.form(&specs).expect("good specs");
    world.run_for(Span::secs(5));
    (world, hosts)
}

fn roots(world: &Cluster, hosts: &[HostId]) -> Vec<u64> {
    hosts.iter().map(|host| world.node(*host).expect("it runs").state_root()).collect()
}

fn count(world: &Cluster, host: HostId) -> usize {
    let now = bruit::Instant::ZERO + world.clock(host);
    let node = world.node(host).expect("it runs");
    let mut next = node.next_state_from(now, 0);
    let mut count = 0;
    while let Some((place, _)) = next {
        count += 1;
        next = node.next_state_from(now, place + 1);
    }
    count
}

/// Whether all hold so many keys and say the same of them.
fn in_step(world: &Cluster, hosts: &[HostId], keys: usize) -> bool {
    let roots = roots(world, hosts);
    roots.iter().all(|root| *root == roots[0]) && hosts.iter().all(|host| count(world, *host) == keys)
}

#[test]
fn two_of_any_modes_that_each_hold_something_more_come_to_hold_the_same() {
    for (one, other) in Mode::ALL.into_iter().flat_map(|one| Mode::ALL.map(|other| (one, other))) {
        let (mut world, hosts) = cluster(1, 2, &[one, other], Profile::Local);
        // For longer than anything is told.
        world.network.cut_both(hosts[0], hosts[1]);
        for (nth, host) in hosts.iter().enumerate() {
            (0..=nth).for_each(|key| world.write(*host, own(&format!("key{key}"), "v")).expect("taken"));
        }
        world.run_for(Span::secs(1));
        world.network.heal();
        let healed = world.run_until(Span::secs(60), |w| in_step(w, &hosts, 3));
        assert!(healed.is_some(), "{one:?} and {other:?}: {:?}", roots(&world, &hosts));
    }
}

#[test]
fn halves_of_any_modes_heal() {
    for (one, other) in Mode::ALL.into_iter().flat_map(|one| Mode::ALL.map(|other| (one, other))) {
        let (mut world, hosts) = cluster(2, 12, &[one, other], Profile::Local);
        let (a, b): (Vec<_>, Vec<_>) = hosts.iter().partition(|host| host.index() % 2 == 0);
        world.network.partition(&[&a, &b]);
        hosts.iter().for_each(|host| world.write(*host, own("key", "v")).expect("taken"));
        world.run_for(Span::secs(20));
        assert!(!in_step(&world, &hosts, 12));
        world.network.heal();
        let healed = world.run_until(Span::secs(120), |w| in_step(w, &hosts, 12) && disquiet(w).is_empty());
        assert!(healed.is_some(), "{one:?} and {other:?}");
    }
}

#[test]
fn one_among_many_of_any_modes_comes_to_hold_what_they_hold_and_they_what_it_holds() {
    // It alone sees that it differs: all others are in step with all others.
    for (one, others) in Mode::ALL.into_iter().flat_map(|one| Mode::ALL.map(|other| (one, other))) {
        let (mut modes, nodes) = (vec![one], 40);
        modes.resize(nodes as usize, others);
        let (mut world, hosts) = cluster(7, nodes, &modes, Profile::Lan);
        world.network.partition(&[&hosts[..1]]);
        world.write(hosts[0], own("mine", "v")).expect("taken");
        world.write(hosts[1], own("theirs", "v")).expect("taken");
        let told = world.run_until(Span::secs(30), |w| in_step(w, &hosts[1..], 1));
        assert!(told.is_some(), "{others:?} among themselves");
        world.network.heal();
        let healed = world.run_until(Span::secs(60), |w| in_step(w, &hosts, 2));
        assert!(healed.is_some(), "{one:?} among {others:?}: {}", count(&world, hosts[0]));
    }
}

#[test]
fn who_pulls_tells_nothing_but_in_answers_and_comes_to_hold_everything() {
    let (mut world, hosts) = cluster(3, 30, &[Mode::Pull], Profile::Lan);
    for host in &hosts {
        let urgent = Write { class: Class::Urgent, ..own("urgent", "v") };
        world.write(*host, urgent).expect("taken");
    }
    // Until fingerprints count them, only who pings is told.
    world.run_for(Span::millis(400));
    let said = &world.observer;
    assert_eq!(said.unasked.iter().chain(&said.wants).sum::<u64>(), 0);
    assert!(said.with_acks.iter().sum::<u64>() > 0);
    let all = world.run_until(Span::secs(20), |w| in_step(w, &hosts, 30));
    assert!(all.is_some());
    // Whoever differed has asked around; nobody does once all agree.
    let asks =
        |w: &Cluster| hosts.iter().map(|host| w.node(*host).expect("it runs").counters().state_asks).sum::<u64>();
    let asked = asks(&world);
    assert!(asked > 0);
    world.run_for(Span::secs(10));
    let settled = asks(&world);
    world.run_for(Span::secs(30));
    assert_eq!(asks(&world), settled);
}

#[test]
fn who_pushes_asks_for_nothing_where_others_push() {
    let (mut world, hosts) = cluster(4, 20, &[Mode::Push, Mode::PushPull], Profile::Lan);
    let (away, rest) = hosts.split_at(1);
    world.network.partition(&[away, rest]);
    world.write(hosts[3], own("key", "v")).expect("taken");
    world.run_for(Span::millis(1_500));
    world.network.heal();
    assert!(world.run_until(Span::secs(30), |w| in_step(w, &hosts, 1)).is_some());
    assert_eq!(world.observer.wants[away[0].index()], 0);
    let asks = hosts.iter().map(|host| world.node(*host).expect("it runs").counters().state_asks);
    assert_eq!(asks.sum::<u64>(), 0, "who is told need not ask");
}

#[test]
fn in_step_no_mode_sends_anything_about_it() {
    let quiet = |modes: &[Mode]| {
        let (mut world, hosts) = cluster(5, 12, modes, Profile::Lan);
        world.write(hosts[0], own("key", "v")).expect("taken");
        world.run_for(Span::secs(60));
        assert!(in_step(&world, &hosts, 1));
        let before = world.observer.datagrams;
        world.run_for(Span::secs(60));
        world.observer.datagrams - before
    };
    // A ping and its ack a second each, nobody of whom has anything to tell.
    for modes in [[Mode::Pull, Mode::Pull], [Mode::Push, Mode::Push], [Mode::Push, Mode::Pull]] {
        let datagrams = quiet(&modes);
        assert!(datagrams <= 12 * 61 * 2, "{modes:?}: {datagrams}");
    }
}

#[test]
fn the_ack_of_a_question_is_no_late_answer_of_a_probe() {
    let (mut world, hosts) = cluster(6, 50, &[Mode::Pull], Profile::Lan);
    world.write(hosts[0], own("key", "v")).expect("taken");
    let asked = world.run_until(Span::secs(20), |w| {
        hosts.iter().any(|host| w.node(*host).expect("it runs").counters().state_asks > 0)
    });
    assert!(asked.is_some());
    assert!(world.run_until(Span::secs(20), |w| in_step(w, &hosts, 1)).is_some());
    let late = hosts.iter().map(|host| world.node(*host).expect("it runs").counters().late_answers);
    assert_eq!(late.sum::<u64>(), 0);
}
