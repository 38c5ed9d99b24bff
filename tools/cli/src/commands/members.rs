//! `bruit members`: who is in the cluster, as one agent sees it.

use bruit_agent::control::Request;
use bruit_agent::view::{Member, Members};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{BAD, BOLD, Cell, DIM, DOUBTFUL, GOOD, Paint, Table, micros};

use crate::watch::{self, Show};

/// List the members that an agent knows
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    show: Show,
}

/// Asks and shows.
pub fn run(args: &Args) -> Result<(), Failure> {
    watch::show(&args.show, &Request::Members {}, table)
}

fn table(doc: &Members, paint: Paint) -> String {
    let mut table = Table::new(&["name", "state", "address", ">life", ">rtt", "zone", "tags"]);
    for member in &doc.members {
        table.row(row(member, member.name == doc.own));
    }
    let up = doc.members.iter().filter(|m| m.state == "alive" || m.state == "suspect").count();
    let down = doc.members.len() - up;
    let foot = format!("{up} up, {down} down, as {} sees it; fingerprint {}", doc.own, doc.membership_fingerprint);
    format!("{}{}\n", table.render(paint), paint.paint(DIM, &foot))
}

fn row(member: &Member, own: bool) -> Vec<Cell> {
    let style = match member.state.as_str() {
        "alive" => GOOD,
        "suspect" => DOUBTFUL,
        "dead" => BAD,
        _ => DIM,
    };
    let name = if own { Cell::new(BOLD, format!("{} *", member.name)) } else { member.name.clone().into() };
    let refutations = member.incarnation as u32;
    let tags: Vec<String> = member.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    vec![
        name,
        Cell::new(style, member.state.clone()),
        member.addr.clone().into(),
        format!("{}.{refutations}", member.life).into(),
        member.rtt_us.map_or_else(|| "-".to_owned(), micros).into(),
        member.zone.clone().into(),
        tags.join(" ").into(),
    ]
}
