//! What do all the others hold? A walk through everything, before this node is a member: from there on it hears what is new.
//!
//! It goes on while what was lost on the way is asked for again, stretch by stretch: as in TCP with selective acknowledgements, and not
//! from where it was lost, since with one datagram in five lost hardly one in a row of 32 would be of use.

use arrayvec::ArrayVec;

use super::super::outbox::{Outgoing, Receiver, What};
use super::super::receive::Sender;
use super::super::tick::Timer;
use super::super::{Node, Phase};
use super::holes::HOLES_MAX;
use crate::error::DropReason;
use crate::id::{BootId, NodeId};
use crate::time::{Instant, Span};
use crate::wire::{Kind, RawStatePage, RawStateSpan, RawStateWalk, SECTION_HEADER, StateHead, StatePoint, Writer};

/// Datagrams asked for at once.
const WINDOW: u8 = 32;
/// How often is asked in a row though nothing comes.
const TRIES_MAX: u8 = 5;
/// How many hello intervals a walk may take before this node joins without the rest: what is missing is then repaired.
const WALK_INTERVALS: u32 = 50;

/// How many times as long as for the last answer a walker waits for the next before it asks again.
const PATIENCE: u32 = 8;

/// A walk under way.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Walk {
    peer: (BootId, core::net::SocketAddr),
    nonce: u64,
    cookie: u64,
    at: StatePoint,
    /// Where what was asked for last begins.
    asked_from: StatePoint,
    /// Which datagram of an answer came last.
    part: u8,
    tries: u8,
    began_at: Instant,
    asked_at: Instant,
    /// How long an answer is waited for: a multiple of what the last one took, until then as long as for an ack.
    patience: Span,
}

impl Node {
    /// Whether pages of one who is no member to this node yet are taken: it is asked for them.
    pub(super) fn walks_state_with(&self, sender: Sender) -> bool {
        self.states.walk.is_some_and(|walk| walk.peer.0 == sender.boot)
    }

    /// Begins to walk through what a member holds.
    pub(in super::super) fn walk_state(&mut self, now: Instant, peer: (BootId, core::net::SocketAddr), cookie: u64) {
        let nonce = self.rng.next_u64();
        let patience = self.params.ack_prior;
        let at = StatePoint::START;
        self.states.walk = Some(Walk {
            peer,
            nonce,
            cookie,
            at,
            asked_from: at,
            part: 0,
            tries: 0,
            began_at: now,
            asked_at: now,
            patience,
        });
        self.states.holes.clear();
        self.counters.state_walks += 1;
        self.ask_for_state(now);
    }

    /// Asks for what was lost, and for what comes next where not too much was.
    fn ask_for_state(&mut self, now: Instant) {
        let Some(walk) = &mut self.states.walk else { return };
        walk.tries += 1;
        let late = now.since(walk.began_at) > self.params.hello_interval * WALK_INTERVALS;
        if walk.tries > TRIES_MAX || late {
            self.end_state_walk(now);
            return;
        }
        let lost = self.states.holes.iter().map(|hole| (hole.from, hole.datagrams));
        let on = walk.at < StatePoint::END && self.states.holes.len() <= HOLES_MAX / 2;
        let asked: ArrayVec<_, { HOLES_MAX + 1 }> = lost.chain(on.then_some((walk.at, WINDOW))).collect();
        (walk.asked_at, walk.part) = (now, 0);
        walk.asked_from = asked.last().map_or(walk.at, |(from, _)| *from);
        let ((boot, to), longest) = (walk.peer, self.params.ack_prior);
        let wait = (walk.patience * (1 << (walk.tries - 1).min(TRIES_MAX))).min(longest);
        for (from, datagrams) in asked {
            let what = What::StateWalk { from, datagrams };
            self.push(Outgoing { to, receiver: Receiver::Stranger(Some(boot)), what });
        }
        self.arm(Timer::StateWalk, now + wait);
    }

