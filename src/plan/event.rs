//! How long until all know when nobody ticks in step? Event time: each node has a tick phase of its own.
//!
//! Rounds that all begin at once are a model's convenience. Where each node calls once an interval at its own random phase, and
//! a call takes the latency L (in intervals), news is passed on within the interval in which it came, and the informed
//! grow by e^λ an interval, λ = f·s·e^(-λL): at fanout 3 by twenty and not by four. Three parts:
//!
//! - the start: the [law](super::luck) of how far ahead or behind luck puts a run;
//! - the middle: the mean-field course, one and the same for all runs but for that shift;
//! - the end: whoever is left is left independently of the others: a Poisson number.
//!
//! Push, pull and push-pull as in [`model`](super::model), with ticks in place of rounds. The rounds' table holds about where L is
//! half an interval.
//!
//! Where one tick tells [`HASTY`] or more, the start is over before it has a law: all know a few hops after the source's first
//! tick, and those who pulled have not ticked again. There the moment of that tick is the luck, and the course begins with
//! the source itself.
//!
//! In a small cluster all of these are one: up to [`SMALL`] living nodes the plain [model](super::run_event) is run instead,
//! from a fixed seed.

use super::course::{Course, Start, births, births_in};
use super::error::{PlanError, within};
use super::event_model::run_event;
use super::luck::Luck;
use super::model::{Model, share_of};
use super::rounds::{Coverage, GOALS};
use crate::rng::Rng;
use libm::exp;

/// The longest latency, in intervals.
pub const LATENCY_MAX: f64 = 10.0;
/// Where one node informs fewer in an interval all take many thousands of them: rounds do for a plan.
const RATE_MIN: f64 = 0.002;
/// Up to so many living nodes are run and not calculated.
pub const SMALL: u32 = 200;
/// Runs of a small cluster, at most and at least; between these, as many as come to so many receipts and intervals.
const RUNS_MAX: usize = 2_000;
const RUNS_MIN: usize = 100;
const EFFORT: f64 = 3e6;
/// From so many told by a tick on its moment is all the luck that is looked at. What else there is moves times by about
/// 1/λ: a twentieth.
const HASTY: f64 = 16.0;
/// Steps of an interval at most: a time is fine enough to half a thousandth, and at the longest latency more would take seconds.
const STEPS: f64 = 2_048.0;
/// Moments of the source's tick: with a course each, and on one and the same.
const COURSES: u32 = 16;
const MOMENTS: u32 = 256;
/// Below so many others informed their number is whole, and fits into so many places.
const FEW: f64 = 20.0;
const FEW_MAX: usize = 64;
/// So many left over are a normal law, not counted one by one.
const COUNTED: f64 = 60.0;

/// How news spreads in event time. Times are in intervals.
#[derive(Clone, Debug)]
pub struct EventTime {
    law: Law,
    latency: f64,
    growth: f64,
    living: u32,
}

#[derive(Clone, Debug)]
enum Law {
    /// Courses, one as likely as the other, and by how far luck shifts them.
    Calculated { courses: Vec<Course>, luck: Luck },
    /// When the nodes of each run heard it, ascending.
    Run(Vec<Vec<f64>>),
}

impl EventTime {
    /// Works it out for a latency in intervals.
    ///
    /// # Errors
    /// A latency that is negative or above [`LATENCY_MAX`], or loss so high that hardly any call informs anybody.
    pub fn of(model: &Model, latency: f64) -> Result<Self, PlanError> {
        within("latency, in intervals,", latency, 0.0, LATENCY_MAX)?;
        let births = births(model, latency);
        within("what one node informs in an interval", births.rate(), RATE_MIN, f64::INFINITY)?;
        let law = if model.living() <= SMALL { Law::Run(runs(model, latency)) } else { calculated(model, latency) };
        let growth = births.growth() * births.steps as f64;
        Ok(Self { law, latency, growth, living: model.living() })
    }

    /// λ: the informed grow by e^λ an interval while they are few.
    #[must_use]
    pub const fn growth(&self) -> f64 {
        self.growth
    }

