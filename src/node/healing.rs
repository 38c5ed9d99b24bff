//! Is anybody out there? The dead, the forgotten and the seeds are tried in turn, for ever and at a fixed low rate (R17).

use core::net::SocketAddr;

use super::outbox::{Outgoing, Receiver, What};
use super::tick::Timer;
use super::{Node, Phase};
use crate::id::Incarnation;
use crate::membership::Why;
use crate::time::Instant;
use crate::wire::{Profile, State};

/// How many times the interval a node waits that has nobody to look for.
const IDLE_FACTOR: u32 = 8;

impl Node {
    pub(super) fn on_revive_timer(&mut self, now: Instant) {
        self.revived = self.revived.wrapping_add(1);
        let tried = match self.revived % 3 {
            0 => self.try_down(now) || self.try_forgotten() || self.try_seed(),
            1 => self.try_forgotten() || self.try_seed() || self.try_down(now),
            2.. => self.try_seed() || self.try_down(now) || self.try_forgotten(),
        };
        // One attempt each time, whatever the cluster's size: recovery does not depend on it (R18).
        let wait = self.params.revive_interval;
        let jitter = wait.permille(u64::from(self.rng.below(100)));
        if tried {
            self.counters.revivals_tried += 1;
            self.arm(Timer::Revive, now + wait + jitter);
        } else {
            // Everybody who is known of is here: look again more rarely. Whoever goes down shortens this.
            self.arm(Timer::Revive, now + wait * IDLE_FACTOR + jitter);
        }
    }

    /// Pings one of the dead: the ping tells it what is said of it. And says hello at its address: another start of it may
    /// live there, which no ping to the dead one reaches.
    fn try_down(&mut self, now: Instant) -> bool {
        let Some(slot) = self.roster.next_down().filter(|slot| self.table.get(*slot).state == State::Dead) else {
            return false;
        };
        self.probe(now, slot);
        let addr = self.table.addr(slot);
        self.knock_once(addr);
        true
    }

    /// Says hello at an address that is not to be remembered: the next attempt takes the place of this one.
    fn knock_once(&mut self, addr: SocketAddr) -> bool {
        self.join.doors.retain(|door| door.why != Why::Revive);
        let found = self.join.doors.add(addr, Why::Revive).is_some();
        if found {
            self.knock_at(addr);
        }
        found
    }

    /// Says hello where somebody lived who has been forgotten.
    fn try_forgotten(&mut self) -> bool {
        let Some(entry) = self.book.next() else { return false };
        self.knock_once(entry.addr)
    }

    /// Somebody who was held dead here, and forgotten, is said to be up in that very life: old news, or the other half of a
    /// cluster that was cut. Only the subject can tell: it is told the number at which it was buried. If it lives it goes
    /// above that, and the one refutation is good for everybody; two halves would else have to meet one by one (R18).
    pub(super) fn tell_of_its_death(&mut self, now: Instant, profile: &Profile<'_>, floor: Incarnation) {
        let may = self.phase == Phase::Joined && floor.life() == profile.claim.incarnation.life();
        if may && self.budgets.repair.spend(now, 1) {
            let what = What::Obituary { subject: profile.claim.subject, at: floor };
            self.push(Outgoing { to: profile.addr, receiver: Receiver::Stranger(Some(profile.boot)), what });
        }
    }

    /// Says hello at a seed that is not among the members.
    fn try_seed(&mut self) -> bool {
        let Some(door) = self.join.doors.next_seed() else { return false };
        let addr = door.addr;
        let (table, roster) = (&self.table, &self.roster);
        let is_there = |slot: &u32| roster.is_up(*slot) && table.addr(*slot) == addr;
        // Where it was found the last time; only who has moved or come anew is searched for among all.
        door.member = door.member.filter(is_there).or_else(|| roster.up().iter().copied().find(is_there));
        let known = door.member.is_some();
        if !known {
            self.knock_at(addr);
        }
        !known
    }
}
