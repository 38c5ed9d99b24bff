//! How does one piece of news reach all? Rounds until it has, share informed by round, datagrams and bytes.
//!
//! *The model* (simple epidemics, Demers et al., PODC 1987 §1.3). N nodes, of which a share is dead and on everybody's list. In
//! round 0 one living node is informed. In each round every caller picks `fanout` distinct targets uniformly from the other
//! N - 1; who is informed is looked up at the round's start, so that nothing is forwarded twice within a round. Every
//! datagram is lost independently. Pushing, the informed call; pulling, the living that are not informed, and request and
//! reply must both arrive; push-pull is both. Nobody stops.
//!
//! *How it is played.* Pushing is what nodes do: it runs on real ones ([`Engine::Node`]), whose rounds are brought into step, on a
//! stage where nothing else happens: no probes, no forwarding at first receipt unless asked for, no repair. Nodes do not
//! pull news yet: pull and push-pull run on the plain model of [`plan`](crate::plan) ([`Engine::Model`]), and the report says so.
//!
//! *Compared with* the exact recurrence of the same model ([`Rounds`]); Pittel 1987, log2 N + ln N + 1.17 rounds for pushing to one;
//! Karp et al. 2000, log3 N + log2 ln N for push-pull with one; in event time, where each node has a tick phase of its own,
//! with the law of growth e^λ an interval, λ = f·s·e^(-λL) ([`EventTime`]).
//!
//! *Departs from them* in this: with forwarding at first receipt the source forwards at once too, and not at its own next
//! tick, so that all is sooner by half an interval than where it waits.

mod theory;

pub use theory::{Closed, Theory};

use super::runs::{Progress, Runs, trace_of};
use super::stage::{Cast, Telling, Timing};
use super::{Base, Distribution, Engine, SetupError};
use crate::config::{Profile, Sends};
use crate::plan::{self, GOALS, Mode, Model, Scenario};
use crate::rng::Rng;

#[cfg(doc)]
use crate::plan::{EventTime, Rounds};

/// Pieces of news that spread in one world, one after the other: to bring a large cluster together takes longer than one.
const RUNS_A_WORLD: u32 = 25;
/// How finely the share of the informed is given in event time, in parts of an interval.
const STEPS_AN_INTERVAL: u32 = 4;

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, fanout, loss; and in event time the latency, whose ratio to the gossip interval counts.
    pub base: Base,
    /// Who calls whom.
    pub mode: Mode,
    /// When the rounds of the nodes fall.
    pub timing: Timing,
    /// How many of a thousand nodes are dead.
    pub dead_permille: u32,
    /// Whether each node forwards the news at once when it first hears it, beside its rounds. In event time only.
    pub eager: bool,
    /// How often. The first 25 run in one world, from the seed; the next in another, from the seed after that.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes that push to 3 in step, nothing lost, nobody dead, 100 times.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        let mut base = Base::new(1_000, profile);
        base.config.fanout = 3;
        let runs = Runs { count: 100, seed: 1 };
        Self { base, mode: Mode::Push, timing: Timing::Rounds, dead_permille: 0, eager: false, runs }
    }

    /// What plays it.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.mode {
            Mode::Push => Engine::Node,
            Mode::Pull | Mode::PushPull => Engine::Model,
        }
    }

    /// The same as the planner has it.
    ///
    /// # Errors
    /// Shares and numbers that make no sense.
    pub fn model(&self) -> Result<Model, SetupError> {
        self.base.check_nodes(2)?;
        let share = |permille: u32| f64::from(permille) / 1_000.0;
        Ok(Model::try_from(Scenario {
            nodes: self.base.nodes,
            mode: self.mode,
            fanout: self.base.config.fanout,
            loss: share(self.base.link.loss_permille),
            dead: share(self.dead_permille),
        })?)
    }

    fn check(&self) -> Result<Model, SetupError> {
        let in_rounds = self.timing == Timing::Rounds;
        if self.eager && in_rounds {
            return Err(SetupError::Together("forwarding at first receipt knows no rounds; choose event timing"));
        }
        if self.engine() == Engine::Model && !in_rounds {
            return Err(SetupError::Together("nodes only push so far; pull and push-pull are played in rounds"));
        }
        let model = self.model()?;
        if model.living() < 2 {
            return Err(SetupError::Together(
                "only one is left alive, who has nobody to tell; lower the share of the dead",
            ));
        }
        Ok(model)
    }
}

/// The share of the living that is informed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// After so many rounds, or intervals.
    pub round: f64,
    /// On average over the runs.
    pub mean: f64,
    /// In 95 runs of 100 at least.
    pub p5: f64,
    /// In 95 runs of 100 at most.
    pub p95: f64,
}

