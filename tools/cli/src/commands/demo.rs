//! `bruit demo`: a real cluster on loopback in one process, taken through what happens to clusters, with times.

use bruit_terminal::failure::Failure;

use crate::demo::{self, NODES_MAX, NODES_MIN};

/// Run a cluster on loopback and show what happens: join, rumor, shared key, crash, restart, leave, name conflict
///
/// Real nodes with real UDP sockets, each with its own loop on its own thread. Ends by itself in under 30 s; exit code 0
/// only if every step came true.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many nodes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(NODES_MIN as i64..=NODES_MAX as i64))]
    nodes: u16,
    /// One JSON document at the end, and nothing before
    #[arg(long)]
    json: bool,
}

/// Plays it.
pub fn run(args: &Args) -> Result<(), Failure> {
    demo::play(usize::from(args.nodes), args.json)
}
