//! What did it bear? Figures of all nodes together, as a document and as a table.

use std::time::Duration;

use bruit_agent::view::{Distribution, Pairs};
use bruit_terminal::output::{BAD, BOLD, Cell, DIM, DOUBTFUL, PLAIN, Paint, Table, bytes, micros, three_digits};
use serde::Serialize;

use super::Load;
use super::ages::Ages;
use super::counted::Counted;
use super::publisher::Published;
use super::reader::Heard;
use crate::commands::stat;

/// What was measured. What cannot be known of agents is `None`.
#[derive(Debug)]
pub struct Measured {
    /// Their names, where running agents were measured.
    pub agents: Option<Vec<String>>,
    /// From the first publication until all had arrived, or nobody waited any longer.
    pub elapsed: Duration,
    /// Processor time of the whole process meanwhile.
    pub cpu: Option<Duration>,
    /// By all nodes meanwhile.
    pub counted: Counted,
    /// By the schedule.
    pub published: Published,
    /// By the reader of each node; `None` where nobody could hear it.
    pub heard: Option<Vec<Heard>>,
    /// By the loop threads.
    pub allocations: Option<u64>,
}

/// What came out: the report, and the ages that it sums up.
#[derive(Debug)]
pub struct Outcome {
    /// The figures.
    pub report: Report,
    /// From when a rumor was meant to be published until it was read.
    pub ages: Ages,
    /// As agents have it.
    pub agent_ages: Ages,
}

/// `bruit load --json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// 1.
    pub schema: u32,
    /// The names of the agents that were measured, the one that published first; null in one process.
    pub agents: Option<Vec<String>>,
    /// How many nodes there were.
    pub nodes: usize,
    /// How many of them published.
    pub publishers: usize,
    /// Rumors a second that were to be published; null where the next were published as soon as others had been read.
    pub rate: Option<u32>,
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
    /// What an agent said of the first that it refused, or a node of one of them; null where none was.
    pub refused_because: Option<String>,
    /// How late the latest was handed to its node.
    pub latest_us: u64,
    /// Rumors read; null where no other agent was given, like all that is said of arrival.
    pub delivered: Option<u64>,
    /// Of all that were published, by all but their origin.
    pub delivered_share: Option<f64>,
    /// At one reader in a second, from the first publication until the last was read.
    pub arrived_per_s: Option<f64>,
    /// By all readers, in a second, from the first publication until the last was read.
    pub delivered_per_s: Option<f64>,
    /// By all readers, for each second of processor time of the whole process; null for agents, which do not tell theirs.
    pub delivered_per_core_s: Option<f64>,
    /// At each node, in their order; what a node published itself is not delivered there.
    pub delivered_by_node: Option<Vec<u64>>,
    /// Reported as lost: nobody had them any more.
    pub lost: Option<u64>,
    /// Lost to readers that were too slow.
    pub unread: Option<u64>,
    /// Rumors received again by those who had them.
    pub duplicates: u64,
    /// Copies of a rumor that arrived at a node, on average.
    pub copies_per_node: Option<f64>,
    /// From when a rumor was meant to be published until it was read.
    pub age_us: Option<Distribution>,
    /// From its publication until it arrived, as agents have it; null in one process.
    pub agent_age_us: Option<Distribution>,
    /// Sent by one node in a second.
    pub datagrams_per_node_s: f64,
    /// UDP payload sent by one node in a second.
    pub bytes_per_node_s: f64,
    /// In each datagram that held any, on average; null where none arrived.
    pub rumors_per_datagram: Option<f64>,
    /// Processor time of the whole process in a second, in cores; null for agents.
    pub cores_busy: Option<f64>,
    /// Processor time of the whole process for each rumor read; null for agents, which do not tell theirs.
    pub cpu_us_per_delivery: Option<f64>,
    /// Datagrams that the kernel dropped because a loop did not read them in time.
    pub kernel_drops: u64,
    /// How late the timers of the worst node were, since its start.
    pub timer_lateness_p99_us: u64,
    /// The same, at most.
    pub timer_lateness_max_us: u64,
    /// Made by the loop threads since their loops began; null when not counted.
    pub allocations_after_start: Option<u64>,
}

