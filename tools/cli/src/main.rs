//! The command line of bruit: run, watch and dissect a gossip cluster.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod decode;
mod deferred;
mod demo;
mod input;
mod keys;
mod load;
mod watch;

use std::process::ExitCode;

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{BAD, Paint};
use clap::Parser;

/// An agent looks at its own arguments only: to build those of all commands would stay in its memory for as long as it runs.
fn run() -> Result<(), Failure> {
    if std::env::args_os().nth(1).is_some_and(|command| command == "agent") {
        return bruit_agent::command::main();
    }
    commands::run(args::Cli::parse().command)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.code != Code::PipeClosed {
                eprintln!("{} {failure}", Paint::stderr().paint(BAD, "error:"));
            }
            ExitCode::from(failure.code as u8)
        }
    }
}
