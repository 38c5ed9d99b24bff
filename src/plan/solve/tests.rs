use super::*;
use crate::Limits;
use crate::config::{Config, Params, Profile};
use crate::plan::cost;
use crate::plan::event::EventTime;
use crate::plan::model::Mode;
use crate::plan::probe::Probe;
use crate::plan::rounds::Arrival;

/// As every search allows itself.
const SAME: f64 = search::SAME;

fn ground(members: u32, loss: f64) -> Ground {
    let config = Config::new(Profile::Lan);
    let scenario = Scenario { nodes: members, mode: Mode::Push, fanout: config.fanout, loss, dead: 0.0 };
    let watch = Watch { members, loss, round_trip: Duration::from_micros(500), config };
    Ground { watch, scenario, payload: 24, news_per_second: 0.0, latency: None, fixed: Fixed::default() }
}

const NOTHING: Demand = Demand {
    detect: None,
    know_within: None,
    coverage: 1.0,
    confidence: 0.95,
    bytes_max: None,
    false_positives_max: None,
};

fn detect(seconds: f64) -> Demand {
    let detect = Detect { within: Duration::from_secs_f64(seconds), milestone: Milestone::Known };
    Demand { detect: Some(detect), ..NOTHING }
}

fn know(seconds: f64) -> Demand {
    Demand { know_within: Some(Duration::from_secs_f64(seconds)), ..NOTHING }
}

fn solved(ground: &Ground, demand: &Demand) -> Answer {
    solve(ground, demand).expect("makes sense")
}

/// What the search minimizes, where no news is expected.
fn cost_of(answer: &Answer) -> f64 {
    answer.traffic().bytes + search::CALM * answer.rounds.bytes
}

/// The slow way: every combination of these, worked out from scratch. Nothing that does what is asked is cheaper.
fn assert_nothing_is_cheaper(ground: &Ground, demand: &Demand) {
    let answer = solved(ground, demand);
    assert!(answer.met && demand.bytes_max.is_none(), "{answer:?}");
    let found = cost_of(&answer);
    let detect = demand.detect.expect("a failure shall be noticed");
    let every = if cfg!(debug_assertions) { 24 } else { 6 };
    let config = &ground.watch.config;
    let intervals = grid::between(Duration::from_millis(20), search::PROBE_INTERVAL_MAX);
    let (mut cheaper, mut kept) = (0, 0);
    for fanout in [1, 2, 3, 4, 5, 8, 16] {
        let model = Model::try_from(ground.scenario_of(fanout)).expect("makes sense");
        let round = cost::one_round(&model, ground.payload, config.max_datagram).bytes;
        for helpers in [1, 2, 3, 5, 8] {
            let probe = cost::one_probe(&Probe::of(ground.watch.loss, helpers)).bytes;
            for probe_interval in intervals.iter().skip(1).step_by(every).filter(|t| **t >= config.ack_floor) {
                let gossip = |g: &&Duration| **g <= *probe_interval && **g <= config.pause_to_forgive;
                for gossip_interval in intervals.iter().step_by(every).filter(gossip) {
                    let mut watch = with_probe_interval(&ground.watch, *probe_interval);
                    (watch.config.gossip_interval, watch.config.fanout) = (*gossip_interval, fanout);
                    watch.config.helpers = helpers;
                    let rounds = search::CALM * round / gossip_interval.as_secs_f64();
                    let probes = probe / probe_interval.as_secs_f64();
                    if rounds + probes >= found * (1.0 - SAME) {
                        continue;
                    }
                    let detection = Detection::among(watch, demand.coverage).expect("makes sense");
                    assert!(
                        (cost::quiet(&detection).bytes / probes - 1.0).abs() < 1e-6,
                        "{helpers} {probe_interval:?}"
                    );
                    let accused = detection.false_suspicions_per_hour();
                    let in_time =
                        detection.quantile(detect.milestone, demand.confidence) <= detect.within.as_secs_f64();
                    cheaper += 1;
                    kept += u32::from(accused <= demand.false_positives_max.unwrap_or(f64::INFINITY));
                    let meets = in_time && accused <= demand.false_positives_max.unwrap_or(f64::INFINITY);
                    assert!(!meets, "{probe_interval:?} {gossip_interval:?} {fanout} {helpers} beats {answer:?}");
                }
            }
        }
    }
    assert!(cheaper > 100 && kept > 50, "{cheaper} cheaper ones, {kept} of them within the limits");
}

