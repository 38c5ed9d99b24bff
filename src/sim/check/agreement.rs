//! Do all see the same? Once all is quiet, everybody who runs is a member, or another process of its name is; and all
//! that reach each other hold the same starts at the same numbers to be up, under one fingerprint, and have the same rumors and the
//! same state.
//!
//! Nodes whose tables have no room for everybody cannot agree: this is not for them.

use std::collections::BTreeSet;

use super::census::{Census, Held, Process};
use crate::id::{BootId, Incarnation};
use crate::node::Phase;
use crate::sim::HostId;

pub(super) fn found(census: &Census) -> Vec<(HostId, String)> {
    let mut all = Vec::new();
    for process in census.0.iter().filter(|process| process.runs) {
        let stands_in = |other: &Process| other.id == process.id && other.phase == Phase::Joined;
        match process.phase {
            Phase::Joined => {}
            Phase::Joining if census.0.iter().any(stands_in) => continue,
            Phase::Idle | Phase::Left => continue,
            Phase::Joining | Phase::Leaving => {
                all.push((process.host, format!("is still {}", process.phase.name())));
                continue;
            }
        }
        let first = census.members().find(|other| other.side == process.side);
        all.extend(first.and_then(|first| difference(first, process)).map(|what| (process.host, what)));
    }
    all
}

fn difference(first: &Process, other: &Process) -> Option<String> {
    let ups = |process: &Process| -> BTreeSet<(String, BootId, Incarnation)> {
        let up = |held: &&Held| held.state.is_up();
        process.holds.iter().filter(up).map(|held| (held.name.clone(), held.boot, held.incarnation)).collect()
    };
    let (theirs, ours) = (ups(first), ups(other));
    if let Some((name, _, number)) = theirs.difference(&ours).next() {
        return Some(format!("does not hold {name} {number} to be up, as {} does", first.name));
    }
    if let Some((name, _, number)) = ours.difference(&theirs).next() {
        return Some(format!("holds {name} {number} to be up, as {} does not", first.name));
    }
    if first.rumor_root != other.rumor_root {
        let (theirs, ours) = (first.rumor_root, other.rumor_root);
        return Some(format!("has rumors {ours:016x}, {} has {theirs:016x}", first.name));
    }
    if first.state_root != other.state_root {
        let (theirs, ours) = (first.state_root, other.state_root);
        return Some(format!("has state {ours:016x}, {} has {theirs:016x}", first.name));
    }
    let differs = first.fingerprint != other.fingerprint;
    differs
        .then(|| format!("has fingerprint {:016x}, {} has {:016x}", other.fingerprint, first.name, first.fingerprint))
}
