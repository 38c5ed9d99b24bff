//! What do I hold of everybody's keys? Logs of owners, their entries, and the sums over what has settled.
//!
//! An owner's key has one entry, whichever life wrote it: the later life, then the higher version. What is superseded stays
//! behind as a ghost without key or value until what supersedes it has settled: nodes in which that happens a moment sooner or later
//! would differ otherwise. Ages decide what has settled, not the time of arrival, so that all count the same at the same time.

use super::born::Born;
use super::entry::{Draft, Entry, KEY_MAX, Stage, TTL_LEN, key_hash, shared_hash};
use super::log::Log;
use crate::bounded::{Arena, Index, bought};
use crate::id::NodeId;
use crate::limits::Limits;
use crate::time::{Instant, Span};
use crate::wire::{STATE_BUCKETS, state_bucket_of};

/// One place in so many is kept for ghosts.
const GHOSTS_ONE_IN: usize = 32;
/// Bytes of texts passed over for each byte written, at most, and only while room is short.
const PACE: usize = 64;

/// Bits of an entry beside its key and value that its check covers.
#[cfg(test)]
pub const FLIPS: usize = 64 + 8 + Entry::FLIPS;

/// Why an entry could not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Every place for an entry is taken.
    Entries,
    /// The bytes for keys and values are.
    Bytes,
}

/// What indices point to. Both lists have all their room from the start, and touch none of it before it is needed.
#[derive(Debug)]
struct Records {
    entries: Vec<Entry>,
    logs: Vec<Log>,
    arena: Arena<PACE>,
}

impl Records {
    /// For how many milliseconds an entry holds, 0 for ever; its key, and its value.
    fn text(&self, slot: u32) -> (u32, &[u8], &[u8]) {
        let entry = &self.entries[slot as usize];
        let text = self.arena.get(entry.place);
        let (ttl_ms, text) = match text.split_first_chunk::<TTL_LEN>().filter(|_| entry.is_timed()) {
            Some((ttl_ms, text)) => (u32::from_le_bytes(*ttl_ms), text),
            None => (0, text),
        };
        let (key, value) = text.split_at(usize::from(entry.key_len).min(text.len()));
        (ttl_ms, key, value)
    }

    fn owner(&self, log: u32) -> NodeId {
        self.logs[log as usize].owner
    }

    /// Where the entry is looked for.
    fn hash(&self, slot: u32) -> NodeId {
        let (entry, (_, key, _)) = (&self.entries[slot as usize], self.text(slot));
        if entry.is_shared() { shared_hash(key) } else { key_hash(self.owner(entry.log()), key) }
    }
}

/// Everything that is held.
#[derive(Debug)]
pub struct Store {
    records: Records,
    /// By the hash of owner and key; contributions to shared keys by the hash of the key alone.
    keys: Index,
    /// By the owner's id.
    owners: Index,
    /// The first free place of each, plus one; 0 where only those are free that were never taken.
    free_entry: u32,
    free_log: u32,
    /// Where the next ghost is looked for that has to go before its time.
    next_ghost: u32,
    held: u32,
    settling: u32,
    max: u32,
    log_count: u32,
    sums: Box<[u64]>,
    root: u64,
}

const fn places(limits: &Limits) -> usize {
    let keys = limits.state_keys as usize;
    keys + keys / GHOSTS_ONE_IN + 1
}

