//! How does one get in? Hello, cookie, pages (`walking`), and only then visible.

use core::net::SocketAddr;

use super::outbox::{Outgoing, Receiver, What};
use super::receive::Sender;
use super::tick::Timer;
use super::{Node, Phase};
use crate::error::{DropReason, Refusal};
use crate::event::Event;
use crate::id::Incarnation;
use crate::membership::{Capacity, Door, Form, JoinRefusal, ME, Why};
use crate::time::{Instant, Span};
use crate::wire::{Cookie, Hello, RawCookie, SeedStatus};

/// Hellos at the first interval before it begins to double.
const EAGER_TRIES: u32 = 10;
/// How many times the first interval the longest is.
const BACKOFF_MAX: u32 = 50;

impl Node {
    pub(super) fn on_join(&mut self, now: Instant, seeds: &[SocketAddr]) -> Result<(), Refusal> {
        match self.phase {
            Phase::Idle | Phase::Joining | Phase::Joined => {}
            Phase::Leaving | Phase::Left => return Err(Refusal::NotRunning),
        }
        let mine = self.table.addr(ME);
        let max = self.params.limits.seeds;
        for seed in seeds.iter().filter(|seed| **seed != mine) {
            self.join.doors.add(*seed, Why::Seed).ok_or(Refusal::TooManySeeds { max })?;
            if self.phase == Phase::Joined {
                self.knock_at(*seed);
            }
        }
        if self.phase == Phase::Idle {
            self.phase = Phase::Joining;
            self.start_joining(now);
        }
        Ok(())
    }

    pub(super) fn start_joining(&mut self, now: Instant) {
        self.join.started_at = now;
        self.join.company_since = None;
        self.join.tries = 0;
        self.arm(Timer::Join, now);
        if self.may_found(now) {
            self.become_member(now);
        } else {
            self.knock(now);
        }
    }

    pub(super) fn on_join_timer(&mut self, now: Instant) {
        if let Some(walk) = self.join.walk.take() {
            self.walk_on(now, walk);
            return;
        }
        if self.phase != Phase::Joining || self.walks_state() {
            return;
        }
        match self.join.checking_until {
            Some(until) if now >= until => self.become_member(now),
            Some(until) => {
                self.knock_at_rivals();
                self.arm(Timer::Join, until.min(now + self.params.hello_interval));
            }
            None => self.knock(now),
        }
    }

    /// Asks at every door, or founds a cluster where that is right.
    fn knock(&mut self, now: Instant) {
        let fresh = self.params.hello_interval * (2 * EAGER_TRIES) + self.params.ack_ceiling;
        self.join.doors.retain(|d| match d.why {
            Why::Seed => true,
            Why::Heard => d.answer.is_some_and(|(_, at, _)| now.since(at) <= fresh),
            Why::Rival | Why::Revive => false,
        });
        let joins_too = |d: &Door| matches!(d.answer, Some((_, at, SeedStatus::Joining)) if now.since(at) <= fresh);
        if !self.join.doors.iter().any(joins_too) {
            self.join.company_since = None;
        }
        if self.may_found(now) {
            self.become_member(now);
            return;
        }
        for place in 0..self.params.limits.seeds as usize {
            // Who has only been heard is asked once until it answers: a forged hello shall not be worth many of ours.
            let asked = |d: &Door| d.is_self || d.why == Why::Heard && d.nonce != 0;
            let addr = self.join.doors.get_mut(place).filter(|d| !asked(d)).map(|d| d.addr);
            addr.into_iter().for_each(|addr| self.knock_at(addr));
        }
        let doubled = self.join.tries.saturating_sub(EAGER_TRIES).min(6);
        let wait = self.params.hello_interval * (1 << doubled).min(BACKOFF_MAX);
        self.join.tries = self.join.tries.saturating_add(1);
        // Joiners that were started together shall not knock together for ever.
        let jitter = wait.permille(u64::from(self.rng.below(250)));
        self.arm(Timer::Join, now + wait + jitter);
    }

    /// Says hello at an address that is among the doors. The nonce stays the same until it is answered: an answer may take
    /// longer than the interval.
    pub(super) fn knock_at(&mut self, addr: SocketAddr) {
        let drawn = self.rng.next_u64().max(1);
        let Some(door) = self.join.doors.iter_mut().find(|d| d.addr == addr) else { return };
        if door.nonce == 0 {
            door.nonce = drawn;
        }
        let what = What::Hello { nonce: door.nonce };
        self.push(Outgoing { to: addr, receiver: Receiver::Stranger(None), what });
    }