    pub(in super::super) fn write_state_walk(&mut self, (from, datagrams): (StatePoint, u8), writer: &mut Writer<'_>) {
        let Some(walk) = &self.states.walk else { return };
        let request = RawStateWalk::new(walk.nonce, walk.cookie, from, datagrams);
        self.put(writer, Kind::StateWalk, &request);
    }

    pub(in super::super) fn on_state_walk_timer(&mut self, now: Instant) {
        self.ask_for_state(now);
    }

    /// Once the last stretch has been taken.
    pub(in super::super) fn finish_state_walk(&mut self, now: Instant) {
        if self.has_walked_through() {
            self.end_state_walk(now);
        }
    }

    fn has_walked_through(&self) -> bool {
        let at_end = self.states.walk.is_some_and(|walk| walk.at.owner == StatePoint::END.owner);
        at_end && self.states.holes.is_empty()
    }

    /// A page of the walk begins beyond what is held: if what is in front of it was lost, and not passed over, it is asked for again behind
    /// that.
    pub(super) fn walk_again(&mut self, head: &StateHead, held: u64) {
        let at = |after| StatePoint { owner: head.owner, life: head.life, after };
        if self.states.holes.any_between(at(held), at(head.base)) {
            self.states.holes.open((at(head.base), at(head.upto)), 1);
        }
    }

    /// What has been missed on the way is repaired, unless the first who is met is in step.
    fn end_state_walk(&mut self, now: Instant) {
        self.states.walk = None;
        self.disarm(Timer::StateWalk);
        if self.phase == Phase::Joining {
            self.finish_joining(now);
        }
        self.begin_catching_up(now);
    }

    /// Stops walking, because this node gives up what it was joining for.
    pub(in super::super) fn drop_state_walk(&mut self) {
        self.states.walk = None;
        self.disarm(Timer::StateWalk);
    }

    /// Whether this node is looking through what others hold before it joins.
    pub(in super::super) const fn walks_state(&self) -> bool {
        self.states.walk.is_some()
    }

    pub(in super::super) fn on_state_span(&mut self, now: Instant, sender: Sender, span: &RawStateSpan) {
        let longest = self.params.ack_prior;
        let Some(walk) = self.states.walk.as_mut().filter(|w| w.nonce == span.nonce() && w.peer.0 == sender.boot)
        else {
            self.counters.late_answers += 1;
            return;
        };
        let (from, to, (part, _)) = (span.from(), span.to(), span.part());
        let mut new = self.states.holes.fill(from, to);
        if to > walk.at {
            self.states.holes.open((walk.at, from), part.saturating_sub(walk.part + 1).max(1));
            (walk.at, walk.part, new) = (to, part, true);
        }
        if new {
            if walk.tries == 1 {
                let took = now.since(walk.asked_at) * PATIENCE;
                walk.patience = took.clamp(longest / PATIENCE, longest);
            }
            walk.tries = 0;
        }
        let last = span.is_last() && from >= walk.asked_from;
        let wait = walk.patience;
        if new {
            self.arm(Timer::StateWalk, now + wait);
        }
        // The pages of this datagram come behind the span: a walk ends once they have been taken.
        if last && !self.has_walked_through() {
            self.ask_for_state(now);
        }
    }

    pub(in super::super) fn on_state_walk(
        &mut self,
        now: Instant,
        sender: Sender,
        raw: &RawStateWalk,
    ) -> Result<(), DropReason> {
        if self.phase != Phase::Joined {
            return Err(DropReason::NotRunning);
        }
        if sender.slot.is_none() && !self.join.jar.check(now, sender.addr, sender.boot, raw.cookie()) {
            return Err(DropReason::BadCookie);
        }
        if !self.budgets.strangers.spend(now, 1) {
            return Err(DropReason::OverBudget);
        }
        let parts = raw.datagrams().min(WINDOW);
        self.answer(sender, What::StateSpan { nonce: raw.nonce(), from: raw.from(), part: 1, parts })
    }

