//! Do all see the same? Once all is quiet, everybody who runs is a member, or another process of its name is; and all
//! that reach each other hold the same starts at the same numbers to be up, with all that belongs to them (R11), under one
//! fingerprint, and have the same rumors and the same state.
//!
//! Nodes whose tables have no room for everybody cannot agree: this is not for them. Nor can the states of those of whom one has no
//! room for one more key.

use std::collections::{BTreeMap, BTreeSet};

use super::census::{Census, Held, Process, Record};
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
        let what = first.and_then(|first| difference(first, process).or_else(|| other_state(census, first, process)));
        all.extend(what.map(|what| (process.host, what)));
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
    let records = |process: &Process| -> BTreeMap<String, Record> {
        let up = |held: &&Held| held.state.is_up();
        process.holds.iter().filter(up).map(|held| (held.name.clone(), held.record.clone())).collect()
    };
    let (theirs, ours) = (records(first), records(other));
    if let Some((name, record)) = ours.iter().find(|(name, record)| theirs.get(*name) != Some(record)) {
        return Some(format!("holds {name} with {record:?}, {} with {:?}", first.name, theirs.get(name)));
    }
    if first.rumor_root != other.rumor_root {
        let (theirs, ours) = (first.rumor_root, other.rumor_root);
        return Some(format!("has rumors {ours:016x}, {} has {theirs:016x}", first.name));
    }
    let differs = first.fingerprint != other.fingerprint;
    differs
        .then(|| format!("has fingerprint {:016x}, {} has {:016x}", other.fingerprint, first.name, first.fingerprint))
}

fn other_state(census: &Census, first: &Process, other: &Process) -> Option<String> {
    let crowded = census.members().any(|process| process.side == first.side && process.crowded);
    let (theirs, ours) = (first.state_root, other.state_root);
    let differs = theirs != ours && !crowded;
    differs.then(|| format!("has state {ours:016x}, {} has {theirs:016x}", first.name))
}
