//! One writes, all read: rounds until everybody has it where it is told in rounds, and hops where it is passed on at once.

use super::writers;
use crate::config::Profile;
use crate::node::Write;
use crate::plan::{EventTime, Mode, Model, Scenario};
use crate::rumor::Class;
use crate::sim::experiment::{Base, Distribution, Progress, Runs, SetupError, had_room, trace_of};
use crate::sim::{HostId, Latency, World};
use crate::time::{Instant, Span};

/// After so long it is given up.
const LIMIT: Span = Span::secs(60);

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// How much the change matters.
    pub class: Class,
    /// How often: each time another node writes in another world.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes, class normal, 20 times.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self { base: Base::new(1_000, profile), class: Class::Normal, runs: Runs { count: 20, seed: 1 } }
    }
}

/// What came out, over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Gossip intervals until all have it.
    pub intervals: Distribution,
    /// Milliseconds until 99 % have it.
    pub most_ms: Distribution,
    /// Milliseconds until all have it.
    pub all_ms: Distribution,
    /// What the planner has for push-pull in gossip intervals: mean and p99. Nothing where nothing is told in rounds.
    pub planned: Option<(f64, f64)>,
    /// The time of one hop, in milliseconds, where it is constant.
    pub hop_ms: Option<f64>,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(2)?;
    setup.runs.check()?;
    let interval = Span::from(setup.base.config.gossip_interval);
    let hop = match setup.base.link.latency {
        Latency::Constant(hop) => Some(hop),
        Latency::Uniform(..) | Latency::LogNormal { .. } => None,
    };
    let planned = match (setup.class, hop) {
        (Class::Normal, Some(hop)) => {
            let scenario = Scenario {
                nodes: setup.base.nodes,
                mode: Mode::PushPull,
                fanout: setup.base.config.fanout,
                loss: f64::from(setup.base.link.loss_permille) / 1e3,
                dead: 0.0,
            };
            let latency = hop.as_nanos() as f64 / interval.as_nanos() as f64;
            let law = EventTime::of(&Model::try_from(scenario)?, latency)?;
            Some((law.mean(2), law.quantile(2, 0.99)))
        }
        _ => None,
    };
    let load = setup.base.load(&writers(&setup.base)?)?;
    let played = setup.runs.play_large(load, progress, |seed| one(setup, seed));
    let played: Vec<_> = played.into_iter().collect::<Result<_, _>>()?;
    let interval_ms = interval.as_nanos() as f64 / 1e6;
    Ok(Report {
        intervals: played.iter().map(|((_, all), _)| all / interval_ms).collect(),
        most_ms: played.iter().map(|((most, _), _)| *most).collect(),
        all_ms: played.iter().map(|((_, all), _)| *all).collect(),
        planned,
        hop_ms: hop.map(|hop| hop.as_nanos() as f64 / 1e6),
        trace_hash: trace_of(played.iter().map(|(_, trace)| *trace)),
    })
}

fn one(setup: &Setup, seed: u64) -> Result<((f64, f64), u64), SetupError> {
    let params = writers(&setup.base)?;
    let mut world = setup.base.world(seed, 0);
    let hosts = world.form(&setup.base.specs(&params))?;
    world.run_for(Span::secs(30));
    let writer = hosts[seed as usize % hosts.len()];
    let write = Write { key: b"key", value: Some(&[7; 64]), class: setup.class, durable: false, ttl: None };
    world.write(writer, write).expect("a member may write");
    let owner = world.id(writer);
    let began = world.now();
    let has = |world: &World, host: &HostId| {
        world.node(*host).is_some_and(|node| node.state(Instant::ZERO, owner, b"key").is_some())
    };
    let mut most = None;
    let mut left = hosts.clone();
    while !left.is_empty() && world.now().since(began) < LIMIT {
        world.run_for(Span::micros(100));
        left.retain(|host| !has(&world, host));
        let took = world.now().since(began).as_nanos() as f64 / 1e6;
        if left.len() * 100 <= hosts.len() {
            most = most.or(Some(took));
        }
    }
    had_room(&world)?;
    let all = if left.is_empty() { world.now().since(began).as_nanos() as f64 / 1e6 } else { f64::INFINITY };
    Ok(((most.unwrap_or(f64::INFINITY), all), world.trace()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_write_is_everywhere_about_as_soon_as_planned() {
        let mut setup = Setup::new(Profile::Lan);
        (setup.base.nodes, setup.runs.count) = (100, 5);
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        let (mean, _) = report.planned.expect("a plan of rounds");
        assert!(report.intervals.mean <= mean + 1.0, "{report:?}");
        setup.class = Class::Urgent;
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        assert!(report.most_ms.max < 5.0 && report.planned.is_none(), "{report:?}");
    }
}
