//! Who are all the others? A walk through the list of members, from page to page and from member to member.

use super::apply::Via;
use super::outbox::{Outgoing, Receiver, What};
use super::receive::Sender;
use super::tick::Timer;
use super::{Node, Phase};
use crate::membership::{PAGES_AT_ONCE, Progress, Walk, Why};
use crate::time::Instant;
use crate::wire::{Cookie, RawPage, SeedStatus};

/// One down for so many that are up may be the other side of a partition.
const HALF_FROM_ONE_IN: u32 = 8;

impl Node {
    /// Walks the pages of a member: to get in, or to find the members of the other half of a cluster that was cut.
    pub(super) fn begin_walk(&mut self, now: Instant, sender: Sender, cookie: &Cookie) {
        // One that is held up is in step; one of a few that are down speaks for itself.
        let known =
            sender.slot.is_some_and(|slot| self.table.get(slot).state.is_up() || !self.may_be_half_of_a_cluster());
        let wanted = match self.phase {
            Phase::Joining => self.join.checking_until.is_none() && !self.walks_state(),
            Phase::Joined => !known,
            Phase::Idle | Phase::Leaving | Phase::Left => false,
        };
        if !wanted || self.join.walk.is_some() {
            return;
        }
        let peer = (sender.id, sender.boot, sender.addr);
        let mut walk = Walk::new(peer, cookie.nonce, cookie.cookie, now);
        if self.phase == Phase::Joined {
            walk.pages = PAGES_AT_ONCE;
        }
        walk.ask(now);
        self.ask_pages(now, walk);
    }

    /// Whether so many are down that they may be a cluster of their own.
    fn may_be_half_of_a_cluster(&self) -> bool {
        self.roster.down_len() * HALF_FROM_ONE_IN >= self.up_count()
    }

    fn ask_pages(&mut self, now: Instant, walk: Walk) {
        let what =
            What::PageRequest { nonce: walk.nonce, cookie: walk.cookie, cursor: walk.cursor(), pages: walk.pages };
        let receiver = Receiver::Stranger(Some(walk.peer.1));
        self.push(Outgoing { to: walk.peer.2, receiver, what });
        self.join.walk = Some(walk);
        self.arm(Timer::Join, now + self.params.ack_prior);
    }

    /// Nothing more has come for a while: asks again, or somebody else.
    pub(super) fn walk_on(&mut self, now: Instant, mut walk: Walk) {
        if !walk.ask(now) {
            // It answers no more: another seed may. While it was asked nobody else was: whoever was met is company from now on,
            // or has become a member meanwhile.
            self.join.doors.iter_mut().filter(|d| d.addr == walk.peer.2).for_each(|d| d.answer = None);
            self.join.company_since = None;
            self.arm(Timer::Join, now);
        } else if walk.is_stuck() == walk.next_nonce.is_none() {
            // A hello that is not answered goes to somebody else at first; in the long run both ways are tried in turn.
            self.walk_elsewhere(now, walk);
        } else {
            self.stay(now, walk);
        }
    }

    /// Says hello to a member that the walk has come upon, which shall go on from here. Two halves of a cluster that find
    /// each other have only the one at the door.
    fn walk_elsewhere(&mut self, now: Instant, mut walk: Walk) {
        let mut other = [0];
        let table = &self.table;
        let elsewhere = |slot| table.addr(slot) != walk.peer.2;
        let found = self.phase == Phase::Joining && self.roster.sample(&mut self.rng, &mut other, elsewhere) == 1;
        if !found {
            self.stay(now, walk);
            return;
        }
        let nonce = self.rng.next_u64().max(1);
        walk.next_nonce = Some(nonce);
        self.join.walk = Some(walk);
        let to = self.table.addr(other[0]);
        self.push(Outgoing { to, receiver: Receiver::Stranger(None), what: What::Hello { nonce } });
        self.arm(Timer::Join, now + self.params.ack_prior);
    }

    /// Goes on with the same member: there is nobody else, or whoever was asked is not a member or does not answer. In a
    /// restart of everybody most of those who are listed are joining themselves.
    fn stay(&mut self, now: Instant, mut walk: Walk) {
        walk.next_nonce = None;
        walk.pages = PAGES_AT_ONCE;
        self.ask_pages(now, walk);
    }

    /// The member that shall go on has answered.
    pub(super) fn walk_with(&mut self, now: Instant, sender: Sender, cookie: &Cookie) {
        let Some(mut walk) = self.join.walk.take() else { return };
        match cookie.status {
            SeedStatus::Joined | SeedStatus::Full => {
                walk.go_on_with((sender.id, sender.boot, sender.addr), cookie.nonce, cookie.cookie);
                walk.ask(now);
                self.ask_pages(now, walk);
            }
            SeedStatus::Joining | SeedStatus::Taken => self.stay(now, walk),
        }
    }

    /// A page of the walk: its profiles follow in the same datagram. Says how these are to be taken.
    pub(super) fn on_page(&mut self, now: Instant, sender: Sender, raw: &RawPage) -> Option<Via> {
        let walk = self.join.walk.as_mut().filter(|w| w.nonce == raw.nonce.get() && w.peer.1 == sender.boot);
        let Some(walk) = walk else {
            self.counters.late_answers += 1;
            return None;
        };
        self.counters.pages_received += 1;
        match walk.page(raw.cursor.get(), raw.next.get()) {
            Progress::Done | Progress::Wait => {}
            Progress::AskMore => {
                let mut walk = *walk;
                walk.ask(now);
                self.walk_elsewhere(now, walk);
            }
        }
        Some(Via::Held { holder: sender.id, spread: self.phase == Phase::Joined })
    }

    /// Everything is known that others hold: visible from here on, unless somebody lives under this name.
    pub(super) fn finish_joining(&mut self, now: Instant) {
        match self.join.rival {
            Some((addr, _)) if self.join.doors.add(addr, Why::Rival).is_some() => {
                self.join.checking_until = Some(now + self.params.conflict_wait);
                self.arm(Timer::Join, now);
            }
            Some(_) | None => self.become_member(now),
        }
    }

    /// Once the last page has been taken: visible, or merged.
    pub(super) fn finish_walk(&mut self, now: Instant) {
        let Some(walk) = self.join.walk.filter(Walk::is_done) else { return };
        self.join.walk = None;
        match self.phase {
            Phase::Joining if self.join.state_there => {
                self.disarm(Timer::Join);
                self.walk_state(now, (walk.peer.1, walk.peer.2), walk.cookie);
            }
            Phase::Joining => self.finish_joining(now),
            Phase::Joined => {
                self.disarm(Timer::Join);
                // Introduce oneself to the one that was walked: it does not know who asked.
                self.table.find(walk.peer.0).into_iter().for_each(|slot| self.probe(now, slot));
            }
            Phase::Idle | Phase::Leaving | Phase::Left => {}
        }
    }
}