impl Store {
    /// Nothing.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let (places, logs) = (places(limits), limits.state_owners as usize);
        Self {
            records: Records {
                entries: Vec::with_capacity(places),
                logs: Vec::with_capacity(logs),
                arena: Arena::new(places, limits.state_bytes as usize, TTL_LEN + Self::longest(limits)),
            },
            keys: Index::dense(places),
            owners: Index::new(logs),
            free_entry: 0,
            free_log: 0,
            next_ghost: 0,
            held: 0,
            settling: 0,
            max: limits.state_keys,
            log_count: 0,
            sums: bought(STATE_BUCKETS, 0),
            root: 0,
        }
    }

    /// Bytes that [`Store::new`] buys.
    #[must_use]
    pub const fn memory_bytes(limits: &Limits) -> usize {
        let (places, logs) = (places(limits), limits.state_owners as usize);
        places * size_of::<Entry>()
            + logs * size_of::<Log>()
            + Arena::<PACE>::memory_bytes(places, limits.state_bytes as usize, TTL_LEN + Self::longest(limits))
            + Index::dense_memory_bytes(places)
            + Index::memory_bytes(logs)
            + STATE_BUCKETS * size_of::<u64>()
    }

    /// How many places an entry can have: what deadlines of entries need keys for.
    #[must_use]
    pub const fn places(limits: &Limits) -> usize {
        places(limits)
    }

    /// The most bytes of key and value of one entry.
    #[must_use]
    pub const fn longest(limits: &Limits) -> usize {
        KEY_MAX + limits.state_value as usize
    }

    /// Entries held.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.held
    }

    /// Of these, those that have not settled.
    #[must_use]
    pub const fn settling(&self) -> u32 {
        self.settling
    }

    /// Logs held.
    #[must_use]
    pub const fn log_count(&self) -> u32 {
        self.log_count
    }

    /// Bytes of keys and values held.
    #[must_use]
    pub const fn bytes_used(&self) -> usize {
        self.records.arena.used()
    }

    /// The sum over everything that has settled and counts.
    #[must_use]
    pub const fn root(&self) -> u64 {
        self.root
    }

    /// The same, of the owners of one bucket of the id space.
    #[must_use]
    pub const fn bucket(&self, bucket: usize) -> u64 {
        self.sums[bucket]
    }

    /// The log of an owner's life.
    #[must_use]
    pub fn find_log(&self, owner: NodeId, life: u32) -> Option<u32> {
        self.owners.find(owner, |at| {
            let log = &self.records.logs[at as usize];
            (log.owner, log.life) == (owner, life)
        })
    }

    /// The logs of owners in a range of ids, in no order.
    pub fn logs_in(&self, first: NodeId, last: NodeId) -> impl Iterator<Item = u32> + '_ {
        let inside = move |at: &u32| (first..=last).contains(&self.records.logs[*at as usize].owner);
        self.owners.near(first, last).filter(inside)
    }

    /// A log.
    #[must_use]
    pub fn log(&self, at: u32) -> &Log {
        &self.records.logs[at as usize]
    }

    /// A log, to be changed.
    pub fn log_mut(&mut self, at: u32) -> &mut Log {
        &mut self.records.logs[at as usize]
    }

    /// A log for an owner's life that has none; `None` when every place is taken.
    #[must_use]
    pub fn add_log(&mut self, owner: NodeId, life: u32, now: Instant) -> Option<u32> {
        debug_assert_eq!(self.find_log(owner, life), None);
        let at = match self.free_log {
            0 if self.records.logs.len() == self.records.logs.capacity() => return None,
            0 => {
                self.records.logs.push(Log::NONE);
                self.records.logs.len() as u32 - 1
            }
            free => {
                self.free_log = self.records.logs[free as usize - 1].first;
                free - 1
            }
        };
        self.records.logs[at as usize] = Log { owner, life, void_since: now, taken: true, ..Log::NONE };
        self.owners.insert(owner, at);
        self.log_count += 1;
        Some(at)
    }

    /// Lets go of a log that holds nothing.
    pub fn release_log(&mut self, at: u32) {
        let log = self.records.logs[at as usize];
        assert!(log.taken && log.entries + log.ghosts == 0, "nothing of it is held or counted");
        self.owners.remove_slot(log.owner, at, |at| self.records.owner(at));
        self.records.logs[at as usize] = Log { first: self.free_log, ..Log::NONE };
        self.free_log = at + 1;
        self.log_count -= 1;
    }

    /// All logs, from a place on: the next that is taken.
    #[must_use]
    pub fn log_from(&self, at: u32) -> Option<u32> {
        (at..self.records.logs.len() as u32).find(|at| self.records.logs[*at as usize].taken)
    }

    /// The entry at a place, if there ever was one.
    #[must_use]
    pub fn peek(&self, slot: u32) -> Option<&Entry> {
        self.records.entries.get(slot as usize)
    }

    /// An entry.
    #[must_use]
    pub fn get(&self, slot: u32) -> &Entry {
        &self.records.entries[slot as usize]
    }

    /// An entry, to be changed.
    pub fn get_mut(&mut self, slot: u32) -> &mut Entry {
        &mut self.records.entries[slot as usize]
    }

    /// The next place from one on that holds a key.
    #[must_use]
    pub fn held_from(&self, slot: u32) -> Option<u32> {
        let holds = |slot: &u32| self.records.entries[*slot as usize].is_held();
        (slot..self.records.entries.len() as u32).find(holds)
    }

    /// The key of an entry that is held, and its value.
    #[must_use]
    pub fn text(&self, slot: u32) -> (&[u8], &[u8]) {
        let (_, key, value) = self.records.text(slot);
        (key, value)
    }

    /// For how long an entry that is held holds from its writing on, if not for ever.
    #[must_use]
    pub fn ttl(&self, slot: u32) -> Option<Span> {
        let timed = self.records.entries[slot as usize].is_timed();
        timed.then(|| Span::millis(u64::from(self.records.text(slot).0)))
    }

    /// An entry that is held, as it travels.
    #[must_use]
    pub fn draft(&self, slot: u32) -> Draft<'_> {
        let entry = &self.records.entries[slot as usize];
        let (ttl_ms, key, value) = self.records.text(slot);
        Draft { version: entry.version(), check: entry.check, nature: entry.nature(), ttl_ms, key, value }
    }

    /// The entry of a key that its owner alone writes, of whichever life.
    #[must_use]
    pub fn find(&self, owner: NodeId, key: &[u8]) -> Option<u32> {
        self.keys.find(key_hash(owner, key), |slot| {
            let entry = &self.records.entries[slot as usize];
            !entry.is_shared() && self.records.owner(entry.log()) == owner && self.text(slot).0 == key
        })
    }

    /// All contributions to a shared key, in no order.
    pub fn contributions<'a>(&'a self, key: &'a [u8]) -> impl Iterator<Item = u32> + 'a {
        let id = shared_hash(key);
        let is = move |slot: &u32| self.get(*slot).is_shared() && self.text(*slot).0 == key;
        self.keys.near(id, id).filter(is)
    }

    /// The entries of a log behind a version, in order.
    pub fn behind(&self, log: u32, version: u64) -> impl Iterator<Item = u32> + '_ {
        let (_, first) = self.around(log, version);
        self.from(first.map_or(0, |slot| slot + 1))
    }

    /// The last entry of a log up to a version, and the first behind it.
    #[must_use]
    pub fn around(&self, log: u32, version: u64) -> (Option<u32>, Option<u32>) {
        let log = &self.records.logs[log as usize];
        // Most ask for the last few.
        let (mut before, mut after) = (log.last, 0);
        while let Some(entry) = self.at(before).filter(|entry| entry.version() > version) {
            (before, after) = (entry.before, before);
        }
        (before.checked_sub(1), after.checked_sub(1))
    }

    /// The first entry of a log behind a version.
    #[must_use]
    pub fn first_behind(&self, log: u32, version: u64) -> Option<u32> {
        self.around(log, version).1
    }

    /// The entry of a log with a version.
    #[must_use]
    pub fn at_version(&self, log: u32, version: u64) -> Option<u32> {
        self.last_up_to(log, version).filter(|slot| self.get(*slot).version() == version)
    }

    /// The last entry of a log up to a version.
    #[must_use]
    pub fn last_up_to(&self, log: u32, version: u64) -> Option<u32> {
        self.around(log, version).0
    }

    /// The next entry of the same log.
    #[must_use]
    pub fn after(&self, slot: u32) -> Option<u32> {
        self.records.entries[slot as usize].after.checked_sub(1)
    }

    /// The entries of a log that are still told in rounds and all behind them, in order.
    pub fn hot(&self, log: u32) -> impl Iterator<Item = u32> + '_ {
        self.from(self.records.logs[log as usize].hot)
    }

    fn from(&self, mut at: u32) -> impl Iterator<Item = u32> + '_ {
        core::iter::from_fn(move || {
            let slot = at.checked_sub(1)?;
            at = self.records.entries[slot as usize].after;
            Some(slot)
        })
    }

    fn at(&self, link: u32) -> Option<&Entry> {
        link.checked_sub(1).map(|slot| &self.records.entries[slot as usize])
    }

    /// The version in front of an entry in its log; 0 for the first.
    #[must_use]
    pub fn version_before(&self, slot: u32) -> u64 {
        self.at(self.records.entries[slot as usize].before).map_or(0, |entry| entry.version())
    }

    /// Lets rounds tell an entry, and all behind it.
    pub fn heat(&mut self, slot: u32) {
        let entry = self.records.entries[slot as usize];
        let log = &mut self.records.logs[entry.log() as usize];
        let colder = log.hot == 0 || self.records.entries[log.hot as usize - 1].version() > entry.version();
        if colder {
            log.hot = slot + 1;
        }
    }

    /// Takes those in front that have been told as often as `enough` says out of what rounds tell.
    pub fn cool(&mut self, log: u32, enough: impl Fn(&Entry) -> bool) {
        let mut hot = self.records.logs[log as usize].hot;
        while let Some(entry) = self.at(hot).filter(|entry| enough(entry)) {
            hot = entry.after;
        }
        self.records.logs[log as usize].hot = hot;
    }

    /// Whether there is room for one more entry of so many bytes of key and value.
    pub fn room(&self, bytes: usize) -> Result<(), Full> {
        self.room_beside(0, 0, bytes)
    }

    /// The same where so many others go that have so many bytes.
    pub fn room_beside(&self, replaced: u32, freed: usize, bytes: usize) -> Result<(), Full> {
        let arena = &self.records.arena;
        if self.held - replaced >= self.max {
            Err(Full::Entries)
        } else if arena.has_room(freed, bytes) {
            Ok(())
        } else {
            Err(Full::Bytes)
        }
    }

    /// Stores an entry of a log that has none under this key. Its stage is [`Stage::Settling`].
    ///
    /// # Errors
    /// When there is no room; nothing has changed.
    pub fn insert(&mut self, log: u32, draft: &Draft<'_>, born: Born) -> Result<u32, Full> {
        self.room(draft.text_len())?;
        let slot = self.store(log, draft, born, None);
        self.keys.insert(self.records.hash(slot), slot);
        Ok(slot)
    }

    /// Stores an entry in the place of another of the same key. Of that a ghost remains at its old place where it was counted, unless
    /// the new one had to get that place.
    ///
    /// # Errors
    /// When there is no room; nothing has changed.
    pub fn replace(&mut self, slot: u32, log: u32, draft: &Draft<'_>, born: Born) -> Result<u32, Full> {
        let hash = self.records.hash(slot);
        self.room_beside(1, self.draft(slot).text_len(), draft.text_len())?;
        let (_, text) = self.retire(slot);
        let by = self.store(log, draft, born, Some(text));
        self.keys.replace_slot(hash, slot, by);
        Ok(by)
    }

    /// Stores an entry for which there is room, and to which no key leads yet; its key and value over those at a place if they are as
    /// long, and in their stead.
    fn store(&mut self, log: u32, draft: &Draft<'_>, born: Born, over: Option<u32>) -> u32 {
        let slot = self.take_place();
        let Records { entries, arena, .. } = &mut self.records;
        let ttl = draft.ttl_ms.to_le_bytes();
        let ttl = if draft.ttl_ms > 0 { &ttl[..] } else { &[] };
        let text = [ttl, draft.key, draft.value];
        let place = over.filter(|place| arena.overwrite(*place, slot, &text)).unwrap_or_else(|| {
            over.into_iter().for_each(|place| arena.remove(place));
            let moved = |owner: u32, to: u32| entries[owner as usize].place = to;
            arena.insert(slot, &text, moved).expect("there is room for it")
        });
        entries[slot as usize] = Entry::new(log, place, draft, born);
        self.link(slot);
        self.held += 1;
        self.settling += 1;
        slot
    }

    fn take_place(&mut self) -> u32 {
        match self.free_entry {
            0 if self.records.entries.len() < self.records.entries.capacity() => {
                self.records.entries.push(Entry::NONE);
                self.records.entries.len() as u32 - 1
            }
            0 => {
                // All that is not held are ghosts: one of them goes before its time.
                let (before, from) = self.records.entries.split_at(self.next_ghost as usize);
                let ghost = from.iter().chain(before).position(|entry| entry.stage() == Stage::Ghost);
                let ghost =
                    ghost.expect("there are more places than entries that may be held") as u32 + self.next_ghost;
                self.next_ghost = ghost % self.records.entries.len() as u32;
                self.lay(self.next_ghost);
                self.take_place()
            }
            free => {
                self.free_entry = self.records.entries[free as usize - 1].after;
                free - 1
            }
        }
    }

    fn give_back(&mut self, slot: u32) {
        self.records.entries[slot as usize] = Entry::free(self.free_entry);
        self.free_entry = slot + 1;
    }

    /// Puts an entry into its log, by version; nearly always at the end.
    fn link(&mut self, slot: u32) {
        let entry = self.records.entries[slot as usize];
        let mut before = self.records.logs[entry.log() as usize].last;
        while let Some(other) = self.at(before).filter(|other| other.version() > entry.version()) {
            before = other.before;
        }
        let log = &mut self.records.logs[entry.log() as usize];
        let after = match before.checked_sub(1) {
            Some(other) => core::mem::replace(&mut self.records.entries[other as usize].after, slot + 1),
            None => core::mem::replace(&mut log.first, slot + 1),
        };
        match after.checked_sub(1) {
            Some(other) => self.records.entries[other as usize].before = slot + 1,
            None => log.last = slot + 1,
        }
        let entry = &mut self.records.entries[slot as usize];
        (entry.before, entry.after) = (before, after);
        log.entries += 1;
    }

    fn unlink(&mut self, slot: u32) {
        let entry = self.records.entries[slot as usize];
        let (before, after) = (entry.before, entry.after);
        let log = &mut self.records.logs[entry.log() as usize];
        match before.checked_sub(1) {
            Some(other) => self.records.entries[other as usize].after = after,
            None => log.first = after,
        }
        match after.checked_sub(1) {
            Some(other) => self.records.entries[other as usize].before = before,
            None => log.last = before,
        }
        if log.hot == slot + 1 {
            log.hot = after;
        }
        log.entries -= 1;
    }

    /// Takes key and value of an entry out; what remains is a ghost, or nothing where it was not counted. Says whether a ghost remains.
    pub fn supersede(&mut self, slot: u32) -> bool {
        let records = &self.records;
        self.keys.remove_slot(records.hash(slot), slot, |other| records.hash(other));
        let (counted, text) = self.retire(slot);
        self.records.arena.remove(text);
        counted
    }

    /// The same of an entry to which no key is to lead any more; where its key and value are remains to be freed.
    fn retire(&mut self, slot: u32) -> (bool, u32) {
        self.unlink(slot);
        self.held -= 1;
        let entry = &mut self.records.entries[slot as usize];
        let (stage, log, text) = (entry.stage(), entry.log(), entry.place);
        self.settling -= u32::from(stage == Stage::Settling);
        let counted = stage == Stage::Settled;
        if counted {
            entry.set_stage(Stage::Ghost);
            self.records.logs[log as usize].ghosts += 1;
        } else {
            self.give_back(slot);
        }
        (counted, text)
    }

    /// Takes an entry out, and out of the fingerprint at once.
    pub fn remove(&mut self, slot: u32) {
        if self.supersede(slot) {
            self.lay(slot);
        }
    }

    /// Takes an entry out of which nothing is certain any more, neither its key nor what it was counted as: memory has failed.
    pub fn remove_broken(&mut self, slot: u32) {
        let records = &self.records;
        self.keys.remove_anywhere(slot, |other| records.hash(other));
        self.unlink(slot);
        self.records.arena.remove(self.records.entries[slot as usize].place);
        self.held -= 1;
        let log = self.records.entries[slot as usize].log();
        self.give_back(slot);
        let mut record = self.records.logs[log as usize];
        let before = record.sum();
        (record.durable, record.ephemeral) = (0, 0);
        let counts = |entry: &&Entry| entry.log() == log && matches!(entry.stage(), Stage::Settled | Stage::Ghost);
        for entry in self.records.entries.iter().filter(counts) {
            let sum = if entry.is_ephemeral() { &mut record.ephemeral } else { &mut record.durable };
            *sum = sum.wrapping_add(entry.check);
        }
        self.records.logs[log as usize] = record;
        self.recount(log, before);
    }

    /// A ghost counts no more, and its place is free.
    pub fn lay(&mut self, slot: u32) {
        debug_assert_eq!(self.records.entries[slot as usize].stage(), Stage::Ghost);
        self.count(slot, u64::wrapping_sub);
        let log = self.records.entries[slot as usize].log();
        self.records.logs[log as usize].ghosts -= 1;
        self.give_back(slot);
    }

    /// An entry has settled: it counts.
    pub fn settle(&mut self, slot: u32) {
        debug_assert_eq!(self.records.entries[slot as usize].stage(), Stage::Settling);
        self.records.entries[slot as usize].set_stage(Stage::Settled);
        self.settling -= 1;
        self.count(slot, u64::wrapping_add);
    }

    fn count(&mut self, slot: u32, apply: fn(u64, u64) -> u64) {
        let entry = self.records.entries[slot as usize];
        let log = &mut self.records.logs[entry.log() as usize];
        let before = log.sum();
        let sum = if entry.is_ephemeral() { &mut log.ephemeral } else { &mut log.durable };
        *sum = apply(*sum, entry.check);
        self.recount(entry.log(), before);
    }

    /// The sum of a log is another than `before`.
    fn recount(&mut self, log: u32, before: u64) {
        let log = &self.records.logs[log as usize];
        let change = log.sum().wrapping_sub(before);
        let sum = &mut self.sums[state_bucket_of(log.owner)];
        *sum = sum.wrapping_add(change);
        self.root = self.root.wrapping_add(change);
    }

    /// Changes one of the [`FLIPS`] bits of an entry that its check covers, or one of its key and value behind them.
    #[cfg(test)]
    pub fn flip(&mut self, slot: u32, bit: usize) {
        let entry = &mut self.records.entries[slot as usize];
        match bit {
            0..64 => entry.check ^= 1 << bit,
            64..72 => entry.key_len ^= 1 << (bit - 64),
            72..FLIPS => entry.flip(bit - 72),
            _ => self.records.arena.flip(entry.place, bit - FLIPS),
        }
    }

    /// The root, from the entries and not from the sums.
    #[cfg(any(test, feature = "sim"))]
    #[must_use]
    pub fn root_anew(&self) -> u64 {
        let counts = |entry: &&Entry| {
            let valid = self.records.logs[entry.log() as usize].valid;
            matches!(entry.stage(), Stage::Settled | Stage::Ghost) && (valid || !entry.is_ephemeral())
        };
        self.records.entries.iter().filter(counts).fold(0, |sum, entry| sum.wrapping_add(entry.check))
    }

    /// The owner is up in this life, or is not any more: its ephemeral entries count, or do not.
    pub fn set_valid(&mut self, log: u32, valid: bool) {
        let record = &mut self.records.logs[log as usize];
        let before = record.sum();
        record.valid = valid;
        self.recount(log, before);
    }
}

#[cfg(test)]
mod tests;
