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

use super::error::{PlanError, within};
use super::luck::{Births, Luck};
use super::model::{Model, Scenario};
use super::rounds::{Coverage, GOALS};

/// The longest latency, in intervals.
pub const LATENCY_MAX: f64 = 10.0;
/// Steps in which the informed grow by a factor of e, at least.
const STEPS_PER_FOLD: f64 = 64.0;
/// Steps of an interval, at least and at most.
const STEPS_MIN: f64 = 16.0;
const STEPS_MAX: f64 = 16_384.0;
/// The course begins with this share informed: little enough for the shape of the start to be forgotten by the time it matters.
const BEGIN: f64 = 1e-9;
/// A course has this many steps at most.
const COURSE_MAX: usize = 4_000_000;
/// The course ends where so few are expected to be left.
const END: f64 = 1e-7;
/// So many left over are a normal law, not counted one by one.
const COUNTED: f64 = 60.0;

/// How news spreads in event time. Times are in intervals.
#[derive(Clone, Debug)]
pub struct EventTime {
    course: Course,
    luck: Luck,
    living: f64,
    /// How many may be left when each of [`GOALS`] is reached.
    left: [f64; 3],
}

/// The mean-field course: the share that is not informed, at each step.
#[derive(Clone, Debug)]
struct Course {
    /// Steps of an interval.
    steps: f64,
    /// Where step 0 lies, in steps, when the informed grow as e^(growth · step) from one at time 0.
    origin: f64,
    growth: f64,
    uninformed: Vec<f64>,
}

impl EventTime {
    /// Works it out for a latency in intervals.
    ///
    /// # Errors
    /// A latency that is negative or above [`LATENCY_MAX`].
    pub fn of(model: &Model, latency: f64) -> Result<Self, PlanError> {
        within("latency, in intervals,", latency, 0.0, LATENCY_MAX)?;
        let births = births(model, latency);
        let living = f64::from(model.living());
        let left = GOALS.map(|share| living - f64::from(model.share_of_living(share)));
        Ok(Self { course: Course::of(model, &births), luck: Luck::of(&births), living, left })
    }

    /// λ: the informed grow by e^λ an interval while they are few.
    #[must_use]
    pub fn growth(&self) -> f64 {
        self.course.growth * self.course.steps
    }

    /// The informed at a time.
    #[must_use]
    pub fn coverage(&self, time: f64) -> Coverage {
        // The source knows from the first.
        let informed =
            |ahead: f64| (1.0 - self.course.uninformed_at(time * self.course.steps + ahead)).max(1.0 / self.living);
        let mean = self.luck.ahead.iter().map(|(ahead, chance)| chance * informed(*ahead)).sum();
        let at = |below: f64| {
            let mut sum = 0.0;
            let unlucky = self.luck.ahead.iter().rev().find(|(_, chance)| {
                sum += chance;
                sum >= below
            });
            informed(unlucky.map_or(0.0, |(ahead, _)| *ahead))
        };
        Coverage { mean, p5: at(0.05), p95: at(0.95) }
    }

    /// The chance that one of [`GOALS`] is reached by a time.
    #[must_use]
    pub fn reached(&self, goal: usize, time: f64) -> f64 {
        if time < 0.0 {
            return 0.0;
        }
        let at_most = self.left[goal];
        let chance = |ahead: f64| {
            let expected = self.living * self.course.uninformed_at(time * self.course.steps + ahead);
            poisson_at_most(expected, at_most)
        };
        self.luck.ahead.iter().map(|(ahead, p)| p * chance(*ahead)).sum()
    }

    /// The time by which one of [`GOALS`] is reached with this chance.
    #[must_use]
    pub fn quantile(&self, goal: usize, chance: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.longest());
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.reached(goal, middle) < chance { low = middle } else { high = middle }
        }
        high
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
        let behind = self.luck.ahead.last().map_or(0.0, |(ahead, _)| -ahead);
        (self.course.origin + self.course.uninformed.len() as f64 + behind).max(1.0) / self.course.steps
    }
}

/// What an informed node does while few are.
fn births(model: &Model, latency: f64) -> Births {
    let Scenario { nodes, mode, fanout, .. } = *model.scenario();
    let others = f64::from(nodes) - 1.0;
    let (f, living) = (f64::from(fanout), f64::from(model.living()));
    let pushes = if mode.pushes() { model.push_success() * (living - 1.0) / others } else { 0.0 };
    let pulled = if mode.pulls() { f * model.pull_success() * living / others } else { 0.0 };
    let rate = f * pushes + pulled;
    let steps = (STEPS_PER_FOLD * rate).clamp(STEPS_MIN, STEPS_MAX).round();
    // A tick falls into the middle of its step.
    let latency = (latency * steps - 0.5).round().max(0.0);
    Births { steps: steps as usize, latency: latency as usize, fanout, success: pushes, pulled }
}