    /// The informed at a time: the source alone until a latency has passed, then whole numbers while they are few.
    ///
    /// These are inexact: the mean by up to a tenth while there are fewer than ten informed (a seventh just after the first
    /// latency where that is a third of an interval). Their spread is that of a Poisson number about what the start's luck lets
    /// expect: right for pull, where its quantiles are those of Yule's process. A push tells `fanout` at once, and at 1,000
    /// nodes and fanout 3 p95 is 5 for 7 after a quarter of an interval, 13 for 15 after a half, p5 is 2 for 4 after one. Where
    /// only the moment of the source's tick is looked at, an eighth more are informed than there should be until a quarter of the
    /// cluster is.
    #[must_use]
    pub fn coverage(&self, time: f64) -> Coverage {
        let living = f64::from(self.living);
        // Shares and their chances, the least first.
        let mut shares: Vec<(f64, f64)> = match &self.law {
            Law::Calculated { courses, luck } => self.informed(courses, luck, time),
            Law::Run(runs) => {
                let informed = |run: &Vec<f64>| run.partition_point(|t| *t <= time) as f64 / living;
                runs.iter().map(|run| (informed(run), 1.0 / runs.len() as f64)).collect()
            }
        };
        shares.sort_by(|a, b| a.0.total_cmp(&b.0));
        let at = |below: f64| {
            let mut sum = 0.0;
            let reached = shares.iter().find(|(_, p)| {
                sum += p;
                sum >= below
            });
            reached.or(shares.last()).map_or(0.0, |(share, _)| *share)
        };
        Coverage { mean: shares.iter().map(|(share, p)| share * p).sum(), p5: at(0.05), p95: at(0.95) }
    }

    /// Shares of the living that know at a time, and their chances.
    fn informed(&self, courses: &[Course], luck: &Luck, time: f64) -> Vec<(f64, f64)> {
        let living = f64::from(self.living);
        // Nobody has heard it from the source within one latency.
        if time <= self.latency {
            return vec![(1.0 / living, 1.0)];
        }
        let mut shares = Vec::new();
        let mut few = [0.0; FEW_MAX];
        for course in courses {
            for (ahead, p) in &luck.ahead {
                let p = p / courses.len() as f64;
                let left = |time: f64| course.uninformed_at(time * course.steps + ahead);
                let (now, first) = (left(time), left(self.latency));
                // The source is one, whatever its luck: that decides how many it informs. Of a start at a constant rate, Yule's
                // process, the others are a Poisson number of mean W·(e^(λt) - 1) given W (Kendall, J. London Math. Soc. 41, 1966).
                let others = living * (1.0 - now) - (living * (1.0 - first) - 1.0) * now - 1.0;
                if others < FEW {
                    spread(&mut few, others.max(0.0), p);
                } else {
                    shares.push(((1.0 + others).min(living) / living, p));
                }
            }
        }
        shares.extend(few.iter().enumerate().map(|(k, p)| ((k + 1) as f64 / living, *p)));
        shares
    }

    /// The chance that one of [`GOALS`] is reached by a time.
    #[must_use]
    pub fn reached(&self, goal: usize, time: f64) -> f64 {
        self.share_knows(GOALS[goal], time)
    }

    /// The time by which one of [`GOALS`] is reached with this chance.
    #[must_use]
    pub fn quantile(&self, goal: usize, chance: f64) -> f64 {
        self.time_to(GOALS[goal], chance)
    }

