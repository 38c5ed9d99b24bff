//! How does news spread in rounds? The model that planner and simulator share, and the plainest way to run it.
//!
//! N nodes, of which `round(dead · N)` are dead and still on everybody's list. In round 0 one living node is informed. In each
//! round every caller picks `fanout` *distinct* targets uniformly among the other N - 1. Who is informed is looked up at the
//! round's start, so nothing is forwarded twice within a round. Every datagram is lost independently.
//!
//! | mode | callers | a call succeeds with |
//! |---|---|---|
//! | push | the informed | s = 1 - loss |
//! | pull | the living that are not informed | s²: request and reply must both arrive |
//! | push-pull | all living: the informed push, the others pull | s, s² |
//!
//! Nobody stops. [`run`] does exactly that and nothing clever: it is what the chain in [`rounds`](super::rounds) is checked
//! against. Demers et al. (PODC 1987) §1.3 call this simple epidemics.

use super::error::{PlanError, within};
pub use crate::config::Mode;
use crate::rng::Rng;

/// More nodes than this are not planned for.
pub const NODES_MAX: u32 = 1 << 20;
/// Neither is a larger fanout.
pub const PLAN_FANOUT_MAX: u32 = 1_000;
/// After so many rounds a run, or a plan, is over whatever has been reached.
pub const ROUNDS_MAX: u32 = 10_000;

/// What a person asks: who spreads news how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenario {
    /// All nodes, the dead included. 2 to 1,048,576.
    pub nodes: u32,
    /// Who calls.
    pub mode: Mode,
    /// Distinct targets of one caller in one round. 1 to 1,000, and below `nodes`.
    pub fanout: u32,
    /// The share of datagrams that is lost, 0 to below 1.
    pub loss: f64,
    /// The share of nodes that is dead, 0 to below 1.
    pub dead: f64,
}

/// A scenario that makes sense. Made from a [`Scenario`] by `try_from`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    scenario: Scenario,
    living: u32,
}

impl TryFrom<Scenario> for Model {
    type Error = PlanError;

    fn try_from(scenario: Scenario) -> Result<Self, PlanError> {
        let Scenario { nodes, fanout, loss, dead, .. } = scenario;
        within("nodes", f64::from(nodes), 2.0, f64::from(NODES_MAX))?;
        within("fanout", f64::from(fanout), 1.0, f64::from(PLAN_FANOUT_MAX))?;
        within("loss", loss, 0.0, 1.0)?;
        within("dead", dead, 0.0, 1.0)?;
        if fanout >= nodes {
            return Err(PlanError::FanoutTooLarge { fanout, nodes });
        }
        if loss >= 1.0 {
            return Err(PlanError::NoneLeft { field: "loss", got: loss });
        }
        let living = nodes - (dead * f64::from(nodes)).round() as u32;
        if living < 2 {
            return Err(PlanError::NoneLeft { field: "dead", got: dead });
        }
        Ok(Self { scenario, living })
    }
}

impl Model {
    /// What was asked.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// How many nodes are alive: all that can be informed.
    #[must_use]
    pub const fn living(&self) -> u32 {
        self.living
    }

    /// How many living nodes a share of them is, rounded up.
    #[must_use]
    pub fn share_of_living(&self, share: f64) -> u32 {
        share_of(self.living, share)
    }

    /// The chance that a call of an informed node to one target arrives.
    #[must_use]
    pub fn push_success(&self) -> f64 {
        1.0 - self.scenario.loss
    }

    /// The chance that a call to an informed node brings the news back.
    #[must_use]
    pub fn pull_success(&self) -> f64 {
        self.push_success() * self.push_success()
    }
}

/// How many of so many a share is, rounded up. What is meant by 0.999 of 1000 is 999, whatever binary makes of it.
pub(super) fn share_of(living: u32, share: f64) -> u32 {
    (share * f64::from(living) - 1e-9).ceil().max(1.0) as u32
}

