//! `bruit unset`: takes a key's value away.

use bruit_terminal::failure::Failure;
use bruit_terminal::output;

use crate::keys::key;
use bruit_agent::control::{Client, Control, Request};
use bruit_agent::state::asked;
use bruit_agent::state::documents::Unset;
use bruit_agent::state::spelling::Spelled;

/// Take the value of a shared key away, or with --mine of an attribute of the agent's own
///
/// Exit code 1 where there is none.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Which key; \xNN is a byte of it, in hexadecimal digits, and \\ a backslash
    #[arg(value_parser = key)]
    key: Spelled,
    /// An attribute of this agent
    #[arg(long)]
    mine: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks.
pub fn run(args: Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let (key, key_hex) = args.key.fields();
    let named = asked::Named { key, key_hex, mine: args.mine, ..asked::Named::default() };
    let unset: Unset = client.ask(&Request::Unset(named))?;
    if args.json { output::print_json(&unset) } else { Ok(()) }
}