#[test]
fn nothing_in_the_grid_is_cheaper_without_loss() {
    assert_nothing_is_cheaper(&ground(1_000, 0.0), &detect(20.0));
}

#[test]
fn nothing_in_the_grid_is_cheaper_in_a_small_cluster_that_loses_much() {
    let demand = Demand { false_positives_max: Some(0.1), coverage: 0.9, ..detect(15.0) };
    assert_nothing_is_cheaper(&ground(24, 0.25), &demand);
}

#[test]
fn the_time_binds_where_less_would_be_too_late() {
    let answer = solved(&ground(1_000, 0.01), &detect(20.0));
    assert!(answer.met && answer.binding == Binding::DetectWithin, "{answer:?}");
    assert!(answer.detected.is_some_and(|t| 19.0 < t && t <= 20.0), "{answer:?}");
}

#[test]
fn more_time_fewer_who_know_and_less_certainty_are_cheaper() {
    let bytes = |demand: &Demand| cost_of(&solved(&ground(1_000, 0.05), demand));
    let base = bytes(&detect(20.0));
    assert!(bytes(&detect(30.0)) < base);
    assert!(bytes(&Demand { coverage: 0.9, ..detect(20.0) }) < base);
    assert!(bytes(&Demand { confidence: 0.9, ..detect(20.0) }) < base);
}

#[test]
fn nothing_binds_where_the_cheapest_does() {
    for demand in [detect(100_000.0), Demand { false_positives_max: Some(1e3), ..detect(100_000.0) }, know(1_000.0)] {
        let answer = solved(&ground(1_000, 0.01), &demand);
        assert!(answer.met && answer.binding == Binding::Nothing, "{answer:?}");
    }
}

#[test]
fn traffic_binds_where_its_limit_does_not_pay_and_the_nearest_keeps_it() {
    let poor = Demand { bytes_max: Some(200.0), ..detect(20.0) };
    let answer = solved(&ground(1_000, 0.01), &poor);
    assert!(!answer.met && answer.binding == Binding::Bytes, "{answer:?}");
    let reached = answer.detected.expect("asked for");
    assert!(answer.busy().bytes <= 200.0 && reached > 20.0, "{answer:?}");
    // Nor is anything nearer by more than a hundredth.
    let nearer = solved(&ground(1_000, 0.01), &Demand { bytes_max: Some(200.0), ..detect(reached * 0.98) });
    assert!(!nearer.met, "{nearer:?}");
    let enough = solved(&ground(1_000, 0.01), &Demand { bytes_max: Some(400.0), ..detect(20.0) });
    assert!(enough.met && enough.busy().bytes <= 400.0, "{enough:?}");
    // Less than the cheapest takes: then that is the nearest.
    let broke = solved(&ground(1_000, 0.01), &Demand { bytes_max: Some(1.0), ..detect(20.0) });
    assert!(!broke.met && broke.binding == Binding::Bytes && broke.busy().bytes < 100.0, "{broke:?}");
}

