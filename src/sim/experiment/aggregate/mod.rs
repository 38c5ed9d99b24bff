//! Which way of averaging survives loss and crashes? Four of them, by the error of the worst node after each round.
//!
//! Every other node contributes a number, evenly between 0 and 100, and so do all that will crash; mean, sum and count are right within 1 % where each of them is. Real
//! nodes do what [`Node::estimate`](crate::Node::estimate) says ([`Engine::Node`]), in rounds of the gossip interval, each at a phase of
//! its own, and find out by themselves that others have crashed. The other ways are the plain models of their papers
//! ([`Engine::Model`]), whose nodes are told at once.

mod models;

use super::runs::{Progress, Runs, trace_of};
use super::{Base, Distribution, Engine, SetupError, had_room};
use crate::config::Profile;
use crate::rng::Rng;
use crate::sim::{Death, HostId, World};
use crate::time::Span;
use models::{FlowUpdating, Model, PushPull, PushSum};

/// What is averaged.
const NAME: &[u8] = b"load";
/// An error that is as good as any: nobody knows anything.
const ERROR_MAX: f64 = 1.0;
/// After so many rounds some crash, where any do.
const CRASH_ROUND: u32 = 10;
/// Right is whoever is off by no more.
const RIGHT: f64 = 0.01;
/// How long nodes are left alone before.
const CALM: Span = Span::secs(5);

/// Of the sum, and of the count.
type Share = [f64; 2];

