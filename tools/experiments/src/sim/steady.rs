//! `bruit sim steady`: what a cluster costs in which nothing happens.

use std::path::PathBuf;
use std::time::Duration;

use bruit::sim::experiment::steady::{self, Report, Setup};
use bruit::{Profile, Span};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, bytes, nanos, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Bought, Document, Spread};
use super::heading::{heading, loss, nodes, runs};
use super::picture;
use super::rows::Rows;
use super::usual::{Usual, as_typed};

/// Nothing happens: datagrams, bytes and work per node and second
#[derive(Debug, clap::Args)]
#[command(usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs))]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Play it with so many nodes each, as in 10,100,1000
    #[arg(long, value_name = "N,N..", value_delimiter = ',', conflicts_with = "nodes")]
    sizes: Vec<u32>,
    /// How long to watch
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    watch: Duration,
    /// Write bytes and processor time by the number of nodes to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    datagrams_per_node_s: Spread,
    bytes_per_node_s: Spread,
    /// Null where no clock was read.
    cpu_ns_per_node_s: Option<Spread>,
    suspicions: u64,
    #[serde(flatten)]
    memory: Bought,
}

#[derive(Serialize)]
struct Sizes {
    schema: u32,
    scenario: &'static str,
    sizes: Vec<Document<'static, Figures>>,
}

/// One size, played.
pub struct Played {
    pub setup: Setup,
    pub report: Report,
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    plot::writable(args.svg.as_deref())?;
    let played = play(args, &thread_time)?;
    let shown = match &played[..] {
        [one] if args.sizes.is_empty() => {
            document(one).show(args.common.json, &title(&one.setup, nodes(&one.setup.base)), &rows(&one.report))
        }
        all if args.common.json => {
            let sizes = all.iter().map(document).collect();
            output::print_json(&Sizes { schema: 1, scenario: "steady", sizes })
        }
        all => {
            let title = all.first().map(|one| title(&one.setup, "by size".to_owned())).unwrap_or_default();
            output::print(&(title + &sizes_table(all).render(Paint::stdout())))
        }
    };
    plot::save_svg(args.svg.as_deref(), || {
        plot::stacked(&[picture::idle_bytes(&played), picture::idle_work(&played)])
    })?;
    shown
}

/// Plays each size; `clock` is the time that the calling thread has used.
pub fn play(args: &Args, clock: &(dyn Fn() -> Duration + Sync)) -> Result<Vec<Played>, Failure> {
    let mut setup = Setup { watch: Span::from(args.watch), ..Setup::new(args.common.profile) };
    args.common.apply(&mut setup.base, &mut setup.runs);
    let sizes = if args.sizes.is_empty() { std::slice::from_ref(&setup.base.nodes) } else { &args.sizes };
    let of = |nodes: &u32| {
        let mut setup = setup.clone();
        setup.base.nodes = *nodes;
        setup
    };
    // A mistake in the last is told before the first is played.
    sizes.iter().try_for_each(|nodes| of(nodes).check()).map_err(refused)?;
    let one = |nodes: &u32| {
        let setup = of(nodes);
        let line = Line::new(&format!("steady, {nodes} nodes"));
        let report = steady::run(&setup, &|done, of| line.runs(done, of), clock).map_err(refused)?;
        line.end(args.common.json);
        Ok(Played { setup, report })
    };
    sizes.iter().map(one).collect()
}

/// The processor time that this thread has used.
pub fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let figures = Figures {
        datagrams_per_node_s: report.datagrams_per_node_s.into(),
        bytes_per_node_s: report.bytes_per_node_s.into(),
        cpu_ns_per_node_s: (report.cpu_ns_per_node_s.max > 0.0).then(|| report.cpu_ns_per_node_s.into()),
        suspicions: report.suspicions,
        memory: report.memory.into(),
    };
    Document::new("steady", &setup.base, setup.runs, figures, report.trace_hash)
}

fn title(setup: &Setup, nodes: String) -> String {
    let watch = format!("watched {}", as_typed(setup.watch));
    heading("steady", [nodes, loss(&setup.base), watch, runs(setup.runs)])
}

fn rows(report: &Report) -> Rows {
    let mut rows = Rows::new("per node and second");
    rows.number("datagrams sent", report.datagrams_per_node_s);
    rows.bytes("payload sent", report.bytes_per_node_s);
    rows.nanos("processor time, the simulator's included", report.cpu_ns_per_node_s);
    rows.count("suspicions in all", report.suspicions);
    rows.memory(report.memory);
    rows.hash(report.trace_hash);
    rows
}

fn sizes_table(played: &[Played]) -> Table {
    let mut table = Table::new(&[
        ">nodes",
        ">datagrams/node/s",
        ">payload/node/s",
        ">processor time/node/s",
        ">suspicions",
        "trace hash",
    ]);
    for Played { setup, report } in played {
        let cells = [
            setup.base.nodes.to_string(),
            three_digits(report.datagrams_per_node_s.mean),
            bytes(report.bytes_per_node_s.mean.round() as u64),
            nanos(report.cpu_ns_per_node_s.mean),
            report.suspicions.to_string(),
            format!("{:016x}", report.trace_hash),
        ];
        table.row(cells.map(Into::into));
    }
    table
}
