//! How long until all are back when everybody restarts? Power comes back; a rollout went wrong.
//!
//! All but a few nodes die and start again under their names and at their addresses. memberlist's users report clusters of
//! 4,500 nodes that do not come back from that: old accusations kill the new lives, which never hear of them.

use std::collections::BTreeMap;

use super::lives::Lives;
use super::runs::{Progress, Runs, trace_of};
use super::timeline::{Moment, Timeline};
use super::{Base, Distribution, SetupError, had_room, until};
use crate::config::{Params, Profile};
use crate::id::{BootId, NodeId};
use crate::node::{MemberView, Node};
use crate::sim::{Death, HostId, World};
use crate::time::Span;

/// How long the cluster is watched for false deaths after all are back: longer than any suspicion lasts.
const WATCH: Span = Span::secs(30);
/// How often it is looked who is back.
const SAMPLE_EVERY: Span = Span::millis(200);
/// How many seeds each node knows.
const SEEDS: usize = 4;

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// How many keep running.
    pub survivors: u32,
    /// The time within which the others die one after the other, and within which they start again.
    pub over: Span,
    /// The time between the last death and the first start.
    pub pause: Span,
    /// When it is given up.
    pub limit: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes, of which 4 keep running; the others die within 1 s and start again 1 s later, within 1 s and through
    /// four of them; given up after 120 s; 3 times.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(1_000, profile),
            survivors: 4,
            over: Span::secs(1),
            pause: Span::secs(1),
            limit: Span::secs(120),
            runs: Runs { count: 3, seed: 1 },
        }
    }
}

/// What came out. Each distribution is over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Milliseconds from the last start until every node held every other to be up, in its present life.
    pub all_back_ms: Distribution,
    /// How many of all nodes a node held to be up in their present lives, itself included, as a share on average over all
    /// nodes; from the first start until that was so everywhere.
    pub back: Vec<Moment>,
    /// Runs in which that did not happen in time; their times are not in the distribution.
    pub unfinished: u32,
    /// Times that a node held the present life of another to be dead.
    pub false_deaths: u64,
    /// Bytes of UDP payload that a node sent from the first start until all were back, on average over the nodes.
    pub bytes_per_node: Distribution,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

struct Played {
    all_back: Option<f64>,
    back: Timeline,
    false_deaths: u64,
    bytes: f64,
    trace: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(2)?;
    setup.runs.check()?;
    if setup.survivors >= setup.base.nodes {
        let max = f64::from(setup.base.nodes - 1);
        return Err(SetupError::OutOfRange { field: "survivors", got: f64::from(setup.survivors), min: 0.0, max });
    }
    let params = setup.base.params(0)?;
    let load = setup.base.load(&params)?;
    let played = setup.runs.play_large(load, progress, |seed| play(setup, &params, seed));
    let played: Vec<Played> = played.into_iter().collect::<Result<_, SetupError>>()?;
    Ok(Report {
        all_back_ms: played.iter().filter_map(|p| p.all_back).collect(),
        back: Timeline::over(&played.iter().map(|p| &p.back).collect::<Vec<_>>()),
        unfinished: played.iter().filter(|p| p.all_back.is_none()).count() as u32,
        false_deaths: played.iter().map(|p| p.false_deaths).sum(),
        bytes_per_node: played.iter().map(|p| p.bytes).collect(),
        trace_hash: trace_of(played.iter().map(|p| p.trace)),
    })
}

