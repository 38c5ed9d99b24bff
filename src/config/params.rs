//! Do the values agree with each other? Parameters that cannot be wrong, and what is refused on the way to them.

use core::time::Duration;

use super::{
    ACCUSERS_MAX, Config, DIRECT_PINGS_MAX, FANOUT_MAX, HELPER_ROUNDS_MAX, HELPERS_MAX, Mode, RumorStart, Sends,
};
use crate::error::{ConfigError, in_range};
use crate::limits::Limits;
use crate::membership::SENDS_MAX;
use crate::rumor::Rule;
use crate::time::Span;
use crate::wire::{MAX_MAX_DATAGRAM, MIN_MAX_DATAGRAM, OVERHEAD_INTRO, RawRumor, SECTION_HEADER};

/// Parameters that agree with each other. Made from a [`Config`] and [`Limits`] by `try_from`.
#[derive(Clone, Debug)]
pub struct Params {
    pub(crate) probe_interval: Span,
    pub(crate) helpers: usize,
    pub(crate) direct_pings: u32,
    pub(crate) helper_rounds: u32,
    pub(crate) helper_nacks: bool,
    pub(crate) ack_floor: Span,
    pub(crate) ack_prior: Span,
    pub(crate) ack_ceiling: Span,
    pub(crate) pause_to_forgive: Span,
    pub(crate) suspect_first: bool,
    pub(crate) suspicion_factor: u32,
    pub(crate) confirmations: u32,
    pub(crate) accusers: u32,
    pub(crate) volunteers: u32,
    pub(crate) loud_suspicions: bool,
    pub(crate) buddy: bool,
    pub(crate) any_proof: bool,
    pub(crate) health_max: u32,
    pub(crate) lag_tolerance: Span,
    pub(crate) lag_grace: bool,
    pub(crate) kernel_evidence: bool,
    pub(crate) gossip_interval: Span,
    pub(crate) fanout: usize,
    pub(crate) expected_loss_permille: u32,
    pub(crate) one_miss_in: u32,
    pub(crate) sends: Sends,
    pub(crate) gossip_phase: Option<Span>,
    pub(crate) quiet_after: u32,
    pub(crate) rumor_rule: Rule,
    pub(crate) rumor_digests: bool,
    pub(crate) rumor_retention: Span,
    pub(crate) tombstone_retention: Span,
    pub(crate) rumor_start: RumorStart,
    pub(crate) state_mode: Mode,
    pub(crate) claims_per_second: u32,
    pub(crate) eager_per_second: u32,
    pub(crate) strangers_per_second: u32,
    pub(crate) repair_per_second: u32,
    pub(crate) datagrams_per_second: u32,
    pub(crate) bytes_per_second: u32,
    pub(crate) down_retention: Span,
    pub(crate) revive_interval: Span,
    pub(crate) hello_interval: Span,
    pub(crate) cold_start_wait: Span,
    pub(crate) conflict_wait: Span,
    pub(crate) max_datagram: usize,
    pub(crate) limits: Limits,
}

impl Params {
    /// The capacities that belong to these parameters.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The largest datagram that leaves or is read, in bytes of UDP payload.
    #[must_use]
    pub const fn max_datagram(&self) -> usize {
        self.max_datagram
    }

