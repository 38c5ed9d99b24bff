//! How long until all know all when everybody joins at once? A cold start through one seed, then one who comes late.
//!
//! One node founds a cluster and all the others, started at the same moment, know nothing but its address. Once all has
//! settled, one more joins through a member drawn at random. Published figures: Akka 1000 nodes in 255 s (2013). Measured of
//! others: memberlist 2.7 s for 100 and never for 200; kinship 19.8 s and 508 kB a node for 1000, foca over 300 s; foca's
//! late comer knows all 1000 after 944 s.

use super::runs::{Progress, Runs, trace_of};
use super::timeline::{Moment, Timeline};
use super::{Base, Distribution, Memory, SetupError, had_room, millis, until};
use crate::config::{Params, Profile};
use crate::node::Phase;
use crate::sim::{Spec, World};
use crate::time::Span;
use crate::wire::State;

/// How often it is looked how much the nodes know.
const SAMPLE_EVERY: Span = Span::millis(50);

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// When it is given up.
    pub limit: Span,
    /// How long the cluster is left alone before the late comer.
    pub settle: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes, given up after 120 s, 20 s until the late comer, 3 times.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(1_000, profile),
            limit: Span::secs(120),
            settle: Span::secs(20),
            runs: Runs { count: 3, seed: 1 },
        }
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
    /// How many of all nodes a node held to be up, itself included, as a share on average over the nodes; from the start until
    /// every node held every other to be up.
    pub known: Vec<Moment>,
    /// Runs in which that did not happen in time; their times are not in the distributions.
    pub unfinished: u32,
    /// Bytes of UDP payload that a node sent until then, on average over the nodes.
    pub bytes_per_node: Distribution,
    /// Datagrams that a node sent until then, on average over the nodes.
    pub datagrams_per_node: Distribution,
    /// Milliseconds until one more node, which joined the settled cluster, knew everybody.
    pub late_knows_all_ms: Distribution,
    /// Milliseconds until half of the others knew it.
    pub late_known_by_half_ms: Distribution,
    /// Milliseconds until all others did.
    pub late_known_by_all_ms: Distribution,
    /// Suspicions begun by anybody; nobody was down.
    pub suspicions: u64,
    /// What the nodes buy.
    pub memory: Memory,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// What one run gave; times in milliseconds, where it came to that.
struct Played {
    half: Option<f64>,
    all: Option<f64>,
    complete: Option<f64>,
    known: Timeline,
    late: [Option<f64>; 3],
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
    setup.runs.check()?;
    let params = setup.base.params(1)?;
    let (memory, load) = (setup.base.memory(&params), setup.base.load(&params)?);
    let played = setup.runs.play_large(load, progress, |seed| play(setup, &params, seed));
    let played: Vec<Played> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let of = |figure: fn(&Played) -> Option<f64>| played.iter().filter_map(figure).collect();
    Ok(Report {
        half_joined_ms: of(|p| p.half),
        all_joined_ms: of(|p| p.all),
        all_know_all_ms: of(|p| p.complete),
        known: Timeline::over(&played.iter().map(|p| &p.known).collect::<Vec<_>>()),
        unfinished: played.iter().filter(|p| p.complete.is_none()).count() as u32,
        bytes_per_node: of(|p| Some(p.bytes)),
        datagrams_per_node: of(|p| Some(p.datagrams)),
        late_knows_all_ms: of(|p| p.late[0]),
        late_known_by_half_ms: of(|p| p.late[1]),
        late_known_by_all_ms: of(|p| p.late[2]),
        suspicions: played.iter().map(|p| p.suspicions).sum(),
        memory,
        trace_hash: trace_of(played.iter().map(|p| p.trace)),
    })
}

fn play(setup: &Setup, params: &Params, seed: u64) -> Result<Played, SetupError> {
    let nodes = setup.base.nodes;
    let mut world = setup.base.world(seed, 1);
    let specs = setup.base.specs(params);
    let first = world.start(&specs[0], &[])?;
    let door = [world.addr(first)];
    for spec in &specs[1..] {
        world.start(spec, &door)?;
    }
    let members = |world: &World| world.running().filter(|(_, node)| node.phase() == Phase::Joined).count();
    let begin = world.now();
    let mut known = Timeline::new(begin, SAMPLE_EVERY);
    let mut until_holds = |world: &mut World, holds: &dyn Fn(&World) -> bool| {
        until(world, begin, setup.limit, |w| {
            known.look(w.now(), || share_known(w, nodes));
            holds(w)
        })
    };
    let half = until_holds(&mut world, &|w| members(w) * 2 >= nodes as usize);
    let all = until_holds(&mut world, &|w| members(w) == nodes as usize);
    let complete = until_holds(&mut world, &|w| w.all_see(nodes as usize));
    known.end(share_known(&world, nodes));
    let tally = world.tally();
    let late = late_comer(setup, params, &mut world)?;
    had_room(&world)?;
    Ok(Played {
        half,
        all,
        complete,
        known,
        late,
        bytes: tally.bytes as f64 / f64::from(nodes),
        datagrams: tally.sent as f64 / f64::from(nodes),
        suspicions: world.running().map(|(_, node)| node.counters().suspicions).sum(),
        trace: world.trace(),
    })
}

/// How much of the cluster a node knows, on average.
fn share_known(world: &World, nodes: u32) -> f64 {
    let known: u64 = world.running().map(|(_, node)| u64::from(node.members_up())).sum();
    known as f64 / f64::from(nodes).powi(2)
}

/// One more joins: until it knows all, until half and until all others know it.
fn late_comer(setup: &Setup, params: &Params, world: &mut World) -> Result<[Option<f64>; 3], SetupError> {
    let nodes = setup.base.nodes as usize;
    world.run_for(setup.settle);
    let door = world.hosts().nth(world.rng().below(setup.base.nodes) as usize).map(|host| world.addr(host));
    let begin = world.now();
    let late = world.start(&Spec::new("late", params.clone()), door.as_slice())?;
    let id = world.id(late);
    let knowing = |w: &World| w.hosts().filter(|host| w.sees(*host, id) == Some(State::Alive)).count() - 1;
    let (mut knows, mut half, mut known) = (None, None, None);
    let limit = begin + setup.limit;
    while (knows.is_none() || known.is_none()) && world.now() < limit {
        world.run_for(Span::millis(1));
        let now = Some(millis(world.now().since(begin)));
        let (up, knowing) = (world.up_at(late), knowing(world));
        knows = knows.or(now.filter(|_| up == nodes + 1));
        half = half.or(now.filter(|_| knowing * 2 >= nodes));
        known = known.or(now.filter(|_| knowing == nodes));
    }
    Ok([knows, half, known])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_know_all_within_seconds_and_a_late_comer_within_fractions_of_one() {
        let mut setup = Setup::new(Profile::Lan);
        setup.base.nodes = 64;
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        assert_eq!((report.unfinished, report.suspicions), (0, 0));
        assert!(report.all_know_all_ms.max <= 2_000.0, "{report:?}");
        let (first, last) = (report.known.first().expect("a start"), report.known.last().expect("an end"));
        assert_eq!((first.ms, first.mean), (0.0, 1.0 / 64.0), "each knows itself");
        assert_eq!(last.mean, 1.0, "{last:?}");
        assert!(report.late_knows_all_ms.max <= 1_000.0 && report.late_known_by_all_ms.max <= 1_000.0, "{report:?}");
    }
}
