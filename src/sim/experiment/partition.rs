//! How long until the halves of a cluster are one again? Cut, held for as long as one likes, healed.
//!
//! After the retention both sides have forgotten each other (R17: memberlist's never meet again then); what brings them
//! together are the address book and the seeds, which are tried for ever.

use super::lives::Lives;
use super::runs::{Progress, Runs, trace_of};
use super::timeline::{Moment, Timeline};
use super::{Base, Distribution, SetupError, had_room, until};
use crate::config::{Params, Profile};
use crate::sim::{HostId, World};
use crate::time::Span;

/// How long the cluster is watched for false deaths after it is one again.
const WATCH: Span = Span::secs(30);

/// How often it is looked whom the sides hold to be up while they part, and while they become one.
const SAMPLE_EVERY: [Span; 2] = [Span::millis(100), Span::millis(10)];

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// How many of a hundred nodes are on one side.
    pub side_percent: u32,
    /// How long the cut lasts.
    pub held: Span,
    /// Whether all nodes of that side restart while they are cut off, through seeds on both sides.
    pub restart: bool,
    /// When it is given up.
    pub limit: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 100 nodes cut in the middle for an hour; given up after 300 s; 3 times.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(100, profile),
            side_percent: 50,
            held: Span::secs(3_600),
            restart: false,
            limit: Span::secs(300),
            runs: Runs { count: 3, seed: 1 },
        }
    }
}

/// What came out. Each distribution is over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Milliseconds from the cut until every node of one side held all of the other to be down.
    pub apart_ms: Distribution,
    /// Milliseconds from the healing until every node held every other to be up.
    pub one_view_ms: Distribution,
    /// How many members a node held to be up, on average over the nodes of the first side and of the second; from the cut until
    /// the sides were apart.
    pub parting: [Vec<Moment>; 2],
    /// The same from the healing until all were one.
    pub joining: [Vec<Moment>; 2],
    /// Runs in which that did not happen in time; their times are not in the distribution.
    pub unfinished: u32,
    /// Times that a node was told of the death of another that ran, from the healing on: old news of the cut that kills once
    /// more.
    pub false_deaths: u64,
    /// Bytes of UDP payload that a node sent from the healing until all were one, on average over the nodes.
    pub bytes_per_node: Distribution,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

struct Played {
    apart: Option<f64>,
    one: Option<f64>,
    parting: [Timeline; 2],
    joining: [Timeline; 2],
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
    if !(1..=99).contains(&setup.side_percent) {
        return Err(SetupError::OutOfRange { field: "split", got: f64::from(setup.side_percent), min: 1.0, max: 99.0 });
    }
    if side_size(setup) == 0 {
        let why = "one side of the split would have no node; take more nodes, or a share nearer to 50/50";
        return Err(SetupError::Together(why));
    }
    let params = setup.base.params(0)?;
    let load = setup.base.load(&params)?;
    let played = setup.runs.play_large(load, progress, |seed| play(setup, &params, seed));
    let played: Vec<Played> = played.into_iter().collect::<Result<_, SetupError>>()?;
    Ok(Report {
        apart_ms: played.iter().filter_map(|p| p.apart).collect(),
        one_view_ms: played.iter().filter_map(|p| p.one).collect(),
        parting: both_sides(&played, |p| &p.parting),
        joining: both_sides(&played, |p| &p.joining),
        unfinished: played.iter().filter(|p| p.one.is_none()).count() as u32,
        false_deaths: played.iter().map(|p| p.false_deaths).sum(),
        bytes_per_node: played.iter().map(|p| p.bytes).collect(),
        trace_hash: trace_of(played.iter().map(|p| p.trace)),
    })
}

fn both_sides(played: &[Played], of: fn(&Played) -> &[Timeline; 2]) -> [Vec<Moment>; 2] {
    [0, 1].map(|side| Timeline::over(&played.iter().map(|p| &of(p)[side]).collect::<Vec<_>>()))
}

fn side_size(setup: &Setup) -> usize {
    (u64::from(setup.base.nodes) * u64::from(setup.side_percent.min(100)) / 100) as usize
}

