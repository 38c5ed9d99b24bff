//! How long until all know all, when all join one seed at once? In one process, also pinned to one core: want of CPU must
//! not turn into suspicions.

use std::time::Duration;

use bruit::{Config, Profile};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{JOIN_WITHIN, loops, loops_or, millis_of, nodes, or_never, profile, runs, seconds};
use crate::cluster::loops::{Loops, Place};
use crate::failure::Failure;
use crate::figures::{Spread, rounded};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::reference;
use crate::report::{Report, Table};
use crate::views::Wrong;
use crate::watch::Watch;

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Nodes in this process
    #[arg(long, default_value_t = 64, value_parser = nodes())]
    nodes: usize,
    /// Loops, with a thread each, that the nodes are dealt out among; one for each node without it
    #[arg(long, value_parser = loops())]
    loops: Option<usize>,
    /// How often
    #[arg(long, default_value_t = 10, value_parser = runs())]
    runs: usize,
    /// Give the whole process one core
    #[arg(long)]
    pin: bool,
    /// How long each cluster is watched after all see all: a suspicion takes that long to become a death
    #[arg(long, default_value_t = 5, value_parser = seconds())]
    watch: u64,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
}

/// One storm.
#[derive(Debug)]
struct Run {
    /// Until all saw all; `None` if they never did.
    all_ms: Option<f64>,
    /// Until half of the nodes saw all.
    half_ms: Option<f64>,
    suspicions: u64,
    accusations: u64,
    datagrams: u64,
    kernel_drops: u64,
    wrong: Wrong,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let machine = Machine::look();
    if args.pin {
        pin()?;
    }
    let mut progress = Progress::new();
    let run = |number| storm(args, number, &mut progress);
    let runs = (1..=args.runs).map(run).collect::<Result<Vec<_>, _>>()?;
    Ok(report(args, &machine, &runs))
}

/// Gives this process and all threads that it will start the first core that it may use.
fn pin() -> Result<(), Failure> {
    let own = Pid::from_raw(0);
    let may = sched_getaffinity(own).map_err(Failure::doing("asking for the cores"))?;
    let first = (0..CpuSet::count()).find(|&core| may.is_set(core) == Ok(true));
    let mut one = CpuSet::new();
    let first = first.ok_or_else(|| Failure::new("no core to pin to"))?;
    one.set(first).and_then(|()| sched_setaffinity(own, &one)).map_err(Failure::doing("pinning to one core"))
}

fn storm(args: &Args, number: usize, progress: &mut Progress) -> Result<Run, Failure> {
    let config = Config::new(args.profile);
    let places = vec![Place::loopback(); args.nodes];
    let mut watch = Watch::new(Loops::start_sharing(&config, places, loops_or(args.loops, args.nodes, args.nodes))?);
    let began = watch.cluster.began();
    let mut half = None;
    let all = watch.until(JOIN_WITHIN, |views| {
        let (alive, all) = views.pairs_alive();
        progress.say(format_args!("storm {number} of {}: {alive} of {all} pairs see each other", args.runs));
        if half.is_none() && alive * 2 >= all {
            half = Some(began.elapsed());
        }
        alive == all
    })?;
    watch.during(Duration::from_secs(args.watch), |_, _| {})?;
    let wrong = watch.wrong()?;
    let sum = |counter| watch.cluster.sum(counter);
    Ok(Run {
        all_ms: all.map(|at| millis_of(at - began)),
        half_ms: half.map(millis_of),
        suspicions: sum("suspicions"),
        accusations: sum("accusations"),
        datagrams: sum("datagrams_sent"),
        kernel_drops: sum("kernel_drops"),
        wrong,
    })
}

fn report(args: &Args, machine: &Machine, runs: &[Run]) -> Report {
    let cores = if args.pin { "one core" } else { "all cores" };
    let profile = args.profile.name();
    let loops = loops_or(args.loops, args.nodes, args.nodes);
    let title = format!(
        "{} nodes on {loops} loop(s) join through one seed at once, one process, {cores}, profile {profile}",
        args.nodes
    );
    let mut report = Report::new("storm", &title, machine);
    let mut table = Table::new(&[
        "run",
        "half of pairs",
        "all see all",
        "suspicions",
        "accusations",
        "false deaths",
        "datagrams",
        "kernel drops",
    ]);
    for (run, number) in runs.iter().zip(1..) {
        let counts = [run.suspicions, run.accusations, run.wrong.deaths, run.datagrams, run.kernel_drops];
        let times = [number.to_string(), or_never(run.half_ms), or_never(run.all_ms)];
        table.row(times.into_iter().chain(counts.map(|n| n.to_string())));
    }
    report.table(&table);
    let all = Spread::of(runs.iter().filter_map(|run| run.all_ms));
    let (joined, of) = (all.map_or(0, |all| all.count), runs.len());
    if let Some(all) = all {
        let text = |ms| or_never(Some(ms));
        let (median, min, max) = (text(all.median), text(all.min), text(all.max));
        report.line(&format!("all see all in {joined} of {of} runs: median {median}, least {min}, most {max}"));
    }
    report.line("goal: 64 within 2 s, 200 within 10 s, in every run, also on one core, and nobody declared dead");
    report.line(&format!("memberlist: {}", reference::by_nodes(&reference::STORM_S)));
    report.require(joined == of, format_args!("all saw all in {joined} of {of} runs"));
    report.judge(&runs.iter().fold(Wrong::default(), |all, run| all.and(&run.wrong)));
    report.key("nodes", args.nodes);
    report.key("loops", loops);
    report.key("pinned", args.pin);
    report.key("profile", profile);
    report.key("runs", runs.iter().map(json_of).collect::<Value>());
    report.key("all_see_all_ms", all.map(|all| all.json()));
    report.key("memberlist_s", reference::by_nodes_json(&reference::STORM_S));
    report
}

fn json_of(run: &Run) -> Value {
    json!({
        "half_of_pairs_ms": run.half_ms.map(rounded), "all_see_all_ms": run.all_ms.map(rounded),
        "suspicions": run.suspicions, "accusations": run.accusations, "wrong": run.wrong.json(),
        "datagrams_sent": run.datagrams, "kernel_drops": run.kernel_drops,
    })
}
