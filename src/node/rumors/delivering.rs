//! The embedder is told; and what goes when there is no more room.

use super::super::Node;
use crate::RumorStart;
use crate::event::Event;
use crate::rumor::{Order, RumorId, RumorRef};
use crate::time::{Instant, Span};

impl Node {
    /// Hands a new rumor to the embedder, if it wants it and if its turn has come.
    pub(super) fn deliver_rumor(&mut self, now: Instant, place: u32, age: Span) {
        let entry = self.rumors.store.get(place);
        let (origin, sequence) = (entry.origin, entry.sequence);
        let complete = self.rumors.origins.get(origin).window.complete();
        // An age is estimated on each hop. To deliver one that is a little too old does less harm than to pass one over.
        let margin = self.params.gossip_interval;
        let is_before = |joined_at| entry.born + margin < joined_at;
        let is_past = self.params.rumor_start == RumorStart::Now && self.rumors.joined_at.is_none_or(is_before);
        match self.rumors.topics.order(entry.topic).filter(|_| !is_past) {
            Some(Order::Origin) if sequence > complete => {
                self.rumors.store.get_mut(place).held = true;
                self.rumors.origins.get_mut(origin).held += 1;
            }
            Some(Order::Arrival | Order::Origin) => self.hand_over(place, age),
            None => {}
        }
        if self.rumors.origins.get(origin).held > 0 && sequence < complete {
            // It has closed a gap.
            self.deliver_held(now, origin, sequence, complete);
        }
    }

    fn hand_over(&mut self, place: u32, age: Span) {
        let rumor = self.rumor_ref_of_age(place, age);
        self.counters.rumors_delivered += 1;
        self.emit(Event::Rumor(rumor));
    }

    /// Hands over what of an origin waited for what lies in `after..=to`.
    pub(super) fn deliver_held(&mut self, now: Instant, origin: u32, after: u64, to: u64) {
        // Nothing waits beyond what the window tells apart.
        let last = to.min(after + u64::from(self.params.limits.rumor_window));
        for sequence in after + 1..=last {
            if self.rumors.origins.get(origin).held == 0 {
                return;
            }
            let held = self.rumors.store.find(origin, sequence);
            if let Some(place) = held.filter(|place| self.rumors.store.get(*place).held) {
                let entry = self.rumors.store.get_mut(place);
                entry.held = false;
                let (age, topic) = (now.since(entry.born), entry.topic);
                self.rumors.origins.get_mut(origin).held -= 1;
                // Who has unsubscribed meanwhile does not want it any more.
                if self.rumors.topics.order(topic).is_some() {
                    self.hand_over(place, age);
                }
            }
        }
    }

    fn rumor_ref_of_age(&self, place: u32, age: Span) -> RumorRef {
        let entry = self.rumors.store.get(place);
        let origin = self.rumors.origins.get(entry.origin);
        RumorRef {
            id: RumorId { origin: origin.id, boot: origin.boot, sequence: entry.sequence },
            topic: entry.topic,
            class: entry.class,
            age,
            hops: entry.hops,
            len: entry.len(),
            place,
        }
    }

    /// A rumor as it is now.
    pub(super) fn rumor_ref(&self, now: Instant, place: u32) -> RumorRef {
        self.rumor_ref_of_age(place, now.since(self.rumors.store.get(place).born))
    }

    /// The rumor that came first goes. If it still waits for an earlier one, both are lost: it can be delivered neither now,
    /// without its payload, nor later.
    pub(super) fn evict_rumor(&mut self, now: Instant) {
        let Some((place, entry)) = self.rumors.store.oldest() else { return };
        let (origin, sequence, held) = (entry.origin, entry.sequence, entry.held);
        if held {
            self.rumors.store.get_mut(place).held = false;
            let (record, bits) = self.rumors.origins.with_bits(origin);
            record.held -= 1;
            record.window.take_back(bits, sequence);
            if !record.anchored {
                // What lies before it may be the past of a node that has joined lately; this one is not.
                self.give_up(now, origin, sequence - 1);
                self.rumors.origins.get_mut(origin).anchored = true;
            }
            self.give_up(now, origin, sequence);
        }
        if self.rumors.waiting.place(place).is_some() {
            self.rumors.waiting.remove(place);
            self.counters.rumors_evicted_early += 1;
        }
        if self.rumors.fresh.first() == Some(place) {
            self.rumors.fresh.forget_first();
            self.counters.rumors_evicted_early += 1;
        }
        let record = self.rumors.origins.get_mut(origin);
        record.kept_from = record.kept_from.max(sequence);
        record.retained -= 1;
        self.rumors.store.pop();
    }
}