fn play(setup: &Setup, params: &Params, seed: u64) -> Result<Played, SetupError> {
    let mut world = setup.base.watched(seed, 0, Lives::default());
    let hosts = world.form(&setup.base.specs(params))?;
    world.run_for(Span::secs(20));
    let (side, other) = hosts.split_at(side_size(setup));
    world.network.partition(&[side, other]);
    let cut = world.now();
    let sees = |w: &World<Lives>, of: &[HostId]| of.iter().all(|host| w.up_at(*host) == of.len());
    let timelines = |w: &World<Lives>, every: Span| [0, 1].map(|_| Timeline::new(w.now(), every));
    let up =
        |w: &World<Lives>, of: &[HostId]| of.iter().map(|host| w.up_at(*host)).sum::<usize>() as f64 / of.len() as f64;
    let look = |w: &World<Lives>, timelines: &mut [Timeline; 2]| {
        timelines.iter_mut().zip([side, other]).for_each(|(timeline, of)| timeline.look(w.now(), || up(w, of)));
    };
    let end = |w: &World<Lives>, timelines: &mut [Timeline; 2]| {
        timelines.iter_mut().zip([side, other]).for_each(|(timeline, of)| timeline.end(up(w, of)));
    };
    let mut parting = timelines(&world, SAMPLE_EVERY[0]);
    let apart = until(&mut world, cut, setup.held, |w| {
        look(w, &mut parting);
        sees(w, side) && sees(w, other)
    });
    end(&world, &mut parting);
    world.run_for((cut + setup.held).since(world.now()));
    if setup.restart {
        let doors = [world.addr(side[0]), world.addr(other[0])];
        for host in side {
            let doors: Vec<_> = doors.iter().copied().filter(|door| *door != world.addr(*host)).collect();
            world.restart(*host, None, &doors)?;
        }
        world.run_for(Span::secs(20));
    }
    world.network.heal();
    let (healed, sent) = (world.now(), world.tally().bytes);
    world.observer.false_deaths = 0;
    let nodes = hosts.len();
    let mut joining = timelines(&world, SAMPLE_EVERY[1]);
    let one = until(&mut world, healed, setup.limit, |w| {
        look(w, &mut joining);
        w.all_see(nodes)
    });
    end(&world, &mut joining);
    let bytes = (world.tally().bytes - sent) as f64 / nodes as f64;
    world.run_for(WATCH);
    had_room(&world)?;
    let false_deaths = world.observer.false_deaths;
    Ok(Played { apart, one, parting, joining, false_deaths, bytes, trace: world.trace() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_without_a_node_is_refused_and_no_share_is_told_that_it_may_be() {
        let refused = |nodes, side_percent| {
            let mut setup = Setup { side_percent, ..Setup::new(Profile::Lan) };
            setup.base.nodes = nodes;
            run(&setup, &|_, _| ()).expect_err("a side without a node").to_string()
        };
        assert!(refused(10, 1).contains("one side of the split would have no node"));
        for side_percent in [0, 100] {
            assert_eq!(refused(10, side_percent), format!("split is {side_percent}; it may be 1 to 99"));
        }
    }

    #[test]
    fn halves_that_have_forgotten_each_other_are_one_within_seconds() {
        for (side_percent, restart) in [(50, false), (10, true)] {
            let mut setup = Setup { side_percent, restart, held: Span::secs(120), ..Setup::new(Profile::Lan) };
            (setup.base.nodes, setup.runs.count) = (12, 1);
            setup.base.config.down_retention = core::time::Duration::from_secs(30);
            let report = run(&setup, &|_, _| ()).expect("a good setup");
            assert_eq!((report.unfinished, report.apart_ms.count), (0, 1), "{report:?}");
            assert!(report.one_view_ms.max <= 10_000.0, "{report:?}");
            let ends = |timeline: &[Moment]| [timeline.first(), timeline.last()].map(|m| m.map_or(0.0, |m| m.mean));
            let [parting, joining] = [&report.parting[1], &report.joining[1]].map(|timeline| ends(timeline));
            assert!(parting[0] == 12.0 && parting[1] < 12.0, "{parting:?}");
            assert!(joining[0] < 12.0 && joining[1] == 12.0, "{joining:?}");
        }
    }
}
