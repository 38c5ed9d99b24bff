//! Which parameters do what is asked, at the least cost? The probe interval that is just short enough.
//!
//! A longer probe interval costs less and detects later, both monotonously, so the longest that meets the demand is the
//! answer and a bisection finds it. What no interval can change is the suspicion itself: it is as long as the longest
//! pause to forgive and the spreading of news take, and a demand below that fails whatever is spent.

use core::time::Duration;
use libm::{log10, pow};

use super::cost::{self, Traffic};
use super::detection::{Detection, Milestone, Watch};
use super::error::{PlanError, within};

/// The longest probe interval that is looked at, in seconds; the shortest is the shortest wait for an ack.
const LONGEST: f64 = 60.0;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Until when.
    pub within: Duration,
    /// With which chance, above 0 and below 1.
    pub confidence: f64,
    /// What shall have happened.
    pub milestone: Milestone,
    /// What each member may send, in bytes a second, beside `other`.
    pub bytes_max: Option<f64>,
    /// What each sends anyway.
    pub other: Traffic,
}

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The time: a longer probe interval would be too slow.
    Within,
    /// The traffic: the interval that it allows is too slow.
    Bytes,
    /// The suspicion: no interval is fast enough while such pauses are forgiven.
    Suspicion,
    /// Nothing: even the longest interval does.
    Nothing,
}

impl Binding {
    /// The name under which it is printed.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Within => Some("detect_within"),
            Self::Bytes => Some("max_bytes_per_node"),
            Self::Suspicion => Some("pause_to_forgive"),
            Self::Nothing => None,
        }
    }
}

/// What can be had.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it is what was asked for; else it is the nearest.
    pub met: bool,
    /// What decides.
    pub binding: Binding,
    /// With these parameters.
    pub watch: Watch,
    /// What comes of them.
    pub detection: Detection,
    /// By when, in seconds, with the confidence asked for.
    pub reached: f64,
    /// What each member sends in a second.
    pub traffic: Traffic,
}

/// A configuration with another probe interval, and with all that must not exceed it.
#[must_use]
pub fn with_probe_interval(watch: &Watch, interval: Duration) -> Watch {
    let mut watch = watch.clone();
    let c = &mut watch.config;
    c.probe_interval = interval;
    c.ack_ceiling = c.ack_ceiling.min(interval);
    c.ack_prior = c.ack_prior.min(c.ack_ceiling);
    c.ack_floor = c.ack_floor.min(c.ack_prior);
    c.lag_tolerance = c.lag_tolerance.min(c.ack_ceiling);
    c.gossip_interval = c.gossip_interval.min(interval).min(c.pause_to_forgive);
    watch
}

/// The cheapest parameters that do what is asked, or the nearest to it.
///
/// # Errors
/// A demand or a cluster that makes no sense.
pub fn solve(watch: &Watch, demand: &Demand) -> Result<Answer, PlanError> {
    within("confidence", demand.confidence, 0.000_001, 0.999_999_999)?;
    within("detect_within, in seconds,", demand.within.as_secs_f64(), 0.001, 1e6)?;
    let at = |interval: f64| answer(watch, demand, interval);
    let fast = |a: &Answer| a.reached <= demand.within.as_secs_f64();
    let cheap = |a: &Answer| demand.bytes_max.is_none_or(|max| a.traffic.bytes <= max);
    let shortest = watch.config.ack_floor.as_secs_f64();
    let interval = edge(shortest, LONGEST, |i| Ok(fast(&at(i)?)))?;
    let just_fast = at(interval.map_or(shortest, |i| rounded_down(i).max(shortest)))?;
    if cheap(&just_fast) {
        let met = interval.is_some();
        let binding = match interval {
            None => Binding::Suspicion,
            Some(LONGEST) => Binding::Nothing,
            Some(_) => Binding::Within,
        };
        return Ok(Answer { met, binding, ..just_fast });
    }
    let affordable = edge(LONGEST, shortest, |i| Ok(cheap(&at(i)?)))?;
    let just_cheap = at(affordable.map_or(LONGEST, |i| rounded_up(i).min(LONGEST)))?;
    Ok(Answer { met: false, binding: Binding::Bytes, ..just_cheap })
}

