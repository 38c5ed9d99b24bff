//! What was it like? Figures of all nodes together, as a document and as tables.

use bruit::net::Handle;
use bruit_agent::view::{Distribution, Pairs};
use bruit_terminal::output::{BAD, BOLD, Cell, DIM, GOOD, Paint, Table, bytes, micros, three_digits};
use serde::Serialize;

use crate::commands::stat;

/// One step and whether it came true.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Whether it came true in time.
    pub ok: bool,
    /// Until it was true everywhere.
    pub took_ms: f64,
}

/// What nodes have counted and measured, summed. Of distributions, each figure is that of the worst node: an upper bound of
/// what all measurements together would give.
#[derive(Debug, Default)]
pub struct Snapshot {
    counters: Vec<(String, u64)>,
    drops: Vec<(String, u64)>,
    figures: Vec<(String, Distribution)>,
}

impl Snapshot {
    /// Takes in a node.
    pub fn add(&mut self, node: &Handle) {
        let stats = node.stats();
        for (name, n) in stats.counters {
            count(&mut self.counters, name, n);
        }
        for (reason, n) in stats.drops {
            count(&mut self.drops, reason.name(), n);
        }
        for figure in stats.histograms {
            worsen(&mut self.figures, figure.name, Distribution::new(figure.unit, figure.summary));
        }
    }

    /// Takes in what others have counted.
    pub fn merge(&mut self, other: &Self) {
        other.counters.iter().for_each(|(name, n)| count(&mut self.counters, name, *n));
        other.drops.iter().for_each(|(reason, n)| count(&mut self.drops, reason, *n));
        other.figures.iter().for_each(|(name, d)| worsen(&mut self.figures, name, d.clone()));
    }

    fn counter(&self, name: &str) -> u64 {
        self.counters.iter().find(|(n, _)| n == name).map_or(0, |(_, n)| *n)
    }

    fn figure(&self, name: &str) -> Option<&Distribution> {
        self.figures.iter().find(|(n, _)| n == name).map(|(_, d)| d)
    }
}

fn count(into: &mut Vec<(String, u64)>, name: &str, n: u64) {
    match into.iter_mut().find(|(known, _)| known == name) {
        Some((_, sum)) => *sum += n,
        None => into.push((name.to_owned(), n)),
    }
}

fn worsen(into: &mut Vec<(String, Distribution)>, name: &str, d: Distribution) {
    let Some((_, worst)) = into.iter_mut().find(|(known, _)| known == name) else {
        into.push((name.to_owned(), d));
        return;
    };
    if d.count == 0 {
        return;
    }
    worst.min = if worst.count == 0 { d.min } else { worst.min.min(d.min) };
    worst.count += d.count;
    let pairs = [
        (&mut worst.p50, d.p50),
        (&mut worst.p90, d.p90),
        (&mut worst.p99, d.p99),
        (&mut worst.p999, d.p999),
        (&mut worst.max, d.max),
    ];
    for (worst, other) in pairs {
        *worst = other.max(*worst);
    }
}

/// `bruit demo --json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// 1.
    pub schema: u32,
    /// In the order in which they were played.
    pub steps: Vec<Step>,
    /// Until the last of the others held the killed one dead.
    pub crash_detected_ms: Option<f64>,
    /// From the call that published a rumor to its readers at all others.
    pub rumor_age_us: Option<Distribution>,
    /// From ping to ack.
    pub probe_rtt_us: Option<Distribution>,
    /// From one waking of a loop to its next sleep.
    pub round_us: Option<Distribution>,
    /// Datagrams sent by all nodes in the whole run.
    pub datagrams: u64,
    /// Bytes of UDP payload sent by all nodes in the whole run.
    pub bytes: u64,
    /// While nothing happened.
    pub quiet: Quiet,
    /// Datagrams thrown away in the whole run, by reason, without those of zero.
    pub drops: Pairs<u64>,
    /// Everything measured, by name.
    pub histograms: Pairs<Distribution>,
    /// Made by the loop threads since their loops began; null when not counted.
    pub allocations_after_start: Option<u64>,
}

