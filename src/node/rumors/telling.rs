//! The rest is told in rounds: rumors that are not urgent, and what this node has of each origin.

use super::super::Node;
use crate::config::Sends;
use crate::membership::ENDLESS;
use crate::rumor::Class;
use crate::time::Instant;
use crate::wire::{Digest, Kind, RawDigest, RawRumor, Rumor, Writer};

impl Node {
    /// Whether rounds have rumors or digests to tell.
    pub(in super::super) fn has_rumors_to_tell(&self) -> bool {
        !self.rumors.waiting.is_empty() || !self.rumors.digests.is_empty()
    }

    /// Whether something waits that the datagrams of this row have not told yet.
    pub(in super::super) fn has_more_rumors(&self) -> bool {
        let classes = Class::ALL.iter().any(|class| self.rumors.waiting.least_told(*class as usize).is_some());
        classes || self.rumors.digests.least_told(0).is_some()
    }

    /// Begins a datagram, or several in a row to one peer: nothing is told twice in them.
    pub(in super::super) fn begin_rumor_row(&mut self) {
        self.rumors.waiting.begin_row();
        self.rumors.digests.begin_row();
    }

    /// Bytes that all that waits for rounds takes.
    pub(in super::super) fn rumor_bytes_to_tell(&self) -> usize {
        self.waiting_rumor_bytes() + self.rumors.digests.waiting(0) as usize * size_of::<RawDigest>()
    }

    /// The same without digests.
    pub(in super::super) fn waiting_rumor_bytes(&self) -> usize {
        let (rumors, store) = (&self.rumors, &self.rumors.store);
        let payload = store.bytes_used().div_ceil(store.len().max(1)) as usize;
        let waiting: u32 = Class::ALL.iter().map(|class| rumors.waiting.waiting(*class as usize)).sum();
        waiting as usize * (size_of::<RawRumor>() + payload)
    }

    /// Adds what rounds tell, until less than `enough` bytes remain: first what was urgent, then digests, which are what
    /// repair begins with.
    pub(in super::super) fn fill_rumors(
        &mut self,
        now: Instant,
        writer: &mut Writer<'_>,
        receiver: u32,
        enough: usize,
    ) {
        self.tell_class(now, writer, receiver, Class::Urgent, enough);
        self.tell_digests(now, writer, enough);
        self.tell_class(now, writer, receiver, Class::Normal, enough);
        self.tell_class(now, writer, receiver, Class::Bulk, enough);
    }

    fn tell_class(&mut self, now: Instant, writer: &mut Writer<'_>, receiver: u32, class: Class, enough: usize) {
        let asks = class != Class::Urgent && self.params.rumor_rule.feedback;
        while writer.remaining() > enough {
            let Some((place, times)) = self.rumors.waiting.least_told(class as usize) else { return };
            let entry = self.rumors.store.get(place);
            let origin = self.rumors.origins.get(entry.origin).id;
            if entry.is_from(receiver) || self.table.get(receiver).id == origin {
                // It has it.
                self.rumors.waiting.add_to_row(place);
                self.rumors.waiting.put(place, class as usize, times);
                continue;
            }
            let size = (size_of::<RawRumor>() + usize::from(entry.len())) as u32;
            if !self.budgets.rumor_bytes.covers(now, size) || !self.rumor_to_tell(now, place, asks).write(writer) {
                return;
            }
            let paid = self.budgets.rumor_bytes.spend(now, size);
            debug_assert!(paid, "it was covered");
            self.counters.sent_one(Kind::Rumors);
            self.counters.rumors_told += 1;
            self.note_told(place, class, times + 1);
        }
    }

