//! Is a run the same on every machine, in every build, in every process? One number over every datagram of some busy
//! worlds, written down; the debug build is asked here, the release build in CI.

use bruit::sim::swarm::{Setup, Size, run};

/// Over time, addresses and bytes of all datagrams. Changes with the protocol, the wire format, the simulator's dice
/// and what a seed draws, and with nothing else.
const RECORDED: &str = "1d2953ed02fd0845";

#[test]
fn a_busy_world_leaves_the_trace_that_was_written_down() {
    let setup = Setup { seeds: 1..41, size: Size { nodes: 8, acts: 20 } };
    let report = run(&setup, &|_, _| ());
    assert_eq!(
        format!("{:016x}", report.trace_hash),
        RECORDED,
        "the same seeds sent other datagrams than when RECORDED in tests/trace.rs was written down. If the protocol, the wire \
         format, the simulator or the drawing of plans was changed on purpose, write the new number down; if this is another \
         build or machine than before, something depends on it that must not"
    );
}
