//! What is the least that still goes wrong? Acts, nodes and parameters are taken out of a plan as long as the same rule
//! is broken.
//!
//! Acts by delta debugging (Zeller and Hildebrandt 2002, `ddmin`, complements only), since most of a history has
//! nothing to do with what it ends in; then everything else, one at a time, towards what is plain.

use super::plan::{Plan, SEEDS};
use super::play::play;
use crate::config::{Config, Mode};
use crate::limits::Limits;
use crate::sim::check::Check;
use crate::sim::{Latency, Link};
use crate::time::Span;

/// A change that makes a plan plainer.
type Change = fn(&mut Plan);

/// In the order in which they are tried.
const PLAINER: [Change; 10] = [
    |plan| plan.buried.clear(),
    |plan| plan.cold = false,
    |plan| plan.zones = 1,
    |plan| plan.within.loss_permille = 0,
    |plan| plan.within.duplicate_permille = 0,
    |plan| plan.within.reorder_permille = 0,
    |plan| plan.within = Link { latency: Latency::Constant(Span::micros(250)), ..plan.within },
    |plan| plan.modes = vec![Mode::PushPull],
    |plan| plan.config = Config::new(plan.profile),
    |plan| plan.limits = Limits::for_members(plan.limits.members),
];

/// A shorter plan of which playing still finds that `check` is broken; the same plan where there is none. Plays at most
/// `plays` times.
#[must_use]
pub fn shorter(plan: &Plan, check: Check, plays: u32) -> Plan {
    let broken = |plan: &Plan| play(plan, None).found.iter().any(|violation| violation.check == check);
    Shrink { best: plan.clone(), broken: &broken, plays }.run()
}

struct Shrink<'a> {
    best: Plan,
    broken: &'a dyn Fn(&Plan) -> bool,
    /// How often it may still be played.
    plays: u32,
}

impl Shrink<'_> {
    fn run(mut self) -> Plan {
        loop {
            let before = self.best.clone();
            self.fewer_acts();
            self.fewer_nodes();
            for change in PLAINER {
                self.try_changed(change);
            }
            self.sooner();
            if self.best == before || self.plays == 0 {
                return self.best;
            }
        }
    }

    /// Keeps a changed plan if it is another one and still goes wrong.
    fn try_changed(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut plan = self.best.clone();
        change(&mut plan);
        if plan == self.best || self.plays == 0 {
            return false;
        }
        self.plays -= 1;
        let better = (self.broken)(&plan);
        if better {
            self.best = plan;
        }
        better
    }

    fn fewer_acts(&mut self) {
        let mut piece = self.best.acts.len().div_ceil(2);
        while piece > 0 {
            let mut from = 0;
            while from < self.best.acts.len() {
                let to = (from + piece).min(self.best.acts.len());
                if !self.try_changed(|plan| drop(plan.acts.drain(from..to))) {
                    from = to;
                }
            }
            piece /= 2;
        }
    }

    fn fewer_nodes(&mut self) {
        for nodes in SEEDS..self.best.nodes {
            if self.try_changed(|plan| plan.nodes = nodes) {
                return;
            }
        }
    }

    /// Halves the pauses between acts, the later ones first.
    fn sooner(&mut self) {
        for nth in (0..self.best.acts.len()).rev() {
            let before = nth.checked_sub(1).map_or(Span::ZERO, |nth| self.best.acts[nth].at);
            let half = self.best.acts[nth].at.saturating_sub(before) / 2;
            let half = Span::millis(half.as_millis());
            let earlier = |plan: &mut Plan| {
                plan.acts[nth..].iter_mut().for_each(|timed| timed.at = timed.at.saturating_sub(half));
            };
            if half > Span::ZERO {
                self.try_changed(earlier);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::act::Act;
    use super::super::plan::Size;
    use super::*;

    #[test]
    fn what_has_nothing_to_do_with_it_goes() {
        // As if whatever has a heal after a partition went wrong, among three nodes at least.
        let broken = |plan: &Plan| {
            let at = |wanted: fn(&Act) -> bool| plan.acts.iter().position(|timed| wanted(&timed.act));
            let (apart, healed) = (at(|act| matches!(act, Act::Partition(_))), at(|act| *act == Act::Heal));
            plan.nodes >= 3 && apart.zip(healed).is_some_and(|(apart, healed)| apart < healed)
        };
        let size = Size { nodes: 12, acts: 60 };
        let plan = (0..).map(|seed| Plan::draw(seed, size)).find(broken).expect("there is one");
        let least = Shrink { best: plan.clone(), broken: &broken, plays: 500 }.run();
        assert!(plan.acts.len() > 2 && broken(&least));
        assert_eq!((least.acts.len(), least.nodes, least.zones), (2, 3, 1));
        assert_eq!(least.config, Config::new(plan.profile));
    }

    #[test]
    fn playing_stops_when_it_is_to() {
        let plan = Plan::draw(1, Size::default());
        let times = core::cell::Cell::new(0);
        let broken = |_: &Plan| {
            times.set(times.get() + 1);
            false
        };
        assert_eq!(Shrink { best: plan.clone(), broken: &broken, plays: 7 }.run(), plan);
        assert_eq!(times.get(), 7);
    }
}
