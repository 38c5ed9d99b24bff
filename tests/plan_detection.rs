//! Does the planner foretell what real nodes do? Detection, false suspicions and quiet traffic, against the virtual network.

use std::time::Duration;

use bruit::plan::cost::{self, Rates};
use bruit::plan::{Demand, Detect, Detection, Fixed, Ground, Milestone, Mode, Model, Scenario, Watch, solve};
use bruit::sim::experiment::Base;
use bruit::sim::{Death, HostId, Link, Spec, World};
use bruit::wire::State;
use bruit::{Config, Counters, Limits, Params, Profile, Span};

const MEMBERS: u32 = 24;

fn config(profile: Profile) -> Config {
    Config { kernel_evidence: false, ..Config::new(profile) }
}

fn cluster(seed: u64, config: &Config) -> (World, Vec<HostId>) {
    let params = Params::new(config, &Limits::for_members(64)).expect("agrees with itself");
    let mut world = World::new(seed);
    let mut hosts: Vec<HostId> = Vec::new();
    for i in 0..MEMBERS {
        let seeds: Vec<_> = hosts.first().map(|h| world.addr(*h)).into_iter().collect();
        hosts.push(world.start(&Spec::new(&format!("n{i}"), params.clone()), &seeds).expect("a good name"));
    }
    assert!(world.run_until(Span::secs(20), |w| w.all_see(MEMBERS as usize)).is_some(), "seed {seed}");
    world.run_for(Span::secs(60));
    (world, hosts)
}

fn planned(profile: Profile, loss: f64) -> Detection {
    let round_trip = Duration::from_micros(500);
    Detection::of(Watch { members: MEMBERS, loss, round_trip, config: config(profile) }).expect("makes sense")
}

fn sum(world: &World, of: impl Fn(&Counters) -> u64) -> u64 {
    world.running().map(|(_, node)| of(node.counters())).sum()
}

/// Crashes one after the other: how long each took until each milestone.
/// At most `known` pass until all know, and `back` until the victim is back.
fn crashes(world: &mut World, hosts: &[HostId], count: usize, [known, back]: [Span; 2]) -> [Vec<f64>; 3] {
    let mut took = [const { Vec::new() }; 3];
    for i in 0..count {
        let pause = Span::millis(3_000 + u64::from(world.rng().below(1_000)));
        world.run_for(pause);
        let victim = hosts[1 + i % (hosts.len() - 1)];
        let id = world.id(victim);
        world.crash(victim, Death::Silent);
        let counts = |w: &World, state: &[State]| {
            w.running().filter(|(h, _)| w.sees(*h, id).is_some_and(|s| state.contains(&s))).count()
        };
        let all = hosts.len() - 1;
        let mut since = Span::ZERO;
        for (took, (states, needed)) in took.iter_mut().zip([
            (&[State::Suspect, State::Dead][..], 1),
            (&[State::Dead][..], 1),
            (&[State::Dead][..], all),
        ]) {
            let found = world.run_until(known, |w| counts(w, states) >= needed);
            since = since + found.unwrap_or_else(|| panic!("found, seed {}", world.seed()));
            took.push(since.as_micros() as f64 * 1e-6);
        }
        let seed = world.addr(hosts[0]);
        world.restart(victim, None, &[seed]).expect("a good spec");
        assert!(world.run_until(back, |w| w.all_see(hosts.len())).is_some(), "seed {}", world.seed());
    }
    took
}

#[test]
fn a_departure_costs_each_node_what_a_piece_of_news_is_planned_to() {
    const WATCHED: Span = Span::secs(20);
    for nodes in [100, 400] {
        let base = Base::new(nodes, Profile::Lan);
        let mut world = base.world(31, 0);
        let hosts = world.form(&base.specs(&base.params(0).expect("agrees with itself"))).expect("good specs");
        world.run_for(Span::secs(30));
        let watch = Watch { members: nodes, loss: 0.0, round_trip: Duration::from_micros(500), config: base.config };
        let (interval, fanout) = (watch.config.gossip_interval, watch.config.fanout);
        let scenario = Scenario { nodes, mode: Mode::Push, fanout, loss: 0.0, dead: 0.0 };
        let model = Model::try_from(scenario).expect("makes sense");
        let planned = Rates::of(&model, &Detection::of(watch).expect("makes sense"), interval, 24, 0.0);
        let before = world.tally();
        world.leave(hosts[7]).expect("a member leaves");
        world.run_for(WATCHED);
        let after = world.tally();
        let beyond = |sent: u64, quiet: f64| sent as f64 / f64::from(nodes - 1) - quiet * 20.0;
        let datagrams = beyond(after.sent - before.sent, planned.quiet.datagrams);
        let bytes = beyond(after.bytes - before.bytes, planned.quiet.bytes);
        for (measured, planned) in [(datagrams, planned.piece.datagrams), (bytes, planned.piece.bytes)] {
            assert!((measured / planned - 1.0).abs() < 0.08, "{nodes} nodes, seed 31: {measured}, planned {planned}");
        }
    }
}