    /// Checks a configuration against itself and against its limits.
    ///
    /// # Errors
    /// The first value that is out of range or contradicts another.
    pub fn new(c: &Config, limits: &Limits) -> Result<Self, ConfigError> {
        limits.check()?;
        check_ranges(c)?;
        check_order(c)?;
        check_payload(c, limits)?;
        Ok(Self {
            probe_interval: c.probe_interval.into(),
            helpers: c.helpers as usize,
            direct_pings: c.direct_pings,
            helper_rounds: c.helper_rounds,
            helper_nacks: c.helper_nacks,
            ack_floor: c.ack_floor.into(),
            ack_prior: c.ack_prior.into(),
            ack_ceiling: c.ack_ceiling.into(),
            pause_to_forgive: c.pause_to_forgive.into(),
            suspect_first: c.suspect_first,
            suspicion_factor: c.suspicion_factor,
            confirmations: c.confirmations,
            accusers: c.accusers,
            volunteers: c.volunteers,
            loud_suspicions: c.loud_suspicions,
            buddy: c.buddy,
            any_proof: c.any_proof,
            health_max: c.health_max,
            lag_tolerance: c.lag_tolerance.into(),
            lag_grace: c.lag_grace,
            kernel_evidence: c.kernel_evidence,
            gossip_interval: c.gossip_interval.into(),
            fanout: c.fanout as usize,
            expected_loss_permille: c.expected_loss_permille,
            one_miss_in: c.one_miss_in,
            sends: c.sends,
            gossip_phase: c.gossip_phase.map(Span::from),
            quiet_after: c.quiet_after,
            rumor_rule: c.rumor_rule,
            rumor_digests: c.rumor_digests,
            rumor_retention: c.rumor_retention.into(),
            rumor_start: c.rumor_start,
            tombstone_retention: c.tombstone_retention.into(),
            state_mode: c.state_mode,
            claims_per_second: c.claims_per_second,
            eager_per_second: c.eager_per_second,
            strangers_per_second: c.strangers_per_second,
            repair_per_second: c.repair_per_second,
            datagrams_per_second: c.datagrams_per_second,
            bytes_per_second: c.bytes_per_second,
            down_retention: c.down_retention.into(),
            revive_interval: c.revive_interval.into(),
            hello_interval: c.hello_interval.into(),
            cold_start_wait: c.cold_start_wait.into(),
            conflict_wait: c.conflict_wait.into(),
            max_datagram: c.max_datagram as usize,
            limits: limits.clone(),
        })
    }
}

impl TryFrom<Config> for Params {
    type Error = ConfigError;

    /// With [`Limits::default`].
    fn try_from(config: Config) -> Result<Self, ConfigError> {
        Self::new(&config, &Limits::default())
    }
}

fn nanos(d: Duration) -> u64 {
    Span::from(d).as_nanos()
}

fn check_ranges(c: &Config) -> Result<(), ConfigError> {
    let day = Span::secs(86_400).as_nanos();
    let durations = [
        ("probe_interval", c.probe_interval),
        ("ack_floor", c.ack_floor),
        ("ack_prior", c.ack_prior),
        ("ack_ceiling", c.ack_ceiling),
        ("pause_to_forgive", c.pause_to_forgive),
        ("lag_tolerance", c.lag_tolerance),
        ("gossip_interval", c.gossip_interval),
        ("revive_interval", c.revive_interval),
        ("hello_interval", c.hello_interval),
        ("cold_start_wait", c.cold_start_wait),
        ("conflict_wait", c.conflict_wait),
        ("rumor_retention", c.rumor_retention),
    ];
    for (field, value) in durations {
        in_range(field, nanos(value), 1_000, day)?;
    }
    // Ages of removals travel in 32 bits of milliseconds.
    in_range("tombstone_retention", nanos(c.tombstone_retention), 1_000, 40 * day)?;
    in_range("down_retention", nanos(c.down_retention), 1_000, 365 * day)?;
    let numbers = [
        ("helpers", c.helpers, 0, HELPERS_MAX as u32),
        ("direct_pings", c.direct_pings, 1, DIRECT_PINGS_MAX),
        ("helper_rounds", c.helper_rounds, 1, HELPER_ROUNDS_MAX),
        ("accusers", c.accusers, 0, 2),
        ("volunteers", c.volunteers, 0, 1_000),
        ("suspicion_factor", c.suspicion_factor, 1, 100),
        ("confirmations", c.confirmations, 0, ACCUSERS_MAX as u32 - 1),
        ("health_max", c.health_max, 0, 64),
        ("fanout", c.fanout, 1, FANOUT_MAX as u32),
        ("expected_loss_permille", c.expected_loss_permille, 0, 900),
        ("one_miss_in", c.one_miss_in, 1, 1_000_000_000),
        ("quiet_after", c.quiet_after, 0, 10),
        ("rumor_rule.k", c.rumor_rule.k, 1, SENDS_MAX),
        ("datagrams_per_second", c.datagrams_per_second, 100, u32::MAX),
        ("bytes_per_second", c.bytes_per_second, 100_000, u32::MAX),
        ("max_datagram", c.max_datagram, MIN_MAX_DATAGRAM as u32, MAX_MAX_DATAGRAM as u32),
    ];
    for (field, got, min, max) in numbers {
        in_range(field, u64::from(got), u64::from(min), u64::from(max))?;
    }
    match c.sends {
        Sends::Times(n) => in_range("sends", u64::from(n), 1, u64::from(SENDS_MAX))?,
        Sends::Derived | Sends::Endless => {}
    }
    // The next beat is the same: a phase of a whole interval is one of 0.
    let latest = nanos(c.gossip_interval).saturating_sub(1);
    in_range("gossip_phase", c.gossip_phase.map_or(0, nanos), 0, latest)
}

