//! How does one piece of news reach all? Rounds until it has, share informed by round, datagrams and bytes.
//!
//! *The model* (simple epidemics, Demers et al., PODC 1987 §1.3). N nodes, of which a share is dead and on everybody's list. In
//! round 0 one living node is informed. In each round every caller picks `fanout` distinct targets uniformly from the other
//! N - 1; who is informed is looked up at the round's start, so that nothing is forwarded twice within a round. Every
//! datagram is lost independently. Pushing, the informed call; pulling, the living that are not informed, and request and
//! reply must both arrive; push-pull is both. Nobody stops.
//!
//! *How it is played.* By real nodes, whose rounds are brought into step, on a stage where nothing else happens: no probes, no
//! forwarding at first receipt unless asked for, no repair. What is pushed is a claim. What is pulled, or both, is a write into the
//! state, by nodes of that [`Config::state_mode`]: whoever pulls asks `fanout` members in each round, with a ping, and what each of
//! them knows comes with its ack. A node does not know that there is something to be asked for, so all ask, those who know too, in vain.
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
use super::stage::{Cast, News, Telling, Timing};
use super::{Base, Distribution, SetupError};
use crate::config::{Profile, Sends};
use crate::plan::{GOALS, Mode, Model, Scenario};
use crate::sim::Latency;
use crate::time::Span;

#[cfg(doc)]
use crate::config::Config;
#[cfg(doc)]
use crate::plan::{EventTime, Rounds};

/// Pieces of news that spread in one world, one after the other: to bring a large cluster together takes longer than one.
const RUNS_A_WORLD: u32 = 50;
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
    /// How often. The first 50 run in one world, from the seed; the next in another, from the seed after that.
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

    /// The same as the planner has it.
    ///
    /// # Errors
    /// Shares and numbers that make no sense.
    pub fn model(&self) -> Result<Model, SetupError> {
        self.base.check_nodes(2)?;
        self.runs.check()?;
        let share = |permille: u32| f64::from(permille) / 1_000.0;
        Ok(Model::try_from(Scenario {
            nodes: self.base.nodes,
            mode: self.mode,
            fanout: self.base.config.fanout,
            loss: share(self.base.link.loss_permille),
            dead: share(self.dead_permille),
        })?)
    }

    /// The latency in intervals, where it is always the same.
    fn latency_intervals(&self) -> Option<f64> {
        match self.base.link.latency {
            Latency::Constant(span) => {
                Some(span.as_nanos() as f64 / Span::from(self.base.config.gossip_interval).as_nanos() as f64)
            }
            Latency::Uniform(..) | Latency::LogNormal { .. } => None,
        }
    }

    /// What theory plays, if it can be played.
    ///
    /// # Errors
    /// What does not go together, or is out of its range.
    pub fn check(&self) -> Result<Model, SetupError> {
        let in_rounds = self.timing == Timing::Rounds;
        if self.eager && in_rounds {
            return Err(SetupError::Together("forwarding at first receipt knows no rounds; choose event timing"));
        }
        if self.eager && self.mode.pulls() {
            return Err(SetupError::Together("what is pulled is not forwarded at first receipt; choose push"));
        }
        self.model()
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
    /// Living nodes.
    pub living: u32,
    /// When each of [`GOALS`] was reached, over the runs.
    pub rounds_to: [Distribution; 3],
    /// By round, from the beginning until all knew in the longest run.
    pub coverage: Vec<Coverage>,
    /// Datagrams that told the news until all knew, per living node, and their bytes of payload.
    pub sent_per_node: (Distribution, Distribution),
    /// Questions that were asked until then, per living node.
    pub asked_per_node: Distribution,
    /// What theory has for it; `None` where each forwards at first receipt, for which there is no closed theory here.
    pub theory: Option<Theory>,
    /// The traces of all worlds in one number.
    pub trace_hash: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    let model = setup.check()?;
    let theory = Theory::of(setup, &model)?;
    let (courses, trace_hash) = play(setup, &model, progress)?;
    Ok(report(setup, &model, &courses, theory, trace_hash))
}

