//! `bruit sim lifeguard`: slow members among healthy ones, under SWIM, each part of Lifeguard, and bruit.

use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::Distribution;
use bruit::sim::experiment::lifeguard::{self, Blocks, Figures as Run, Report, RowReport, Setup};
use bruit::{Profile, Span};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, bytes, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Document, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::rows::time;
use super::usual::{Usual, as_typed, list};

/// Some members are blocked now and then: whom that costs its place, under SWIM, Lifeguard and bruit
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs),
    unless_given("starved", list(members(&Setup::new(Profile::Lan)))),
    unless_given("pause", list(times(&Setup::new(Profile::Lan), |cell| cell.pause))),
    unless_given("interval", list(times(&Setup::new(Profile::Lan), |cell| cell.interval)))
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How many members are blocked (C); several, each is played: 4,16,32
    #[arg(long, value_name = "C", value_delimiter = ',')]
    starved: Vec<u32>,
    /// For how long (D); several, each is played: 2048ms,8192ms
    #[arg(long, value_name = "TIME", value_delimiter = ',', value_parser = humantime::parse_duration)]
    pause: Vec<Duration>,
    /// How long they are free between two blocks (I); several, each is played
    #[arg(long, value_name = "TIME", value_delimiter = ',', value_parser = humantime::parse_duration)]
    interval: Vec<Duration>,
    /// Play all that the paper has of C, D and I where one is not given: 432 cells, eight minutes of processor time
    #[arg(long)]
    whole: bool,
    /// Write false positives by blocked members, a curve for each row, to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write detection time against false positives, a dot for each row, to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg_latency: Option<PathBuf>,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    watch_s: f64,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    false_positives: u64,
    false_positives_at_healthy: u64,
    messages: u64,
    bytes: u64,
    percent_of_first_row: Option<[Option<f64>; 4]>,
    paper_percent: Option<[f64; 4]>,
    false_positives_per_run: Spread,
    false_positives_at_healthy_per_run: Spread,
    messages_per_run: Spread,
    bytes_per_run: Spread,
    first_detected_ms: Spread,
    all_detected_ms: Spread,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    starved: u32,
    pause_ms: u64,
    interval_ms: u64,
    false_positives: u64,
    false_positives_at_healthy: u64,
    messages: u64,
    bytes: u64,
}

/// The columns of the paper's tables.
pub const COLUMNS: [fn(&Run) -> u64; 4] =
    [|r| r.false_positives, |r| r.false_positives_at_healthy, |r| r.messages, |r| r.bytes];

/// What was played, and what came out.
pub struct Played {
    pub setup: Setup,
    pub report: Report,
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    plot::writable(args.svg.as_deref())?;
    plot::writable(args.svg_latency.as_deref())?;
    let played = play(args)?;
    let shown = if args.common.json {
        output::print_json(&document(&played))
    } else {
        output::print(&text(&played, Paint::stdout()))
    };
    let saved = plot::save(args.svg.as_deref(), || picture::false_positives(&played));
    plot::save(args.svg_latency.as_deref(), || picture::latency(&played))?;
    saved.and(shown)
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let setup = setup(args);
    let line = Line::new("lifeguard");
    let report = lifeguard::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    Ok(Played { setup, report })
}

