//! What does a cluster cost in which nothing happens? CPU, datagrams, bytes and allocations per node and second.

use std::thread;
use std::time::{Duration, Instant};

use bruit::net::Handle;
use bruit::{Config, Profile};
use serde_json::json;

use super::{join_all, loops, loops_or, nodes, profile, seconds, settling};
use crate::cluster::loops::{Loops, Place};
use crate::failure::Failure;
use crate::figures::{Spread, rounded, three_digits};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::report::{Report, Table};
use crate::usage::{self, Usage, Used};
use crate::views::Wrong;
use crate::watch::Watch;
use crate::{floor, interrupt, reference};

/// How long bare sockets are watched at most.
const FLOOR_SECONDS: u64 = 10;

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Nodes in this process
    #[arg(long, default_value_t = 100, value_parser = nodes())]
    nodes: usize,
    /// Loops, with a thread each, that the nodes are dealt out among; as many as the machine has cores without it
    #[arg(long, value_parser = loops())]
    loops: Option<usize>,
    /// How long it is watched
    #[arg(long, default_value_t = 20, value_parser = seconds())]
    seconds: u64,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
}

impl Args {
    fn loops(&self) -> usize {
        loops_or(self.loops, thread::available_parallelism().map_or(1, usize::from), self.nodes)
    }
}

/// Counters of all nodes together, and when they were read.
#[derive(Clone, Copy, Debug)]
struct Counted {
    at: Instant,
    datagrams: u64,
    bytes: u64,
    kernel_drops: u64,
    system_calls: u64,
}

impl Counted {
    fn read(loops: &Loops) -> Self {
        let sum = |counter| loops.sum(counter);
        Self {
            at: Instant::now(),
            datagrams: sum("datagrams_sent"),
            bytes: sum("bytes_sent"),
            kernel_drops: sum("kernel_drops"),
            system_calls: sum("polls") + sum("receive_calls") + sum("send_calls"),
        }
    }
}

/// What was measured.
#[derive(Debug)]
struct Measured {
    used: Used,
    /// Microseconds per second of each loop's thread; `None` where the kernel does not say.
    threads: Option<Spread>,
    /// Of one node and second.
    per_node: PerNode,
    allocations: u64,
    kernel_drops: u64,
    /// How late the operating system ended the loops' sleeps, in microseconds: of all nodes, their medians and their p99.
    late: (Option<Spread>, Option<Spread>),
    wrong: Wrong,
    /// CPU microseconds of one node and second of bare sockets that ping and answer.
    floor_us: f64,
}

/// Of one node and second.
#[derive(Clone, Copy, Debug)]
struct PerNode {
    cpu_us: f64,
    user_us: f64,
    system_us: f64,
    switches: f64,
    datagrams: f64,
    bytes: f64,
    system_calls: f64,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let machine = Machine::look();
    let measured = measure(args)?;
    Ok(report(args, &machine, &measured))
}

fn measure(args: &Args) -> Result<Measured, Failure> {
    let mut progress = Progress::new();
    let config = Config::new(args.profile);
    let loops = args.loops();
    let mut watch = Watch::new(Loops::start_sharing(&config, vec![Place::loopback(); args.nodes], loops)?);
    join_all(&mut watch, settling(config.probe_interval), &mut progress)?;

    let before = Counted::read(&watch.cluster);
    let (threads, bought) = (usage::threads(Loops::thread_prefix()), bruit_allocations::counted());
    let start = Usage::now()?;
    interrupt::sleep(Duration::from_secs(args.seconds), |passed| {
        progress.say(format_args!("quiet: {} of {} s", passed.as_secs(), args.seconds));
    })?;
    let used = Usage::now()?.since(&start);
    let (after_threads, allocated) = (usage::threads(Loops::thread_prefix()), bruit_allocations::counted() - bought);
    let after = Counted::read(&watch.cluster);
    let late = (lateness(&watch.cluster, |p50, _| p50), lateness(&watch.cluster, |_, p99| p99));
    let wrong = watch.wrong()?;
    drop(watch);
    progress.say(format_args!("quiet: the same without a protocol"));
    let floor_us = floor::cpu_us(args.nodes, loops, config.probe_interval, args.seconds.min(FLOOR_SECONDS))?;
    Ok(Measured {
        used,
        threads: thread_time(&threads, &after_threads, used.time),
        per_node: per_node(args.nodes as f64, &used, &before, &after),
        allocations: allocated,
        kernel_drops: after.kernel_drops - before.kernel_drops,
        late,
        wrong,
        floor_us,
    })
}

fn per_node(nodes: f64, used: &Used, before: &Counted, after: &Counted) -> PerNode {
    let share = |total: f64, time: Duration| total / nodes / time.as_secs_f64();
    let counted = |n: u64| share(n as f64, after.at - before.at);
    let micros = |cpu: Duration| share(cpu.as_secs_f64() * 1e6, used.time);
    PerNode {
        cpu_us: micros(used.user + used.system),
        user_us: micros(used.user),
        system_us: micros(used.system),
        switches: share(used.switches as f64, used.time),
        datagrams: counted(after.datagrams - before.datagrams),
        bytes: counted(after.bytes - before.bytes),
        system_calls: counted(after.system_calls - before.system_calls),
    }
}

