//! `bruit remove`: takes a dead member off everybody's list.

use bruit_agent::control::{Client, Control, Request};
use bruit_agent::view::Removed;
use bruit_terminal::failure::Failure;
use bruit_terminal::output;

/// Take a dead member off the list, everywhere
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Its name, or its id (16 hexadecimal digits)
    node: String,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks.
pub fn run(args: Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let removed: Removed = client.ask(&Request::Remove { node: args.node })?;
    if args.json {
        return output::print_json(&removed);
    }
    output::print(&format!("{} ({}) is off the list\n", removed.removed, removed.id))
}
