//! How much memory does one agent take? What the kernel counts as resident of its process.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use bruit::Profile;
use clap::builder::RangedU64ValueParser;
use serde_json::{Value, json};

use super::{JOIN_WITHIN, profile, seconds};
use crate::cluster::agents::{Agents, Place, Setup};
use crate::cluster::binary;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::progress::Progress;
use crate::reference;
use crate::report::{Report, Table};
use crate::watch::Watch;

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Agents, in one cluster
    #[arg(long, default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100))]
    nodes: usize,
    /// How long they run, once joined, before their memory is read
    #[arg(long, default_value_t = 3, value_parser = seconds())]
    seconds: u64,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
    /// The agent [default: `bruit` beside this program]
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
}

/// Of one agent, in kilobytes of 1,024 bytes but for the last.
#[derive(Debug)]
struct Memory {
    resident: u64,
    peak: u64,
    /// Of what is resident: its own.
    anonymous: u64,
    /// Of what is resident: the program's file, shared with all who run it.
    file: u64,
    threads: u64,
    /// Bytes that the node says it has bought.
    declared_bytes: u64,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let machine = Machine::look();
    let mut progress = Progress::new();
    let setup = Setup { binary: binary::find(args.bin.as_deref())?, profile: args.profile, kernel_evidence: true };
    let mut watch = Watch::new(Agents::start(setup, vec![Place::loopback(); args.nodes])?);
    let joined = watch.until(JOIN_WITHIN, |views| views.all_alive())?;
    watch.during(Duration::from_secs(args.seconds), |_, _| progress.say(format_args!("running")))?;
    let memory = (0..args.nodes).map(|member| memory(&watch.cluster, member)).collect::<Result<Vec<_>, _>>()?;
    let mut report = report(args, &machine, &memory);
    report.require(joined.is_some(), "the agents have not joined");
    Ok(report)
}

fn memory(agents: &Agents, member: usize) -> Result<Memory, Failure> {
    // Read before the agent is asked anything: answering starts a thread and makes documents.
    let path = format!("/proc/{}/status", agents.pid(member)?);
    let status = fs::read_to_string(&path).map_err(Failure::doing(path))?;
    let figure = |key: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        let number = rest.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| Failure::new(format_args!("the kernel does not tell {key}")))
    };
    let info = agents.request(member, "info")?;
    Ok(Memory {
        resident: figure("VmRSS")?,
        peak: figure("VmHWM")?,
        anonymous: figure("RssAnon")?,
        file: figure("RssFile")?,
        threads: figure("Threads")?,
        declared_bytes: info["memory_bytes"].as_u64().unwrap_or_default(),
    })
}

fn report(args: &Args, machine: &Machine, memory: &[Memory]) -> Report {
    let title = format!("{} agent process(es), profile {}, default limits", args.nodes, args.profile.name());
    let mut report = Report::new("rss", &title, machine);
    let mut table =
        Table::new(&["agent", "resident", "at most", "its own", "the program's", "threads", "declared by the node"]);
    let mb = |bytes: u64| format!("{:.2} MB", bytes as f64 / 1e6);
    for (m, member) in memory.iter().zip(0..) {
        let sizes = [m.resident, m.peak, m.anonymous, m.file].map(|kib| mb(kib * 1_024));
        let rest = [m.threads.to_string(), mb(m.declared_bytes)];
        table.row([u64::to_string(&member)].into_iter().chain(sizes).chain(rest));
    }
    report.table(&table);
    report.line(&format!("goal: below 5 MB resident; memberlist: {} MB", reference::RESIDENT_MB));
    report.key("nodes", args.nodes);
    report.key("profile", args.profile.name());
    report.key("agents", memory.iter().map(json_of).collect::<Value>());
    report.key("memberlist_mb", reference::RESIDENT_MB);
    report
}

fn json_of(m: &Memory) -> Value {
    json!({
        "resident_bytes": m.resident * 1_024, "resident_max_bytes": m.peak * 1_024,
        "anonymous_bytes": m.anonymous * 1_024, "file_bytes": m.file * 1_024,
        "threads": m.threads, "declared_bytes": m.declared_bytes,
    })
}
