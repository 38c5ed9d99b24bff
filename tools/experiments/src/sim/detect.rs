//! `bruit sim detect`: how long until a crash is noticed, and until all know.

use std::path::PathBuf;

use bruit::Profile;
use bruit::sim::experiment::Distribution;
use bruit::sim::experiment::detect::{self, Report, Setup};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, bytes, micros, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use libm::log;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Bought, Document, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::rows::figure;
use super::usual::Usual;

/// One host falls silent: when it is first noticed, and when all know
#[derive(Debug, clap::Args)]
#[command(usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs))]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Write the times as curves to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    first_pinged_ms: Spread,
    first_pinged_periods: Spread,
    first_detected_ms: Spread,
    declared_ms: Spread,
    all_detected_ms: Spread,
    missed: u32,
    false_positives: u64,
    false_suspicions: u64,
    theory: Theory,
    #[serde(flatten)]
    memory: Bought,
}

#[derive(Serialize)]
struct Theory {
    first_pinged_periods: f64,
    first_pinged_ms: f64,
    first_pinged_ms_p99: f64,
    first_detected_ms_p50: f64,
    first_detected_ms_p99: f64,
    all_detected_ms_p50: f64,
    all_detected_ms_p99: f64,
}

impl From<detect::Theory> for Theory {
    fn from(theory: detect::Theory) -> Self {
        Self {
            first_pinged_periods: theory.periods,
            first_pinged_ms: theory.first_pinged_ms,
            first_pinged_ms_p99: theory.first_pinged_ms * log(100_f64),
            first_detected_ms_p50: theory.first_detected_ms.0,
            first_detected_ms_p99: theory.first_detected_ms.1,
            all_detected_ms_p50: theory.all_detected_ms.0,
            all_detected_ms_p99: theory.all_detected_ms.1,
        }
    }
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
        output::print(&(title(&played.setup) + &table(&played.report).render(Paint::stdout())))
    };
    plot::save(args.svg.as_deref(), || picture::detection(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    let line = Line::new("detect");
    let report = detect::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    line.end(args.common.json);
    Ok(Played { setup, report })
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let figures = Figures {
        first_pinged_ms: report.first_pinged_ms.into(),
        first_pinged_periods: report.first_pinged_periods.into(),
        first_detected_ms: report.first_detected_ms.into(),
        declared_ms: report.declared_ms.into(),
        all_detected_ms: report.all_detected_ms.into(),
        missed: report.missed,
        false_positives: report.false_positives,
        false_suspicions: report.false_suspicions,
        theory: report.theory.into(),
        memory: report.memory.into(),
    };
    Document::new("detect", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    heading("detect", [nodes(&setup.base), loss(&setup.base), runs(setup.runs)])
}

fn table(report: &Report) -> Table {
    let theory = Theory::from(report.theory);
    let show = |ms: f64| micros((ms * 1e3).round() as u64);
    let mut table = Table::new(&["from the crash", ">mean", ">p50", ">p99", ">most", "expected"]);
    let mut row = |name: &str, d: Distribution, show: &dyn Fn(f64) -> String, expected: String| {
        let columns: [fn(Distribution) -> f64; 4] = [|d| d.mean, |d| d.p50, |d| d.p99, |d| d.max];
        let [mean, p50, p99, max] = columns.map(|of| figure(d, of, show));
        table.row([name.into(), mean.into(), p50.into(), p99.into(), max.into(), expected.into()]);
    };
    let planned = |p50: f64, p99: f64| format!("plan: p50 {}, p99 {}", show(p50), show(p99));
    let swim = format!("SWIM: mean {}, p99 {}", show(theory.first_pinged_ms), show(theory.first_pinged_ms_p99));
    row("first pinged", report.first_pinged_ms, &show, swim);
    let periods = format!("SWIM: mean e/(e-1) = {}", three_digits(theory.first_pinged_periods));
    row("  in whole periods", report.first_pinged_periods, &three_digits, periods);
    let first = planned(theory.first_detected_ms_p50, theory.first_detected_ms_p99);
    row("first suspected", report.first_detected_ms, &show, first);
    row("first held dead", report.declared_ms, &show, String::new());
    let all = planned(theory.all_detected_ms_p50, theory.all_detected_ms_p99);
    row("held dead by all", report.all_detected_ms, &show, all);
    let mut count = |name: &str, n: u64| table.row([name.into(), n.to_string().into()]);
    count("crashes", report.first_pinged_ms.count);
    count("not known to all in time", u64::from(report.missed));
    count("held dead though alive", report.false_positives);
    count("suspected though alive", report.false_suspicions);
    table.row(["memory bought, by a node".into(), bytes(report.memory.node_bytes).into()]);
    table.row(["  by all".into(), bytes(report.memory.all_bytes).into()]);
    table.row(["trace hash".into(), format!("{:016x}", report.trace_hash).into()]);
    table
}