fn setup(args: &Args) -> Setup {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    let given = |times: &[Duration]| times.iter().copied().map(Span::from).collect::<Vec<_>>();
    let part = |part: Vec<Span>, whole: &[Span], usual: fn(&Blocks) -> Span, cells: &[Blocks]| match part {
        part if !part.is_empty() => part,
        _ if args.whole => whole.to_vec(),
        _ => distinct(cells.iter().map(usual)),
    };
    let members = match &args.starved[..] {
        [] if args.whole => Setup::MEMBERS.to_vec(),
        [] => distinct(setup.cells.iter().map(|cell| cell.members)),
        given => given.to_vec(),
    };
    let pauses = part(given(&args.pause), &Setup::PAUSES, |cell| cell.pause, &setup.cells);
    let intervals = part(given(&args.interval), &Setup::INTERVALS, |cell| cell.interval, &setup.cells);
    setup.cells = Setup::grid(&members, &pauses, &intervals);
    setup
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// Each column in percent of the first row's, where that is not nothing.
pub fn percent(report: &Report, row: &RowReport) -> Option<[Option<f64>; 4]> {
    let first = report.rows.first()?;
    Some(COLUMNS.map(|column| match first.total(column) {
        0 => None,
        whole => Some(100.0 * row.total(column) as f64 / whole as f64),
    }))
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let row = |row: &RowReport| {
        let [false_positives, false_positives_at_healthy, messages, bytes] = COLUMNS.map(|column| row.total(column));
        let [all, healthy, sent, payload] = COLUMNS.map(|column| row.spread(column).into());
        Row {
            name: row.row.name(),
            false_positives,
            false_positives_at_healthy,
            messages,
            bytes,
            percent_of_first_row: percent(report, row),
            paper_percent: row.row.printed(),
            false_positives_per_run: all,
            false_positives_at_healthy_per_run: healthy,
            messages_per_run: sent,
            bytes_per_run: payload,
            first_detected_ms: row.times(|run| &run.first_detected_ms).into(),
            all_detected_ms: row.times(|run| &run.all_detected_ms).into(),
            cells: row.cells.iter().map(cell).collect(),
        }
    };
    let watch_s = setup.watch.as_millis() as f64 / 1e3;
    let figures = Figures { watch_s, rows: report.rows.iter().map(row).collect() };
    Document::new("lifeguard", &setup.base, setup.runs, figures, report.trace_hash)
}

fn cell(cell: &lifeguard::Cell) -> Cell {
    let of = |column: fn(&Run) -> u64| cell.runs.iter().map(column).sum();
    Cell {
        starved: cell.blocks.members,
        pause_ms: cell.blocks.pause.as_millis(),
        interval_ms: cell.blocks.interval.as_millis(),
        false_positives: of(|r| r.false_positives),
        false_positives_at_healthy: of(|r| r.false_positives_at_healthy),
        messages: of(|r| r.messages),
        bytes: of(|r| r.bytes),
    }
}

fn members(setup: &Setup) -> Vec<u32> {
    distinct(setup.cells.iter().map(|cell| cell.members))
}

/// Times of the cells, each once, as their flags take them.
fn times(setup: &Setup, of: fn(&Blocks) -> Span) -> Vec<String> {
    distinct(setup.cells.iter().map(of)).into_iter().map(|time| format!("{}ms", time.as_millis())).collect()
}

fn text(Played { setup, report }: &Played, paint: Paint) -> String {
    let blocked = format!("{} blocked", list(members(setup)));
    let pause = format!("for {}", list(times(setup, |cell| cell.pause)));
    let interval = format!("free for {}", list(times(setup, |cell| cell.interval)));
    let watch = format!("watched {}", as_typed(setup.watch));
    let title = heading(
        "lifeguard",
        [nodes(&setup.base), blocked, pause, interval, watch, loss(&setup.base), runs(setup.runs)],
    );
    title + &table(report).render(paint) + "%: of what the row swim has\n"
}

fn table(report: &Report) -> Table {
    let mut table = Table::new(&[
        "",
        ">false positives",
        ">at healthy",
        ">messages",
        ">bytes",
        ">false positives %",
        ">at healthy %",
        ">messages %",
        ">bytes %",
        ">first detected",
        ">by all",
    ]);
    for row in &report.rows {
        let [all, healthy, messages, payload] = COLUMNS.map(|column| row.total(column));
        let [first, everybody] = [row.times(|r| &r.first_detected_ms), row.times(|r| &r.all_detected_ms)].map(detected);
        let counts = [row.row.name().to_owned(), all.to_string(), healthy.to_string(), messages.to_string()];
        let shares = percent(report, row).into_iter().flatten().map(share);
        let cells = counts.into_iter().chain([bytes(payload)]).chain(shares).chain([first, everybody]);
        table.row(cells.map(Into::into));
    }
    for row in &report.rows {
        let Some(printed) = row.row.printed() else { continue };
        let counts = [format!("{}, paper", row.row.name()), String::new(), String::new(), String::new(), String::new()];
        table.row(counts.into_iter().chain(printed.map(|p| share(Some(p)))).map(Into::into));
    }
    table.row(["trace hash".into(), format!("{:016x}", report.trace_hash).into()]);
    table
}

/// The median of times of detection, and of how many it is: not all that somebody detects becomes known to all.
pub fn detected(d: Distribution) -> String {
    if d.count == 0 { "-".to_owned() } else { format!("{} of {}", time(d, |d| d.p50), d.count) }
}

fn share(percent: Option<f64>) -> String {
    percent.map_or_else(|| "-".to_owned(), three_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_values_are_played_once() {
        assert_eq!(distinct([4, 16, 4, 32, 16].into_iter()), [4, 16, 32]);
    }
}
