//! How many does one round inform? Mean and variance of the newly informed, exact in every state.
//!
//! A node that is not informed is missed by one pusher with probability 1 - f·s/(N-1), by all of them with its power, since
//! they choose independently. Two nodes are missed together a little less often than independence has it, because a
//! pusher's targets are distinct: hence the covariance. Who pulls is independent of all others; of its distinct targets a
//! hypergeometric number is informed, and each of these answers with s².

use super::gamma::ln_choose;
use super::model::{Model, Scenario};
use libm::{exp, expm1, log1p, pow};

/// What one pusher does to one node, and to two.
#[derive(Clone, Copy, Debug)]
pub struct Chances {
    others: f64,
    living: f64,
    fanout: u32,
    /// ln of the chance that one pusher misses a given node; `None` where nobody pushes.
    push: Option<PushMiss>,
    /// The chance that a pull from an informed node fails; `None` where nobody pulls.
    pull_fails: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
struct PushMiss {
    ln_one: f64,
    /// By how much ln of the chance to miss two given nodes is below twice that.
    ln_pair_excess: f64,
}

/// The number of nodes that one round informs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct New {
    /// Its mean.
    pub mean: f64,
    /// Its variance.
    pub variance: f64,
    /// What it cannot exceed.
    pub most: f64,
}

impl Chances {
    /// Of a model.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let Scenario { nodes, mode, fanout, .. } = *model.scenario();
        let others = f64::from(nodes) - 1.0;
        let (f, s) = (f64::from(fanout), model.push_success());
        let one = f * s / others;
        let both = if others > 1.0 { f * (f - 1.0) * s * s / (others * (others - 1.0)) } else { 0.0 };
        let kept = (1.0 - one) * (1.0 - one);
        // Whoever is told by everybody for certain is not missed at all, and neither are two.
        let excess = if kept > 0.0 { log1p((both - one * one) / kept) } else { 0.0 };
        let push = mode.pushes().then_some(PushMiss { ln_one: log1p(-one), ln_pair_excess: excess });
        let pull_fails = mode.pulls().then_some(1.0 - model.pull_success());
        Self { others, living: f64::from(model.living()), fanout, push, pull_fails }
    }

    /// The chance that a node is missed in a round that begins with so many informed.
    #[must_use]
    pub fn miss(&self, informed: f64) -> f64 {
        self.push.map_or(1.0, |push| exp(informed * push.ln_one)) * self.pull_miss(informed)
    }

    /// How many such a round informs.
    #[must_use]
    pub fn round(&self, informed: f64) -> New {
        let left = self.living - informed;
        let miss = self.miss(informed);
        // Where pushers alone call, this is exact also for the few of a large cluster.
        let hit = match (self.push, self.pull_fails) {
            (Some(push), None) => -expm1(informed * push.ln_one),
            (_, Some(_)) | (None, None) => 1.0 - miss,
        };
        let covariance = self.push.map_or(0.0, |push| miss * miss * expm1(informed * push.ln_pair_excess));
        let variance = left * (miss * hit + (left - 1.0) * covariance);
        New { mean: left * hit, variance: variance.max(0.0), most: left }
    }

    /// The chance that all pulls of a node fail.
    fn pull_miss(&self, informed: f64) -> f64 {
        let Some(fails) = self.pull_fails else { return 1.0 };
        let f = f64::from(self.fanout);
        let all = ln_choose(self.others, f);
        let term = |k: u32| {
            let k = f64::from(k);
            let ways = ln_choose(informed, k) + ln_choose(self.others - informed, f - k);
            if k > informed || f - k > self.others - informed { 0.0 } else { exp(ways - all) * pow(fails, k) }
        };
        (0..=self.fanout).map(term).sum::<f64>().min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::model::Mode;

    fn chances(mode: Mode, nodes: u32, fanout: u32, loss: f64) -> Chances {
        let scenario = Scenario { nodes, mode, fanout, loss, dead: 0.0 };
        Chances::of(&Model::try_from(scenario).expect("makes sense"))
    }

    #[test]
    fn one_pusher_informs_as_many_as_arrive() {
        // Two distinct targets, each datagram arriving with 0.75: binomial.
        let new = chances(Mode::Push, 50, 2, 0.25).round(1.0);
        assert!((new.mean - 1.5).abs() < 1e-12 && (new.variance - 2.0 * 0.75 * 0.25).abs() < 1e-12, "{new:?}");
    }

    #[test]
    fn one_puller_in_nine_finds_the_only_one_who_knows() {
        let new = chances(Mode::Pull, 10, 1, 0.0).round(1.0);
        let p = 1.0 / 9.0;
        assert!((new.mean - 9.0 * p).abs() < 1e-12 && (new.variance - 9.0 * p * (1.0 - p)).abs() < 1e-12, "{new:?}");
        // Two distinct targets of two others: one of them knows for certain.
        assert!(chances(Mode::Pull, 3, 2, 0.0).miss(1.0) < 1e-12);
    }

    #[test]
    fn who_calls_everybody_misses_nobody() {
        for mode in Mode::ALL {
            let new = chances(mode, 8, 7, 0.0).round(1.0);
            assert!((new.mean - 7.0).abs() < 1e-9 && new.variance < 1e-9, "{mode:?} {new:?}");
        }
    }

    #[test]
    fn two_pushers_of_one_target_each_collide_as_counted_by_hand() {
        // Others: 4 each; 3 are left. Both hit the same of the three, or one hits the other pusher, ...
        let new = chances(Mode::Push, 5, 1, 0.0).round(2.0);
        let p = |k: f64| match k as u32 {
            0 => 1.0 / 16.0,
            1 => 2.0 * 3.0 / 16.0 + 3.0 / 16.0,
            _ => 6.0 / 16.0,
        };
        let mean = p(1.0) + 2.0 * p(2.0);
        let variance = p(1.0) + 4.0 * p(2.0) - mean * mean;
        assert!((new.mean - mean).abs() < 1e-12 && (new.variance - variance).abs() < 1e-12, "{new:?}");
    }
}
