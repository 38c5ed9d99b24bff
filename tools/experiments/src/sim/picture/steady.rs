//! Nothing happens: what that costs, by the number of nodes.

use bruit_terminal::plot::{Plot, Series, Style, plot, series};

use crate::sim::steady::Played;

/// Bytes of payload per node and second.
pub fn idle_bytes(played: &[Played]) -> Plot {
    by_size(played, "bytes of payload, per node and second", |p| p.report.bytes_per_node_s.mean)
}

/// Processor time per node and second, the simulator's included.
pub fn idle_work(played: &[Played]) -> Plot {
    by_size(played, "µs of processor time, per node and second", |p| p.report.cpu_ns_per_node_s.mean / 1e3)
}

/// Down to zero: that it does not grow shall be seen, and how little it is.
fn by_size(played: &[Played], y: &str, figure: fn(&Played) -> f64) -> Plot {
    let nodes = |p: &Played| f64::from(p.setup.base.nodes);
    let points = played.iter().map(|p| (nodes(p), figure(p))).collect();
    let band = played.iter().map(|p| (nodes(p), 0.0, figure(p))).collect();
    let node = Series { band: Some(band), ..series("a node", points, Style::Dots) };
    Plot { log_x: true, ..plot("nothing happens".to_owned(), "nodes".to_owned(), y, vec![node]) }
}
