//! `bruit sim false-death`: who is declared dead that lives, where datagrams are lost.

use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::false_death::{self, Report, Setup};
use bruit::{Profile, Span};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, bytes, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Bought, Document, Spread};
use super::heading::{heading, nodes, runs};
use super::picture;
use super::usual::{Usual, as_typed, list};

/// Nothing fails but datagrams: verdicts on members that live, and what it costs
#[derive(Debug, clap::Args)]
#[command(
    unless_given("nodes", Setup::new(Profile::Lan).base.nodes),
    unless_given("runs", Setup::new(Profile::Lan).runs.count),
    unless_given("loss", format!("each of {}", list(losses(&Setup::new(Profile::Lan)))))
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How long to watch
    #[arg(long, value_name = "TIME", default_value = "600s", value_parser = humantime::parse_duration)]
    watch: Duration,
    /// Write suspicions and verdicts by loss to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    watch_s: f64,
    losses: Vec<f64>,
    rows: Vec<Row>,
    #[serde(flatten)]
    memory: Bought,
}

#[derive(Serialize)]
struct Row {
    loss: f64,
    verdicts: Spread,
    suspicions: Spread,
    accusations: Spread,
    datagrams_per_node_s: Spread,
    bytes_per_node_s: Spread,
}

/// What was played, and what came out.
pub struct Played {
    pub setup: Setup,
    pub report: Report,
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    plot::writable(args.svg.as_deref())?;
    let played = play(args)?;
    let shown = if args.common.json {
        output::print_json(&document(&played))
    } else {
        output::print(&(title(&played.setup) + &text(&played.report, Paint::stdout())))
    };
    plot::save(args.svg.as_deref(), || picture::false_deaths(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup { watch: Span::from(args.watch), ..Setup::new(args.common.profile) };
    args.common.apply(&mut setup.base, &mut setup.runs);
    if let Some(loss) = args.common.loss {
        setup.losses_permille = vec![loss];
    }
    let line = Line::new("false-death");
    let report = false_death::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    line.end(args.common.json);
    Ok(Played { setup, report })
}

/// The losses that are played, as shares.
fn losses(setup: &Setup) -> Vec<f64> {
    setup.losses_permille.iter().map(|permille| f64::from(*permille) / 1e3).collect()
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let row = |row: &false_death::Row| Row {
        loss: f64::from(row.loss_permille) / 1e3,
        verdicts: row.verdicts.into(),
        suspicions: row.suspicions.into(),
        accusations: row.accusations.into(),
        datagrams_per_node_s: row.datagrams_per_node_s.into(),
        bytes_per_node_s: row.bytes_per_node_s.into(),
    };
    let watch_s = setup.watch.as_millis() as f64 / 1e3;
    let figures = Figures {
        watch_s,
        losses: losses(setup),
        rows: report.rows.iter().map(row).collect(),
        memory: report.memory.into(),
    };
    Document::new("false-death", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    let watch = format!("watched {} at each loss", as_typed(setup.watch));
    heading("false-death", [nodes(&setup.base), watch, runs(setup.runs)])
}

fn text(report: &Report, paint: Paint) -> String {
    let mut table = Table::new(&[
        "loss",
        ">false verdicts",
        ">most",
        ">own suspicions",
        ">suspicions",
        ">datagrams/node/s",
        ">payload/node/s",
    ]);
    for row in &report.rows {
        let cells = [
            format!("{} %", f64::from(row.loss_permille) / 10.0),
            three_digits(row.verdicts.mean),
            three_digits(row.verdicts.max),
            three_digits(row.accusations.mean),
            three_digits(row.suspicions.mean),
            three_digits(row.datagrams_per_node_s.mean),
            bytes(row.bytes_per_node_s.mean.round() as u64),
        ];
        table.row(cells.map(Into::into));
    }
    let [node, all] = [report.memory.node_bytes, report.memory.all_bytes].map(bytes);
    let mut text = table.render(paint);
    text += &format!("memory bought: {node} by a node, {all} by all\n");
    text + &format!("trace hash {:016x}\n", report.trace_hash)
}
