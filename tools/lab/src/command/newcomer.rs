//! How soon does a newcomer hold the whole state? Every member writes its keys; then one that holds nothing joins, again and again.

use std::time::{Duration, Instant};

use bruit::net::Handle;
use bruit::{Class, Config, Limits, Phase, Profile, Write};
use serde_json::{Value, json};

use super::{join_all, millis_of, nodes, or_never, profile, runs, settling};
use crate::cluster::Cluster;
use crate::cluster::loops::{Loops, Place};
use crate::failure::Failure;
use crate::figures::{Spread, rounded, three_digits};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::report::{Report, Table};
use crate::watch::Watch;

/// Bytes of a value, and of a key: `key00000`.
const VALUE: usize = 64;
const KEY: usize = 8;
/// How long one may take to hold everything, before the run counts as failed.
const HELD_WITHIN: Duration = Duration::from_secs(30);
/// How often the newcomer is asked how much it holds.
const LOOK: Duration = Duration::from_millis(1);
/// How long all take to hold what has just been written, at most.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Nodes in this process, the newcomer among them
    #[arg(long, default_value_t = 51, value_parser = nodes())]
    nodes: usize,
    /// Keys that each of the others has written
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    keys: u32,
    /// How often it joins
    #[arg(long, default_value_t = 10, value_parser = runs())]
    runs: usize,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
}

/// One who has joined.
#[derive(Debug)]
struct Run {
    /// Until it was a member that held everything.
    held_ms: Option<f64>,
    /// To it and from it until then.
    bytes: u64,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let machine = Machine::look();
    let config = Config::new(args.profile);
    let total = args.keys as usize * (args.nodes - 1);
    let members = u32::try_from(args.nodes).map_err(Failure::doing("counting the members"))?;
    let all = u32::try_from(total).map_err(Failure::doing("counting the keys"))?;
    let bytes = u32::try_from(total * (KEY + VALUE)).map_err(Failure::doing("counting the bytes"))?;
    // What it has written in lives before is held until it is forgotten.
    let limits = Limits { state_keys: all + all / 4, state_bytes: bytes + bytes / 4, ..Loops::limits(members) };
    let mut progress = Progress::new();
    let mut watch = Watch::new(Loops::start_with(&config, &limits, vec![Place::loopback(); args.nodes])?);
    join_all(&mut watch, settling(config.probe_interval), &mut progress)?;
    let writers: Vec<Handle> = watch.cluster.handles().take(args.nodes - 1).cloned().collect();
    write(&writers, args.keys)?;
    progress.say(format_args!("{total} keys are written"));
    let began = Instant::now();
    while !writers.iter().all(|handle| holds(handle, total)) {
        if began.elapsed() > WRITTEN_WITHIN {
            return Err(Failure::new(format_args!("not all hold {total} keys {} s after", WRITTEN_WITHIN.as_secs())));
        }
        watch.during(Duration::from_millis(100), |_, _| {})?;
    }
    watch.during(settling(config.probe_interval), |_, _| {})?;
    let mut runs = Vec::new();
    for run in 1..=args.runs {
        progress.say(format_args!("newcomer {run} of {}", args.runs));
        watch.cluster.crash(args.nodes - 1)?;
        watch.during(config.probe_interval * 2, |_, _| {})?;
        runs.push(join(&mut watch, total)?);
    }
    Ok(report(args, &machine, (total, bytes), &runs))
}

fn write(writers: &[Handle], keys: u32) -> Result<(), Failure> {
    for handle in writers {
        for n in 0..keys {
            let key = format!("key{n:05}");
            let (key, value) = (key.as_bytes(), Some(&[b'v'; VALUE][..]));
            let write = Write { key, value, class: Class::Bulk, durable: false, ttl: None };
            handle.write(&write).map_err(Failure::doing("writing a key"))?;
        }
    }
    Ok(())
}

fn holds(handle: &Handle, keys: usize) -> bool {
    let info = handle.info();
    let held = info.limits.iter().find(|usage| usage.name == "state_keys").map_or(0, |usage| usage.used as usize);
    info.phase == Phase::Joined && held >= keys
}

/// Starts the last member anew, and waits until it holds everything.
fn join(watch: &mut Watch<Loops>, total: usize) -> Result<Run, Failure> {
    let member = watch.cluster.members() - 1;
    let began = Instant::now();
    watch.cluster.restart(member)?;
    let newcomer = watch.cluster.handles().last().cloned().ok_or_else(|| Failure::new("nobody runs"))?;
    let mut held_ms = None;
    while held_ms.is_none() && began.elapsed() < HELD_WITHIN {
        std::thread::sleep(LOOK);
        held_ms = holds(&newcomer, total).then(|| millis_of(began.elapsed()));
    }
    let stats = newcomer.stats();
    let of = |name| stats.counters.iter().find(|(counter, _)| *counter == name).map_or(0, |(_, n)| *n);
    Ok(Run { held_ms, bytes: of("bytes_received") + of("bytes_sent") })
}

fn report(args: &Args, machine: &Machine, (total, own): (usize, u32), runs: &[Run]) -> Report {
    let title = format!(
        "a newcomer to {} nodes with {} keys of {KEY} + {VALUE} bytes each, on loopback, one process, profile {}",
        args.nodes - 1,
        args.keys,
        args.profile.name()
    );
    let mut report = Report::new("newcomer", &title, machine);
    let mut table = Table::new(&["run", "a member that holds all", "bytes", "times the state"]);
    let times = |bytes: u64| bytes as f64 / f64::from(own);
    for (run, number) in runs.iter().zip(1..) {
        table.row([
            i32::to_string(&number),
            or_never(run.held_ms),
            run.bytes.to_string(),
            three_digits(times(run.bytes)),
        ]);
    }
    report.table(&table);
    let held = Spread::of(runs.iter().filter_map(|run| run.held_ms));
    let bytes = runs.iter().map(|run| run.bytes).max().unwrap_or(0);
    if let Some(held) = held {
        let [median, most] = [held.median, held.max].map(|ms| or_never(Some(ms)));
        report.line(&format!(
            "median {median}, most {most}; at most {} times the {own} bytes of keys and values",
            three_digits(times(bytes))
        ));
    }
    report.line("goal: 10,000 keys within 1 s, for at most 1.3 times the state");
    let came = runs.iter().filter(|run| run.held_ms.is_some()).count();
    report.require(came == runs.len(), format_args!("{came} of {} held all {total} keys", runs.len()));
    report.key("nodes", args.nodes);
    report.key("profile", args.profile.name());
    report.key("keys", total);
    report.key("state_bytes", own);
    let one = |run: &Run| json!({ "held_ms": run.held_ms.map(rounded), "bytes": run.bytes });
    report.key("runs", runs.iter().map(one).collect::<Value>());
    report.key("held_ms", held.map(|held| held.json()));
    report.key("times_the_state", rounded(times(bytes)));
    report
}