/// A rumor travels in one datagram.
fn check_payload(c: &Config, limits: &Limits) -> Result<(), ConfigError> {
    let room = c.max_datagram as usize - OVERHEAD_INTRO - SECTION_HEADER - size_of::<RawRumor>();
    in_range("limits.rumor_payload", u64::from(limits.rumor_payload), 0, room as u64)
}

fn check_order(c: &Config) -> Result<(), ConfigError> {
    let ordered = [
        ("ack_floor", c.ack_floor, "ack_prior", c.ack_prior),
        ("ack_prior", c.ack_prior, "ack_ceiling", c.ack_ceiling),
        // Otherwise a whole probe of a slow peer would overlap with the next of the same peer in a cluster of two.
        ("ack_ceiling", c.ack_ceiling, "probe_interval", c.probe_interval),
        ("gossip_interval", c.gossip_interval, "probe_interval", c.probe_interval),
        ("gossip_interval", c.gossip_interval, "pause_to_forgive", c.pause_to_forgive),
        ("lag_tolerance", c.lag_tolerance, "ack_ceiling", c.ack_ceiling),
        ("gossip_interval", c.gossip_interval, "rumor_retention", c.rumor_retention),
        ("pause_to_forgive", c.pause_to_forgive, "down_retention", c.down_retention),
    ];
    for (less, less_is, more, more_is) in ordered {
        if less_is > more_is {
            return Err(ConfigError::Contradiction { less, less_is: nanos(less_is), more, more_is: nanos(more_is) });
        }
    }
    let caps = [
        ("claims_per_second", c.claims_per_second),
        ("eager_per_second", c.eager_per_second),
        ("strangers_per_second", c.strangers_per_second),
        ("repair_per_second", c.repair_per_second),
    ];
    for (less, value) in caps {
        if value > c.datagrams_per_second {
            return Err(ConfigError::Contradiction {
                less,
                less_is: u64::from(value),
                more: "datagrams_per_second",
                more_is: u64::from(c.datagrams_per_second),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;

    #[test]
    fn every_profile_is_consistent() {
        for profile in Profile::ALL {
            assert!(Params::try_from(Config::new(profile)).is_ok(), "{}", profile.name());
            assert_eq!(Profile::from_name(profile.name()), Some(profile));
        }
    }

    #[test]
    fn contradicting_values_are_refused_with_the_numbers() {
        let config = Config { ack_ceiling: Duration::from_secs(2), ..Config::default() };
        let error = Params::try_from(config).expect_err("a probe that outlasts its interval");
        assert_eq!(
            error.to_string(),
            "ack_ceiling (2s) is above probe_interval (1s); lower the first or raise the second"
        );
        let config = Config { probe_interval: Duration::ZERO, ..Config::default() };
        let error = Params::try_from(config).expect_err("no time to probe in");
        assert_eq!(error.to_string(), "probe_interval is 0s; it can be 1us to 1d");
        let config = Config { fanout: 0, ..Config::default() };
        let config_of = |direct_pings| Config { direct_pings, ..Config::default() };
        assert!([1, 2, 3].into_iter().all(|pings| Params::try_from(config_of(pings)).is_ok()));
        for pings in [0, DIRECT_PINGS_MAX + 1] {
            assert_eq!(
                Params::try_from(config_of(pings)).expect_err("no probe is like that"),
                ConfigError::OutOfRange {
                    field: "direct_pings",
                    got: pings.into(),
                    min: 1,
                    max: DIRECT_PINGS_MAX.into()
                }
            );
        }
        assert_eq!(
            Params::try_from(config).expect_err("nobody to tell"),
            ConfigError::OutOfRange { field: "fanout", got: 0, min: 1, max: FANOUT_MAX as u64 }
        );
        for (sends, accepted) in [(0, false), (1, true), (63, true), (64, false)] {
            let config = Config { sends: Sends::Times(sends), ..Config::default() };
            assert_eq!(Params::try_from(config).is_ok(), accepted, "{sends} sends");
        }
        for (phase, accepted) in [(0, true), (99, true), (100, false)] {
            let config = Config { gossip_phase: Some(Duration::from_millis(phase)), ..Config::default() };
            assert_eq!(Params::try_from(config).is_ok(), accepted, "{phase} ms into rounds of 100 ms");
        }
    }
}
