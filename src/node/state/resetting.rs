//! Begin anew: everybody forgets what it holds of others, and every owner tells what it has written (R22).
//!
//! The word goes as an urgent entry under a key that nobody else can write; whoever takes it in while it is young does as it says. What
//! was durable of owners that are gone is gone with it: this rebuilds from owners.

use super::super::Node;
use super::super::tick::Timer;
use crate::error::Refusal;
use crate::membership::ME;
use crate::rumor::Class;
use crate::state::{Nature, Stage};
use crate::time::{Instant, Span};

/// The key under which the word travels: one that begins with a byte which keys of embedders may not begin with.
pub(super) const RESET_KEY: &[u8] = b"\0reset";
/// For how long the word goes round: whoever hears of it later has joined meanwhile, or was away and is repaired.
const RESET_TTL: Span = Span::secs(30);

impl Node {
    pub(in super::super) fn on_reset_command(&mut self, now: Instant) -> Result<(), Refusal> {
        let nature = Nature { class: Class::Urgent, durable: false, shared: false, removed: false };
        let nonce = self.rng.next_u64().to_le_bytes();
        self.write_own(now, RESET_KEY, &nonce, nature, Some(RESET_TTL))?;
        self.begin_anew(now, None);
        // After the others have forgotten what came with the word.
        let told = self.settle_time();
        self.arm(Timer::StateRetell, now + told);
        Ok(())
    }

    /// An entry has come: is it the word?
    pub(super) fn obey_reset(&mut self, now: Instant, slot: u32) {
        let store = &self.states.store;
        let young = store.get(slot).born.age(now) < RESET_TTL && !store.get(slot).is_removed();
        if young && store.text(slot).0 == RESET_KEY && self.is_in() {
            let said_by = store.get(slot).log();
            self.begin_anew(now, Some(said_by));
        }
    }

    /// Forgets what others have written, but for now the log of whoever says so: its word has to go on from here.
    fn begin_anew(&mut self, now: Instant, said_by: Option<u32>) {
        self.counters.state_resets += 1;
        let root = self.states.root();
        let mut at = 0;
        while let Some(log) = self.states.store.log_from(at) {
            at = log + 1;
            if !self.is_own_log(log) && Some(log) != said_by {
                self.forget_log(log);
            }
        }
        self.note_root(now, root);
        // Not before the word is everywhere: who hears of it later would forget what it has just been told.
        let told = self.settle_time() / 2;
        self.arm(Timer::StateRetell, now + told);
    }

    pub(in super::super) fn on_state_retell_timer(&mut self, now: Instant) {
        let root = self.states.root();
        let mut at = 0;
        while let Some(slot) = self.states.store.held_from(at) {
            at = slot + 1;
            let log = self.states.store.get(slot).log();
            if self.states.store.text(slot).0 == RESET_KEY && !self.is_own_log(log) {
                self.forget_log(log);
            }
        }
        self.note_root(now, root);
        let life = self.table.get(ME).incarnation.life();
        if let Some(log) = self.states.store.find_log(self.me.id, life) {
            self.tell_all_of(log);
            self.arm_round(now);
        }
    }

    fn is_own_log(&self, log: u32) -> bool {
        let record = self.states.store.log(log);
        record.owner == self.me.id && record.valid
    }

    /// Rounds tell everything of a log again.
    fn tell_all_of(&mut self, log: u32) {
        let mut next = self.states.store.first_behind(log, 0);
        while let Some(slot) = next {
            next = self.states.store.after(slot);
            self.states.store.get_mut(slot).told = 0;
            self.states.store.heat(slot);
            let class = self.states.store.get(slot).nature().class as usize;
            let waits = self.states.telling.place(log).map_or(class, |(other, _)| other.min(class));
            self.states.telling.put(log, waits, 0);
        }
    }

    /// Nothing of a log is held any more, but for the word itself.
    fn forget_log(&mut self, log: u32) {
        let mut next = self.states.store.first_behind(log, 0);
        while let Some(slot) = next {
            next = self.states.store.after(slot);
            let held = matches!(self.states.store.get(slot).stage(), Stage::Settling | Stage::Settled);
            if held && self.states.store.text(slot).0 != RESET_KEY {
                // Until its owner tells it anew it is not there, and for good where nobody does.
                if !self.states.store.get(slot).is_removed() {
                    self.emit_changed(slot, true);
                }
                self.states.due.cancel(slot);
                self.states.store.remove(slot);
            }
        }
        let record = self.states.store.log_mut(log);
        (record.complete, record.floor, record.skipped) = (0, 0, false);
    }
}
