//! `bruit subscribe`: the rumors that arrive at an agent from now on.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use bruit_agent::control::{Client, Control, Next, Request, RumorOrder, parse};
use bruit_agent::rumor;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, DIM, Paint};
use serde_json::Value;

/// Hear the rumors of a topic, or of all topics, as they arrive at an agent
///
/// A line for each; with --json an object, after a first one that says that nothing published from here on is missed. What was
/// lost is said where it was: rumors that nobody has any more, and lines that were not read in time.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Of which topic; of all when not given
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    topic: Option<String>,
    /// As they arrive, or those of each origin in the order of their publication
    #[arg(long, value_enum, default_value_t = RumorOrder::Arrival)]
    order: RumorOrder,
    /// End after this many rumors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time: with exit code 4 when fewer than --count have come
    #[arg(long, value_name = "TIME")]
    timeout: Option<humantime::Duration>,
    /// JSON lines
    #[arg(long)]
    json: bool,
}

/// Subscribes and prints until the agent ends, or as long as was said.
pub fn run(args: &Args) -> Result<(), Failure> {
    let end = args.timeout.map(|time| Instant::now() + *time);
    let mut client = Client::connect(&args.control)?;
    let subscribed = client.ask_raw(&Request::Subscribe { topic: args.topic.clone(), order: args.order })?;
    if args.json {
        output::print(&format!("{subscribed}\n"))?;
    } else if std::io::stderr().is_terminal() {
        let what = args.topic.as_ref().map_or_else(|| "all topics".to_owned(), |topic| format!("`{topic}`"));
        eprintln!("{}", Paint::stderr().paint(DIM, &format!("listening for rumors on {what}")));
    }
    let mut heard = 0;
    while args.count != Some(heard) {
        let patience = end.map(|end| end.saturating_duration_since(Instant::now()));
        if patience == Some(Duration::ZERO) {
            return over(args, heard);
        }
        match client.next_within(patience)? {
            Next::Line(line) => heard += u64::from(show(&line, args.json)?),
            Next::Closed => return Err(client.closed()),
            Next::Nothing => return over(args, heard),
        }
    }
    Ok(())
}

/// Prints a line of the stream; whether it is a rumor.
fn show(line: &str, json: bool) -> Result<bool, Failure> {
    let doc: Value = parse(line)?;
    let text = if json { line.to_owned() } else { rumor::line(&doc, Paint::stdout()) };
    output::print(&format!("{text}\n"))?;
    Ok(doc["event"] == "rumor")
}

fn over(args: &Args, heard: u64) -> Result<(), Failure> {
    let (Some(count), Some(timeout)) = (args.count, args.timeout) else { return Ok(()) };
    Err(Failure::new(Code::NotMet, format_args!("{heard} rumors and not {count} after {timeout}"))
        .advise("`bruit stat` counts what arrives, on whatever topic"))
}
