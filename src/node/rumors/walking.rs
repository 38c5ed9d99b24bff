//! Do we have the same of everybody? A walk through all origins with a peer whose root differs.
//!
//! Digests travel while there is news. Who was away until long after learns from the root in each header that it lacks something,
//! and walks the id space with the peer, one datagram of digests after the other. So does a node that has joined: there it
//! learns where the rumors of others begin for it.

use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use super::super::tick::Timer;
use super::super::{Node, Phase};
use crate::error::DropReason;
use crate::id::{BootId, NodeId};
use crate::time::{Instant, Span};
use crate::wire::{Kind, RawDigest, RawRumorPage, RawRumorSync, RumorPage, SECTION_HEADER, Writer};

/// How often one page is asked for.
const TRIES_MAX: u8 = 3;
/// How often the wait between walks that teach nothing doubles.
const DOUBLINGS: u32 = 6;

/// A walk under way.
#[derive(Debug)]
pub(super) struct Walk {
    peer: u32,
    boot: BootId,
    nonce: u32,
    from: NodeId,
    tries: u8,
    /// What this node had counted before: whether the walk teaches anything.
    learned: bool,
}

/// When walks may begin.
#[derive(Debug)]
pub(super) struct Pace {
    not_before: Instant,
    in_vain: u32,
}

impl Pace {
    pub(super) const fn new(now: Instant) -> Self {
        Self { not_before: now, in_vain: 0 }
    }
}

impl Node {
    /// Compares the root in a peer's header with this node's.
    pub(in super::super) fn compare_rumors(&mut self, now: Instant, slot: u32, theirs: u16, ours: u16) {
        if self.phase != Phase::Joined {
            return;
        }
        if !self.params.rumor_digests {
            self.rumors.starting = false;
            return;
        }
        if theirs == ours {
            self.rumors.walks.in_vain = 0;
            if self.rumors.starting && now.since(self.rumors.root_changed_at) >= self.settle_time() {
                self.rumors.starting = false;
            }
            return;
        }
        let settle = self.settle_time();
        let rumors = &self.rumors;
        // Where something has just changed healthy nodes differ too. Who has just joined knows that it lacks everything.
        let stable = now.since(rumors.root_changed_at) >= settle * 2 || rumors.starting;
        if !stable || rumors.walk.is_some() || now < rumors.walks.not_before {
            return;
        }
        let boot = self.table.get(slot).boot;
        let nonce = self.rng.next_u32();
        self.counters.rumor_walks += 1;
        let from = NodeId::from_u64(0);
        self.rumors.walk = Some(Walk { peer: slot, boot, nonce, from, tries: 0, learned: false });
        self.ask_for_origins(now);
    }

    fn ask_for_origins(&mut self, now: Instant) {
        let Some(walk) = &mut self.rumors.walk else { return };
        walk.tries += 1;
        let (peer, boot) = (walk.peer, walk.boot);
        let there = self.table.at(peer).is_some_and(|member| member.boot == boot && member.state.is_up());
        if !there || self.rumors.walk.as_ref().is_some_and(|walk| walk.tries > TRIES_MAX) {
            self.end_walk(now, false);
            return;
        }
        self.push_to(peer, What::RumorSync);
        let wait = self.ack_timeout(peer);
        self.arm(Timer::RumorWalk, now + wait);
    }

    pub(in super::super) fn on_rumor_walk_timer(&mut self, now: Instant) {
        self.ask_for_origins(now);
    }

    fn end_walk(&mut self, now: Instant, done: bool) {
        let Some(walk) = self.rumors.walk.take() else { return };
        self.disarm(Timer::RumorWalk);
        let settle = self.settle_time();
        let pace = &mut self.rumors.walks;
        pace.in_vain = if walk.learned { 0 } else { (pace.in_vain + 1).min(DOUBLINGS) };
        let wait: Span = settle * (1 << pace.in_vain);
        pace.not_before = if done { now + wait } else { now };
        if done {
            self.rumors.starting = false;
        }
    }

    pub(in super::super) fn write_rumor_sync(&mut self, writer: &mut Writer<'_>) {
        let Some(walk) = &self.rumors.walk else { return };
        let request = RawRumorSync { nonce: walk.nonce.into(), from: walk.from.as_u64().into() };
        self.put(writer, Kind::RumorSync, &request);
    }

    pub(in super::super) fn on_rumor_sync(&mut self, sender: Sender, raw: &RawRumorSync) -> Result<(), DropReason> {
        if sender.slot.is_none() {
            return Err(DropReason::UnknownSender);
        }
        let what = What::RumorPage { nonce: raw.nonce.get(), from: NodeId::from_u64(raw.from.get()) };
        let queued = self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
        if queued { Ok(()) } else { Err(DropReason::NoRoom) }
    }

    /// Digests of all origins from an id on, as far as one datagram reaches.
    pub(in super::super) fn write_rumor_page(
        &mut self,
        now: Instant,
        nonce: u32,
        from: NodeId,
        writer: &mut Writer<'_>,
    ) {
        let room = writer.remaining().saturating_sub(SECTION_HEADER + size_of::<RawRumorPage>());
        let most = (room / size_of::<RawDigest>()).min(usize::from(u8::MAX) - 1);
        let mut last = NodeId::from_u64(u64::MAX);
        while self.rumors.origins.range(from, last).count() > most && from < last {
            let (a, b) = (from.as_u64(), last.as_u64());
            last = NodeId::from_u64(a + (b - a) / 2);
        }
        self.put(writer, Kind::RumorPage, &RawRumorPage::new(nonce, from, last));
        for origin in self.rumors.origins.range(from, last).take(most).filter(|origin| self.is_current(now, *origin)) {
            let written = writer.extend(Kind::RumorPage, &RawDigest::new(&self.digest_of(origin)));
            debug_assert!(written, "room was counted");
        }
    }

    pub(in super::super) fn on_rumor_page(&mut self, now: Instant, sender: Sender, page: &RumorPage<'_>) {
        let Some(walk) = &self.rumors.walk else {
            self.counters.late_answers += 1;
            return;
        };
        if walk.nonce != page.nonce() || walk.from != page.first() {
            self.counters.late_answers += 1;
            return;
        }
        let before = (self.rumors.origins.len(), self.counters.rumors_asked);
        self.on_rumor_digests(now, sender, page.digests);
        let learned = before != (self.rumors.origins.len(), self.counters.rumors_asked);
        let next = page.last().as_u64().checked_add(1);
        let Some(walk) = &mut self.rumors.walk else { return };
        walk.learned |= learned;
        match next {
            Some(next) => {
                (walk.from, walk.tries) = (NodeId::from_u64(next), 0);
                self.ask_for_origins(now);
            }
            None => self.end_walk(now, true),
        }
    }
}
