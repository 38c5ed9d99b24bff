//! What does memberlist take? Its figures beside ours: version 0.5.4, LAN profile, all nodes in one process on loopback of a
//! virtual machine with two cores. Printed for comparison, never judged.

/// What was measured, in words.
pub const SOURCE: &str = "memberlist 0.5.4, LAN profile, one process, loopback, two virtual cores";

/// Quiet at 100 nodes: microseconds of CPU per node and second.
pub const QUIET_CPU_US: f64 = 489.0;
/// Quiet at 100 nodes: UDP datagrams per node and second.
pub const QUIET_DATAGRAMS: f64 = 2.00;
/// Quiet at 100 nodes: bytes of payload per node and second, UDP and TCP.
pub const QUIET_BYTES: (f64, f64) = (98.0, 34.0);
/// Quiet at 100 nodes: allocations per node and second.
pub const QUIET_ALLOCATIONS: f64 = 182.0;

/// All joining one seed at once: nodes, and seconds until all know all; at 200 it did not happen within 120 s.
pub const STORM_S: [(usize, Option<f64>); 4] = [(10, Some(0.3)), (50, Some(1.0)), (100, Some(2.7)), (200, None)];

/// A crash, probe interval 1 s: nodes, and seconds until all know.
pub const CRASH_S: [(usize, Option<f64>); 3] = [(10, Some(6.1)), (50, Some(8.9)), (100, Some(10.3))];

/// Megabytes resident of a process with one node.
pub const RESIDENT_MB: f64 = 13.8;

/// Some of these figures for people: `0.3 s at 10, not in 120 s at 200`.
#[must_use]
pub fn by_nodes(figures: &[(usize, Option<f64>)]) -> String {
    let one = |&(nodes, seconds): &(usize, Option<f64>)| match seconds {
        Some(seconds) => format!("{seconds} s at {nodes}"),
        None => format!("not in 120 s at {nodes}"),
    };
    figures.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The same for JSON: seconds, or null where it never came to it.
#[must_use]
pub fn by_nodes_json(figures: &[(usize, Option<f64>)]) -> serde_json::Value {
    figures.iter().map(|&(nodes, seconds)| (nodes.to_string(), serde_json::Value::from(seconds))).collect()
}
