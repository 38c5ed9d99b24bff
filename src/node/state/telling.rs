//! What is new is told: at once where it is urgent, and in rounds.

use super::super::Node;
use super::super::outbox::What;
use super::super::tick::Timer;
use super::Fresh;
use crate::config::Sends;
use crate::rumor::Class;
use crate::state::{Log, Stage, TOLD_MAX};
use crate::time::{Instant, Span};
use crate::wire::{Kind, RawStatePage, SECTION_HEADER, STATE_ENTRY_MAX, StateEntry, StateHead, Writer};

/// The count of a section is a byte, and the head counts.
const ENTRIES_MAX: usize = u8::MAX as usize - 1;

impl Node {
    /// How often rounds tell an entry: as often as it takes to leave nobody out. A rumor that somebody has missed shows at once in digests;
    /// what differs in the state shows once it has settled, a second or two later.
    pub(super) fn state_sends(&mut self) -> u32 {
        let sends = match self.params.sends {
            Sends::Derived => self.among().sends,
            Sends::Times(n) => n,
            // More often than is counted.
            Sends::Endless => return u32::from(TOLD_MAX),
        };
        sends.min(crate::bounded::TELLINGS_MAX)
    }

    /// Something is to be told in rounds: where none is due the first one comes at once if it is this node's own, and else within half an
    /// interval, at another moment at each node: so pushing alone is as fast as if all asked each other as well.
    pub(super) fn arm_state_round(&mut self, now: Instant, own: bool) {
        if self.params.gossip_phase.is_none() && !self.is_armed(Timer::Gossip) {
            let within = (self.params.gossip_interval / 2).as_micros() as u32;
            let wait = if own { 0 } else { self.rng.below(within.max(1)) };
            self.arm(Timer::Gossip, now + Span::micros(u64::from(wait)));
        }
        self.arm_round(now);
    }

    /// Whether rounds have changes to tell.
    pub(in super::super) fn has_state_to_tell(&self) -> bool {
        self.tells_state_unasked() && !self.states.is_told()
    }

    /// Whether something waits that the datagrams of this row have not told yet.
    pub(in super::super) fn has_more_state(&self) -> bool {
        self.tells_state_unasked()
            && Class::ALL.iter().any(|class| self.states.telling.least_told(*class as usize).is_some())
    }

    /// Begins a datagram, or several in a row to one peer.
    pub(in super::super) fn begin_state_row(&mut self) {
        self.states.telling.begin_row();
        self.states.row = self.states.row.wrapping_add(1);
    }

    /// About how many bytes all that waits for rounds takes: what has not settled, and a page's head for each log.
    pub(in super::super) fn state_bytes_to_tell(&self) -> usize {
        if !self.has_state_to_tell() {
            return 0;
        }
        let store = &self.states.store;
        let text = store.bytes_used().div_ceil(store.len().max(1) as usize);
        let waiting: u32 = Class::ALL.iter().map(|class| self.states.telling.waiting(*class as usize)).sum();
        let heads = waiting as usize * (SECTION_HEADER + size_of::<RawStatePage>());
        heads + store.settling().max(waiting) as usize * (STATE_ENTRY_MAX + text)
    }

    /// Adds what rounds tell, until less than `enough` bytes remain.
    pub(in super::super) fn fill_state(&mut self, now: Instant, writer: &mut Writer<'_>, receiver: u32, enough: usize) {
        for class in Class::ALL {
            if !self.tell_state(now, writer, receiver, *class, enough) {
                return;
            }
        }
    }

    /// Tells what is new of one class, those logs first that were told least; `false` when the datagram is full.
    fn tell_state(
        &mut self,
        now: Instant,
        writer: &mut Writer<'_>,
        receiver: u32,
        class: Class,
        enough: usize,
    ) -> bool {
        let (sends, place, receiver) = (self.state_sends(), receiver, self.table.get(receiver).id);
        while writer.remaining() > enough {
            let Some((log, times)) = self.states.telling.least_told(class as usize) else { return true };
            self.states.store.cool(log, |entry| u32::from(entry.told) >= sends);
            let first = self.states.store.hot(log).next();
            let Some(first) = first else {
                self.states.telling.remove(log);
                continue;
            };
            let record = *self.states.store.log(log);
            if self.states.store.get(first).version() > record.complete {
                // What is in front of it is missing here: whoever has all of it tells it (R8).
                self.states.telling.remove(log);
                continue;
            }
            if record.owner == receiver && record.valid || record.told_by == place + 1 {
                // It is its own, or what it has told itself: it has this as well as if it were told.
                let before = self.states.store.version_before(first);
                self.note_state_told(log, before, record.complete);
                self.states.telling.add_to_row(log);
                self.states.telling.put(log, class as usize, (times + 1).min(crate::bounded::TELLINGS_MAX));
                continue;
            }
            let goes_on = record.row == self.states.row;
            let base = if goes_on { record.row_upto } else { self.states.store.version_before(first) };
            let Some(upto) = self.write_state_page(now, writer, log, base) else { return false };
            if upto < record.complete {
                // The next datagram of the row goes on from there.
                let record = self.states.store.log_mut(log);
                (record.row, record.row_upto) = (self.states.row, upto);
            } else {
                self.states.telling.add_to_row(log);
            }
            self.counters.state_told += self.note_state_told(log, base, upto);
            self.states.telling.put(log, class as usize, (times + 1).min(crate::bounded::TELLINGS_MAX));
        }
        false
    }