    /// A rumor was told in a round for the `times`th time.
    fn note_told(&mut self, place: u32, class: Class, times: u32) {
        let limit = match class {
            // It has been passed on to some already, and digests see to the rest.
            Class::Urgent => self.params.fanout as u32,
            Class::Normal | Class::Bulk => self.rumor_sends(),
        };
        let told = &mut self.rumors.store.get_mut(place).told;
        let rng = &mut self.rng;
        let rule = self.params.rumor_rule;
        let round = self.counters.rounds as u8;
        let over = class != Class::Urgent && rule.told(told, round, |n| rng.below(n));
        self.rumors.waiting.add_to_row(place);
        if over || times >= limit {
            self.rumors.waiting.remove(place);
        } else {
            self.rumors.waiting.put(place, class as usize, times);
        }
    }

    /// Somebody else tells what this node was too busy to pass on at once: that is one telling less to be made in rounds.
    pub(super) fn heard_again(&mut self, origin: u32, rumor: &Rumor<'_>) {
        let class = Class::Urgent as usize;
        if rumor.class != Class::Urgent || self.rumors.waiting.waiting(class) == 0 {
            return;
        }
        let Some(place) = self.rumors.store.find(origin, rumor.id.sequence) else { return };
        match self.rumors.waiting.place(place) {
            Some((_, times)) if times + 1 >= self.params.fanout as u32 => self.rumors.waiting.remove(place),
            Some((_, times)) => self.rumors.waiting.put(place, class, times + 1),
            None => {}
        }
    }

    /// How often anything of rumors is told, at most.
    pub(super) fn rumor_sends(&self) -> u32 {
        let derived = self.spread.sends(self.up_count());
        let sends = match self.params.sends {
            Sends::Derived => derived,
            Sends::Times(n) => n,
            Sends::Endless => ENDLESS,
        };
        sends.min(crate::bounded::TELLINGS_MAX)
    }

    /// Somebody had a rumor already when this node told it.
    pub(super) fn told_in_vain(&mut self, origin: u32, sequence: u64) {
        let found = self.rumors.store.find(origin, sequence);
        let Some(place) = found.filter(|place| self.rumors.waiting.place(*place).is_some()) else { return };
        let (rule, rng) = (self.params.rumor_rule, &mut self.rng);
        if rule.was_useless(&mut self.rumors.store.get_mut(place).told, |n| rng.below(n)) {
            self.rumors.waiting.remove(place);
        }
    }

    fn tell_digests(&mut self, now: Instant, writer: &mut Writer<'_>, enough: usize) {
        while writer.remaining() > enough {
            let Some((origin, times)) = self.rumors.digests.least_told(0) else { return };
            if !self.is_current(now, origin) {
                self.rumors.digests.remove(origin);
                continue;
            }
            if !writer.push(Kind::RumorDigests, &RawDigest::new(&self.digest_of(origin))) {
                return;
            }
            self.counters.sent_one(Kind::RumorDigests);
            self.rumors.digests.add_to_row(origin);
            if times + 1 >= self.rumor_sends() {
                self.rumors.digests.remove(origin);
            } else {
                self.rumors.digests.put(origin, 0, times + 1);
            }
        }
    }

    /// What this node has of an origin.
    pub(super) fn digest_of(&self, origin: u32) -> Digest {
        self.digest_up_to(origin, self.rumors.origins.get(origin).window.complete())
    }

    /// The same, of no more than from the first retained one on as many as a digest can tell of: exactly where they begin.
    pub(super) fn digest_of_first(&self, origin: u32) -> Digest {
        let record = self.rumors.origins.get(origin);
        let last = record.kept_from.saturating_add(u64::from(u16::MAX) - 1);
        self.digest_up_to(origin, record.window.complete().min(last))
    }

    /// What it has as if it had no more than up to a number: no less is complete.
    fn digest_up_to(&self, origin: u32, complete: u64) -> Digest {
        let record = self.rumors.origins.get(origin);
        let bits = self.rumors.origins.bits(origin);
        let highest = record.window.highest();
        let short = |n: u64| u16::try_from(n).unwrap_or(u16::MAX);
        Digest {
            origin: record.id,
            boot: record.boot,
            complete,
            ahead: short(highest - complete),
            kept: short(complete.saturating_sub(record.kept_from)),
            seen: record.window.seen_beyond(bits, complete),
        }
    }
}
