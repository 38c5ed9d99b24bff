//! How much does it bear? Nodes in this process publish at a rate and read what the others publish; every rumor says when it was
//! meant to be published, by the one clock that all of them share.
//!
//! The rate is a schedule: what could not be published in time is published late and counts as that much older (no coordinated
//! omission).

mod nodes;
mod publisher;
mod reader;
mod report;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bruit::{Class, Topic};

use crate::allocations;
use crate::commands::sim::progress::Line;
use crate::failure::Failure;
use crate::output::{self, Paint};
use nodes::Nodes;
use reader::Heard;
use report::{Measured, Report};

/// What every payload begins with: when it was meant to be published, in nanoseconds since the start.
pub const STAMP: usize = size_of::<u64>();
/// A rumor that only says that its origin is there.
const GREETING: u64 = u64::MAX;
/// How long what was published last may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nodes may take to join, and the first rumors to arrive.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How often the progress is shown, and whether everything has arrived is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What to publish.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many nodes there are.
    pub nodes: usize,
    /// How many of them publish, in turns.
    pub publishers: usize,
    /// Rumors a second, of all together.
    pub rate: u32,
    /// Bytes of each payload.
    pub size: usize,
    /// For how long.
    pub duration: Duration,
    /// How they travel.
    pub class: Class,
}

impl Load {
    /// How many rumors that is.
    fn rumors(&self) -> u64 {
        (self.duration.as_secs_f64() * f64::from(self.rate)).round() as u64
    }
}

/// What the threads tell each other.
#[derive(Debug, Default)]
struct Progress {
    published: AtomicU64,
    delivered: AtomicU64,
    over: AtomicBool,
}

fn topic() -> Topic {
    Topic::new("load")
}

/// Plays it and reports.
pub fn play(load: &Load, json: bool) -> Result<(), Failure> {
    let nodes = Nodes::start(load)?;
    nodes.get_ready(READY_WITHIN)?;
    let report = measure(load, &nodes);
    nodes.stop();
    if json { output::print_json(&report) } else { output::print(&report.text(Paint::stdout())) }
}

fn measure(load: &Load, nodes: &Nodes) -> Report {
    let progress = Progress::default();
    let (before, cpu_before, start) = (nodes.snapshot(), cpu(), Instant::now());
    let (published, heard) = std::thread::scope(|scope| {
        let progress = &progress;
        let readers: Vec<_> =
            nodes.all().iter().map(|node| scope.spawn(move || reader::read(node, start, progress))).collect();
        let publisher = scope.spawn(move || publisher::publish(load, nodes.all(), start, progress));
        let line = Line::new("load");
        while !publisher.is_finished() {
            std::thread::sleep(LOOK_EVERY);
            line.tell(count(&progress.published), u32::try_from(load.rumors()).unwrap_or(u32::MAX));
        }
        let published = publisher.join().expect("a publisher does not panic");
        let refused = || nodes.snapshot().since(&before).io("rumors_refused");
        let all_have_all = || published.has_reached(load, refused(), progress.delivered.load(Ordering::Relaxed));
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && !all_have_all() {
            std::thread::sleep(LOOK_EVERY);
        }
        progress.over.store(true, Ordering::Relaxed);
        let heard: Vec<Heard> = readers.into_iter().map(|r| r.join().expect("a reader does not panic")).collect();
        (published, heard)
    });
    let (elapsed, cpu) = (start.elapsed(), cpu().saturating_sub(cpu_before));
    let counted = nodes.snapshot().since(&before);
    Report::new(load, Measured { elapsed, cpu, counted, published, heard }, allocations::counted())
}

fn count(counter: &AtomicU64) -> u32 {
    u32::try_from(counter.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
}

/// Of the whole process: loops, publisher and readers.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
