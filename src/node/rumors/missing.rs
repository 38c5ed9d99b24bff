//! What has not come? Digests tell what others have; what is missing here is asked for, and in the end given up.

use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use super::super::tick::Timer;
use super::super::{Event, Node, Phase};
use crate::RumorStart;
use crate::id::NodeId;
use crate::membership::{Capacity, ME};
use crate::rumor::{Asked, Gap, Gone, Origin, Window};
use crate::time::Instant;
use crate::wire::{Digest, Kind, RawDigest, RawRumorIds, RumorIds, State, Writer};

use super::hearing::START_LOOKS_BACK;

/// Runs of 64 numbers that one request asks for at most, of one origin.
const RUNS_MAX: usize = 4;
/// So many, one after the other, must say that they cannot give what is missing any more before it is given up.
const GONE_SAID_BY: u8 = 4;
/// How often the wait before asking again doubles, and how long it is at most, in gossip intervals.
const DOUBLINGS: u8 = 9;
const LONGEST_WAIT_INTERVALS: u32 = 64;
/// Where less room than this remains in an answer it does not begin with what is missing of another origin.
const SUPPLY_ROOM: usize = 128;
/// How often in a gossip interval it is looked at what is due of origins, where something is.
const TICKS_IN_AN_INTERVAL: u32 = 16;
/// How many entries of the deadlines one tick takes: the rest is due at once after it.
const DUE_AT_ONCE: usize = 64;

impl Node {
    /// Adds an origin that has not been heard of; counts it where there is no place.
    pub(super) fn add_origin(
        &mut self,
        now: Instant,
        id: NodeId,
        boot: u32,
        window: Window,
        anchored: bool,
    ) -> Option<u32> {
        let Some(place) = self.rumors.origins.add(id, boot, window, now) else {
            self.counters.origins_refused += 1;
            self.tell_of_full(now, id, Capacity::Origins);
            return None;
        };
        let (used, max) = (self.rumors.origins.len(), self.params.limits.origins);
        self.warn_once(Capacity::Origins, used - 1, used, max);
        self.rumors.origins.get_mut(place).anchored = anchored;
        self.watch_origin(now, place);
        Some(place)
    }

    /// Takes what a member has of some origins.
    pub(in super::super) fn on_rumor_digests(&mut self, now: Instant, sender: Sender, digests: &[RawDigest]) {
        if !self.is_in() {
            return;
        }
        for digest in digests.iter().map(RawDigest::get) {
            self.on_digest(now, sender, &digest);
        }
    }

