//! `bruit sim aggregate`: which way of averaging survives loss and crashes?

use std::path::PathBuf;

use bruit::sim::experiment::aggregate::{self, Method, Report, Setup};
use bruit::sim::experiment::trace_of;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, engine_line, permille, refused};
use super::document::{Document, Spread};
use super::heading::{heading, nodes, percent, runs};
use super::mongering::small;
use super::picture;
use super::usual::Usual;

/// Averaging by gossip: when every node is right within 1 %, by what is lost
#[derive(Debug, clap::Args)]
#[command(
    usually(&Setup::new(Method::Node).base, Setup::new(Method::Node).runs),
    after_help = "Every other node contributes a number between 0 and 100; mean, sum and count count. Real nodes do as they do; push-sum, \
                  push-pull and flow updating run on the plain models of their papers. --loss is overruled by --losses."
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How to average; may be given several times [default: all]
    #[arg(long, value_enum)]
    method: Vec<Name>,
    /// Which losses, as in 0,0.1
    #[arg(long, value_name = "SHARE,SHARE..", value_delimiter = ',', value_parser = permille, default_value = "0,0.1,0.2,0.3")]
    losses: Vec<u32>,
    /// The share of nodes that crashes after ten rounds
    #[arg(long, value_name = "SHARE", value_parser = permille, default_value = "0")]
    crashed: u32,
    /// For how many rounds
    #[arg(long, default_value_t = 40)]
    rounds: u32,
    /// Write the error of the worst node by round at the highest of the losses to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// A method by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Name {
    /// Half of what a node has to somebody each round: Kempe, Dobra, Gehrke 2003
    PushSum,
    /// Two that meet have the same afterwards: Jelasity, Montresor, Babaoglu 2005
    PushPull,
    /// Flows to all neighbours each round: Jesus, Baquero, Almeida 2009
    FlowUpdating,
    /// What nodes do: versioned flows to one neighbour after the other
    Node,
}

impl Name {
    const ALL: [Self; 4] = [Self::PushSum, Self::PushPull, Self::FlowUpdating, Self::Node];

    const fn method(self) -> Method {
        match self {
            Self::PushSum => Method::PushSum,
            Self::PushPull => Method::PushPull,
            Self::FlowUpdating => Method::FlowUpdating,
            Self::Node => Method::Node,
        }
    }

    /// As a person reads it.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::PushSum => "push-sum",
            Self::PushPull => "push-pull",
            Self::FlowUpdating => "flow updating",
            Self::Node => "versioned flows",
        }
    }
}

/// One method at one loss, played.
pub struct Row {
    pub name: Name,
    pub loss_permille: u32,
    pub report: Report,
}

/// All that was asked for, played.
pub struct Played {
    /// Of all rows but for method and loss.
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
    plot::save(args.svg.as_deref(), || picture::averaging(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let names = if args.method.is_empty() { &Name::ALL[..] } else { &args.method };
    let mut setup = Setup::new(Method::Node);
    args.common.apply(&mut setup.base, &mut setup.runs);
    (setup.crashed_permille, setup.rounds) = (args.crashed, args.rounds);
    let mut rows = Vec::new();
    for (name, loss_permille) in names.iter().flat_map(|name| args.losses.iter().map(move |loss| (*name, *loss))) {
        let mut setup = Setup { method: name.method(), ..setup.clone() };
        setup.base.link.loss_permille = loss_permille;
        let line = Line::new(&format!("aggregate, {}, loss {}", name.shown(), percent(loss_permille)));
        let report = aggregate::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
        rows.push(Row { name, loss_permille, report });
    }
    Ok(Played { setup, rows })
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    crashed: f64,
    rounds: u32,
    rows: Vec<RowFigures>,
}

#[derive(Serialize)]
struct RowFigures {
    method: &'static str,
    engine: &'static str,
    loss: f64,
    right_after: Spread,
    never: u32,
    datagrams: Spread,
    /// The mean over the runs, and the most, after each round.
    worst: Vec<(f64, f64)>,
}

/// What a script gets.
pub fn document(Played { setup, rows }: &Played) -> Document<'static, Figures> {
    let share = |permille: u32| f64::from(permille) / 1_000.0;
    let figures = |row: &Row| RowFigures {
        method: row.name.shown(),
        engine: row.report.engine.name(),
        loss: share(row.loss_permille),
        right_after: row.report.right_after.into(),
        never: row.report.never,
        datagrams: row.report.datagrams.into(),
        worst: row.report.worst.clone(),
    };
    let hash = hash(rows);
    let rows = rows.iter().map(figures).collect();
    let figures = Figures { crashed: share(setup.crashed_permille), rounds: setup.rounds, rows };
    Document::new("aggregate", &setup.base, setup.runs, figures, hash).by_rows()
}

fn hash(rows: &[Row]) -> u64 {
    trace_of(rows.iter().map(|row| row.report.trace_hash))
}

fn text(Played { setup, rows }: &Played, paint: Paint) -> String {
    let crashed = format!("{} crash", percent(setup.crashed_permille));
    let rounds = format!("{} rounds", setup.rounds);
    let title = heading("aggregate", [nodes(&setup.base), crashed, rounds, runs(setup.runs)]);
    format!("{title}{}trace hash {:016x}\n", table(rows).render(paint), hash(rows))
}

fn table(rows: &[Row]) -> Table {
    let titles = ["method", ">loss", ">right after", ">most", ">never", ">worst at the end", ">datagrams", "played by"];
    let mut table = Table::new(&titles);
    for row in rows {
        let report = &row.report;
        let [mean, most] = right_after(report);
        let cells = [
            row.name.shown().to_owned(),
            format!("{} %", f64::from(row.loss_permille) / 10.0),
            mean,
            most,
            report.never.to_string(),
            end(report),
            three_digits(report.datagrams.mean),
            engine_line(report.engine).to_owned(),
        ];
        table.row(cells.map(Into::into));
    }
    table
}

/// After how many rounds all are right, in the mean and at most; a dash where some never are.
pub fn right_after(report: &Report) -> [String; 2] {
    if report.never > 0 {
        return ["-".to_owned(), "-".to_owned()];
    }
    [three_digits(report.right_after.mean), three_digits(report.right_after.max)]
}

/// By how much the worst node is off at last, in percent.
pub fn end(report: &Report) -> String {
    let worst = report.worst.last().map_or(0.0, |(mean, _)| *mean);
    if worst >= 1.0 { "100 % or more".to_owned() } else { format!("{} %", small(worst * 100.0)) }
}
