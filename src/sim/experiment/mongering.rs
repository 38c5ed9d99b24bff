//! What if those who know grow tired? Rumor mongering: how many never hear of it, and what it cost.
//!
//! Demers et al. (PODC 1987) §1.4, tables 1 to 3: 1,000 sites, one contact each per cycle, all looking at the states of the
//! cycle's start. Who spreads a rumor stops after k contacts (*counter*) or with a chance of 1/k (*coin*), all of which count
//! (*blind*) or only useless ones in a row (*feedback*).
//!
//! Pushing is what nodes do: a rumor of class normal is published on real ones ([`Engine::Node`]) of fanout 1, in step, that end it by
//! [`Config::rumor_rule`](crate::Config::rumor_rule) and mend nothing. A node leaves out whom a rumor has come from, where the paper's
//! site calls it in vain: one contact in a thousand. Nodes do not pull rumors so: that runs on the plain model of
//! [`plan`](crate::plan) ([`Engine::Model`]), and the report says so. The t_ave of table 3 is the mean cycle of the receipts, as
//! here; that of tables 1 and 2 is more than that.

use libm::{floor, log10, pow};

use super::runs::{Progress, Runs, trace_of};
use super::stage::{Cast, News, Stage, Timing};
use super::{Base, Distribution, Engine, SetupError};
use crate::config::Profile;
use crate::membership::SENDS_MAX;
use crate::plan::{Calls, Counts, Mongering, Outcome, Stops};
use crate::rng::Rng;
use crate::rumor;

/// Rumors that spread in one world, one after the other and each of another origin: to bring nodes together takes longer than
/// some of them, and each node has to remember all.
const RUNS_A_WORLD: u32 = 200;

/// How a rumor is spread and when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who calls.
    pub calls: Calls,
    /// Which contacts count.
    pub counts: Counts,
    /// How they count.
    pub stops: Stops,
}

impl Rule {
    /// Table 1 of the paper.
    pub const PUSH_FEEDBACK_COUNTER: Self =
        Self { calls: Calls::Push, counts: Counts::Feedback, stops: Stops::Counter };
    /// Table 2.
    pub const PUSH_BLIND_COIN: Self = Self { calls: Calls::Push, counts: Counts::Blind, stops: Stops::Coin };
    /// Table 3.
    pub const PULL_FEEDBACK_COUNTER: Self =
        Self { calls: Calls::Pull, counts: Counts::Feedback, stops: Stops::Counter };
    /// What stands in no table, and is the shortest of all: so many contacts and no more.
    pub const PUSH_BLIND_COUNTER: Self = Self { calls: Calls::Push, counts: Counts::Blind, stops: Stops::Counter };

    /// What plays it.
    #[must_use]
    pub const fn engine(self) -> Engine {
        match self.calls {
            Calls::Push => Engine::Node,
            Calls::Pull => Engine::Model,
        }
    }

    /// What the paper prints for it at 1,000 sites.
    #[must_use]
    pub fn printed(self, k: u32) -> Option<Printed> {
        let row = (k as usize).checked_sub(1)?;
        let (table, rows): (u32, &[(f64, f64, f64, f64)]) = if self == Self::PUSH_FEEDBACK_COUNTER {
            const ROWS: [(f64, f64, f64, f64); 5] = [
                (0.18, 1.7, 11.0, 16.8),
                (0.037, 3.3, 12.1, 16.9),
                (0.011, 4.5, 12.5, 17.4),
                (0.0036, 5.6, 12.7, 17.5),
                (0.0012, 6.7, 12.8, 17.7),
            ];
            (1, &ROWS)
        } else if self == Self::PUSH_BLIND_COIN {
            const ROWS: [(f64, f64, f64, f64); 5] = [
                (0.96, 0.04, 19.0, 38.0),
                (0.20, 1.6, 17.0, 33.0),
                (0.060, 2.8, 15.0, 32.0),
                (0.021, 3.9, 14.1, 32.0),
                (0.008, 4.9, 13.8, 32.0),
            ];
            (2, &ROWS)
        } else if self == Self::PULL_FEEDBACK_COUNTER {
            (3, &[(3.1e-2, 2.7, 9.97, 17.6), (5.8e-4, 4.5, 10.07, 15.4), (4.0e-6, 6.1, 10.08, 14.0)])
        } else {
            return None;
        };
        let (residue, traffic, average, last) = *rows.get(row)?;
        Some(Printed { table, residue, traffic, average, last })
    }
}

