//! What did it bear? Figures of all nodes together, as a document and as a table.

use std::time::Duration;

use serde::Serialize;

use super::Load;
use super::nodes::Snapshot;
use super::publisher::Published;
use super::reader::{Heard, distribution};
use crate::commands::stat;
use crate::output::{BAD, BOLD, Cell, DIM, DOUBTFUL, PLAIN, Paint, Table, bytes, micros, three_digits};
use crate::view::{Distribution, Pairs};

/// What was measured.
#[derive(Debug)]
pub struct Measured {
    /// From the first publication until all had arrived, or nobody waited any longer.
    pub elapsed: Duration,
    /// Processor time of the whole process meanwhile.
    pub cpu: Duration,
    /// By all nodes meanwhile.
    pub counted: Snapshot,
    /// By the schedule.
    pub published: Published,
    /// By each reader.
    pub heard: Vec<Heard>,
}

/// `bruit load --json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// 1.
    pub schema: u32,
    /// How many nodes there were.
    pub nodes: usize,
    /// How many of them published.
    pub publishers: usize,
    /// Rumors a second that were to be published.
    pub rate: u32,
    /// Bytes of each payload.
    pub size: usize,
    /// `urgent`, `normal` or `bulk`.
    pub class: &'static str,
    /// Of the schedule.
    pub duration_s: f64,
    /// Until the last had arrived.
    pub elapsed_s: f64,
    /// Rumors published.
    pub published: u64,
    /// Rumors that nodes refused, or that were not taken in time.
    pub refused: u64,
    /// How late the latest was handed to its node.
    pub latest_us: u64,
    /// Rumors read.
    pub delivered: u64,
    /// Of all that were published, by all but their origin.
    pub delivered_share: f64,
    /// Reported as lost: nobody had them any more.
    pub lost: u64,
    /// Lost to readers that were too slow.
    pub unread: u64,
    /// Rumors received again by those who had them.
    pub duplicates: u64,
    /// Copies of a rumor that arrived at a node, on average.
    pub copies_per_node: f64,
    /// From when a rumor was meant to be published until it was read.
    pub age_us: Distribution,
    /// Sent by one node in a second.
    pub datagrams_per_node_s: f64,
    /// UDP payload sent by one node in a second.
    pub bytes_per_node_s: f64,
    /// In each datagram that held any, on average.
    pub rumors_per_datagram: f64,
    /// Processor time of the whole process for each rumor read.
    pub cpu_us_per_delivery: f64,
    /// Datagrams that the kernel dropped because a loop did not read them in time.
    pub kernel_drops: u64,
    /// How late the timers of the worst node were, since its start.
    pub timer_lateness_p99_us: u64,
    /// The same, at most.
    pub timer_lateness_max_us: u64,
    /// Made by the loop threads since their loops began; null when not counted.
    pub allocations_after_start: Option<u64>,
}

impl Report {
    /// From what was asked for and what was measured.
    pub fn new(load: &Load, measured: Measured, allocations_after_start: Option<u64>) -> Self {
        let Measured { elapsed, cpu, counted, published, heard } = measured;
        let refused_by_nodes = counted.io("rumors_refused");
        let taken = published.offered.saturating_sub(refused_by_nodes);
        let sum = |of: fn(&Heard) -> u64| heard.iter().map(of).sum();
        let (lost, unread) = (sum(|h| h.lost), sum(|h| h.unread));
        let ages: Vec<u32> = heard.into_iter().flat_map(|h| h.ages_us).collect();
        let delivered = ages.len() as u64;
        let possible = taken * (load.nodes as u64 - 1);
        let duplicates = counted.counter("rumors_known");
        let arrived = counted.counter("rumors_new") + duplicates;
        let per_node_s = |n: u64| n as f64 / elapsed.as_secs_f64() / load.nodes as f64;
        Self {
            schema: 1,
            nodes: load.nodes,
            publishers: load.publishers,
            rate: load.rate,
            size: load.size,
            class: load.class.name(),
            duration_s: load.duration.as_secs_f64(),
            elapsed_s: elapsed.as_secs_f64(),
            published: taken,
            refused: refused_by_nodes + published.given_up,
            latest_us: u64::try_from(published.latest.as_micros()).unwrap_or(u64::MAX),
            delivered,
            delivered_share: ratio(delivered, possible),
            lost,
            unread,
            duplicates,
            copies_per_node: ratio(arrived, possible),
            age_us: distribution(ages),
            datagrams_per_node_s: per_node_s(counted.counter("datagrams_sent")),
            bytes_per_node_s: per_node_s(counted.counter("bytes_sent")),
            rumors_per_datagram: ratio(arrived, counted.datagrams_with_rumors()),
            cpu_us_per_delivery: cpu.as_secs_f64() * 1e6 / delivered.max(1) as f64,
            kernel_drops: counted.io("kernel_drops"),
            timer_lateness_p99_us: counted.lateness_us.0,
            timer_lateness_max_us: counted.lateness_us.1,
            allocations_after_start,
        }
    }

    /// The tables.
    pub fn text(&self, paint: Paint) -> String {
        let title = format!(
            "{} nodes, {} of them {} {} {} rumors of {} a second for {} s",
            self.nodes,
            self.publishers,
            if self.publishers == 1 { "publishes" } else { "publish" },
            self.rate,
            self.class,
            bytes(self.size as u64),
            three_digits(self.duration_s)
        );
        let ages = Pairs(vec![("age".to_owned(), self.age_us.clone())]);
        let (ages, figures) = (stat::distributions(&ages).render(paint), self.figures().render(paint));
        format!("{}\n\n{ages}\n{figures}", paint.paint(BOLD, &title))
    }

    fn figures(&self) -> Table {
        let mut table = Table::new(&["", ">"]);
        let mut row = |name: &str, value: String, style| table.row([Cell::new(DIM, name), Cell::new(style, value)]);
        let none_of = |n: u64, style| if n == 0 { PLAIN } else { style };
        let whole = if self.delivered_share < 1.0 { BAD } else { PLAIN };
        row("published", self.published.to_string(), PLAIN);
        row("refused", self.refused.to_string(), none_of(self.refused, DOUBTFUL));
        row("handed to its node late by, at most", micros(self.latest_us), PLAIN);
        row("delivered", format!("{} ({:.3} %)", self.delivered, self.delivered_share * 100.0), whole);
        row("reported as lost", self.lost.to_string(), none_of(self.lost, BAD));
        row("lost to readers that were too slow", self.unread.to_string(), none_of(self.unread, BAD));
        row("copies of each that arrive at a node", format!("{:.2}", self.copies_per_node), PLAIN);
        row("rumors in a datagram that holds any", three_digits(self.rumors_per_datagram), PLAIN);
        row("datagrams, per node and second", three_digits(self.datagrams_per_node_s), PLAIN);
        row("bytes, per node and second", bytes(self.bytes_per_node_s as u64), PLAIN);
        row("CPU for each delivery, all threads", format!("{} µs", three_digits(self.cpu_us_per_delivery)), PLAIN);
        row("dropped by the kernel", self.kernel_drops.to_string(), none_of(self.kernel_drops, DOUBTFUL));
        row("timers late by, p99 of the worst node", micros(self.timer_lateness_p99_us), PLAIN);
        let allocations = self.allocations_after_start;
        let counted = allocations.map_or_else(|| "not counted".to_owned(), |n| n.to_string());
        row("allocations by the loops", counted, none_of(allocations.unwrap_or_default(), BAD));
        table
    }
}

fn ratio(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}