fn thread_time(before: &[(u32, u64)], after: &[(u32, u64)], time: Duration) -> Option<Spread> {
    let ran = |&(tid, now): &(u32, u64)| {
        let (_, then) = before.iter().find(|(t, _)| *t == tid)?;
        Some((now - then) as f64 / 1e3 / time.as_secs_f64())
    };
    Spread::of(after.iter().filter_map(ran))
}

fn lateness(loops: &Loops, which: impl Fn(u64, u64) -> u64) -> Option<Spread> {
    let of = |handle: &Handle| {
        let stats = handle.stats();
        let figure = stats.histograms.iter().find(|figure| figure.name == "wake_lateness")?;
        (figure.summary.count > 0).then(|| which(figure.summary.p50, figure.summary.p99) as f64)
    };
    Spread::of(loops.handles().filter_map(of))
}

fn report(args: &Args, machine: &Machine, m: &Measured) -> Report {
    let title = format!(
        "{} nodes on {} loop(s) in one process on loopback, profile {}, quiet for {} s; per node and second",
        args.nodes,
        args.loops(),
        args.profile.name(),
        args.seconds
    );
    let mut report = Report::new("quiet", &title, machine);
    report.table(&table(m));
    report.line(&format!("memberlist: {}, at 100 nodes", reference::SOURCE));
    report.line("wake-up lateness: since the start of the loops, joining included; the nodes' median and worst");
    report.require(m.allocations == 0, format_args!("{} allocations on the loops' threads, not 0", m.allocations));
    report.judge(&m.wrong);
    let p = &m.per_node;
    let (late_p50, late_p99) = m.late;
    report.key("nodes", args.nodes);
    report.key("loops", args.loops());
    report.key("seconds", rounded(m.used.time.as_secs_f64()));
    report.key("profile", args.profile.name());
    report.key(
        "per_node_and_second",
        json!({
            "cpu_us": rounded(p.cpu_us), "cpu_user_us": rounded(p.user_us), "cpu_system_us": rounded(p.system_us),
            "context_switches": rounded(p.switches), "datagrams_sent": rounded(p.datagrams),
            "payload_bytes_sent": rounded(p.bytes), "system_calls": rounded(p.system_calls),
            "loop_thread_cpu_us": m.threads.map(|spread| spread.json()),
        }),
    );
    report.key("floor_cpu_us", rounded(m.floor_us));
    report.key("allocations", m.allocations);
    report.key("kernel_drops", m.kernel_drops);
    report.key("wake_lateness_p50_us", late_p50.map(|spread| spread.json()));
    report.key("wake_lateness_p99_us", late_p99.map(|spread| spread.json()));
    report.key(
        "memberlist",
        json!({
            "source": reference::SOURCE, "nodes": 100, "cpu_us": reference::QUIET_CPU_US,
            "datagrams_sent": reference::QUIET_DATAGRAMS, "udp_payload_bytes_sent": reference::QUIET_BYTES.0,
            "tcp_payload_bytes_sent": reference::QUIET_BYTES.1, "allocations": reference::QUIET_ALLOCATIONS,
        }),
    );
    report
}

fn table(m: &Measured) -> Table {
    let mut table = Table::new(&["", "bruit", "goal", "memberlist"]);
    let p = &m.per_node;
    let of = |figure: f64| three_digits(figure);
    let bytes = reference::QUIET_BYTES;
    let row = |table: &mut Table, what: &str, bruit: String, goal: &str, memberlist: String| {
        table.row([what.to_owned(), bruit, goal.to_owned(), memberlist]);
    };
    let none = String::new;
    row(&mut table, "CPU (us)", of(p.cpu_us), "<= 50", of(reference::QUIET_CPU_US));
    row(&mut table, "  bare sockets that only ping and answer", of(m.floor_us), "", none());
    row(&mut table, "  own code / kernel", format!("{} / {}", of(p.user_us), of(p.system_us)), "", none());
    if let Some(t) = m.threads {
        let spread = format!("{} / {} / {}", of(t.min), of(t.median), of(t.max));
        row(&mut table, "  loop threads: least / median / most", spread, "", none());
    }
    row(&mut table, "datagrams sent", format!("{:.2}", p.datagrams), "2", format!("{:.2}", reference::QUIET_DATAGRAMS));
    row(&mut table, "bytes of payload sent", of(p.bytes), "<= 104", format!("{} + {} TCP", bytes.0, bytes.1));
    row(&mut table, "system calls of the loops", of(p.system_calls), "", none());
    row(&mut table, "context switches", of(p.switches), "", none());
    row(
        &mut table,
        "allocations of the loops (in all)",
        m.allocations.to_string(),
        "0",
        format!("{} each", reference::QUIET_ALLOCATIONS),
    );
    row(&mut table, "datagrams the kernel dropped (in all)", m.kernel_drops.to_string(), "", none());
    for (what, late) in [("wake-up lateness p50 (us)", m.late.0), ("wake-up lateness p99 (us)", m.late.1)] {
        let spread = late.map_or_else(|| "none".to_owned(), |l| format!("{} / {}", of(l.median), of(l.max)));
        row(&mut table, what, spread, "", none());
    }
    table
}
