//! How do the figures of an experiment look to a person? A row for each, with its mean and its quantiles over the runs.

use bruit::sim::experiment::{Distribution, Memory};
use bruit_terminal::output::{Paint, Table, bytes, micros, nanos, three_digits};

/// A figure of some sample; a dash where the sample is empty.
pub fn figure(d: Distribution, of: fn(Distribution) -> f64, show: impl Fn(f64) -> String) -> String {
    d.some().map_or_else(|| "-".to_owned(), |d| show(of(d)))
}

/// A time of a sample in milliseconds.
pub fn time(d: Distribution, of: fn(Distribution) -> f64) -> String {
    figure(d, of, |ms| micros((ms * 1e3).round() as u64))
}

/// The rows.
pub struct Rows(Table);

impl Rows {
    /// None yet, under a title that says what the figures are of.
    pub fn new(title: &'static str) -> Self {
        Self(Table::new(&[title, ">mean", ">p50", ">p99", ">most"]))
    }

    /// Times that were measured in milliseconds.
    pub fn millis(&mut self, name: &str, d: Distribution) {
        self.row(name, d, |ms| micros((ms * 1e3).round() as u64));
    }

    /// Times that were measured in nanoseconds.
    pub fn nanos(&mut self, name: &str, d: Distribution) {
        self.row(name, d, nanos);
    }

    /// Sizes.
    pub fn bytes(&mut self, name: &str, d: Distribution) {
        self.row(name, d, |b| bytes(b.round() as u64));
    }

    /// Plain numbers.
    pub fn number(&mut self, name: &str, d: Distribution) {
        self.row(name, d, three_digits);
    }

    /// One number over all runs.
    pub fn count(&mut self, name: &str, n: u64) {
        self.0.row([name.into(), n.to_string().into()]);
    }

    /// What the nodes buy.
    pub fn memory(&mut self, memory: Memory) {
        self.0.row(["memory bought, by a node".into(), bytes(memory.node_bytes).into()]);
        self.0.row(["  by all".into(), bytes(memory.all_bytes).into()]);
    }

    /// The hash of what happened.
    pub fn hash(&mut self, hash: u64) {
        self.0.row(["trace hash".into(), format!("{hash:016x}").into()]);
    }

    /// As text.
    pub fn render(&self, paint: Paint) -> String {
        self.0.render(paint)
    }

    fn row(&mut self, name: &str, d: Distribution, show: fn(f64) -> String) {
        if d.count == 0 {
            self.0.row([name.into(), "-".into()]);
        } else {
            self.0.row([name.into(), show(d.mean).into(), show(d.p50).into(), show(d.p99).into(), show(d.max).into()]);
        }
    }
}
