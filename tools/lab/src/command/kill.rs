//! How long does a crash stay unknown? One member after another is killed, and comes back when all know.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bruit::{Config, Profile, Rng};
use serde_json::{Value, json};

use super::one_by_one::{Measured, Plan, anyone};
use super::{millis_of, nodes, or_never, profile, runs, settling};
use crate::cluster::agents::{self, Agents};
use crate::cluster::loops::{self, Loops};
use crate::cluster::{Cluster, binary};
use crate::failure::Failure;
use crate::figures::{Spread, rounded};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::reference;
use crate::report::{Report, Table};
use crate::views::Views;
use crate::watch::{TICK, Watch};

/// How long a crash may stay unknown to somebody, or a restart, before the run counts as failed.
const KNOWN_WITHIN: Duration = Duration::from_secs(120);

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Nodes
    #[arg(long, default_value_t = 32, value_parser = nodes())]
    nodes: usize,
    /// How many are killed, one after the other; each comes back before the next
    #[arg(long, default_value_t = 20, value_parser = runs())]
    runs: usize,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
    /// Do not let the kernel's "nobody listens there" count
    #[arg(long)]
    no_evidence: bool,
    /// Real agents that get SIGKILL, instead of loops in this process that end without a word
    #[arg(long)]
    processes: bool,
    /// The agent [default: `bruit` beside this program]
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
    /// Which are killed, and at which moment between two probes
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One crash.
#[derive(Debug)]
struct Run {
    victim: usize,
    /// Until the first of the others knew.
    first_ms: Option<f64>,
    /// Until all knew.
    all_ms: Option<f64>,
    /// From its restart until all saw all.
    back_ms: Option<f64>,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let machine = Machine::look();
    let mut progress = Progress::new();
    let config = Config { kernel_evidence: !args.no_evidence, ..Config::new(args.profile) };
    let plan = Plan { what: "crash", runs: args.runs, seed: args.seed, probe_interval: config.probe_interval };
    let measured = if args.processes {
        let binary = binary::find(args.bin.as_deref())?;
        let setup = agents::Setup { binary, profile: args.profile, kernel_evidence: config.kernel_evidence };
        let places = vec![agents::Place::loopback(); args.nodes];
        plan.carry_out(Agents::start(setup, places)?, &mut progress, |watch, dice| crash(watch, &config, dice))?
    } else {
        let places = vec![loops::Place::loopback(); args.nodes];
        plan.carry_out(Loops::start(&config, places)?, &mut progress, |watch, dice| crash(watch, &config, dice))?
    };
    Ok(report(args, &config, &machine, &measured))
}

fn crash<C: Cluster>(watch: &mut Watch<C>, config: &Config, dice: &mut Rng) -> Result<Run, Failure> {
    let phase = u32::try_from(config.probe_interval.as_micros()).unwrap_or(u32::MAX);
    watch.during(Duration::from_micros(dice.below(phase).into()), |_, _| {})?;
    let victim = anyone(watch, dice);
    let killed = Instant::now();
    watch.cluster.crash(victim)?;
    watch.views.goes(victim);
    let since = |at: Option<Instant>, from: Instant| at.map(|at| millis_of(at.saturating_duration_since(from)));
    let first = watch.until(KNOWN_WITHIN, |views| views.hold_down(victim) > 0)?;
    let all = watch.until(KNOWN_WITHIN, |views| views.all_hold_down(victim))?;
    let restarted = Instant::now();
    watch.cluster.restart(victim)?;
    watch.views.comes(victim);
    let back = watch.until(KNOWN_WITHIN, Views::all_alive)?;
    watch.during(settling(config.probe_interval), |_, _| {})?;
    Ok(Run { victim, first_ms: since(first, killed), all_ms: since(all, killed), back_ms: since(back, restarted) })
}

fn report(args: &Args, config: &Config, machine: &Machine, m: &Measured<Run>) -> Report {
    let how = if args.processes { "agents, SIGKILL" } else { "loops in one process, ended without a word" };
    let evidence = if args.no_evidence { "off" } else { "on" };
    let probe_s = config.probe_interval.as_secs_f64();
    let title = format!(
        "crash of one of {} on loopback ({how}), profile {} (probe interval {probe_s} s), kernel evidence {evidence}",
        args.nodes,
        args.profile.name(),
    );
    let mut report = Report::new("kill", &title, machine);
    let mut table = Table::new(&["run", "killed", "first knows", "all know", "restarted, all see all"]);
    for (run, number) in m.runs.iter().zip(1..) {
        let times = [run.first_ms, run.all_ms, run.back_ms].map(or_never);
        table.row([number.to_string(), run.victim.to_string()].into_iter().chain(times));
    }
    report.table(&table);
    let spread = |of: fn(&Run) -> Option<f64>| Spread::of(m.runs.iter().filter_map(of));
    let (first, all, back) = (spread(|run| run.first_ms), spread(|run| run.all_ms), spread(|run| run.back_ms));
    let mut table = Table::new(&["", "median", "least", "most"]);
    for (what, spread) in [("first knows", first), ("all know", all), ("restarted, all see all", back)] {
        let times = [spread.map(|s| s.median), spread.map(|s| s.min), spread.map(|s| s.max)].map(or_never);
        table.row([what.to_owned()].into_iter().chain(times));
    }
    report.table(&table);
    report.judge(&m.wrong);
    report.line("goal: 32 nodes with evidence: median at most 500 ms; 100 without, lan: a third of memberlist's time");
    report.line(&format!("memberlist, probe interval 1 s, all know: {}", reference::by_nodes(&reference::CRASH_S)));
    report.line(&format!("read from each node's events, every {} ms at the latest", TICK.as_millis()));
    let (known, of) = (all.map_or(0, |all| all.count), m.runs.len());
    report.require(known == of, format_args!("all knew in {known} of {of} runs"));
    let returned = back.map_or(0, |back| back.count);
    report.require(returned == of, format_args!("all saw all after the restart in {returned} of {of} runs"));
    report.key("nodes", args.nodes);
    report.key("processes", args.processes);
    report.key("profile", args.profile.name());
    report.key("probe_interval_ms", rounded(millis_of(config.probe_interval)));
    report.key("kernel_evidence", config.kernel_evidence);
    report.key("seed", args.seed);
    report.key("runs", m.runs.iter().map(json_of).collect::<Value>());
    report.key("first_knows_ms", first.map(|first| first.json()));
    report.key("all_know_ms", all.map(|all| all.json()));
    report.key("back_ms", back.map(|back| back.json()));
    report.key("memberlist_s", reference::by_nodes_json(&reference::CRASH_S));
    report
}

fn json_of(run: &Run) -> Value {
    let (first, all, back) = (run.first_ms.map(rounded), run.all_ms.map(rounded), run.back_ms.map(rounded));
    json!({ "killed": run.victim, "first_knows_ms": first, "all_know_ms": all, "back_ms": back })
}
