//! `bruit watch`: what keys are, and what becomes of them from now on.

use std::time::{Duration, Instant};

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, BAD, DIM, DOUBTFUL, Paint};
use serde_json::Value;

use super::keys;
use bruit_agent::control::{Client, Control, Next, Request, parse};
use bruit_agent::state::asked;
use bruit_agent::state::documents::Key;
use bruit_agent::state::spelling::{Spelled, shown};

/// Watch keys: what they are now, and every change from now on
///
/// A line for each; with --json an object, after a first one that says that nothing from here on is missed. A reader that is late
/// gets what a key has become and not what it was in between. One that is too late is told so, and then everything anew.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Those that begin so; all when not given; \xNN is a byte, in hexadecimal digits, and \\ a backslash
    #[arg(default_value = "", hide_default_value = true)]
    prefix: Spelled,
    /// End after this many changes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time: with exit code 4 when fewer than --count have come
    #[arg(long, value_name = "TIME")]
    timeout: Option<humantime::Duration>,
    /// JSON lines
    #[arg(long)]
    json: bool,
}

/// Watches and prints until the agent ends, or as long as was said.
pub fn run(args: &Args) -> Result<(), Failure> {
    let end = args.timeout.map(|time| Instant::now() + *time);
    let mut client = Client::connect(&args.control)?;
    let (prefix, prefix_hex) = args.prefix.fields();
    let subscribed = client.ask_raw(&Request::Watch(asked::Watch { prefix, prefix_hex }))?;
    if args.json {
        output::print(&format!("{subscribed}\n"))?;
    }
    let mut seen = 0;
    while args.count != Some(seen) {
        let patience = end.map(|end| end.saturating_duration_since(Instant::now()));
        if patience == Some(Duration::ZERO) {
            return over(args, seen);
        }
        match client.next_within(patience)? {
            Next::Line(line) => seen += u64::from(show(&line, args.json)?),
            Next::Closed => return Err(client.closed()),
            Next::Nothing => return over(args, seen),
        }
    }
    Ok(())
}

/// Prints a line of the stream; whether it is a change.
fn show(line: &str, json: bool) -> Result<bool, Failure> {
    let doc: Value = parse(line)?;
    let text = if json { line.to_owned() } else { sentence(line, &doc, Paint::stdout())? };
    output::print(&format!("{text}\n"))?;
    Ok(matches!(doc["event"].as_str(), Some("changed" | "removed")))
}

fn sentence(line: &str, doc: &Value, paint: Paint) -> Result<String, Failure> {
    Ok(match doc["event"].as_str().unwrap_or_default() {
        "state" | "changed" | "removed" => key(&parse(line)?, doc["event"] == "removed", paint),
        "current" => {
            let keys = keys::counted(doc["keys"].as_u64().unwrap_or_default() as usize);
            paint.paint(DIM, &format!("this is all, {keys}; what follows are changes"))
        }
        "owner_gone" => {
            let owner = doc["owner"].as_str().unwrap_or_default();
            paint.paint(DOUBTFUL, &format!("{owner} is gone, and what is ephemeral of it"))
        }
        "resync" => {
            let lost = &doc["lost"];
            paint.paint(DOUBTFUL, &format!("{lost} changes were lost because they were not read in time; all anew:"))
        }
        _ => line.to_owned(),
    })
}

fn key(key: &Key, removed: bool, paint: Paint) -> String {
    let owner = match (&key.owner, key.shared) {
        (_, true) => "shared",
        (Some(owner), false) => owner,
        (None, false) => "?",
    };
    let name = shown(&key.key, key.key_hex.as_deref());
    let what = match removed {
        true => paint.paint(DIM, "is gone"),
        false if key.conflict => paint.paint(BAD, &format!("= {}", keys::value(key))),
        false => format!("= {}", keys::value(key)),
    };
    format!("{}  {name} {what}", paint.paint(DIM, owner))
}

fn over(args: &Args, seen: u64) -> Result<(), Failure> {
    let (Some(count), Some(timeout)) = (args.count, args.timeout) else { return Ok(()) };
    Err(Failure::new(Code::NotMet, format_args!("{seen} changes and not {count} after {timeout}"))
        .advise("`bruit keys` shows what there is"))
}
