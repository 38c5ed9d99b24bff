//! `bruit set`: writes a key.

use std::time::Duration;

use bruit_config::RumorClass;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, micros};

use crate::input;
use crate::keys::key;
use bruit_agent::control::{ANSWER_WITHIN, Client, Control, Request};
use bruit_agent::state::asked::{self, Rule};
use bruit_agent::state::documents::{Held, Said, Written};
use bruit_agent::state::spelling::{Spelled, shown};

/// Write a shared key, or with --mine an attribute of the agent's own
///
/// All members may write a shared key, and it outlives them; what becomes of concurrent writes is said by its rule. Only its owner
/// writes an attribute, and it goes with its owner unless it is durable. With --wait, exit code 4 when too few hold it in time.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Which key: 1 to 64 bytes; \xNN is a byte of it, in hexadecimal digits, and \\ a backslash
    #[arg(value_parser = key)]
    key: Spelled,
    /// What it is to be; `-` takes standard input as it is
    #[arg(allow_negative_numbers = true, required_unless_present_any = ["add", "insert", "remove"])]
    value: Option<String>,
    /// Add this to a counter; may be negative
    #[arg(long, value_name = "N", allow_negative_numbers = true, conflicts_with_all = ["value", "mine"])]
    add: Option<i64>,
    /// Put this into a set
    #[arg(long, value_name = "V", conflicts_with_all = ["value", "add", "mine"])]
    insert: Option<String>,
    /// Take this out of a set
    #[arg(long, value_name = "V", conflicts_with_all = ["value", "add", "insert", "mine"])]
    remove: Option<String>,
    /// An attribute of this agent
    #[arg(long)]
    mine: bool,
    /// It outlives the agent, until it is unset
    #[arg(long, requires = "mine")]
    durable: bool,
    /// For how long it holds
    #[arg(long, value_name = "TIME", requires = "mine")]
    ttl: Option<humantime::Duration>,
    /// How the change travels: passed on at once by everybody, in rounds, or with what room the others leave
    #[arg(long, value_enum, default_value_t = RumorClass::Normal)]
    class: RumorClass,
    /// What becomes of concurrent writes; what holds of the key already when not given, `conflict` for a new one
    #[arg(long, value_enum, conflicts_with = "mine")]
    rule: Option<Rule>,
    /// Wait until this share of the members holds it, like 100%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    wait: Option<f64>,
    /// For how long to wait
    #[arg(long, value_name = "TIME", default_value = "5s")]
    timeout: humantime::Duration,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok()).map(|n| n / 100.0);
    let share = percent.or_else(|| text.parse().ok());
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "0% to 100%, or 0 to 1, is expected".to_owned())
}

/// Asks.
pub fn run(args: Args) -> Result<(), Failure> {
    let value = args.value.map(|value| input::given(value, "value")).transpose()?;
    let Said { value, value_hex } = value.map_or_else(Said::default, Said::of);
    let (key, key_hex) = args.key.fields();
    let request = asked::Set {
        key,
        key_hex,
        value,
        value_hex,
        add: args.add,
        insert: args.insert,
        remove: args.remove,
        mine: args.mine,
        durable: args.durable,
        ttl_ms: args.ttl.map(|ttl| millis(*ttl).max(1)),
        class: args.class,
        rule: args.rule,
        wait: args.wait,
        timeout_ms: args.wait.map(|_| millis(*args.timeout)),
    };
    let mut client = Client::connect(&args.control)?;
    client.patience(Some(ANSWER_WITHIN + *args.timeout))?;
    let written: Written = client.ask(&Request::Set(request))?;
    if args.json {
        output::print_json(&written)?;
    } else {
        output::print(&text(&written))?;
    }
    match (&written.held, args.wait) {
        (Some(held), Some(share)) if !held.met => Err(not_met(&written, held, share, args.timeout)),
        _ => Ok(()),
    }
}

/// In milliseconds, for a request.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn text(written: &Written) -> String {
    let Written { owner, life, version, .. } = written;
    let mut text = format!("version {life}.{version} of {owner}\n");
    if let Some(held) = &written.held {
        let zones: Vec<String> =
            held.by_zone.iter().map(|z| format!("{} {} of {}", zone(&z.zone), z.held, z.of)).collect();
        // One zone alone says nothing more than all of them.
        let zones = if zones.len() > 1 { format!(" ({})", zones.join(", ")) } else { String::new() };
        let (took, asked) = (micros((held.took_ms * 1e3) as u64), held.datagrams);
        text += &format!("held by {} of {}{zones} after {took}; {asked} datagrams asked\n", held.held, held.of);
    }
    text
}

/// A zone for people.
pub fn zone(name: &str) -> &str {
    if name.is_empty() { "no zone" } else { name }
}

fn not_met(written: &Written, held: &Held, share: f64, timeout: humantime::Duration) -> Failure {
    let cause = format!("held by {} of {} and not by {} % of them after {timeout}", held.held, held.of, share * 100.0);
    let of = if written.shared { String::new() } else { format!(" --of {}", written.owner) };
    let advice = format!(
        "it is written and goes on spreading; not yet at {}; see `bruit trace {}{of}`",
        held.missing.join(", "),
        shown(&written.key, written.key_hex.as_deref())
    );
    Failure::new(Code::NotMet, cause).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_per_cent_or_a_fraction() {
        for (text, expected) in [("100%", 1.0), ("50 %", 0.5), ("0.25", 0.25), ("1", 1.0), ("0%", 0.0)] {
            assert_eq!(share(text), Ok(expected), "{text}");
        }
        for text in ["", "%", "101%", "-1%", "100", "all", "nan", "NaN%"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
