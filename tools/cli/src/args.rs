//! Which commands are there? One file each in [`commands`](crate::commands), which holds its arguments as well.

use clap::{Parser, Subcommand};

use crate::commands::{
    agent, completions, config_check, decode, demo, events, info, join, leave, load, man, members, plan, publish,
    remove, sim, stat, subscribe, wait,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "bruit",
    version,
    about = "A gossip cluster on bare UDP: run it, watch it, take it apart",
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 ok, 1 failed, 2 usage, 3 agent or peer unreachable, 4 condition not met in time, 5 \
                        configuration invalid."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Args),
    Agent(agent::Args),
    Members(members::Args),
    Info(info::Args),
    Stat(stat::Args),
    Events(events::Args),
    Wait(wait::Args),
    Publish(publish::Args),
    Subscribe(subscribe::Args),
    Join(join::Args),
    Leave(leave::Args),
    Remove(remove::Args),
    Load(load::Args),
    Plan(plan::Args),
    Decode(decode::Args),
    Sim(sim::Args),
    /// Look at configuration
    #[command(subcommand)]
    Config(Config),
    Completions(completions::Args),
    Man(man::Args),
}

/// What to do with configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    Check(config_check::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_command_and_argument_fits_together() {
        super::Cli::command().debug_assert();
    }
}