    pub(super) fn on_digest(&mut self, now: Instant, sender: Sender, digest: &Digest) {
        let Some(origin) = self.origin_of_digest(now, digest) else { return };
        let record = self.rumors.origins.get(origin);
        let highest = digest.complete + u64::from(digest.ahead);
        if highest > record.window.highest().saturating_add(self.plausible_ahead(record)) {
            self.counters.rumors_implausible += 1;
            return;
        }
        let record = self.rumors.origins.get_mut(origin);
        record.window.hear_of(highest);
        let given_up_to = digest.complete - u64::from(digest.kept).min(digest.complete);
        if !record.anchored {
            // The retained ones begin here for a node that joins: what lies before is not lost, it is the past.
            record.anchored = true;
            self.settle_past(now, origin, given_up_to);
        } else if given_up_to > record.window.complete() {
            // Who keeps more than can be said may have what is missing.
            if digest.kept < u16::MAX {
                self.note_gone(now, sender, origin, given_up_to);
            }
        } else if digest.complete > record.window.complete() {
            record.gone = Gone::default();
        }
        self.watch_origin(now, origin);
        let record = self.rumors.origins.get(origin);
        let complete = record.window.complete();
        let theirs =
            has_beyond(digest, complete) & !record.window.seen_beyond(self.rumors.origins.bits(origin), complete);
        if theirs != 0 && record.asked.until <= now && self.has_budget(now) {
            let what = What::RumorWants { origin };
            self.push(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
            self.counters.rumors_asked += 1;
            let until = self.await_answer(now, origin, sender.slot);
            self.rumors.due.set_earlier(origin, until);
            self.arm_earlier(Timer::Rumors, until);
        }
    }

    /// The place of a digest's origin. Of one that is new to a node that joins, its rumors begin as the parameters say.
    fn origin_of_digest(&mut self, now: Instant, digest: &Digest) -> Option<u32> {
        let known = self.rumors.origins.find(digest.origin, digest.boot);
        let says_nothing = digest.complete == 0 && digest.ahead == 0 || self.is_own(digest.origin, digest.boot);
        if known.is_some() || says_nothing {
            return known;
        }
        let kept_from = digest.complete - u64::from(digest.kept).min(digest.complete);
        let highest = digest.complete + u64::from(digest.ahead);
        let began = match (self.rumors.starting, self.params.rumor_start) {
            (true, RumorStart::Now) => highest.saturating_sub(START_LOOKS_BACK).max(kept_from),
            (true, RumorStart::Retained) => kept_from,
            (false, _) => 0,
        };
        let place = self.add_origin(now, digest.origin, digest.boot, Window::starting_after(began), true)?;
        // Nothing of it has come here: what others know of it is not made any younger by this.
        self.rumors.origins.get_mut(place).last_at = now - self.params.rumor_retention;
        Some(place)
    }

    /// Somebody has been asked for what is missing of an origin: returns until when nobody else is. That is as long as an answer
    /// takes, as far as round trips are known, but a part of an interval in any case; each time twice as long. It can be shorter
    /// than the wait for an ack: to ask once too often costs a copy, and no verdict.
    fn await_answer(&mut self, now: Instant, origin: u32, slot: Option<u32>) -> Instant {
        let interval = self.params.gossip_interval;
        let [floor, prior, ceiling] = [8, 4, 2].map(|part| interval / part);
        let answer = slot.map_or(prior, |slot| self.table.contact(slot).rtt.timeout(floor, prior, ceiling));
        let record = self.rumors.origins.get_mut(origin);
        let up_to = record.window.complete() + RUNS_MAX as u64 * u64::from(u64::BITS);
        let asked = &mut record.asked;
        let wait = (answer * (1 << asked.times.min(DOUBLINGS))).min(interval * LONGEST_WAIT_INTERVALS);
        *asked = Asked { until: now + wait, times: asked.times.saturating_add(1), up_to };
        asked.until
    }

    /// A member cannot give anything up to a number. When enough have said so nobody is likely to; but not before somebody has been
    /// asked for a while, nor before the origin itself has said so if it is up: whoever has joined since says it of everything
    /// before.
    fn note_gone(&mut self, now: Instant, sender: Sender, origin: u32, up_to: u64) {
        let enough = self.roster.up_len().clamp(1, u32::from(GONE_SAID_BY)) as u8;
        let settle = self.settle_time();
        let record = self.rumors.origins.get(origin);
        let has_been_asked_for = record.gap.is_some_and(|gap| now.since(gap.since) >= settle);
        let by_itself = (sender.id, sender.boot.tag()) == (record.id, record.boot) || !self.is_member(record);
        let gone = &mut self.rumors.origins.get_mut(origin).gone;
        // Who is no member, or has given up its name, knows too few to conclude anything.
        if self.phase != Phase::Joined || !has_been_asked_for || gone.said_by > 0 && gone.last == sender.slot {
            return;
        }
        let up_to = if gone.said_by == 0 { up_to } else { gone.up_to.min(up_to) };
        let said_by = gone.said_by.saturating_add(1);
        *gone = Gone { said_by, last: sender.slot, by_itself: gone.by_itself || by_itself, up_to };
        if gone.said_by >= enough && gone.by_itself {
            self.give_up(now, origin, up_to);
        }
    }

    /// What is missing of an origin up to a number is lost: the embedder is told exactly what.
    pub(super) fn give_up(&mut self, now: Instant, origin: u32, to: u64) {
        let (record, bits) = self.rumors.origins.with_bits(origin);
        let (id, boot, before, anchored) = (record.id, record.boot, record.window.complete(), record.anchored);
        let (events, counters) = (&mut self.events, &mut self.counters);
        record.window.give_up(bits, to, |from, to| {
            if !anchored {
                return;
            }
            counters.rumors_lost += to - from + 1;
            events.emit(Event::RumorsLost { origin: id, boot, from, to }, counters);
        });
        record.gone = Gone::default();
        let (after, held) = (record.window.complete(), record.held);
        if held > 0 {
            self.deliver_held(now, origin, before, after);
        }
        self.watch_origin(now, origin);
    }

    /// What lies up to a number is the past of a node that has just joined.
    fn settle_past(&mut self, now: Instant, origin: u32, to: u64) {
        let (record, bits) = self.rumors.origins.with_bits(origin);
        let before = record.window.complete();
        record.window.give_up(bits, to, |_, _| ());
        record.kept_from = record.kept_from.max(to);
        let (after, held) = (record.window.complete(), record.held);
        if held > 0 {
            self.deliver_held(now, origin, before, after);
        }
    }

    /// Sees to it that whatever is due of an origin is done in time, after anything about it has changed.
    pub(super) fn watch_origin(&mut self, now: Instant, origin: u32) {
        let settle = self.settle_time();
        let interval = self.params.gossip_interval;
        let record = self.rumors.origins.get(origin);
        if record.counted != 0 && (record.window.has_gap() || record.counted != settled_sum(record)) {
            self.count_origin(now, origin, 0);
        }
        let record = self.rumors.origins.get_mut(origin);
        let due = if record.window.has_gap() {
            let (behind, mut due) = (record.window.complete(), now + interval);
            if record.gap.is_none_or(|gap| gap.behind != behind) {
                // Another one than before: who is asked for it need not wait as long as for the last. Once all that was asked for
                // has come the next is asked for at once: what is missing comes as fast as answers do, however much it is.
                let asked = record.asked;
                let has_come = 0 < asked.up_to && asked.up_to <= behind;
                let until = if has_come { now } else { asked.until.min(now + interval) };
                due = if has_come { now } else { due };
                record.gap = Some(Gap { since: now, behind, heard_of: record.window.highest() });
                record.asked = Asked { until, times: 0, up_to: if has_come { 0 } else { asked.up_to } };
            }
            due
        } else {
            (record.gap, record.asked, record.gone) = (None, Asked::default(), Gone::default());
            record.anchored = true;
            now + settle
        };
        // What is armed for earlier looks again then: no change of the heap for each rumor of a stream.
        if self.rumors.due.get(origin).is_none_or(|at| due < at) {
            self.rumors.due.set(origin, due);
            self.arm_earlier(Timer::Rumors, due);
        }
    }

    pub(in super::super) fn on_rumors_timer(&mut self, now: Instant) {
        let mut drawn = None;
        for _ in 0..DUE_AT_ONCE {
            let Some((_, origin)) = self.rumors.due.pop_due(now) else { break };
            self.on_origin_due(now, origin, &mut drawn);
        }
        if let Some((due, _)) = self.rumors.due.first() {
            // What falls due shortly after each other is asked for together.
            let together = now + self.params.gossip_interval / TICKS_IN_AN_INTERVAL;
            self.arm(Timer::Rumors, if due <= now { due } else { due.max(together) });
        }
    }

    fn on_origin_due(&mut self, now: Instant, origin: u32, drawn: &mut Option<u32>) {
        let Some(record) = self.rumors.origins.at(origin) else { return };
        let next = match record.gap {
            Some(gap) if now.since(gap.since) >= self.params.rumor_retention => {
                // What has been heard of since may still come.
                self.give_up(now, origin, gap.heard_of);
                return;
            }
            Some(_) => Some(self.ask_somebody(now, origin, drawn)),
            None => self.on_origin_quiet(now, origin),
        };
        if let Some(at) = next {
            self.rumors.due.set(origin, at);
        }
    }

    /// Asks somebody for what is missing: the origin itself now and then, else whoever was `drawn` for all that is due now, so that
    /// one datagram asks for what many origins lack. Returns when to ask again.
    fn ask_somebody(&mut self, now: Instant, origin: u32, drawn: &mut Option<u32>) -> Instant {
        let record = self.rumors.origins.get(origin);
        let (id, asked) = (record.id, record.asked);
        if now < asked.until {
            return asked.until;
        }
        if !self.has_budget(now) {
            // Nobody would be asked, and the wait would double for it.
            return now + self.params.gossip_interval / TICKS_IN_AN_INTERVAL;
        }
        let its_turn = asked.times % 4 == 3;
        let itself = self.table.find(id).filter(|slot| its_turn && *slot != ME && self.table.get(*slot).state.is_up());
        if itself.is_none() && drawn.is_none() {
            let mut sampled = [0; 1];
            let found = self.roster.sample(&mut self.rng, &mut sampled, |_| true);
            *drawn = sampled[..found].first().copied();
        }
        let slot = itself.or(*drawn);
        if let Some(slot) = slot {
            self.counters.rumors_asked += 1;
            self.push_to(slot, What::RumorWants { origin });
        }
        self.await_answer(now, origin, slot)
    }

    /// Nothing of an origin is missing. Once nothing new has come for a while it counts as settled, for as long as it is current;
    /// it is forgotten once nobody can tell any rumor of it again, and it is not to be expected back or places are scarce. Returns
    /// when to look again.
    fn on_origin_quiet(&mut self, now: Instant, origin: u32) -> Option<Instant> {
        let settle = self.settle_time();
        let record = self.rumors.origins.get(origin);
        let settled_at = record.last_at + settle;
        if now < settled_at {
            return Some(settled_at);
        }
        if self.is_current(now, origin) {
            let (sum, old_at) = (settled_sum(record), record.last_at + self.params.rumor_retention);
            let is_member = self.is_member(record);
            self.count_origin(now, origin, sum);
            return (!is_member).then_some(old_at);
        }
        let forgotten_at = record.last_at + self.params.rumor_retention * 2;
        self.count_origin(now, origin, 0);
        let record = self.rumors.origins.get(origin);
        if now < forgotten_at {
            return Some(forgotten_at);
        }
        if self.may_return(record) && !self.are_origins_scarce() {
            return Some(now + self.params.rumor_retention);
        }
        self.let_the_old_go(now);
        if self.rumors.origins.get(origin).retained > 0 {
            return Some(now + self.params.rumor_retention);
        }
        self.rumors.digests.remove(origin);
        self.rumors.origins.remove(origin);
        self.counters.origins_forgotten += 1;
        None
    }

    /// What is so old makes room, unless something has just been told: a rumor that waited for another is as old when it is handed
    /// over, and has to be read first.
    fn let_the_old_go(&mut self, now: Instant) {
        let retention = self.params.rumor_retention * 2;
        let is_old = |node: &Self| node.rumors.store.oldest().is_some_and(|(_, entry)| entry.born + retention <= now);
        while self.events.len() == 0 && is_old(self) {
            self.evict_rumor(now);
        }
    }

    /// Whether a start of an origin is a member that is up, this node included.
    fn is_member(&self, record: &Origin) -> bool {
        if record.id == self.me.id {
            return record.boot == self.me.boot.tag() && self.phase == Phase::Joined;
        }
        let member = self.table.find(record.id).map(|slot| self.table.get(slot));
        member.is_some_and(|member| member.state.is_up() && member.boot.tag() == record.boot)
    }

    /// Whether a start of an origin may go on where it ended, behind what has come here (R14): it was held dead, which it may
    /// not be, and no other has followed.
    fn may_return(&self, record: &Origin) -> bool {
        match self.table.find(record.id).map(|slot| self.table.get(slot)) {
            Some(member) => member.boot.tag() == record.boot && member.state != State::Left,
            None => self.book.get(record.id).is_some_and(|entry| entry.boot.tag() == record.boot),
        }
    }

    /// Whether those who are down leave too few places to others: sooner than the embedder is warned of that.
    fn are_origins_scarce(&self) -> bool {
        self.rumors.origins.len() > self.params.limits.origins / 4 * 3
    }

    /// Whether others are told what this node has of an origin: it is up, or its last rumors can still be had. Of anything
    /// older others may have forgotten that they had it.
    pub(super) fn is_current(&self, now: Instant, origin: u32) -> bool {
        let record = self.rumors.origins.get(origin);
        now < record.last_at + self.params.rumor_retention || self.is_member(record)
    }

    /// What the root counts for an origin from now on; 0 for nothing.
    fn count_origin(&mut self, now: Instant, origin: u32, sum: u64) {
        let record = self.rumors.origins.get_mut(origin);
        if record.counted != sum {
            let change = sum.wrapping_sub(record.counted);
            record.counted = sum;
            self.rumors.root = self.rumors.root.wrapping_add(change);
            self.rumors.root_changed_at = now;
        }
    }

    /// A member that may be an origin is up, or up no more, or begins another life: what it has published in any of them counts
    /// or does not.
    pub(super) fn origin_came_or_went(&mut self, slot: u32) {
        let (id, now) = (self.table.get(slot).id, self.heard_anybody_at);
        let rumors = &mut self.rumors;
        let mut any = false;
        for origin in rumors.origins.range(id, id) {
            rumors.due.set_earlier(origin, now);
            any = true;
        }
        if any {
            self.arm_earlier(Timer::Rumors, now);
        }
    }

    /// Writes what is missing of an origin, and of others that the same receiver is to be asked for; nothing where nothing is
    /// missing any more.
    pub(in super::super) fn write_rumor_wants(&mut self, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        let mut next = outgoing.what;
        while let What::RumorWants { origin } = next {
            self.write_wants_of(origin, writer);
            let fits = writer.room(Kind::RumorWants) >= RUNS_MAX * size_of::<RawRumorIds>();
            let Some(other) = self.next_for_the_same(outgoing).filter(|_| fits) else { return };
            if !matches!(other, What::RumorWants { .. }) {
                return;
            }
            next = other;
            self.outbox.pop();
        }
    }

    /// What waits next, if it is for the receiver of a datagram that is being written.
    fn next_for_the_same(&self, outgoing: &Outgoing) -> Option<What> {
        let same = |other: &Outgoing| (other.to, other.receiver) == (outgoing.to, outgoing.receiver);
        self.outbox.nth(0).filter(same).map(|other| other.what)
    }

    fn write_wants_of(&mut self, origin: u32, writer: &mut Writer<'_>) {
        let Some(record) = self.rumors.origins.at(origin) else { return };
        let bits = self.rumors.origins.bits(origin);
        let (mut base, highest) = (record.window.complete(), record.window.highest());
        for _ in 0..RUNS_MAX {
            if base >= highest {
                return;
            }
            let exist = u64::MAX >> (64 - (highest - base).min(64));
            let which = !record.window.seen_beyond(bits, base) & exist;
            let ids = RumorIds { origin: record.id, boot: record.boot, base, which };
            if which != 0 && writer.push(Kind::RumorWants, &RawRumorIds::new(&ids)) {
                self.counters.sent_one(Kind::RumorWants);
            }
            base += 64;
        }
    }

    /// Somebody misses rumors that this node may have.
    pub(in super::super) fn on_rumor_wants(&mut self, sender: Sender, wants: &[RawRumorIds]) {
        for ids in wants.iter().map(RawRumorIds::get) {
            let Some(origin) = self.rumors.origins.find(ids.origin, ids.boot) else { continue };
            if let Some(slot) = sender.slot {
                self.rumors.origins.get_mut(origin).links.graft(slot);
            }
            let what = What::RumorSupply { origin, base: ids.base, which: ids.which };
            let queued = self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
            self.counters.budget_held += u64::from(!queued);
        }
    }

    /// As many of the rumors asked for as fit, and of what else the same receiver has asked for; the rest is queued behind.
    pub(in super::super) fn write_supply(&mut self, now: Instant, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        let mut next = outgoing.what;
        while let What::RumorSupply { origin, base, which } = next {
            let left = self.write_supply_of(now, (origin, base, which), writer);
            if left != 0 {
                let what = What::RumorSupply { origin, base, which: left };
                let queued = self.push_answer(Outgoing { what, ..*outgoing });
                self.counters.budget_held += u64::from(!queued);
                return;
            }
            let Some(other) = self.next_for_the_same(outgoing) else { return };
            if !matches!(other, What::RumorSupply { .. }) || writer.remaining() < SUPPLY_ROOM {
                return;
            }
            next = other;
            self.outbox.pop();
        }
    }

    /// Writes those that fit of the rumors of one origin. Where one is not to be had the asker learns from the digest what is.
    /// Returns which are left.
    fn write_supply_of(
        &mut self,
        now: Instant,
        (origin, base, which): (u32, u64, u64),
        writer: &mut Writer<'_>,
    ) -> u64 {
        let Some(record) = self.rumors.origins.at(origin) else { return 0 };
        let ids = RumorIds { origin: record.id, boot: record.boot, base, which };
        let place_of = |sequence| self.rumors.store.find(origin, sequence);
        let fresh_enough = |place: &u32| now.since(self.rumors.store.get(*place).born) <= self.params.rumor_retention;
        let bit_of = |sequence: u64| 1_u64 << (sequence - base - 1);
        let lacking = ids.sequences().filter(|n| place_of(*n).is_none()).fold(0, |all, n| all | bit_of(n));
        let mut left = which;
        for sequence in ids.sequences() {
            if let Some(place) = place_of(sequence).filter(fresh_enough) {
                if !self.rumor_to_tell(now, place, false).write(writer) {
                    return left;
                }
                self.counters.sent_one(Kind::Rumors);
                self.counters.rumors_supplied += 1;
            }
            left &= !bit_of(sequence);
        }
        if lacking != 0 {
            // Behind what was to be had: in front of it, it might leave no room for the longest.
            if !writer.push(Kind::RumorDigests, &RawDigest::new(&self.digest_of_first(origin))) {
                return lacking;
            }
            self.counters.sent_one(Kind::RumorDigests);
        }
        0
    }

    /// Writes which rumors were known, and what else of that kind waits for the same receiver.
    pub(in super::super) fn write_rumor_feedback(&mut self, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        let mut next = outgoing.what;
        while let What::RumorFeedback { origin, base, which } = next {
            if let Some(record) = self.rumors.origins.at(origin) {
                let ids = RumorIds { origin: record.id, boot: record.boot, base, which };
                self.put(writer, Kind::RumorFeedback, &RawRumorIds::new(&ids));
            }
            let fits = writer.room(Kind::RumorFeedback) >= size_of::<RawRumorIds>();
            let Some(other) = self.next_for_the_same(outgoing).filter(|_| fits) else { return };
            if !matches!(other, What::RumorFeedback { .. }) {
                return;
            }
            next = other;
            self.outbox.pop();
        }
    }
}

/// What of the 64 numbers beyond `base` the sender of a digest can give.
fn has_beyond(digest: &Digest, base: u64) -> u64 {
    let first_kept = digest.complete - u64::from(digest.kept).min(digest.complete) + 1;
    (0..64).fold(0, |has, i| {
        let n = base + 1 + i;
        let beyond = n.checked_sub(digest.complete + 1);
        let there = match beyond {
            None => n >= first_kept,
            Some(beyond) => beyond < 64 && digest.seen >> beyond & 1 == 1,
        };
        has | u64::from(there) << i
    })
}

/// What the root counts for a settled origin: never 0.
fn settled_sum(record: &Origin) -> u64 {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&record.id.as_u64().to_le_bytes());
    bytes[8..12].copy_from_slice(&record.boot.to_le_bytes());
    bytes[12..].copy_from_slice(&record.window.complete().to_le_bytes());
    xxhash_rust::xxh3::xxh3_64(&bytes).max(1)
}
