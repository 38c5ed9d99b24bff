//! Owners come and go, and their ephemeral entries with them.

use super::super::Node;
use crate::id::{Incarnation, NodeId};
use crate::membership::ME;
use crate::time::Instant;

impl Node {
    /// The log of an owner's life; a new one where there is none, in the place of one that holds nothing where there is no room.
    pub(super) fn log_of(&mut self, now: Instant, owner: NodeId, life: u32) -> Option<u32> {
        if let Some(log) = self.states.store.find_log(owner, life) {
            return Some(log);
        }
        let log = match self.states.store.add_log(owner, life, now) {
            Some(log) => log,
            None => {
                self.release_an_empty_log()?;
                self.states.store.add_log(owner, life, now)?
            }
        };
        let valid = self.is_up_in(owner, life);
        self.states.store.set_valid(log, valid);
        Some(log)
    }

    fn is_up_in(&self, owner: NodeId, life: u32) -> bool {
        let slot = if owner == self.me.id { Some(ME) } else { self.table.find(owner) };
        slot.is_some_and(|slot| {
            let member = self.table.get(slot);
            (slot == ME || member.state.is_up()) && member.incarnation.life() == life
        })
    }

    /// The last life in which this node's name has written something that is held here.
    pub(in super::super) fn last_written_life(&self) -> Incarnation {
        let logs = self.states.store.logs_in(self.me.id, self.me.id);
        Incarnation::new(logs.map(|log| self.states.store.log(log).life).max().unwrap_or(0), 0)
    }

    /// A log of which nothing is held, of an owner that is gone.
    fn release_an_empty_log(&mut self) -> Option<()> {
        let mut at = 0;
        while let Some(log) = self.states.store.log_from(at) {
            let record = self.states.store.log(log);
            if record.is_empty() && record.ghosts == 0 && !record.valid {
                self.states.telling.remove(log);
                self.states.store.release_log(log);
                return Some(());
            }
            at = log + 1;
        }
        None
    }

    /// A member is up, perhaps in another life than before.
    pub(in super::super) fn owner_came(&mut self, slot: u32) {
        if self.states.store.log_count() == 0 {
            return;
        }
        let member = self.table.get(slot);
        let (id, life) = (member.id, member.incarnation.life());
        let mut behind = None;
        while let Some(log) = self.next_log_of(id, behind) {
            behind = Some(log);
            let other = self.states.store.log(log).life;
            self.states.store.set_valid(log, other == life);
            let record = self.states.store.log_mut(log);
            if other == life && core::mem::take(&mut record.skipped) {
                // It lives after all, and knows best.
                record.begin_anew();
            } else if other < life {
                record.end_anew();
                self.let_go(log);
            }
        }
    }

    /// A member is up no more: its ephemeral entries do not count, and are kept for the case that it was only held dead.
    pub(in super::super) fn owner_went(&mut self, now: Instant, slot: u32) {
        if self.states.store.log_count() == 0 {
            return;
        }
        let id = self.table.get(slot).id;
        let root = self.states.root();
        let mut behind = None;
        while let Some(log) = self.next_log_of(id, behind) {
            behind = Some(log);
            self.states.store.set_valid(log, false);
            let record = self.states.store.log_mut(log);
            record.void_since = now;
            record.end_anew();
        }
        self.note_root(now, root);
    }

    /// A member is forgotten: of what it has written only what is durable remains.
    pub(in super::super) fn owner_forgotten(&mut self, now: Instant, slot: u32) {
        if self.states.store.log_count() == 0 {
            return;
        }
        let id = self.table.get(slot).id;
        let mut behind = None;
        while let Some(log) = self.next_log_of(id, behind) {
            behind = Some(log);
            self.states.store.set_valid(log, false);
            self.states.store.log_mut(log).void_since = now;
            self.let_go(log);
        }
    }

    /// The log of an owner with the lowest place above one.
    fn next_log_of(&self, id: NodeId, behind: Option<u32>) -> Option<u32> {
        self.states.store.logs_in(id, id).filter(|log| behind.is_none_or(|behind| *log > behind)).min()
    }

    /// Lets the ephemeral entries of a log go. What one of them took the place of may be held elsewhere still, and be durable: it
    /// is gone as well, which follows from its absence.
    pub(super) fn let_go(&mut self, log: u32) {
        let mut next = self.states.store.first_behind(log, 0);
        while let Some(slot) = next {
            next = self.states.store.after(slot);
            if self.states.store.get(slot).is_ephemeral() {
                // It does not count: the fingerprint stays as it is.
                self.states.due.cancel(slot);
                self.states.store.remove(slot);
                self.states.store.log_mut(log).skipped = true;
            }
        }
    }
}
