//! What does a script get? The frame that the documents of all experiments have, with the figures of each.

use bruit::sim::experiment::{self, Base, Distribution, Engine, Memory, Runs};
use bruit_terminal::failure::Failure;
use bruit_terminal::output::{self, Paint};
use serde::Serialize;

use super::rows::Rows;

/// The frame: what was played, then the experiment's own figures, then the hash of what happened.
#[derive(Serialize)]
pub struct Document<'a, T> {
    schema: u32,
    scenario: &'a str,
    nodes: u32,
    loss: f64,
    runs: u32,
    seed: u64,
    /// Nothing where each row says it of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'static str>,
    #[serde(flatten)]
    figures: T,
    trace_hash: String,
}

impl<'a, T> Document<'a, T> {
    /// Of one experiment, which real nodes have played.
    pub fn new(scenario: &'a str, base: &Base, runs: Runs, figures: T, trace_hash: u64) -> Self {
        Self {
            schema: 1,
            scenario,
            nodes: base.nodes,
            loss: f64::from(base.link.loss_permille) / 1_000.0,
            runs: runs.count,
            seed: runs.seed,
            engine: Some(Engine::Node.name()),
            figures,
            trace_hash: format!("{trace_hash:016x}"),
        }
    }

    /// The same of one whose rows say what has played them.
    pub fn by_rows(self) -> Self {
        Self { engine: None, ..self }
    }
}

impl<T: Serialize> Document<'_, T> {
    /// Prints itself to a script, or the rows under their title to a person.
    pub fn show(&self, json: bool, title: &str, rows: &Rows) -> Result<(), Failure> {
        if json { output::print_json(self) } else { output::print(&format!("{title}{}", rows.render(Paint::stdout()))) }
    }
}

/// What the nodes of an experiment buy, as scripts get it.
#[derive(Serialize)]
pub struct Bought {
    memory_bytes_per_node: u64,
    memory_bytes: u64,
}

impl From<Memory> for Bought {
    fn from(memory: Memory) -> Self {
        Self { memory_bytes_per_node: memory.node_bytes, memory_bytes: memory.all_bytes }
    }
}

/// A distribution as scripts get it: nulls of an empty sample.
#[derive(Serialize)]
pub struct Spread {
    count: u64,
    mean: Option<f64>,
    standard_error: Option<f64>,
    min: Option<f64>,
    p5: Option<f64>,
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

impl From<Distribution> for Spread {
    fn from(d: Distribution) -> Self {
        let of = |figure: fn(Distribution) -> f64| d.some().map(figure);
        Self {
            count: d.count,
            mean: of(|d| d.mean),
            standard_error: of(|d| d.standard_error),
            min: of(|d| d.min),
            p5: of(|d| d.p5),
            p50: of(|d| d.p50),
            p95: of(|d| d.p95),
            p99: of(|d| d.p99),
            max: of(|d| d.max),
        }
    }
}

/// One moment of a course as scripts get it.
#[derive(Serialize)]
pub struct Moment {
    ms: f64,
    mean: f64,
    min: f64,
    max: f64,
}

impl Moment {
    /// A whole course.
    pub fn course(moments: &[experiment::Moment]) -> Vec<Self> {
        moments.iter().map(|&experiment::Moment { ms, mean, min, max }| Self { ms, mean, min, max }).collect()
    }
}