/// A row of the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Printed {
    /// Which table.
    pub table: u32,
    /// The share of sites that never hear of it.
    pub residue: f64,
    /// Updates sent, per site.
    pub traffic: f64,
    /// The mean cycle of the receipt (t_ave).
    pub average: f64,
    /// The cycle of the last receipt.
    pub last: f64,
}

impl Printed {
    /// How much of the residue may have been rounded away: half of the second digit.
    #[must_use]
    pub fn residue_rounded(&self) -> f64 {
        0.5 * pow(10.0, floor(log10(self.residue)) - 1.0)
    }

    /// And of the traffic: half of the last digit, the first behind the point but for what is below one.
    #[must_use]
    pub const fn traffic_rounded(&self) -> f64 {
        if self.traffic < 1.0 { 0.005 } else { 0.05 }
    }
}

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes; links lose what [`Base::link`] has them lose, where real nodes play.
    pub base: Base,
    /// How the rumor is spread.
    pub rule: Rule,
    /// k: 1 to 63 where real nodes play.
    pub k: u32,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes as they are; 100 times.
    #[must_use]
    pub fn new(rule: Rule, k: u32) -> Self {
        Self { base: Base::new(1_000, Profile::Lan), rule, k, runs: Runs { count: 100, seed: 1 } }
    }
}

/// What came out, over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What has played it.
    pub engine: Engine,
    /// The share of sites that never heard of it.
    pub residue: Distribution,
    /// Updates sent, per site.
    pub traffic: Distribution,
    /// The mean cycle of the receipt, of those who heard of it from another.
    pub average: Distribution,
    /// The cycle of the last receipt.
    pub last: Distribution,
    /// The traces of all worlds in one number; of the model, what it did.
    pub trace_hash: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    let Setup { base, rule, k, runs } = setup;
    base.check_nodes(3)?;
    runs.check()?;
    let mongering = Mongering { sites: base.nodes, calls: rule.calls, counts: rule.counts, stops: rule.stops, k: *k };
    mongering.check()?;
    let (outcomes, trace_hash) = match rule.engine() {
        Engine::Node => play_nodes(setup, progress)?,
        Engine::Model if base.link.loss_permille > 0 => {
            return Err(SetupError::Together(
                "the model, which plays what pulls, loses nothing; leave the loss at 0, or play what pushes",
            ));
        }
        Engine::Model => {
            let outcomes = runs.play(progress, |seed| mongering.run(&mut Rng::from_seed(seed)));
            let hash = trace_of(outcomes.iter().flat_map(|o| [o.residue.to_bits(), o.traffic.to_bits()]));
            (outcomes, hash)
        }
    };
    let of = |figure: fn(&Outcome) -> f64| outcomes.iter().map(figure).collect();
    Ok(Report {
        engine: rule.engine(),
        residue: of(|o| o.residue),
        traffic: of(|o| o.traffic),
        average: of(|o| o.average),
        last: of(|o| f64::from(o.last)),
        trace_hash,
    })
}