    fn knock_at_rivals(&mut self) {
        if let Some((addr, _)) = self.join.rival {
            self.knock_at(addr);
        }
    }

    /// Waits for as long as somebody who was refused waits. Whoever is met meanwhile is new company: all doors are asked again
    /// before a cluster is founded with it.
    pub(super) fn knock_rarely(&mut self, now: Instant) {
        self.join.company_since = None;
        self.join.tries = EAGER_TRIES + 6;
        self.arm(Timer::Join, now + self.params.hello_interval * BACKOFF_MAX);
    }

    /// Whether this node may found a cluster: at once where it has no seeds; else together with others that are joining,
    /// being the one of the smallest id, once every seed has said that it is joining too or has been silent for long.
    /// Never alone while there are seeds.
    fn may_found(&self, now: Instant) -> bool {
        let fresh = self.params.hello_interval * (2 * EAGER_TRIES) + self.params.ack_ceiling;
        let mut others = self.join.doors.iter().filter(|d| !d.is_self).peekable();
        if others.peek().is_none() {
            return true;
        }
        let waited = now.since(self.join.started_at);
        let long_enough = waited >= self.params.cold_start_wait;
        let (mut joiners, mut silent, mut smallest, mut members) = (0, 0, true, false);
        for door in others {
            match door.answer.filter(|(_, at, _)| now.since(*at) <= fresh) {
                Some((id, _, SeedStatus::Joining)) => {
                    joiners += 1;
                    smallest &= self.me.id < id;
                }
                Some((_, _, SeedStatus::Joined | SeedStatus::Full | SeedStatus::Taken)) => members = true,
                None => silent += u32::from(door.why == Why::Seed),
            }
        }
        // Who joins too may be a member of something else the moment after: it is asked again before it counts.
        let lasting = self.join.company_since.is_some_and(|since| now.since(since) >= self.params.hello_interval * 2);
        joiners > 0 && smallest && !members && lasting && (silent == 0 || long_enough)
    }

    /// Somebody else is joining too: one to found a cluster with, or a way into the one that it finds.
    fn note_company(&mut self, now: Instant) {
        if self.phase != Phase::Joining || self.join.company_since.is_some() {
            return;
        }
        self.join.company_since = Some(now);
        self.join.tries = 0;
        if self.join.walk.is_none() && self.join.checking_until.is_none() {
            self.arm_earlier(Timer::Join, now + self.params.hello_interval);
        }
    }

    /// Somebody holds this number of this node's name.
    pub(super) fn note_held(&mut self, held: Incarnation) {
        if !held.plausible_after(Incarnation::default()) {
            self.counters.claims_implausible += 1;
            return;
        }
        self.join.held = Some(self.join.held.map_or(held, |h| h.max(held)));
    }

    /// This node's own datagram has come back from an address: a seed that is this node itself.
    pub(super) fn note_own_door(&mut self, from: SocketAddr) {
        self.join.doors.iter_mut().filter(|d| d.addr == from).for_each(|d| d.is_self = true);
    }

    pub(super) fn on_hello(&mut self, now: Instant, sender: Sender, hello: Hello) -> Result<(), DropReason> {
        let full = self.is_full_for(sender);
        let status = match self.phase {
            _ if sender.id == self.me.id => match self.meet_namesake(now, sender, &hello) {
                Some(status) => status,
                None => return Ok(()),
            },
            Phase::Joining => SeedStatus::Joining,
            Phase::Joined if full.is_none() => SeedStatus::Joined,
            Phase::Joined => SeedStatus::Full,
            Phase::Idle | Phase::Leaving | Phase::Left => return Err(DropReason::NotRunning),
        };
        if status == SeedStatus::Joining && !hello.joined {
            // It is joining as well: one to found a cluster with.
            let answer = Some((sender.id, now, SeedStatus::Joining));
            let place = self.join.doors.add(sender.addr, Why::Heard);
            let door = place.and_then(|place| self.join.doors.get_mut(place));
            if let Some(door) = door {
                door.answer = answer;
                // One more hello of its own is worth one more of ours.
                door.nonce = 0;
            }
            self.note_company(now);
        }
        if !self.budgets.strangers.spend(now, 1) {
            return Err(DropReason::OverBudget);
        }
        if let Some(capacity) = full.filter(|_| status == SeedStatus::Full) {
            self.refuse_member(now, sender.id, capacity);
        }
        self.counters.hellos_answered += 1;
        self.answer(sender, What::Cookie { nonce: hello.nonce, asker: sender.id, status })
    }

