//! `bruit publish`: tells everybody who has subscribed to a topic.

use std::io::Read;

use bruit_agent::control::{Client, Control, REQUEST_MAX, Request};
use bruit_agent::rumor;
use bruit_agent::view::Published;
use bruit_config::RumorClass;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output;

/// Hexadecimal digits double a payload, and the request has room for the rest of itself.
const PAYLOAD_MAX: u64 = REQUEST_MAX / 2 - 1_024;

/// Publish a rumor: everybody who has subscribed to its topic hears it
///
/// Prints the rumor's id: its origin, the origin's start, and its number there.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// What it is about
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    topic: String,
    /// What it says; `-` takes standard input as it is, and nothing says nothing
    #[arg(default_value = "", hide_default_value = true)]
    payload: String,
    /// How it travels: passed on at once by everybody, in rounds, or with what room the others leave
    #[arg(long, value_enum, default_value_t = RumorClass::Normal)]
    class: RumorClass,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks.
pub fn run(args: Args) -> Result<(), Failure> {
    let payload = if args.payload == "-" { standard_input()? } else { args.payload.into_bytes() };
    let (payload, payload_hex) = rumor::payload_fields(payload);
    let mut client = Client::connect(&args.control)?;
    let request = Request::Publish { topic: args.topic, class: args.class, payload, payload_hex };
    let published: Published = client.ask(&request)?;
    if args.json {
        return output::print_json(&published);
    }
    output::print(&format!("{}\n", published.id))
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut payload = Vec::new();
    let read = std::io::stdin().lock().take(PAYLOAD_MAX + 1).read_to_end(&mut payload);
    read.map_err(|error| Failure::new(Code::Failed, format_args!("cannot read standard input: {error}")))?;
    if payload.len() as u64 > PAYLOAD_MAX {
        let cause = format!("standard input has more than {PAYLOAD_MAX} bytes, which no rumor carries");
        return Err(Failure::new(Code::Failed, cause).advise("publish where it is to be had, and let others fetch it"));
    }
    Ok(payload)
}
