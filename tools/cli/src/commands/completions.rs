//! `bruit completions SHELL`: what the shell needs to complete our arguments.

use bruit_terminal::failure::Failure;
use bruit_terminal::output;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bruit", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
