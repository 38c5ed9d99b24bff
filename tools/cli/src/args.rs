//! Which commands are there? One file each in [`commands`](crate::commands), which holds its arguments as well.

use bruit_agent::command as agent;
use bruit_experiments::{plan, sim};
use clap::{Parser, Subcommand};

use crate::commands::{
    agg, completions, config_check, conflicts, decode, demo, events, get, info, join, keys, leave, load, man, members,
    publish, remove, reset_state, set, stat, subscribe, trace, unset, views, wait, watch,
};
use crate::deferred::Deferred;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "bruit",
    version,
    about = "A gossip cluster on bare UDP: run it, watch it, take it apart",
    max_term_width = agent::HELP_WIDTH_MAX
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
    /// Run a cluster on loopback and show what happens: join, rumor, shared key, crash, restart, leave, name conflict
    Demo(Deferred<demo::Args>),
    Agent(agent::Args),
    Members(members::Args),
    Info(info::Args),
    Stat(stat::Args),
    Events(events::Args),
    Wait(wait::Args),
    Publish(publish::Args),
    Subscribe(subscribe::Args),
    Set(set::Args),
    Get(get::Args),
    Unset(unset::Args),
    Keys(keys::Args),
    Watch(watch::Args),
    Conflicts(conflicts::Args),
    Agg(agg::Args),
    Trace(trace::Args),
    Views(views::Args),
    ResetState(reset_state::Args),
    Join(join::Args),
    Leave(leave::Args),
    Remove(remove::Args),
    /// Publish rumors at a rate, and measure how old they are when they are read
    Load(Deferred<load::Args>),
    /// Work out how fast news spreads, how soon a failure is noticed, and what both cost
    Plan(Deferred<plan::Args>),
    /// Take datagrams apart: hex (one per line) or a pcap file
    Decode(Deferred<decode::Args>),
    /// Play an experiment: real nodes, virtual time and network, one seed
    Sim(Deferred<sim::Args>),
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

    #[test]
    fn an_agent_called_by_itself_is_the_one_of_the_list() {
        let mut built = super::Cli::command();
        built.build();
        let listed = built.find_subcommand_mut("agent").expect("it is there");
        let mut alone = super::agent::command();
        alone.build();
        assert_eq!(alone.render_long_help().to_string(), listed.render_long_help().to_string());
    }

    #[test]
    fn the_list_says_of_each_command_what_the_command_says_itself() {
        let listed = super::Cli::command();
        let mut built = listed.clone();
        built.build();
        for command in listed.get_subcommands() {
            let about = |command: &clap::Command| command.get_about().expect("all say what they do").to_string();
            let itself = built.find_subcommand(command.get_name()).expect("it is there still");
            assert_eq!(about(command), about(itself));
        }
    }
}
