//! How long from a verdict until all know it? Forwarding at first receipt, then gossip rounds for those whom it has missed.
//!
//! - *Forwarding* takes a few hops and misses the share u that solves `u = e^(-f·s·(1-u))`. With a chance of q, where
//!   q = (1 - s + s·q)^f, it dies out among the first few and has informed nearly nobody; at one call that arrives or less it always
//!   does.
//! - *A round* leaves u·e^(-f·s·(1-u)) of the share u, as in [`model`](super::model). A burst of claims is free; what
//!   goes beyond it waits for [`claims_per_second`](crate::Config::claims_per_second).
//!
//! How many are left is Poisson's, as at the end of every spread.

use libm::{exp, log};

use super::detection::Watch;
use super::error::{PlanError, within};
use super::event::poisson_at_most;
use super::model::share_of;
use crate::node::CLAIMS_BURST;

/// Enough know once this little is missing.
const SURE: f64 = 1e-9;
/// Where a round informs so few that it takes more of them, all that is said is that it takes longer.
const ROUNDS_MAX: u32 = 10_000;

/// The time that hops take which reach all: a latency each.
pub fn hops(watch: &Watch) -> f64 {
    let branching = (f64::from(watch.config.fanout) * (1.0 - watch.loss)).max(1.5);
    let hops = (log(f64::from(watch.members)) / log(branching)).ceil();
    hops * watch.round_trip.as_secs_f64() / 2.0
}

/// When so large a share of the living knows, counted from the verdict: (seconds, chance), ascending.
pub fn law(watch: &Watch, share: f64) -> Result<Vec<(f64, f64)>, PlanError> {
    within("coverage", share, f64::MIN_POSITIVE, 1.0)?;
    let members = f64::from(watch.members);
    let may_be_left = f64::from(watch.members - share_of(watch.members, share));
    let (fanout, arrives) = (f64::from(watch.config.fanout), 1.0 - watch.loss);
    let pushes = fanout * arrives;
    let nearly_all = 1.0 - 1.0 / members;
    let missed = (0..200).fold(0.0, |u: f64, _| exp(-pushes * (1.0 - u))).min(nearly_all);
    let dies_out = (0..200).fold(0.0, |q: f64, _| (1.0 - arrives + arrives * q).powi(watch.config.fanout as i32));
    let (mut left, mut left_after_all) = (missed, nearly_all);
    let (mut law, mut known) = (Vec::new(), 0.0);
    for round in 0..ROUNDS_MAX {
        let enough = |left: f64| poisson_at_most(members * left, may_be_left);
        let by_now = (1.0 - dies_out) * enough(left) + dies_out * enough(left_after_all);
        law.push((hops(watch) + rounds_take(watch, round), by_now - known));
        known = by_now;
        if known >= 1.0 - SURE {
            break;
        }
        left *= exp(-pushes * (1.0 - left));
        left_after_all *= exp(-pushes * (1.0 - left_after_all));
    }
    Ok(law)
}

/// The seconds that so many rounds take. The first lots of a burst, forwarding among them, wait for no budget.
fn rounds_take(watch: &Watch, rounds: u32) -> f64 {
    let c = &watch.config;
    let interval = c.gossip_interval.as_secs_f64();
    let paid = f64::from(c.fanout) / f64::from(c.claims_per_second.max(1));
    let free = rounds.min(CLAIMS_BURST - 1);
    f64::from(free) * interval + f64::from(rounds - free) * interval.max(paid)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::config::Config;

    fn watch(fanout: u32, loss: f64) -> Watch {
        let config = Config { fanout, ..Config::default() };
        Watch { members: 1_000, loss, round_trip: Duration::from_micros(500), config }
    }

    fn mean(law: &[(f64, f64)]) -> f64 {
        law.iter().map(|(time, chance)| time * chance).sum()
    }

    #[test]
    fn forwarding_reaches_nearly_all_and_a_share_of_them_at_once() {
        let all = law(&watch(4, 0.0), 1.0).expect("makes sense");
        assert!((all.iter().map(|(_, chance)| chance).sum::<f64>() - 1.0).abs() < 1e-6, "{all:?}");
        // 2 % are missed: 20 of 1,000, of whom a round leaves 0.4 and two leave nobody.
        assert!(all[0].1 < 1e-6 && (all[1].1 - exp(-0.39)).abs() < 0.02 && all[2].1 > 0.3, "{all:?}");
        let most = law(&watch(4, 0.0), 0.97).expect("makes sense");
        assert!(most[0].1 > 0.97, "{most:?}");
    }

    #[test]
    fn what_arrives_at_one_or_fewer_spreads_in_rounds_alone() {
        // Pittel: log2 N + ln N + 1.17, of rounds that a burst pays for up to the third, and after that five a second.
        let rounds = libm::log2(1_000.0) + log(1_000.0) + 1.17;
        let one = mean(&law(&watch(1, 0.0), 1.0).expect("makes sense"));
        assert!((one - (0.3 + 0.2 * (rounds - 3.0))).abs() < 1.0, "{one} s, {rounds} rounds");
        // At half as many calls that arrive it takes longer than with twice as many.
        let lossy = mean(&law(&watch(2, 0.5), 1.0).expect("makes sense"));
        assert!(lossy > mean(&law(&watch(2, 0.0), 1.0).expect("makes sense")) * 1.5, "{lossy} s");
    }

    #[test]
    fn a_share_that_cannot_be_is_refused() {
        assert!([0.0, -0.1, 1.1, f64::NAN].into_iter().all(|share| law(&watch(4, 0.0), share).is_err()));
    }
}
