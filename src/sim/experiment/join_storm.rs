//! How long until all know all when everybody joins at once? A cold start through one seed.
//!
//! One node founds a cluster and all the others, started at the same moment, know nothing but its address. Published figures:
//! Akka 1000 nodes in 255 s (2013), memberlist 2.7 s for 100 and never for 200, kinship 19.8 s and 508 kB a node for 1000.

use super::runs::{Progress, Runs, trace_of};
use super::{Base, Distribution, SetupError};
use crate::config::{Params, Profile};
use crate::node::Phase;
use crate::sim::{Bounds, World};
use crate::time::Span;

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// When it is given up.
    pub limit: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes, given up after 120 s, 3 times.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self { base: Base::new(1_000, profile), limit: Span::secs(120), runs: Runs { count: 3, seed: 1 } }
    }
}

/// What came out. Each distribution is over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Milliseconds until half of the nodes were members.
    pub half_joined_ms: Distribution,
    /// Milliseconds until all nodes were members.
    pub all_joined_ms: Distribution,
    /// Milliseconds until every node held every other to be up.
    pub all_know_all_ms: Distribution,
    /// Runs in which that did not happen in time; their times are not in the distributions.
    pub unfinished: u32,
    /// Bytes of UDP payload that a node sent until then, on average over the nodes.
    pub bytes_per_node: Distribution,
    /// Datagrams that a node sent until then, on average over the nodes.
    pub datagrams_per_node: Distribution,
    /// Suspicions begun by anybody; nobody was down.
    pub suspicions: u64,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// What one run gave; times in milliseconds.
struct Played {
    half: Option<f64>,
    all: Option<f64>,
    complete: Option<f64>,
    bytes: f64,
    datagrams: f64,
    suspicions: u64,
    trace: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(2)?;
    let params = setup.base.params(0)?;
    let played = setup.runs.play(progress, |seed| play(setup, &params, seed));
    let played: Vec<Played> = played.into_iter().collect::<Result<_, SetupError>>()?;
    Ok(Report {
        half_joined_ms: played.iter().filter_map(|p| p.half).collect(),
        all_joined_ms: played.iter().filter_map(|p| p.all).collect(),
        all_know_all_ms: played.iter().filter_map(|p| p.complete).collect(),
        unfinished: played.iter().filter(|p| p.complete.is_none()).count() as u32,
        bytes_per_node: played.iter().map(|p| p.bytes).collect(),
        datagrams_per_node: played.iter().map(|p| p.datagrams).collect(),
        suspicions: played.iter().map(|p| p.suspicions).sum(),
        trace_hash: trace_of(played.iter().map(|p| p.trace)),
    })
}

fn play(setup: &Setup, params: &Params, seed: u64) -> Result<Played, SetupError> {
    let nodes = setup.base.nodes;
    let bounds = Bounds { hosts: nodes, events: 0, in_flight: 1 << 22, ..Bounds::default() };
    let mut world = World::watched(seed, bounds, ());
    world.network.set_all(setup.base.link);
    let specs = setup.base.specs(params);
    let first = world.start(&specs[0], &[])?;
    let door = [world.addr(first)];
    for spec in &specs[1..] {
        world.start(spec, &door)?;
    }
    let ms = |took: Span| took.as_micros() as f64 / 1e3;
    let members = |world: &World| world.running().filter(|(_, node)| node.phase() == Phase::Joined).count();
    let half = world.run_until(setup.limit, |w| members(w) * 2 >= nodes as usize);
    let all = world.run_until(setup.limit, |w| members(w) == nodes as usize);
    let complete = world.run_until(setup.limit, |w| w.all_see(nodes as usize));
    let (half, all) = (half, half.zip(all).map(|(a, b)| a + b));
    let tally = world.tally();
    Ok(Played {
        half: half.map(ms),
        all: all.map(ms),
        complete: all.zip(complete).map(|(a, b)| ms(a + b)),
        bytes: tally.bytes as f64 / f64::from(nodes),
        datagrams: tally.sent as f64 / f64::from(nodes),
        suspicions: world.running().map(|(_, node)| node.counters().suspicions).sum(),
        trace: world.trace(),
    })
}
