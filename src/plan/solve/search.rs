//! Which parameters are the cheapest of those that do what is asked? Branch and bound over a grid.
//!
//! A plan is a fanout, a number of helpers, a probe interval and a gossip interval; the whole numbers are tried one by one,
//! the intervals are those of the [grid](super::grid). What is used is only this: a longer interval, of whichever of the
//! two, costs less, also while there is news, accuses fewer and is later. Of a range of probe intervals every plan that beats the best one so far has a
//! gossip interval above what its longest leaves to pay for. If even the shortest of the range with that interval is too late,
//! all of the range is, and it is done with; else it is halved. So nothing in the grid is cheaper than what is found, but
//! for [`SAME`], and of some millions of plans about five hundred are worked out.

use core::time::Duration;

use super::question::{Plan, Question};
use super::{Ground, grid};
use crate::config::{FANOUT_MAX, HELPERS_MAX};
use crate::plan::cost::{self, Traffic};
use crate::plan::error::PlanError;
use crate::plan::model::Model;
use crate::plan::probe::Probe;

/// So much of what rounds send while there is news counts as a cost, whatever news is expected: of plans that cost the same the
/// calmer is better, and none shall rush for a percent. Chosen: as if there were news a hundredth of the time.
pub const CALM: f64 = 0.01;
/// Costs are the same where they differ by less than this share. It keeps plans that cost the same apart from no work at all.
pub const SAME: f64 = 0.001;
/// The longest probe interval that is looked at; the shortest is the shortest wait for an ack.
pub const PROBE_INTERVAL_MAX: Duration = Duration::from_secs(60);
/// One at least: what helpers are for, single links that fail, is not in a share of datagrams that is lost.
const HELPERS_MIN: u32 = 1;
/// So many probe intervals are tried before the bounds are, so that there is something to beat.
const TRIED_FIRST: usize = 12;

/// A plan and its cost, in bytes a node and second.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub plan: Plan,
    pub cost: f64,
}

/// How long a search goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The cheapest is found.
    Cheapest,
    /// Any is.
    Any,
}

/// What is looked at.
struct Space {
    probe_intervals: Vec<Duration>,
    gossip_intervals: Vec<Duration>,
    pairs: Vec<Pair>,
}

/// A fanout and a number of helpers.
struct Pair {
    fanout: u32,
    helpers: u32,
    /// Bytes that a probe takes, and a round of one node without news and what it takes more with.
    probe: f64,
    poll: f64,
    round: f64,
    /// A piece of news in all, how many there are in a second, and in which datagrams.
    piece: Traffic,
    news_per_second: f64,
    max_datagram: u32,
    /// The first probe interval at which no more are accused than may be.
    first: usize,
}

impl Pair {
    fn of(ground: &Ground, model: &Model, helpers: u32, first: usize) -> Self {
        let max_datagram = ground.watch.config.max_datagram;
        Self {
            fanout: model.scenario().fanout,
            helpers,
            probe: cost::one_probe(&Probe::of(ground.watch.loss, helpers)).bytes,
            poll: cost::one_poll(model).bytes,
            round: cost::one_round(model, ground.payload, max_datagram).bytes,
            piece: cost::one_piece(model, ground.watch.sends(), ground.payload, max_datagram),
            news_per_second: ground.news_per_second,
            max_datagram,
            first,
        }
    }

    fn cost(&self, probe_interval: Duration, gossip_interval: Duration) -> f64 {
        let rounds_per_second = 1.0 / gossip_interval.as_secs_f64();
        let calls_per_second = f64::from(self.fanout) * rounds_per_second;
        let news = cost::news(self.piece, self.news_per_second, calls_per_second, self.max_datagram).bytes;
        let quiet = self.probe / probe_interval.as_secs_f64() + self.poll * rounds_per_second;
        quiet + news + CALM * self.round * rounds_per_second
    }

    /// What each node sends in a second in which there is news to tell.
    fn busy(&self, probe_interval: Duration, gossip_interval: Duration) -> f64 {
        self.probe / probe_interval.as_secs_f64() + (self.poll + self.round) / gossip_interval.as_secs_f64()
    }
}

/// The cheapest plan, or any, that does what is asked and costs less than `below`.
pub fn search(question: &Question<'_>, below: f64, until: Until) -> Result<Option<Found>, PlanError> {
    let space = Space::of(question)?;
    let mut search = Search { space: &space, question, below, until, best: None };
    if until == Until::Cheapest {
        search.try_some()?;
    }
    for pair in &space.pairs {
        search.improve(pair, pair.first, space.probe_intervals.len())?;
    }
    Ok(search.best)
}

/// The fewest that any plan accuses in an hour.
pub fn fewest_accused(question: &Question<'_>) -> Result<f64, PlanError> {
    let space = Space::of(question)?;
    let accused = |pair: &Pair| space.probe_intervals.last().map(|t| question.accused_per_hour(pair.helpers, *t));
    Ok(space.pairs.iter().filter_map(accused).fold(f64::INFINITY, f64::min))
}

/// The least that a node sends while there is news under any plan that accuses no more than it may.
pub fn least_bytes(question: &Question<'_>) -> Result<f64, PlanError> {
    let space = Space::of(question)?;
    let last = space.probe_intervals.last().zip(space.gossip_intervals.last());
    let keeps = |pair: &&Pair| pair.first < space.probe_intervals.len();
    let bytes = |pair: &Pair| last.map(|(t, g)| pair.busy(*t, *g));
    Ok(space.pairs.iter().filter(keeps).filter_map(bytes).fold(f64::INFINITY, f64::min))
}

