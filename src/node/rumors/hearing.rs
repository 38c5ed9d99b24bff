//! Somebody has something to say.

use arrayvec::ArrayVec;

use super::super::Node;
use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use crate::Event;
use crate::id::NodeId;
use crate::rumor::{Class, Draft, Marked, Origin, Window};
use crate::time::{Instant, Span};
use crate::wire::{RawRumorIds, Rumor, Rumors};

/// Gossip intervals between two rumors of a stream, at most.
const STREAM_GAP_INTERVALS: u32 = 10;
/// How far back of the first that a joining node hears of an origin it looks for what was published since it joined.
pub(super) const START_LOOKS_BACK: u64 = 64;
/// How far ahead of what is known a number may be: half a day of 100,000 rumors a second. One that is farther is corrupt.
const PLAUSIBLE_AHEAD: u64 = 1 << 32;

/// Runs of 64 rumors of one section that were known already, at most: an origin's place, the number before the first, which.
type Known = ArrayVec<(u32, u64, u64), 16>;

impl Node {
    /// Takes the rumors of a section.
    pub(in super::super) fn on_rumors(&mut self, now: Instant, sender: Sender, rumors: Rumors<'_>) {
        if !self.is_in() {
            return;
        }
        // What a member has been told is older by the way from it: half of the round trip, where that is known.
        let way = sender.slot.and_then(|slot| self.table.contact(slot).rtt.smoothed()).unwrap_or(Span::ZERO) / 2;
        let new = self.counters.rumors_new;
        let mut known = Known::new_const();
        for rumor in rumors {
            self.on_rumor(now, sender, &rumor, way, &mut known);
        }
        if self.counters.rumors_new > new {
            self.arm_round(now);
        }
        for (origin, base, which) in known {
            let what = What::RumorFeedback { origin, base, which };
            let queued = self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
            self.counters.budget_held += u64::from(!queued);
        }
    }

    fn on_rumor(&mut self, now: Instant, sender: Sender, rumor: &Rumor<'_>, way: Span, known: &mut Known) {
        let sequence = rumor.id.sequence;
        let Some(origin) = self.origin_of(now, rumor) else { return };
        let record = self.rumors.origins.get(origin);
        if sequence > record.window.highest().saturating_add(self.plausible_ahead(record)) && record.anchored {
            self.counters.rumors_implausible += 1;
            return;
        }
        let age = Span::micros(u64::from(rumor.age_us)) + way;
        if rumor.payload.len() > self.params.limits.rumor_payload as usize {
            self.counters.rumors_too_long += 1;
            return;
        }
        if age > self.params.rumor_retention {
            self.counters.rumors_too_old += 1;
            return;
        }
        if self.admit_rumor(now, origin, rumor) == Marked::Known {
            self.counters.rumors_known += 1;
            self.heard_again(origin, rumor);
            if rumor.asks && self.had_when_told(now, way, origin, rumor) {
                self.note_feedback(now, sender, origin, rumor, known);
            }
            return;
        }
        self.counters.rumors_new += 1;
        self.histograms.rumor_age[rumor.class as usize].record(age);
        self.retain_rumor(now, sender, origin, rumor, age);
    }

    /// Whether this is this node's own start.
    pub(super) fn is_own(&self, origin: NodeId, boot: u32) -> bool {
        (origin, boot) == (self.me.id, self.me.boot.tag())
    }

    /// How far beyond all that is known a number may be. Of its own rumors nobody knows more than this node.
    pub(super) fn plausible_ahead(&self, record: &Origin) -> u64 {
        if self.is_own(record.id, record.boot) { 0 } else { PLAUSIBLE_AHEAD }
    }

    /// The place of a rumor's origin, a new one where it has not been heard of.
    fn origin_of(&mut self, now: Instant, rumor: &Rumor<'_>) -> Option<u32> {
        let id = rumor.id;
        let known = self.rumors.origins.find(id.origin, id.boot);
        if known.is_some() || self.is_own(id.origin, id.boot) {
            return known;
        }
        let began = if self.rumors.starting { (id.sequence - 1).saturating_sub(START_LOOKS_BACK) } else { 0 };
        self.add_origin(now, id.origin, id.boot, Window::starting_after(began), !self.rumors.starting)
    }

    /// Notes that a rumor has come, and makes room for it if it is new: before it is noted, since what goes may give up what
    /// lies before this one.
    fn admit_rumor(&mut self, now: Instant, origin: u32, rumor: &Rumor<'_>) -> Marked {
        let window = self.rumors.origins.get(origin).window;
        if window.has(self.rumors.origins.bits(origin), rumor.id.sequence) {
            return Marked::Known;
        }
        while !self.rumors.store.has_room(rumor.payload.len()) {
            self.evict_rumor(now);
        }
        self.mark_rumor(now, origin, rumor.id.sequence)
    }

