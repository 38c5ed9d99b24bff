//! `bruit leave`: tells the others that the agent goes, and ends it.

use bruit_agent::control::{Client, Control, Request};
use bruit_agent::view::Left;
use bruit_terminal::failure::Failure;
use bruit_terminal::output;

/// Let an agent leave the cluster and end
///
/// Exit code 4 when it ended without enough others having been told in time.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// How long it may take; the agent's own setting when not given
    #[arg(long, value_name = "TIME")]
    timeout: Option<humantime::Duration>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks and waits.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    // The agent bounds it; how long that is, only the agent knows.
    client.patience(None)?;
    let timeout_ms = args.timeout.map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX));
    let left: Left = client.ask(&Request::Leave { timeout_ms })?;
    if args.json {
        return output::print_json(&left);
    }
    output::print(&format!("left in {} ms; {} members acknowledged\n", left.took_ms, left.told))
}
