//! `bruit man [COMMAND..]`: the manual page of the program or of one command, in roff.

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output;
use clap::CommandFactory;

use crate::args::Cli;

/// Print a manual page (roff; for example `bruit man agent | man -l -`)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The command, or nothing for the program
    command: Vec<String>,
}

/// Prints the page.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let mut name = "bruit".to_owned();
    for part in &args.command {
        let found = command.find_subcommand(part).cloned();
        command = found.ok_or_else(|| Failure::new(Code::Usage, format_args!("`{name}` has no command `{part}`")))?;
        name = format!("{name}-{part}");
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::print(&String::from_utf8_lossy(&page))
}