fn play_nodes(setup: &Setup, progress: Progress<'_>) -> Result<(Vec<Outcome>, u64), SetupError> {
    let mut base = setup.base.clone();
    base.config.fanout = 1;
    if setup.k > SENDS_MAX {
        let (got, max) = (f64::from(setup.k), f64::from(SENDS_MAX));
        return Err(SetupError::OutOfRange { field: "k", got, min: 1.0, max });
    }
    let sites = f64::from(base.nodes);
    let (feedback, coin) = (setup.rule.counts == Counts::Feedback, setup.rule.stops == Stops::Coin);
    let rule = rumor::Rule { feedback, coin, k: setup.k };
    let a_world = RUNS_A_WORLD.min(base.nodes);
    let cast = Cast { base, dead: 0, timing: Timing::Rounds, news: News::Rumor(rule, a_world), eager: false };
    let played = setup.runs.play_worlds(a_world, cast.load()?, progress, |seed, count, ended| {
        let mut stage = cast.set(seed)?;
        let one = |stage: &mut Stage| {
            let told = stage.tell_until_quiet();
            let last = told.receipts.last().copied().unwrap_or(0.0) as u32;
            let residue = (sites - told.receipts.len() as f64) / sites;
            // The first is the source's own.
            let heard = told.receipts.len().saturating_sub(1).max(1) as f64;
            let average = told.receipts.iter().skip(1).sum::<f64>() / heard;
            Outcome { residue, traffic: told.datagrams as f64 / sites, average, last, cycles: told.rounds }
        };
        let outcomes: Vec<_> = (0..count).map(|_| one(&mut stage)).inspect(|_| ended()).collect();
        Ok((outcomes, stage.world.trace()))
    });
    let played: Vec<_> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let trace_hash = trace_of(played.iter().map(|(_, trace)| *trace));
    Ok((played.into_iter().flat_map(|(outcomes, _)| outcomes).collect(), trace_hash))
}

#[cfg(test)]
mod tests {
    use libm::exp;

    use super::*;

    fn play(setup: &Setup) -> Report {
        run(setup, &|_, _| ()).expect("a good setup")
    }

    #[test]
    fn real_nodes_leave_what_their_traffic_has_missed() {
        // At 200 sites e^-traffic is met within a tenth; those who know send exactly k times each.
        for k in [1, 2, 3] {
            let mut setup = Setup::new(Rule::PUSH_BLIND_COUNTER, k);
            (setup.base.nodes, setup.runs.count) = (200, 25);
            let report = play(&setup);
            let (residue, traffic) = (report.residue.mean, report.traffic.mean);
            assert_eq!(report.engine, Engine::Node);
            assert!((traffic - f64::from(k) * (1.0 - residue)).abs() < 1e-9, "k = {k}: {report:?}");
            if k > 1 {
                assert!((residue / exp(-traffic) - 1.0).abs() < 0.25, "k = {k}: {report:?}");
            }
        }
    }

    #[test]
    fn real_nodes_do_what_the_model_of_their_rule_does() {
        let mut setup = Setup::new(Rule::PUSH_BLIND_COUNTER, 3);
        (setup.base.nodes, setup.runs.count) = (100, 50);
        let report = play(&setup);
        let model = Mongering { sites: 100, calls: Calls::Push, counts: Counts::Blind, stops: Stops::Counter, k: 3 };
        let mut rng = Rng::from_seed(1);
        let modelled: Vec<_> = (0..500).map(|_| model.run(&mut rng)).collect();
        let pairs = [
            (report.residue, modelled.iter().map(|o| o.residue).collect::<Distribution>()),
            (report.average, modelled.iter().map(|o| o.average).collect()),
            (report.last, modelled.iter().map(|o| f64::from(o.last)).collect()),
        ];
        for (nodes, model) in pairs {
            let errors = nodes.standard_error.hypot(model.standard_error);
            assert!((nodes.mean - model.mean).abs() < 4.0 * errors, "seed 1: {nodes:?} for {model:?}");
        }
    }

    #[test]
    fn what_a_rule_does_not_know_is_refused() {
        let mut setup = Setup::new(Rule::PULL_FEEDBACK_COUNTER, 2);
        setup.base.link.loss_permille = 100;
        assert!(matches!(run(&setup, &|_, _| ()), Err(SetupError::Together(_))));
        let error = run(&Setup::new(Rule::PUSH_BLIND_COUNTER, 64), &|_, _| ()).expect_err("more than can be counted");
        assert_eq!(error.to_string(), "k is 64; it may be 1 to 63");
    }
}
