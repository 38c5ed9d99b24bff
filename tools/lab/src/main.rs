//! The command line of the measurements: reads the arguments, runs one, prints its report.

use std::process::ExitCode;

use bruit_lab::{command, interrupt};
use clap::Parser;

/// Measurements of real bruit clusters on this machine
///
/// Only loopback and network namespaces of its own are touched, and everything that it starts is ended. Exit codes: 0 all
/// counts are as promised, 1 some are not or something failed, 2 usage. Times are printed and never judged.
#[derive(Debug, Parser)]
#[command(name = "bruit-lab", version)]
struct Cli {
    /// One JSON document instead of tables
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: command::Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let report = interrupt::listen().and_then(|()| cli.command.run());
    match report {
        Ok(report) => {
            let text = if cli.json { format!("{}\n", report.json()) } else { report.text() };
            // Whoever reads may have gone; the exit code still tells.
            let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), text.as_bytes());
            if report.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
