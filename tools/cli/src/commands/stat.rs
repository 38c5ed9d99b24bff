//! `bruit stat`: what an agent has counted and measured since its start.

use bruit_agent::control::Request;
use bruit_agent::view::{Distribution, Pairs, Stat};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{Cell, DOUBTFUL, Paint, Table, micros};

use crate::watch::{self, Show};

/// Show what an agent has counted and measured
///
/// For people, counters at zero are left out; --json has them all.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    show: Show,
}

/// Asks and shows.
pub fn run(args: &Args) -> Result<(), Failure> {
    watch::show(&args.show, &Request::Stat {}, table)
}

fn table(doc: &Stat, paint: Paint) -> String {
    let mut out = distributions(&doc.histograms).render(paint);
    let seconds = doc.uptime_s.max(1e-3);
    for (title, counted) in [("counted by the node", &doc.counters), ("counted by its loop", &doc.io)] {
        let mut counters = Table::new(&[title, ">total", ">per second"]);
        for (name, n) in counted.0.iter().filter(|(_, n)| *n > 0) {
            counters.row([
                name.replace('_', " ").into(),
                n.to_string().into(),
                format!("{:.2}", *n as f64 / seconds).into(),
            ]);
        }
        out.push('\n');
        out.push_str(&counters.render(paint));
    }
    let mut sections = Table::new(&["section", ">received", ">sent"]);
    for (kind, received) in &doc.received.0 {
        let sent = doc.sent.get(kind).copied().unwrap_or_default();
        if received + sent > 0 {
            sections.row([kind.replace('_', " ").into(), received.to_string().into(), sent.to_string().into()]);
        }
    }
    out.push('\n');
    out.push_str(&sections.render(paint));
    out.push('\n');
    out.push_str(&drops(&doc.drops, paint));
    out
}

/// Everything measured.
pub fn distributions(histograms: &Pairs<Distribution>) -> Table {
    let mut table = Table::new(&["time", ">count", ">min", ">p50", ">p90", ">p99", ">p99.9", ">max"]);
    for (name, d) in &histograms.0 {
        let times = [d.min, d.p50, d.p90, d.p99, d.p999, d.max]
            .map(|us| Cell::from(if d.count == 0 { "-".to_owned() } else { micros(us) }));
        table.row([Cell::from(name.replace('_', " ")), d.count.to_string().into()].into_iter().chain(times));
    }
    table
}

/// Datagrams thrown away, by reason.
pub fn drops(drops: &Pairs<u64>, paint: Paint) -> String {
    let mut table = Table::new(&["dropped because", ">datagrams"]);
    for (reason, n) in drops.0.iter().filter(|(_, n)| *n > 0) {
        table.row([reason.replace('_', " ").into(), Cell::new(DOUBTFUL, n.to_string())]);
    }
    if drops.0.iter().all(|(_, n)| *n == 0) { "nothing dropped\n".to_owned() } else { table.render(paint) }
}