    /// The time by which a share of the living knows with this chance.
    #[must_use]
    pub fn time_to(&self, share: f64, chance: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.longest());
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.share_knows(share, middle) < chance { low = middle } else { high = middle }
        }
        high
    }

    /// The chance that a share of the living knows by a time.
    #[must_use]
    pub fn share_knows(&self, share: f64, time: f64) -> f64 {
        if time < 0.0 {
            return 0.0;
        }
        let at_most = self.living - share_of(self.living, share);
        match &self.law {
            Law::Calculated { courses, luck } => {
                let knows = |course: &Course| {
                    let left = |ahead: f64| f64::from(self.living) * course.uninformed_at(time * course.steps + ahead);
                    let reached = |ahead: f64| poisson_at_most(left(ahead), f64::from(at_most));
                    luck.ahead.iter().map(|(ahead, p)| p * reached(*ahead)).sum::<f64>()
                };
                courses.iter().map(knows).sum::<f64>() / courses.len() as f64
            }
            Law::Run(runs) => {
                let last = |run: &&Vec<f64>| run[run.len() - 1 - at_most as usize] <= time;
                runs.iter().filter(last).count() as f64 / runs.len() as f64
            }
        }
    }

    /// The mean time to one of [`GOALS`].
    #[must_use]
    pub fn mean(&self, goal: usize) -> f64 {
        const POINTS: u32 = 400;
        let step = self.longest() / f64::from(POINTS);
        (0..POINTS).map(|i| (1.0 - self.reached(goal, (f64::from(i) + 0.5) * step)) * step).sum()
    }

    /// A time by which all know, however unlucky.
    fn longest(&self) -> f64 {
        match &self.law {
            Law::Calculated { courses, luck } => {
                let behind = luck.ahead.last().map_or(0.0, |(ahead, _)| -ahead);
                let end = |course: &Course| (course.origin + course.uninformed.len() as f64 + behind) / course.steps;
                courses.iter().map(end).fold(1.0, f64::max)
            }
            Law::Run(runs) => runs.iter().filter_map(|run| run.last()).fold(1.0, |most, t| t.max(most)),
        }
    }
}

/// Where the source's tick tells so many that hardly anything but its moment is luck, that moment decides. The growth of a
/// branching process never comes about there: a cluster is full before those who pulled, most of all, tick again.
fn calculated(model: &Model, latency: f64) -> Law {
    let births = births_in(model, latency, STEPS);
    if f64::from(births.fanout) * births.success < HASTY {
        let course = Course::of(model, &births, Start::Share);
        return Law::Calculated { courses: vec![course], luck: Luck::of(&births) };
    }
    let moments = |count: u32| (0..count).map(move |i| (f64::from(i) + 0.5) / f64::from(count));
    if model.scenario().mode.pulls() {
        // Meanwhile others ask the source.
        let course = |at: f64| Course::of(model, &births, Start::Tick(at));
        return Law::Calculated { courses: moments(COURSES).map(course).collect(), luck: Luck::none() };
    }
    let behind = moments(MOMENTS).map(|at| (-at * births.steps as f64, 1.0 / f64::from(MOMENTS)));
    let luck = Luck { ahead: behind.collect() };
    Law::Calculated { courses: vec![Course::of(model, &births, Start::Tick(0.0))], luck }
}

/// Adds a Poisson number's law to those of whole numbers.
fn spread(numbers: &mut [f64], mean: f64, p: f64) {
    let last = numbers.len() - 1;
    let mut term = p * exp(-mean);
    let mut rest = p;
    for (k, number) in numbers[..last].iter_mut().enumerate() {
        *number += term;
        rest -= term;
        term *= mean / (k + 1) as f64;
    }
    numbers[last] += rest.max(0.0);
}

/// Runs of a small cluster, always the same.
fn runs(model: &Model, latency: f64) -> Vec<Vec<f64>> {
    let mut rng = Rng::from_seed(u64::from(model.living()));
    let mut runs: Vec<Vec<f64>> = Vec::new();
    let mut effort = 0.0;
    while runs.len() < RUNS_MIN || (runs.len() < RUNS_MAX && effort < EFFORT) {
        let run = run_event(model, latency, &mut rng);
        effort += run.last().map_or(0.0, |last| last.min(1e6) + 1.0) * run.len() as f64;
        runs.push(run);
    }
    runs
}

