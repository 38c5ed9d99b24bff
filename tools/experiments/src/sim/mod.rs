//! `bruit sim`: plays experiments with thousands of real nodes in virtual time.
//!
//! One file for each experiment: its flags, how its report looks to a person, to a script and as a picture.

mod aggregate;
mod all;
mod churn;
mod common;
mod detect;
mod document;
mod false_death;
mod heading;
mod join_storm;
mod lifeguard;
mod loss;
mod machine;
mod mass_restart;
mod mongering;
mod partition;
pub mod picture;
mod rows;
mod rumors;
mod spread;
mod state;
mod steady;
mod storm;
mod swarm;
mod usual;

use bruit_terminal::failure::Failure;

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
    All(all::Args),
    Steady(steady::Args),
    Swarm(swarm::Args),
    JoinStorm(join_storm::Args),
    MassRestart(mass_restart::Args),
    Churn(churn::Args),
    Partition(partition::Args),
    Spread(spread::Args),
    Mongering(mongering::Args),
    Rumors(rumors::Args),
    Storm(storm::Args),
    State(state::Args),
    Aggregate(aggregate::Args),
    Detect(detect::Args),
    Loss(loss::Args),
    Lifeguard(lifeguard::Args),
    FalseDeath(false_death::Args),
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.experiment {
        Experiment::All(args) => all::run(args),
        Experiment::Steady(args) => steady::run(args),
        Experiment::Swarm(args) => swarm::run(args),
        Experiment::JoinStorm(args) => join_storm::run(args),
        Experiment::MassRestart(args) => mass_restart::run(args),
        Experiment::Churn(args) => churn::run(args),
        Experiment::Partition(args) => partition::run(args),
        Experiment::Spread(args) => spread::run(args),
        Experiment::Mongering(args) => mongering::run(args),
        Experiment::Rumors(args) => rumors::run(args),
        Experiment::Storm(args) => storm::run(args),
        Experiment::State(args) => state::run(args),
        Experiment::Aggregate(args) => aggregate::run(args),
        Experiment::Detect(args) => detect::run(args),
        Experiment::Loss(args) => loss::run(args),
        Experiment::Lifeguard(args) => lifeguard::run(args),
        Experiment::FalseDeath(args) => false_death::run(args),
    }
}
