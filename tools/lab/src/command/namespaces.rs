//! Does a cluster survive a bad network? Hosts in network namespaces of their own that lose datagrams, then one that is cut
//! off and comes back.

use std::path::PathBuf;
use std::time::Duration;

use bruit::{Config, Profile};
use clap::builder::RangedU64ValueParser;

use super::{profile, seconds};
use crate::cluster::agents::{self, Agents};
use crate::cluster::binary;
use crate::cluster::loops::{self, Loops};
use crate::failure::Failure;
use crate::machine::Machine;
use crate::network::{HOSTS_MAX, Network};
use crate::progress::Progress;
use crate::report::{Report, Table};
use crate::scenario::{Outcome, Plan, lose_cut_and_heal};
use crate::views::Wrong;
use crate::watch::Watch;

/// What can be chosen.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Hosts, each with one agent
    #[arg(long, default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(3..=HOSTS_MAX as u64))]
    hosts: usize,
    /// How many of a hundred datagrams each host loses of those that it receives
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=90))]
    loss: u32,
    /// How long they run under loss before the cut
    #[arg(long, default_value_t = 60, value_parser = seconds())]
    seconds: u64,
    /// Where the parameters come from: lan, wan or local
    #[arg(long, default_value = "lan", value_parser = profile)]
    profile: Profile,
    /// Loops in this process, each in a host's namespace, instead of agents
    #[arg(long)]
    loops: bool,
    /// The agent [default: `bruit` beside this program]
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    if let Some(why) = Network::why_not() {
        return Ok(Report::skipped("namespaces", &why));
    }
    let machine = Machine::look();
    let mut progress = Progress::new();
    let binary = if args.loops { None } else { Some(binary::find(args.bin.as_deref())?) };
    // Declared before the nodes in it, so that it outlives them.
    let network = Network::make(args.hosts, args.loss)?;
    let config = Config::new(args.profile);
    let plan = Plan { lossy: Duration::from_secs(args.seconds), cut: args.hosts - 1 };
    let hosts = 0..args.hosts;
    let outcome = if let Some(binary) = binary {
        let setup = agents::Setup { binary, profile: args.profile, kernel_evidence: true };
        let places = hosts
            .map(|host| agents::Place { bind: network.addr(host), namespace: Some(network.namespace(host)) })
            .collect();
        lose_cut_and_heal(&mut Watch::new(Agents::start(setup, places)?), &network, &config, &plan, &mut progress)?
    } else {
        let places =
            hosts.map(|host| loops::Place { bind: network.addr(host), namespace: Some(network.file(host)) }).collect();
        lose_cut_and_heal(&mut Watch::new(Loops::start(&config, places)?), &network, &config, &plan, &mut progress)?
    };
    Ok(report(args, &machine, &outcome))
}

fn report(args: &Args, machine: &Machine, outcome: &Outcome) -> Report {
    let who = if args.loops { "loops of one process" } else { "agents" };
    let Args { hosts, loss, seconds, .. } = args;
    let title = format!(
        "{hosts} {who} in network namespaces, each loses {loss} % of what it receives, profile {}",
        args.profile.name()
    );
    let mut report = Report::new("namespaces", &title, machine);
    let mut table = Table::new(&["step", "after", "<"]);
    for step in &outcome.steps {
        table.row([step.name.to_owned(), super::or_never(step.took_ms), step.note.clone()]);
    }
    report.table(&table);
    let Outcome { steps, wrong, carried_over, lost } = outcome;
    report.judge(wrong);
    let Wrong { deaths, suspicions, disagreements, .. } = carried_over;
    report.line(&format!("the same after the cut was healed, until refuted: {deaths} / {suspicions} times"));
    report.require(*disagreements == 0, format_args!("{disagreements} pairs are not as events told"));
    report.key("wrong_after_healing", carried_over.json());
    report.line(&format!("datagrams lost on purpose: {lost}"));
    for step in steps {
        report.require(step.took_ms.is_some(), format_args!("{} did not come true", step.name));
    }
    report.require(*loss == 0 || *lost > 0, "datagrams were to be lost, and none was");
    report.key("hosts", *hosts);
    report.key("loss_percent", *loss);
    report.key("seconds", *seconds);
    report.key("profile", args.profile.name());
    report.key("agents", !args.loops);
    report.key("steps", steps.iter().map(crate::scenario::Step::json).collect::<serde_json::Value>());
    report.key("datagrams_lost", *lost);
    report
}