fn answer(watch: &Watch, demand: &Demand, interval: f64) -> Result<Answer, PlanError> {
    let watch = with_probe_interval(watch, Duration::from_secs_f64(interval));
    let detection = Detection::of(watch.clone())?;
    let reached = detection.quantile(demand.milestone, demand.confidence);
    let traffic = cost::quiet(&detection).plus(demand.other);
    Ok(Answer { met: true, binding: Binding::Nothing, watch, detection, reached, traffic })
}

/// The last interval, going from one end to the other, for which it holds; `None` where it does not at the first.
fn edge(from: f64, to: f64, holds: impl Fn(f64) -> Result<bool, PlanError>) -> Result<Option<f64>, PlanError> {
    if !holds(from)? {
        return Ok(None);
    }
    if holds(to)? {
        return Ok(Some(to));
    }
    let (mut good, mut bad) = (from, to);
    for _ in 0..24 {
        let middle = (good * bad).sqrt();
        if holds(middle)? { good = middle } else { bad = middle }
    }
    Ok(Some(good))
}

/// To two digits: nobody configures 3.6172 s.
fn rounded_down(seconds: f64) -> f64 {
    let unit = unit_of(seconds);
    (seconds / unit + 1e-6).floor() * unit
}

fn rounded_up(seconds: f64) -> f64 {
    let unit = unit_of(seconds);
    (seconds / unit - 1e-6).ceil() * unit
}

fn unit_of(seconds: f64) -> f64 {
    pow(10_f64, log10(seconds).floor() - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn watch() -> Watch {
        Watch { members: 1_000, loss: 0.01, round_trip: Duration::from_millis(1), config: Config::default() }
    }

    fn demand(seconds: u64) -> Demand {
        let within = Duration::from_secs(seconds);
        Demand { within, confidence: 0.95, milestone: Milestone::Known, bytes_max: None, other: Traffic::default() }
    }

    #[test]
    fn the_longest_interval_that_does_is_the_answer() {
        let answer = solve(&watch(), &demand(20)).expect("makes sense");
        assert!(answer.met && answer.binding == Binding::Within && answer.reached <= 20.0, "{answer:?}");
        let interval = answer.watch.config.probe_interval.as_secs_f64();
        let longer = with_probe_interval(&watch(), Duration::from_secs_f64(interval * 1.03));
        let late = Detection::of(longer).expect("makes sense").quantile(Milestone::Known, 0.95);
        assert!(late > 20.0, "{interval}: {late}");
    }

    #[test]
    fn what_is_too_fast_for_the_suspicion_or_too_dear_is_said_to_be_with_the_nearest() {
        let answer = solve(&watch(), &demand(1)).expect("makes sense");
        assert!(!answer.met && answer.binding == Binding::Suspicion && answer.reached > 1.0, "{answer:?}");
        let poor = Demand { bytes_max: Some(10.0), ..demand(20) };
        let answer = solve(&watch(), &poor).expect("makes sense");
        assert!(!answer.met && answer.binding == Binding::Bytes, "{answer:?}");
        assert!(answer.traffic.bytes <= 10.0 && answer.reached > 20.0, "{answer:?}");
    }

    #[test]
    fn where_the_longest_interval_does_nothing_decides() {
        let answer = solve(&watch(), &demand(100_000)).expect("makes sense");
        assert!(answer.met && answer.binding == Binding::Nothing, "{answer:?}");
    }

    #[test]
    fn intervals_are_rounded_to_the_safe_side() {
        assert!((rounded_down(3.6172) - 3.6).abs() < 1e-9 && (rounded_up(3.6172) - 3.7).abs() < 1e-9);
        assert!((rounded_down(0.5) - 0.5).abs() < 1e-9 && (rounded_up(40.0) - 40.0).abs() < 1e-9);
    }
}
