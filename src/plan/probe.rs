//! How often is a living member accused, because datagrams were lost? One probe of a member that lives, stage by stage.
//!
//! As `node/probing.rs` has it: a ping; a second ping and `helpers` ping-requests, each helper pinging twice; a third
//! ping. If nothing has come of all that and every helper has said so, that is an accusation. If some helper stayed
//! silent, the second and third pings and the helpers have one more try, and then it is one in any case. What else may
//! prove life (any datagram of the target) is left out, so the real figure is lower, the more so in small or busy clusters.

/// Chances of one probe of a living member, and what it takes. `e` stands for expected numbers of datagrams.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// That it ends in an accusation.
    pub accuses: f64,
    /// That the first ping is not answered.
    pub goes_on: f64,
    /// That all helpers of a *dead* target say that they have no answer: then the verdict needs no second try.
    pub confirms: f64,
    /// Datagrams sent by everybody for one probe, by kind.
    pub sent: Sent,
}

/// Expected numbers of datagrams, whoever sends them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sent {
    /// Pings, those of helpers included.
    pub pings: f64,
    /// Acks, those passed on by helpers included.
    pub acks: f64,
    /// Ping-requests.
    pub requests: f64,
    /// Nacks.
    pub nacks: f64,
}

impl Probe {
    /// With this share of datagrams lost and so many helpers.
    #[must_use]
    pub fn of(loss: f64, helpers: u32) -> Self {
        let s = 1.0 - loss;
        let ping_fails = 1.0 - s * s;
        let target_silent = ping_fails * ping_fails;
        let helper_acks = s * s * (1.0 - target_silent);
        let helper_nacks = s * s * target_silent;
        let all = |chance: f64| chance.powi(helpers.min(64) as i32);
        let nobody = all(1.0 - helper_acks);
        // Without helpers nobody confirms anything.
        let confirmed = if helpers == 0 { 0.0 } else { all(helper_nacks) };
        let try_fails = target_silent * nobody;
        let accuses = ping_fails * (target_silent * confirmed + target_silent * (nobody - confirmed) * try_fails);
        let sent = Self::sent(s, ping_fails, nobody, f64::from(helpers), try_fails);
        let confirms = if helpers == 0 { 0.0 } else { all(s * s) };
        Self { accuses, goes_on: ping_fails, confirms, sent }
    }

    /// One ping and its ack; with the chance that it fails a try, and with the chance that this fails too a second one.
    fn sent(s: f64, ping_fails: f64, nobody: f64, helpers: f64, try_fails: f64) -> Sent {
        let asked = helpers * s;
        let third = ping_fails * nobody;
        let one_try = Sent {
            pings: 1.0 + asked * (1.0 + ping_fails) + third,
            acks: s * (1.0 + asked * (1.0 + ping_fails) + third) + asked * (1.0 - ping_fails * ping_fails),
            requests: helpers,
            nacks: asked * ping_fails * ping_fails,
        };
        let tries = ping_fails * (1.0 + try_fails);
        Sent {
            pings: 1.0 + tries * one_try.pings,
            acks: s + tries * one_try.acks,
            requests: tries * one_try.requests,
            nacks: tries * one_try.nacks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::model::chance;
    use crate::rng::Rng;

    /// One probe of a living member, datagram by datagram. Returns whether it accuses.
    fn accuses(loss: f64, helpers: u32, rng: &mut Rng) -> bool {
        let arrives = |rng: &mut Rng| chance(rng, 1.0 - loss);
        let pinged = |rng: &mut Rng| arrives(rng) && arrives(rng);
        if pinged(rng) {
            return false;
        }
        for last in [false, true] {
            let mut nacks = 0;
            let mut answered = pinged(rng);
            for _ in 0..helpers {
                let asked = arrives(rng);
                let found = asked && (pinged(rng) || pinged(rng));
                let told = asked && arrives(rng);
                answered |= told && found;
                nacks += u32::from(told && !found);
            }
            answered |= pinged(rng);
            if answered {
                return false;
            }
            if last || (helpers > 0 && nacks == helpers) {
                return true;
            }
        }
        true
    }

    #[test]
    fn the_chance_to_accuse_is_that_of_rolling_the_dice() {
        for (loss, helpers) in [(0.3, 3), (0.4, 1), (0.5, 2), (0.4, 0)] {
            let mut rng = Rng::from_seed(11);
            let runs = 200_000;
            let hits = (0..runs).filter(|_| accuses(loss, helpers, &mut rng)).count() as f64;
            let p = Probe::of(loss, helpers).accuses;
            let expected = p * f64::from(runs);
            assert!(
                (hits - expected).abs() < 4.0 * expected.sqrt(),
                "{loss} {helpers}: {hits} for {expected}, seed 11"
            );
        }
    }

    #[test]
    fn without_loss_nobody_is_accused_and_a_probe_is_a_ping_and_an_ack() {
        let probe = Probe::of(0.0, 3);
        assert_eq!((probe.accuses, probe.goes_on, probe.confirms), (0.0, 0.0, 1.0));
        assert_eq!(probe.sent, Sent { pings: 1.0, acks: 1.0, ..Sent::default() });
    }
}
