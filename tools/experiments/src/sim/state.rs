//! `bruit sim state`: what does it cost to agree on state?

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::state::{in_step, newcomer, news, repair, unrest};
use bruit::sim::experiment::{Distribution, trace_of};
use bruit::{Class, Profile};
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, Paint, Table, bytes, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use clap::ValueEnum as _;
use serde::Serialize;

use super::common::{Common, permille, refused};
use super::document::{Document, Spread};
use super::heading::{heading, nodes, percent, runs};
use super::picture;
use super::steady::thread_time;
use super::usual::Usual;

/// Keys that all agree on: in step, few differences, one write, writes without end, a newcomer
#[derive(Debug, clap::Args)]
#[command(
    unless_given("nodes", news::Setup::new(Profile::Lan).base.nodes),
    unless_given("runs", format!("{}; in-step and unrest 1", news::Setup::new(Profile::Lan).runs.count)),
    unless_given("loss", 0),
    after_help = "Ten keys with values of 64 bytes for each owner. in-step, repair and newcomer tell the keys of --owners who are no members \
                  to two and three nodes; news and unrest play --nodes of them. --loss is overruled by --losses."
)]
pub struct Args {
    /// What happens
    #[arg(value_enum)]
    part: Part,
    #[command(flatten)]
    common: Common,
    /// Owners whose keys are held
    #[arg(long, default_value_t = 1_000)]
    owners: u32,
    /// In how many keys two nodes differ, as in 1,10
    #[arg(long, value_name = "N,N..", value_delimiter = ',', default_value = "1,10,100,1000")]
    differ: Vec<u32>,
    /// Which losses, as in 0,0.1
    #[arg(long, value_name = "SHARE,SHARE..", value_delimiter = ',', value_parser = permille, default_value = "0,0.2")]
    losses: Vec<u32>,
    /// Writes a second, in all
    #[arg(long, default_value_t = 10)]
    writes: u32,
    /// Write the bytes of repair by the number of keys that differ to this file, as SVG; of repair only
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Two nodes hold the same
    InStep,
    /// Two nodes differ in a few keys
    Repair,
    /// One node writes once, class normal and urgent
    News,
    /// Somebody writes all the time: how often do fingerprints agree?
    Unrest,
    /// Somebody joins who knows nothing
    Newcomer,
}

