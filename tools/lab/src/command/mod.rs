//! What can be measured? One file per measurement.

mod kill;
mod namespaces;
mod newcomer;
mod one_by_one;
mod pause;
mod quiet;
mod rss;
mod rumor;
mod storm;

use std::time::Duration;

use bruit::Profile;
use clap::builder::RangedU64ValueParser;

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::figures;
use crate::progress::Progress;
use crate::report::Report;
use crate::watch::Watch;

/// How long a cluster may take until all see all, before the measurement gives up.
const JOIN_WITHIN: Duration = Duration::from_secs(120);

/// The measurements.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// A quiet cluster in one process: CPU, datagrams, bytes and allocations per node and second
    Quiet(quiet::Args),
    /// All nodes join through one seed at once, in one process: time until all see all, and what went wrong meanwhile
    Storm(storm::Args),
    /// A member is killed: time until all others hold it dead, and whether anybody else was held dead
    Kill(kill::Args),
    /// A real agent is stopped (SIGSTOP) and continued (SIGCONT): who held it dead, and time until all see it alive again
    Pause(pause::Args),
    /// Hosts in network namespaces (root): join and run under loss, then one is cut off and comes back
    Namespaces(namespaces::Args),
    /// One rumor after the other, in one process: time until all have it, passed on at once and by rounds alone
    Rumor(rumor::Args),
    /// One that holds nothing joins a cluster with many keys, again and again: time until it holds all, and bytes
    Newcomer(newcomer::Args),
    /// The memory of agents that are processes of their own, with their default limits
    Rss(rss::Args),
}

impl Command {
    /// Measures, and ends what it has started.
    ///
    /// # Errors
    /// Why it could not be measured.
    pub fn run(self) -> Result<Report, Failure> {
        match self {
            Self::Quiet(args) => quiet::run(&args),
            Self::Storm(args) => storm::run(&args),
            Self::Kill(args) => kill::run(&args),
            Self::Pause(args) => pause::run(&args),
            Self::Namespaces(args) => namespaces::run(&args),
            Self::Rumor(args) => rumor::run(&args),
            Self::Newcomer(args) => newcomer::run(&args),
            Self::Rss(args) => rss::run(&args),
        }
    }
}

/// A profile by its name.
fn profile(text: &str) -> Result<Profile, String> {
    Profile::from_name(text).ok_or_else(|| "one of lan, wan, local is expected".to_owned())
}

/// A number of nodes: as many as make a cluster, and no more than a machine wants to run.
fn nodes() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(2..=1_000)
}

/// A number of loops.
fn loops() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1_000)
}

/// As many loops as were asked for, or so many; never more than nodes.
fn loops_or(asked: Option<usize>, otherwise: usize, nodes: usize) -> usize {
    asked.unwrap_or(otherwise).min(nodes)
}

/// A number of runs.
fn runs() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1_000)
}

/// A number of seconds: an hour at most.
fn seconds() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..=3_600)
}

/// Waits until all see all, then lets the news settle.
fn join_all<C: Cluster>(watch: &mut Watch<C>, settle: Duration, progress: &mut Progress) -> Result<(), Failure> {
    let joined = watch.until(JOIN_WITHIN, |views| {
        let (alive, all) = views.pairs_alive();
        progress.say(format_args!("joining: {alive} of {all} pairs see each other"));
        alive == all
    })?;
    if joined.is_none() {
        let (alive, all) = watch.views.pairs_alive();
        return Err(Failure::new(format_args!(
            "only {alive} of {all} pairs see each other alive {} s after the start",
            JOIN_WITHIN.as_secs()
        )));
    }
    watch.during(settle, |_, _| progress.say(format_args!("settling")))
}

/// How long news takes to settle: no suspicion is open and nobody has anything to tell any more.
fn settling(probe_interval: Duration) -> Duration {
    probe_interval * 2 + Duration::from_secs(2)
}

fn millis_of(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A time that may never have come, for people.
fn or_never(ms: Option<f64>) -> String {
    ms.map_or_else(|| "never".to_owned(), figures::millis)
}
