//! What are the keys that their owners alone write? Of each owner the last write of a key in the last life that wrote it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Life, Reach};
use crate::id::{BootId, NodeId};
use crate::node::{Node, Write};
use crate::time::{Instant, Span};

/// A write that a node has taken.
#[derive(Clone, Debug)]
pub(super) struct OwnWrite {
    version: u64,
    at: Instant,
    by: BootId,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    durable: bool,
    ttl: Option<Span>,
}

impl OwnWrite {
    pub fn of(write: &Write<'_>) -> Self {
        Self {
            version: 0,
            at: Instant::ZERO,
            by: BootId::from_u64(0),
            key: write.key.to_vec(),
            value: write.value.map(<[u8]>::to_vec),
            durable: write.durable,
            ttl: write.ttl,
        }
    }

    pub fn taken(self, at: Instant, by: BootId, version: u64) -> Self {
        Self { version, at, by, ..self }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.ttl.is_some_and(|ttl| now.since(self.at) >= ttl)
    }
}

/// All writes, by lives.
#[derive(Debug, Default)]
pub(super) struct Owned(BTreeMap<Life, Vec<OwnWrite>>);

/// An owner's key.
type Key = (NodeId, Vec<u8>);

impl Owned {
    pub fn add(&mut self, life: Life, write: OwnWrite) {
        self.0.entry(life).or_default().push(write);
    }

    /// A process goes on in another life with what it has: under which versions the node alone knows.
    pub fn renew(&mut self, now: Instant, from: Life, to: Life, node: &Node) {
        let Some(all) = self.0.get(&from) else { return };
        let old: Vec<&OwnWrite> = all.iter().filter(|write| write.by == node.me().boot).collect();
        let keys: BTreeSet<&Vec<u8>> = old.iter().map(|write| &write.key).collect();
        let last = keys.into_iter().filter_map(|key| old.iter().rev().find(|write| write.key == *key));
        let held = last.filter(|write| write.value.is_some() && !write.is_over(now)).copied().cloned();
        let version = |write: &OwnWrite| node.own_state(Instant::ZERO, &write.key).map_or(1, |view| view.version);
        let mut renewed: Vec<OwnWrite> = held.map(|write| OwnWrite { version: version(&write), ..write }).collect();
        renewed.sort_by_key(|write| write.version);
        self.0.entry(to).or_default().extend(renewed);
    }

    /// What a node holds that it should not, or the other way round.
    pub fn wrong(&self, now: Instant, reach: &Reach, held: &Held) -> Option<String> {
        let keys: BTreeSet<Key> = held.0.keys().cloned().chain(self.keys()).collect();
        keys.into_iter().find_map(|key| {
            let expected = self.expected(now, reach, &key)?;
            let got = held.value(&key);
            (got != expected).then(|| told(&key, got, expected))
        })
    }

    /// What a node does not hold though it says that it does, however much of what others have written it had no room for.
    pub fn lacking(&self, now: Instant, reach: &Reach, held: &Held) -> Option<String> {
        self.keys().find_map(|key| {
            let expected = self.expected(now, reach, &key)?;
            let lacks = held.value(&key).is_none() && expected.is_some();
            lacks.then(|| told(&key, None, expected))
        })
    }

    /// All that were written.
    fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.0.iter().flat_map(|(life, all)| all.iter().map(|write| (life.0, write.key.clone())))
    }

    /// What a key has to be; `None` where that is not known: what was written before a last write that came to nobody may be gone,
    /// since it was superseded by it.
    fn expected(&self, now: Instant, reach: &Reach, key: &Key) -> Option<Option<&[u8]>> {
        let up = reach.up.get(&key.0).copied();
        let lives = self.0.range((key.0, 0)..=(key.0, up.unwrap_or(u32::MAX)));
        for (life, all) in lives.rev() {
            if reach.ambiguous.contains(life) {
                return None;
            }
            let of_key = || all.iter().rev().filter(|write| write.key == key.1);
            let held = |write: &&OwnWrite| reach.holds(*life, write.version);
            if of_key().next().is_some_and(|last| !held(&last)) {
                return None;
            }
            if let Some(write) = of_key().find(held) {
                // What has ended leaves nothing behind in the log of a former life: where that life's write is held by somebody who was
                // cut off meanwhile, it stands again.
                let former =
                    |(_, all): (&Life, &Vec<OwnWrite>)| all.iter().any(|write| write.durable && write.key == key.1);
                if write.is_over(now) && self.0.range((key.0, 0)..*life).any(former) {
                    return None;
                }
                let there = (write.durable || up == Some(life.1)) && !write.is_over(now);
                return Some(write.value.as_deref().filter(|_| there));
            }
        }
        Some(None)
    }
}

fn told(key: &Key, got: Option<&[u8]>, expected: Option<&[u8]>) -> String {
    let text = |value: Option<&[u8]>| value.map_or("nothing".to_owned(), |value| value.escape_ascii().to_string());
    format!("holds {} as {} of {:?}, not {}", text(got), key.1.escape_ascii(), key.0, text(expected))
}

/// What is held of a key: which write it is, what it says, and whether it outlives its owner.
type Said = (u32, u64, Vec<u8>, bool);

/// The keys that a node holds of all that write them alone.
pub(super) struct Held(BTreeMap<Key, Said>);

impl Held {
    pub fn by(node: &Node) -> Self {
        let (mut all, mut place) = (BTreeMap::new(), 0);
        while let Some((at, view)) = node.next_state_from(Instant::ZERO, place) {
            if !view.shared {
                let said = (view.life, view.version, view.value.to_vec(), view.durable);
                all.insert((view.owner, view.key.to_vec()), said);
            }
            place = at + 1;
        }
        Self(all)
    }

    fn value(&self, key: &Key) -> Option<&[u8]> {
        self.0.get(key).map(|(_, _, value, _)| value.as_slice())
    }

    /// What is held here and not there, or the other way round.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let key = self.0.keys().chain(other.0.keys()).find(|key| self.0.get(*key) != other.0.get(*key))?;
        let name = key.1.escape_ascii();
        Some(format!("holds {:?} as {name} of {:?}, others {:?}", self.0.get(key), key.0, other.0.get(key)))
    }
}
