//! What have nodes counted meanwhile? Counters of several nodes, summed, between two looks.

use std::collections::BTreeMap;

use bruit::net::Stats;
use bruit::wire::Kind;
use bruit_agent::view::{Distribution, Stat};

/// What all nodes have counted, since their start or between two looks.
#[derive(Debug, Default)]
pub struct Counted {
    counters: BTreeMap<String, u64>,
    io: BTreeMap<String, u64>,
    rumor_sections: u64,
    /// How late timers were, the worst node's p99 and maximum since its start, in microseconds.
    pub lateness_us: (u64, u64),
}

impl Counted {
    /// Adds what a node in this process has counted.
    pub fn add(&mut self, stats: &Stats) {
        stats.counters.iter().for_each(|(name, n)| add(&mut self.counters, name, *n));
        stats.io.iter().for_each(|(name, n)| add(&mut self.io, name, *n));
        self.rumor_sections += stats.received.iter().find(|(kind, _)| *kind == Kind::Rumors).map_or(0, |(_, n)| *n);
        let late = stats.histograms.iter().find(|figure| figure.name == LATENESS);
        self.late(late.map(|figure| (figure.summary.p99, figure.summary.max)));
    }

    /// Adds what an agent says that it has counted.
    pub fn add_document(&mut self, stat: &Stat) {
        stat.counters.0.iter().for_each(|(name, n)| add(&mut self.counters, name, *n));
        stat.io.0.iter().for_each(|(name, n)| add(&mut self.io, name, *n));
        self.rumor_sections += stat.received.get(Kind::Rumors.name()).copied().unwrap_or_default();
        self.late(stat.histograms.get(LATENESS).map(|late: &Distribution| (late.p99, late.max)));
    }

    fn late(&mut self, of_one: Option<(u64, u64)>) {
        let (p99, max) = of_one.unwrap_or_default();
        self.lateness_us = (self.lateness_us.0.max(p99), self.lateness_us.1.max(max));
    }

    /// What has been counted since an earlier look.
    pub fn since(mut self, earlier: &Self) -> Self {
        self.counters.iter_mut().for_each(|(name, n)| *n -= earlier.counter(name).min(*n));
        self.io.iter_mut().for_each(|(name, n)| *n -= earlier.io(name).min(*n));
        self.rumor_sections -= earlier.rumor_sections.min(self.rumor_sections);
        self
    }

    /// A counter of the nodes.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or_default()
    }

    /// A counter of their loops.
    pub fn io(&self, name: &str) -> u64 {
        self.io.get(name).copied().unwrap_or_default()
    }

    /// Datagrams received that held rumors.
    pub const fn datagrams_with_rumors(&self) -> u64 {
        self.rumor_sections
    }
}

/// The histogram of it.
const LATENESS: &str = "timer_lateness";

fn add(to: &mut BTreeMap<String, u64>, name: &str, n: u64) {
    match to.get_mut(name) {
        Some(sum) => *sum += n,
        None => drop(to.insert(name.to_owned(), n)),
    }
}