    /// Counts one more telling of each entry between two versions; says how many they are.
    fn note_state_told(&mut self, log: u32, base: u64, upto: u64) -> u64 {
        let mut entries = 0;
        let mut next = self.states.store.first_behind(log, base);
        while let Some(slot) = next {
            next = self.states.store.after(slot);
            let entry = self.states.store.get_mut(slot);
            if entry.version() > upto {
                break;
            }
            entry.told = entry.told.saturating_add(1).min(TOLD_MAX - 1);
            entries += 1;
        }
        entries
    }

    /// Writes all that is held of a log behind a version, as far as there is room, and says up to which version that is; `None`
    /// when not even one entry fits. Each is looked at once more whether it is what its origin wrote (R20).
    pub(super) fn write_state_page(
        &mut self,
        now: Instant,
        writer: &mut Writer<'_>,
        log: u32,
        base: u64,
    ) -> Option<u64> {
        let head = size_of::<RawStatePage>() + SECTION_HEADER;
        let (upto, corrupt) = self.reach(now, log, base, writer.remaining().checked_sub(head)?);
        corrupt.into_iter().for_each(|slot| self.drop_corrupt(now, slot));
        let record = self.states.store.log(log);
        let &Log { owner, life, skipped: partial, lost, .. } = record;
        let floor = record.floor.min(record.complete);
        if upto <= base || !(StateHead { owner, life, base, upto, floor, partial, lost }).write(writer) {
            return None;
        }
        self.counters.sent_one(Kind::StatePage);
        let mut before = base;
        for slot in self.states.store.behind(log, base) {
            let entry = self.entry_to_tell(now, slot);
            if entry.draft.version > upto {
                break;
            }
            let written = entry.write(before, writer);
            debug_assert!(written, "room was counted");
            before = entry.draft.version;
        }
        Some(upto)
    }

    /// Up to which version the entries of a log fit `room` bytes; and one that is not whole any more, where there is one. Not
    /// beyond what is complete here: of that a page could not say that it holds all (R13).
    pub(super) fn reach(&self, now: Instant, log: u32, base: u64, room: usize) -> (u64, Option<u32>) {
        let (mut left, mut before) = (room, base);
        let (store, &Log { owner, life, complete, .. }) = (&self.states.store, self.states.store.log(log));
        let (in_front, mut next) = store.around(log, base);
        // Its version decides where the page begins: it would hide what stands in front of it.
        let in_front = in_front.filter(|slot| !store.draft(*slot).is_whole(owner, life));
        if in_front.is_some() {
            return (base, in_front);
        }
        for nth in 0.. {
            let Some(slot) = next else { break };
            let entry = self.entry_to_tell(now, slot);
            if !entry.draft.is_whole(owner, life) {
                return (before, Some(slot));
            }
            if entry.draft.version > complete {
                break;
            }
            let Some(rest) = left.checked_sub(entry.wire_len(before)).filter(|_| nth < ENTRIES_MAX) else {
                return (before, None);
            };
            (left, before, next) = (rest, entry.draft.version, store.after(slot));
        }
        (complete, None)
    }

    pub(super) fn entry_to_tell(&self, now: Instant, slot: u32) -> StateEntry<'_> {
        let entry = self.states.store.get(slot);
        let lasting = entry.stage() == Stage::Settled && !entry.is_timed() && !entry.is_removed();
        let age_ms = (!lasting).then(|| u32::try_from(entry.born.age(now).as_millis()).unwrap_or(u32::MAX));
        StateEntry { draft: self.states.store.draft(slot), age_ms }
    }

    /// Passes urgent changes on at once: to those whom this node tells at once, not back to where they came from, within the
    /// budget. What the budget holds back goes with the next round.
    pub(in super::super) fn pass_on_fresh_state(&mut self, now: Instant) {
        let Some(Fresh { from }) = self.states.fresh.take() else { return };
        if !self.is_in() || !self.tells_state_unasked() {
            return;
        }
        for slot in self.told_at_once() {
            if Some(slot) == from {
                continue;
            }
            if self.budgets.eager.spend(now, 1) {
                self.counters.state_pushed += 1;
                self.push_to(slot, What::State);
            } else {
                self.counters.eager_held += 1;
            }
        }
    }

    /// Writes urgent changes and nothing else.
    pub(in super::super) fn write_urgent_state(&mut self, now: Instant, receiver: u32, writer: &mut Writer<'_>) {
        self.tell_state(now, writer, receiver, Class::Urgent, 0);
    }
}