/// A way of averaging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Half of what one has to somebody each round (Kempe, Dobra, Gehrke 2003).
    PushSum,
    /// Two that meet have the same afterwards (Jelasity, Montresor, Babaoglu 2005).
    PushPull,
    /// Flows to all neighbours each round (Jesus, Baquero, Almeida 2009).
    FlowUpdating,
    /// What real nodes do: flows to one neighbour after the other, with versions.
    Node,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PushSum, Self::PushPull, Self::FlowUpdating, Self::Node];

    /// What plays it.
    #[must_use]
    pub const fn engine(self) -> Engine {
        match self {
            Self::PushSum | Self::PushPull | Self::FlowUpdating => Engine::Model,
            Self::Node => Engine::Node,
        }
    }
}

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, and what their links lose.
    pub base: Base,
    /// How they average.
    pub method: Method,
    /// How many of a thousand crash after ten rounds, in silence.
    pub crashed_permille: u32,
    /// For how many rounds they are watched.
    pub rounds: u32,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes, 40 rounds, 5 times.
    #[must_use]
    pub fn new(method: Method) -> Self {
        let base = Base::new(1_000, Profile::Lan);
        Self { base, method, crashed_permille: 0, rounds: 40, runs: Runs { count: 5, seed: 1 } }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What played it.
    pub engine: Engine,
    /// By how much of what is right the worst node is off after each round, at most 1: the mean over the runs, and the most.
    pub worst: Vec<(f64, f64)>,
    /// After how many rounds every node is within 1 % and stays so, of those runs in which that happened.
    pub right_after: Distribution,
    /// Runs in which it did not.
    pub never: u32,
    /// Datagrams that a node sent in a round to average.
    pub datagrams: Distribution,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// One run: the worst error after each round, datagrams, and its hash.
struct Played {
    worst: Vec<f64>,
    datagrams: f64,
    trace: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(8)?;
    setup.runs.check()?;
    let ranges = [("rounds", setup.rounds, 1, 10_000), ("crashed", setup.crashed_permille, 0, 500)];
    for (field, got, min, max) in ranges {
        if !(min..=max).contains(&got) {
            return Err(SetupError::OutOfRange { field, got: got.into(), min: min.into(), max: max.into() });
        }
    }
    let played = match setup.method.engine() {
        Engine::Node => {
            let load = setup.base.load(&setup.base.params(0)?)?;
            setup.runs.play_large(load, progress, |seed| play(setup, seed))
        }
        Engine::Model => setup.runs.play(progress, |seed| play(setup, seed)),
    };
    let played: Vec<Played> = played.into_iter().collect::<Result<_, _>>()?;
    let right = |run: &Played| {
        let wrong = run.worst.iter().rposition(|off| *off > RIGHT).map_or(0, |last| last + 1);
        (wrong < run.worst.len()).then_some(wrong as f64 + 1.0)
    };
    let at = |round: usize| {
        let all = || played.iter().map(|run| run.worst[round]);
        (all().sum::<f64>() / played.len() as f64, all().fold(0.0, f64::max))
    };
    Ok(Report {
        engine: setup.method.engine(),
        worst: (0..setup.rounds as usize).map(at).collect(),
        right_after: played.iter().filter_map(right).collect(),
        never: played.iter().filter(|run| right(run).is_none()).count() as u32,
        datagrams: played.iter().map(|run| run.datagrams).collect(),
        trace_hash: trace_of(played.iter().map(|run| run.trace)),
    })
}

fn play(setup: &Setup, seed: u64) -> Result<Played, SetupError> {
    let nodes = setup.base.nodes as usize;
    let mut rng = Rng::from_seed(seed);
    let contributes = |nth: usize| nth % 2 == 0 || nth >= left(setup);
    let number = |nth: usize, rng: &mut Rng| contributes(nth).then(|| f64::from(rng.below(1_001)) / 10.0);
    let numbers: Vec<Option<f64>> = (0..nodes).map(|nth| number(nth, &mut rng)).collect();
    let own = numbers.iter().map(|number| number.map_or([0.0; 2], |number| [number, 1.0]));
    match setup.method {
        Method::PushSum => Ok(model(setup, &numbers, PushSum(own.map(|share| (share, 1.0)).collect()), rng)),
        Method::PushPull => Ok(model(setup, &numbers, PushPull(own.collect()), rng)),
        Method::FlowUpdating => Ok(model(setup, &numbers, FlowUpdating::new(own.collect(), &mut rng), rng)),
        Method::Node => real(setup, &numbers, seed),
    }
}

/// How many are left after the crash.
const fn left(setup: &Setup) -> usize {
    let nodes = setup.base.nodes as usize;
    nodes - nodes * setup.crashed_permille as usize / 1_000
}

/// By how much what a node says is off: the most of mean, sum and count.
fn off(says: impl Iterator<Item = Option<[f64; 3]>>, numbers: &[Option<f64>]) -> f64 {
    let all: Vec<f64> = numbers.iter().flatten().copied().collect();
    let (sum, count) = (all.iter().sum::<f64>(), all.len() as f64);
    let of = |says: Option<[f64; 3]>| {
        let Some(says) = says else { return ERROR_MAX };
        says.into_iter().zip([sum / count, sum, count]).map(|(says, is)| (says / is - 1.0).abs()).fold(0.0, f64::max)
    };
    // What is no number is as wrong as can be.
    says.map(of).map(|off| if off < ERROR_MAX { off } else { ERROR_MAX }).fold(0.0, f64::max)
}

fn model(setup: &Setup, numbers: &[Option<f64>], mut model: impl Model, mut rng: Rng) -> Played {
    let (mut worst, mut sent) = (Vec::new(), 0);
    let mut living = numbers.len();
    for round in 0..setup.rounds {
        if round == CRASH_ROUND && left(setup) < living {
            living = left(setup);
            model.lose(living);
        }
        sent += model.round(&mut rng, setup.base.link.loss_permille);
        let says = |node: usize| {
            let ([sum, count], nodes) = (model.estimate(node), living as f64);
            Some([sum / count, sum * nodes, count * nodes])
        };
        worst.push(off((0..living).map(says), &numbers[..living]));
    }
    let trace = trace_of(worst.iter().map(|off| off.to_bits()));
    Played { worst, datagrams: sent as f64 / numbers.len() as f64 / f64::from(setup.rounds), trace }
}

fn real(setup: &Setup, numbers: &[Option<f64>], seed: u64) -> Result<Played, SetupError> {
    let params = setup.base.params(0)?;
    let mut world = setup.base.world(seed, 0);
    let hosts = world.form(&setup.base.specs(&params))?;
    world.run_for(CALM);
    for (host, number) in hosts.iter().zip(numbers) {
        if number.is_some() {
            world.contribute(*host, NAME, *number).expect("a member has room for one number");
        }
    }
    let interval = Span::from(setup.base.config.gossip_interval);
    let (mut worst, mut living) = (Vec::new(), hosts.len());
    for round in 0..setup.rounds {
        if round == CRASH_ROUND && left(setup) < living {
            living = left(setup);
            hosts[living..].iter().for_each(|host| world.crash(*host, Death::Silent));
        }
        world.run_for(interval);
        let says = hosts[..living].iter().map(|host| says(&world, *host));
        worst.push(off(says, &numbers[..living]));
    }
    had_room(&world)?;
    let sent = |host: &HostId| world.node(*host).map_or(0, |node| node.counters().sent(crate::wire::Kind::Averages));
    let sent: u64 = hosts[..living].iter().map(sent).sum();
    Ok(Played { worst, datagrams: sent as f64 / living as f64 / f64::from(setup.rounds), trace: world.trace() })
}

fn says(world: &World, host: HostId) -> Option<[f64; 3]> {
    let estimate = world.node(host)?.estimate(NAME)?;
    Some([estimate.mean, estimate.sum, estimate.count])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(method: Method, loss_permille: u32, crashed_permille: u32) -> Report {
        let mut setup = Setup { crashed_permille, runs: Runs { count: 2, seed: 1 }, ..Setup::new(method) };
        setup.base.nodes = 100;
        setup.base.link.loss_permille = loss_permille;
        run(&setup, &|_, _| ()).expect("a good setup")
    }

    #[test]
    fn without_loss_push_pull_is_soonest_and_with_it_it_loses_what_only_flows_keep() {
        let calm = [Method::PushSum, Method::PushPull, Method::Node].map(|method| played(method, 0, 0));
        assert!(calm.iter().all(|report| report.never == 0), "seed 1: {calm:?}");
        assert!(calm[1].right_after.max <= calm[2].right_after.max + 1.0, "seed 1");
        let lossy = [Method::PushSum, Method::PushPull, Method::Node].map(|method| played(method, 300, 0));
        assert_eq!(lossy.each_ref().map(|report| report.never), [2, 2, 0], "seed 1: {lossy:?}");
    }

    #[test]
    fn whom_push_pull_has_averaged_stays_in_it_and_whom_flows_have_goes() {
        assert_eq!(played(Method::PushPull, 0, 200).never, 2, "seed 1");
        let flows = Setup { crashed_permille: 200, rounds: 80, ..Setup::new(Method::FlowUpdating) };
        let flows = run(&Setup { base: Base::new(100, Profile::Lan), ..flows }, &|_, _| ()).expect("a good setup");
        assert!(flows.worst.last().is_some_and(|(mean, _)| *mean < 0.05), "seed 1: {flows:?}");
    }
}