impl Course {
    /// Step by step from a source that is a small share of a node, so that the start grows as a branching process does on average.
    fn of(model: &Model, births: &Births) -> Self {
        let Scenario { nodes, mode, fanout, .. } = *model.scenario();
        let (others, living, f) = (f64::from(nodes) - 1.0, f64::from(model.living()), f64::from(fanout));
        let (steps, latency, growth) = (births.steps, births.latency, births.growth());
        let told = if mode.pushes() { (-f * model.push_success() / others).max(-0.999_999).ln_1p() } else { 0.0 };
        let answered = if mode.pulls() { model.pull_success() / others } else { 0.0 };
        // A push finds any phase alike; a pull concerns the phase whose tick it is. So the uninformed of each phase are what
        // pulls have left of it times what pushes have left of all.
        let begin = 1.0 - BEGIN;
        let mut phases = vec![begin / steps as f64; steps];
        let (mut sum, mut common) = (begin, 1.0);
        let mut uninformed = vec![sum];
        let mut callers = vec![0.0];
        while living * uninformed[uninformed.len() - 1] > END && uninformed.len() < COURSE_MAX {
            let n = uninformed.len();
            // Who called a latency ago; whoever pulled at that tick did not push, and has its answer two latencies later.
            callers.push(living * (1.0 / steps as f64 - common * phases[(n + 2 * latency) % steps]));
            common *= (told * n.checked_sub(latency).map_or(0.0, |then| callers[then])).exp();
            let informed = n.checked_sub(latency + 1).map_or(0.0, |then| living * (1.0 - uninformed[then]));
            let phase = &mut phases[n % steps];
            let missed = *phase * (1.0 - answered * informed).max(0.0).powf(f);
            sum = (sum + missed - *phase).max(0.0);
            *phase = missed;
            uninformed.push(common * sum);
        }
        let origin = (BEGIN * living).ln() / growth;
        Self { steps: steps as f64, origin, growth, uninformed }
    }

    /// The share that is not informed at a step, counted from time 0.
    fn uninformed_at(&self, step: f64) -> f64 {
        let at = step - self.origin;
        if at < 0.0 {
            return 1.0;
        }
        let (low, share) = (at as usize, at.fract());
        match (self.uninformed.get(low), self.uninformed.get(low + 1)) {
            (Some(a), Some(b)) => a + (b - a) * share,
            (Some(_) | None, None) | (None, Some(_)) => 0.0,
        }
    }
}

/// The chance that a Poisson number is at most `most`.
fn poisson_at_most(mean: f64, most: f64) -> f64 {
    if most > COUNTED {
        let off = (most + 0.5 - mean) / mean.max(1e-9).sqrt();
        return 1.0 / (1.0 + (-1.702 * off).exp());
    }
    let (mut term, mut sum) = ((-mean).exp(), 0.0);
    for k in 0..=most as u32 {
        sum += term;
        term *= mean / f64::from(k + 1);
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::model::{Mode, chance, uniform};
    use crate::rng::Rng;

    fn model(nodes: u32, mode: Mode, fanout: u32, loss: f64) -> Model {
        Model::try_from(Scenario { nodes, mode, fanout, loss, dead: 0.0 }).expect("makes sense")
    }

    /// The plainest event-time model: ticks and receipts in order of time. Returns when each of the nodes heard it.
    fn run(model: &Model, latency: f64, rng: &mut Rng) -> Vec<f64> {
        let Scenario { nodes, mode, fanout, .. } = *model.scenario();
        let n = nodes as usize;
        let mut heard = vec![f64::INFINITY; n];
        heard[0] = 0.0;
        let phases: Vec<f64> = (0..n).map(|_| uniform(rng)).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| phases[*a].total_cmp(&phases[*b]));
        let mut interval = 0.0;
        while heard.iter().any(|t| *t > interval) && interval < 1_000.0 {
            for caller in &order {
                let now = interval + phases[*caller];
                let knows = heard[*caller] <= now;
                let mut targets = Vec::new();
                while targets.len() < fanout as usize {
                    let target = rng.below(nodes) as usize;
                    if target != *caller && !targets.contains(&target) {
                        targets.push(target);
                    }
                }
                for target in targets {
                    if knows && mode.pushes() && chance(rng, model.push_success()) {
                        heard[target] = heard[target].min(now + latency);
                    }
                    if !knows && mode.pulls() && chance(rng, model.pull_success()) && heard[target] <= now + latency {
                        heard[*caller] = heard[*caller].min(now + 2.0 * latency);
                    }
                }
            }
            interval += 1.0;
        }
        heard
    }

    /// Means of the time to all within 0.1 interval and 4 standard errors, medians of 99 % and p90 of all within half an
    /// interval.
    fn agrees(model: &Model, latency: f64, runs: usize) {
        let planned = EventTime::of(model, latency).expect("makes sense");
        let mut rng = Rng::from_seed(5);
        let (mut most, mut all) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let mut heard = run(model, latency, &mut rng);
            heard.sort_by(f64::total_cmp);
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
    fn a_latency_that_cannot_be_is_refused() {
        let model = model(10, Mode::Push, 1, 0.0);
        assert!(EventTime::of(&model, -1.0).is_err() && EventTime::of(&model, f64::NAN).is_err());
    }
}
