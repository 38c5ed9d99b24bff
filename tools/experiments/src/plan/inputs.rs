//! What is planned for? The inputs of `bruit plan`, and how each is written.

use std::time::Duration;

use bruit::plan::{
    Answer, Demand, Detect, Fixed, Ground, Milestone, Mode, Model, PlanError, Scenario, Watch, with_probe_interval,
};
use bruit::{Config, FANOUT_MAX, Profile};
use clap::ValueEnum;

/// The fanout where none is given and there are as many others.
const FANOUT: u32 = 3;

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
    /// All nodes, the dead included: 2 to 1048576
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub nodes: u32,
    /// Who calls: push, pull or push-pull
    #[arg(long, default_value = "push", value_parser = mode)]
    pub mode: Mode,
    /// Distinct peers that one node calls in one round: 1 to 1000, fewer than there are nodes [default: 3, or what a demand needs]
    #[arg(long, value_name = "N")]
    pub fanout: Option<u32>,
    /// The time between two rounds of gossip: 1us to 1day [default: the profile's, 100ms lan, 500ms wan, 50ms local; or what a demand needs]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub interval: Option<humantime::Duration>,
    /// The share of datagrams that is lost, 0 to below 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, allow_negative_numbers = true)]
    pub loss: f64,
    /// The share of nodes that is dead and still on everybody's list while news spreads, 0 to below 1. Detection is that of the
    /// living, who have taken them off
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, allow_negative_numbers = true)]
    pub dead: f64,
    /// Whether all call at once or each at its own moment
    #[arg(long, value_enum, default_value_t = Timing::Rounds)]
    pub timing: Timing,
    /// The time of a datagram from one node to another [default: 250us lan, 25ms wan, 20us local]
    #[arg(long, value_name = "TIME")]
    pub latency: Option<humantime::Duration>,
    /// Bytes of a piece of news: up to 4294MB
    #[arg(long, value_name = "BYTES", default_value = "24", value_parser = bytes)]
    pub payload: u32,
    /// How many pieces of news there are in a second, in the whole cluster: 0 to 1000000
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate, allow_negative_numbers = true)]
    pub news_per_second: f64,
    /// The largest frame on the way, for what IP would do to a payload in one datagram: 68 to 65535
    #[arg(long, value_name = "BYTES", default_value = "1500", value_parser = mtu)]
    pub mtu: u32,
    /// Where the parameters of failure detection come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    pub profile: Profile,
    /// The time between two probes of one node, no shorter than --interval [default: the profile's, 1s lan, 5s wan, 500ms local; or what a demand needs]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub probe_interval: Option<humantime::Duration>,
    /// How many others are asked to ping who does not answer: 0 to 8 [default: the profile's, or what a demand needs]
    #[arg(long, value_name = "N")]
    pub helpers: Option<u32>,
    /// The longest pause of a process that shall not cost it its place, no shorter than --interval [default: the profile's, 1s lan, 4s wan, 300ms local]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub pause_to_forgive: Option<humantime::Duration>,
}

impl Inputs {
    /// The model of the spread.
    pub fn model(&self) -> Result<Model, PlanError> {
        Model::try_from(self.scenario())
    }

    fn scenario(&self) -> Scenario {
        let Self { nodes, mode, loss, dead, .. } = *self;
        Scenario { nodes, mode, fanout: self.fanout(), loss, dead }
    }

    /// The cluster that watches itself: the living, configured by profile and flags. What is not given gives way to what is.
    pub fn watch(&self, model: &Model) -> Watch {
        let mut watch = with_probe_interval(&self.watch_of_profile(model), self.probe_interval());
        watch.config.gossip_interval = self.interval().into();
        watch.config.fanout = self.fanout().min(FANOUT_MAX as u32);
        with_retentions(watch)
    }

    /// All but the intervals and the fanout.
    fn watch_of_profile(&self, model: &Model) -> Watch {
        let mut config = Config::new(self.profile);
        config.helpers = self.helpers.unwrap_or(config.helpers);
        let least = self.interval.map_or(Duration::ZERO, Duration::from);
        config.pause_to_forgive = self.pause_to_forgive.map_or(config.pause_to_forgive.max(least), Duration::from);
        Watch { members: model.living(), loss: self.loss, round_trip: self.latency() * 2, config }
    }

    fn probe_interval(&self) -> Duration {
        let least = self.interval.map_or(Duration::ZERO, Duration::from);
        self.probe_interval.map_or_else(|| Config::new(self.profile).probe_interval.max(least), Duration::from)
    }

