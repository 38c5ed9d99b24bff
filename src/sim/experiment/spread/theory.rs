//! What ought to come out? The exact recurrence, or the law of event time, and a closed form where somebody has proved one.

use super::Setup;
use crate::plan::{EventTime, Mode, Model, Rounds, Scenario};
use crate::sim::experiment::{SetupError, Timing};
use libm::{log, log2};

/// A number of rounds to all that somebody has proved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closed {
    /// Who, and the formula.
    pub name: &'static str,
    /// The mean number of rounds until all know.
    pub rounds: f64,
}

/// What theory has for a setup.
#[derive(Clone, Debug, PartialEq)]
pub struct Theory {
    /// Which one.
    pub name: &'static str,
    /// The mean and the p99 of the time to each goal.
    pub rounds_to: [(f64, f64); 3],
    /// The mean share informed by round: (round, share).
    pub coverage: Vec<(f64, f64)>,
    /// A closed form of the mean time to all.
    pub closed: Option<Closed>,
}

impl Theory {
    pub(super) fn of(setup: &Setup, model: &Model) -> Result<Option<Self>, SetupError> {
        match (setup.timing, setup.latency_intervals()) {
            (Timing::Rounds, _) => Ok(Some(Self::in_rounds(model))),
            (Timing::Event, Some(latency)) if !setup.eager => Self::in_event_time(model, latency).map(Some),
            (Timing::Event, _) => Ok(None),
        }
    }

    fn in_rounds(model: &Model) -> Self {
        let rounds = Rounds::of(model);
        let time = |arrival: &crate::plan::Arrival| {
            // More rounds than are worked out are more than are played.
            let (mean, p99) = (arrival.mean(), arrival.quantile(0.99));
            (mean.unwrap_or(f64::INFINITY), p99.map_or(f64::INFINITY, f64::from))
        };
        Self {
            name: "recurrence",
            rounds_to: [0, 1, 2].map(|goal| time(&rounds.arrivals[goal])),
            coverage: (0_u32..).map(f64::from).zip(rounds.coverage.iter().map(|c| c.mean)).collect(),
            closed: closed(model.scenario()),
        }
    }

    fn in_event_time(model: &Model, latency: f64) -> Result<Self, SetupError> {
        let law = EventTime::of(model, latency)?;
        let end = (law.quantile(2, 0.999) * 4.0).ceil() as u32;
        Ok(Self {
            name: "event time",
            rounds_to: [0, 1, 2].map(|goal| (law.mean(goal), law.quantile(goal, 0.99))),
            coverage: (0..=end).map(|i| f64::from(i) / 4.0).map(|t| (t, law.coverage(t).mean)).collect(),
            closed: None,
        })
    }
}

/// What has been proved holds for one target each, nothing lost, nobody dead.
fn closed(scenario: &Scenario) -> Option<Closed> {
    let Scenario { nodes, mode, fanout, loss, dead } = *scenario;
    if (fanout, loss, dead) != (1, 0.0, 0.0) {
        return None;
    }
    let n = f64::from(nodes);
    match mode {
        Mode::Push => Some(Closed { name: "Pittel 1987: log2 N + ln N + 1.17", rounds: log2(n) + log(n) + 1.17 }),
        Mode::Pull => None,
        Mode::PushPull => {
            Some(Closed { name: "Karp et al. 2000: log3 N + log2 ln N", rounds: log(n) / log(3_f64) + log2(log(n)) })
        }
    }
}
