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
//! In a small cluster these three are one: up to [`SMALL`] living nodes the plain [model](super::run_event) is run instead,
//! from a fixed seed.

use super::course::{Course, births};
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
/// So many left over are a normal law, not counted one by one.
const COUNTED: f64 = 60.0;

/// How news spreads in event time. Times are in intervals.
#[derive(Clone, Debug)]
pub struct EventTime {
    law: Law,
    growth: f64,
    living: u32,
}

#[derive(Clone, Debug)]
enum Law {
    /// One course, and by how far luck shifts it.
    Calculated { course: Course, luck: Luck },
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
        let law = if model.living() <= SMALL {
            Law::Run(runs(model, latency))
        } else {
            Law::Calculated { course: Course::of(model, &births), luck: Luck::of(&births) }
        };
        let growth = births.growth() * births.steps as f64;
        Ok(Self { law, growth, living: model.living() })
    }

    /// λ: the informed grow by e^λ an interval while they are few.
    #[must_use]
    pub const fn growth(&self) -> f64 {
        self.growth
    }

    /// The informed at a time.
    #[must_use]
    pub fn coverage(&self, time: f64) -> Coverage {
        let living = f64::from(self.living);
        // Shares and their chances, the least first.
        let mut shares: Vec<(f64, f64)> = match &self.law {
            Law::Calculated { course, luck } => {
                let informed = |ahead: f64| 1.0 - course.uninformed_at(time * course.steps + ahead);
                // The source knows from the first.
                luck.ahead.iter().map(|(ahead, p)| (informed(*ahead).max(1.0 / living), *p)).collect()
            }
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
            Law::Calculated { course, luck } => {
                let left = |ahead: f64| f64::from(self.living) * course.uninformed_at(time * course.steps + ahead);
                luck.ahead.iter().map(|(ahead, p)| p * poisson_at_most(left(*ahead), f64::from(at_most))).sum()
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
            Law::Calculated { course, luck } => {
                let behind = luck.ahead.last().map_or(0.0, |(ahead, _)| -ahead);
                (course.origin + course.uninformed.len() as f64 + behind).max(1.0) / course.steps
            }
            Law::Run(runs) => runs.iter().filter_map(|run| run.last()).fold(1.0, |most, t| t.max(most)),
        }
    }
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
    fn small_clusters_join_large_ones_without_a_step() {
        // On both sides of the bound; and two nodes, which need the source's first tick and nothing else.
        for mode in Mode::ALL {
            let mean = |nodes| EventTime::of(&model(nodes, mode, 3, 0.1), 0.01).expect("makes sense").mean(2);
            assert!((mean(SMALL) - mean(SMALL + 1)).abs() < 0.2, "{mode:?}: {} {}", mean(SMALL), mean(SMALL + 1));
        }
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
