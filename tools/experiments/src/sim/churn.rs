//! `bruit sim churn`: more and more nodes come and go.

use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::churn::{self, Report, Setup};
use bruit::{Profile, Span};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, BAD, Cell, GOOD, Paint, Table, bytes, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Bought, Document, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::rows::time;
use super::usual::{Usual, as_typed, list};

/// So many joins and departures a second, more and more, until views lag
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs),
    unless_given("rate", list(Setup::new(Profile::Lan).rates)),
    unless_given("watch", as_typed(Setup::new(Profile::Lan).watch))
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Joins a second, and as many departures; several are played in order until one lags
    #[arg(long, value_name = "RATE", value_delimiter = ',')]
    rate: Vec<f64>,
    /// How long each rate lasts
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    watch: Option<Duration>,
    /// Write times and bytes by rate to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Serialize)]
struct Row {
    rate: f64,
    join_known_ms: Spread,
    leave_known_ms: Spread,
    unknown: u64,
    skipped: u64,
    bytes_per_node_s: f64,
    false_deaths: u64,
    lags: bool,
    #[serde(flatten)]
    memory: Bought,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    rates: Vec<Row>,
    ceiling: Option<f64>,
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
    plot::save_svg(args.svg.as_deref(), || plot::stacked(&picture::churn(&played)))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    if !args.rate.is_empty() {
        setup.rates.clone_from(&args.rate);
    }
    setup.watch = args.watch.map_or(setup.watch, Span::from);
    let line = Line::new("churn");
    let report = churn::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    line.end(args.common.json);
    Ok(Played { setup, report })
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let rates = report.rows.iter().map(|row| Row {
        rate: row.rate,
        join_known_ms: row.join_known_ms.into(),
        leave_known_ms: row.leave_known_ms.into(),
        unknown: row.unknown,
        skipped: row.skipped,
        bytes_per_node_s: row.bytes_per_node_s,
        false_deaths: row.false_deaths,
        lags: row.lags,
        memory: row.memory.into(),
    });
    let figures = Figures { rates: rates.collect(), ceiling: report.ceiling };
    Document::new("churn", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    let watch = format!("watched {} at each rate", as_typed(setup.watch));
    heading("churn", [nodes(&setup.base), watch, loss(&setup.base), runs(setup.runs)])
}

fn text(report: &Report, paint: Paint) -> String {
    let titles = [
        ">joins/s",
        ">known p50",
        ">known p99",
        ">gone p50",
        ">gone p99",
        ">unknown",
        ">skipped",
        ">sent/node/s",
        ">false deaths",
        ">memory/node",
        "",
    ];
    let mut table = Table::new(&titles);
    for row in &report.rows {
        table.row([
            three_digits(row.rate).into(),
            time(row.join_known_ms, |d| d.p50).into(),
            time(row.join_known_ms, |d| d.p99).into(),
            time(row.leave_known_ms, |d| d.p50).into(),
            time(row.leave_known_ms, |d| d.p99).into(),
            row.unknown.to_string().into(),
            row.skipped.to_string().into(),
            bytes(row.bytes_per_node_s.round() as u64).into(),
            row.false_deaths.to_string().into(),
            bytes(row.memory.node_bytes).into(),
            if row.lags { Cell::new(BAD, "lags") } else { Cell::new(GOOD, "keeps up") },
        ]);
    }
    let mut text = table.render(paint);
    text += "known, gone: until 99 % of the nodes hold a newcomer up, a leaver gone; skipped: departures of who had not come yet\n";
    text + &format!("trace hash {:016x}\n", report.trace_hash)
}
