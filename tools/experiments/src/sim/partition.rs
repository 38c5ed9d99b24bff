//! `bruit sim partition`: a cluster is cut in two, and healed.

use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::partition::{self, Report, Setup};
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

/// Cut in two, held, healed: until all are one again
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs),
    unless_given("split", shares(Setup::new(Profile::Lan).side_percent)),
    unless_given("held", as_typed(Setup::new(Profile::Lan).held))
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// The shares of the two sides in percent, as in 50/50
    #[arg(long, value_name = "A/B", value_parser = split)]
    split: Option<u32>,
    /// How long the cut lasts, as in 10min or 24h
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    held: Option<Duration>,
    /// All of the first side restart while they are cut off
    #[arg(long)]
    restart: bool,
    /// Write whom each side holds to be up, from the cut and from the healing on, to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn split(text: &str) -> Result<u32, String> {
    let sides = text.split_once('/').and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)));
    match sides {
        Some((a, b)) if a.checked_add(b) == Some(100) && a > 0 && b > 0 => Ok(a),
        Some(_) | None => Err("two shares that make 100, as in 50/50".to_owned()),
    }
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    side_percent: u32,
    held_s: f64,
    apart_ms: Spread,
    one_view_ms: Spread,
    parting: [Vec<Moment>; 2],
    joining: [Vec<Moment>; 2],
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
    plot::save(args.svg.as_deref(), || picture::partition(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup { restart: args.restart, ..Setup::new(args.common.profile) };
    args.common.apply(&mut setup.base, &mut setup.runs);
    setup.side_percent = args.split.unwrap_or(setup.side_percent);
    setup.held = args.held.map_or(setup.held, Span::from);
    let line = Line::new("partition");
    let report = partition::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    Ok(Played { setup, report })
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let figures = Figures {
        side_percent: setup.side_percent,
        held_s: setup.held.as_millis() as f64 / 1e3,
        apart_ms: report.apart_ms.into(),
        one_view_ms: report.one_view_ms.into(),
        parting: [0, 1].map(|side| Moment::course(&report.parting[side])),
        joining: [0, 1].map(|side| Moment::course(&report.joining[side])),
        unfinished: report.unfinished,
        false_deaths: report.false_deaths,
        bytes_per_node: report.bytes_per_node.into(),
    };
    Document::new("partition", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    let restart = if setup.restart { ", one side restarts" } else { "" };
    let cut = format!("cut {}, held {}{restart}", shares(setup.side_percent), as_typed(setup.held));
    heading("partition", [nodes(&setup.base), cut, loss(&setup.base), runs(setup.runs)])
}

/// Both sides, as `--split` takes them.
fn shares(side_percent: u32) -> String {
    format!("{side_percent}/{}", 100 - side_percent.min(100))
}

fn rows(report: &Report) -> Rows {
    let mut rows = Rows::new("cut, and healed");
    rows.millis("each side holds the other down, after the cut", report.apart_ms);
    rows.millis("all hold all up, after the healing", report.one_view_ms);
    rows.bytes("sent by a node from the healing until then", report.bytes_per_node);
    rows.count("runs that did not end in time", u64::from(report.unfinished));
    rows.count("who ran and was held dead after the healing", report.false_deaths);
    rows.hash(report.trace_hash);
    rows
}
