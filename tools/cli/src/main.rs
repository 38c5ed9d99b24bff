//! The command line of bruit: run, watch and dissect a gossip cluster.
#![forbid(unsafe_code)]

mod agent;
mod allocations;
mod args;
mod commands;
mod control;
mod decode;
mod deferred;
mod demo;
mod event;
mod fold;
mod input;
mod load;
mod rumor;
mod runner;
mod state;
mod view;
mod watch;

use std::process::ExitCode;

use bruit_terminal::failure::Code;
use bruit_terminal::output::{BAD, Paint};
use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    match commands::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.code != Code::PipeClosed {
                eprintln!("{} {failure}", Paint::stderr().paint(BAD, "error:"));
            }
            ExitCode::from(failure.code as u8)
        }
    }
}