/// Shorter than a timer may be late, or than an answer takes, an interval is none, and neither is a pause.
pub fn shortest_interval(ground: &Ground) -> Duration {
    ground.watch.config.lag_tolerance.max(ground.watch.round_trip)
}

impl Space {
    fn of(question: &Question<'_>) -> Result<Self, PlanError> {
        let ground = question.ground;
        let config = &ground.watch.config;
        let fixed = ground.fixed;
        let probe_intervals = match fixed.probe_interval {
            true => vec![config.probe_interval],
            false => grid::between(config.ack_floor, PROBE_INTERVAL_MAX),
        };
        let most = probe_intervals.last().map_or(Duration::ZERO, |t| *t).min(question.pause_to_forgive);
        let least = shortest_interval(ground).min(most);
        let gossip_intervals = match (fixed.gossip_interval, grid::between(least, most)) {
            (true, _) => [config.gossip_interval].into_iter().filter(|g| *g <= most).collect(),
            (false, none) if none.is_empty() => vec![most],
            (false, some) => some,
        };
        let (own_fanout, own_helpers) = (config.fanout, config.helpers);
        let others = ground.scenario.nodes.saturating_sub(1).clamp(1, FANOUT_MAX as u32);
        let fanouts = if fixed.fanout { own_fanout..=own_fanout } else { 1..=others };
        let helpers = if fixed.helpers { own_helpers..=own_helpers } else { HELPERS_MIN..=HELPERS_MAX as u32 };
        let mut pairs = Vec::new();
        for fanout in fanouts {
            let model = Model::try_from(ground.scenario_of(fanout))?;
            for helpers in helpers.clone() {
                let too_many = |t: &Duration| question.accused_per_hour(helpers, *t) > question.false_positives_max;
                let first = probe_intervals.partition_point(too_many);
                pairs.push(Pair::of(ground, &model, helpers, first));
            }
        }
        // Of plans that cost the same the one nearest to the profile is found first.
        pairs.sort_by_key(|p| (p.helpers.abs_diff(own_helpers), p.fanout.abs_diff(own_fanout)));
        Ok(Self { probe_intervals, gossip_intervals, pairs })
    }

    /// The gossip intervals that go with a probe interval: none is longer.
    fn gossip_intervals(&self, probe_interval: Duration) -> &[Duration] {
        &self.gossip_intervals[..self.gossip_intervals.partition_point(|g| *g <= probe_interval)]
    }
}

struct Search<'a, 'b> {
    space: &'a Space,
    question: &'a Question<'b>,
    below: f64,
    until: Until,
    best: Option<Found>,
}

impl Search<'_, '_> {
    /// What a plan must cost less than.
    fn limit(&self) -> f64 {
        match (self.best, self.until) {
            (Some(_), Until::Any) => 0.0,
            (Some(best), Until::Cheapest) => best.cost * (1.0 - SAME),
            (None, Until::Any | Until::Cheapest) => self.below,
        }
    }

    /// Tries the pair that comes first at some intervals.
    fn try_some(&mut self) -> Result<(), PlanError> {
        let all = self.space.probe_intervals.len();
        let Some(pair) = self.space.pairs.iter().find(|pair| pair.first < all) else { return Ok(()) };
        for at in (pair.first..all).rev().step_by((all / TRIED_FIRST).max(1)) {
            self.improve(pair, at, at + 1)?;
        }
        Ok(())
    }

    /// Looks for something better among the probe intervals from one up to another.
    fn improve(&mut self, pair: &Pair, from: usize, to: usize) -> Result<(), PlanError> {
        if from >= to {
            return Ok(());
        }
        let (shortest, longest) = (self.space.probe_intervals[from], self.space.probe_intervals[to - 1]);
        let candidates = self.space.gossip_intervals(longest);
        let limit = self.limit();
        let bytes_max = self.question.bytes_max;
        let too_dear = |g: &Duration| pair.cost(longest, *g) >= limit || pair.busy(longest, *g) > bytes_max;
        let affordable = candidates.partition_point(too_dear);
        let Some(needed) = candidates.get(affordable) else { return Ok(()) };
        let plan = |probe_interval: Duration, gossip_interval: Duration| Plan {
            probe_interval,
            gossip_interval: gossip_interval.min(probe_interval),
            fanout: pair.fanout,
            helpers: pair.helpers,
        };
        if !self.question.is_met_by(plan(shortest, *needed))? {
            return Ok(());
        }
        if to - from > 1 {
            let middle = from + (to - from) / 2;
            // What is shorter costs more and is more likely to do.
            let (first, then) = match self.until {
                Until::Cheapest => ((middle, to), (from, middle)),
                Until::Any => ((from, middle), (middle, to)),
            };
            self.improve(pair, first.0, first.1)?;
            return self.improve(pair, then.0, then.1);
        }
        // The longest gossip interval that will do: the first is known to.
        let (mut met, mut missed) = (affordable, candidates.len());
        while missed - met > 1 {
            let middle = met + (missed - met) / 2;
            if self.question.is_met_by(plan(shortest, candidates[middle]))? { met = middle } else { missed = middle }
        }
        let (plan, cost) = (plan(shortest, candidates[met]), pair.cost(shortest, candidates[met]));
        self.best = Some(Found { plan, cost });
        Ok(())
    }
}
