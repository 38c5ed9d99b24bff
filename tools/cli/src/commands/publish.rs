//! `bruit publish`: tells everybody who has subscribed to a topic.

use bruit_agent::control::{Client, Control, Publish, Request};
use bruit_agent::rumor;
use bruit_agent::view::Published;
use bruit_config::RumorClass;
use bruit_terminal::failure::Failure;
use bruit_terminal::output;

use crate::input;

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
    let payload = input::given(args.payload, "rumor")?;
    let (payload, payload_hex) = rumor::payload_fields(payload);
    let mut client = Client::connect(&args.control)?;
    let request = Request::Publish(Publish { topic: args.topic, class: args.class, payload, payload_hex });
    let published: Published = client.ask(&request)?;
    if args.json {
        return output::print_json(&published);
    }
    output::print(&format!("{}\n", published.id))
}
