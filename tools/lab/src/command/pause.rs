//! Does a node survive that its process stands still? A real agent is stopped and continued, as a suspended machine is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bruit::wire::State;
use bruit::{Config, Profile, Rng};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::one_by_one::{Measured, Plan, anyone};
use super::{millis_of, nodes, or_never, profile, runs, seconds, settling};
use crate::cluster::agents::{Agents, Place, Setup};
use crate::cluster::{Cluster, binary};
use crate::failure::Failure;
use crate::figures::{Spread, rounded};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::report::{Report, Table};
use crate::views::{Seen, What};
use crate::watch::Watch;

/// How long it may take until all see all again, before the run counts as failed.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Agents
    #[arg(long, default_value_t = 32, value_parser = nodes())]
    nodes: usize,
    /// How long each stands still
    #[arg(long, default_value_t = 3, value_parser = seconds())]
    seconds: u64,
    /// How many are stopped, one after the other
    #[arg(long, default_value_t = 5, value_parser = runs())]
    runs: usize,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
    /// The agent [default: `bruit` beside this program]
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
    /// Which are stopped
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One pause.
#[derive(Debug)]
struct Run {
    paused: usize,
    /// How many others suspected it, and held it dead, at any time.
    suspected_by: usize,
    dead_for: usize,
    /// From SIGCONT until all saw all for good; 0 when nobody had stopped to; `None` when somebody still does not.
    back_ms: Option<f64>,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let machine = Machine::look();
    let mut progress = Progress::new();
    let binary = binary::find(args.bin.as_deref())?;
    let setup = Setup { binary, profile: args.profile, kernel_evidence: true };
    let config = Config::new(args.profile);
    let plan = Plan { what: "pause", runs: args.runs, seed: args.seed, probe_interval: config.probe_interval };
    let agents = Agents::start(setup, vec![Place::loopback(); args.nodes])?;
    let measured = plan.carry_out(agents, &mut progress, |watch, dice| pause(watch, args, &config, dice))?;
    Ok(report(args, &config, &machine, &measured))
}

fn pause(watch: &mut Watch<Agents>, args: &Args, config: &Config, dice: &mut Rng) -> Result<Run, Failure> {
    let members = watch.cluster.members();
    let paused = anyone(watch, dice);
    let (mut suspected, mut dead) = (vec![false; members], vec![false; members]);
    let mut last_alive: Option<Instant> = None;
    watch.views.pauses(paused);
    watch.cluster.signal(paused, Signal::SIGSTOP)?;
    let mut note = |seen: Seen| match seen.what {
        What::Is(of, Some(State::Suspect)) if of == paused => suspected[seen.by] = true,
        What::Is(of, Some(State::Dead)) if of == paused => dead[seen.by] = true,
        What::Is(_, Some(State::Alive)) => last_alive = Some(seen.at),
        What::Is(_, Some(State::Suspect | State::Dead | State::Left) | None) | What::Lost => {}
    };
    watch.during(Duration::from_secs(args.seconds), |_, seen| note(seen))?;
    let continued = Instant::now();
    watch.cluster.signal(paused, Signal::SIGCONT)?;
    // Its death may still be spread by those who had decided before; after that it would be a false one.
    watch.during(settling(config.probe_interval), |_, seen| note(seen))?;
    watch.views.resumes(paused);
    watch.until(BACK_WITHIN, |views| views.all_alive())?;
    watch.during(settling(config.probe_interval), |_, seen| note(seen))?;
    let back = last_alive.map_or(0.0, |at| millis_of(at.saturating_duration_since(continued)));
    Ok(Run {
        paused,
        suspected_by: suspected.iter().filter(|by| **by).count(),
        dead_for: dead.iter().filter(|by| **by).count(),
        back_ms: watch.views.all_alive().then_some(back),
    })
}

fn report(args: &Args, config: &Config, machine: &Machine, m: &Measured<Run>) -> Report {
    let probe_ms = millis_of(config.probe_interval);
    let title = format!(
        "one of {} agents on loopback stands still for {} s, profile {} (probe interval {probe_ms} ms)",
        args.nodes,
        args.seconds,
        args.profile.name(),
    );
    let mut report = Report::new("pause", &title, machine);
    let mut table = Table::new(&["run", "paused", "suspected by", "held dead by", "all see all, after SIGCONT"]);
    for (run, number) in m.runs.iter().zip(1..) {
        let counts = [number, run.paused, run.suspected_by, run.dead_for].map(|n| n.to_string());
        table.row(counts.into_iter().chain([or_never(run.back_ms)]));
    }
    report.table(&table);
    let back = Spread::of(m.runs.iter().filter_map(|run| run.back_ms));
    if let Some(back) = back {
        let [median, most] = [back.median, back.max].map(|ms| or_never(Some(ms)));
        report.line(&format!("all see all: median {median}, most {most} after SIGCONT"));
    }
    report.judge(&m.wrong);
    report.line("goal: never left dead, refuted within a probe interval of resuming");
    let (returned, of) = (back.map_or(0, |back| back.count), m.runs.len());
    report.require(returned == of, format_args!("all saw all again in {returned} of {of} runs"));
    report.key("nodes", args.nodes);
    report.key("seconds", args.seconds);
    report.key("profile", args.profile.name());
    report.key("probe_interval_ms", rounded(probe_ms));
    report.key("seed", args.seed);
    report.key("runs", m.runs.iter().map(json_of).collect::<Value>());
    report.key("all_see_all_ms", back.map(|back| back.json()));
    report
}

fn json_of(run: &Run) -> Value {
    json!({
        "paused": run.paused, "suspected_by": run.suspected_by, "held_dead_by": run.dead_for,
        "all_see_all_ms": run.back_ms.map(rounded),
    })
}
