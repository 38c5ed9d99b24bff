//! What has settled, what is over, and is it still what its origin wrote?

use super::super::Node;
use super::super::tick::Timer;
use crate::membership::ME;
use crate::state::{Entry, Stage};
use crate::time::Instant;
use crate::wire::STATE_BUCKETS;

impl Node {
    /// Lets an entry take the next step that is due, and waits for the one after it.
    pub(super) fn age(&mut self, now: Instant, slot: u32) {
        let settle = self.settle_time();
        let entry = *self.states.store.get(slot);
        let age = entry.born.age(now);
        if entry.stage() == Stage::Settling && age >= settle {
            self.states.store.settle(slot);
        }
        let next = match entry.stage() {
            Stage::Settling if age < settle => Some(entry.born.at_age(settle)),
            Stage::Settling | Stage::Settled => None,
            Stage::Free | Stage::Ghost => return,
        };
        let over = self.over_at(slot, &entry);
        match next.into_iter().chain(over).min() {
            Some(due) => self.states.due.set(now, slot, due),
            None => self.states.due.cancel(slot),
        }
        self.arm_ageing();
    }

    /// When an entry says nothing any more: its time is over, or its removal is to be forgotten.
    fn over_at(&self, slot: u32, entry: &Entry) -> Option<Instant> {
        let ttl = self.states.store.ttl(slot).map(|ttl| entry.born.at_age(ttl));
        let removal = entry.is_removed().then(|| entry.born.at_age(self.params.tombstone_retention));
        ttl.into_iter().chain(removal).min()
    }

    pub(super) fn arm_ageing(&mut self) {
        match self.states.due.first() {
            Some(due) => self.arm(Timer::StateAges, due),
            None => self.disarm(Timer::StateAges),
        }
    }

    pub(in super::super) fn on_state_ages_timer(&mut self, now: Instant) {
        let root = self.states.root();
        while let Some(slot) = self.states.due.pop_due(now) {
            let entry = *self.states.store.get(slot);
            match entry.stage() {
                Stage::Ghost => self.states.store.lay(slot),
                Stage::Settling | Stage::Settled if self.over_at(slot, &entry).is_some_and(|at| at <= now) => {
                    self.end_entry(slot, &entry);
                }
                Stage::Settling | Stage::Settled => self.age(now, slot),
                Stage::Free => {}
            }
        }
        self.note_root(now, root);
        self.arm_ageing();
    }

    /// An entry is over: everybody finds that at the same age. Of a removal a floor is left behind (R14).
    fn end_entry(&mut self, slot: u32, entry: &Entry) {
        if entry.is_removed() {
            let log = self.states.store.log_mut(entry.log());
            log.floor = log.floor.max(entry.version());
        } else {
            self.emit_changed(slot, true);
        }
        self.states.store.remove(slot);
    }

    /// Looks at the sums of one bucket and at one entry, now and then: memory fails too (R20). What is not whole any more is fetched
    /// anew.
    pub(in super::super) fn scrub_state(&mut self, now: Instant) {
        self.scrub_sums(now);
        let store = &self.states.store;
        let Some(slot) = store.held_from(self.states.scrubbed).or_else(|| store.held_from(0)) else { return };
        self.states.scrubbed = slot + 1;
        let log = store.get(slot).log();
        let record = store.log(log);
        let unknown = record.owner != self.me.id && self.table.find(record.owner).is_none();
        if !self.is_whole(slot) {
            self.drop_corrupt(now, slot);
        } else if unknown && !record.valid && now.since(record.void_since) >= self.params.down_retention {
            // Its owner is no member, and was none for as long as one that is down is remembered.
            self.let_go(log);
        } else {
            self.take_back(now, slot);
        }
    }

    fn scrub_sums(&mut self, now: Instant) {
        let bucket = self.states.scrubbed_bucket;
        self.states.scrubbed_bucket = (bucket + 1) % STATE_BUCKETS;
        let root = self.states.root();
        if self.states.store.mend_sums(bucket) {
            self.counters.state_sums_mended += 1;
            self.note_root(now, root);
        }
    }

    pub(super) fn is_whole(&self, slot: u32) -> bool {
        let log = self.states.store.log(self.states.store.get(slot).log());
        self.states.store.draft(slot).is_whole(log.owner, log.life)
    }

    /// Takes out what is not what its origin wrote; whoever holds it still gives it again. What a floor says of removals is not
    /// kept either, or the entry would be taken for one of them.
    pub(super) fn drop_corrupt(&mut self, now: Instant, slot: u32) {
        self.counters.state_corrupt += 1;
        let log = self.states.store.get(slot).log();
        let root = self.states.root();
        self.states.due.cancel(slot);
        self.states.store.remove_broken(slot);
        self.note_root(now, root);
        let life = self.table.get(ME).incarnation.life();
        let record = self.states.store.log_mut(log);
        let own = record.owner == self.me.id && record.life == life;
        if own {
            record.lost = true;
        } else {
            (record.complete, record.floor) = (0, 0);
        }
    }
}
