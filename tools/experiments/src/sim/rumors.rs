//! `bruit sim rumors`: a rumor is published; who has it when, and for how many copies.

use std::path::PathBuf;

use bruit::sim::experiment::rumors::{self, Report, Setup};
use bruit::{Class, Profile, Rule};
use bruit_config::RumorClass;
use bruit_config::Setting;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Cell, Paint, Table, bytes, micros, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Document, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::mongering::small;
use super::picture;
use super::rows::time;
use super::usual::Usual;

/// Rumors that nodes publish: how soon all have one and for how many copies, by the rule that ends the telling
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Class::Normal, Profile::Lan).base, Setup::new(Class::Normal, Profile::Lan).runs),
    after_help = "Each rumor is played twice: once as it is, and once without repair, which shows what telling alone has missed. What \
                  is urgent is not told in rounds, and knows no rule."
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How much they matter
    #[arg(long, value_enum, default_value_t = RumorClass::Normal)]
    class: RumorClass,
    /// When to stop, as in feedback-counter-2,blind-coin-4 [default: as the profile has it]
    #[arg(long, value_name = "RULE,RULE..", value_delimiter = ',', value_parser = Rule::from_text)]
    rule: Vec<Rule>,
    /// Bytes of payload
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(..=1_024))]
    size: u32,
    /// Write what is left to repair against the copies of each rule to this file, as SVG
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
        output::print(&(title(&played.setup) + &text(&played, Paint::stdout())))
    };
    plot::save(args.svg.as_deref(), || picture::left_to_repair(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup::new(args.class.into(), args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    if !args.rule.is_empty() {
        setup.rules.clone_from(&args.rule);
    }
    setup.payload = args.size;
    let line = Line::new("rumors");
    let report = rumors::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    line.end(args.common.json);
    Ok(Played { setup, report })
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    class: &'static str,
    bytes: u32,
    rows: Vec<Row>,
    planned: Option<Planned>,
}

#[derive(Serialize)]
struct Row {
    rule: Option<String>,
    residue: Spread,
    told_per_node: Spread,
    copies_per_node: Spread,
    bytes_per_node: Spread,
    nearly_all_ms: Spread,
    all_ms: Spread,
    missed: u64,
}

#[derive(Serialize)]
struct Planned {
    nearly_all_ms: Quantiles,
    all_ms: Quantiles,
}

#[derive(Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
}

impl From<[f64; 2]> for Quantiles {
    fn from([p50, p99]: [f64; 2]) -> Self {
        Self { p50, p99 }
    }
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let row = |row: &rumors::Row| Row {
        rule: (setup.class != Class::Urgent).then(|| row.rule.show()),
        residue: row.residue.into(),
        told_per_node: row.told.into(),
        copies_per_node: row.copies.into(),
        bytes_per_node: row.bytes.into(),
        nearly_all_ms: row.nearly_ms.into(),
        all_ms: row.all_ms.into(),
        missed: row.missed,
    };
    let planned = report.planned.map(|p| Planned { nearly_all_ms: p.nearly_ms.into(), all_ms: p.all_ms.into() });
    let rows = report.rows.iter().map(row).collect();
    let figures = Figures { class: setup.class.name(), bytes: setup.payload, rows, planned };
    Document::new("rumors", &setup.base, setup.runs, figures, report.trace_hash)
}

/// The rule of a row, where there is one.
pub fn rule_of(setup: &Setup, row: &rumors::Row) -> String {
    if setup.class == Class::Urgent { "at once".to_owned() } else { row.rule.show() }
}

fn title(setup: &Setup) -> String {
    let what = format!("class {}, {} B of payload", setup.class.name(), setup.payload);
    heading("rumors", [nodes(&setup.base), what, loss(&setup.base), runs(setup.runs)])
}

fn text(played: &Played, paint: Paint) -> String {
    let Played { setup, report } = played;
    let titles =
        ["rule", ">left", ">told", ">copies", ">bytes", ">99.9 % p50", ">p99", ">all p50", ">p99", ">most", ">missed"];
    let mut table = Table::new(&titles);
    let planned_time = |ms: f64| Cell::from(micros((ms * 1e3).round() as u64));
    for row in &report.rows {
        table.row([
            rule_of(setup, row).into(),
            small(row.residue.mean).into(),
            three_digits(row.told.mean).into(),
            three_digits(row.copies.mean).into(),
            bytes(row.bytes.mean.round() as u64).into(),
            time(row.nearly_ms, |d| d.p50).into(),
            time(row.nearly_ms, |d| d.p99).into(),
            time(row.all_ms, |d| d.p50).into(),
            time(row.all_ms, |d| d.p99).into(),
            time(row.all_ms, |d| d.max).into(),
            row.missed.to_string().into(),
        ]);
    }
    if let Some(planned) = report.planned {
        let [nearly, all] = [planned.nearly_ms, planned.all_ms].map(|times| times.map(planned_time));
        let cells = ["rounds for ever, planned", "", "", "", ""].map(Cell::from);
        table.row(cells.into_iter().chain(nearly).chain(all));
    }
    let mut text = table.render(paint);
    text += "left: share of nodes not reached without repair; told: copies per node until then; copies, bytes: with repair, per node\n";
    text + &format!("trace hash {:016x}\n", report.trace_hash)
}
