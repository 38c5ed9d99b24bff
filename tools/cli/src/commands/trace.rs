//! `bruit trace`: who holds a key's last write.

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, BAD, Cell, DIM, DOUBTFUL, GOOD, Paint, Table};

use super::set::millis;
use crate::keys::key;
use bruit_agent::control::{ANSWER_WITHIN, Client, Control, Request, parse};
use bruit_agent::state::asked;
use bruit_agent::state::documents::{Trace, Traced};
use bruit_agent::state::spelling::Spelled;

/// Show which member holds a key's last write, by asking all of them
///
/// Of a shared key that several have written each write that stands is asked about.
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
    /// For how long to wait for answers
    #[arg(long, value_name = "TIME", default_value = "2s")]
    timeout: humantime::Duration,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Asks and shows.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut client = Client::connect(&args.control)?;
    client.patience(Some(ANSWER_WITHIN + *args.timeout))?;
    let timeout_ms = Some(millis(*args.timeout));
    let (key, key_hex) = args.key.fields();
    let named = asked::Named { key, key_hex, mine: args.mine, of: args.of.clone(), timeout_ms };
    let line = client.ask_raw(&Request::Trace(named))?;
    if args.json {
        return output::print(&format!("{line}\n"));
    }
    let doc: Trace = parse(&line)?;
    let paint = Paint::stdout();
    let texts: Vec<String> = doc.writes.iter().map(|write| text(write, paint)).collect();
    output::print(&texts.join("\n"))
}

fn text(write: &Traced, paint: Paint) -> String {
    let mut table = Table::new(&["member", "zone", ""]);
    for member in &write.members {
        let verdict = match (member.holds, member.complete) {
            (Some(true), _) => Cell::new(GOOD, "holds it"),
            (Some(false), Some(0)) => Cell::new(BAD, "lacks it, holds nothing of that life"),
            (Some(false), complete) => {
                Cell::new(BAD, format!("lacks it, holds all up to {}.{}", write.life, complete.unwrap_or_default()))
            }
            (None, _) => Cell::new(DOUBTFUL, "has not answered"),
        };
        table.row([member.name.clone().into(), member.zone.clone().into(), verdict]);
    }
    let Traced { owner, life, version, held, of, datagrams, .. } = write;
    let head = format!("version {life}.{version} of {owner}: held by {held} of {of}");
    let foot = paint.paint(DIM, &format!("{datagrams} datagrams asked"));
    format!("{head}\n{}{foot}\n", table.render(paint))
}