#[test]
fn the_promise_to_forgive_binds_and_the_longest_that_would_do_is_said() {
    let asked = detect(1.2);
    let answer = solved(&ground(1_000, 0.0), &asked);
    let Binding::PauseToForgive(Some(pause)) = answer.binding else { panic!("{answer:?}") };
    assert!(!answer.met && answer.detected.is_some_and(|t| t > 1.2), "{answer:?}");
    let with = |pause: Duration| {
        let mut ground = ground(1_000, 0.0);
        ground.watch.config.pause_to_forgive = pause;
        solved(&ground, &asked)
    };
    assert!(with(pause).met, "{pause:?}");
    let longer = grid::between(pause, Duration::from_secs(1))[1];
    assert!(!with(longer).met, "{longer:?}");
    // Where the traffic is in the way as well no pause alone would do, and where no pause does it is the time.
    let poor = solved(&ground(1_000, 0.0), &Demand { bytes_max: Some(100.0), ..asked });
    assert_eq!((poor.met, poor.binding), (false, Binding::PauseToForgive(None)));
    assert_eq!(solved(&ground(1_000, 0.0), &detect(0.1)).binding, Binding::DetectWithin);
}

#[test]
fn false_positives_bind_and_cost_helpers() {
    let lossy = ground(1_000, 0.3);
    let careless = solved(&lossy, &detect(30.0));
    let careful = solved(&lossy, &Demand { false_positives_max: Some(0.1), ..detect(30.0) });
    assert!(careful.met && careful.binding == Binding::DetectWithin, "the time costs more: {careful:?}");
    let patient = solved(&lossy, &Demand { false_positives_max: Some(0.1), ..detect(1_000.0) });
    assert!(patient.met && patient.binding == Binding::FalsePositives, "{patient:?}");
    assert!(careful.false_positives <= 0.1 && careless.false_positives > 1.0, "{careless:?}");
    assert!(careful.watch.config.helpers > careless.watch.config.helpers && cost_of(&careful) > cost_of(&careless));
    let strict = Demand { false_positives_max: Some(1e-4), ..detect(30.0) };
    let answer = solved(&lossy, &strict);
    assert!(!answer.met && answer.binding == Binding::FalsePositives, "{answer:?}");
    // None is that careful: the nearest is as careful as any can be.
    assert!(answer.false_positives < 0.01 && answer.watch.config.helpers == 8, "{answer:?}");
}

#[test]
fn news_is_known_in_time_and_with_a_longer_interval_it_would_not_be() {
    for latency in [None, Some(Duration::from_millis(1))] {
        for (nodes, coverage) in [(1_000, 0.99), (1_000, 1.0), (100, 1.0)] {
            let ground = Ground { latency, ..ground(nodes, 0.1) };
            let answer = solved(&ground, &Demand { coverage, ..know(3.0) });
            assert!(answer.met && answer.binding == Binding::KnowWithin && answer.detected.is_none(), "{answer:?}");
            let config = &answer.watch.config;
            assert_eq!(
                (config.probe_interval, config.helpers),
                (Duration::from_secs(1), 3),
                "nothing is asked of probes"
            );
            let model = Model::try_from(ground.scenario_of(config.fanout)).expect("makes sense");
            let takes = |interval: f64| match latency {
                None => f64::from(Arrival::of(&model, coverage).quantile(0.95).expect("ends")) * interval,
                Some(l) => {
                    let event = EventTime::of(&model, l.as_secs_f64() / interval).expect("makes sense");
                    event.time_to(coverage, 0.95) * interval
                }
            };
            let interval = config.gossip_interval.as_secs_f64();
            assert!(takes(interval) <= 3.0 && takes(interval * 1.11) > 3.0, "{latency:?} {nodes}: {answer:?}");
        }
    }
}

