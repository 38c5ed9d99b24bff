//! How much does it bear? Rumors are published at a rate, and every one of them knows when it was meant to be published, by the
//! one clock of this process, which also reads them.
//!
//! The rate is a schedule: what could not be published in time is published late and counts as that much older (no coordinated
//! omission). [`flat_out`] has none: the next are published once earlier ones are read. [`here`] plays it among nodes in this process, [`agents`] among running agents through their control sockets, and
//! [`find_max`] plays it again and again to find the highest rate that holds.

pub mod agents;
mod ages;
mod counted;
pub mod find_max;
mod flat_out;
mod here;
mod nodes;
mod picture;
mod publisher;
mod reader;
mod report;
mod search;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bruit::Topic;
use bruit_config::RumorClass;
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint};
use bruit_terminal::plot;
use bruit_terminal::progress::Line;

use report::Outcome;

/// What every payload begins with: when it was meant to be published, in nanoseconds since the start.
pub const STAMP: usize = size_of::<u64>();
/// How long what was published last may take to arrive.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How often the progress is shown, and whether everything has arrived is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The topic of all that is published.
const TOPIC: &str = "load";

/// What to publish.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many nodes there are.
    pub nodes: usize,
    /// How many of them publish, in turns.
    pub publishers: usize,
    /// Rumors a second, of all together.
    pub rate: u32,
    /// Whether there is no rate: the next are published as soon as enough of those before have been read.
    pub flat_out: bool,
    /// Bytes of each payload.
    pub size: usize,
    /// For how long.
    pub duration: Duration,
    /// How they travel.
    pub class: RumorClass,
    /// How long what was published last may take to arrive.
    pub patience: Duration,
}

impl Load {
    /// How many rumors that is.
    fn rumors(&self) -> u64 {
        (self.duration.as_secs_f64() * f64::from(self.rate)).round() as u64
    }

    /// When the `n`th is meant to be published, counted from 0.
    fn due(&self, n: u64) -> Duration {
        Duration::from_secs_f64(n as f64 / f64::from(self.rate))
    }

    /// How often each rumor can be read: by all but its origin.
    const fn readers(&self) -> u64 {
        self.nodes as u64 - 1
    }

    /// After that nobody waits any longer for a place in a publisher's queue.
    fn given_up_after(&self) -> Duration {
        self.duration * 2
    }

    /// The schedule's rate, where there is one.
    fn scheduled(&self) -> Option<u32> {
        (!self.flat_out).then_some(self.rate)
    }
}

/// Where the results go.
#[derive(Clone, Debug)]
pub struct Show {
    /// One document instead of tables.
    pub json: bool,
    /// A picture as well.
    pub svg: Option<PathBuf>,
}

impl Show {
    /// Prints and draws what came out of one load.
    fn show(&self, outcome: &Outcome) -> Result<(), Failure> {
        let report = &outcome.report;
        if self.json { output::print_json(report) } else { output::print(&report.text(Paint::stdout())) }?;
        plot::save(self.svg.as_deref(), || picture::ages(outcome))
    }
}

/// What the threads tell each other.
#[derive(Debug, Default)]
struct Progress {
    published: AtomicU64,
    /// Deliveries that have come, or of which it is known that they will not.
    settled: AtomicU64,
    /// Everybody ends: all has arrived, or nobody waits any longer, or something has failed.
    over: AtomicBool,
}

impl Progress {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// So many more deliveries are settled.
    fn settle(&self, n: u64) {
        self.settled.fetch_add(n, Ordering::Relaxed);
    }

    /// Counts more rumors as published, if no more deliveries than so many are still to come then. Whether it has.
    fn publish_within(&self, load: &Load, more: u64, most: u64) -> bool {
        let settled = self.settled.load(Ordering::Relaxed);
        let fits = |published: u64| ((published + more) * load.readers()).saturating_sub(settled) <= most;
        let next = |published: u64| fits(published).then(|| published + more);
        self.published.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    /// Shows how much has been published, or without a schedule how many milliseconds are over.
    fn tell(&self, line: &Line, load: &Load, elapsed: Duration) {
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        match load.scheduled() {
            Some(_) => line.tell(number(self.published.load(Ordering::Relaxed)), number(load.rumors())),
            None => line.tell(millis(elapsed), millis(load.duration)),
        }
    }
}

fn topic() -> Topic {
    Topic::new(TOPIC)
}

/// Plays it in this process and reports.
pub fn play(load: &Load, show: &Show) -> Result<(), Failure> {
    show.show(&here::play(load, "load")?)
}
