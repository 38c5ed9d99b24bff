//! How much is the most? The load again and again, at rates that [`Search`] chooses, until the share that is lost or the age at p99
//! breaks; then far above, to show where what arrives levels off.
//!
//! Each step has fresh nodes: what an overloaded step leaves behind is not the next one's.

use std::time::Duration;

use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output::{self, BAD, BOLD, GOOD, Paint, micros, three_digits};
use bruit_terminal::plot;
use serde::Serialize;

use super::report::Report;
use super::search::Search;
use super::{Load, Show, here, picture};

/// So far below the first rate nothing is tried any more.
const FALL_MAX: u32 = 64;
/// So often, at most, the highest rate that held is doubled in the end.
const BEYOND_MAX: u32 = 5;
/// Where twice the rate brings less than this more, what arrives has levelled off.
const LEVEL: f64 = 1.1;

/// What must hold, and how far may be gone.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The share of all deliveries that may be missing.
    pub max_loss: f64,
    /// How old rumors may be at p99.
    pub max_p99: Duration,
    /// The highest rate that can be tried.
    pub most: u32,
}

/// What broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Broke {
    /// Too much did not arrive.
    Loss,
    /// Too much was too old.
    P99,
}

/// One rate that was tried.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What came out.
    #[serde(flatten)]
    pub report: Report,
    /// Of all deliveries that the schedule asked for, those that did not come.
    pub loss: f64,
    /// What broke; null where the rate held.
    pub broke: Option<Broke>,
}

/// `bruit load --find-max --json`.
#[derive(Debug, Serialize)]
pub struct Found {
    /// 1.
    pub schema: u32,
    /// What may be missing.
    pub max_loss: f64,
    /// How old rumors may be at p99.
    pub max_p99_us: u64,
    /// All that was tried, in this order.
    pub steps: Vec<Step>,
    /// The highest rate that held; null where none did.
    pub max: Option<u32>,
    /// What came out at twice that, and on until hardly more arrived.
    pub beyond: Vec<Step>,
}

/// Finds it, starting at the load's rate, and reports.
///
/// # Errors
/// [`Code::NotMet`] when no rate held.
pub fn play(load: &Load, bounds: &Bounds, show: &Show) -> Result<(), Failure> {
    let found = search(load, bounds, show)?;
    if show.json {
        output::print_json(&found)?;
    } else {
        output::print(&found.summary(Paint::stdout()))?;
    }
    plot::save_svg(show.svg.as_deref(), || plot::stacked(&picture::rates(&found)))?;
    let lowest = found.steps.iter().map(|step| step.rate()).min().unwrap_or_default();
    found.max.map(drop).ok_or_else(|| {
        let cause = format!("no rate held, from {} a second down to {lowest}", load.rate);
        Failure::new(Code::NotMet, cause).advise("allow more with --max-p99 or --max-loss, or begin lower with --rate")
    })
}

fn search(load: &Load, bounds: &Bounds, show: &Show) -> Result<Found, Failure> {
    let least = load.rate.div_ceil(FALL_MAX).max(load.duration.as_secs_f64().recip().ceil() as u32);
    let mut search = Search::new(load.rate, least, bounds.most);
    let mut steps = Vec::new();
    let paint = Paint::stdout();
    if !show.json {
        output::print(&format!("{}\n", paint.paint(BOLD, &titles())))?;
    }
    let try_at = |rate: u32| -> Result<Step, Failure> {
        let outcome = here::play(&Load { rate, ..*load }, &format!("load at {rate}/s"))?;
        let step = bounds.judge(outcome.report);
        if !show.json {
            output::print(&step.row(paint))?;
        }
        Ok(step)
    };
    while let Some(rate) = search.next() {
        let step = try_at(rate)?;
        search.record(step.broke.is_none());
        steps.push(step);
    }
    let beyond = go_beyond(&steps, search.max(), bounds.most, try_at)?;
    let max_p99_us = u64::try_from(bounds.max_p99.as_micros()).unwrap_or(u64::MAX);
    Ok(Found { schema: 1, max_loss: bounds.max_loss, max_p99_us, steps, max: search.max(), beyond })
}

/// From the highest rate that held, twice as fast and twice again until what arrives has levelled off.
fn go_beyond(
    steps: &[Step],
    max: Option<u32>,
    most: u32,
    try_at: impl Fn(u32) -> Result<Step, Failure>,
) -> Result<Vec<Step>, Failure> {
    let arrived = |step: &Step| step.report.arrived_per_s.unwrap_or_default();
    let Some(held) = steps.iter().rev().find(|step| Some(step.rate()) == max) else { return Ok(Vec::new()) };
    let (mut rate, mut before, mut beyond) = (held.rate(), arrived(held), Vec::new());
    for _ in 0..BEYOND_MAX {
        rate = rate.saturating_mul(2).min(most);
        let step = try_at(rate)?;
        let now = arrived(&step);
        beyond.push(step);
        if now < before * LEVEL || rate == most {
            break;
        }
        before = now;
    }
    Ok(beyond)
}

impl Bounds {
    fn judge(&self, report: Report) -> Step {
        let loss = report.loss();
        let late = report.age_us.as_ref().is_some_and(|age| Duration::from_micros(age.p99) > self.max_p99);
        let broke = if loss > self.max_loss { Some(Broke::Loss) } else { late.then_some(Broke::P99) };
        Step { report, loss, broke }
    }
}

/// Above the rows, which are printed one by one and therefore have columns of a fixed width.
fn titles() -> String {
    let columns = ["rumors/s", "arrived/s", "p50", "p99", "max", "CPU each", "lost"];
    columns.map(|title| format!("{title:>9}")).join(" ")
}

impl Step {
    /// The rate that was tried: without one there is no search.
    pub fn rate(&self) -> u32 {
        self.report.rate.unwrap_or_default()
    }

    fn row(&self, paint: Paint) -> String {
        let r = &self.report;
        let age = |of: fn(&bruit_agent::view::Distribution) -> u64| r.age_us.as_ref().map_or(0, of);
        let columns = [
            self.rate().to_string(),
            three_digits(r.arrived_per_s.unwrap_or_default()),
            micros(age(|age| age.p50)),
            micros(age(|age| age.p99)),
            micros(age(|age| age.max)),
            format!("{} µs", three_digits(r.cpu_us_per_delivery.unwrap_or_default())),
            format!("{:.2} %", self.loss * 100.0),
        ];
        let verdict = match self.broke {
            None => paint.paint(GOOD, "held"),
            Some(Broke::Loss) => paint.paint(BAD, "loss"),
            Some(Broke::P99) => paint.paint(BAD, "p99"),
        };
        format!("{}  {verdict}\n", columns.map(|cell| format!("{cell:>9}")).join(" "))
    }
}

impl Found {
    /// Below the rows.
    fn summary(&self, paint: Paint) -> String {
        let Some(max) = self.max else { return String::new() };
        let (loss, p99) = (self.max_loss * 100.0, micros(self.max_p99_us));
        let arrived = |step: &Step| step.report.arrived_per_s.unwrap_or_default();
        let most = self.beyond.iter().max_by(|a, b| arrived(a).total_cmp(&arrived(b)));
        let most = most.map_or_else(String::new, |step| {
            let (most, rate) = (three_digits(arrived(step)), step.rate());
            format!("beyond that at most {most} arrived at each reader in a second, of {rate}\n")
        });
        let max = paint.paint(BOLD, &format!("{max} rumors a second held"));
        format!("\n{max}: at most {loss} % lost, and at most {p99} old at p99\n{most}")
    }
}
