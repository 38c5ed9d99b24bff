//! `bruit sim mongering`: how many never hear of a rumor, and what it costs, by the rule for dropping it.

use std::path::PathBuf;

use bruit::plan::Calls;
use bruit::sim::experiment::mongering::{self, Printed, Report, Rule, Setup};
use bruit::sim::experiment::trace_of;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use libm::exp;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Document, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::usual::Usual;

/// Rumors that are dropped after a while: the tables of Demers et al. 1987
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Rule::PUSH_BLIND_COUNTER, 1).base, Setup::new(Rule::PUSH_BLIND_COUNTER, 1).runs),
    after_help = "What pushes runs on real nodes, as rumors of class normal whose rumor_rule is the one at hand; nodes pull no rumors, so \
                  that runs on the plain model. The model takes no loss: give --loss with rules that push only."
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Which rule; may be given several times [default: all]
    #[arg(long, value_enum)]
    rule: Vec<Name>,
    /// Which k, as in 1,2,3
    #[arg(short, value_name = "K,K..", value_delimiter = ',', default_value = "1,2,3,4,5")]
    k: Vec<u32>,
    /// Write what is missed against the traffic of each rule to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// A rule by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Name {
    /// Table 1: push, k useless contacts in a row
    PushFeedbackCounter,
    /// Table 2: push, each contact with a chance of 1/k
    PushBlindCoin,
    /// Table 3: pull, k useless contacts in a row
    PullFeedbackCounter,
    /// In no table: push, k contacts of whatever use
    PushBlindCounter,
}

impl Name {
    /// The paper's, by table, and the one that has none.
    pub const ALL: [Self; 4] =
        [Self::PushFeedbackCounter, Self::PushBlindCoin, Self::PullFeedbackCounter, Self::PushBlindCounter];

    const fn rule(self) -> Rule {
        match self {
            Self::PushFeedbackCounter => Rule::PUSH_FEEDBACK_COUNTER,
            Self::PushBlindCoin => Rule::PUSH_BLIND_COIN,
            Self::PullFeedbackCounter => Rule::PULL_FEEDBACK_COUNTER,
            Self::PushBlindCounter => Rule::PUSH_BLIND_COUNTER,
        }
    }

    /// As a person reads it.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::PushFeedbackCounter => "push, feedback, counter",
            Self::PushBlindCoin => "push, blind, coin",
            Self::PullFeedbackCounter => "pull, feedback, counter",
            Self::PushBlindCounter => "push, blind, counter",
        }
    }
}

/// One rule with one k, played.
pub struct Row {
    pub name: Name,
    pub k: u32,
    pub report: Report,
    pub printed: Option<Printed>,
}

/// All that was asked for, played.
pub struct Played {
    /// Of all rows but for rule and k.
    pub setup: Setup,
    pub rows: Vec<Row>,
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    plot::writable(args.svg.as_deref())?;
    let played = play(args)?;
    let shown = if args.common.json {
        output::print_json(&document(&played))
    } else {
        output::print(&text(&played, Paint::stdout()))
    };
    plot::save(args.svg.as_deref(), || picture::residue(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let names = if args.rule.is_empty() { &Name::ALL[..] } else { &args.rule };
    let mut setup = Setup::new(Rule::PUSH_BLIND_COUNTER, 1);
    args.common.apply(&mut setup.base, &mut setup.runs);
    let mut rows = Vec::new();
    for (name, k) in names.iter().flat_map(|name| args.k.iter().map(move |k| (*name, *k))) {
        let setup = Setup { rule: name.rule(), k, ..setup.clone() };
        let line = Line::new(&format!("mongering, {}, k {k}", name.shown()));
        let report = mongering::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
        let printed = name.rule().printed(k).filter(|_| setup.base.nodes == 1_000);
        rows.push(Row { name, k, report, printed });
    }
    Ok(Played { setup, rows })
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    rows: Vec<RowFigures>,
}

#[derive(Serialize)]
struct RowFigures {
    engine: &'static str,
    calls: &'static str,
    counts: &'static str,
    stops: &'static str,
    k: u32,
    residue: Spread,
    traffic: Spread,
    t_avg: Spread,
    t_last: Spread,
    paper: Option<Paper>,
}

#[derive(Serialize)]
struct Paper {
    table: u32,
    residue: f64,
    traffic: f64,
    t_avg: f64,
    t_last: f64,
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, rows } = played;
    let figures = |row: &Row| {
        let rule = row.name.rule();
        RowFigures {
            engine: row.report.engine.name(),
            calls: rule.calls.name(),
            counts: rule.counts.name(),
            stops: rule.stops.name(),
            k: row.k,
            residue: row.report.residue.into(),
            traffic: row.report.traffic.into(),
            t_avg: row.report.average.into(),
            t_last: row.report.last.into(),
            paper: row.printed.map(|p| Paper {
                table: p.table,
                residue: p.residue,
                traffic: p.traffic,
                t_avg: p.average,
                t_last: p.last,
            }),
        }
    };
    let hash = hash(rows);
    Document::new("mongering", &setup.base, setup.runs, Figures { rows: rows.iter().map(figures).collect() }, hash)
        .by_rows()
}

fn hash(rows: &[Row]) -> u64 {
    trace_of(rows.iter().map(|row| row.report.trace_hash))
}

fn text(Played { setup, rows }: &Played, paint: Paint) -> String {
    let title = heading("mongering", [nodes(&setup.base), loss(&setup.base), runs(setup.runs)]);
    format!("{title}{}trace hash {:016x}\n", table(rows).render(paint), hash(rows))
}

fn table(rows: &[Row]) -> Table {
    let paper = ">paper";
    let titles =
        ["rule", ">k", ">residue", paper, ">traffic", paper, ">t_avg", paper, ">t_last", paper, "law", "played by"];
    let mut table = Table::new(&titles);
    for row in rows {
        let (report, printed) = (&row.report, row.printed);
        let paper = |of: fn(&Printed) -> f64, show: fn(f64) -> String| {
            printed.as_ref().map_or_else(|| "-".to_owned(), |p| show(of(p)))
        };
        let law = match row.name.rule().calls {
            Calls::Push => format!("e^-traffic = {}", small(exp(-report.traffic.mean))),
            Calls::Pull => String::new(),
        };
        let cells = [
            row.name.shown().to_owned(),
            row.k.to_string(),
            small(report.residue.mean),
            paper(|p| p.residue, small),
            three_digits(report.traffic.mean),
            paper(|p| p.traffic, three_digits),
            three_digits(report.average.mean),
            paper(|p| p.average, three_digits),
            three_digits(report.last.mean),
            paper(|p| p.last, three_digits),
            law,
            report.engine.name().to_owned(),
        ];
        table.row(cells.map(Into::into));
    }
    table
}

/// Two digits of a small share, without an exponent until it is very small.
pub fn small(share: f64) -> String {
    match share {
        0.0 => "0".to_owned(),
        s if s >= 0.1 => format!("{s:.2}"),
        s if s >= 0.01 => format!("{s:.3}"),
        s if s >= 0.001 => format!("{s:.4}"),
        s => format!("{s:.1e}"),
    }
}