#[test]
fn silence_is_noticed_judged_and_known_when_it_was_planned() {
    let (mut world, hosts) = cluster(17, &config(Profile::Lan));
    let plan = planned(Profile::Lan, 0.0);
    let took = crashes(&mut world, &hosts, 60, [60, 20].map(Span::secs));
    for (mut took, milestone) in took.into_iter().zip(Milestone::ALL) {
        took.sort_by(f64::total_cmp);
        let n = took.len() as f64;
        let mean = took.iter().sum::<f64>() / n;
        let error = (took.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt();
        let (median, planned) = (took[took.len() / 2], plan.quantile(milestone, 0.5));
        assert!(
            (median - planned).abs() < 0.15 + 4.0 * error,
            "{milestone:?}: {median} s, planned {planned} s, seed 17"
        );
    }
}

#[test]
fn what_the_planner_recommends_keeps_its_promise() {
    const CRASHES: usize = 100;
    for (within, loss) in [(Duration::from_secs(8), 0.0), (Duration::from_secs(15), 0.1)] {
        let config = config(Profile::Lan);
        let watch = Watch { members: MEMBERS, loss, round_trip: Duration::from_micros(500), config };
        let scenario = Scenario { nodes: MEMBERS, mode: Mode::Push, fanout: watch.config.fanout, loss, dead: 0.0 };
        let ground =
            Ground { watch, scenario, payload: 24, news_per_second: 0.0, latency: None, fixed: Fixed::default() };
        let demand = Demand {
            detect: Some(Detect { within, milestone: Milestone::Known }),
            know_within: None,
            coverage: 1.0,
            confidence: 0.9,
            bytes_max: None,
            false_positives_max: Some(0.1),
        };
        let answer = solve(&ground, &demand).expect("makes sense");
        assert!(answer.met, "{answer:?}");
        let (mut world, hosts) = cluster(29, &answer.watch.config);
        world.network.set_all(Link { loss_permille: (loss * 1e3) as u32, ..Link::default() });
        let [_, _, mut known] = crashes(&mut world, &hosts, CRASHES, [100, 60].map(Span::secs));
        known.sort_by(f64::total_cmp);
        // Of a hundred 90 are expected in time, and 81 with three standard errors.
        let in_time = known.partition_point(|took| *took <= within.as_secs_f64());
        assert!(in_time >= 81, "{loss}: {in_time} of {CRASHES} within {within:?}, seed 29: {:?}", answer.watch.config);
        // Nor is the promise kept by wasting: the median is not far below what is planned for it.
        let (median, planned) = (known[CRASHES / 2], answer.detection.quantile(Milestone::Known, 0.5));
        assert!((median / planned - 1.0).abs() < 0.15, "{loss}: {median} s, planned {planned} s, seed 29");
    }
}

#[test]
fn loss_accuses_the_living_as_often_as_planned() {
    // The planner leaves out that any other datagram is proof of life as well: a tenth less is expected.
    for (profile, permille) in [(Profile::Lan, 300), (Profile::Local, 400)] {
        let config = Config { expected_loss_permille: permille, ..config(profile) };
        let (mut world, _) = cluster(19, &config);
        world.network.set_all(Link { loss_permille: permille, ..Link::default() });
        let before = (sum(&world, |c| c.probes), sum(&world, |c| c.accusations));
        world.run_for(Span::secs(600));
        let (probes, accused) = (sum(&world, |c| c.probes) - before.0, sum(&world, |c| c.accusations) - before.1);
        let planned = planned(profile, f64::from(permille) / 1e3).probe().accuses * probes as f64;
        let off = (accused as f64 - planned).abs();
        let said = format!("{accused} of {probes} probes at {permille} permille, planned {planned}, seed 19");
        assert!(planned > 30.0 && off < 0.1 * planned + 4.0 * planned.sqrt(), "{said}");
    }
}

#[test]
fn quiet_costs_what_was_planned() {
    let (mut world, hosts) = cluster(23, &config(Profile::Lan));
    let sent = |w: &World| (sum(w, |c| c.datagrams_sent), sum(w, |c| c.bytes_sent));
    let before = sent(&world);
    let seconds = 100;
    world.run_for(Span::secs(seconds));
    let after = sent(&world);
    let per = |n: u64| n as f64 / hosts.len() as f64 / seconds as f64;
    let (datagrams, bytes) = (per(after.0 - before.0), per(after.1 - before.1));
    let planned = cost::quiet(&planned(Profile::Lan, 0.0));
    assert!((datagrams - planned.datagrams).abs() < 0.02 * planned.datagrams, "{datagrams}, planned {planned:?}");
    assert!((bytes - planned.bytes).abs() < 0.02 * planned.bytes, "{bytes}, planned {planned:?}");
    assert_eq!((planned.datagrams, planned.bytes), (2.0, 104.0));
}
