//! What are the keys that everybody writes? What follows from all contributions, each with what its writer had seen: as sets of single
//! additions and elements, so that nothing is counted twice, however a node sums them up.

use std::collections::{BTreeMap, BTreeSet};

use super::{Life, MergeRule, Reach, Value};
use crate::node::{Node, SharedOp, SharedWrite};
use crate::state::{Stamp, greater};

/// What is done to a shared key.
#[derive(Clone, Debug)]
pub(super) enum What {
    Set(Vec<u8>),
    Unset,
    Add(i64),
    Insert(Vec<u8>),
    Remove(Vec<u8>),
}

/// A call that a node was asked to make, and what it held of the key then.
#[derive(Clone, Debug)]
pub(super) struct SharedCall {
    what: What,
    rule: Option<MergeRule>,
    wall_ms: u64,
    held: Vec<Stamp>,
}

impl SharedCall {
    pub fn of(write: &SharedWrite<'_>, held: Vec<Stamp>) -> Self {
        let what = match write.op {
            SharedOp::Set(value) => What::Set(value.to_vec()),
            SharedOp::Unset => What::Unset,
            SharedOp::Add(delta) => What::Add(delta),
            SharedOp::Insert(element) => What::Insert(element.to_vec()),
            SharedOp::Remove(element) => What::Remove(element.to_vec()),
        };
        Self { what, rule: write.rule, wall_ms: write.wall_ms, held }
    }
}

/// One life's contribution as of one write.
#[derive(Clone, Debug)]
struct Contribution {
    stamp: Stamp,
    rule: MergeRule,
    absent: bool,
    clock: u64,
    /// The last write of each life that it takes the place of.
    seen: BTreeMap<Life, u64>,
    value: Vec<u8>,
    added: BTreeMap<Stamp, i64>,
    elements: BTreeMap<Stamp, Vec<u8>>,
    removed: BTreeSet<Stamp>,
}

impl Contribution {
    fn life(&self) -> Life {
        (self.stamp.owner, self.stamp.life)
    }

    fn saw(&self, other: &Self) -> bool {
        self.seen.get(&other.life()).is_some_and(|version| *version >= other.stamp.version)
    }

    fn follows(&self, other: &Self) -> bool {
        self.life() == other.life() && self.stamp.version > other.stamp.version
    }

    fn see(&mut self, life: Life, version: u64) {
        let known = self.seen.entry(life).or_default();
        *known = (*known).max(version);
    }
}

/// All contributions, by keys.
#[derive(Debug, Default)]
pub(super) struct SharedKeys(BTreeMap<Vec<u8>, Vec<Contribution>>);

/// Those among some that nobody among them has written over.
fn standing<'a>(all: &[&'a Contribution]) -> Vec<&'a Contribution> {
    let over = |c: &&&Contribution| !all.iter().any(|other| other.follows(c) || other.saw(c));
    all.iter().filter(over).copied().collect()
}

impl SharedKeys {
    pub fn add(&mut self, key: &[u8], life: Life, version: u64, call: SharedCall) {
        let all = self.0.entry(key.to_vec()).or_default();
        let view: Vec<&Contribution> = all.iter().filter(|c| call.held.contains(&c.stamp)).collect();
        let stand = standing(&view);
        let held_rule = stand.iter().find(|c| !c.absent).map(|c| c.rule);
        let first = match call.what {
            What::Set(_) | What::Unset => MergeRule::Conflict,
            What::Add(_) => MergeRule::Counter,
            What::Insert(_) | What::Remove(_) => MergeRule::Set,
        };
        let rule = held_rule.or(call.rule).unwrap_or(first);
        let own = || stand.iter().filter(|c| c.stamp.owner == life.0 && !c.absent);
        let stamp = Stamp { owner: life.0, life: life.1, version };
        let absent = matches!(call.what, What::Unset);
        let highest = view.iter().map(|c| c.clock).max().unwrap_or(0);
        let clock = if rule == MergeRule::Latest { (call.wall_ms << 16).max(highest + 1) } else { 0 };
        let (seen, value) = (BTreeMap::new(), Vec::new());
        let (added, elements, removed) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut new = Contribution { stamp, rule, absent, clock, seen, value, added, elements, removed };
        for c in view.iter().filter(|c| absent || rule.replaces() || c.absent || c.stamp.owner == life.0) {
            new.see(c.life(), c.stamp.version);
            c.seen.iter().for_each(|(life, version)| new.see(*life, *version));
        }
        let taken: BTreeSet<Stamp> = stand.iter().flat_map(|c| c.removed.iter().copied()).collect();
        let there = |dot: &Stamp| !taken.contains(dot);
        if !absent {
            new.added = own().flat_map(|c| c.added.clone()).collect();
            new.removed = own().flat_map(|c| c.removed.clone()).collect();
            new.elements = own().flat_map(|c| c.elements.clone()).filter(|(dot, _)| there(dot)).collect();
        }
        match call.what {
            What::Unset => {}
            What::Set(value) => {
                let of_own = own().map(|c| c.value.clone());
                new.value = of_own.fold(value, |best, said| extreme(rule, best, said));
            }
            What::Add(delta) => drop(new.added.insert(stamp, delta)),
            What::Insert(element) => {
                new.elements.retain(|_, other| *other != element);
                new.elements.insert(stamp, element);
            }
            What::Remove(element) => {
                new.elements.retain(|_, other| *other != element);
                let others = stand.iter().filter(|c| c.stamp.owner != life.0).flat_map(|c| &c.elements);
                let dots = others.filter(|(dot, other)| **other == element && there(dot)).map(|(dot, _)| *dot);
                new.removed.extend(dots);
            }
        }
        all.push(new);
    }

