//! `bruit reset-state`: everybody builds what it holds of state anew.

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, bytes, micros};

use super::set::millis;
use bruit_agent::control::{ANSWER_WITHIN, Client, Control, Request};
use bruit_agent::state::asked;
use bruit_agent::state::documents::Reset;

/// Have every member forget what it holds of others' keys, and every owner tell its own anew
///
/// For state that does not heal. What is durable of owners that are gone is lost by it. Refused without --yes. Exit code 4 when not
/// all members are in step again in time.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Do it
    #[arg(long)]
    yes: bool,
    /// For how long to wait until all are in step again
    #[arg(long, value_name = "TIME", default_value = "30s")]
    timeout: humantime::Duration,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks, if it is meant.
pub fn run(args: &Args) -> Result<(), Failure> {
    if !args.yes {
        let cause = "this has every member forget what it holds of others' keys, and every owner tell its own anew:\n  \
                     keys are missing until they have come again, and what is durable of owners that are gone is lost for good";
        return Err(Failure::new(Code::Usage, cause).advise("say --yes if that is meant"));
    }
    let mut client = Client::connect(&args.control)?;
    client.patience(Some(ANSWER_WITHIN + *args.timeout))?;
    let request = Request::ResetState(asked::Reset { timeout_ms: Some(millis(*args.timeout)) });
    let reset: Reset = client.ask(&request)?;
    if args.json {
        output::print_json(&reset)?;
    }
    if !reset.in_step {
        let cause =
            format!("not in step again after {}: {} of {} members have begun anew", args.timeout, reset.held, reset.of);
        return Err(Failure::new(Code::NotMet, cause).advise("it goes on; `bruit views` shows who differs"));
    }
    if args.json {
        return Ok(());
    }
    let (took, sent, received) =
        (micros((reset.took_ms * 1e3) as u64), bytes(reset.bytes_sent), bytes(reset.bytes_received));
    output::print(&format!(
        "all {} members in step again after {took}; this agent has sent {sent} and received {received} meanwhile\n",
        reset.of
    ))
}