impl Outcome {
    /// From what was asked for and what was measured.
    pub fn new(load: &Load, measured: Measured) -> Self {
        let Measured { agents, elapsed, cpu, counted, published, heard, allocations } = measured;
        let by_node: Option<Vec<u64>> = heard.as_ref().map(|all| all.iter().map(Heard::count).collect());
        let is_heard = heard.is_some();
        let Heard { ages_us, agent_ages_us, last, lost, unread } = Heard::of_all(heard.unwrap_or_default());
        let (ages, agent_ages) = (Ages::new(ages_us), Ages::new(agent_ages_us));
        let delivered = ages.count();
        let possible = published.taken() * load.readers();
        let duplicates = counted.counter("rumors_known");
        let arrived = counted.counter("rumors_new") + duplicates;
        let per_node_s = |n: u64| n as f64 / elapsed.as_secs_f64() / load.nodes as f64;
        let to_the_last = last.max(load.duration).as_secs_f64();
        let with_rumors = counted.datagrams_with_rumors();
        let report = Report {
            schema: 1,
            nodes: load.nodes,
            publishers: load.publishers,
            rate: load.scheduled(),
            size: load.size,
            class: bruit::Class::from(load.class).name(),
            duration_s: load.duration.as_secs_f64(),
            elapsed_s: elapsed.as_secs_f64(),
            published: published.taken(),
            refused: published.refused + published.given_up,
            refused_because: published.refused_because,
            latest_us: u64::try_from(published.latest.as_micros()).unwrap_or(u64::MAX),
            delivered: is_heard.then_some(delivered),
            delivered_share: is_heard.then(|| ratio(delivered, possible)),
            arrived_per_s: is_heard.then(|| ratio(delivered, load.readers()) / to_the_last),
            delivered_per_s: is_heard.then(|| delivered as f64 / to_the_last),
            delivered_per_core_s: cpu.map(|cpu| delivered as f64 / cpu.as_secs_f64()),
            delivered_by_node: by_node,
            lost: is_heard.then_some(lost),
            unread: is_heard.then_some(unread),
            duplicates,
            copies_per_node: is_heard.then(|| ratio(arrived, possible)),
            age_us: is_heard.then(|| ages.distribution()),
            agent_age_us: (is_heard && agents.is_some()).then(|| agent_ages.distribution()),
            datagrams_per_node_s: per_node_s(counted.counter("datagrams_sent")),
            bytes_per_node_s: per_node_s(counted.counter("bytes_sent")),
            rumors_per_datagram: (with_rumors > 0).then(|| ratio(arrived, with_rumors)),
            cores_busy: cpu.map(|cpu| cpu.as_secs_f64() / elapsed.as_secs_f64()),
            cpu_us_per_delivery: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / delivered.max(1) as f64),
            kernel_drops: counted.io("kernel_drops"),
            timer_lateness_p99_us: counted.lateness_us.0,
            timer_lateness_max_us: counted.lateness_us.1,
            allocations_after_start: allocations,
            agents,
        };
        Self { report, ages, agent_ages }
    }
}

impl Report {
    /// The share of all deliveries that the schedule asked for and that did not come: refused, late beyond patience, or lost.
    pub fn loss(&self) -> f64 {
        let asked_for = (self.published + self.refused) * (self.nodes as u64 - 1);
        1.0 - ratio(self.delivered.unwrap_or_default(), asked_for)
    }

    /// Who is measured.
    pub fn who(&self) -> String {
        match self.agents.as_deref() {
            None => format!("{} nodes, {} of them", self.nodes, self.publishers),
            Some([alone]) => format!("agent {alone}"),
            Some([publisher, ..]) => format!("{} agents, of them {publisher}", self.nodes),
            Some([]) => "no agent".to_owned(),
        }
    }