    /// What a key is at a node that it must not be.
    pub fn wrong(&self, reach: &Reach, node: &Node) -> Option<String> {
        self.0.iter().find_map(|(key, all)| {
            let held: Vec<&Contribution> = all.iter().filter(|c| reach.holds(c.life(), c.stamp.version)).collect();
            let lost = |c: &Contribution| {
                all.iter().any(|other| other.follows(c) && !held.iter().any(|h| h.stamp == other.stamp))
            };
            if held.iter().any(|c| reach.ambiguous.contains(&c.life()) || lost(c)) {
                return None;
            }
            let stand = standing(&held);
            let got = Value::at(node, key);
            // That a key was unset is forgotten some time.
            let valued: Vec<&Contribution> = stand.iter().filter(|c| !c.absent).copied().collect();
            let expected = value(&stand);
            let right = got == expected || got == value(&valued);
            (!right).then(|| format!("holds {got:?} as {}, not {expected:?}", key.escape_ascii()))
        })
    }
}

fn extreme(rule: MergeRule, a: Vec<u8>, b: Vec<u8>) -> Vec<u8> {
    match rule {
        MergeRule::Max if greater(&b, &a) => b,
        MergeRule::Min if greater(&a, &b) => b,
        MergeRule::Max | MergeRule::Min | MergeRule::Conflict | MergeRule::Latest => a,
        MergeRule::Counter | MergeRule::Set => a,
    }
}

fn value(stand: &[&Contribution]) -> Value {
    let said: Vec<&Contribution> = stand.iter().filter(|c| !c.absent).copied().collect();
    let Some(first) = said.first() else { return Value::Absent };
    match first.rule {
        MergeRule::Conflict => {
            let values: BTreeSet<Vec<u8>> = said.iter().map(|c| c.value.clone()).collect();
            let one = values.len() == 1 && said.len() == stand.len();
            if one { Value::Bytes(first.value.clone()) } else { Value::Conflict(values) }
        }
        MergeRule::Latest => {
            let last = stand.iter().max_by_key(|c| (c.clock, c.stamp)).unwrap_or(first);
            if last.absent { Value::Absent } else { Value::Bytes(last.value.clone()) }
        }
        rule @ (MergeRule::Max | MergeRule::Min) => {
            let all = said.iter().map(|c| c.value.clone());
            Value::Bytes(all.reduce(|a, b| extreme(rule, a, b)).unwrap_or_default())
        }
        MergeRule::Counter => {
            let all: BTreeMap<Stamp, i64> = said.iter().flat_map(|c| c.added.clone()).collect();
            Value::Number(all.values().sum())
        }
        MergeRule::Set => {
            let removed: BTreeSet<Stamp> = said.iter().flat_map(|c| c.removed.clone()).collect();
            let all = said.iter().flat_map(|c| &c.elements).filter(|(dot, _)| !removed.contains(dot));
            Value::Set(all.map(|(_, element)| element.clone()).collect())
        }
    }
}
