//! What do all the others hold? A walk through everything, before this node is a member: from there on it hears what is new.

use super::super::outbox::{Outgoing, Receiver, What};
use super::super::receive::Sender;
use super::super::tick::Timer;
use super::super::{Node, Phase};
use crate::error::DropReason;
use crate::id::{BootId, NodeId};
use crate::time::Instant;
use crate::wire::{Kind, RawStatePage, RawStateSpan, RawStateWalk, SECTION_HEADER, StatePoint, Writer};

/// Datagrams asked for at once.
const WINDOW: u8 = 32;
/// How often the same stretch is asked for.
const TRIES_MAX: u8 = 5;
/// How many hello intervals a walk may take before this node joins without the rest: what is missing is then repaired.
const WALK_INTERVALS: u32 = 50;

/// A walk under way.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Walk {
    peer: (BootId, core::net::SocketAddr),
    nonce: u64,
    cookie: u64,
    at: StatePoint,
    tries: u8,
    began_at: Instant,
}

impl Node {
    /// Whether pages of one who is no member to this node yet are taken: it is asked for them.
    pub(super) fn walks_state_with(&self, sender: Sender) -> bool {
        self.states.walk.is_some_and(|walk| walk.peer.0 == sender.boot)
    }

    /// Begins to walk through what a member holds.
    pub(in super::super) fn walk_state(&mut self, now: Instant, peer: (BootId, core::net::SocketAddr), cookie: u64) {
        let nonce = self.rng.next_u64();
        self.states.walk = Some(Walk { peer, nonce, cookie, at: StatePoint::START, tries: 0, began_at: now });
        self.counters.state_walks += 1;
        self.ask_for_state(now);
    }

    fn ask_for_state(&mut self, now: Instant) {
        let Some(walk) = &mut self.states.walk else { return };
        walk.tries += 1;
        let late = now.since(walk.began_at) > self.params.hello_interval * WALK_INTERVALS;
        if walk.tries > TRIES_MAX || late {
            self.end_state_walk(now);
            return;
        }
        let (boot, to) = walk.peer;
        self.push(Outgoing { to, receiver: Receiver::Stranger(Some(boot)), what: What::StateWalk });
        self.arm(Timer::StateWalk, now + self.params.ack_prior);
    }

    pub(in super::super) fn write_state_walk(&mut self, writer: &mut Writer<'_>) {
        let Some(walk) = &self.states.walk else { return };
        let request = RawStateWalk::new(walk.nonce, walk.cookie, walk.at, WINDOW);
        self.put(writer, Kind::StateWalk, &request);
    }

    pub(in super::super) fn on_state_walk_timer(&mut self, now: Instant) {
        self.ask_for_state(now);
    }

    /// Once the last stretch has been taken.
    pub(in super::super) fn finish_state_walk(&mut self, now: Instant) {
        if self.states.walk.is_some_and(|walk| walk.at.owner == StatePoint::END.owner) {
            self.end_state_walk(now);
        }
    }

    /// What has been missed on the way is repaired as any difference is.
    fn end_state_walk(&mut self, now: Instant) {
        self.states.walk = None;
        self.disarm(Timer::StateWalk);
        if self.phase == Phase::Joining {
            self.finish_joining(now);
        }
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
        let Some(walk) = self.states.walk.as_mut().filter(|w| w.nonce == span.nonce() && w.peer.0 == sender.boot)
        else {
            self.counters.late_answers += 1;
            return;
        };
        // A stretch that was lost is repaired later: its pages are not waited for.
        if span.to() > walk.at {
            (walk.at, walk.tries) = (span.to(), 0);
        }
        if walk.at.owner == StatePoint::END.owner {
            // The pages of this datagram come behind the span: it ends once they have been taken.
            return;
        }
        if span.is_last() {
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
            at = StatePoint { owner: record.owner, life: record.life, after: upto };
            if upto < record.complete {
                return at;
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
            record.entries > 0 && (later || same) && record.complete > after
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
