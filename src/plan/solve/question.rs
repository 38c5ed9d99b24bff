//! Does a plan do what is asked? The demand as the search sees it: which times, limits and pauses, and what is known already.

use core::cell::RefCell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Demand, Ground, with_probe_interval};
use crate::plan::detection::{Detection, Milestone, Watch};
use crate::plan::error::PlanError;
use crate::plan::event::EventTime;
use crate::plan::model::{Model, Scenario};
use crate::plan::probe::Probe;
use crate::plan::rounds::Arrival;

/// Parameters that are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub probe_interval: Duration,
    pub gossip_interval: Duration,
    pub fanout: u32,
    pub helpers: u32,
}

/// A demand, of which parts may be left out or eased to see what decides.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub ground: &'a Ground,
    /// By when in seconds, and what.
    pub detect: Option<(f64, Milestone)>,
    /// By when in seconds.
    pub know: Option<f64>,
    pub coverage: f64,
    pub confidence: f64,
    /// While there is news; infinite where there is none.
    pub bytes_max: f64,
    /// The same, per member and hour.
    pub false_positives_max: f64,
    pub pause_to_forgive: Duration,
    /// When enough know, in gossip intervals, by fanout; in event time, where the latency matters, by gossip interval as well.
    /// It takes far longer to work out than all the rest, so that all variants of a question share it.
    intervals: Rc<RefCell<BTreeMap<(u32, Duration), f64>>>,
}

impl<'a> Question<'a> {
    pub fn new(ground: &'a Ground, demand: &Demand) -> Self {
        Self {
            ground,
            detect: demand.detect.map(|d| (d.within.as_secs_f64(), d.milestone)),
            know: demand.know_within.map(|t| t.as_secs_f64()),
            coverage: demand.coverage,
            confidence: demand.confidence,
            bytes_max: demand.bytes_max.unwrap_or(f64::INFINITY),
            false_positives_max: demand.false_positives_max.unwrap_or(f64::INFINITY),
            pause_to_forgive: ground.watch.config.pause_to_forgive,
            intervals: Rc::default(),
        }
    }

    /// The same with so many times as much time.
    pub fn stretched(&self, by: f64) -> Self {
        let detect = self.detect.map(|(within, milestone)| (within * by, milestone));
        Self { detect, know: self.know.map(|within| within * by), ..self.clone() }
    }

    pub fn without_detect(&self) -> Self {
        Self { detect: None, ..self.clone() }
    }

    pub fn without_know(&self) -> Self {
        Self { know: None, ..self.clone() }
    }

    pub fn without_bytes(&self) -> Self {
        Self { bytes_max: f64::INFINITY, ..self.clone() }
    }

    pub fn without_false_positives(&self) -> Self {
        Self { false_positives_max: f64::INFINITY, ..self.clone() }
    }

    pub fn forgiving(&self, pause_to_forgive: Duration) -> Self {
        Self { pause_to_forgive, ..self.clone() }
    }

    /// Living members that are accused in an hour because of loss, per member.
    pub fn accused_per_hour(&self, helpers: u32, probe_interval: Duration) -> f64 {
        Probe::of(self.ground.watch.loss, helpers).accuses * 3600.0 / probe_interval.as_secs_f64()
    }

    /// Whether a plan is in time.
    pub fn is_met_by(&self, plan: Plan) -> Result<bool, PlanError> {
        if let Some((within, milestone)) = self.detect {
            let detection = Detection::among(self.watch(plan), self.coverage)?;
            if detection.not_yet(milestone, within) > 1.0 - self.confidence {
                return Ok(false);
            }
        }
        self.know.map_or(Ok(true), |within| self.knows_within(within, plan))
    }

    /// Shorter intervals are never later: what is known of the neighbours often suffices.
    fn knows_within(&self, within: f64, plan: Plan) -> Result<bool, PlanError> {
        let taken = |((_, interval), intervals): (&(u32, Duration), &f64)| interval.as_secs_f64() * intervals;
        if self.ground.latency.is_some() {
            let all = self.intervals.borrow();
            let of = |interval: Duration| (plan.fanout, interval);
            let longer = all.range(of(plan.gossip_interval)..=of(Duration::MAX)).next().map(taken);
            let shorter = all.range(of(Duration::ZERO)..=of(plan.gossip_interval)).next_back().map(taken);
            if longer.is_some_and(|t| t <= within) || shorter.is_some_and(|t| t > within) {
                return Ok(longer.is_some_and(|t| t <= within));
            }
        }
        Ok(self.known_at(plan)? <= within)
    }

    /// When enough know with a plan, in seconds; infinite where they never do.
    pub fn known_at(&self, plan: Plan) -> Result<f64, PlanError> {
        let interval = plan.gossip_interval.as_secs_f64();
        let key = (plan.fanout, self.ground.latency.map_or(Duration::ZERO, |_| plan.gossip_interval));
        let worked_out = self.intervals.borrow().get(&key).copied();
        let intervals = worked_out.map_or_else(|| self.work_out_intervals(plan), Ok)?;
        self.intervals.borrow_mut().insert(key, intervals);
        Ok(intervals * interval)
    }

    fn work_out_intervals(&self, plan: Plan) -> Result<f64, PlanError> {
        let model = Model::try_from(self.ground.scenario_of(plan.fanout))?;
        Ok(match self.ground.latency {
            None => Arrival::of(&model, self.coverage).quantile(self.confidence).map_or(f64::INFINITY, f64::from),
            // Where hardly any call arrives it is as good as never.
            Some(latency) => EventTime::of(&model, latency.as_secs_f64() / plan.gossip_interval.as_secs_f64())
                .map_or(f64::INFINITY, |event| event.time_to(self.coverage, self.confidence)),
        })
    }

    /// The cluster that a plan makes.
    pub fn watch(&self, plan: Plan) -> Watch {
        let mut watch = with_probe_interval(&self.ground.watch, plan.probe_interval);
        watch.config.gossip_interval = plan.gossip_interval;
        watch.config.fanout = plan.fanout;
        watch.config.helpers = plan.helpers;
        watch.config.pause_to_forgive = self.pause_to_forgive;
        watch
    }
}

impl Ground {
    /// How news spreads with another fanout.
    pub(super) fn scenario_of(&self, fanout: u32) -> Scenario {
        Scenario { fanout, ..self.scenario }
    }
}
