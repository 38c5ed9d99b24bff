//! The command line of bruit: run, watch and dissect a gossip cluster.
#![forbid(unsafe_code)]

mod agent;
mod allocations;
mod args;
mod commands;
mod config;
mod control;
mod decode;
mod demo;
mod event;
mod failure;
mod load;
mod output;
mod plan;
mod plot;
mod rumor;
mod runner;
mod view;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use failure::Code;
use output::{BAD, Paint};

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