    /// What was asked for.
    pub fn title(&self) -> String {
        let publish = if self.publishers == 1 { "publishes" } else { "publish" };
        let (size, time) = (bytes(self.size as u64), three_digits(self.duration_s));
        match self.rate {
            Some(rate) => {
                format!("{} {publish} {rate} {} rumors of {size} a second for {time} s", self.who(), self.class)
            }
            None => format!("{} {publish} {} rumors of {size} for {time} s, flat out", self.who(), self.class),
        }
    }

    /// The tables.
    pub fn text(&self, paint: Paint) -> String {
        let named = [("age", &self.age_us), ("age at agents", &self.agent_age_us)];
        let named = named.into_iter().filter_map(|(name, ages)| Some((name, ages.clone()?)));
        let ages: Pairs<Distribution> = named.collect();
        let ages = if ages.0.is_empty() { String::new() } else { stat::distributions(&ages).render(paint) + "\n" };
        let figures = self.figures().render(paint);
        let why = self.refused_because.as_ref().map_or_else(String::new, |why| format!("\nwhy refused: {why}\n"));
        format!("{}\n\n{ages}{figures}{why}", paint.paint(BOLD, &self.title()))
    }

    fn figures(&self) -> Table {
        let mut table = Table::new(&["", ">"]);
        let mut row = |name: &str, value: String, style| table.row([Cell::new(DIM, name), Cell::new(style, value)]);
        let none_of = |n: Option<u64>, style| if n.is_none_or(|n| n == 0) { PLAIN } else { style };
        let whole = if self.delivered_share.is_some_and(|share| share < 1.0) { BAD } else { PLAIN };
        let delivered = self.delivered.zip(self.delivered_share);
        row("published", self.published.to_string(), PLAIN);
        row("refused", self.refused.to_string(), none_of(Some(self.refused), DOUBTFUL));
        row("handed to its node late by, at most", micros(self.latest_us), PLAIN);
        row("delivered", or_dash(delivered, |(n, share)| format!("{n} ({:.3} %)", share * 100.0)), whole);
        row("arrived at each reader, per second", or_dash(self.arrived_per_s, three_digits), PLAIN);
        row("delivered by all, per second", or_dash(self.delivered_per_s, whole_number), PLAIN);
        row("delivered by all, per second and core", or_dash(self.delivered_per_core_s, whole_number), BOLD);
        row("reported as lost", or_dash(self.lost, |n| n.to_string()), none_of(self.lost, BAD));
        row("lost to readers that were too slow", or_dash(self.unread, |n| n.to_string()), none_of(self.unread, BAD));
        row("duplicates suppressed", self.duplicates.to_string(), PLAIN);
        row("copies of each that arrive at a node", or_dash(self.copies_per_node, |n| format!("{n:.2}")), PLAIN);
        row("rumors in a datagram that holds any", or_dash(self.rumors_per_datagram, three_digits), PLAIN);
        row("datagrams, per node and second", three_digits(self.datagrams_per_node_s), PLAIN);
        row("bytes, per node and second", bytes(self.bytes_per_node_s as u64), PLAIN);
        let cpu = or_dash(self.cpu_us_per_delivery, |us| format!("{} µs", three_digits(us)));
        row("CPU for each delivery, all threads", cpu, PLAIN);
        row("cores busy", or_dash(self.cores_busy, |n| format!("{n:.2}")), PLAIN);
        row("dropped by the kernel", self.kernel_drops.to_string(), none_of(Some(self.kernel_drops), DOUBTFUL));
        row("timers late by, p99 of the worst node", micros(self.timer_lateness_p99_us), PLAIN);
        row("timers late by, at most", micros(self.timer_lateness_max_us), PLAIN);
        let allocations = self.allocations_after_start;
        row("allocations by the loops", or_dash(allocations, |n| n.to_string()), none_of(allocations, BAD));
        table
    }
}

/// What is not known is a dash.
fn or_dash<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), text)
}

fn whole_number(n: f64) -> String {
    format!("{n:.0}")
}

fn ratio(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}
