//! `bruit sim storm`: everybody publishes at once.

use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::storm::{self, Far, Report, Setup};
use bruit::{Profile, Span};
use bruit_config::RumorClass;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, BAD, Cell, GOOD, Paint, Table, bytes, micros};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Bought, Document, Moment, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::usual::{Usual, as_typed};

/// Everybody publishes at once, while guests come and go: what is lost, who is suspected, which caps hold
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs),
    unless_given("rate", Setup::new(Profile::Lan).rate),
    unless_given("watch", as_typed(Setup::new(Profile::Lan).watch)),
    unless_given("retained", Setup::new(Profile::Lan).retained),
    after_help = "Three clusters from one seed: the storm, the coming and going, and both. 1,000 nodes with 100 rumors each take some \
                  minutes."
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How many each publishes
    #[arg(long, value_name = "N", default_value_t = 100)]
    rumors: u32,
    /// Bytes of payload of each
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(..=1_024))]
    size: u32,
    /// How much they matter
    #[arg(long, value_enum, default_value_t = RumorClass::Urgent)]
    class: RumorClass,
    /// Rumors that a node retains
    #[arg(long, value_name = "N")]
    retained: Option<u32>,
    /// Guests that come, and that go, each second; 0 leaves out what has to do with them
    #[arg(long, value_name = "RATE")]
    rate: Option<f64>,
    /// How long they do
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    watch: Option<Duration>,
    /// Write the share delivered by time to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
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
    plot::save(args.svg.as_deref(), || picture::storm(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    (setup.rumors, setup.payload, setup.class) = (args.rumors, args.size, args.class.into());
    setup.retained = args.retained.unwrap_or(setup.retained);
    setup.rate = args.rate.unwrap_or(setup.rate);
    setup.watch = args.watch.map_or(setup.watch, Span::from);
    let line = Line::new("storm");
    let report = storm::run(&setup, &|far| line.say(|| how_far(&far))).map_err(refused)?;
    line.end(args.common.json);
    Ok(Played { setup, report })
}

/// One part of one run, for a person who waits.
fn how_far(far: &Far) -> String {
    let time = |span: Span| micros(span.as_micros());
    let news = match far.part.publishes() {
        true => format!(", {:.2} % delivered, {:.2} % reported lost", far.delivered * 100.0, far.lost * 100.0),
        false => String::new(),
    };
    format!("{}, seed {}: {} of at most {} virtual{news}", far.part.name(), far.seed, time(far.passed), time(far.limit))
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    class: &'static str,
    rumors: u32,
    bytes: u32,
    retained: u32,
    rate: f64,
    rows: Vec<Row>,
    #[serde(flatten)]
    memory: Bought,
}

#[derive(Serialize)]
struct Row {
    part: &'static str,
    delivered: u64,
    lost: u64,
    missing: u64,
    refused: u64,
    over_ms: Spread,
    bytes_per_node: Spread,
    ahead_ms: Spread,
    suspicions: u64,
    join_known_ms: Spread,
    leave_known_ms: Spread,
    unknown: u64,
    course: Vec<Moment>,
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let row = |row: &storm::Row| Row {
        part: row.part.name(),
        delivered: row.delivered,
        lost: row.lost,
        missing: row.missing,
        refused: row.refused,
        over_ms: row.over_ms.into(),
        bytes_per_node: row.bytes_per_node.into(),
        ahead_ms: row.ahead_ms.into(),
        suspicions: row.suspicions,
        join_known_ms: row.known_ms[0].into(),
        leave_known_ms: row.known_ms[1].into(),
        unknown: row.unknown,
        course: Moment::course(&row.course),
    };
    let figures = Figures {
        class: setup.class.name(),
        rumors: setup.rumors,
        bytes: setup.payload,
        retained: setup.retained,
        rate: setup.rate,
        rows: report.rows.iter().map(row).collect(),
        memory: report.memory.into(),
    };
    Document::new("storm", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    let what = format!("{} {} rumors of {} B each", setup.rumors, setup.class.name(), setup.payload);
    let guests = format!("{} guests a second for {}", setup.rate, as_typed(setup.watch));
    heading("storm", [nodes(&setup.base), what, guests, loss(&setup.base), runs(setup.runs)])
}

fn text(report: &Report, paint: Paint) -> String {
    let titles = [
        "",
        ">delivered",
        ">lost",
        ">missing",
        ">over after",
        ">sent/node",
        ">ahead of cap",
        ">suspicions",
        ">known p50",
        ">known p99",
        ">gone p50",
        ">gone p99",
        ">unknown",
    ];
    let mut table = Table::new(&titles);
    let time = |d: bruit::sim::experiment::Distribution, ms: f64| {
        Cell::from(if d.count > 0 { micros((ms * 1e3).round() as u64) } else { "-".to_owned() })
    };
    for row in &report.rows {
        let [joined, left] = row.known_ms;
        table.row([
            row.part.name().into(),
            row.delivered.to_string().into(),
            row.lost.to_string().into(),
            Cell::new(if row.missing > 0 { BAD } else { GOOD }, row.missing.to_string()),
            time(row.over_ms, row.over_ms.mean),
            bytes(row.bytes_per_node.mean.round() as u64).into(),
            time(row.ahead_ms, row.ahead_ms.max),
            Cell::new(if row.suspicions > 0 { BAD } else { GOOD }, row.suspicions.to_string()),
            time(joined, joined.p50),
            time(joined, joined.p99),
            time(left, left.p50),
            time(left, left.p99),
            row.unknown.to_string().into(),
        ]);
    }
    let mut text = table.render(paint);
    text += "known, gone: until 99 % hold a guest up that has come, gone that has left; ahead of the cap a burst of 200 ms is allowed\n";
    text += &format!(
        "memory bought, by a node: {}, by all: {}\n",
        bytes(report.memory.node_bytes),
        bytes(report.memory.all_bytes)
    );
    text + &format!("trace hash {:016x}\n", report.trace_hash)
}
