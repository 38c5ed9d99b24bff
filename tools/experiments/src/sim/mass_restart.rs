//! `bruit sim mass-restart`: everybody dies and starts again.

use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::mass_restart::{self, Report, Setup};
use bruit::{Profile, Span};
use bruit_terminal::failure::Failure;
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Document, Moment, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::rows::Rows;
use super::usual::{Usual, as_typed};

/// All but a few die and start again under their names
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs),
    unless_given("survivors", Setup::new(Profile::Lan).survivors),
    unless_given("over", as_typed(Setup::new(Profile::Lan).over)),
    unless_given("pause", as_typed(Setup::new(Profile::Lan).pause))
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How many keep running
    #[arg(long)]
    survivors: Option<u32>,
    /// The time within which all others die, and within which they start again
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    over: Option<Duration>,
    /// The time between the last death and the first start
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pause: Option<Duration>,
    /// Write who is back by time to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    survivors: u32,
    all_back_ms: Spread,
    back: Vec<Moment>,
    unfinished: u32,
    false_deaths: u64,
    bytes_per_node: Spread,
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
    let shown = document(&played).show(args.common.json, &title(&played.setup), &rows(&played.report));
    plot::save(args.svg.as_deref(), || picture::mass_restart(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    setup.survivors = args.survivors.unwrap_or(setup.survivors);
    setup.over = args.over.map_or(setup.over, Span::from);
    setup.pause = args.pause.map_or(setup.pause, Span::from);
    let line = Line::new("mass-restart");
    let report = mass_restart::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    Ok(Played { setup, report })
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let figures = Figures {
        survivors: setup.survivors,
        all_back_ms: report.all_back_ms.into(),
        back: Moment::course(&report.back),
        unfinished: report.unfinished,
        false_deaths: report.false_deaths,
        bytes_per_node: report.bytes_per_node.into(),
    };
    Document::new("mass-restart", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    let how = format!("{} survivors, over {}, pause {}", setup.survivors, as_typed(setup.over), as_typed(setup.pause));
    heading("mass-restart", [nodes(&setup.base), how, loss(&setup.base), runs(setup.runs)])
}

fn rows(report: &Report) -> Rows {
    let mut rows = Rows::new("from the last start");
    rows.millis("all hold all up in their new lives", report.all_back_ms);
    rows.bytes("sent by a node until then", report.bytes_per_node);
    rows.count("runs that did not end in time", u64::from(report.unfinished));
    rows.count("new lives held dead", report.false_deaths);
    rows.hash(report.trace_hash);
    rows
}
