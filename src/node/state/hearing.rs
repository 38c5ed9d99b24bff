//! Somebody tells what an owner has written.

use arrayvec::ArrayVec;

use super::super::Node;
use super::super::receive::Sender;
use super::Fresh;
use crate::membership::ME;
use crate::rumor::Class;
use crate::state::{Born, Contribution, Draft, Full, SEEN_MAX, Stage, Stamp, TOLD_MAX};
use crate::time::{Instant, Span};
use crate::wire::{Checks, Section, Sections, StateEntry, StateHead, StatePage, StateWant, WholePage};

/// How often what was found by repair is told on: half of a cluster may lack it, or hardly anybody.
const REPAIRED_SENDS: u32 = 2;

/// Entries that one takes the place of.
pub(super) type Replaced = ArrayVec<u32, { SEEN_MAX + 1 }>;

/// Versions of entries of a page.
type Twins = ArrayVec<u64, { u8::MAX as usize }>;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    New,
    /// Held already, superseded, removed or over.
    Old,
    NoRoom,
}

impl Node {
    /// Loads what the pages of a datagram will ask for.
    pub(in super::super) fn load_for_pages(&self, sections: Sections<'_>) {
        let store = &self.states.store;
        let pages = sections.filter_map(Section::state_page);
        let logs = store.load_logs(pages.clone().map(|page| page.head().owner));
        if logs.is_empty() {
            return;
        }
        store.load_ends(&logs);
        for page in pages {
            page.drafts().for_each(|draft| store.load_key(page.head().owner, &draft));
        }
    }

    /// Takes a page, if it begins where what is held ends (R10).
    pub(in super::super) fn on_state_page(&mut self, now: Instant, sender: Sender, page: &StatePage<'_>) {
        let head = page.head();
        if !self.is_in() && !self.walks_state_with(sender) {
            return;
        }
        // Filled where they lie, as twins are: they are longer than most pages.
        let mut checks = Checks::new();
        let Some(page) = &page.whole(&mut checks) else {
            self.counters.state_corrupt += 1;
            return;
        };
        if self.is_own_life(&head) {
            self.hear_of_own_life(now, sender, page);
            return;
        }
        self.comparison_goes_on(now, sender.slot);
        let Some(log) = self.log_of(now, head.owner, head.life) else {
            self.counters.state_refused += 1;
            return;
        };
        let record = self.states.store.log(log);
        // Who has let go of what was ephemeral cannot tell that from what was removed.
        let floor = if head.partial { 0 } else { head.floor };
        let (needed, complete, valid) = (record.needed(floor), record.complete, record.valid);
        if head.base > needed {
            self.counters.state_gaps += 1;
            if self.walks_state_with(sender) {
                self.walk_again(&head, needed);
                return;
            }
            self.want_state(sender, StateWant { owner: head.owner, life: head.life, after: needed });
            return;
        }
        let root = self.states.root();
        let mut twins = Twins::new();
        self.drop_what_is_gone(now, log, page, &mut twins);
        let more = head.upto > complete;
        if more && head.partial {
            // What the sender has let go of, this node cannot have from it: its owner is up, or gives it if it ever is.
            if valid {
                return;
            }
            self.states.store.log_mut(log).skipped = true;
        }
        if more || !twins.is_empty() {
            self.take_page(now, sender, log, page, &twins);
        } else {
            self.counters.state_known += 1;
        }
        let log = self.states.store.log_mut(log);
        log.floor = log.floor.max(floor.min(head.upto).min(log.complete));
        self.note_root(now, root);
    }

    /// This node alone writes of its own life.
    fn is_own_life(&self, head: &StateHead) -> bool {
        head.owner == self.me.id && self.is_in() && head.life >= self.table.get(ME).incarnation.life()
    }

