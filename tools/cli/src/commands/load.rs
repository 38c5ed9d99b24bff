//! `bruit load`: how much news a cluster on this machine bears.

use bruit::{Class, Limits};

use crate::control::RumorClass;
use crate::failure::{Code, Failure};
use crate::load::{self, Load, STAMP};

/// The most: each costs three threads.
const NODES_MAX: i64 = 64;
/// So many ages are kept, four bytes each.
const DELIVERIES_MAX: f64 = 1e8;

/// Publish rumors at a rate among nodes in this process, and measure how old they are when they are read
///
/// The rate is a schedule: what is published late counts as that much older. Every node reads what all others publish.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many nodes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=NODES_MAX))]
    nodes: u16,
    /// How many of them publish, in turns
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    publishers: u16,
    /// Rumors a second, of all publishers together
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: u32,
    /// Bytes of each payload
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(STAMP as i64..))]
    size: u32,
    /// For how long
    #[arg(long, value_name = "TIME", default_value = "10s")]
    duration: humantime::Duration,
    /// How they travel
    #[arg(long, value_enum, default_value_t = RumorClass::Urgent)]
    class: RumorClass,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Plays it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let usage = |cause: String, advice: &str| Err(Failure::new(Code::Usage, cause).advise(advice));
    if args.publishers > args.nodes {
        return usage(format!("{} of {} nodes cannot publish", args.publishers, args.nodes), "raise --nodes");
    }
    let max = Limits::default().rumor_payload;
    if args.size > max {
        return usage(format!("a payload of {} bytes is too long", args.size), &format!("--size takes up to {max}"));
    }
    let deliveries = args.duration.as_secs_f64() * f64::from(args.rate) * f64::from(args.nodes);
    if deliveries > DELIVERIES_MAX {
        return usage(
            format!("{deliveries:.0} deliveries are too many to keep"),
            "lower --rate, --nodes or --duration",
        );
    }
    if args.duration.as_secs_f64() * f64::from(args.rate) < 1.0 {
        return usage("not one rumor is published".to_owned(), "raise --rate or --duration");
    }
    let load = Load {
        nodes: usize::from(args.nodes),
        publishers: usize::from(args.publishers),
        rate: args.rate,
        size: args.size as usize,
        duration: *args.duration,
        class: Class::from(args.class),
    };
    load::play(&load, args.json)
}