    /// What there is not enough of to let somebody in whose texts, not known yet, are as long as this node's own.
    fn is_full_for(&self, sender: Sender) -> Option<Capacity> {
        let own = self.table.profile(ME, self.table.get(ME).claim()).text_len();
        let welcome = self.table.find(sender.id).is_some() || self.roster.down_len() > 0;
        self.table.lacks(own).filter(|_| !welcome)
    }

    pub(super) fn on_cookie(&mut self, now: Instant, sender: Sender, raw: &RawCookie) {
        let Some(cookie) = raw.get() else { return };
        let id = sender.id;
        if self.join.walk.is_some_and(|walk| walk.next_nonce == Some(cookie.nonce)) {
            self.note_held_by(&cookie);
            self.walk_with(now, sender, &cookie);
            return;
        }
        let Some(door) = self.join.doors.by_nonce(cookie.nonce) else {
            self.counters.late_answers += 1;
            return;
        };
        door.nonce = 0;
        door.answer = Some((id, now, cookie.status));
        if id == self.me.id {
            self.namesake_answers(now, sender, cookie.status);
            return;
        }
        self.note_held_by(&cookie);
        match cookie.status {
            SeedStatus::Joined => self.begin_walk(now, sender, &cookie),
            SeedStatus::Full if self.phase == Phase::Joining => {
                self.emit(Event::JoinRefused { reason: JoinRefusal::Full, by: sender.addr });
                self.knock_rarely(now);
            }
            SeedStatus::Joining => self.note_company(now),
            SeedStatus::Full | SeedStatus::Taken => {}
        }
    }

    /// What the one who answers holds of this node's name counts while this node is joining.
    fn note_held_by(&mut self, cookie: &Cookie) {
        let Some(held) = cookie.held.filter(|_| self.phase == Phase::Joining) else { return };
        self.note_held(held.incarnation);
        let elsewhere = held.addr.filter(|addr| held.state.is_up() && *addr != self.table.addr(ME));
        if let Some(addr) = elsewhere.filter(|_| held.boot != self.me.boot) {
            self.join.rival = Some((addr, held.boot));
        }
    }

    /// Visible from here on: one life above the last that anybody holds of this name.
    pub(super) fn become_member(&mut self, now: Instant) {
        let own = self.table.get(ME).incarnation;
        let held = self.join.held.map_or(own, |held| held.max(own));
        let Some(incarnation) = held.max(self.last_written_life()).next_life() else { return };
        self.phase = Phase::Joined;
        self.rumors_begin(now);
        self.drop_state_walk();
        self.join.checking_until = None;
        self.join.rival = None;
        self.disarm(Timer::Join);
        self.join.doors.retain(|d| d.why == Why::Seed);
        let member = self.table.get_mut(ME);
        member.incarnation = incarnation;
        member.state = crate::wire::State::Alive;
        self.owner_came(ME);
        self.refingerprint(now, ME);
        self.note_changed(ME);
        self.announce(now, ME, Form::Profile, None);
        self.join.known_from = now + self.settle_time();
        let phase = Span::nanos(self.rng.next_u64() % self.params.probe_interval.as_nanos().max(1));
        self.arm(Timer::Probe, self.probe_round(now + phase));
        self.arm(Timer::Revive, now + self.params.revive_interval + phase);
        self.emit(Event::Joined { members: self.up_count() });
    }
}

impl Hello {
    /// Whether the one who says this keeps a name that `other` claims too: a member before a joiner, then who has run for
    /// longer, then the smaller boot id.
    pub(super) fn outranks(&self, boot: u64, other: &Self, other_boot: u64) -> bool {
        let rank = |hello: &Self, boot: u64| (hello.joined, hello.uptime_ms, core::cmp::Reverse(boot));
        rank(self, boot) > rank(other, other_boot)
    }
}
