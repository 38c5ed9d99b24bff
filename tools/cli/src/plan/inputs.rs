//! What is planned for? The inputs of `bruit plan`, and how each is written.

use std::time::Duration;

use bruit::plan::{Demand, Milestone, Mode, Model, PlanError, Scenario, Watch, with_probe_interval};
use bruit::{Config, FANOUT_MAX, Profile};
use clap::ValueEnum;

/// In which time news spreads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Timing {
    /// All nodes call at once, once a round.
    Rounds,
    /// Each node calls once an interval, at its own moment.
    Event,
}

impl Timing {
    /// The name under which it is chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Event => "event",
        }
    }

    /// What it counts in.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Event => "intervals",
        }
    }
}

/// Everything that figures are worked out from.
#[derive(Clone, Debug, clap::Args)]
pub struct Inputs {
    /// All nodes, the dead included
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub nodes: u32,
    /// Who calls: push, pull or push-pull
    #[arg(long, default_value = "push", value_parser = mode)]
    pub mode: Mode,
    /// Distinct peers that one node calls in one round
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub fanout: u32,
    /// The time between two rounds
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub interval: humantime::Duration,
    /// The share of datagrams that is lost, 0 to below 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub loss: f64,
    /// The share of nodes that is dead and still on everybody's list, 0 to below 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub dead: f64,
    /// Whether all call at once or each at its own moment
    #[arg(long, value_enum, default_value_t = Timing::Rounds)]
    pub timing: Timing,
    /// The time of a datagram from one node to another [default: 250us lan, 25ms wan, 20us local]
    #[arg(long, value_name = "TIME")]
    pub latency: Option<humantime::Duration>,
    /// Bytes of news that one call carries
    #[arg(long, value_name = "BYTES", default_value = "24", value_parser = bytes)]
    pub payload: u32,
    /// The largest frame on the way, for what IP would do to a payload in one datagram
    #[arg(long, value_name = "BYTES", default_value = "1500", value_parser = bytes)]
    pub mtu: u32,
    /// Where the parameters of failure detection come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    pub profile: Profile,
    /// The time between two probes of one node [default: --interval]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub probe_interval: Option<humantime::Duration>,
    /// How many others are asked to ping who does not answer [default: the profile's]
    #[arg(long, value_name = "N")]
    pub helpers: Option<u32>,
    /// The longest pause of a process that shall not cost it its place [default: the profile's]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub pause_to_forgive: Option<humantime::Duration>,
}

impl Inputs {
    /// The model of the spread.
    pub fn model(&self) -> Result<Model, PlanError> {
        let Self { nodes, mode, fanout, loss, dead, .. } = *self;
        Model::try_from(Scenario { nodes, mode, fanout, loss, dead })
    }

    /// The cluster that watches itself: the living, configured by profile and flags. What would contradict the probe interval
    /// is brought down to it.
    pub fn watch(&self, model: &Model) -> Watch {
        let mut config = Config::new(self.profile);
        config.fanout = self.fanout.min(FANOUT_MAX as u32);
        config.helpers = self.helpers.unwrap_or(config.helpers);
        config.pause_to_forgive = self.pause_to_forgive.map_or(config.pause_to_forgive, Duration::from);
        let round_trip = self.latency() * 2;
        let watch = Watch { members: model.living(), loss: self.loss, round_trip, config };
        with_probe_interval(&watch, self.probe_interval.unwrap_or(self.interval).into())
    }

    /// One way.
    pub fn latency(&self) -> Duration {
        self.latency.map_or_else(
            || match self.profile {
                Profile::Lan => Duration::from_micros(250),
                Profile::Wan => Duration::from_millis(25),
                Profile::Local => Duration::from_micros(20),
            },
            Duration::from,
        )
    }

    /// Of a round, in seconds.
    pub fn interval_s(&self) -> f64 {
        self.interval.as_secs_f64()
    }
}

/// What shall be met.
#[derive(Clone, Debug, clap::Args)]
pub struct Demands {
    /// Find the parameters with which a failure is noticed within this time
    #[arg(long, value_name = "TIME")]
    pub detect_within: Option<humantime::Duration>,
    /// With which chance
    #[arg(long, value_name = "CHANCE", default_value_t = 0.99, requires = "detect_within")]
    pub confidence: f64,
    /// Noticed by whom: suspected (by somebody), dead (declared by somebody), known (to everybody)
    #[arg(long, value_name = "WHAT", default_value = "known", value_parser = milestone, requires = "detect_within")]
    pub until: Milestone,
    /// What each node may send for it in a second, rounds included
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "detect_within")]
    pub max_bytes_per_node: Option<u32>,
}

impl Demands {
    /// The demand, if there is one; `other` is what each node sends in a second beside probes.
    pub fn demand(&self, other: bruit::plan::cost::Traffic) -> Option<Demand> {
        Some(Demand {
            within: self.detect_within?.into(),
            confidence: self.confidence,
            milestone: self.until,
            bytes_max: self.max_bytes_per_node.map(f64::from),
            other,
        })
    }
}

/// The one of a closed set that is chosen by its name.
pub fn one_of<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, text: &str) -> Result<T, String> {
    let names = || all.iter().map(|t| name(*t)).collect::<Vec<_>>().join(", ");
    all.iter().copied().find(|t| name(*t) == text).ok_or_else(|| format!("one of {} is expected", names()))
}

/// Who calls.
pub fn mode(text: &str) -> Result<Mode, String> {
    one_of(&Mode::ALL, Mode::name, text)
}

fn milestone(text: &str) -> Result<Milestone, String> {
    one_of(&Milestone::ALL, Milestone::name, text)
}

fn profile(text: &str) -> Result<Profile, String> {
    one_of(&Profile::ALL, Profile::name, text)
}

/// A time that the protocol's parameters can be.
fn time(text: &str) -> Result<humantime::Duration, String> {
    let time: humantime::Duration = text.parse().map_err(|error| format!("a time like 500ms is expected: {error}"))?;
    let possible = Duration::from_micros(1)..=Duration::from_secs(86_400);
    if possible.contains(&time) { Ok(time) } else { Err("it can be 1us to 1day".to_owned()) }
}

/// A size: a number of bytes, or of thousands or millions of them.
fn bytes(text: &str) -> Result<u32, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1.0,
        "k" | "kB" | "KB" => 1e3,
        "M" | "MB" => 1e6,
        other => return Err(format!("`{other}` is no unit; B, kB or MB are")),
    };
    let number: f64 = digits.parse().map_err(|_| "a size like 1200 or 10kB is expected".to_owned())?;
    let size = number * unit;
    if (0.0..=f64::from(u32::MAX)).contains(&size) {
        Ok(size as u32)
    } else {
        Err(format!("{size} bytes are out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let cases = [("1200", Some(1_200)), ("10kB", Some(10_000)), ("10KB", Some(10_000)), ("1.5M", Some(1_500_000))];
        for (text, size) in cases.into_iter().chain([("", None), ("-1", None), ("1 GB", None), ("9999MB", None)]) {
            assert_eq!(bytes(text).ok(), size, "{text}");
        }
    }
}
