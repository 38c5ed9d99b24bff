//! `bruit wait`: until the agent sees so many members. Made for scripts: no polling loop, a bound, an exit code.

use std::time::{Duration, Instant};

use bruit::wire::State;
use bruit_agent::control::{Client, Control, Next, Request};
use bruit_agent::view::Members;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output;

/// Wait until an agent sees a number of members
///
/// Exit code 4 when it is not met in time, 3 when the agent is not there (or goes away).
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// How many, the agent itself included
    #[arg(long, value_name = "N")]
    members: usize,
    /// In which state
    #[arg(long, default_value = "alive", value_parser = state)]
    state: State,
    /// Exactly so many, and not at least
    #[arg(long)]
    exactly: bool,
    /// How long to wait
    #[arg(long, default_value = "30s")]
    timeout: humantime::Duration,
    /// Print the members document when the condition is met
    #[arg(long)]
    json: bool,
}

fn state(text: &str) -> Result<State, String> {
    let names = State::ALL.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ");
    State::ALL.iter().copied().find(|s| s.name() == text).ok_or_else(|| format!("one of {names} is expected"))
}

/// News that no event tells (a member's own view settling) is looked for this often.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Looks, then looks again at every event.
pub fn run(args: &Args) -> Result<(), Failure> {
    let end = Instant::now() + *args.timeout;
    // Subscribed before the first look, so that nothing happens in between.
    let mut events = Client::connect(&args.control)?;
    events.ask_raw(&Request::Events {})?;
    let mut client = Client::connect(&args.control)?;
    loop {
        let line = client.ask_raw(&Request::Members {})?;
        let doc: Members = bruit_agent::control::parse(&line)?;
        let seen = doc.members.iter().filter(|m| m.state == args.state.name()).count();
        if if args.exactly { seen == args.members } else { seen >= args.members } {
            return if args.json { output::print(&format!("{line}\n")) } else { Ok(()) };
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let cause = format!(
                "{} sees {seen} members {} and not {} after {}",
                doc.own,
                args.state.name(),
                args.members,
                args.timeout
            );
            return Err(Failure::new(Code::NotMet, cause).advise("`bruit members` shows whom it sees"));
        }
        if let Next::Closed = events.next_within(Some(left.min(LOOK_AGAIN)))? {
            return Err(events.closed());
        }
    }
}
