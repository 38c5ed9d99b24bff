//! Which flags do all experiments have?

use std::time::Duration;

use bruit::sim::experiment::{Base, Engine, Runs, SetupError};
use bruit::sim::{Latency, Link};
use bruit::{Profile, Span};
use bruit_config::Parameter;
use bruit_terminal::failure::{Code, Failure};

use super::machine;

/// Flags that every experiment has. What is not given is as the experiment's paper has it.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// How many nodes
    #[arg(long, short = 'n')]
    pub nodes: Option<u32>,
    /// How often to play it, each time from the next seed
    #[arg(long)]
    pub runs: Option<u32>,
    /// The seed of the first run
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The share of datagrams that is lost, each way, in steps of 0.001
    #[arg(long, value_name = "SHARE", value_parser = permille)]
    pub loss: Option<u32>,
    /// How long a datagram takes, as in 250us or 40ms, or in gossip intervals, as in 0.5
    #[arg(long, value_name = "TIME", value_parser = delay)]
    pub latency: Option<Delay>,
    /// The parameters to begin with
    #[arg(long, default_value = "lan", value_parser = profile)]
    pub profile: Profile,
    /// The time in which each member pings one other
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub probe_interval: Option<Duration>,
    /// How long a member may stand still without being held dead for it
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub pause_to_forgive: Option<Duration>,
    /// Any other parameter of the protocol, by its name in the configuration, as in fanout=3; what the experiment varies
    /// itself stays as it is
    #[arg(long, value_name = "KEY=VALUE", value_parser = Parameter::read)]
    pub set: Vec<Parameter>,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

impl Common {
    /// What was said, over what the experiment begins with.
    pub fn apply(&self, base: &mut Base, runs: &mut Runs) {
        base.nodes = self.nodes.unwrap_or(base.nodes);
        base.room = machine::room();
        base.link = Link {
            latency: self
                .latency
                .map_or(base.link.latency, |delay| Latency::Constant(delay.of(base.config.gossip_interval))),
            loss_permille: self.loss.unwrap_or(base.link.loss_permille),
            ..base.link
        };
        base.config.probe_interval = self.probe_interval.unwrap_or(base.config.probe_interval);
        base.config.pause_to_forgive = self.pause_to_forgive.unwrap_or(base.config.pause_to_forgive);
        self.set.iter().for_each(|parameter| parameter.apply(&mut base.config));
        *runs = Runs { count: self.runs.unwrap_or(runs.count), seed: self.seed };
    }
}

/// How long a datagram takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// So long.
    Time(Duration),
    /// So many gossip intervals.
    Intervals(f64),
}

impl Delay {
    fn of(self, interval: Duration) -> Span {
        Span::from(match self {
            Self::Time(time) => time,
            Self::Intervals(n) => interval.mul_f64(n),
        })
    }
}

fn delay(text: &str) -> Result<Delay, String> {
    match text.parse() {
        Ok(n) if (0.0..=10.0).contains(&n) => Ok(Delay::Intervals(n)),
        Ok(_) => Err("a latency in gossip intervals is at least 0 and at most 10".to_owned()),
        Err(_) => humantime::parse_duration(text).map(Delay::Time).map_err(|error| error.to_string()),
    }
}

/// A share in thousandths.
pub fn permille(text: &str) -> Result<u32, String> {
    let share: f64 = text.parse().map_err(|_| "a share is a number such as 0.05".to_owned())?;
    let thousandths = share * 1_000.0;
    if !(0.0..1_000.0).contains(&thousandths) {
        return Err("a share is at least 0 and below 1".to_owned());
    }
    if (thousandths - thousandths.round()).abs() > 1e-6 {
        return Err("shares are in steps of 0.001".to_owned());
    }
    Ok(thousandths.round() as u32)
}

fn profile(text: &str) -> Result<Profile, String> {
    Profile::from_name(text).ok_or_else(|| "a profile is lan, wan or local".to_owned())
}

/// What plays an experiment, to a person.
pub const fn engine_line(engine: Engine) -> &'static str {
    match engine {
        Engine::Node => "real nodes",
        Engine::Model => "the plain model",
    }
}

/// A setup that cannot be played is the command line's doing; what turned out too small while playing is nobody's.
pub fn refused(error: SetupError) -> Failure {
    let code = if let SetupError::Shortage { .. } = error { Code::Failed } else { Code::Usage };
    Failure::new(code, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_a_time_or_a_number_of_intervals() {
        let interval = Duration::from_millis(100);
        let cases = [("40ms", 40_000), ("0.5", 50_000), ("0", 0), ("10", 1_000_000)];
        for (text, micros) in cases {
            assert_eq!(delay(text).map(|delay| delay.of(interval).as_micros()), Ok(micros), "{text}");
        }
        for bad in ["-1", "11", "NaN", "soon"] {
            assert!(delay(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_are_thousandths_or_refused() {
        assert_eq!([permille("0"), permille("0.3"), permille("0.015")], [Ok(0), Ok(300), Ok(15)]);
        for bad in ["1", "-0.1", "0.0005", "x", "NaN"] {
            assert!(permille(bad).is_err(), "{bad}");
        }
    }
}
