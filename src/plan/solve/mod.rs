//! Which parameters do what is asked, at the least cost? Probe interval, gossip interval, fanout and helpers, all at once.
//!
//! What is asked: that a failure is noticed in time, that news is known in time, or both; by how many, how surely, and for how
//! much. What is spent are bytes a node and second: what quiet takes, and the news that is expected. A piece of news costs the
//! same whatever the rounds are, which only decide how soon it is told; so that, of all that does, the calm is preferred, a
//! hundredth of what rounds send while there is news counts as well. Rounds trade with probes, since a suspicion lasts for two
//! spreads of news: rounds twice as frequent pay for probes less frequent. What is not for sale is [`pause_to_forgive`](crate::Config::pause_to_forgive), a promise to those who run the nodes; where that alone is in
//! the way, the answer says with which one it would do.
//!
//! `grid` has the intervals that are looked at, `question` whether a plan does what is asked, `search` finds the cheapest
//! that does, `binding` what has decided.

mod binding;
mod grid;
mod question;
mod search;
#[cfg(test)]
mod tests;

use core::time::Duration;

use self::question::Question;
use self::search::{Until, search};
use super::cost::{Rates, Traffic};
use super::detection::{Detection, Milestone, Watch};
use super::error::{PlanError, within};
use super::model::{Model, Scenario};

pub use self::binding::Binding;

/// What is asked for: at least one of the first two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// A failure shall be noticed.
    pub detect: Option<Detect>,
    /// A piece of news shall be known until then.
    pub know_within: Option<Duration>,
    /// To which share of the living, above 0 up to 1: the news, and a death that is to be [known](Milestone::Known).
    pub coverage: f64,
    /// With which chance, above 0 and below 1.
    pub confidence: f64,
    /// What each member may send, in bytes a second, also while there is news.
    pub bytes_max: Option<f64>,
    /// How many living members may be accused because of loss, per member and hour.
    pub false_positives_max: Option<f64>,
}

/// A failure, noticed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detect {
    /// Until when.
    pub within: Duration,
    /// What shall have happened.
    pub milestone: Milestone,
}

/// What parameters are looked for.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The cluster that watches itself. What its configuration has is where the search begins, and what stays where it is fixed.
    pub watch: Watch,
    /// How news spreads; its fanout is that of the configuration.
    pub scenario: Scenario,
    /// Bytes of a piece of news.
    pub payload: u32,
    /// How many pieces of news there are in a second, in the whole cluster.
    pub news_per_second: f64,
    /// Each node calls at its own moment, and a call takes this long, one way. None: all call at once, in rounds.
    pub latency: Option<Duration>,
    /// What is not looked for.
    pub fixed: Fixed,
}

/// Which parameters stay as the configuration has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// [`Config::probe_interval`](crate::Config::probe_interval).
    pub probe_interval: bool,
    /// [`Config::gossip_interval`](crate::Config::gossip_interval).
    pub gossip_interval: bool,
    /// [`Config::fanout`](crate::Config::fanout).
    pub fanout: bool,
    /// [`Config::helpers`](crate::Config::helpers).
    pub helpers: bool,
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
    /// What comes of them, where a death is known once the share asked for knows.
    pub detection: Detection,
    /// When a failure is noticed as asked for, in seconds, with the confidence asked for.
    pub detected: Option<f64>,
    /// The same of news.
    pub known: Option<f64>,
    /// What each member sends in a second while nothing happens: probes, and where it pulls its questions.
    pub quiet: Traffic,
    /// What it sends in rounds beside that in a second in which there is news to tell.
    pub rounds: Traffic,
    /// What one piece of news takes of it in all.
    pub piece: Traffic,
    /// What it sends in a second for as much news as is expected.
    pub news: Traffic,
    /// Living members accused because of loss, per member and hour.
    pub false_positives: f64,
}

impl Answer {
    /// What each member sends in a second on average.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.quiet.plus(self.news)
    }

    /// What each member sends in a second in which there is news to tell.
    #[must_use]
    pub fn busy(&self) -> Traffic {
        self.quiet.plus(self.rounds)
    }
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

/// The cheapest parameters that do what is asked, or the nearest to it: nothing on the grid is cheaper by more than a
/// thousandth, or in time by more than a hundredth of the time asked for.
///
/// # Errors
/// A demand or a cluster that makes no sense.
pub fn solve(ground: &Ground, demand: &Demand) -> Result<Answer, PlanError> {
    let mut ground = ground.clone();
    if demand.detect.is_none() {
        // Nothing is asked of the probes.
        (ground.fixed.probe_interval, ground.fixed.helpers) = (true, true);
    }
    check(&ground, demand)?;
    let question = Question::new(&ground, demand);
    let (found, binding) = match search(&question, f64::INFINITY, Until::Cheapest)? {
        Some(found) => (Ok(found), binding::of_met(&question, found)?),
        None => (Err(binding::nearest(&question)?), binding::of_unmet(&question)?),
    };
    let plan = found.map_or_else(|nearest| nearest, |found| found.plan);
    let watch = question.watch(plan);
    let detection = Detection::among(watch.clone(), demand.coverage)?;
    let model = Model::try_from(ground.scenario_of(plan.fanout))?;
    let rates = Rates::of(&model, &detection, plan.gossip_interval, ground.payload, ground.news_per_second);
    Ok(Answer {
        met: found.is_ok(),
        binding,
        detected: demand.detect.map(|d| detection.quantile(d.milestone, demand.confidence)),
        known: demand.know_within.map(|_| question.known_at(plan)).transpose()?,
        quiet: rates.quiet,
        rounds: rates.rounds,
        piece: rates.piece,
        news: rates.news,
        false_positives: detection.false_suspicions_per_hour(),
        watch,
        detection,
    })
}

fn check(ground: &Ground, demand: &Demand) -> Result<(), PlanError> {
    within("confidence", demand.confidence, 0.000_001, 0.999_999_999)?;
    within("coverage", demand.coverage, 0.000_001, 1.0)?;
    let time = |field, time: Option<Duration>| time.map_or(Ok(0.0), |t| within(field, t.as_secs_f64(), 0.001, 1e6));
    time("detect_within, in seconds,", demand.detect.map(|d| d.within))?;
    time("know_within, in seconds,", demand.know_within)?;
    within("news_per_second", ground.news_per_second, 0.0, 1e6)?;
    within("max_bytes_per_node", demand.bytes_max.unwrap_or(1.0), 0.0, f64::INFINITY)?;
    within("max_false_positives", demand.false_positives_max.unwrap_or(1.0), 0.0, f64::INFINITY)?;
    // What is fixed must not contradict itself; what is not gives way.
    let mut watch = ground.watch.clone();
    if !ground.fixed.probe_interval {
        watch.config.probe_interval = search::PROBE_INTERVAL_MAX;
    }
    if !ground.fixed.gossip_interval {
        watch = with_probe_interval(&watch, watch.config.probe_interval);
    }
    Detection::of(watch).map(|_| ())
}
