//! Does it hold what a plain model holds? Random use of everything, compared after each step; and long use of a full store.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::rng::Rng;
use crate::rumor::Class;
use crate::state::Nature;
use crate::time::{Instant, Span};
use crate::wire::state_bucket_of;

const OWNERS: u32 = 5;
const KEYS: [&[u8]; 6] = [b"a", b"b", b"load", b"zone", &[b'k'; KEY_MAX], b"z"];

/// An entry as the model holds it.
#[derive(Clone, Debug)]
struct Held {
    slot: u32,
    key: &'static [u8],
    value: Vec<u8>,
    nature: Nature,
    check: u64,
    settled: bool,
    told: u8,
}

impl Held {
    const fn len(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

#[derive(Default)]
struct Model {
    at: u32,
    valid: bool,
    entries: BTreeMap<u64, Held>,
    /// By place: what still counts, and whether it outlives its owner.
    ghosts: BTreeMap<u32, (u64, bool)>,
    /// The first that is told in rounds.
    hot: Option<u64>,
}

impl Model {
    fn sum(&self) -> u64 {
        let settled = self.entries.values().filter(|held| held.settled).map(|held| (held.check, held.nature.durable));
        let counted = settled.chain(self.ghosts.values().copied()).filter(|(_, durable)| *durable || self.valid);
        counted.fold(0, |sum, (check, _)| sum.wrapping_add(check))
    }

    fn take(&mut self, version: u64) -> Held {
        let held = self.entries.remove(&version).expect("chosen among those");
        if self.hot == Some(version) {
            self.hot = self.entries.range(version..).next().map(|(next, _)| *next);
        }
        held
    }
}

struct Both {
    dice: Rng,
    limits: Limits,
    store: Store,
    logs: BTreeMap<(NodeId, u32), Model>,
    /// Ghosts that went before their time.
    pushed_out: u32,
    refused: [u32; 2],
}

impl Both {
    fn new(seed: u64) -> Self {
        let limits = Limits { state_owners: 6, state_keys: 16, state_bytes: 2_400, ..Limits::default() };
        let (dice, store) = (Rng::from_seed(seed), Store::new(&limits));
        Self { dice, limits, store, logs: BTreeMap::new(), pushed_out: 0, refused: [0; 2] }
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let len = u32::try_from(all.len()).expect("few");
        (len > 0).then(|| all[self.dice.below(len) as usize])
    }

    /// Some entry of the model: its log, and its version.
    fn any(&mut self, is: impl Fn(&Held) -> bool) -> Option<((NodeId, u32), u64)> {
        let fitting = |(id, log): (&(NodeId, u32), &Model)| {
            log.entries.iter().filter(|(_, held)| is(held)).map(|(version, _)| (*id, *version)).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.logs.iter().flat_map(fitting).collect();
        self.one_of(&all)
    }

    fn step(&mut self) {
        match self.dice.below(16) {
            0 | 1 => self.add_or_release(),
            2..8 => self.write(),
            8..10 => {
                if let Some((id, version)) = self.any(|held| !held.settled) {
                    let held = self.logs.get_mut(&id).and_then(|log| log.entries.get_mut(&version)).expect("any");
                    held.settled = true;
                    self.store.settle(held.slot);
                }
            }
            10 => {
                if let Some((id, version)) = self.any(|_| true) {
                    self.supersede(id, version);
                }
            }
            11 => {
                if let Some((id, version)) = self.any(|_| true) {
                    let held = self.logs.get_mut(&id).expect("any").take(version);
                    self.store.remove(held.slot);
                }
            }
            12 => self.lay(),
            13 => {
                let ids: Vec<_> = self.logs.keys().copied().collect();
                let Some(id) = self.one_of(&ids) else { return };
                let log = self.logs.get_mut(&id).expect("one of them");
                log.valid = !log.valid;
                self.store.set_valid(log.at, log.valid);
            }
            14 => self.heat(),
            _ => self.cool(),
        }
    }

    fn add_or_release(&mut self) {
        // Few distinct buckets, and ids that are neighbours.
        let owner = NodeId::from_u64(u64::from(self.dice.below(OWNERS)) * (1 << 56) + 7);
        let id = (owner, 1 + self.dice.below(3));
        match self.logs.get(&id) {
            Some(log) if log.entries.is_empty() && log.ghosts.is_empty() => {
                self.store.release_log(log.at);
                self.logs.remove(&id);
            }
            Some(_) => {}
            None => {
                let added = self.store.add_log(owner, id.1, Instant::ZERO);
                assert_eq!(added.is_some(), self.logs.len() < self.limits.state_owners as usize);
                added.into_iter().for_each(|at| {
                    self.logs.insert(id, Model { at, ..Model::default() });
                });
            }
        }
    }

    /// A write at the end of a log, or somewhere in the middle; what its owner's key was before is superseded, first or by it.
    fn write(&mut self) {
        let ids: Vec<_> = self.logs.keys().copied().collect();
        let Some(id) = self.one_of(&ids) else { return };
        let version = 1 + u64::from(self.dice.below(40));
        if self.logs[&id].entries.contains_key(&version) {
            return;
        }
        let key = self.one_of(&KEYS).expect("some");
        let nature = Nature {
            class: self.one_of(Class::ALL).expect("some"),
            durable: self.dice.below(2) == 0,
            shared: self.dice.below(3) == 0,
            removed: self.dice.below(4) == 0,
        };
        let len = if nature.removed { 0 } else { self.dice.below(300) as usize };
        let value = vec![self.dice.next_u32() as u8; len];
        let mut replaced = None;
        if !nature.shared {
            let same = |id: &(NodeId, u32), log: &Model| {
                let held = log.entries.iter().find(|(_, held)| held.key == key && !held.nature.shared);
                held.map(|(version, _)| (*id, *version))
            };
            replaced = self.logs.iter().filter(|(other, _)| other.0 == id.0).find_map(|(other, log)| same(other, log));
        }
        if self.dice.below(2) == 0 {
            replaced.take().into_iter().for_each(|(id, version)| self.supersede(id, version));
        }
        let draft = Draft { version, check: 0, nature, ttl_ms: 0, key, value: &value };
        let draft = Draft { check: draft.hash(id.0, id.1), ..draft };
        self.put(id, &draft, key, replaced);
    }

    /// Stores a write, in the place of another or of none.
    fn put(&mut self, id: (NodeId, u32), draft: &Draft<'_>, key: &'static [u8], by: Option<((NodeId, u32), u64)>) {
        let other = by.map(|(id, version)| &self.logs[&id].entries[&version]);
        let (held, bytes) = (self.held() - other.iter().len(), self.bytes() - other.map_or(0, Held::len));
        let places_taken = self.held() + self.logs.values().map(|log| log.ghosts.len()).sum::<usize>();
        let kept = by.is_none() || other.is_some_and(|other| other.settled);
        let (log, born) = (self.logs[&id].at, Born::ago(Instant::ZERO, Span::ZERO));
        let stored = match other {
            Some(other) => self.store.replace(other.slot, log, draft, born),
            None => self.store.insert(log, draft, born),
        };
        let expected = if held as u32 == self.limits.state_keys {
            Err(Full::Entries)
        } else if bytes + draft.text_len() > self.limits.state_bytes as usize {
            Err(Full::Bytes)
        } else {
            Ok(())
        };
        assert_eq!(stored.map(|_| ()), expected, "{held} held of {bytes} bytes");
        let Ok(slot) = stored else {
            self.refused[usize::from(expected == Err(Full::Bytes))] += 1;
            return;
        };
        by.into_iter().for_each(|(id, version)| self.give_way(id, version));
        if places_taken == places(&self.limits) && kept {
            self.note_pushed_out(slot);
        }
        let (nature, check, value) = (draft.nature, draft.check, draft.value.to_vec());
        let held = Held { slot, key, value, nature, check, settled: false, told: 0 };
        self.logs.get_mut(&id).expect("one of them").entries.insert(draft.version, held);
    }

    /// Every place was taken: one ghost had to go, and its place was given away.
    fn note_pushed_out(&mut self, to: u32) {
        let mut gone = 0;
        for log in self.logs.values_mut() {
            let before = log.ghosts.len();
            log.ghosts.retain(|slot, _| *slot != to);
            gone += before - log.ghosts.len();
        }
        assert_eq!(gone, 1);
        self.pushed_out += 1;
    }

    fn supersede(&mut self, id: (NodeId, u32), version: u64) {
        let held = &self.logs[&id].entries[&version];
        assert_eq!(self.store.supersede(held.slot), held.settled, "a ghost remains of what was counted");
        self.give_way(id, version);
    }

    fn give_way(&mut self, id: (NodeId, u32), version: u64) {
        let log = self.logs.get_mut(&id).expect("held");
        let held = log.take(version);
        if held.settled {
            log.ghosts.insert(held.slot, (held.check, held.nature.durable));
        }
    }

    fn lay(&mut self) {
        let ghosts: Vec<_> =
            self.logs.iter().flat_map(|(id, log)| log.ghosts.keys().map(|slot| (*id, *slot))).collect();
        if let Some((id, slot)) = self.one_of(&ghosts) {
            self.store.lay(slot);
            self.logs.get_mut(&id).expect("one of them").ghosts.remove(&slot);
        }
    }

    fn heat(&mut self) {
        if let Some((id, version)) = self.any(|_| true) {
            let log = self.logs.get_mut(&id).expect("any");
            log.hot = Some(log.hot.map_or(version, |hot| hot.min(version)));
            self.store.heat(log.entries[&version].slot);
        }
    }

    /// What is hot is told once more, and goes when it has been told twice.
    fn cool(&mut self) {
        for log in self.logs.values_mut() {
            if let Some(hot) = log.hot {
                for held in log.entries.range_mut(hot..).map(|(_, held)| held).take(2) {
                    held.told += 1;
                    self.store.get_mut(held.slot).told = held.told;
                }
                log.hot = log.entries.range(hot..).find(|(_, held)| held.told < 2).map(|(version, _)| *version);
            }
            self.store.cool(log.at, |entry| entry.told >= 2);
        }
    }

    fn held(&self) -> usize {
        self.logs.values().map(|log| log.entries.len()).sum()
    }

    fn bytes(&self) -> usize {
        let held = self.logs.values().flat_map(|log| log.entries.values());
        held.map(Held::len).sum()
    }

    fn check(&self) {
        let store = &self.store;
        assert_eq!((store.len() as usize, store.bytes_used()), (self.held(), self.bytes()));
        assert_eq!(store.log_count() as usize, self.logs.len());
        let mut sums = [0_u64; STATE_BUCKETS];
        for ((owner, life), log) in &self.logs {
            assert_eq!(store.find_log(*owner, *life), Some(log.at));
            let sum = &mut sums[state_bucket_of(*owner)];
            *sum = sum.wrapping_add(log.sum());
            self.check_log(*owner, log);
        }
        assert!((0..STATE_BUCKETS).all(|bucket| store.bucket(bucket) == sums[bucket]));
        assert_eq!(store.root(), sums.iter().fold(0_u64, |root, sum| root.wrapping_add(*sum)));
        assert_eq!(store.root(), store.root_anew());
        for key in KEYS {
            let held = self.logs.values().flat_map(|log| log.entries.values());
            let shared = held.filter(|held| held.key == key && held.nature.shared).map(|held| held.slot);
            let (mut expected, mut found): (Vec<_>, Vec<_>) = (shared.collect(), store.contributions(key).collect());
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected);
        }
    }

    fn check_log(&self, owner: NodeId, log: &Model) {
        let store = &self.store;
        let record = store.log(log.at);
        assert_eq!((record.is_empty(), record.ghosts as usize), (log.entries.is_empty(), log.ghosts.len()));
        assert_eq!(record.sum(), log.sum());
        for (version, held) in &log.entries {
            assert_eq!(store.text(held.slot), (held.key, &held.value[..]));
            let (draft, entry) = (store.draft(held.slot), store.get(held.slot));
            assert_eq!((draft.version, draft.check, draft.nature), (*version, held.check, held.nature));
            assert_eq!(entry.stage(), if held.settled { Stage::Settled } else { Stage::Settling });
            if !held.nature.shared {
                assert_eq!(store.find(owner, held.key), Some(held.slot));
            }
        }
        let slots = |from: u64| log.entries.range(from..).map(|(_, held)| held.slot).collect::<Vec<_>>();
        for version in [0, 1, 7, 20, 39, 40] {
            assert_eq!(store.behind(log.at, version).collect::<Vec<_>>(), slots(version + 1));
            let last = log.entries.range(..=version).next_back().map(|(_, held)| held.slot);
            assert_eq!(store.last_up_to(log.at, version), last);
            let there = log.entries.get(&version).map(|held| held.slot);
            assert_eq!(store.at_version(log.at, version), there);
        }
        assert_eq!(store.hot(log.at).collect::<Vec<_>>(), log.hot.map_or_else(Vec::new, slots));
    }
}

#[test]
fn agrees_with_a_plain_model_under_random_use() {
    let steps = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    let (mut pushed_out, mut refused) = (0, [0; 2]);
    for seed in 1..=3 {
        let mut both = Both::new(seed);
        for _ in 0..steps {
            both.step();
            both.check();
        }
        pushed_out += both.pushed_out;
        refused = [refused[0] + both.refused[0], refused[1] + both.refused[1]];
    }
    println!("{pushed_out} ghosts pushed out, refused {refused:?}");
    assert!(pushed_out > 0 && refused[0] > 0 && refused[1] > 0, "each end is reached");
}

#[test]
fn nothing_is_refused_while_places_and_bytes_are_free_however_long_it_is_used() {
    let writes = if cfg!(debug_assertions) { 200_000 } else { 10_000_000_u32 };
    let limits = Limits { state_owners: 4, ..Limits::default() };
    let (mut dice, mut store) = (Rng::from_seed(9), Store::new(&limits));
    let owner = NodeId::from_u64(5);
    let log = store.add_log(owner, 1, Instant::ZERO).expect("the first");
    let mut ghosts = VecDeque::new();
    let (value, mut full) = ([0x5a; 1_024], 0_u32);
    for version in 1..=u64::from(writes) {
        let key = dice.below(8_000).to_le_bytes();
        if let Some(slot) = store.find(owner, &key) {
            if store.supersede(slot) {
                ghosts.push_back(slot);
            }
        }
        // Long ones and short ones in turns: what is free is never of one size.
        let longest = if version / 50_000 % 2 == 0 { 1_024 } else { 64 };
        let value = &value[..dice.below(longest) as usize];
        let removed = dice.below(3) == 0;
        let nature = Nature { class: Class::Normal, durable: true, shared: false, removed: false };
        let draft = Draft { version, check: version, nature, ttl_ms: 0, key: &key, value };
        let room = store.room(key.len() + value.len());
        if !removed {
            let inserted = store.insert(log, &draft, Born::ago(Instant::ZERO, Span::ZERO));
            assert_eq!(inserted.map(|_| ()), room, "write {version}");
            full += u32::from(room.is_err());
            inserted.into_iter().for_each(|slot| store.settle(slot));
        }
        // Some are laid in their time, others have to make room.
        if dice.below(2) == 0 {
            let ghost = ghosts.pop_front().filter(|slot| store.get(*slot).stage() == Stage::Ghost);
            ghost.into_iter().for_each(|slot| store.lay(slot));
        }
    }
    println!("{writes} writes, {full} of them found it full");
    assert!(full > 0 && u64::from(full) < u64::from(writes) / 2);
    assert_eq!(store.root(), store.root_anew());
}
