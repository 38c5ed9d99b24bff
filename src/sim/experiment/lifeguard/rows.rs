//! Which detectors are compared? SWIM as memberlist has it, each part of Lifeguard alone, all of them, and bruit as it is.
//!
//! All are real nodes; what one of the first five must not have is switched off in its [`Config`].

use core::time::Duration;
use libm::log10;

use crate::config::{Config, Sends};
use crate::membership::Spread;
use crate::time::Span;

/// The paper's α: a suspicion lasts α · log10(n) periods at least.
const ALPHA: f64 = 5.0;
/// The paper's β: and while nobody confirms it, so many times as long.
const BETA: u32 = 6;
/// The paper's K: so many confirmations bring it from the longest to the shortest time.
const K: u32 = 3;
/// The paper's S: the ceiling of the local health.
const S: u32 = 8;
/// memberlist's wait for an ack, as a share of the period.
const ACK_PERMILLE: u64 = 500;
/// memberlist's gossip rounds in a period, and how many each tells.
const ROUNDS: u32 = 5;
const FANOUT: u32 = 3;
/// memberlist sends each piece of news so many times ⌈log10(n + 1)⌉.
const RETRANSMITS: u32 = 4;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// SWIM (Das, Gupta, Motivala 2002) with memberlist's gossip.
    Swim,
    /// With local health in probes (§III.A).
    Probes,
    /// With local health in suspicion: a timer that confirmations shorten (§III.B).
    Suspicion,
    /// With the buddy system (§III.C).
    Buddy,
    /// All three.
    Lifeguard,
    /// bruit as it is configured.
    Bruit,
}

impl Row {
    /// In the paper's order, bruit last.
    pub const ALL: [Self; 6] = [Self::Swim, Self::Probes, Self::Suspicion, Self::Buddy, Self::Lifeguard, Self::Bruit];

    /// The name under which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Swim => "swim",
            Self::Probes => "swim+probes",
            Self::Suspicion => "swim+suspicion",
            Self::Buddy => "swim+buddy",
            Self::Lifeguard => "lifeguard",
            Self::Bruit => "bruit",
        }
    }

    /// What the paper's tables have of false positives, of those at healthy members, of messages and of bytes, in percent of
    /// SWIM's; bruit is not among them.
    #[must_use]
    pub const fn printed(self) -> Option<[f64; 4]> {
        match self {
            Self::Swim => Some([100.0, 100.0, 100.0, 100.0]),
            Self::Probes => Some([67.7, 32.9, 98.5, 90.0]),
            Self::Suspicion => Some([3.0, 6.7, 111.0, 107.0]),
            Self::Buddy => Some([94.1, 44.6, 100.0, 99.0]),
            Self::Lifeguard => Some([1.53, 1.89, 111.0, 98.0]),
            Self::Bruit => None,
        }
    }

    /// How the nodes of this row are configured, in a cluster of `nodes`: bruit's as given, the others' from it.
    #[must_use]
    pub fn config(self, bruit: &Config, nodes: u32) -> Config {
        match self {
            Self::Swim => swim(bruit, nodes),
            Self::Probes => probes(swim(bruit, nodes)),
            Self::Suspicion => suspicion(swim(bruit, nodes)),
            Self::Buddy => buddy(swim(bruit, nodes)),
            Self::Lifeguard => buddy(suspicion(probes(swim(bruit, nodes)))),
            Self::Bruit => bruit.clone(),
        }
    }
}

/// One ping, one round of helpers, a time-out for everybody, a suspicion of fixed length, and nobody's word doubted.
fn swim(bruit: &Config, nodes: u32) -> Config {
    let period = Span::from(bruit.probe_interval);
    let ack = Duration::from_nanos(period.permille(ACK_PERMILLE).as_nanos());
    let gossip_interval = bruit.probe_interval / ROUNDS;
    let swim = Config {
        helpers: 3,
        direct_pings: 1,
        helper_rounds: 1,
        helper_nacks: false,
        ack_floor: ack,
        ack_prior: ack,
        ack_ceiling: ack,
        suspicion_factor: 1,
        confirmations: 0,
        accusers: 0,
        volunteers: 0,
        loud_suspicions: true,
        buddy: false,
        any_proof: false,
        health_max: 0,
        lag_grace: false,
        kernel_evidence: false,
        gossip_interval,
        fanout: FANOUT,
        expected_loss_permille: 0,
        sends: Sends::Times(RETRANSMITS * digits(nodes)),
        quiet_after: 0,
        claims_per_second: bruit.datagrams_per_second,
        eager_per_second: 0,
        ..bruit.clone()
    };
    Config { pause_to_forgive: pause(&swim, nodes), ..swim }
}

/// ⌈log10(n + 1)⌉: how many digits `n` has.
const fn digits(n: u32) -> u32 {
    match n.checked_ilog10() {
        Some(log) => log + 1,
        None => 1,
    }
}

/// α · log10(n) periods, less what a node adds to the pause that it forgives: twice the spreading time. Rounded to whole
/// milliseconds, so that no machine's logarithm shows.
fn pause(swim: &Config, nodes: u32) -> Duration {
    let periods = ALPHA * log10(f64::from(nodes.max(10)));
    let suspicion = Duration::from_millis((periods * swim.probe_interval.as_millis() as f64).round() as u64);
    let spread = Spread {
        fanout: swim.fanout,
        loss_permille: swim.expected_loss_permille,
        one_miss_in: swim.one_miss_in,
        interval: swim.gossip_interval.into(),
    };
    let added = Duration::from_nanos((spread.time_to_all(nodes) * 2).as_nanos());
    suspicion.saturating_sub(added).max(swim.gossip_interval)
}

fn probes(config: Config) -> Config {
    Config { health_max: S, helper_nacks: true, ..config }
}

fn suspicion(config: Config) -> Config {
    Config { suspicion_factor: BETA, confirmations: K, ..config }
}

fn buddy(config: Config) -> Config {
    Config { buddy: true, ..config }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Params, Profile};

    #[test]
    fn a_suspicion_of_swim_lasts_as_long_as_memberlists() {
        let swim = Row::Swim.config(&Config::new(Profile::Lan), 128);
        // 5 · log10(128) = 10.536 periods; 7 rounds of 200 ms each way are added by the node.
        assert_eq!(swim.pause_to_forgive, Duration::from_millis(10_536 - 2 * 7 * 200));
    }

    #[test]
    fn each_row_agrees_with_itself_under_each_profile() {
        for profile in Profile::ALL {
            for row in Row::ALL {
                let config = row.config(&Config::new(profile), 128);
                assert!(Params::try_from(config).is_ok(), "{} under {}", row.name(), profile.name());
            }
        }
    }

    #[test]
    fn lifeguard_is_swim_with_its_three_parts_and_nothing_else() {
        let bruit = Config::default();
        let row = |row: Row| row.config(&bruit, 128);
        let parts = Config {
            health_max: row(Row::Probes).health_max,
            helper_nacks: row(Row::Probes).helper_nacks,
            suspicion_factor: row(Row::Suspicion).suspicion_factor,
            confirmations: row(Row::Suspicion).confirmations,
            buddy: row(Row::Buddy).buddy,
            ..row(Row::Swim)
        };
        assert_eq!(parts, row(Row::Lifeguard));
        assert_eq!(bruit, row(Row::Bruit));
    }
}
