//! `bruit sim spread`: how one piece of news reaches all, beside what theory has.

use std::path::PathBuf;

use bruit::Profile;
use bruit::plan::Mode;
use bruit::sim::experiment::spread::{self, Report, Setup};
use bruit::sim::experiment::{Distribution, Engine, Timing};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint, Table, bytes, three_digits};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;
use serde::Serialize;

use super::common::{Common, engine_line, permille, refused};
use super::document::{Document, Spread};
use super::heading::{heading, loss, nodes, percent, runs};
use super::picture;
use super::usual::Usual;
use crate::plan::inputs::{mode, one_of};

/// One piece of news: rounds until all know, who knows when, and what it costs
#[derive(Debug, clap::Args)]
#[command(usually(&Setup::new(Profile::Lan).base, Setup::new(Profile::Lan).runs))]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Who calls: push, pull or push-pull, which is the nodes' state_mode
    #[arg(long, default_value = "push", value_parser = mode)]
    mode: Mode,
    /// Distinct peers that one node calls in one round
    #[arg(long, value_name = "N", default_value_t = 3)]
    fanout: u32,
    /// The share of nodes that is dead and still on everybody's list, in steps of 0.001
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = permille)]
    dead: u32,
    /// Rounds: all call at once, the latency does not count; event: each at a phase of its own
    #[arg(long, default_value = "rounds", value_parser = timing)]
    timing: Timing,
    /// Forward the news at once when it is first heard, beside the rounds; with event timing
    #[arg(long)]
    eager: bool,
    /// Play it with so many nodes each, as in 10,100,1000
    #[arg(long, value_name = "N,N..", value_delimiter = ',', conflicts_with = "nodes")]
    sizes: Vec<u32>,
    /// Write a picture to this file, as SVG: who knows by round; with --sizes, rounds by the number of nodes
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn timing(text: &str) -> Result<Timing, String> {
    one_of(&Timing::ALL, Timing::name, text)
}

/// One size, played.
pub struct Played {
    pub setup: Setup,
    pub report: Report,
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    plot::writable(args.svg.as_deref())?;
    let played = play(args)?;
    let shown = match &played[..] {
        [one] if args.sizes.is_empty() && args.common.json => output::print_json(&document(one)),
        [one] if args.sizes.is_empty() => {
            let title = title(&one.setup, nodes(&one.setup.base));
            output::print(&(title + &table(one).render(Paint::stdout()) + &notes(one).render(Paint::stdout())))
        }
        all if args.common.json => {
            let sizes = all.iter().map(document).collect();
            output::print_json(&Sizes { schema: 1, scenario: "spread", sizes })
        }
        all => {
            let title = all.first().map(|one| title(&one.setup, "by size".to_owned())).unwrap_or_default();
            output::print(&(title + &sizes_table(all).render(Paint::stdout())))
        }
    };
    plot::save(args.svg.as_deref(), || match &played[..] {
        [one] if args.sizes.is_empty() => picture::coverage(one),
        all => picture::by_size(all),
    })?;
    shown
}

/// Plays each size.
pub fn play(args: &Args) -> Result<Vec<Played>, Failure> {
    let one = [setup(args, args.common.nodes)];
    let many: Vec<_> = args.sizes.iter().map(|n| setup(args, Some(*n))).collect();
    let setups = if many.is_empty() { &one[..] } else { &many };
    // A mistake in the last is told before the first is played.
    setups.iter().try_for_each(|setup| setup.check().map(|_| ())).map_err(refused)?;
    setups.iter().map(play_one).collect()
}

fn setup(args: &Args, nodes: Option<u32>) -> Setup {
    let mut setup = Setup::new(args.common.profile);
    args.common.apply(&mut setup.base, &mut setup.runs);
    setup.base.nodes = nodes.unwrap_or(setup.base.nodes);
    setup.base.config.fanout = args.fanout;
    (setup.mode, setup.timing, setup.dead_permille, setup.eager) = (args.mode, args.timing, args.dead, args.eager);
    setup
}

fn play_one(setup: &Setup) -> Result<Played, Failure> {
    let line = Line::new(&format!("spread, {} nodes", setup.base.nodes));
    let report = spread::run(setup, &|done, of| line.runs(done, of)).map_err(refused)?;
    Ok(Played { setup: setup.clone(), report })
}

#[derive(Serialize)]
struct Sizes<'a> {
    schema: u32,
    scenario: &'a str,
    sizes: Vec<Document<'a, Figures>>,
}

/// What a script gets of it.
#[derive(Serialize)]
pub struct Figures {
    fanout: u32,
    mode: &'static str,
    timing: &'static str,
    eager: bool,
    dead: f64,
    living: u32,
    rounds_to: ByGoal<Spread>,
    coverage: Vec<Point>,
    datagrams_per_node: f64,
    bytes_per_node: f64,
    questions_per_node: f64,
    theory: Option<Theory>,
}

/// One for each share of the living.
#[derive(Serialize)]
struct ByGoal<T> {
    #[serde(rename = "0.99")]
    most: T,
    #[serde(rename = "0.999")]
    nearly: T,
    #[serde(rename = "1")]
    all: T,
}

