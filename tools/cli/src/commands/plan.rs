//! `bruit plan`: how fast it is and what it costs, before anything runs.

use std::path::PathBuf;

use bruit::plan::{self, PlanError};

use crate::failure::{Code, Failure};
use crate::output::{self, Paint};
use crate::plan::demand;
use crate::plan::document::Document;
use crate::plan::figures::{self, Figures};
use crate::plan::inputs::{Demands, Inputs};
use crate::plan::picture;
use crate::plan::sweep::{self, Sweep};
use crate::plot;

/// Work out how fast news spreads, how soon a failure is noticed, and what both cost
///
/// Describes what the inputs lead to; with --detect-within finds the parameters that a demand needs, and says what decides;
/// with --sweep compares. Exit code 4 when a demand cannot be met: then the nearest that can be had is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    demands: Demands,
    /// One input over a range, `fanout=2..10`, or over values, `loss=0,0.1,0.3`: nodes, fanout, loss, dead or interval
    #[arg(long, value_name = "KEY=VALUES", value_parser = sweep::sweep, conflicts_with = "detect_within")]
    sweep: Option<Sweep>,
    /// Write the curves to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Works out and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.sweep {
        Some(sweep) => compare(args, sweep),
        None => describe(args),
    }
}

fn compare(args: &Args, sweep: &Sweep) -> Result<(), Failure> {
    let timing = args.inputs.timing;
    let rows = sweep.run(&args.inputs)?;
    plot::save(args.svg.as_deref(), || picture::sweep(&args.inputs, sweep, &rows))?;
    if args.json {
        output::print_json(&sweep.document(timing, &rows))
    } else {
        output::print(&sweep.table(timing, &rows, Paint::stdout()))
    }
}

fn describe(args: &Args) -> Result<(), Failure> {
    let model = args.inputs.model()?;
    let watch = args.inputs.watch(&model);
    let demand = args.demands.demand(figures::rounds(&args.inputs, &model, watch.config.max_datagram));
    let answer = demand.map(|demand| plan::solve(&watch, &demand)).transpose()?;
    let watch = answer.as_ref().map_or(watch, |answer| answer.watch.clone());
    let figures = Figures::with(&args.inputs, &model, watch)?;
    plot::save(args.svg.as_deref(), || picture::coverage(&args.inputs, &figures))?;
    if args.json {
        output::print_json(&Document::new(&args.inputs, &args.demands, &figures, answer.as_ref()))?;
    }
    match demand.zip(answer.as_ref()) {
        Some((demand, answer)) if !answer.met => return Err(demand::refused(&demand, answer)),
        Some((demand, answer)) if !args.json => output::print(&format!("{}\n", demand::met(&demand, answer)))?,
        Some(_) | None => {}
    }
    if args.json {
        return Ok(());
    }
    output::print(&crate::plan::text::plan(&args.inputs, &figures, Paint::stdout()))
}

impl From<PlanError> for Failure {
    /// Of inputs that make no sense: the command line's doing.
    fn from(error: PlanError) -> Self {
        Self::new(Code::Usage, error).advise("`bruit plan --help` has every input and its range")
    }
}
