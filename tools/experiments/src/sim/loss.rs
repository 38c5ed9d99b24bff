//! `bruit sim loss`: who is left where a tenth of all datagrams is lost.

use std::path::PathBuf;

use bruit::Profile;
use bruit::sim::experiment::loss::{self, Report, Setup};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Document, Spread};
use super::heading::{heading, loss as lost, nodes, runs};
use super::picture;
use super::usual::{Usual, as_typed};

/// A tenth of all datagrams is lost: the size of the stable group, with and without suspicion
#[derive(Debug, clap::Args)]
#[command(usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs))]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Write the size of the group by time to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
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
    stable: Spread,
    suspicions: Spread,
    /// Every 5 s.
    members_every_5s: Vec<f64>,
    paper_stable: Option<u32>,
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
        output::print(&(title(&played.setup) + &table(&played).render(Paint::stdout())))
    };
    plot::save(args.svg.as_deref(), || picture::group(&played))?;
    shown
}

/// Plays it.
pub fn play(args: &Args) -> Result<Played, Failure> {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    let line = Line::new("loss");
    let report = loss::run(&setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    Ok(Played { setup, report })
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let row = |row: &loss::RowReport| Row {
        name: row.row.name(),
        stable: row.stable.into(),
        suspicions: row.suspicions.into(),
        members_every_5s: row.course.clone(),
        paper_stable: row.row.printed().filter(|_| setup.is_printed()),
    };
    let watch_s = setup.watch.as_millis() as f64 / 1e3;
    let figures = Figures { watch_s, rows: report.rows.iter().map(row).collect() };
    Document::new("loss", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup) -> String {
    let watch = format!("watched {}", as_typed(setup.watch));
    heading("loss", [nodes(&setup.base), lost(&setup.base), watch, runs(setup.runs)])
}

fn table(played: &Played) -> Table {
    let Played { setup, report } = played;
    let mut table = Table::new(&["", ">left", ">least", ">most", ">SWIM's", ">suspicions"]);
    for row in &report.rows {
        let printed = row.row.printed().filter(|_| setup.is_printed());
        let cells = [
            row.row.name().to_owned(),
            three_digits(row.stable.mean),
            three_digits(row.stable.min),
            three_digits(row.stable.max),
            printed.map_or_else(|| "-".to_owned(), |n| n.to_string()),
            three_digits(row.suspicions.mean),
        ];
        table.row(cells.map(Into::into));
    }
    table.row(["trace hash".into(), format!("{:016x}", report.trace_hash).into()]);
    table
}
