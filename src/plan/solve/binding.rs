//! What decides? Each part of a demand is left out in turn: that whose absence changes most.

use core::time::Duration;

use super::grid;
use super::question::{Plan, Question};
use super::search::{Found, SAME, Until, fewest_accused, least_bytes, search, shortest_interval};
use crate::plan::error::PlanError;

/// Demands are eased up to so many times the time asked for.
const STRETCH_MAX: f64 = 1e9;
/// The nearest is found to this share of its time.
const NEAR: f64 = 0.01;
/// Where no limit is on the traffic, what costs least of all that is as near as this: the very nearest costs many times as much.
const NEAR_WHATEVER_IT_COSTS: f64 = 0.05;
/// Limits that nothing keeps are eased to what something just does.
const JUST: f64 = 1.0 + 1e-6;

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The time until a failure is noticed.
    DetectWithin,
    /// The time until news is known.
    KnowWithin,
    /// The traffic.
    Bytes,
    /// How many may be accused wrongly.
    FalsePositives,
    /// The pauses that are forgiven. The longest with which all would be met, where there is one.
    PauseToForgive(Option<Duration>),
    /// Nothing: even the cheapest parameters do.
    Nothing,
}

impl Binding {
    /// The name under which it is printed.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::DetectWithin => Some("detect_within"),
            Self::KnowWithin => Some("know_within"),
            Self::Bytes => Some("max_bytes_per_node"),
            Self::FalsePositives => Some("max_false_positives"),
            Self::PauseToForgive(_) => Some("pause_to_forgive"),
            Self::Nothing => None,
        }
    }
}

impl Question<'_> {
    fn can_be_met(&self) -> Result<bool, PlanError> {
        Ok(search(self, f64::INFINITY, Until::Any)?.is_some())
    }

    /// The longest pause to forgive, below the present one, with which it can be met.
    fn longest_pause(&self) -> Result<Option<Duration>, PlanError> {
        let pauses = grid::between(shortest_interval(self.ground), self.pause_to_forgive);
        let (mut met, mut missed) = (None, pauses.len());
        while missed > met.map_or(0, |at: usize| at + 1) {
            let middle = met.map_or(missed / 2, |at| at + (missed - at) / 2);
            if self.forgiving(pauses[middle]).can_be_met()? { met = Some(middle) } else { missed = middle }
        }
        Ok(met.map(|at| pauses[at]))
    }
}

/// Of a demand that is met: without which part would it be cheaper, and by most?
pub fn of_met(question: &Question<'_>, found: Found) -> Result<Binding, PlanError> {
    let mut parts = vec![];
    if question.detect.is_some() {
        parts.push((Binding::DetectWithin, question.without_detect()));
    }
    if question.know.is_some() {
        parts.push((Binding::KnowWithin, question.without_know()));
    }
    if question.false_positives_max.is_finite() {
        parts.push((Binding::FalsePositives, question.without_false_positives()));
    }
    let (mut binding, mut cheapest) = (Binding::Nothing, found.cost * (1.0 - SAME));
    for (part, question) in parts {
        if let Some(found) = search(&question, cheapest, Until::Cheapest)? {
            (binding, cheapest) = (part, found.cost * (1.0 - SAME));
        }
    }
    Ok(binding)
}

/// Of a demand that cannot be met: without which one could it be? What can be bought comes before what is a promise.
pub fn of_unmet(question: &Question<'_>) -> Result<Binding, PlanError> {
    if question.bytes_max.is_finite() && question.without_bytes().can_be_met()? {
        return Ok(Binding::Bytes);
    }
    if question.false_positives_max.is_finite() && question.without_false_positives().can_be_met()? {
        return Ok(Binding::FalsePositives);
    }
    let unlimited = question.without_bytes().without_false_positives();
    if question.detect.is_some() {
        let pause = question.longest_pause()?;
        if pause.is_some() || unlimited.longest_pause()?.is_some_and(|pause| pause < question.pause_to_forgive) {
            return Ok(Binding::PauseToForgive(pause));
        }
    }
    if unlimited.can_be_met()? {
        return Ok(Binding::Bytes);
    }
    let detection_alone = question.detect.is_some() && !unlimited.without_know().can_be_met()?;
    Ok(if detection_alone { Binding::DetectWithin } else { Binding::KnowWithin })
}

/// The cheapest plan of those that come nearest in time, within the limits; where nothing keeps a limit, within the least that
/// something does.
pub fn nearest(question: &Question<'_>) -> Result<Plan, PlanError> {
    let mut eased = question.clone();
    eased.false_positives_max = question.false_positives_max.max(fewest_accused(question)? * JUST);
    eased.bytes_max = question.bytes_max.max(least_bytes(&eased)? * JUST);
    if let Some(plan) = nearest_in_time(&eased)? {
        return Ok(plan);
    }
    // Whatever time it has, something never comes: what is configured is as near as anything.
    let config = &question.ground.watch.config;
    Ok(Plan {
        probe_interval: config.probe_interval,
        gossip_interval: config.gossip_interval,
        fanout: config.fanout,
        helpers: config.helpers,
    })
}

fn nearest_in_time(question: &Question<'_>) -> Result<Option<Plan>, PlanError> {
    if !question.stretched(STRETCH_MAX).can_be_met()? {
        return Ok(None);
    }
    let (mut missed, mut met) = (1.0, STRETCH_MAX);
    while met > missed * (1.0 + NEAR) {
        let middle: f64 = (missed * met).sqrt();
        if question.stretched(middle).can_be_met()? { met = middle } else { missed = middle }
    }
    let near = if question.bytes_max.is_finite() { 0.0 } else { NEAR_WHATEVER_IT_COSTS };
    let question = question.stretched(met * (1.0 + near));
    Ok(search(&question, f64::INFINITY, Until::Cheapest)?.map(|found| found.plan))
}
