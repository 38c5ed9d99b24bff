//! What do I hold of everybody's keys? Entries and their texts, found by key; `logs` of owners, the `order` of what is in them, and the
//! `sums` over what has settled.
//!
//! An owner's key has one entry, whichever life wrote it: the later life, then the higher version. What is superseded stays
//! behind as a ghost without key or value until what supersedes it has settled: nodes in which that happens a moment sooner or later
//! would differ otherwise. Ages decide what has settled, not the time of arrival, so that all count the same at the same time.

mod ahead;
mod logs;
mod order;
mod sums;

use super::born::Born;
use super::entry::{Draft, Entry, KEY_MAX, Stage, TTL_LEN, key_hash, shared_hash};
use super::log::Log;
use crate::bounded::{Arena, Index, bought};
use crate::id::NodeId;
use crate::limits::Limits;
use crate::time::Span;
use crate::wire::STATE_BUCKETS;

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
#[repr(C)]
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

    /// Where an entry of a log is looked for that is about to be stored.
    fn hash_of(&self, log: u32, draft: &Draft<'_>) -> NodeId {
        draft.key_hash(self.owner(log))
    }

    /// Where the entry is looked for.
    fn hash(&self, slot: u32) -> NodeId {
        let (entry, (_, key, _)) = (&self.entries[slot as usize], self.text(slot));
        if entry.is_shared() { shared_hash(key) } else { key_hash(self.owner(entry.log()), key) }
    }
}

/// Everything that is held.
#[derive(Debug)]
#[repr(C)]
pub struct Store {
    root: u64,
    /// Of each bucket of the id space, the sum over what has settled.
    sums: Box<[u64]>,
    log_count: u32,
    held: u32,
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
    settling: u32,
    max: u32,
    /// How many logs there are in each bucket.
    logs_of: Box<[u32]>,
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
            logs_of: bought(STATE_BUCKETS, 0),
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
            + STATE_BUCKETS * (size_of::<u64>() + size_of::<u32>())
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

    /// Bytes of keys and values held.
    #[must_use]
    pub const fn bytes_used(&self) -> usize {
        self.records.arena.used()
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

    /// Bytes of key and value of an entry that is held, and of its time to live where it has one.
    #[must_use]
    pub fn text_len(&self, slot: u32) -> usize {
        self.records.arena.len_at(self.get(slot).place)
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
        self.keys.insert(self.records.hash_of(log, draft), slot);
        Ok(slot)
    }

    /// Stores an entry in the place of another of the same key. Of that a ghost remains at its old place where it was counted, unless
    /// the new one had to get that place.
    ///
    /// # Errors
    /// When there is no room; nothing has changed.
    pub fn replace(&mut self, slot: u32, log: u32, draft: &Draft<'_>, born: Born) -> Result<u32, Full> {
        let hash = self.records.hash_of(log, draft);
        self.room_beside(1, self.text_len(slot), draft.text_len())?;
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
        (record.sum, record.ephemeral) = (0, 0);
        let counts = |entry: &&Entry| entry.log() == log && matches!(entry.stage(), Stage::Settled | Stage::Ghost);
        self.records.entries.iter().filter(counts).for_each(|entry| record.count(entry, u64::wrapping_add));
        self.records.logs[log as usize] = record;
        self.recount(log, before);
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
}

#[cfg(test)]
mod tests;
