//! `bruit remove`: takes a dead member off everybody's list.

use bruit_terminal::failure::Failure;
use bruit_terminal::output;
use serde::{Deserialize, Serialize};

use crate::control::{Client, Control, Request};

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

/// What the agent answers.
#[derive(Debug, Serialize, Deserialize)]
pub struct Removed {
    /// 1.
    pub schema: u32,
    /// The member's name.
    pub removed: String,
    /// Its id.
    pub id: String,
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