impl<T> From<[T; 3]> for ByGoal<T> {
    fn from([most, nearly, all]: [T; 3]) -> Self {
        Self { most, nearly, all }
    }
}

#[derive(Serialize)]
struct Point {
    round: f64,
    mean: f64,
    p5: f64,
    p95: f64,
}

#[derive(Serialize)]
struct Theory {
    name: &'static str,
    rounds_to: ByGoal<Expected>,
    closed: Option<Closed>,
}

#[derive(Serialize)]
struct Expected {
    mean: f64,
    p99: f64,
}

#[derive(Serialize)]
struct Closed {
    name: &'static str,
    mean: f64,
}

/// What a script gets.
pub fn document(played: &Played) -> Document<'static, Figures> {
    let Played { setup, report } = played;
    let theory = report.theory.as_ref().map(|theory| Theory {
        name: theory.name,
        rounds_to: theory.rounds_to.map(|(mean, p99)| Expected { mean, p99 }).into(),
        closed: theory.closed.map(|closed| Closed { name: closed.name, mean: closed.rounds }),
    });
    let figures = Figures {
        fanout: setup.base.config.fanout,
        mode: setup.mode.name(),
        timing: setup.timing.name(),
        eager: setup.eager,
        dead: f64::from(setup.dead_permille) / 1_000.0,
        living: report.living,
        rounds_to: report.rounds_to.map(Spread::from).into(),
        coverage: (report.coverage.iter())
            .map(|c| Point { round: c.round, mean: c.mean, p5: c.p5, p95: c.p95 })
            .collect(),
        datagrams_per_node: report.sent_per_node.0.mean,
        bytes_per_node: report.sent_per_node.1.mean,
        questions_per_node: report.asked_per_node.mean,
        theory,
    };
    Document::new("spread", &setup.base, setup.runs, figures, report.trace_hash)
}

/// What times are counted in.
pub const fn unit(timing: Timing) -> &'static str {
    match timing {
        Timing::Rounds => "rounds",
        Timing::Event => "intervals",
    }
}

fn title(setup: &Setup, nodes: String) -> String {
    let eager = if setup.eager { ", eager" } else { "" };
    let how = format!("{}, {}{eager}, fanout {}", setup.mode.name(), setup.timing.name(), setup.base.config.fanout);
    let dead = format!("{} dead", percent(setup.dead_permille));
    heading("spread", [nodes, how, dead, loss(&setup.base), runs(setup.runs)])
}

fn table(played: &Played) -> Table {
    let Played { setup, report } = played;
    let first = match setup.timing {
        Timing::Rounds => "rounds until",
        Timing::Event => "intervals until",
    };
    let mut table = Table::new(&[first, ">mean", ">p50", ">p99", ">most", ">theory", ">its p99"]);
    let names = ["99 % know", "99.9 % know", "all know"];
    for (goal, (name, d)) in names.into_iter().zip(report.rounds_to).enumerate() {
        let mut cells = vec![name.to_owned()];
        cells.extend([d.mean, d.p50, d.p99, d.max].map(three_digits));
        let theory = report.theory.as_ref().map(|theory| theory.rounds_to[goal]);
        cells.extend(theory.into_iter().flat_map(|(mean, p99)| [three_digits(mean), three_digits(p99)]));
        table.row(cells.into_iter().map(Into::into));
    }
    table
}

/// What else came out, and what has played it.
fn notes(played: &Played) -> Table {
    let report = &played.report;
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.row([name.into(), value.into()]);
    match &report.theory {
        Some(theory) => row("theory", theory.name.to_owned()),
        None => row("theory", "none for forwarding at first receipt".to_owned()),
    }
    if let Some(closed) = report.theory.as_ref().and_then(|theory| theory.closed) {
        row("proved for all", format!("{} = {}", closed.name, three_digits(closed.rounds)));
    }
    let (datagrams, sent) = report.sent_per_node;
    row("datagrams of a node", three_digits(datagrams.mean));
    row("payload of a node", bytes(sent.mean.round() as u64));
    if played.setup.mode.pulls() {
        row("questions of a node", three_digits(report.asked_per_node.mean));
    }
    row("played by", engine_line(Engine::Node).to_owned());
    row("trace hash", format!("{:016x}", report.trace_hash));
    table
}

fn sizes_table(played: &[Played]) -> Table {
    let mut table =
        Table::new(&[">nodes", ">99 %", ">all", ">p99 of all", ">theory", ">its p99", "", "played by", "trace hash"]);
    for Played { setup, report } in played {
        let [most, _, all]: [Distribution; 3] = report.rounds_to;
        let theory = report.theory.as_ref().map(|theory| theory.rounds_to[2]);
        let theory = theory.map_or_else(Default::default, |(mean, p99)| [three_digits(mean), three_digits(p99)]);
        let hash = format!("{:016x}", report.trace_hash);
        let mut cells = vec![setup.base.nodes.to_string()];
        cells.extend([most.mean, all.mean, all.p99].map(three_digits));
        cells.extend(theory);
        cells.extend([unit(setup.timing).to_owned(), engine_line(Engine::Node).to_owned(), hash]);
        table.row(cells.into_iter().map(Into::into));
    }
    table
}
