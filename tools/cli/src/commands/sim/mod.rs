//! `bruit sim`: plays experiments with thousands of real nodes in virtual time.
//!
//! One file for each experiment: its flags, how its report looks to a person, to a script and as a picture.

mod common;
mod document;
mod join_storm;
mod progress;
mod rows;
mod steady;
mod swarm;

use crate::failure::Failure;

/// Play an experiment: real nodes, virtual time and network, one seed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The same seed gives the same run to the bit; the trace hash shows it. Loss is per datagram and direction."
)]
pub struct Args {
    #[command(subcommand)]
    experiment: Experiment,
}

/// Which experiment.
#[derive(Debug, clap::Subcommand)]
enum Experiment {
    Steady(steady::Args),
    Swarm(swarm::Args),
    JoinStorm(join_storm::Args),
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.experiment {
        Experiment::Steady(args) => steady::run(args),
        Experiment::Swarm(args) => swarm::run(args),
        Experiment::JoinStorm(args) => join_storm::run(args),
    }
}
