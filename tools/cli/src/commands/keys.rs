//! `bruit keys`: all keys that an agent holds.

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, BAD, Cell, DIM, DOUBTFUL, PLAIN, Paint, Table, micros};

use bruit_agent::control::{Client, Control, Request, parse};
use bruit_agent::rumor::printable;
use bruit_agent::state::asked;
use bruit_agent::state::documents::{Key, Keys, Said};
use bruit_agent::state::spelling::{Spelled, shown};

/// Of a longer value the beginning is shown.
const SHOWN: usize = 40;

/// List the keys that an agent holds: attributes of all members, and shared ones
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Only those that begin so; \xNN is a byte, in hexadecimal digits, and \\ a backslash
    #[arg(default_value = "", hide_default_value = true)]
    prefix: Spelled,
    /// Only attributes of this member: its name, or its id
    #[arg(long, value_name = "NODE")]
    of: Option<String>,
    /// Only shared keys
    #[arg(long, conflicts_with = "of")]
    shared: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks and shows.
pub fn run(args: Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    let (prefix, prefix_hex) = args.prefix.fields();
    let asked = asked::Keys { prefix, prefix_hex, of: args.of, shared: args.shared };
    let line = client.ask_raw(&Request::Keys(asked))?;
    if args.json {
        return output::print(&format!("{line}\n"));
    }
    output::print(&table(&parse(&line)?, Paint::stdout()))
}

fn table(doc: &Keys, paint: Paint) -> String {
    let mut table = Table::new(&["key", "value", "owner", "kind", ">version", ">age", ">left"]);
    for key in &doc.keys {
        table.row(row(key));
    }
    let shared = doc.keys.iter().filter(|key| key.shared).count();
    let keys = counted(doc.keys.len());
    let foot = format!("{keys}, {shared} of them shared, as {} holds them", doc.own);
    format!("{}{}\n", table.render(paint), paint.paint(DIM, &foot))
}

/// So many keys.
pub fn counted(keys: usize) -> String {
    if keys == 1 { "1 key".to_owned() } else { format!("{keys} keys") }
}

fn row(key: &Key) -> Vec<Cell> {
    let down = key.owner_state.as_deref().is_none_or(|state| state == "dead" || state == "left");
    let owner = match &key.owner {
        Some(owner) => Cell::new(if down { DOUBTFUL } else { PLAIN }, owner.clone()),
        None => format!("{} writers", key.writers.len()).into(),
    };
    let version = match (key.life, key.version) {
        (Some(life), Some(version)) => format!("{life}.{version}"),
        _ => "-".to_owned(),
    };
    let left = key.ttl_ms.map(|ttl| micros(ttl.saturating_sub(key.age_ms.unwrap_or(0)).saturating_mul(1_000)));
    vec![
        shown(&key.key, key.key_hex.as_deref()).into(),
        Cell::new(if key.conflict { BAD } else { PLAIN }, shortened(&value(key))),
        owner,
        kind(key).into(),
        version.into(),
        key.age_ms.map_or_else(|| "-".to_owned(), |age| micros(age.saturating_mul(1_000))).into(),
        left.unwrap_or_else(|| "-".to_owned()).into(),
    ]
}

fn kind(key: &Key) -> String {
    match &key.rule {
        Some(rule) => format!("shared, {rule}"),
        None if key.durable => "durable".to_owned(),
        None => "ephemeral".to_owned(),
    }
}

/// What a key is, on one line.
pub fn value(key: &Key) -> String {
    match &key.elements {
        _ if key.conflict => format!("CONFLICT of {} values", key.writers.len()),
        Some(elements) => format!("{{{}}}", elements.iter().map(said).collect::<Vec<_>>().join(", ")),
        None => said(&key.said),
    }
}

/// Bytes on one line: what a terminal would obey is shown instead.
pub fn said(said: &Said) -> String {
    match (&said.value, &said.value_hex) {
        (Some(text), _) => printable(text),
        (None, Some(hex)) => format!("0x{hex}"),
        (None, None) => String::new(),
    }
}

/// The beginning of a text.
pub fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let begin: String = text.chars().take(SHOWN - 1).collect();
    format!("{begin}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_on_its_line_and_within_its_column() {
        let long = "x".repeat(SHOWN + 1);
        assert_eq!(shortened(&long[1..]), long[1..]);
        assert_eq!(shortened(&long).chars().count(), SHOWN);
        assert_eq!(said(&Said::of(b"a\n\x1b".to_vec())), "a\\n\\u{1b}");
        assert_eq!((said(&Said::of(vec![0xff])), said(&Said::default())), ("0xff".to_owned(), String::new()));
    }
}