/// What came out. Times are in rounds, or in intervals in event time.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What has played it.
    pub engine: Engine,
    /// Living nodes.
    pub living: u32,
    /// When each of [`GOALS`] was reached, over the runs.
    pub rounds_to: [Distribution; 3],
    /// By round, from the beginning until all knew in the longest run.
    pub coverage: Vec<Coverage>,
    /// Datagrams that told the news until all knew, per living node, and their bytes of payload; none are counted by the model.
    pub sent_per_node: Option<(Distribution, Distribution)>,
    /// What theory has for it; `None` where each forwards at first receipt, for which there is no closed theory here.
    pub theory: Option<Theory>,
    /// The traces of all worlds in one number; of the model, what it did.
    pub trace_hash: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    let model = setup.check()?;
    let theory = Theory::of(setup, &model)?;
    let (courses, trace_hash) = match setup.engine() {
        Engine::Node => play_nodes(setup, &model, progress)?,
        Engine::Model => play_model(setup, &model, progress),
    };
    Ok(report(setup, &model, &courses, theory, trace_hash))
}

fn play_nodes(setup: &Setup, model: &Model, progress: Progress<'_>) -> Result<(Vec<Telling>, u64), SetupError> {
    let Setup { base, timing, eager, .. } = setup.clone();
    let dead = base.nodes - model.living();
    let cast = Cast { base, dead, timing, sends: Sends::Endless, eager };
    let count = setup.runs.count.max(1);
    let worlds = Runs { count: count.div_ceil(RUNS_A_WORLD), ..setup.runs };
    let played = worlds.play(progress, |seed| {
        let before = (seed.wrapping_sub(setup.runs.seed) as u32) * RUNS_A_WORLD;
        let mut stage = cast.set(seed)?;
        let tellings: Vec<_> = (before..count).take(RUNS_A_WORLD as usize).map(|_| stage.tell_all()).collect();
        Ok((tellings, stage.world.trace()))
    });
    let played: Vec<_> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let trace_hash = trace_of(played.iter().map(|(_, trace)| *trace));
    Ok((played.into_iter().flat_map(|(tellings, _)| tellings).collect(), trace_hash))
}

fn play_model(setup: &Setup, model: &Model, progress: Progress<'_>) -> (Vec<Telling>, u64) {
    let played = setup.runs.play(progress, |seed| {
        let counts = plan::run(model, &mut Rng::from_seed(seed));
        let mut receipts = Vec::with_capacity(model.living() as usize);
        let rounds = counts.len() as u32 - 1;
        for (round, informed) in (0_u32..).zip(counts) {
            receipts.resize(informed as usize, f64::from(round));
        }
        Telling { receipts, datagrams: 0, bytes: 0, rounds }
    });
    let hash = trace_of(played.iter().flat_map(|telling| &telling.receipts).map(|round| round.to_bits()));
    (played, hash)
}

fn report(setup: &Setup, model: &Model, runs: &[Telling], theory: Option<Theory>, trace_hash: u64) -> Report {
    let living = f64::from(model.living());
    // Who has not been reached within all the rounds there are counts as reached at their end.
    let last = |run: &Telling| run.receipts.last().copied().unwrap_or(0.0);
    let rounds_to = GOALS.map(|goal| {
        let nth = model.share_of_living(goal) as usize - 1;
        runs.iter().map(|run| run.receipts.get(nth).copied().unwrap_or(last(run))).collect()
    });
    let steps = match setup.timing {
        Timing::Rounds => 1,
        Timing::Event => STEPS_AN_INTERVAL,
    };
    let end = (runs.iter().map(last).fold(0.0, f64::max) * f64::from(steps)).ceil() as u32;
    let coverage = (0..=end).map(|step| {
        let round = f64::from(step) / f64::from(steps);
        let informed = |run: &Telling| run.receipts.partition_point(|at| *at <= round) as f64 / living;
        let d: Distribution = runs.iter().map(informed).collect();
        Coverage { round, mean: d.mean, p5: d.p5, p95: d.p95 }
    });
    let per_node = |total: fn(&Telling) -> u64| runs.iter().map(|run| total(run) as f64 / living).collect();
    let counted = setup.engine() == Engine::Node;
    Report {
        engine: setup.engine(),
        living: model.living(),
        rounds_to,
        coverage: coverage.collect(),
        sent_per_node: counted.then(|| (per_node(|run| run.datagrams), per_node(|run| run.bytes))),
        theory,
        trace_hash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(nodes: u32, fanout: u32) -> Setup {
        let mut setup = Setup::new(Profile::Lan);
        (setup.base.nodes, setup.base.config.fanout, setup.runs.count) = (nodes, fanout, 30);
        setup
    }

    fn play(setup: &Setup) -> Report {
        run(setup, &|_, _| ()).expect("a good setup")
    }

    #[test]
    fn dbg_print() {
        let t = std::time::Instant::now();
        for (n, f) in [(100, 1), (100, 3), (100, 10)] {
            for (l, d) in [(0, 0), (300, 0), (0, 300), (300, 300)] {
                let mut s = quick(n, f);
                s.base.link.loss_permille = l;
                s.dead_permille = d;
                s.runs.count = 200;
                let r = play(&s);
                let th = r.theory.unwrap();
                println!(
                    "{n} {f} {l} {d}: {:?} vs {:?} p99 {:?}; {:?} {:?}",
                    r.rounds_to.map(|d| d.mean),
                    th.rounds_to,
                    r.rounds_to.map(|d| d.p99),
                    r.sent_per_node.unwrap().0.mean,
                    t.elapsed()
                );
            }
        }
    }
}