    /// This node alone writes of its present life: who holds something else of it has it from another process of this name, in a life
    /// that nobody who let this one in remembered. It goes above that (R1, R9), and writes anew what it has written. Otherwise it can
    /// only be what memory has lost here (R20).
    fn hear_of_own_life(&mut self, now: Instant, sender: Sender, page: &WholePage<'_>) {
        let head = page.head();
        if head.life > self.table.get(ME).incarnation.life() {
            // If that process is up this node hears of it as a member; if not, it has asked for this because of a listing.
            if self.states.pace.take_namesake(sender.slot) {
                self.outlive(now, head.life);
            }
            return;
        }
        let own = self.states.store.find_log(head.owner, head.life);
        let complete = own.map_or(0, |log| self.states.store.log(log).complete);
        let other = |entry: StateEntry<'_>| {
            let held = own.and_then(|log| self.states.store.at_version(log, entry.draft.version));
            held.is_some_and(|slot| self.states.store.get(slot).check != entry.draft.check)
        };
        if head.upto > complete || page.entries().any(other) {
            self.outlive(now, head.life);
        } else if let Some(log) = own.filter(|log| self.states.store.log(*log).lost) {
            let way = self.way_from(sender);
            for entry in page.entries() {
                let _taken_or_held = self.take_entry(now, sender, log, &entry, way);
            }
            self.states.store.log_mut(log).lost = head.upto < complete;
        }
    }

    /// How long a datagram of the sender's was under way.
    fn way_from(&self, sender: Sender) -> Span {
        sender.slot.and_then(|slot| self.table.contact(slot).rtt.smoothed()).unwrap_or(Span::ZERO) / 2
    }

    /// What is held and not in the page was superseded, is over or was removed: its sender is complete up to where it ends (R13, R14).
    /// Says for which versions another entry is held that gives way: two processes of one name have given one version twice.
    fn drop_what_is_gone(&mut self, now: Instant, log: u32, page: &WholePage<'_>, twins: &mut Twins) {
        let head = page.head();
        let mut said = page.entries().map(|entry| entry.draft).peekable();
        let mut next = self.states.store.first_behind(log, head.base);
        while let Some(slot) = next {
            next = self.states.store.after(slot);
            let entry = *self.states.store.get(slot);
            let at = entry.version();
            if at > head.upto {
                break;
            }
            while said.next_if(|draft| draft.version < at).is_some() {}
            match said.peek() {
                Some(draft) if draft.version == at => {
                    // A page has no more entries than there are places.
                    (entry.check < draft.check).then(|| twins.push(at));
                    continue;
                }
                Some(_) | None if head.lost || entry.is_ephemeral() && head.partial => continue,
                // It is not gone: what takes its place is in the page.
                Some(_) | None if self.is_replaced_by(slot, log, page) => continue,
                Some(_) | None => {}
            }
            self.emit_changed(slot, true);
            self.drop_entry(now, slot);
        }
    }

    /// Whether a page has a later write of the same key, which will be taken.
    fn is_replaced_by(&self, slot: u32, log: u32, page: &WholePage<'_>) -> bool {
        let store = &self.states.store;
        let (held, shared, complete) = (store.text(slot).0, store.get(slot).is_shared(), store.log(log).complete);
        page.entries()
            .map(|entry| entry.draft)
            .any(|draft| draft.version > complete && draft.key == held && draft.nature.shared == shared)
    }

    fn take_page(&mut self, now: Instant, sender: Sender, log: u32, page: &WholePage<'_>, twins: &Twins) {
        let head = page.head();
        let way = self.way_from(sender);
        let mut news = false;
        for entry in page.entries() {
            let complete = self.states.store.log(log).complete;
            if entry.draft.version <= complete && !twins.contains(&entry.draft.version) {
                continue;
            }
            match self.take_entry(now, sender, log, &entry, way) {
                Taken::New => news = true,
                Taken::Old => {}
                Taken::NoRoom => {
                    // What is complete stays so; the rest is asked for again, more and more rarely.
                    self.counters.state_refused += 1;
                    return;
                }
            }
            self.states.store.log_mut(log).complete = complete.max(entry.draft.version);
        }
        let record = self.states.store.log_mut(log);
        record.complete = record.complete.max(head.upto);
        if news {
            self.states.store.log_mut(log).told_by = sender.slot.map_or(0, |slot| slot + 1);
            self.states.pace.learned();
            self.comparison_teaches(sender.slot);
            self.arm_state_round(now, false);
        } else {
            self.counters.state_known += 1;
        }
    }

    fn take_entry(&mut self, now: Instant, sender: Sender, log: u32, entry: &StateEntry<'_>, way: Span) -> Taken {
        let draft = &entry.draft;
        let settle = self.settle_time();
        let age = entry.age_ms.map_or(settle, |ms| Span::millis(u64::from(ms)) + way);
        if self.is_over(draft, age) {
            return Taken::Old;
        }
        let born = Born::ago(now, age);
        let namesake = self.states.store.at_version(log, draft.version);
        if namesake.is_some_and(|slot| self.states.store.get(slot).check >= draft.check) {
            return Taken::Old;
        }
        if let Some(slot) = namesake {
            // Two that bear one name have written, or somebody lies: all keep the same one of the two.
            self.emit_changed(slot, true);
            self.drop_entry(now, slot);
        }
        let Some(replaced) = self.replaced_by(log, draft) else { return Taken::Old };
        if replaced.is_empty() && namesake.is_none() && draft.version <= self.states.store.log(log).floor {
            return Taken::Old;
        }
        if draft.value.len() > self.params.limits.state_value as usize || self.room_for(draft, &replaced).is_err() {
            return Taken::NoRoom;
        }
        let Ok(slot) = self.put_entry(now, log, draft, born, replaced) else { return Taken::NoRoom };
        self.counters.state_new += 1;
        self.take_in(now, slot, Some(sender));
        Taken::New
    }

    /// The entries that an entry of a log takes the place of; `None` where it is held or superseded itself. A key that its owner
    /// alone writes has one entry, of the latest life; a contribution to a shared one takes the place of those of former lives that
    /// it has seen.
    pub(super) fn replaced_by(&self, log: u32, draft: &Draft<'_>) -> Option<Replaced> {
        let store = &self.states.store;
        let record = store.log(log);
        let (owner, life) = (record.owner, record.life);
        let mut replaced = Replaced::new();
        if !draft.nature.shared {
            if let Some(slot) = store.find(owner, draft.key) {
                let other = store.get(slot);
                let newer = (life, draft.version) > (store.log(other.log()).life, other.version());
                newer.then(|| replaced.push(slot))?;
            }
            return Some(replaced);
        }
        let new = Contribution::read(draft.value);
        let stamp = Stamp { owner, life, version: draft.version };
        for slot in store.contributions(draft.key) {
            let other = self.stamp_of(slot);
            if other.owner != owner {
                continue;
            }
            let held = Contribution::read(store.text(slot).1);
            let superseded = other.covers(&stamp) || other.life > life && held.is_some_and(|held| held.covers(&stamp));
            if superseded {
                return None;
            }
            let replaces = other.life == life || other.life < life && new.is_some_and(|new| new.covers(&other));
            // Of more lives than it can say to have seen the rest stays.
            if replaces && replaced.try_push(slot).is_err() {
                break;
            }
        }
        Some(replaced)
    }

    /// Whether there is room for an entry in the place of others.
    pub(super) fn room_for(&self, draft: &Draft<'_>, replaced: &Replaced) -> Result<(), Full> {
        let freed = replaced.iter().map(|slot| self.states.store.text_len(*slot)).sum();
        self.states.store.room_beside(replaced.len() as u32, freed, draft.text_len())
    }

    /// Which write an entry is.
    pub(super) fn stamp_of(&self, slot: u32) -> Stamp {
        let entry = self.states.store.get(slot);
        let log = self.states.store.log(entry.log());
        Stamp { owner: log.owner, life: log.life, version: entry.version() }
    }

    /// Whether an entry of this age says nothing any more.
    fn is_over(&self, draft: &Draft<'_>, age: Span) -> bool {
        draft.ttl_ms > 0 && age >= Span::millis(u64::from(draft.ttl_ms))
            || draft.nature.removed && age >= self.params.tombstone_retention
    }

    /// An entry is held that was not: it is counted once it has settled, told on, and the embedder hears of it.
    pub(super) fn take_in(&mut self, now: Instant, slot: u32, from: Option<Sender>) {
        let settle = self.settle_time();
        let entry = *self.states.store.get(slot);
        let class = entry.nature().class;
        let sends = self.state_sends();
        let old = entry.born.age(now) >= settle;
        let told = match from {
            Some(_) if !self.is_in() => u32::from(TOLD_MAX),
            Some(_) if old => sends.saturating_sub(REPAIRED_SENDS),
            Some(_) | None => 0,
        };
        self.states.store.get_mut(slot).told = told.min(u32::from(TOLD_MAX)) as u8;
        if told < sends {
            self.states.store.heat(slot);
            let waits =
                self.states.telling.place(entry.log()).map_or(class as usize, |(other, _)| other.min(class as usize));
            self.states.telling.put(entry.log(), waits, 0);
            if class == Class::Urgent && !old {
                let from = from.and_then(|sender| sender.slot);
                let several = self.states.fresh.is_some_and(|fresh| fresh.from != from);
                self.states.fresh = Some(Fresh { from: if several { None } else { from } });
            }
        }
        let root = self.states.root();
        self.age(now, slot);
        self.note_root(now, root);
        if from.is_none() || self.states.store.log(entry.log()).valid || !entry.is_ephemeral() {
            self.emit_changed(slot, entry.is_removed());
        }
        if entry.is_shared() {
            self.tell_of_conflict(slot);
        }
        if from.is_some() {
            self.obey_reset(now, slot);
        }
    }

    /// Stores an entry of a log in the place of others of its key.
    pub(super) fn put_entry(
        &mut self,
        now: Instant,
        log: u32,
        draft: &Draft<'_>,
        born: Born,
        mut replaced: Replaced,
    ) -> Result<u32, Full> {
        let Some(last) = replaced.pop() else { return self.states.store.insert(log, draft, born) };
        for slot in replaced {
            let was = self.states.store.get(slot).write();
            self.states.store.supersede(slot);
            self.note_superseded(now, slot, was, (log, born));
        }
        let was = self.states.store.get(last).write();
        let slot = self.states.store.replace(last, log, draft, born)?;
        self.note_superseded(now, last, was, (log, born));
        Ok(slot)
    }

    /// An entry has given way to another, one of a log, that was written at a time: what remains of it counts until that does.
    fn note_superseded(&mut self, now: Instant, slot: u32, (log, version): (u32, u64), (by, written): (u32, Born)) {
        self.states.due.cancel(slot);
        if self.states.store.get(slot).stage() == Stage::Ghost {
            let until = written.at_age(self.settle_time());
            if until <= now {
                let root = self.states.root();
                self.states.store.lay(slot);
                self.note_root(now, root);
            } else {
                self.states.due.set(now, slot, until);
                self.arm_ageing();
            }
        }
        // Within one life the later version says that this one is gone; of a former life nothing would.
        if log != by {
            let record = self.states.store.log_mut(log);
            record.floor = record.floor.max(version);
        }
    }

    /// Takes an entry out, and out of the fingerprint at once.
    pub(super) fn drop_entry(&mut self, now: Instant, slot: u32) {
        let root = self.states.root();
        self.states.due.cancel(slot);
        self.states.store.remove(slot);
        self.note_root(now, root);
    }
}
