//! `bruit events`: what happens at an agent from now on, one JSON object per line.

use std::time::{Duration, Instant};

use bruit_agent::control::{Client, Control, Next, Request};
use bruit_terminal::failure::Failure;
use bruit_terminal::output;

/// Stream what happens at an agent, one JSON object per line
///
/// The first line, `subscribed`, says that nothing that happens from here on is missed; a line `resync` says that events
/// were lost because they were not read in time.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// End after this many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// End after this time
    #[arg(long, value_name = "TIME")]
    r#for: Option<humantime::Duration>,
    /// Accepted for symmetry: events are always JSON lines
    #[arg(long)]
    json: bool,
}

/// Subscribes and prints until the agent ends, or as long as was said.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let end = args.r#for.map(|time| Instant::now() + *time);
    output::print(&format!("{}\n", client.ask_raw(&Request::Events {})?))?;
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        let patience = end.map(|end| end.saturating_duration_since(Instant::now()));
        if patience == Some(Duration::ZERO) {
            return Ok(());
        }
        match client.next_within(patience)? {
            Next::Line(line) => output::print(&format!("{line}\n"))?,
            Next::Closed => return Err(client.closed()),
            Next::Nothing => return Ok(()),
        }
        left -= 1;
    }
    Ok(())
}
