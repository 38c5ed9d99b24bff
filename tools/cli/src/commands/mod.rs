//! What can a person do? One file per command: its arguments, what it asks, how the answer looks.

pub mod agg;
pub mod completions;
pub mod config_check;
pub mod conflicts;
pub mod decode;
pub mod demo;
pub mod events;
pub mod get;
pub mod info;
pub mod join;
pub mod keys;
pub mod leave;
pub mod load;
pub mod man;
pub mod members;
pub mod publish;
pub mod remove;
pub mod reset_state;
pub mod set;
pub mod stat;
pub mod subscribe;
pub mod trace;
pub mod unset;
pub mod views;
pub mod wait;
pub mod watch;

use bruit_agent::command as agent;
use bruit_experiments::{plan, sim};
use bruit_terminal::failure::Failure;

use crate::args::{Command, Config};
use crate::deferred::Deferred;

/// Runs one command to its end.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(Deferred(args)) => demo::run(&args),
        Command::Agent(args) => agent::run(args),
        Command::Members(args) => members::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Stat(args) => stat::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Wait(args) => wait::run(&args),
        Command::Publish(args) => publish::run(args),
        Command::Subscribe(args) => subscribe::run(&args),
        Command::Set(args) => set::run(args),
        Command::Get(args) => get::run(&args),
        Command::Unset(args) => unset::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Watch(args) => watch::run(&args),
        Command::Conflicts(args) => conflicts::run(&args),
        Command::Agg(args) => agg::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Views(args) => views::run(&args),
        Command::ResetState(args) => reset_state::run(&args),
        Command::Join(args) => join::run(args),
        Command::Leave(args) => leave::run(&args),
        Command::Remove(args) => remove::run(args),
        Command::Load(Deferred(args)) => load::run(&args),
        Command::Plan(Deferred(args)) => plan::run(&args),
        Command::Decode(Deferred(args)) => decode::run(&args),
        Command::Sim(Deferred(args)) => sim::run(&args),
        Command::Config(Config::Check(args)) => config_check::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
