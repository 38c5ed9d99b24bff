//! Who keeps the name? Two live processes under one name find each other and one of them gives way, loudly.

use core::net::SocketAddr;

use super::receive::Sender;
use super::tick::Timer;
use super::{Node, Phase};
use crate::event::Event;
use crate::id::{BootId, Incarnation};
use crate::membership::{JoinRefusal, ME, Why};
use crate::time::Instant;
use crate::wire::{Hello, SeedStatus};

impl Node {
    /// What this node would say of itself in a hello.
    pub(super) fn own_hello(&self, now: Instant, nonce: u64) -> Hello {
        Hello {
            nonce,
            incarnation: self.table.get(ME).incarnation,
            uptime_ms: self.uptime(now).as_millis(),
            joined: self.phase == Phase::Joined,
        }
    }

    /// A hello from a living process of this node's own name. The status to answer with; `None` for no answer.
    pub(super) fn meet_namesake(&mut self, now: Instant, sender: Sender, hello: &Hello) -> Option<SeedStatus> {
        let mine = self.own_hello(now, hello.nonce);
        let keep = mine.outranks(self.me.boot.as_u64(), hello, sender.boot.as_u64());
        let status = match self.phase {
            Phase::Joined | Phase::Joining if keep => SeedStatus::Taken,
            // Tells the other that there was a conflict; it is the one that stays.
            Phase::Joined | Phase::Joining => SeedStatus::Joining,
            Phase::Idle | Phase::Leaving | Phase::Left => return None,
        };
        let new = self.report_conflict(sender, keep);
        if !keep {
            self.give_up_name(now, sender.addr, new);
        }
        Some(status)
    }

    /// The other process of this name has answered a hello of this node's.
    ///
    /// A hello is as old as its way was long. Two that were started within that time of each other both find themselves to
    /// be the older one, and say so: then, and both know it, the smaller boot id keeps the name.
    pub(super) fn namesake_answers(&mut self, now: Instant, sender: Sender, status: SeedStatus) {
        let both_keep = self.join.conflict_with == Some((sender.boot, true));
        let keep = match status {
            SeedStatus::Taken => both_keep && self.me.boot < sender.boot,
            SeedStatus::Joining | SeedStatus::Joined | SeedStatus::Full => true,
        };
        let new = self.report_conflict(sender, keep);
        if !keep {
            self.give_up_name(now, sender.addr, new);
        }
    }

    /// Tells of a conflict once for each start of the other; whether this is that once.
    fn report_conflict(&mut self, sender: Sender, kept: bool) -> bool {
        let before = self.join.conflict_with.replace((sender.boot, kept));
        let new = before.is_none_or(|(boot, _)| boot != sender.boot);
        if new {
            let ours = self.table.addr(ME);
            self.emit(Event::NameConflict { name: self.me.name, ours, theirs: sender.addr, kept });
        }
        new
    }

    /// Asks at an address where this node's name was seen alive under another start. Each time that the two outbid each
    /// other: the question or its answer may have been lost before.
    pub(super) fn challenge(&mut self, now: Instant, boot: BootId, addr: SocketAddr) {
        if addr == self.table.addr(ME) {
            return;
        }
        self.join.rival = Some((addr, boot));
        if self.join.doors.add(addr, Why::Rival).is_some() && self.budgets.strangers.spend(now, 1) {
            self.knock_at(addr);
        }
    }

    /// The other has run for longer: out of the cluster without a word about the name, which is the other's, and back to
    /// asking, rarely.
    fn give_up_name(&mut self, now: Instant, by: SocketAddr, new: bool) {
        let was_member = self.phase == Phase::Joined;
        if was_member {
            self.forget_everybody(now);
            self.phase = Phase::Joining;
            self.join.started_at = now;
        }
        self.join.walk = None;
        // It would end in joining.
        self.drop_state_walk();
        self.join.checking_until = None;
        self.join.rival = None;
        // The seeds' last word is out of date now: nobody founds on it.
        self.join.doors.iter_mut().for_each(|d| d.answer = None);
        self.join.doors.add(by, Why::Seed);
        // Both ask each other, and it goes on asking: refused once, not at each answer.
        if new || was_member {
            self.emit(Event::JoinRefused { reason: JoinRefusal::NameTaken, by });
        }
        self.knock_rarely(now);
    }

    fn forget_everybody(&mut self, now: Instant) {
        self.owner_forgotten(now, ME);
        for slot in 1..self.table.end() {
            if self.table.at(slot).is_some() {
                self.release(now, slot);
            }
        }
        self.gossip.forget(ME);
        self.uncount(now, ME);
        self.table.get_mut(ME).incarnation = Incarnation::default();
        self.fresh = None;
        for timer in [Timer::Probe, Timer::Gossip, Timer::Settle, Timer::Revive] {
            self.disarm(timer);
        }
        self.note_changed(ME);
    }
}
