//! How do figures leave the loop? On request into words bought at start; a node that nobody asks pays nothing.
//!
//! A reader raises `asked` and wakes the loop; the loop writes all figures at the end of its round and raises `answered`. A
//! loop that is wedged answers nobody: the reader takes the last figures and says how old they are.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use super::counters::IoCounters;
use super::figures::{Figure, Stats, Usage};
use super::seqlock;
use crate::error::DropReason;
use crate::measure::{Counters, Histogram, Summary};
use crate::node::Node;
use crate::time::Instant;
use crate::wire::Kind;

/// What is measured, in the order in which it is written: by the node, then by the loop.
const HISTOGRAMS: [&str; 8] = [
    "probe_rtt",
    "timer_lateness",
    "round",
    "encode",
    "wake_lateness",
    "rumor_age_urgent",
    "rumor_age_normal",
    "rumor_age_bulk",
];
/// Words of one [`Summary`].
const SUMMARY: usize = 7;

/// What the loop measures itself.
#[derive(Debug, Default)]
pub(super) struct LoopHistograms {
    /// From the end of one sleep to the beginning of the next.
    pub round: Histogram,
    /// To write one datagram.
    pub encode: Histogram,
    /// How late the operating system ended a sleep that a time-out was to end.
    pub wake_lateness: Histogram,
}

impl LoopHistograms {
    pub(super) fn memory_bytes() -> usize {
        3 * Histogram::memory_bytes()
    }
}

/// Where the figures of one node are published.
#[derive(Debug)]
pub(super) struct Board {
    asked: AtomicU64,
    answered: AtomicU64,
    version: AtomicU64,
    words: Box<[AtomicU64]>,
    usage: Box<[&'static str]>,
    counters: usize,
}

/// The figures as they were last published.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// When, by the loop's clock.
    pub at: Instant,
    pub usage: Vec<Usage>,
    pub stats: Stats,
}

impl Board {
    pub(super) fn new(node: &Node) -> Self {
        let usage: Box<[&'static str]> = node.usage().iter().map(|(name, ..)| *name).collect();
        let counters = node.counters().named().count();
        Self {
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            version: AtomicU64::new(0),
            words: seqlock::words(Self::len(counters, usage.len())),
            usage,
            counters,
        }
    }

    const fn len(counters: usize, usage: usize) -> usize {
        let kinds = 2 * Kind::ALL.len();
        1 + 2 * usage + counters + DropReason::ALL.len() + kinds + IoCounters::NAMES.len() + HISTOGRAMS.len() * SUMMARY
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// Asks for fresh figures; what to hand to [`Board::answered`].
    pub(super) fn ask(&self) -> u64 {
        self.asked.fetch_add(1, SeqCst) + 1
    }

    /// Whether figures were published since that [`Board::ask`].
    pub(super) fn answered(&self, ask: u64) -> bool {
        self.answered.load(Acquire) >= ask
    }

    /// Whether somebody waits for figures.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Relaxed) != self.answered.load(Relaxed)
    }

    /// Publishes the figures of this moment. The loop's call.
    pub(super) fn publish(&self, now: Instant, node: &Node, io: &IoCounters, own: &LoopHistograms) {
        let asked = self.asked.load(SeqCst);
        seqlock::begin(&self.version);
        let mut words = self.words.iter();
        let mut put = |value: u64| {
            if let Some(word) = words.next() {
                word.store(value, Relaxed);
            }
        };
        put(now.as_nanos());
        for (_, used, max) in node.usage() {
            put(u64::from(used));
            put(u64::from(max));
        }
        let counters = node.counters();
        counters.named().for_each(|(_, value)| put(value));
        DropReason::ALL.iter().for_each(|reason| put(counters.dropped(*reason)));
        Kind::ALL.iter().for_each(|kind| put(counters.received(*kind)));
        Kind::ALL.iter().for_each(|kind| put(counters.sent(*kind)));
        io.values().into_iter().for_each(&mut put);
        let measured = node.histograms();
        let [urgent, normal, bulk] = &measured.rumor_age;
        let loops = [&own.round, &own.encode, &own.wake_lateness];
        for histogram in
            [&measured.probe_rtt, &measured.lateness].into_iter().chain(loops).chain([urgent, normal, bulk])
        {
            let s = histogram.summary();
            [s.count, s.min, s.p50, s.p90, s.p99, s.p999, s.max].into_iter().for_each(&mut put);
        }
        seqlock::end(&self.version);
        self.answered.store(asked, Release);
    }

    /// The figures as they were last published. All zero when the loop has died in the middle of writing them.
    pub(super) fn read(&self) -> Figures {
        let mut words = vec![0; self.words.len()];
        if seqlock::read(&self.version, || seqlock::load(&self.words, &mut words)).is_none() {
            words.fill(0);
        }
        let mut words = words.into_iter();
        let mut next = || words.next().unwrap_or_default();
        let at = Instant::from_nanos(next());
        let usage = self.usage.iter().map(|name| Usage { name, used: next() as u32, max: next() as u32 }).collect();
        let names = Counters::default();
        let counters = names.named().take(self.counters).map(|(name, _)| (name, next())).collect();
        let drops = DropReason::ALL.iter().map(|reason| (*reason, next())).collect();
        let received = Kind::ALL.iter().map(|kind| (*kind, next())).collect();
        let sent = Kind::ALL.iter().map(|kind| (*kind, next())).collect();
        let io = IoCounters::NAMES.iter().map(|name| (*name, next())).collect();
        let histograms =
            HISTOGRAMS.iter().map(|name| Figure { name, unit: "us", summary: summary(&mut next) }).collect();
        let age = core::time::Duration::ZERO;
        Figures { at, usage, stats: Stats { age, counters, drops, received, sent, io, histograms } }
    }
}

fn summary(next: &mut impl FnMut() -> u64) -> Summary {
    let (count, min, p50, p90, p99, p999, max) = (next(), next(), next(), next(), next(), next(), next());
    Summary { count, min, p50, p90, p99, p999, max }
}