fn play(setup: &Setup, params: &Params, seed: u64) -> Result<Played, SetupError> {
    let mut world = setup.base.watched(seed, 0, Lives::default());
    let hosts = world.form(&setup.base.specs(params))?;
    world.run_for(Span::secs(20));
    let fall = shuffled(&mut world, &hosts[setup.survivors as usize..]);
    let gap = setup.over / fall.len() as u32;
    for host in &fall {
        world.crash(*host, Death::Refusing);
        world.run_for(gap);
    }
    world.run_for(setup.pause);
    let sent = world.tally().bytes;
    let ids: BTreeMap<NodeId, HostId> = hosts.iter().map(|host| (world.id(*host), *host)).collect();
    let mut back = Timeline::new(world.now(), SAMPLE_EVERY);
    for (nth, host) in fall.iter().enumerate() {
        // Between two starts, not after the last: the clock begins there.
        if nth > 0 {
            world.run_for(gap);
            back.look(world.now(), || share_back(&world, &ids));
        }
        let doors: Vec<_> =
            hosts.iter().filter(|door| *door != host).take(SEEDS).map(|door| world.addr(*door)).collect();
        world.restart(*host, None, &doors)?;
    }
    let begin = world.now();
    let all_back = until(&mut world, begin, setup.limit, |w| {
        back.look(w.now(), || share_back(w, &ids));
        all_hold_present_lives(w, &ids)
    });
    back.end(share_back(&world, &ids));
    let bytes = (world.tally().bytes - sent) as f64 / f64::from(setup.base.nodes);
    world.run_for(WATCH);
    had_room(&world)?;
    Ok(Played { all_back, back, false_deaths: world.observer.false_deaths, bytes, trace: world.trace() })
}

fn shuffled(world: &mut World<Lives>, hosts: &[HostId]) -> Vec<HostId> {
    let mut order = hosts.to_vec();
    for i in (1..order.len()).rev() {
        order.swap(i, world.rng().below(i as u32 + 1) as usize);
    }
    order
}

/// Whether everybody holds everybody to be up, and nobody in a life that is over.
fn all_hold_present_lives(world: &World<Lives>, ids: &BTreeMap<NodeId, HostId>) -> bool {
    let present = present_lives(world, ids);
    world.all_see(ids.len())
        && world.running().all(|(_, node)| node.members().all(|m| present.get(&m.id) == Some(&Some(m.boot))))
}

fn present_lives(world: &World<Lives>, ids: &BTreeMap<NodeId, HostId>) -> BTreeMap<NodeId, Option<BootId>> {
    ids.iter().map(|(id, host)| (*id, world.observer.on(*host))).collect()
}

/// How much of the cluster a node holds to be up in its present life, on average; who is down knows nobody.
fn share_back(world: &World<Lives>, ids: &BTreeMap<NodeId, HostId>) -> f64 {
    let present = present_lives(world, ids);
    let holds = |node: &Node| {
        let back = |m: &MemberView<'_>| m.state.is_up() && present.get(&m.id) == Some(&Some(m.boot));
        node.members().filter(back).count()
    };
    let pairs: usize = world.running().map(|(_, node)| holds(node)).sum();
    pairs as f64 / (ids.len() as f64).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_back_sooner_than_a_datagram_comes_however_long_the_starts_take() {
        for (nodes, over) in [(30, Span::secs(1)), (6, Span::secs(10))] {
            let mut setup = Setup { over, ..Setup::new(Profile::Lan) };
            (setup.base.nodes, setup.runs.count) = (nodes, 1);
            let report = run(&setup, &|_, _| ()).expect("a good setup");
            assert_eq!((report.unfinished, report.back.last().map(|moment| moment.mean)), (0, Some(1.0)));
            assert!(report.all_back_ms.min >= 0.25, "{nodes} nodes: {report:?}");
        }
    }

    #[test]
    fn all_come_back_and_nobody_is_killed_by_what_was_said_of_a_former_life() {
        for (survivors, pause) in [(0, Span::secs(5)), (1, Span::ZERO), (32, Span::secs(20))] {
            let mut setup = Setup { survivors, pause, ..Setup::new(Profile::Lan) };
            (setup.base.nodes, setup.runs.count) = (64, 1);
            let report = run(&setup, &|_, _| ()).expect("a good setup");
            assert_eq!((report.unfinished, report.false_deaths), (0, 0), "{survivors} survivors");
            assert!(report.all_back_ms.max <= 10_000.0, "{survivors} survivors: {report:?}");
            let shares: Vec<_> = report.back.iter().map(|moment| moment.mean).collect();
            assert!(shares[0] < 0.3 && shares.last() == Some(&1.0), "{survivors} survivors: {shares:?}");
        }
    }
}