fn play(setup: &Setup, model: &Model, progress: Progress<'_>) -> Result<(Vec<Telling>, u64), SetupError> {
    let Setup { base, mode, timing, eager, .. } = setup.clone();
    let dead = base.nodes - model.living();
    let news = if mode.pulls() { News::Write(mode) } else { News::Claim(Sends::Endless) };
    let cast = Cast { base, dead, timing, news, eager };
    let played = setup.runs.play_worlds(RUNS_A_WORLD, cast.load()?, progress, |seed, count, ended| {
        let mut stage = cast.set(seed)?;
        let tellings: Vec<_> = (0..count).map(|_| stage.tell_all()).inspect(|_| ended()).collect();
        Ok((tellings, stage.world.trace()))
    });
    let played: Vec<_> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let trace_hash = trace_of(played.iter().map(|(_, trace)| *trace));
    Ok((played.into_iter().flat_map(|(tellings, _)| tellings).collect(), trace_hash))
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
    Report {
        living: model.living(),
        rounds_to,
        coverage: coverage.collect(),
        sent_per_node: (per_node(|run| run.datagrams), per_node(|run| run.bytes)),
        asked_per_node: per_node(|run| run.asked),
        theory,
        trace_hash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(nodes: u32, fanout: u32) -> Setup {
        let mut setup = Setup::new(Profile::Lan);
        (setup.base.nodes, setup.base.config.fanout, setup.runs.count) = (nodes, fanout, 25);
        setup
    }

    fn play(setup: &Setup) -> Report {
        run(setup, &|_, _| ()).expect("a good setup")
    }

    #[test]
    fn nodes_in_step_do_what_the_recurrence_has() {
        let report = play(&quick(100, 3));
        let theory = report.theory.expect("in rounds there is one");
        for (ours, (mean, _)) in report.rounds_to.iter().zip(theory.rounds_to) {
            assert!((ours.mean - mean).abs() < 0.1 + 4.0 * ours.standard_error, "seed 1: {ours:?} for {mean}");
        }
        // The source, and whom it tells in the first round: three, none of whom is lost.
        let certain = report.coverage.iter().map(|c| (c.round, c.p5, c.p95)).take(2).collect::<Vec<_>>();
        assert_eq!(certain, [(0.0, 0.01, 0.01), (1.0, 0.04, 0.04)]);
        assert!(report.coverage.windows(2).all(|w| w[0].mean <= w[1].mean), "{:?}", report.coverage);
    }

    #[test]
    fn each_datagram_of_a_round_is_counted_once() {
        // One target in a cluster of three: the source tells one of two, then both tell, until the third knows.
        let mut setup = quick(3, 2);
        setup.runs.count = 5;
        let report = play(&setup);
        let (datagrams, bytes) = report.sent_per_node;
        assert_eq!((report.rounds_to[2].mean, datagrams.min, datagrams.max), (1.0, 2.0 / 3.0, 2.0 / 3.0));
        // A header, one section of one claim, a checksum.
        assert_eq!(bytes.max, 72.0 * 2.0 / 3.0);
    }

    #[test]
    fn the_dead_are_called_and_do_not_count() {
        let mut setup = quick(100, 3);
        (setup.dead_permille, setup.base.link.loss_permille, setup.runs.count) = (300, 100, 20);
        let report = play(&setup);
        assert_eq!(report.living, 70);
        assert_eq!(report.coverage.last().map(|c| c.p5), Some(1.0));
        let (mean, _) = report.theory.expect("in rounds there is one").rounds_to[2];
        let ours = report.rounds_to[2];
        assert!((ours.mean - mean).abs() < 0.1 + 4.0 * ours.standard_error, "seed 1: {ours:?} for {mean}");
    }

    #[test]
    fn at_phases_of_their_own_they_follow_the_law_of_event_time() {
        let mut setup = quick(100, 3);
        setup.timing = Timing::Event;
        let report = play(&setup);
        let (mean, _) = report.theory.expect("without forwarding there is one").rounds_to[2];
        let ours = report.rounds_to[2];
        assert!((ours.mean - mean).abs() < 0.1 + 4.0 * ours.standard_error, "seed 1: {ours:?} for {mean}");
        setup.eager = true;
        let eager = play(&setup);
        assert!(eager.rounds_to[2].mean < 0.5 * ours.mean, "seed 1: {:?} for {ours:?}", eager.rounds_to[2]);
    }

    #[test]
    fn a_run_is_the_same_whatever_runs_beside_it() {
        let setup = quick(20, 2);
        let one = play(&setup);
        assert_eq!(one, play(&setup));
        let mut later = setup.clone();
        later.runs.seed += 1;
        assert_ne!(one.trace_hash, play(&later).trace_hash);
    }

    #[test]
    fn nodes_that_pull_or_do_both_do_what_the_recurrence_has() {
        for (mode, fanout) in [(Mode::Pull, 1), (Mode::Pull, 3), (Mode::PushPull, 1), (Mode::PushPull, 3)] {
            let setup = Setup { mode, ..quick(100, fanout) };
            let report = play(&setup);
            let theory = report.theory.expect("in rounds there is one");
            for (ours, (mean, p99)) in report.rounds_to.iter().zip(theory.rounds_to) {
                let near = (ours.mean - mean).abs() < 0.1 + 4.0 * ours.standard_error && ours.p99 <= p99 + 1.0;
                assert!(near, "{mode:?} {fanout}, seed 1: {ours:?} for {mean}, {p99}");
            }
        }
    }

    #[test]
    fn a_question_and_its_answer_must_both_arrive_and_the_dead_answer_nobody() {
        for mode in [Mode::Pull, Mode::PushPull] {
            let mut setup = Setup { mode, dead_permille: 300, ..quick(100, 2) };
            setup.base.link.loss_permille = 300;
            let report = play(&setup);
            let (mean, _) = report.theory.expect("in rounds there is one").rounds_to[2];
            let ours = report.rounds_to[2];
            assert!(
                (ours.mean - mean).abs() < 0.1 + 4.0 * ours.standard_error,
                "{mode:?}, seed 1: {ours:?} for {mean}"
            );
            // All ask whom they call, in each round but the last.
            let (asked, rounds) = (report.asked_per_node.mean, ours.mean);
            assert!((asked - 2.0 * rounds).abs() <= 2.0, "{mode:?}, seed 1: {asked} asked in {rounds} rounds");
        }
    }

    #[test]
    fn who_asks_hears_what_was_known_when_the_round_began() {
        // Of three, one knows. If what was pushed could be pulled in the same round two would know it sooner than they can.
        for mode in [Mode::Pull, Mode::PushPull] {
            let mut setup = Setup { mode, ..quick(3, 1) };
            setup.runs.count = 400;
            let report = play(&setup);
            let (ours, (mean, _)) = (report.rounds_to[2], report.theory.expect("in rounds there is one").rounds_to[2]);
            assert!((ours.mean - mean).abs() < 4.0 * ours.standard_error, "{mode:?}, seed 1: {ours:?} for {mean}");
        }
    }

    #[test]
    fn nodes_pull_in_event_time_too() {
        for (mode, latency) in [(Mode::Pull, 0.0), (Mode::PushPull, 0.25)] {
            let mut setup = Setup { mode, timing: Timing::Event, ..quick(100, 1) };
            setup.base.link.latency = Latency::Constant(Span::nanos((latency * 1e8) as u64));
            setup.runs.count = 100;
            let report = play(&setup);
            let (ours, theory) = (report.rounds_to[2], report.theory.expect("of one latency for all there is one"));
            let (mean, _) = theory.rounds_to[2];
            assert!(
                (ours.mean - mean).abs() < 0.1 + 4.0 * ours.standard_error,
                "{mode:?}, seed 1: {ours:?} for {mean}"
            );
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let eager = Setup { eager: true, ..quick(10, 1) };
        let pulling = Setup { timing: Timing::Event, mode: Mode::Pull, eager: true, ..quick(10, 1) };
        let alone = Setup { dead_permille: 900, ..quick(10, 1) };
        for setup in [eager, pulling] {
            assert!(matches!(run(&setup, &|_, _| ()), Err(SetupError::Together(_))), "{setup:?}");
        }
        assert!(matches!(run(&alone, &|_, _| ()), Err(SetupError::Plan(_))));
        assert!(matches!(run(&quick(3, 3), &|_, _| ()), Err(SetupError::Plan(_))));
        assert!(matches!(run(&quick(100, 17), &|_, _| ()), Err(SetupError::Config(_))));
    }
}
