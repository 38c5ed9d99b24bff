//! `bruit plan`: how fast it is and what it costs, before anything runs.

mod demand;
mod document;
mod figures;
pub mod inputs;
mod picture;
mod sweep;
mod text;

use std::path::PathBuf;

use bruit::plan::{self, Answer, Demand, PlanError};
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, Paint};
use bruit_terminal::plot;

use document::Document;
use figures::Figures;
use inputs::{Demands, Inputs};
use sweep::Sweep;

/// Work out how fast news spreads, how soon a failure is noticed, and what both cost
///
/// Describes what the inputs lead to; with --detect-within or --know-within finds the cheapest parameters that do, and says what
/// decides: what is given as an input stays as it is; with --sweep compares. Exit code 4 when a demand cannot be met: then the nearest that can be had is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    demands: Demands,
    /// One input over a range, `fanout=2..10`, or over values, `loss=0,0.1,0.3`: nodes, fanout, loss, dead or interval
    #[arg(long, value_name = "KEY=VALUES", value_parser = sweep::sweep, conflicts_with = "demand")]
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
    let rows = sweep.run(&args.inputs).map_err(refused)?;
    if args.json {
        output::print_json(&sweep.document(&args.inputs, &args.demands, &rows))?;
    } else {
        output::print(&sweep.table(timing, &rows, Paint::stdout()))?;
    }
    plot::save(args.svg.as_deref(), || picture::sweep(&args.inputs, sweep, &rows))
}

fn describe(args: &Args) -> Result<(), Failure> {
    let model = args.inputs.model().map_err(refused)?;
    let Some(demand) = args.demands.demand() else {
        let figures = Figures::of(&args.inputs).map_err(refused)?;
        return show(args, &args.inputs, &figures, None);
    };
    let answer = plan::solve(&args.inputs.ground(&model), &demand).map_err(refused)?;
    let inputs = args.inputs.answered(&answer);
    let figures = Figures::with(&inputs, &inputs.model().map_err(refused)?, answer.watch.clone()).map_err(refused)?;
    show(args, &inputs, &figures, Some((&demand, &answer)))
}

fn show(args: &Args, inputs: &Inputs, figures: &Figures, asked: Option<(&Demand, &Answer)>) -> Result<(), Failure> {
    let picture = || plot::save(args.svg.as_deref(), || picture::coverage(inputs, figures));
    if args.json {
        output::print_json(&Document::new(inputs, &args.demands, figures, asked.map(|(_, answer)| answer)))?;
    }
    if let Some((demand, answer)) = asked.filter(|(_, answer)| !answer.met) {
        picture()?;
        return Err(demand::refused(demand, answer));
    }
    if !args.json {
        if let Some((demand, answer)) = asked {
            output::print(&format!("{}\n", demand::met(demand, answer)))?;
        }
        output::print(&text::plan(inputs, figures, Paint::stdout()))?;
    }
    picture()
}

/// Inputs that make no sense are the command line's doing.
fn refused(error: PlanError) -> Failure {
    let advice = match error {
        PlanError::Config(_) => "`gossip_interval` is --interval here; what is not given gives way to what is",
        _ => "`bruit plan --help` has every input and its range",
    };
    Failure::new(Code::Usage, error).advise(advice)
}
