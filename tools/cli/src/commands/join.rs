//! `bruit join`: more addresses to join through, while the agent runs.

use bruit_agent::control::{Client, Control, Request};
use bruit_agent::view::Asked;
use bruit_terminal::failure::Failure;
use bruit_terminal::output;

/// Give a running agent more addresses to join through
///
/// Returns when the agent has taken them; `bruit wait` tells when the members are there.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// HOST:PORT of members, or of nodes that join as well
    #[arg(required = true, value_name = "HOST:PORT")]
    addrs: Vec<String>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks.
pub fn run(args: Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let asked: Asked = client.ask(&Request::Join { addrs: args.addrs })?;
    if args.json {
        return output::print_json(&asked);
    }
    output::print(&format!("joining through {}\n", asked.asked.join(", ")))
}
