//! `bruit load`: how much news a cluster bears, in this process or of running agents.

use std::path::PathBuf;
use std::time::Duration;

use bruit::Limits;
use bruit_config::RumorClass;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::plot;

use crate::load::find_max::{self, Bounds};
use crate::load::{self, Load, PATIENCE, STAMP, Show, agents};

/// The most nodes: each costs three threads.
const NODES_MAX: i64 = 64;
/// The most rumors a second.
const RATE_MAX: i64 = 10_000_000;
/// So many ages are kept, four bytes each.
const DELIVERIES_MAX: f64 = 1e8;
/// The same of agents, which tell their own of each, with its number: 24 bytes more.
const AGENT_DELIVERIES_MAX: f64 = 1e7;
/// The longest without a rate: enough room for five million deliveries a second.
const FLAT_OUT_MAX: Duration = Duration::from_secs(20);
/// For how long, where that is not said: once, and at each rate of a search.
const DURATION: Duration = Duration::from_secs(10);
const STEP_DURATION: Duration = Duration::from_secs(2);
/// A search does not wait as long for the last: rates that need it break anyway.
const STEP_PATIENCE: Duration = Duration::from_secs(3);

/// Publish rumors at a rate, and measure how old they are when they are read
///
/// Among nodes in this process, every one of which reads what all others publish; or, with --control, among running agents. The rate
/// is a schedule: what is published late counts as that much older. What cannot be known through a control socket is shown as a
/// dash, and is null in JSON.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many nodes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=NODES_MAX))]
    nodes: u16,
    /// How many of them publish, in turns
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    publishers: u16,
    /// The control socket of a running agent, instead of nodes in this process; several times: the first one publishes, the
    /// others listen. An agent does not hear its own rumors: of one alone is told what it takes and sends
    #[arg(long, value_name = "PATH", conflicts_with_all = ["nodes", "publishers", "find_max"])]
    control: Vec<PathBuf>,
    /// Rumors a second, of all publishers together
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=RATE_MAX))]
    rate: u32,
    /// No rate: the next are published as soon as most of those before have been read, which finds how many are delivered at
    /// most without a loss, a second and for each core
    #[arg(long, conflicts_with_all = ["rate", "control", "find_max"])]
    flat_out: bool,
    /// Bytes of each payload
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(STAMP as i64..))]
    size: u32,
    /// For how long; 10s, or 2s at each rate with --find-max
    #[arg(long, value_name = "TIME")]
    duration: Option<humantime::Duration>,
    /// How they travel
    #[arg(long, value_enum, default_value_t = RumorClass::Urgent)]
    class: RumorClass,
    /// Find the highest rate that holds: doubles --rate until loss or p99 breaks, twice in a row, then halves what is between;
    /// in the end goes on doubling until hardly more arrives. Exit code 4 when no rate holds
    #[arg(long)]
    find_max: bool,
    /// The share of deliveries that may be missing at a rate that holds, 0 to below 1
    #[arg(long, value_name = "SHARE", default_value = "0.001", value_parser = share, requires = "find_max")]
    max_loss: f64,
    /// How old rumors may be at p99 at a rate that holds
    #[arg(long, value_name = "TIME", default_value = "10ms", requires = "find_max")]
    max_p99: humantime::Duration,
    /// Draw ages by percentile into this file; with --find-max ages and arrivals by rate
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Plays it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let load = args.load()?;
    // Before the load and not after it, when nobody can draw it any more.
    plot::writable(args.svg.as_deref())?;
    let show = Show { json: args.json, svg: args.svg.clone() };
    if !args.control.is_empty() {
        return agents::play(&load, &args.control, &show);
    }
    if args.find_max {
        return find_max::play(&load, &args.bounds(&load), &show);
    }
    load::play(&load, &show)
}

impl Args {
    fn load(&self) -> Result<Load, Failure> {
        let load = Load {
            nodes: if self.control.is_empty() { usize::from(self.nodes) } else { self.control.len() },
            publishers: usize::from(self.publishers),
            rate: self.rate,
            flat_out: self.flat_out,
            size: self.size as usize,
            duration: self.duration.map_or(if self.find_max { STEP_DURATION } else { DURATION }, Into::into),
            class: self.class,
            patience: if self.find_max { STEP_PATIENCE } else { PATIENCE },
        };
        self.check(&load).map(|()| load)
    }

    fn check(&self, load: &Load) -> Result<(), Failure> {
        let usage = |cause: String, advice: &str| Err(Failure::new(Code::Usage, cause).advise(advice));
        if self.publishers > self.nodes {
            return usage(format!("{} of {} nodes cannot publish", self.publishers, self.nodes), "raise --nodes");
        }
        // What an agent carries it says itself.
        let max = Limits::default().rumor_payload;
        if self.control.is_empty() && self.size > max {
            return usage(
                format!("a payload of {} bytes is too long", self.size),
                &format!("--size takes up to {max}"),
            );
        }
        if self.flat_out && load.duration > FLAT_OUT_MAX {
            return usage(
                "that are too many deliveries to keep".to_owned(),
                "--duration takes up to 20s with --flat-out",
            );
        }
        let (rumors, deliveries) = (load.duration.as_secs_f64() * f64::from(load.rate), deliveries_per_rate(load));
        let deliveries = deliveries * f64::from(load.rate);
        if !self.flat_out && deliveries > self.deliveries_max() {
            return usage(
                format!("{deliveries:.0} deliveries are too many to keep"),
                "lower --rate or --duration, or have fewer nodes",
            );
        }
        if rumors < 1.0 {
            return usage("not one rumor is published".to_owned(), "raise --rate or --duration");
        }
        Ok(())
    }

    fn deliveries_max(&self) -> f64 {
        if self.control.is_empty() { DELIVERIES_MAX } else { AGENT_DELIVERIES_MAX }
    }

    fn bounds(&self, load: &Load) -> Bounds {
        Bounds {
            max_loss: self.max_loss,
            max_p99: *self.max_p99,
            most: (self.deliveries_max() / deliveries_per_rate(load)).min(RATE_MAX as f64) as u32,
        }
    }
}

/// How many deliveries each rumor a second makes.
fn deliveries_per_rate(load: &Load) -> f64 {
    load.duration.as_secs_f64() * load.nodes as f64
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().map_err(|_| "a share is a number such as 0.05".to_owned())?;
    if (0.0..1.0).contains(&share) { Ok(share) } else { Err("a share is at least 0 and below 1".to_owned()) }
}