    /// What a demand is to be met with: what is given stays, what is not is looked for.
    pub fn ground(&self, model: &Model) -> Ground {
        let mut watch = with_probe_interval(&self.watch_of_profile(model), self.probe_interval());
        let config = &mut watch.config;
        config.gossip_interval = self.interval.map_or(config.gossip_interval, Duration::from);
        config.fanout = self.fanout.unwrap_or(config.fanout);
        let fixed = Fixed {
            probe_interval: self.probe_interval.is_some(),
            gossip_interval: self.interval.is_some(),
            fanout: self.fanout.is_some(),
            helpers: self.helpers.is_some(),
        };
        let latency = match self.timing {
            Timing::Rounds => None,
            Timing::Event => Some(self.latency()),
        };
        Ground {
            watch: with_retentions(watch),
            scenario: self.scenario(),
            payload: self.payload,
            news_per_second: self.news_per_second,
            latency,
            fixed,
        }
    }

    /// The same with what a demand has led to.
    pub fn answered(&self, answer: &Answer) -> Self {
        let config = &answer.watch.config;
        Self { fanout: Some(config.fanout), interval: Some(config.gossip_interval.into()), ..self.clone() }
    }

    /// Of one caller in one round.
    pub fn fanout(&self) -> u32 {
        self.fanout.unwrap_or_else(|| FANOUT.min(self.nodes.saturating_sub(1).max(1)))
    }

    /// Of a round.
    pub fn interval(&self) -> humantime::Duration {
        let most = [self.probe_interval, self.pause_to_forgive].into_iter().flatten().map(Duration::from);
        let of_profile = || most.fold(Config::new(self.profile).gossip_interval, Duration::min).into();
        self.interval.unwrap_or_else(of_profile)
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
        self.interval().as_secs_f64()
    }
}

/// With whatever is remembered for as long as it has to be beside these intervals: no figure depends on it.
fn with_retentions(mut watch: Watch) -> Watch {
    let config = &mut watch.config;
    config.rumor_retention = config.rumor_retention.max(config.gossip_interval);
    config.down_retention = config.down_retention.max(config.pause_to_forgive);
    config.tombstone_retention = config.tombstone_retention.max(config.down_retention);
    watch
}

/// What shall be met.
#[derive(Clone, Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("demand").args(["detect_within", "know_within"]).multiple(true)))]
pub struct Demands {
    /// Find the cheapest parameters with which a failure is noticed within this time
    #[arg(long, value_name = "TIME")]
    pub detect_within: Option<humantime::Duration>,
    /// Find the cheapest parameters with which a piece of news is known within this time
    #[arg(long, value_name = "TIME")]
    pub know_within: Option<humantime::Duration>,
    /// With which chance, between 0 and 1
    #[arg(long, value_name = "CHANCE", default_value_t = 0.99, requires = "demand", allow_negative_numbers = true)]
    pub confidence: f64,
    /// Noticed by whom: suspected (by somebody), dead (declared by somebody), known (to --coverage)
    #[arg(long, value_name = "WHAT", default_value = "known", value_parser = milestone, requires = "detect_within")]
    pub until: Milestone,
    /// The share of the living that must know, above 0 up to 1
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, requires = "demand", allow_negative_numbers = true)]
    pub coverage: f64,
    /// What each node may send in a second, also while there is news
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "demand")]
    pub max_bytes_per_node: Option<u32>,
    /// How many living members loss may have accused, per node and hour
    #[arg(long, value_name = "RATE", default_value_t = 0.1, requires = "detect_within", allow_negative_numbers = true)]
    pub max_false_positives: f64,
}

impl Demands {
    /// The demand, if there is one.
    pub fn demand(&self) -> Option<Demand> {
        let detect = self.detect_within.map(|within| Detect { within: within.into(), milestone: self.until });
        let know_within = self.know_within.map(Duration::from);
        (detect.is_some() || know_within.is_some()).then_some(Demand {
            detect,
            know_within,
            coverage: self.coverage,
            confidence: self.confidence,
            bytes_max: self.max_bytes_per_node.map(f64::from),
            // Nothing is asked of the probes where no failure is to be noticed.
            false_positives_max: detect.map(|_| self.max_false_positives),
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

/// Pieces of news in a second.
fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "a number is expected".to_owned())?;
    if (0.0..=1e6).contains(&rate) { Ok(rate) } else { Err("it can be 0 to 1000000".to_owned()) }
}

/// The size of a frame that IP can travel in.
fn mtu(text: &str) -> Result<u32, String> {
    bytes(text).and_then(|size| match size {
        68..=65_535 => Ok(size),
        _ => Err("it can be 68 to 65535".to_owned()),
    })
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
