//! How do many spread news? The mean-field course in event time: step by step, the share that does not know.
//!
//! Once dozens are informed the luck of single nodes averages out, and all runs follow one course, earlier or later. A
//! push finds anybody alike. A pull concerns the node whose tick it is, so the uninformed are kept by tick phase; and who has
//! pulled has just ticked, so that its own pushes come an interval later.

use super::luck::Births;
use super::model::{Model, Scenario};
use libm::{exp, log, log1p, pow};

/// Steps in which the informed grow by a factor of e, at least.
const STEPS_PER_FOLD: f64 = 64.0;
/// Steps of an interval, at least and at most.
const STEPS_MIN: f64 = 1.0;
const STEPS_MAX: f64 = 16_384.0;
/// The course begins with this share informed: little enough for the shape of the start to be forgotten by the time it matters.
const BEGIN: f64 = 1e-9;
/// A course has this many steps at most.
const COURSE_MAX: usize = 4_000_000;
/// The course ends where so few are expected to be left.
const END: f64 = 1e-7;

/// The mean-field course: the share that is not informed, at each step.
#[derive(Clone, Debug)]
pub struct Course {
    /// Steps of an interval.
    pub steps: f64,
    /// Where step 0 lies, in steps, when the informed grow as e^(growth · step) from one at time 0.
    pub origin: f64,
    pub uninformed: Vec<f64>,
}

/// Where a course begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// A share of a node, whose ticks are spread over the interval: the start grows as a branching process does on average.
    Share,
    /// The source itself, which ticks at this share of each interval.
    Tick(f64),
}

/// What an informed node does while few are.
pub fn births(model: &Model, latency: f64) -> Births {
    births_in(model, latency, STEPS_MAX)
}

/// The same in at most so many steps of an interval.
pub fn births_in(model: &Model, latency: f64, steps_max: f64) -> Births {
    let Scenario { nodes, mode, fanout, .. } = *model.scenario();
    let others = f64::from(nodes) - 1.0;
    let (f, living) = (f64::from(fanout), f64::from(model.living()));
    let pushes = if mode.pushes() { model.push_success() * (living - 1.0) / others } else { 0.0 };
    let pulled = if mode.pulls() { f * model.pull_success() * living / others } else { 0.0 };
    let rate = f * pushes + pulled;
    let steps = (STEPS_PER_FOLD * rate).clamp(STEPS_MIN, steps_max).round();
    // A tick falls into the middle of its step.
    let latency = (latency * steps - 0.5).round().max(0.0);
    Births { steps: steps as usize, latency: latency as usize, fanout, success: pushes, pulled }
}

impl Course {
    /// Step by step.
    pub fn of(model: &Model, births: &Births, start: Start) -> Self {
        let Scenario { nodes, mode, fanout, .. } = *model.scenario();
        let (others, living, f) = (f64::from(nodes) - 1.0, f64::from(model.living()), f64::from(fanout));
        let (steps, latency, growth) = (births.steps, births.latency, births.growth());
        let told = if mode.pushes() { log1p((-f * model.push_success() / others).max(-0.999_999)) } else { 0.0 };
        let answered = if mode.pulls() { model.pull_success() / others } else { 0.0 };
        // A push finds any phase alike; a pull concerns the phase whose tick it is. So the uninformed of each phase are what
        // pulls have left of it times what pushes have left of all.
        let begun = if start == Start::Share { BEGIN } else { 1.0 / living };
        let begin = 1.0 - begun;
        let source = |n: usize| match start {
            Start::Share => living * begun / steps as f64,
            Start::Tick(at) => f64::from(n % steps == (at * steps as f64) as usize),
        };
        let mut phases = vec![begin / steps as f64; steps];
        let (mut sum, mut common) = (begin, 1.0);
        let mut uninformed = vec![sum];
        let mut callers = vec![if start == Start::Share { 0.0 } else { source(0) }];
        while living * uninformed[uninformed.len() - 1] > END && uninformed.len() < COURSE_MAX {
            let n = uninformed.len();
            // Who called a latency ago; whoever pulled at that tick did not push, and has its answer two latencies later.
            callers.push(source(n) + living * (begin / steps as f64 - common * phases[(n + 2 * latency) % steps]));
            common *= exp(told * n.checked_sub(latency).map_or(0.0, |then| callers[then]));
            let informed = n.checked_sub(latency + 1).map_or(0.0, |then| living * (1.0 - uninformed[then]));
            let phase = &mut phases[n % steps];
            let missed = *phase * pow((1.0 - answered * informed).max(0.0), f);
            sum = (sum + missed - *phase).max(0.0);
            *phase = missed;
            uninformed.push(common * sum);
        }
        let origin = log(begun * living) / growth;
        Self { steps: steps as f64, origin, uninformed }
    }

    /// The share that is not informed at a step, counted from time 0.
    pub fn uninformed_at(&self, step: f64) -> f64 {
        let at = (step - self.origin).max(0.0);
        let (low, share) = (at as usize, at.fract());
        match (self.uninformed.get(low), self.uninformed.get(low + 1)) {
            (Some(a), Some(b)) => a + (b - a) * share,
            (Some(_) | None, None) | (None, Some(_)) => 0.0,
        }
    }
}
