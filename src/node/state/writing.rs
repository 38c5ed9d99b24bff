//! This node writes into its own map.

use super::super::{Node, Phase};
use crate::error::Refusal;
use crate::membership::ME;
use crate::rumor::Class;
use crate::state::{Born, Draft, Entry, Full, KEY_MAX, Nature, Store};
use crate::time::{Instant, Span};
use crate::wire::{OVERHEAD_INTRO, RawSequence, RawStatePage, RawStateSpan, SECTION_HEADER, STATE_ENTRY_MAX};

/// A value for a key of this node's own map.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// 1 to [`KEY_MAX`] bytes, the first of them not 0.
    pub key: &'a [u8],
    /// What it is to be; `None` removes it. At most [`Limits::state_value`](crate::Limits::state_value) bytes.
    pub value: Option<&'a [u8]>,
    /// How much the change matters: whether it is passed on at once, told in rounds, or with what room the others leave.
    pub class: Class,
    /// Whether it outlives this node.
    pub durable: bool,
    /// For how long it holds; for as long as nobody changes it without. In milliseconds, at least one. Nothing is left of it then: what a
    /// former life of this node had durably written under the key stands again if a member that was cut off all the while still holds it.
    pub ttl: Option<Span>,
}

/// Whether a key is one that an embedder may write.
pub(super) fn check_key(key: &[u8]) -> Result<(), Refusal> {
    let (got, max) = (key.len(), KEY_MAX);
    match key.first() {
        None => Err(Refusal::KeyLength { got, max }),
        Some(0) => Err(Refusal::ReservedKey),
        Some(_) if got > max => Err(Refusal::KeyLength { got, max }),
        Some(_) => Ok(()),
    }
}

impl Node {
    pub(in super::super) fn on_write(&mut self, now: Instant, write: &Write<'_>) -> Result<(), Refusal> {
        check_key(write.key)?;
        let nature =
            Nature { class: write.class, durable: write.durable, shared: false, removed: write.value.is_none() };
        self.write_own(now, write.key, write.value.unwrap_or(&[]), nature, write.ttl)
    }

    pub(in super::super) fn on_watch(&mut self, prefix: &[u8]) -> Result<(), Refusal> {
        let (got, max) = (prefix.len(), KEY_MAX);
        if got > max {
            return Err(Refusal::KeyLength { got, max });
        }
        let max = self.params.limits.watches;
        if self.states.watches.add(prefix) { Ok(()) } else { Err(Refusal::TooManyWatches { max }) }
    }

    /// The most bytes that key and value may have together, so that any member can send them on.
    fn entry_room(&self) -> usize {
        const FIXED: usize = OVERHEAD_INTRO
            + SECTION_HEADER
            + size_of::<RawStateSpan>()
            + SECTION_HEADER
            + size_of::<RawStatePage>()
            + STATE_ENTRY_MAX;
        Store::longest(&self.params.limits).min(self.params.max_datagram - FIXED)
    }

    /// Gives a key of this node's own map its next version: allocating the number and storing the entry are one step (R8).
    pub(super) fn write_own(
        &mut self,
        now: Instant,
        key: &[u8],
        value: &[u8],
        nature: Nature,
        ttl: Option<Span>,
    ) -> Result<(), Refusal> {
        match self.phase {
            Phase::Joined => {}
            Phase::Idle | Phase::Joining => return Err(Refusal::NotJoined),
            Phase::Leaving | Phase::Left => return Err(Refusal::NotRunning),
        }
        let (got, max) = (value.len(), self.params.limits.state_value as usize);
        let max = max.min(self.entry_room() - key.len());
        if got > max {
            return Err(Refusal::ValueTooLong { got, max });
        }
        let log = self.own_log(now)?;
        let version = self.states.store.log(log).complete + 1;
        if version > RawSequence::MAX {
            return Err(Refusal::NotRunning);
        }
        let life = self.states.store.log(log).life;
        let ttl_ms = ttl.map_or(0, |ttl| u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX).max(1));
        let mut draft = Draft { version, check: 0, nature, ttl_ms, key, value };
        // What it takes the place of makes room for it. A removal lasts as long as what it removes would have.
        let replaced = self.replaced_by(log, &draft).unwrap_or_default();
        let lasting = replaced.iter().any(|slot| !self.states.store.get(*slot).is_ephemeral());
        draft.nature.durable |= nature.removed && lasting;
        draft.check = draft.hash(self.me.id, life);
        if nature.removed && replaced.iter().all(|slot| self.states.store.get(*slot).is_removed()) {
            return Err(Refusal::NoSuchKey);
        }
        self.room_for(&draft, &replaced).map_err(|full| self.full(full))?;
        let born = Born::ago(now, Span::ZERO);
        let slot = self.put_entry(now, log, &draft, born, replaced).map_err(|full| self.full(full))?;
        self.states.store.log_mut(log).complete = version;
        self.counters.state_written += 1;
        self.take_in(now, slot, None);
        self.arm_state_round(now, true);
        Ok(())
    }

    fn full(&self, full: Full) -> Refusal {
        let limits = &self.params.limits;
        match full {
            Full::Entries => Refusal::StateFull { what: "limits.state_keys", max: limits.state_keys },
            Full::Bytes => Refusal::StateFull { what: "limits.state_bytes", max: limits.state_bytes },
        }
    }

    /// The log of this node's present life.
    pub(super) fn own_log(&mut self, now: Instant) -> Result<u32, Refusal> {
        let life = self.table.get(ME).incarnation.life();
        let max = self.params.limits.state_owners;
        let log = self.log_of(now, self.me.id, life);
        let log = log.ok_or(Refusal::StateFull { what: "limits.state_owners", max })?;
        // What others say that this life has written takes its versions: no version is given twice.
        let last = self.states.store.last_up_to(log, u64::MAX).map_or(0, |slot| self.states.store.get(slot).version());
        let record = self.states.store.log_mut(log);
        record.complete = record.complete.max(last);
        Ok(log)
    }

    /// This node has begun another life while it runs: what it has written, it writes anew in this one.
    pub(in super::super) fn renew_own_state(&mut self, now: Instant, former: u32) {
        let Some(old) = self.states.store.find_log(self.me.id, former) else { return };
        let mut next = self.states.store.first_behind(old, 0);
        while let Some(slot) = next {
            next = self.states.store.after(slot);
            if self.states.store.get(slot).is_shared() {
                // It stands as what this writer has contributed in a former life.
                continue;
            }
            let entry: Entry = *self.states.store.get(slot);
            let (key, value) = self.states.store.text(slot);
            let (key_len, len) = (key.len(), key.len() + value.len());
            let mut scratch = core::mem::take(&mut self.states.scratch);
            scratch[..key_len].copy_from_slice(key);
            scratch[key_len..len].copy_from_slice(value);
            let age_ms = entry.born.age(now).as_millis();
            let ttl = self.states.store.ttl(slot).map(|ttl| ttl.saturating_sub(Span::millis(age_ms)));
            let (key, value) = scratch[..len].split_at(key_len);
            let again = self.write_own(now, key, value, entry.nature(), ttl);
            self.states.scratch = scratch;
            if again.is_err() {
                // A removal of what is removed, or no place for one more log: the old entry goes.
                self.counters.state_refused += u64::from(!entry.is_removed());
                self.drop_entry(now, slot);
            }
        }
    }
}
