//! `bruit views`: who holds something else than the others?

use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, BAD, Cell, DIM, DOUBTFUL, GOOD, Paint, Table};

use super::set::millis;
use bruit_agent::control::{ANSWER_WITHIN, Client, Control, Request, parse};
use bruit_agent::state::asked;
use bruit_agent::state::documents::{View, Views};

/// Compare what members hold, by asking them for their fingerprints
///
/// Those of members, rumors and state are compared with what most hold. While something changes they differ for a moment.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    control: Control,
    /// Be content with this many answers; those of all members when not given
    #[arg(long, value_name = "K")]
    peers: Option<usize>,
    /// For how long to wait for them
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
    let asked = asked::Views { peers: args.peers, timeout_ms: Some(millis(*args.timeout)) };
    let line = client.ask_raw(&Request::Views(asked))?;
    if args.json {
        return output::print(&format!("{line}\n"));
    }
    output::print(&table(&parse(&line)?, Paint::stdout()))
}

fn table(doc: &Views, paint: Paint) -> String {
    let mut table = Table::new(&["member", "zone", "membership", "rumors", "state", ""]);
    for view in &doc.members {
        table.row(row(view));
    }
    let differ = doc.members.iter().filter(|view| !view.differs.is_empty()).count();
    let foot = match differ {
        0 => "all that have answered hold the same".to_owned(),
        1 => "1 differs from what most hold".to_owned(),
        n => format!("{n} differ from what most hold"),
    };
    let foot = format!("{} of {} answered {}: {foot}", doc.answered, doc.of, doc.own);
    format!("{}{}\n", table.render(paint), paint.paint(DIM, &foot))
}

fn row(view: &View) -> Vec<Cell> {
    let mut row = vec![view.name.clone().into(), view.zone.clone().into()];
    let Some(held) = &view.fingerprints else {
        let dashes = ["-"; 3].map(Cell::from);
        row.extend(dashes);
        row.push(Cell::new(DOUBTFUL, "has not answered"));
        return row;
    };
    for (what, fingerprint) in [("membership", &held.membership), ("rumors", &held.rumors), ("state", &held.state)] {
        let style = if view.differs.iter().any(|other| other == what) { BAD } else { DIM };
        row.push(Cell::new(style, fingerprint.clone()));
    }
    row.push(match &view.differs[..] {
        [] => Cell::new(GOOD, "in step"),
        differs => Cell::new(BAD, format!("differs on {}", differs.join(", "))),
    });
    row
}
