//! Once, or again and again? What `members`, `info` and `stat` have in common.

use std::io::IsTerminal;
use std::time::Duration;

use bruit_agent::control::{Client, Control, Request, parse};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint};
use serde::de::DeserializeOwned;

/// How a document of the agent is shown.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    control: Control,
    /// One JSON document; with --watch one per line
    #[arg(long)]
    json: bool,
    /// Show it again and again; every second, or as often as said (--watch=200ms)
    #[arg(long, value_name = "EVERY", num_args = 0..=1, require_equals = true, default_missing_value = "1s")]
    watch: Option<humantime::Duration>,
}

/// Clears the screen and goes to its upper left corner.
const HOME: &str = "\u{1b}[H\u{1b}[2J";

/// Asks and shows: as it came for scripts, drawn by `table` for people.
pub fn show<T: DeserializeOwned>(
    show: &Show,
    request: &Request,
    table: impl Fn(&T, Paint) -> String,
) -> Result<(), Failure> {
    let mut client = Client::connect(&show.control)?;
    let paint = Paint::stdout();
    let redraws = show.watch.is_some() && !show.json && std::io::stdout().is_terminal();
    loop {
        let line = client.ask_raw(request)?;
        let text = if show.json { format!("{line}\n") } else { table(&parse(&line)?, paint) };
        output::print(&if redraws { format!("{HOME}{text}") } else { text })?;
        let Some(every) = show.watch else { return Ok(()) };
        // A watch without a pause would be a busy loop at the agent's expense.
        std::thread::sleep(Duration::max(*every, Duration::from_millis(20)));
        if !show.json && !redraws {
            output::print("\n")?;
        }
    }
}
