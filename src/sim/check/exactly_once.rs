//! Is each rumor told of exactly once? Whoever has joined gets every rumor that is published from then on, once and unchanged, in
//! the order of its origin where it has asked for that; or is told that it is lost.
//!
//! Once all is quiet, nothing is missing of an origin that still runs without having been told of. What somebody published who
//! is gone may have come to nobody, and who was apart from all who have it for longer than they keep it cannot even know.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::census::Census;
use crate::event::Event;
use crate::id::NodeId;
use crate::node::{Node, Phase};
use crate::rumor::{Order, RumorId, RumorRef};
use crate::sim::{HostId, Observer, World};
use crate::time::Instant;

/// An origin, in one of its starts.
type Start = (NodeId, u32);

/// What was published, and what each node was told.
#[derive(Debug, Default)]
pub(super) struct ExactlyOnce {
    /// When each rumor of a start was published, the first one first, and a hash of what it says.
    published: BTreeMap<Start, Vec<(Instant, u64)>>,
    hearers: BTreeMap<HostId, Hearer>,
    /// The starts that are members now.
    members: BTreeSet<Start>,
}

/// A process, and what its embedder was told.
#[derive(Debug, Default)]
struct Hearer {
    /// From when on every rumor concerns it.
    hears_since: Option<Instant>,
    told: BTreeMap<Start, Told>,
    /// What it was told in the present step.
    events: Vec<Event>,
    /// How many origins it has forgotten: of these it begins anew.
    forgotten: u64,
}

/// What a node was told of one origin: what has come and what was lost, since it last forgot any origin and ever.
#[derive(Debug, Default)]
struct Told {
    came: BTreeSet<u64>,
    lost: BTreeSet<u64>,
    ever: BTreeSet<u64>,
}

impl ExactlyOnce {
    pub fn started(&mut self, host: HostId) {
        self.hearers.insert(host, Hearer::default());
    }

    pub fn crashed(&mut self, node: &Node) {
        self.members.remove(&(node.me().id, node.me().boot.tag()));
    }

    pub fn event(&mut self, host: HostId, event: &Event) {
        let tells = matches!(event, Event::Rumor(_) | Event::RumorsLost { .. });
        if let Some(hearer) = self.hearers.get_mut(&host).filter(|_| tells) {
            hearer.events.push(*event);
        }
    }

    /// What is wrong with what a node was told in a step.
    pub fn stepped(&mut self, at: Instant, host: HostId, node: &Node) -> Option<String> {
        self.note_published(at, node);
        let me = (node.me().id, node.me().boot.tag());
        if node.phase() == Phase::Joined {
            self.members.insert(me);
        } else {
            self.members.remove(&me);
        }
        let hearer = self.hearers.get_mut(&host)?;
        if hearer.hears_since.is_none() && node.phase() == Phase::Joined && node.hears_rumors() {
            hearer.hears_since = Some(at);
        }
        let forgotten = node.counters().origins_forgotten;
        let begins_anew = core::mem::replace(&mut hearer.forgotten, forgotten) != forgotten;
        if begins_anew {
            hearer.told.values_mut().for_each(Told::forget);
        }
        let mut wrong = None;
        for event in core::mem::take(&mut hearer.events) {
            let found = match event {
                Event::Rumor(rumor) => came(&mut hearer.told, &self.published, node, &rumor),
                Event::RumorsLost { origin, boot, from, to } => {
                    let is_member = self.members.contains(&(origin, boot));
                    lost(&mut hearer.told, &self.published, at, node, ((origin, boot), from, to), is_member)
                }
                _ => None,
            };
            wrong = wrong.or(found);
        }
        if begins_anew {
            hearer.told.values_mut().for_each(Told::forget);
        }
        wrong
    }

    fn note_published(&mut self, at: Instant, node: &Node) {
        let Some(last) = node.published() else { return };
        let all = self.published.entry((last.origin, last.boot)).or_default();
        for sequence in all.len() as u64 + 1..=last.sequence {
            let payload = node.retained(at, RumorId { sequence, ..last }).map_or(&[][..], |(_, payload)| payload);
            all.push((at, xxh3_64(payload)));
        }
    }