    /// Everything from a point on, as far as one datagram reaches; the next is queued behind it.
    pub(in super::super) fn write_state_span(
        &mut self,
        now: Instant,
        outgoing: &Outgoing,
        (nonce, from, part, parts): (u64, StatePoint, u8, u8),
        writer: &mut Writer<'_>,
    ) {
        let room = writer.remaining().saturating_sub(SECTION_HEADER + size_of::<RawStateSpan>());
        let to = self.state_reach(now, from, room);
        let parts = if to.owner == StatePoint::END.owner { part } else { parts };
        let more = part < parts && self.budgets.strangers.spend(now, 1);
        let parts = if more { parts } else { part };
        self.put(writer, Kind::StateSpan, &RawStateSpan::new(nonce, (from, to), (part, parts)));
        let mut at = from;
        while let Some((log, after)) = self.next_state(at).filter(|_| at < to) {
            let Some(upto) = self.write_state_page(now, writer, log, after) else { break };
            let record = self.states.store.log(log);
            at = StatePoint { owner: record.owner, life: record.life, after: upto };
        }
        if more {
            let what = What::StateSpan { nonce, from: to, part: part + 1, parts };
            let queued = self.push_answer(Outgoing { what, ..*outgoing });
            self.counters.budget_held += u64::from(!queued);
        }
    }

    /// How far pages from a point on reach that take up to `room` bytes.
    fn state_reach(&self, now: Instant, from: StatePoint, room: usize) -> StatePoint {
        const HEAD: usize = SECTION_HEADER + size_of::<RawStatePage>();
        let (mut at, mut left) = (from, room);
        while let Some((log, after)) = self.next_state(at) {
            let Some(rest) = left.checked_sub(HEAD) else { return at };
            let (upto, _) = self.reach(now, log, after, rest);
            let record = self.states.store.log(log);
            if upto <= after {
                // What is not whole, or not complete here, is passed over.
                let behind =
                    StatePoint { owner: record.owner, life: record.life, after: record.complete.max(after + 1) };
                return if at == from { behind } else { at };
            }
            let begun = at;
            at = StatePoint { owner: record.owner, life: record.life, after: upto };
            if upto < record.complete {
                // What one datagram takes is in one: who misses the first part of it could not take the second.
                let apart = begun > from && self.reach(now, log, after, room.saturating_sub(HEAD)).0 == record.complete;
                return if apart { begun } else { at };
            }
            left = rest - self.state_page_len(now, log, after, upto);
        }
        StatePoint::END
    }

    fn state_page_len(&self, now: Instant, log: u32, after: u64, upto: u64) -> usize {
        let mut before = after;
        let mut len = 0;
        for slot in self.states.store.behind(log, after) {
            let entry = self.entry_to_tell(now, slot);
            if entry.draft.version > upto {
                break;
            }
            len += entry.wire_len(before);
            before = entry.draft.version;
        }
        len
    }

    /// The log with something behind a point that comes first, and behind which version of it.
    fn next_state(&self, at: StatePoint) -> Option<(u32, u64)> {
        let store = &self.states.store;
        let behind = |log: &u32| {
            let record = store.log(*log);
            let same = (record.owner, record.life) == (at.owner, at.life);
            let later = (record.owner, record.life) > (at.owner, at.life);
            let after = if same { at.after } else { 0 };
            !record.is_empty() && (later || same) && record.complete > after
        };
        let mut stretch = (u64::MAX / u64::from(store.log_count().max(1))).max(1);
        let mut first = at.owner.as_u64();
        loop {
            let last = first.saturating_add(stretch);
            let next = store.logs_in(NodeId::from_u64(first), NodeId::from_u64(last)).filter(behind);
            let next = next.min_by_key(|log| (store.log(*log).owner, store.log(*log).life));
            if let Some(log) = next {
                let record = store.log(log);
                let same = (record.owner, record.life) == (at.owner, at.life);
                return Some((log, if same { at.after } else { 0 }));
            }
            if last == u64::MAX {
                return None;
            }
            (first, stretch) = (last, stretch.saturating_mul(2));
        }
    }
}