/// What was measured of one case.
pub struct Row {
    pub loss_permille: u32,
    /// What else is particular to it.
    pub case: String,
    /// Keys that differ, where that is what happens.
    pub differ: u32,
    /// What was measured, under its name.
    pub figures: Vec<(&'static str, Distribution)>,
    trace_hash: u64,
}

impl Row {
    /// A figure by its name.
    pub fn of(&self, name: &str) -> Distribution {
        self.figures.iter().find(|(known, _)| *known == name).map(|(_, figure)| *figure).unwrap_or_default()
    }
}

/// All that was asked for, played.
pub struct Played {
    pub part: Part,
    pub owners: u32,
    base: bruit::sim::experiment::Base,
    runs: bruit::sim::experiment::Runs,
    pub rows: Vec<Row>,
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    plot::writable(args.svg.as_deref())?;
    if args.svg.is_some() && args.part != Part::Repair {
        let cause = "--svg draws what repair takes: there is no picture of the other parts";
        return Err(Failure::new(Code::Usage, cause));
    }
    let played = play(args, &thread_time)?;
    let shown = if args.common.json {
        output::print_json(&document(&played))
    } else {
        output::print(&text(&played, Paint::stdout()))
    };
    plot::save(args.svg.as_deref(), || picture::repair(&[&played]))?;
    shown
}

/// Plays it; `clock` is the time that the calling thread has used.
pub fn play(args: &Args, clock: &(dyn Fn() -> Duration + Sync)) -> Result<Played, Failure> {
    let mut news = news::Setup::new(Profile::Lan);
    args.common.apply(&mut news.base, &mut news.runs);
    let mut rows = Vec::new();
    for loss_permille in args.losses.iter().copied() {
        news.base.link.loss_permille = loss_permille;
        match args.part {
            Part::InStep => rows.push(at_rest(args, &news, loss_permille, clock)?),
            Part::Repair => {
                for differ in args.differ.iter().copied() {
                    rows.push(repaired(args, &news, (loss_permille, differ))?);
                }
            }
            Part::News => {
                for class in [Class::Normal, Class::Urgent] {
                    rows.push(told(&news::Setup { class, ..news.clone() })?);
                }
            }
            Part::Unrest => rows.push(restless(args, &news)?),
            Part::Newcomer => rows.push(joined(args, &news, loss_permille)?),
        }
    }
    Ok(Played { part: args.part, owners: args.owners, base: news.base, runs: news.runs, rows })
}

fn at_rest(
    args: &Args,
    news: &news::Setup,
    loss_permille: u32,
    clock: &(dyn Fn() -> Duration + Sync),
) -> Result<Row, Failure> {
    let runs = once(args, news);
    let setup = in_step::Setup { owners: args.owners, loss_permille, runs, ..in_step::Setup::default() };
    let case = format!("{} owners", args.owners);
    let line = line_of(&case, loss_permille);
    let report = in_step::run(&setup, &|done, of| line.runs(done, of), clock).map_err(refused)?;
    let mut figures = vec![
        ("about_state", report.about_state),
        ("datagrams_per_node_s", report.datagrams),
        ("bytes_per_node_s", report.bytes),
        ("calls_per_node_s", report.calls),
    ];
    figures.extend((report.cpu_ns.max > 0.0).then_some(("cpu_ns_per_node_s", report.cpu_ns)));
    Ok(Row { loss_permille, case, differ: 0, figures, trace_hash: report.trace_hash })
}

fn line_of(case: &str, loss_permille: u32) -> Line {
    Line::new(&format!("state, {case}, loss {}", percent(loss_permille)))
}

/// What is large is played once, unless more is asked for.
fn once(args: &Args, news: &news::Setup) -> bruit::sim::experiment::Runs {
    bruit::sim::experiment::Runs { count: args.common.runs.unwrap_or(1), ..news.runs }
}

fn repaired(args: &Args, news: &news::Setup, (loss_permille, differ): (u32, u32)) -> Result<Row, Failure> {
    let setup = repair::Setup { owners: args.owners, differ, loss_permille, runs: news.runs };
    let case = format!("{differ} differ");
    let line = line_of(&case, loss_permille);
    let report = repair::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    let figures = vec![
        ("bytes", report.bytes),
        ("datagrams", report.datagrams),
        ("round_trips", report.round_trips),
        ("comparisons", report.comparisons),
    ];
    Ok(Row { loss_permille, case, differ, figures, trace_hash: report.trace_hash })
}

fn told(setup: &news::Setup) -> Result<Row, Failure> {
    let loss_permille = setup.base.link.loss_permille;
    let case = setup.class.name().to_owned();
    let line = line_of(&case, loss_permille);
    let report = news::run(setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    let mut figures = vec![("most_ms", report.most_ms), ("all_ms", report.all_ms), ("intervals", report.intervals)];
    figures.extend(report.planned.map(|(mean, p99)| ("planned_push_pull", [mean, p99].into_iter().collect())));
    Ok(Row { loss_permille, case, differ: 0, figures, trace_hash: report.trace_hash })
}

fn restless(args: &Args, news: &news::Setup) -> Result<Row, Failure> {
    let runs = once(args, news);
    let plain = unrest::Setup::new(Profile::Lan);
    let setup = unrest::Setup { base: news.base.clone(), writes_per_second: args.writes, runs, ..plain };
    let loss_permille = setup.base.link.loss_permille;
    let case = format!("{} writes a second", args.writes);
    let line = line_of(&case, loss_permille);
    let report = unrest::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    let figures = vec![("agree_percent", report.agree_percent), ("repairs_per_node_min", report.repairs)];
    Ok(Row { loss_permille, case, differ: 0, figures, trace_hash: report.trace_hash })
}

fn joined(args: &Args, news: &news::Setup, loss_permille: u32) -> Result<Row, Failure> {
    let setup = newcomer::Setup { owners: args.owners, loss_permille, runs: news.runs, ..newcomer::Setup::default() };
    let line = line_of("newcomer", loss_permille);
    let report = newcomer::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    let figures = vec![
        ("joined_ms", report.joined_ms),
        ("all_ms", report.complete_ms),
        ("bytes", report.bytes),
        ("times_state", report.times_state),
    ];
    let case = format!("{} of state", bytes(report.state_bytes));
    Ok(Row { loss_permille, case, differ: 0, figures, trace_hash: report.trace_hash })
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    owners: u32,
    rows: Vec<RowFigures>,
}

#[derive(Serialize)]
struct RowFigures {
    loss: f64,
    case: String,
    figures: BTreeMap<&'static str, Spread>,
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let figures = |row: &Row| RowFigures {
        loss: f64::from(row.loss_permille) / 1_000.0,
        case: row.case.clone(),
        figures: row.figures.iter().map(|(name, figure)| (*name, (*figure).into())).collect(),
    };
    let hash = hash(&played.rows);
    let rows = played.rows.iter().map(figures).collect();
    Document::new("state", &played.base, played.runs, Figures { owners: played.owners, rows }, hash)
}

fn hash(rows: &[Row]) -> u64 {
    trace_of(rows.iter().map(|row| row.trace_hash))
}

fn text(played: &Played, paint: Paint) -> String {
    let of = match played.part {
        Part::InStep | Part::Repair | Part::Newcomer => format!("{} owners", played.owners),
        Part::News | Part::Unrest => nodes(&played.base),
    };
    let part = played.part.to_possible_value().map(|part| part.get_name().to_owned()).unwrap_or_default();
    let title = heading("state", [part, of, runs(played.runs)]);
    format!("{title}{}trace hash {:016x}\n", table(&played.rows).render(paint), hash(&played.rows))
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[">loss", "", "", ">mean", ">p50", ">p99", ">most"]);
    for row in rows {
        for (nth, (name, figure)) in row.figures.iter().enumerate() {
            let [loss, case] = if nth == 0 {
                [format!("{} %", f64::from(row.loss_permille) / 10.0), row.case.clone()]
            } else {
                [String::new(), String::new()]
            };
            let numbers = [figure.mean, figure.p50, figure.p99, figure.max].map(three_digits);
            table.row([loss, case, name.replace('_', " ")].into_iter().chain(numbers).map(Into::into));
        }
    }
    table
}