    /// Who misses what, though it comes from somebody who still runs and can be reached.
    pub fn missing<O: Observer>(&self, world: &World<O>) -> Vec<(HostId, String)> {
        let census = Census::take(world);
        let mut all = Vec::new();
        for process in census.members() {
            let Some(hearer) = self.hearers.get(&process.host) else { continue };
            let full = world.node(process.host).is_some_and(|node| node.counters().origins_refused > 0);
            let Some(since) = hearer.hears_since.filter(|_| !full) else { continue };
            for origin in census.members().filter(|other| other.side == process.side && other.host != process.host) {
                let start = (origin.id, origin.boot.tag());
                let published = self.published.get(&start).map(Vec::as_slice).unwrap_or_default();
                let settled = |n: u64| hearer.told.get(&start).is_some_and(|told| told.ever.contains(&n));
                let misses = (1..).zip(published).find(|(n, (at, _))| *at >= since && !settled(*n));
                all.extend(misses.map(|(n, _)| (process.host, format!("misses rumor {n} of {}", origin.name))));
            }
        }
        all
    }
}

impl Told {
    fn forget(&mut self) {
        self.came.clear();
        self.lost.clear();
    }
}

fn came(
    told: &mut BTreeMap<Start, Told>,
    published: &BTreeMap<Start, Vec<(Instant, u64)>>,
    node: &Node,
    rumor: &RumorRef,
) -> Option<String> {
    let (id, n) = (rumor.id, rumor.id.sequence);
    let Some((_, hash)) = published.get(&(id.origin, id.boot)).and_then(|all| all.get(n as usize - 1)) else {
        return Some(format!("was told {id}, which nobody has published"));
    };
    match node.rumor(rumor) {
        Some(payload) if xxh3_64(payload) != *hash => return Some(format!("was told {id} with another payload")),
        None if is_roomy(node) => return Some(format!("was told {id}, and cannot read it")),
        Some(_) | None => {}
    }
    let told = told.entry((id.origin, id.boot)).or_default();
    let last = told.came.last().copied();
    told.ever.insert(n);
    if !told.came.insert(n) {
        return Some(format!("was told {id} twice"));
    }
    if told.lost.contains(&n) {
        return Some(format!("was told {id}, and that it is lost"));
    }
    let in_order = node.order_of(rumor.topic) == Some(Order::Origin);
    last.filter(|last| in_order && *last > n).map(|last| format!("was told {id} behind rumor {last}"))
}

fn lost(
    told: &mut BTreeMap<Start, Told>,
    published: &BTreeMap<Start, Vec<(Instant, u64)>>,
    at: Instant,
    node: &Node,
    (start, from, to): (Start, u64, u64),
    is_member: bool,
) -> Option<String> {
    let what = |n: u64| RumorId { origin: start.0, boot: start.1, sequence: n };
    let all = published.get(&start).map(Vec::as_slice).unwrap_or_default();
    if from == 0 || from > to || to > all.len() as u64 {
        return Some(format!("was told that {} to {to} are lost, of {} that were published", what(from), all.len()));
    }
    let told = told.entry(start).or_default();
    told.ever.extend(from..=to);
    let retained = is_member && at.since(all[to as usize - 1].0) < node.params().rumor_retention;
    let mut wrong = None;
    if retained && is_roomy(node) {
        wrong = Some(format!("was told that {} is lost, which its origin retains", what(to)));
    }
    for n in from..=to {
        let again = !told.lost.insert(n);
        if again || told.came.contains(&n) {
            wrong = Some(format!("was told that {} is lost, {}", what(n), if again { "twice" } else { "which came" }));
        }
    }
    wrong
}

/// Whether nothing has to go before its time, in the worlds that are checked here.
fn is_roomy(node: &Node) -> bool {
    let limits = node.params().limits();
    limits.rumors >= 4_096 && limits.rumor_window >= 4_096 && limits.rumor_bytes >= 1 << 20
}
