//! How soon does everybody have a rumor? An urgent one, which each passes on at once, and beside it the same by rounds alone, in
//! the same cluster and from the same member.

use std::time::Duration;

use bruit::net::Handle;
use bruit::{Class, Config, Order, Profile, Rng};
use serde_json::{Value, json};

use super::{join_all, loops, loops_or, millis_of, nodes, or_never, profile, runs, settling};
use crate::cluster::Cluster;
use crate::cluster::loops::{Loops, Place};
use crate::failure::Failure;
use crate::figures::{Spread, rounded, three_digits};
use crate::hearing::{BYTES, Hearing, LOOK};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::report::{Report, Table};
use crate::views::Wrong;
use crate::watch::Watch;

/// How long a rumor may take to reach everybody, before the run counts as failed.
const HEARD_WITHIN: Duration = Duration::from_secs(30);
/// Gossip intervals after which nothing of a rumor is told any more: above the sends of any size that can be asked for.
const ROUNDS_MAX: u32 = 20;
/// What is compared: an urgent rumor; and a normal one, which travels in rounds only.
const CLASSES: [Class; 2] = [Class::Urgent, Class::Normal];

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Nodes in this process
    #[arg(long, default_value_t = 100, value_parser = nodes())]
    nodes: usize,
    /// Loops, with a thread each, that the nodes are dealt out among; one for each node without it
    #[arg(long, value_parser = loops())]
    loops: Option<usize>,
    /// How many rumors of either kind, one after the other
    #[arg(long, default_value_t = 50, value_parser = runs())]
    runs: usize,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
    /// Who publishes, and at which moment between two rounds
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One rumor.
#[derive(Debug)]
struct Run {
    half_ms: Option<f64>,
    /// Until everybody had it; `None` if somebody never did.
    all_ms: Option<f64>,
    hops: u8,
    /// Copies that came to each of the others on average, the first included.
    copies: f64,
    strays: u64,
}

/// What was seen.
struct Measured {
    origins: Vec<usize>,
    /// Of each class.
    runs: [Vec<Run>; CLASSES.len()],
    wrong: Wrong,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let machine = Machine::look();
    let config = Config::new(args.profile);
    let measured = measure(args, &config)?;
    Ok(report(args, &config, &machine, &measured))
}

fn measure(args: &Args, config: &Config) -> Result<Measured, Failure> {
    let mut progress = Progress::new();
    let places = vec![Place::loopback(); args.nodes];
    let mut watch = Watch::new(Loops::start_sharing(config, places, loops_or(args.loops, args.nodes, args.nodes))?);
    let handles: Vec<Handle> = watch.cluster.handles().cloned().collect();
    for handle in &handles {
        handle.subscribe(None, Order::Arrival).map_err(Failure::doing("subscribing"))?;
    }
    join_all(&mut watch, settling(config.probe_interval), &mut progress)?;
    let mut dice = Rng::from_seed(args.seed);
    let (mut origins, mut runs) = (Vec::new(), [const { Vec::new() }; CLASSES.len()]);
    let mut numbers = 0..;
    for run in 1..=args.runs {
        let origin = dice.below(u32::try_from(args.nodes).unwrap_or(u32::MAX)) as usize;
        progress.say(format_args!("rumor {run} of {}", args.runs));
        for ((class, runs), number) in CLASSES.into_iter().zip(&mut runs).zip(&mut numbers) {
            let micros = u32::try_from(config.gossip_interval.as_micros()).unwrap_or(u32::MAX);
            watch.during(Duration::from_micros(dice.below(micros).into()), |_, _| {})?;
            runs.push(spread(&mut watch, &handles, config, (origin, class, number))?);
        }
        origins.push(origin);
    }
    Ok(Measured { origins, runs, wrong: watch.wrong()? })
}

/// Publishes one, and waits until nobody has anything to say of it any more.
fn spread(
    watch: &mut Watch<Loops>,
    handles: &[Handle],
    config: &Config,
    (origin, class, number): (usize, Class, u64),
) -> Result<Run, Failure> {
    let copies = |loops: &Loops| loops.sum("rumors_new") + loops.sum("rumors_known");
    let before = copies(&watch.cluster);
    let mut hearing = Hearing::publish(handles, origin, class, number)?;
    hearing.watch(handles, HEARD_WITHIN)?;
    watch.during(config.gossip_interval * ROUNDS_MAX, |_, _| {})?;
    hearing.finish(handles);
    let members = watch.cluster.members();
    let after = |members| hearing.after(members).map(millis_of);
    Ok(Run {
        half_ms: after(members.div_ceil(2)),
        all_ms: after(members),
        hops: hearing.hops,
        copies: (copies(&watch.cluster) - before) as f64 / (members - 1) as f64,
        strays: hearing.strays,
    })
}