    /// Notes that a number of an origin has come; reports what its window has to give up for that.
    fn mark_rumor(&mut self, now: Instant, origin: u32, sequence: u64) -> Marked {
        let (record, bits) = self.rumors.origins.with_bits(origin);
        let before = record.window.complete();
        let (id, boot, anchored) = (record.id, record.boot, record.anchored);
        let (events, counters) = (&mut self.events, &mut self.counters);
        let marked = record.window.mark(bits, sequence, |from, to| {
            if anchored {
                counters.rumors_lost += to - from + 1;
                events.emit(Event::RumorsLost { origin: id, boot, from, to }, counters);
            }
        });
        // What was held back behind a gap that is given up is delivered; what waits for this one, once it is retained.
        let after = record.window.complete().min(sequence - 1);
        if record.held > 0 && after > before {
            self.deliver_held(now, origin, before, after);
        }
        marked
    }

    /// Retains a rumor that is new, delivers it and lets it travel on.
    fn retain_rumor(&mut self, now: Instant, sender: Sender, origin: u32, rumor: &Rumor<'_>, age: Span) {
        let draft = Draft {
            sequence: rumor.id.sequence,
            origin,
            topic: rumor.topic,
            born: now - age,
            came: now,
            from: sender.slot,
            class: rumor.class,
            hops: rumor.hops.saturating_add(1),
            payload: rumor.payload,
        };
        let Some(place) = self.rumors.store.push(&draft) else { return };
        self.rumors.origins.get_mut(origin).retained += 1;
        self.note_rumor(now, origin, sender.slot.map(|slot| (slot, draft.hops)));
        self.deliver_rumor(now, place, age);
        self.spread_rumor(now, place, rumor.class);
    }

    /// A new rumor of an origin is retained.
    pub(super) fn note_rumor(&mut self, now: Instant, origin: u32, from: Option<(u32, u8)>) {
        let gap = self.params.gossip_interval * STREAM_GAP_INTERVALS;
        let record = self.rumors.origins.get_mut(origin);
        record.links.note(now, now.since(record.last_at), gap, from);
        record.last_at = now;
        if self.params.rumor_digests && self.rumors.digests.place(origin) != Some((0, 0)) {
            self.rumors.digests.put(origin, 0, 0);
        }
        self.watch_origin(now, origin);
    }

    /// Whether this node had a rumor when its sender told it: of several who tell it at once none has told it in vain, though it
    /// comes but once. What is passed on at once is another matter: there the way on which it comes second is of no use.
    fn had_when_told(&self, now: Instant, way: Span, origin: u32, rumor: &Rumor<'_>) -> bool {
        let retained = self.rumors.store.find(origin, rumor.id.sequence);
        let crossed = retained.is_some_and(|place| self.rumors.store.get(place).came + way >= now);
        rumor.class == Class::Urgent || !crossed
    }

    /// Notes that a rumor was known, so that its sender may stop telling it, or telling this node.
    fn note_feedback(&self, now: Instant, sender: Sender, origin: u32, rumor: &Rumor<'_>, known: &mut Known) {
        let (links, settled) = (&self.rumors.origins.get(origin).links, self.params.gossip_interval);
        let hops = rumor.hops.saturating_add(1);
        if sender.slot.is_none_or(|slot| !links.may_prune(now, (slot, hops), settled)) {
            return;
        }
        let base = rumor.id.sequence - 1;
        let reaches = |from: u64| from <= base && base - from < u64::from(u64::BITS);
        match known.iter_mut().rev().find(|(of, from, _)| *of == origin && reaches(*from)) {
            Some((_, from, which)) => *which |= 1 << (base - *from),
            // Where there is no room the sender learns of some, which is enough.
            None => drop(known.try_push((origin, base, 1))),
        }
    }

    /// The receivers of some rumors had them already.
    pub(in super::super) fn on_rumor_feedback(&mut self, sender: Sender, known: &[RawRumorIds]) {
        for ids in known.iter().map(RawRumorIds::get) {
            let Some(origin) = self.rumors.origins.find(ids.origin, ids.boot) else { continue };
            let record = self.rumors.origins.get_mut(origin);
            if let Some(slot) = sender.slot.filter(|_| record.links.is_stream()) {
                record.links.prune(slot);
            }
            for sequence in ids.sequences() {
                self.told_in_vain(origin, sequence);
            }
        }
    }
}