/// The chance that a Poisson number is at most `most`.
pub fn poisson_at_most(mean: f64, most: f64) -> f64 {
    if most > COUNTED {
        let off = (most + 0.5 - mean) / mean.max(1e-9).sqrt();
        return 1.0 / (1.0 + exp(-1.702 * off));
    }
    let (mut term, mut sum) = (exp(-mean), 0.0);
    for k in 0..=most as u32 {
        sum += term;
        term *= mean / f64::from(k + 1);
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use libm::log;

    use super::*;
    use crate::plan::model::{Mode, Scenario};

    fn model(nodes: u32, mode: Mode, fanout: u32, loss: f64) -> Model {
        Model::try_from(Scenario { nodes, mode, fanout, loss, dead: 0.0 }).expect("makes sense")
    }

    /// Means of the time to all within 0.1 interval and 4 standard errors, medians of 99 % and p90 of all within half an
    /// interval.
    fn agrees(model: &Model, latency: f64, runs: usize) {
        let planned = EventTime::of(model, latency).expect("makes sense");
        let mut rng = Rng::from_seed(5);
        let (mut most, mut all) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let heard = run_event(model, latency, &mut rng);
            most.push(heard[model.share_of_living(0.99) as usize - 1]);
            all.push(heard[heard.len() - 1]);
        }
        most.sort_by(f64::total_cmp);
        all.sort_by(f64::total_cmp);
        let n = runs as f64;
        let mean = all.iter().sum::<f64>() / n;
        let error = (all.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt();
        let case = (model.scenario(), latency, "seed 5");
        assert!((planned.mean(2) - mean).abs() < 0.1 + 4.0 * error, "{case:?}: {} for {mean}", planned.mean(2));
        let pairs = [(planned.quantile(0, 0.5), most[runs / 2]), (planned.quantile(2, 0.9), all[runs * 9 / 10 - 1])];
        for (planned, ran) in pairs {
            assert!((planned - ran).abs() < 0.5 + 4.0 * error, "{case:?}: {planned} for {ran}");
        }
    }

    #[test]
    fn pushing_plan_and_model_agree() {
        for (fanout, loss, latency) in [(3, 0.0, 0.001), (1, 0.3, 0.0), (3, 0.1, 0.5)] {
            agrees(&model(1_000, Mode::Push, fanout, loss), latency, 100);
        }
    }

    #[test]
    fn pulling_plan_and_model_agree() {
        for (fanout, loss, latency) in [(1, 0.0, 0.0), (3, 0.1, 0.1)] {
            agrees(&model(1_000, Mode::Pull, fanout, loss), latency, 100);
        }
    }

    #[test]
    fn doing_both_plan_and_model_agree() {
        for (fanout, loss, latency) in [(1, 0.0, 0.0), (1, 0.3, 0.0), (4, 0.3, 0.05)] {
            agrees(&model(1_000, Mode::PushPull, fanout, loss), latency, 100);
        }
    }

    #[test]
    fn a_thousand_nodes_know_after_five_intervals_and_not_after_eight_rounds() {
        let model = model(1_000, Mode::Push, 3, 0.0);
        let event = EventTime::of(&model, 0.001).expect("makes sense");
        let rounds = crate::plan::Rounds::of(&model).arrivals[2].mean().expect("ends");
        assert!((event.mean(2) - 5.0).abs() < 0.1 && (rounds - 8.2).abs() < 0.1, "{} {rounds}", event.mean(2));
        // Half an interval of latency makes rounds of it, as far as a mean goes.
        let slow = EventTime::of(&model, 0.5).expect("makes sense").mean(2);
        assert!((slow - rounds).abs() < 0.5, "{slow} {rounds}");
    }

    #[test]
    fn coverage_rises_from_one_node_to_all() {
        let event = EventTime::of(&model(1_000, Mode::Push, 3, 0.1), 0.0).expect("makes sense");
        let course: Vec<Coverage> = (0..12).map(|t| event.coverage(f64::from(t))).collect();
        assert!(course.windows(2).all(|w| w[0].mean <= w[1].mean), "{course:?}");
        assert!(course.iter().all(|c| 0.001 <= c.p5 && c.p5 <= c.p95 && c.p95 <= 1.0), "{course:?}");
        assert!((course[0].p5, course[11].mean > 0.999_999) == (0.001, true), "{course:?}");
        assert!((course[1].mean - 0.0147).abs() < 1e-3 && course[11].p5 > 0.999_999, "{course:?}");
    }

    #[test]
    fn who_tells_many_at_once_waits_for_the_first_tick() {
        // Mean and p99 of 1,500 runs each. Nothing can be sooner than the source's tick, half an interval on average.
        for (nodes, mode, fanout, loss, latency, mean, p99) in [
            (1_000, Mode::Push, 64, 0.0, 0.001, 0.668, 1.168),
            (1_000, Mode::Push, 20, 0.3, 0.001, 1.359, 1.998),
            (1_000, Mode::PushPull, 64, 0.0, 0.001, 0.643, 1.081),
            (201, Mode::Push, 200, 0.0, 0.1, 0.603, 1.087),
        ] {
            let event = EventTime::of(&model(nodes, mode, fanout, loss), latency).expect("makes sense");
            let got = (event.mean(2), event.quantile(2, 0.99));
            assert!((got.0 - mean).abs() < 0.05 && (got.1 - p99).abs() < 0.1, "{nodes} {mode:?} {fanout}: {got:?}");
        }
    }

    #[test]
    fn telling_many_at_once_plan_and_model_agree() {
        for (mode, fanout, loss, latency) in
            [(Mode::Push, 40, 0.3, 0.1), (Mode::Pull, 40, 0.0, 0.1), (Mode::PushPull, 40, 0.0, 0.001)]
        {
            agrees(&model(201, mode, fanout, loss), latency, 60);
        }
    }

    #[test]
    fn few_are_whole_numbers_and_at_first_the_source_alone() {
        let at = |mode, latency, time| {
            let Coverage { mean, p5, p95 } =
                EventTime::of(&model(1_000, mode, 3, 0.0), latency).expect("makes sense").coverage(time);
            [mean, p5, p95].map(|share| share * 1e3)
        };
        for mode in Mode::ALL {
            for (latency, time) in [(0.0, 0.0), (0.3, 0.0), (0.3, 0.3)] {
                assert!(at(mode, latency, time).iter().all(|n| (n - 1.0).abs() < 1e-9), "{mode:?} {latency} {time}");
            }
        }
        // The mean of a branching process: e^(λt).
        for (mode, time) in [(Mode::Push, 0.25), (Mode::Push, 0.5), (Mode::Pull, 0.25), (Mode::Pull, 0.5)] {
            let (mean, expected) = (at(mode, 0.0, time)[0], exp(3.0 * time));
            assert!((mean - expected).abs() < 0.03 * expected, "{mode:?} {time}: {mean} {expected}");
        }
        // Yule's: geometric, so that more than k are informed with (1 - e^(-λt))^k.
        let [_, p5, p95] = at(Mode::Pull, 0.0, 0.25);
        assert!((p5 - 1.0).abs() < 1e-9 && (p95 - 5.0).abs() < 1e-9, "{p5} {p95}");
    }

    #[test]
    fn small_clusters_join_large_ones_without_a_step() {
        // On both sides of the bound; and two nodes, which need the source's first tick and nothing else.
        for mode in Mode::ALL {
            let mean = |nodes| EventTime::of(&model(nodes, mode, 3, 0.1), 0.01).expect("makes sense").mean(2);
            assert!((mean(SMALL) - mean(SMALL + 1)).abs() < 0.2, "{mode:?}: {} {}", mean(SMALL), mean(SMALL + 1));
        }
        let many = |nodes| EventTime::of(&model(nodes, Mode::Push, 32, 0.0), 0.01).expect("makes sense").mean(2);
        assert!((many(SMALL) - many(SMALL + 1)).abs() < 0.1, "{} {}", many(SMALL), many(SMALL + 1));
        let pair = EventTime::of(&model(2, Mode::Push, 1, 0.0), 0.1).expect("makes sense");
        assert!((pair.mean(2) - 0.6).abs() < 0.03 && pair.quantile(2, 0.99) <= 1.1, "{}", pair.mean(2));
    }

    #[test]
    fn a_latency_that_cannot_be_is_refused() {
        let model = model(10, Mode::Push, 1, 0.0);
        assert!(EventTime::of(&model, -1.0).is_err() && EventTime::of(&model, f64::NAN).is_err());
    }

    #[test]
    fn where_hardly_any_call_arrives_the_slow_are_planned_and_the_hopeless_refused() {
        let slow = EventTime::of(&model(1_000, Mode::Push, 1, 0.98), 0.0).expect("makes sense");
        assert!((slow.mean(2) - 50.0 * (2.0 * log(1_000_f64) + 0.577)).abs() < 100.0, "{}", slow.mean(2));
        assert!(EventTime::of(&model(1_000, Mode::Pull, 1, 0.99), 0.0).is_err());
    }
}
