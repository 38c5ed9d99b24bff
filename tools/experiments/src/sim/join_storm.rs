//! `bruit sim join-storm`: everybody joins at once.

use std::path::PathBuf;

use bruit::Profile;
use bruit::sim::experiment::join_storm::{self, Report, Setup};
use bruit_terminal::failure::Failure;
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Bought, Document, Moment, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::rows::Rows;
use super::usual::Usual;

/// All start at once and join through one seed; then one comes late
#[derive(Debug, clap::Args)]
#[command(usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs))]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Write how much of the cluster a node knows by time to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    half_joined_ms: Spread,
    all_joined_ms: Spread,
    all_know_all_ms: Spread,
    known: Vec<Moment>,
    unfinished: u32,
    bytes_per_node: Spread,
    datagrams_per_node: Spread,
    late_knows_all_ms: Spread,
    late_known_by_half_ms: Spread,
    late_known_by_all_ms: Spread,
    suspicions: u64,
    #[serde(flatten)]
    memory: Bought,
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
    plot::save(args.svg.as_deref(), || picture::join_storm(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    let line = Line::new("join-storm");
    let report = join_storm::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    line.end(args.common.json);
    Ok(Played { setup, report })
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let figures = Figures {
        half_joined_ms: report.half_joined_ms.into(),
        all_joined_ms: report.all_joined_ms.into(),
        all_know_all_ms: report.all_know_all_ms.into(),
        known: Moment::course(&report.known),
        unfinished: report.unfinished,
        bytes_per_node: report.bytes_per_node.into(),
        datagrams_per_node: report.datagrams_per_node.into(),
        late_knows_all_ms: report.late_knows_all_ms.into(),
        late_known_by_half_ms: report.late_known_by_half_ms.into(),
        late_known_by_all_ms: report.late_known_by_all_ms.into(),
        suspicions: report.suspicions,
        memory: report.memory.into(),
    };
    Document::new("join-storm", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    heading("join-storm", [nodes(&setup.base), loss(&setup.base), runs(setup.runs)])
}

fn rows(report: &Report) -> Rows {
    let mut rows = Rows::new("from the start of all");
    rows.millis("half are members", report.half_joined_ms);
    rows.millis("all are members", report.all_joined_ms);
    rows.millis("all know all", report.all_know_all_ms);
    rows.bytes("sent by a node until then", report.bytes_per_node);
    rows.number("datagrams of a node until then", report.datagrams_per_node);
    rows.millis("a late comer knows all", report.late_knows_all_ms);
    rows.millis("half know the late comer", report.late_known_by_half_ms);
    rows.millis("all know the late comer", report.late_known_by_all_ms);
    rows.count("runs that did not end in time", u64::from(report.unfinished));
    rows.count("suspicions in all", report.suspicions);
    rows.memory(report.memory);
    rows.hash(report.trace_hash);
    rows
}
