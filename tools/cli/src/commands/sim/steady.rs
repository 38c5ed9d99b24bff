//! `bruit sim steady`: what a cluster costs in which nothing happens.

use std::time::Duration;

use bruit::Span;
use bruit::sim::experiment::steady::{self, Report, Setup};
use serde::Serialize;

use super::common::{Common, refused};
use super::document::{Bought, Document, Spread};
use super::progress::Line;
use super::rows::Rows;
use crate::failure::Failure;

/// Nothing happens: datagrams, bytes and work per node and second
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How long to watch
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    watch: Duration,
}

#[derive(Serialize)]
struct Figures {
    datagrams_per_node_s: Spread,
    bytes_per_node_s: Spread,
    cpu_ns_per_node_s: Spread,
    suspicions: u64,
    #[serde(flatten)]
    memory: Bought,
}

/// Plays it and shows what came out.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut setup = Setup { watch: Span::from(args.watch), ..Setup::new(args.common.profile) };
    args.common.apply(&mut setup.base, &mut setup.runs);
    let line = Line::new("steady");
    let report = steady::run(&setup, &|done, of| line.tell(done, of), &thread_time).map_err(refused)?;
    line.end(args.common.json);
    document(&setup, &report).show(args.common.json, &rows(&report))
}

/// The processor time that this thread has used.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

fn document<'a>(setup: &Setup, report: &Report) -> Document<'a, Figures> {
    let figures = Figures {
        datagrams_per_node_s: report.datagrams_per_node_s.into(),
        bytes_per_node_s: report.bytes_per_node_s.into(),
        cpu_ns_per_node_s: report.cpu_ns_per_node_s.into(),
        suspicions: report.suspicions,
        memory: report.memory.into(),
    };
    Document::new("steady", &setup.base, setup.runs, figures, report.trace_hash)
}

fn rows(report: &Report) -> Rows {
    let mut rows = Rows::new("per node and second");
    rows.number("datagrams sent", report.datagrams_per_node_s);
    rows.bytes("payload sent", report.bytes_per_node_s);
    rows.nanos("processor time, the simulator's included", report.cpu_ns_per_node_s);
    rows.count("suspicions in all", report.suspicions);
    rows.memory(report.memory);
    rows.hash(report.trace_hash);
    rows
}
