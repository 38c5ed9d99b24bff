//! Does everybody hold what was written, and nothing else? Every write that a node has taken goes into a plain reference; once all
//! is quiet, all members that reach each other hold what follows from it.
//!
//! What an owner that runs has written is demanded whole. Of a life that is over the last writes may have come to nobody: it counts
//! as far as anybody who runs says that its writes are complete, so who says so without holding them is found. What such a life had written before under
//! a key that it wrote again last is not demanded, since it was superseded: it may be gone. Where two processes of one name lived one life, only agreement is demanded of that life:
//! of what is held, and not of fingerprints, which may leave something out (R12). Where somebody has no room for one more key, each
//! must hold what it says that it holds everything of (R8).

mod owned;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use super::census::{Census, Process};
use crate::id::{BootId, NodeId};
use crate::node::{Node, Phase, SharedValue};
use crate::sim::{HostId, Observer, World, Written};
use crate::state::MergeRule;
use crate::time::Instant;
use owned::{Held, OwnWrite, Owned};
use shared::{SharedCall, SharedKeys};

/// A life of an owner.
type Life = (NodeId, u32);

/// What was written, and in which lives.
#[derive(Debug, Default)]
pub(super) struct Replicas {
    owned: Owned,
    shared: SharedKeys,
    /// The processes that were members in each life: one, unless two bore one name in two parts of a cluster, or nobody was left who
    /// knew of the first.
    bearers: BTreeMap<Life, BTreeSet<BootId>>,
    /// The life in which each process is a member now.
    members: BTreeMap<HostId, u32>,
    asked: Option<Asked>,
}

/// What a node was asked to write last.
#[derive(Debug)]
enum Asked {
    Own(OwnWrite),
    Shared(Vec<u8>, SharedCall),
}

/// How far the lives are complete of which somebody holds something, those without end whose owners are up; and which those are.
pub(super) struct Reach {
    complete: BTreeMap<Life, u64>,
    up: BTreeMap<NodeId, u32>,
    ambiguous: BTreeSet<Life>,
}

impl Reach {
    /// Whether a write has come to anybody who is looked at.
    fn holds(&self, life: Life, version: u64) -> bool {
        self.complete.get(&life).is_some_and(|complete| version <= *complete)
    }

    /// The same as far as one node says itself.
    fn of(self, node: &Node) -> Self {
        let complete = self.complete.into_keys().map(|life| (life, node.watermark(life.0, life.1))).collect();
        Self { complete, ..self }
    }
}

fn present_life(node: &Node) -> Life {
    (node.me().id, node.me().incarnation.life())
}

impl Replicas {
    pub fn started(&mut self, host: HostId) {
        self.members.remove(&host);
    }

    pub fn stepped(&mut self, at: Instant, host: HostId, node: &Node) {
        let life = present_life(node);
        if node.phase() != Phase::Joined {
            self.members.remove(&host);
            return;
        }
        let before = self.members.insert(host, life.1);
        if before == Some(life.1) {
            return;
        }
        self.bearers.entry(life).or_default().insert(node.me().boot);
        let Some(before) = before else { return };
        // It goes on in another life, and writes anew what it had written.
        self.owned.renew(at, (life.0, before), life, node);
    }

    pub fn writing(&mut self, node: &Node, what: &Written<'_>) {
        self.asked = Some(match what {
            Written::Own(write) => Asked::Own(OwnWrite::of(write)),
            Written::Shared(write) => {
                let held = node.shared_contributions(write.key).map(|held| held.stamp).collect();
                Asked::Shared(write.key.to_vec(), SharedCall::of(write, held))
            }
        });
    }

    pub fn wrote(&mut self, at: Instant, node: &Node) {
        let life = present_life(node);
        let version = node.watermark(life.0, life.1);
        match self.asked.take() {
            Some(Asked::Own(write)) => self.owned.add(life, write.taken(at, node.me().boot, version)),
            Some(Asked::Shared(key, call)) => self.shared.add(&key, life, version, call),
            None => {}
        }
    }

    /// Who holds something else than follows from what was written.
    pub fn wrong<O: Observer>(&self, world: &World<O>) -> Vec<(HostId, String)> {
        let census = Census::take(world);
        let sides: BTreeSet<usize> = census.members().map(|process| process.side).collect();
        let mut all = Vec::new();
        for side in sides {
            let members: Vec<&Process> = census.members().filter(|process| process.side == side).collect();
            let crowded = members.iter().any(|process| process.crowded);
            let nodes: Vec<(HostId, &Node)> =
                members.iter().filter_map(|process| Some((process.host, world.node(process.host)?))).collect();
            let reach = || self.reach(nodes.iter().map(|(_, node)| *node));
            let first = nodes.first().map(|(_, node)| Held::by(node));
            for (host, node) in &nodes {
                let held = Held::by(node);
                let wrong = if crowded {
                    self.owned.lacking(world.now(), &reach().of(node), &held)
                } else {
                    let wrong = self.owned.wrong(world.now(), &reach(), &held);
                    let wrong = wrong.or_else(|| self.shared.wrong(&reach(), node));
                    wrong.or_else(|| first.as_ref().and_then(|first| held.difference(first)))
                };
                let miscounts = || {
                    let (root, anew) = (node.state_root(), node.state_root_anew());
                    (root != anew).then(|| format!("has state {root:016x}, and entries that come to {anew:016x}"))
                };
                all.extend(wrong.or_else(miscounts).map(|what| (*host, what)));
            }
        }
        all
    }

    fn reach<'a>(&self, nodes: impl Iterator<Item = &'a Node>) -> Reach {
        let mut reach = Reach { complete: BTreeMap::new(), up: BTreeMap::new(), ambiguous: BTreeSet::new() };
        for node in nodes {
            for life in self.bearers.keys() {
                let complete = reach.complete.entry(*life).or_default();
                *complete = (*complete).max(node.watermark(life.0, life.1));
            }
            let (id, life) = present_life(node);
            reach.up.insert(id, life);
            reach.complete.insert((id, life), u64::MAX);
        }
        let several = self.bearers.iter().filter(|(_, bearers)| bearers.len() > 1);
        reach.ambiguous = several.map(|(life, _)| *life).collect();
        reach
    }
}

/// What a shared key is at a node, or has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Absent,
    Bytes(Vec<u8>),
    Number(i64),
    Set(BTreeSet<Vec<u8>>),
    /// The values that stand.
    Conflict(BTreeSet<Vec<u8>>),
}

impl Value {
    fn at(node: &Node, key: &[u8]) -> Self {
        match node.shared(key) {
            None | Some((_, SharedValue::Absent)) => Self::Absent,
            Some((_, SharedValue::Bytes(bytes))) => Self::Bytes(bytes.to_vec()),
            Some((_, SharedValue::Number(number))) => Self::Number(number),
            Some((_, SharedValue::Set)) => Self::Set(node.shared_elements(key).map(<[u8]>::to_vec).collect()),
            Some((_, SharedValue::Conflict)) => {
                let standing = node.shared_contributions(key).filter(|held| !held.dominated && !held.absent);
                Self::Conflict(standing.map(|held| held.said.to_vec()).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests;