/// What a node costs while nothing happens.
#[derive(Debug, Serialize)]
pub struct Quiet {
    /// How many nodes were running.
    pub nodes: usize,
    /// For how long it was measured.
    pub seconds: f64,
    /// Datagrams that one node sends a second.
    pub datagrams_per_node_s: f64,
    /// Bytes of UDP payload that one node sends a second.
    pub bytes_per_node_s: f64,
}

impl Report {
    /// From the steps and what the rumor took, the whole run, and the quiet time (before, after, seconds, nodes).
    pub fn new(
        (steps, rumor_age_us): (Vec<Step>, Option<Distribution>),
        whole: &Snapshot,
        (before, after, seconds, nodes): (&Snapshot, &Snapshot, f64, usize),
        allocations_after_start: Option<u64>,
    ) -> Self {
        let grown = |name: &str| after.counter(name).saturating_sub(before.counter(name)) as f64;
        let rate = |name: &str| grown(name) / seconds / nodes.max(1) as f64;
        Self {
            schema: 1,
            crash_detected_ms: steps.iter().find(|s| s.name == "crash_detected" && s.ok).map(|s| s.took_ms),
            steps,
            rumor_age_us,
            probe_rtt_us: whole.figure("probe_rtt").cloned(),
            round_us: whole.figure("round").cloned(),
            datagrams: whole.counter("datagrams_sent"),
            bytes: whole.counter("bytes_sent"),
            quiet: Quiet {
                nodes,
                seconds,
                datagrams_per_node_s: rate("datagrams_sent"),
                bytes_per_node_s: rate("bytes_sent"),
            },
            drops: whole.drops.iter().filter(|(_, n)| *n > 0).cloned().collect(),
            histograms: whole.figures.iter().cloned().collect(),
            allocations_after_start,
        }
    }

    /// The tables.
    pub fn text(&self, paint: Paint) -> String {
        let mut out = String::from("\n");
        let mut section = |title: &str, body: String| {
            out.push_str(&format!("{}\n{body}\n", paint.paint(BOLD, title)));
        };
        let steps = self.steps_table().render(paint);
        section("steps", steps);
        section("times, of each figure the worst node's", stat::distributions(&self.measured()).render(paint));
        section("traffic", self.traffic_table().render(paint));
        section("datagrams dropped, in the whole run", stat::drops(&self.drops, paint));
        let allocations = match self.allocations_after_start {
            Some(0) => paint.paint(GOOD, "0"),
            Some(n) => paint.paint(BAD, &n.to_string()),
            None => "not counted in this build".to_owned(),
        };
        out.push_str(&format!("allocations by the loops after their start: {allocations}\n"));
        out
    }

    /// The rumor's way to its readers, and what was measured at all.
    fn measured(&self) -> Pairs<Distribution> {
        let rumor = self.rumor_age_us.iter().map(|d| ("rumor to readers", d));
        // What nodes reckon as its age is near nothing while no round trip is known: no figure to look at.
        let shown = |name: &str, d: &Distribution| d.count > 0 && !name.starts_with("rumor_age");
        let measured = self.histograms.0.iter().filter(|(name, d)| shown(name, d)).map(|(name, d)| (name.as_str(), d));
        rumor.chain(measured).map(|(name, d)| (name, d.clone())).collect()
    }

    fn steps_table(&self) -> Table {
        let mut table = Table::new(&["", "", ">"]);
        for step in &self.steps {
            let verdict = if step.ok { Cell::new(GOOD, "ok") } else { Cell::new(BAD, "FAILED") };
            let took = micros((step.took_ms * 1e3) as u64);
            table.row([verdict, step.name.replace('_', " ").into(), took.into()]);
        }
        table
    }

    fn traffic_table(&self) -> Table {
        let mut table = Table::new(&["", ">datagrams", ">bytes"]);
        let quiet = &self.quiet;
        table.row([
            Cell::new(DIM, "one node, one second of quiet"),
            three_digits(quiet.datagrams_per_node_s).into(),
            bytes(quiet.bytes_per_node_s as u64).into(),
        ]);
        table.row([
            Cell::new(DIM, "all nodes, the whole run"),
            self.datagrams.to_string().into(),
            bytes(self.bytes).into(),
        ]);
        table
    }
}