/// One run: how many are informed at the start of each round, from round 0 (one) until all living are, or until
/// [`ROUNDS_MAX`].
#[must_use]
pub fn run(model: &Model, rng: &mut Rng) -> Vec<u32> {
    let Scenario { nodes, mode, .. } = model.scenario;
    // The living come first; the source is one of them.
    let living = model.living as usize;
    let mut informed = vec![false; nodes as usize];
    informed[0] = true;
    let mut counts = vec![1];
    let mut targets = Vec::new();
    while counts[counts.len() - 1] < model.living && counts.len() <= ROUNDS_MAX as usize {
        let before = informed.clone();
        for caller in 0..living {
            if before[caller] && mode.pushes() {
                pick(model, caller, &mut targets, rng);
                for target in &targets {
                    let arrives = chance(rng, model.push_success());
                    informed[*target] |= arrives && *target < living;
                }
            }
            if !before[caller] && mode.pulls() {
                pick(model, caller, &mut targets, rng);
                for target in &targets {
                    let arrives = chance(rng, model.pull_success());
                    informed[caller] |= arrives && before[*target];
                }
            }
        }
        counts.push(informed.iter().filter(|i| **i).count() as u32);
    }
    counts
}

/// Picks the distinct targets of a caller among the others.
fn pick(model: &Model, caller: usize, targets: &mut Vec<usize>, rng: &mut Rng) {
    targets.clear();
    while targets.len() < model.scenario.fanout as usize {
        let target = rng.below(model.scenario.nodes) as usize;
        if target != caller && !targets.contains(&target) {
            targets.push(target);
        }
    }
}

/// Whether something of this probability happens.
pub(super) fn chance(rng: &mut Rng, probability: f64) -> bool {
    uniform(rng) < probability
}

/// Uniform in [0, 1), a multiple of 2^-53.
pub(super) fn uniform(rng: &mut Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Scenario = Scenario { nodes: 100, mode: Mode::Push, fanout: 3, loss: 0.0, dead: 0.0 };

    #[test]
    fn what_makes_no_sense_is_refused_with_the_numbers() {
        let cases = [
            (Scenario { nodes: 1, ..PLAIN }, "nodes is 1; it can be 2 to 1048576"),
            (Scenario { fanout: 0, ..PLAIN }, "fanout is 0; it can be 1 to 1000"),
            (
                Scenario { fanout: 100, ..PLAIN },
                "fanout is 100, but there are only 99 others; lower it, or plan more nodes",
            ),
            (Scenario { loss: -0.1, ..PLAIN }, "loss is -0.1; it can be 0 to 1"),
            (Scenario { loss: f64::NAN, ..PLAIN }, "loss is NaN; it can be 0 to 1"),
            (Scenario { loss: 1.0, ..PLAIN }, "with a loss of 1 nothing ever arrives; it must be below 1"),
            (
                Scenario { dead: 0.999, ..PLAIN },
                "with a dead share of 0.999 nobody is left to inform; it must leave at least two nodes alive",
            ),
        ];
        for (scenario, said) in cases {
            assert_eq!(Model::try_from(scenario).expect_err(said).to_string(), said);
        }
    }

    #[test]
    fn the_dead_are_rounded_and_shares_are_rounded_up() {
        let model = Model::try_from(Scenario { nodes: 1000, dead: 0.3, ..PLAIN }).expect("makes sense");
        assert_eq!((model.living(), model.share_of_living(0.999), model.share_of_living(1.0)), (700, 700, 700));
        let model = Model::try_from(Scenario { nodes: 1000, ..PLAIN }).expect("makes sense");
        assert_eq!((model.share_of_living(0.99), model.share_of_living(0.999)), (990, 999));
    }

    #[test]
    fn a_run_begins_with_one_never_falls_and_ends_with_all() {
        for mode in Mode::ALL {
            let model = Model::try_from(Scenario { mode, loss: 0.2, dead: 0.3, ..PLAIN }).expect("makes sense");
            let counts = run(&model, &mut Rng::from_seed(1));
            assert!(counts.is_sorted(), "{counts:?}");
            assert_eq!((counts[0], counts[counts.len() - 1]), (1, 70), "{}", mode.name());
        }
    }

    #[test]
    fn who_calls_everybody_has_told_everybody() {
        let model = Model::try_from(Scenario { fanout: 99, ..PLAIN }).expect("makes sense");
        assert_eq!(run(&model, &mut Rng::from_seed(1)), [1, 100]);
    }
}