fn report(args: &Args, config: &Config, machine: &Machine, m: &Measured) -> Report {
    let loops = loops_or(args.loops, args.nodes, args.nodes);
    let title = format!(
        "rumors of {BYTES} bytes among {} nodes on {loops} loop(s) on loopback, one process, profile {}",
        args.nodes,
        args.profile.name()
    );
    let mut report = Report::new("rumor", &title, machine);
    let mut table = Table::new(&["run", "from", "half have it", "all have it", "by rounds: half", "all"]);
    let [urgent, rounds] = &m.runs;
    for (((u, r), origin), number) in urgent.iter().zip(rounds).zip(&m.origins).zip(1..) {
        let times = [u.half_ms, u.all_ms, r.half_ms, r.all_ms].map(or_never);
        table.row([i32::to_string(&number), origin.to_string()].into_iter().chain(times));
    }
    report.table(&table);
    let sums = [Summary::of(urgent), Summary::of(rounds)];
    report.table(&summary_table(&sums));
    let interval = millis_of(config.gossip_interval);
    let ratio = match sums.map(|sum| sum.all) {
        [Some(urgent), Some(rounds)] => Some(rounds.median / urgent.median),
        [None, _] | [_, None] => None,
    };
    if let Some(ratio) = ratio {
        let ratio = three_digits(ratio);
        report.line(&format!(
            "by rounds, one every {interval} ms, it takes {ratio} times as long (medians, all have it)"
        ));
    }
    report.line("goal: 100 nodes on two cores have an urgent one within 10 ms (median)");
    report.line(&format!("read by one thread, every {} us and a wake-up at the latest", LOOK.as_micros()));
    for (name, runs) in [("urgent", urgent), ("normal", rounds)] {
        let (came, of) = (runs.iter().filter(|run| run.all_ms.is_some()).count(), runs.len());
        report.require(came == of, format_args!("all had the {name} rumor in {came} of {of} runs"));
        let strays: u64 = runs.iter().map(|run| run.strays).sum();
        report.require(strays == 0, format_args!("{strays} deliveries beside the one of each {name} rumor to each"));
    }
    report.judge(&m.wrong);
    report.key("nodes", args.nodes);
    report.key("loops", loops);
    report.key("profile", args.profile.name());
    report.key("gossip_interval_ms", rounded(interval));
    report.key("seed", args.seed);
    report.key("payload_bytes", BYTES);
    let pairs = urgent.iter().zip(rounds).zip(&m.origins);
    let pair =
        |((u, r), origin): ((&Run, &Run), &usize)| json!({ "from": origin, "urgent": u.json(), "rounds": r.json() });
    report.key("runs", pairs.map(pair).collect::<Value>());
    report.key("urgent", sums[0].json());
    report.key("rounds", sums[1].json());
    report.key("times_as_long_by_rounds", ratio.map(rounded));
    report
}

fn summary_table(sums: &[Summary; CLASSES.len()]) -> Table {
    let mut table = Table::new(&["all have it", "median", "least", "most", "hops at most", "copies a node"]);
    for (what, sum) in ["urgent, passed on at once", "normal, by rounds alone"].into_iter().zip(sums) {
        let times = [sum.all.map(|s| s.median), sum.all.map(|s| s.min), sum.all.map(|s| s.max)].map(or_never);
        let counts = [sum.hops.to_string(), format!("{:.2}", sum.copies)];
        table.row([what.to_owned()].into_iter().chain(times).chain(counts));
    }
    table
}

/// All runs of one class.
#[derive(Clone, Copy)]
struct Summary {
    all: Option<Spread>,
    hops: u8,
    copies: f64,
}

impl Summary {
    fn of(runs: &[Run]) -> Self {
        Self {
            all: Spread::of(runs.iter().filter_map(|run| run.all_ms)),
            hops: runs.iter().map(|run| run.hops).max().unwrap_or(0),
            copies: runs.iter().map(|run| run.copies).sum::<f64>() / runs.len() as f64,
        }
    }

    fn json(&self) -> Value {
        let all = self.all.map(|all| all.json());
        json!({ "all_have_it_ms": all, "hops_max": self.hops, "copies_per_node": rounded(self.copies) })
    }
}

impl Run {
    fn json(&self) -> Value {
        let (half, all) = (self.half_ms.map(rounded), self.all_ms.map(rounded));
        json!({ "half_have_it_ms": half, "all_have_it_ms": all, "hops": self.hops, "copies_per_node": rounded(self.copies) })
    }
}