#[test]
fn quiet_and_news_are_told_apart_and_news_that_is_expected_is_paid_for() {
    let expecting = |news_per_second: f64| solved(&Ground { news_per_second, ..ground(1_000, 0.01) }, &detect(20.0));
    let (quiet, rare, often) = (expecting(0.0), expecting(0.1), expecting(20.0));
    assert_eq!((quiet.news, quiet.traffic()), (Traffic::default(), quiet.quiet));
    // Each tells it sixteen times, in 72 bytes, whatever the rounds are; seldom two at once.
    for answer in [&quiet, &rare, &often] {
        assert_eq!(answer.piece, Traffic { datagrams: 16.0, bytes: 1_152.0 }, "{answer:?}");
        assert!(answer.met && answer.binding == Binding::DetectWithin, "{answer:?}");
    }
    assert!((0.8..=1.0).contains(&(rare.news.bytes / (0.1 * 1_152.0))), "{rare:?}");
    // Pieces that are told together share datagrams: the more of them, the more a slower round spares.
    assert!(often.news.bytes < 0.8 * 20.0 * 1_152.0, "{often:?}");
    let calls =
        |answer: &Answer| f64::from(answer.watch.config.fanout) / answer.watch.config.gossip_interval.as_secs_f64();
    assert!(calls(&often) < calls(&quiet), "{often:?}, {quiet:?}");
}

#[test]
fn of_two_promises_the_dearer_one_binds() {
    let both = |detect_within: f64, know_within: f64| {
        let demand = Demand { know_within: know(know_within).know_within, ..detect(detect_within) };
        solved(&ground(1_000, 0.01), &demand)
    };
    assert_eq!(both(30.0, 0.3).binding, Binding::KnowWithin);
    assert_eq!(both(10.0, 20.0).binding, Binding::DetectWithin);
    let answer = both(30.0, 0.05);
    assert!(!answer.met && answer.binding == Binding::KnowWithin, "{answer:?}");
}

#[test]
fn what_is_given_stays_and_what_contradicts_itself_is_refused() {
    let mut ground = ground(1_000, 0.01);
    ground.fixed = Fixed { probe_interval: true, gossip_interval: true, fanout: true, helpers: true };
    let answer = solved(&ground, &detect(20.0));
    assert!(answer.met && answer.watch.config == ground.watch.config, "{answer:?}");
    ground.watch.config.gossip_interval = Duration::from_secs(3);
    assert!(matches!(solve(&ground, &detect(20.0)), Err(PlanError::Config(_))));
    // A given gossip interval keeps probes from being more frequent, whatever the pause: no contradiction.
    ground.fixed = Fixed { gossip_interval: true, ..Fixed::default() };
    ground.watch.config.gossip_interval = Duration::from_secs(1);
    let answer = solved(&ground, &detect(5.0));
    assert!(!answer.met && answer.watch.config.probe_interval >= Duration::from_secs(1), "{answer:?}");
}

#[test]
fn no_answer_is_one_that_a_node_refuses() {
    for profile in Profile::ALL {
        for (members, loss) in [(2, 0.0), (5, 0.2), (300, 0.6)] {
            for demand in [detect(0.5), detect(3.0), detect(60.0), know(0.2), know(10.0)] {
                let mut ground = ground(members, loss);
                ground.watch.config = Config::new(profile);
                ground.scenario.fanout = 1;
                let answer = solved(&ground, &Demand { false_positives_max: Some(1.0), ..demand });
                let params = Params::new(&answer.watch.config, &Limits::for_members(members));
                assert!(params.is_ok(), "{profile:?} {members} {loss} {demand:?}: {params:?}");
                assert!(answer.watch.config.fanout < members, "{answer:?}");
            }
        }
    }
}

#[test]
fn demands_that_make_no_sense_are_refused() {
    let ground = ground(100, 0.0);
    let refused = [
        Demand { confidence: 1.0, ..detect(9.0) },
        Demand { coverage: 0.0, ..know(9.0) },
        Demand { coverage: 1.1, ..know(9.0) },
        Demand { false_positives_max: Some(f64::NAN), ..detect(9.0) },
        Demand { bytes_max: Some(-1.0), ..detect(9.0) },
        know(0.0),
    ];
    for demand in refused {
        assert!(matches!(solve(&ground, &demand), Err(PlanError::OutOfRange { .. })), "{demand:?}");
    }
}
