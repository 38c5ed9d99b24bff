//! `bruit get`: what a key is.

use std::io::{IsTerminal, Write};

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, DOUBTFUL, Paint};

use super::{conflicts, keys};
use crate::keys::key;
use bruit_agent::control::{Client, Control, Request};
use bruit_agent::rumor;
use bruit_agent::state::asked;
use bruit_agent::state::documents::Got;
use bruit_agent::state::spelling::Spelled;

/// Print what a shared key is, or an attribute of a member
///
/// Exit code 1 where there is no such key. A key in conflict has several values: all of them are printed, with who wrote them.
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
    /// An attribute of this member: its name, or its id
    #[arg(long, value_name = "NODE", conflicts_with = "mine")]
    of: Option<String>,
    /// The value's bytes as they are, and nothing else
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let (key, key_hex) = args.key.fields();
    let named = asked::Named { key, key_hex, mine: args.mine, of: args.of.clone(), timeout_ms: None };
    let line = client.ask_raw(&Request::Get(named))?;
    if args.json {
        return output::print(&format!("{line}\n"));
    }
    let Got { key, .. } = bruit_agent::control::parse(&line)?;
    if key.conflict {
        let paint = Paint::stdout();
        let head = format!("in conflict: {} values stand until somebody writes the key again", key.writers.len());
        let table = conflicts::table(std::slice::from_ref(&key)).render(paint);
        return output::print(&format!("{}\n{table}", paint.paint(DOUBTFUL, &head)));
    }
    if let Some(elements) = &key.elements {
        return output::print(&elements.iter().map(|said| format!("{}\n", keys::said(said))).collect::<String>());
    }
    if args.raw {
        let hex = key.said.value_hex.as_deref().and_then(rumor::from_hex);
        let bytes = hex.unwrap_or_else(|| key.said.value.unwrap_or_default().into_bytes());
        let mut out = std::io::stdout().lock();
        out.write_all(&bytes)?;
        return Ok(out.flush()?);
    }
    // A pipe gets a text as it is; at a terminal nothing of it is obeyed.
    let text = match key.said.value {
        Some(text) if !std::io::stdout().is_terminal() => text,
        _ => keys::said(&key.said),
    };
    output::print(&format!("{text}\n"))
}
