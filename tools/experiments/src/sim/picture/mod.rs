//! How do the experiments look as curves? What was played as dots or a line, with its band; what theory has, dashed.

mod aggregate;
mod failure;
mod membership;
mod mongering;
mod rumors;
mod spread;
mod state;
mod steady;

use bruit::sim::experiment::Moment;
use bruit_terminal::plot::{Series, Style, series};

pub use aggregate::averaging;
pub use failure::{detection, false_deaths, false_positives, group, latency, tradeoff};
pub use membership::{churn, join_storm, mass_restart, partition};
pub use mongering::residue;
pub use rumors::{left_to_repair, storm};
pub use spread::{by_size, coverage};
pub use state::repair;
pub use steady::{idle_bytes, idle_work};

/// How a figure went, in seconds, with the range of all runs.
fn course(name: &str, moments: &[Moment], scale: f64) -> Series {
    let points = moments.iter().map(|m| (m.ms / 1e3, m.mean * scale)).collect();
    let band = moments.iter().map(|m| (m.ms / 1e3, m.min * scale, m.max * scale)).collect();
    Series { band: Some(band), ..series(name, points, Style::Line) }
}
