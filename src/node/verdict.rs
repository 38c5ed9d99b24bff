//! Is it dead? Suspicions begin, are confirmed, end in a verdict or in doubt; and this node's own answer to being accused.

use core::net::SocketAddr;
use core::num::NonZeroU16;

use super::tick::Timer;
use super::{Node, Phase};
use crate::event::Event;
use crate::id::{BootId, Incarnation};
use crate::membership::{Evidence, Form, ME, Probe, Suspicion, Tone, supersedes, suspicion_timeout};
use crate::time::{Instant, Span};
use crate::wire::{Claim, State};

/// From this many members on, a death needs two accusers that are up.
pub(crate) const DOUBT_FROM: u32 = 4;
/// For how many of the longest suspicions a single accuser is doubted: who is cut off from everybody must not suspect
/// everybody for ever.
pub(crate) const DOUBT_FACTOR: u32 = 3;
/// How many ack time-outs a probe of a dead member lasts, where all helpers agree: for the first ping, for the helpers, for the
/// last ping.
const LAST_QUESTION_TIMEOUTS: u32 = 3;

impl Node {
    /// This node's own probe has failed.
    pub(super) fn accuse(&mut self, now: Instant, probe: &Probe) {
        let slot = probe.target;
        let my_tag = self.me.id.tag();
        self.counters.accusations += 1;
        if !self.params.suspect_first {
            self.convict(now, slot);
            return;
        }
        let known = self.table.get(slot).state == State::Suspect && self.accuses(slot);
        if self.table.get(slot).state == State::Alive {
            let claim = Claim { state: State::Suspect, accuser: my_tag, ..self.table.get(slot).claim() };
            self.counters.claims_news += 1;
            self.transition(now, slot, &claim, probe.began_at);
        } else if self.suspicion_mut(slot).is_some_and(|suspicion| suspicion.add(my_tag)) {
            self.counters.confirmations += 1;
        }
        let evidence = self.evidence_after(now, probe);
        let counts = self.params.accusers > 0;
        // Who was asked for help and got no answer has evidence of its own.
        let helpers = probe.nacked_by().filter(|_| counts).map(|helper| self.table.get(helper).id.tag());
        if let Some(suspicion) = self.suspicions.get_mut(self.table.get(slot).suspicion) {
            suspicion.evidence = evidence;
            suspicion.refusals = suspicion.refusals.max(probe.refusals());
            helpers.for_each(|tag| {
                suspicion.add(tag);
            });
        }
        self.arm_suspicion(now, slot);
        if !known {
            self.announce_doubt(now, slot, None);
            if self.params.accusers > 0 && !self.is_sure(slot) {
                // Helpers that are silent may be dead too: others are asked, once, so that no suspicion waits for its longest time.
                self.probe(now, slot);
            }
        }
    }

    /// Whether this node is among those who accuse a member.
    pub(super) fn accuses(&self, slot: u32) -> bool {
        self.suspicion(slot).accusers().contains(&self.me.id.tag())
    }

    /// What is held against the member at a place; nothing while it waits for a record.
    pub(super) fn suspicion(&self, slot: u32) -> &Suspicion {
        self.suspicions.get(self.table.get(slot).suspicion)
    }

    fn suspicion_mut(&mut self, slot: u32) -> Option<&mut Suspicion> {
        self.suspicions.get_mut(self.table.get(slot).suspicion)
    }

    pub(super) fn begin_suspicion(&mut self, now: Instant, slot: u32, accuser: u32, since: Instant) {
        self.counters.suspicions += 1;
        let record = self.table.get(slot).suspicion.or_else(|| self.suspicions.open(slot));
        self.table.get_mut(slot).suspicion = record;
        let Some(suspicion) = self.suspicions.get_mut(record) else {
            self.counters.suspicions_waiting += 1;
            return;
        };
        suspicion.begin(since, accuser);
        self.arm_suspicion(now, slot);
        if accuser != self.me.id.tag() && self.rng.below(self.up_count()) < self.params.volunteers {
            // Looks for itself: to confirm with evidence of its own, or to tell the subject what is said of it.
            self.probe(now, slot);
        }
    }

    /// A member is suspected no more. If others wait for its record, the next has it: its time begins now, and nothing that
    /// was said of it before counts. This node looks for itself, as nobody may tell of it any more.
    pub(super) fn end_suspicion(&mut self, now: Instant, slot: u32) {
        let record = self.table.get_mut(slot).suspicion.take();
        self.suspicions.close(slot, record);
        record.into_iter().for_each(|record| self.disarm(Timer::Suspicion(record)));
        while let Some(next) = self.suspicions.next_waiting() {
            let record = self.suspicions.open(next);
            self.table.get_mut(next).suspicion = record;
            self.suspicions.get_mut(record).into_iter().for_each(|suspicion| suspicion.begin(now, 0));
            self.arm_suspicion(now, next);
            self.probe(now, next);
        }
    }

    /// Somebody says what is suspected already: if that is somebody new, the timer shortens and the rest shall know.
    pub(super) fn confirm(&mut self, now: Instant, slot: u32, accuser: u32) {
        let enough = self.suspicion(slot).confirmations() >= self.params.confirmations;
        if !enough && self.suspicion_mut(slot).is_some_and(|suspicion| suspicion.add(accuser)) {
            self.counters.confirmations += 1;
            if self.params.loud_suspicions {
                self.announce_doubt(now, slot, None);
            }
            self.arm_suspicion(now, slot);
        }
    }

    /// The shortest wait from evidence to verdict: the longest pause to forgive, and time for the news of the accusation
    /// to reach the subject and for its answer to reach everybody.
    fn suspicion_min(&mut self) -> Span {
        self.params.pause_to_forgive + self.settle_time() * 2
    }

    /// As many as are configured, or as there are members who could confirm.
    fn confirmations_expected(&self) -> u32 {
        self.params.confirmations.min(self.up_count().saturating_sub(2))
    }

    /// Whether a suspicion is as sure as probes can make it until it is time for the last question.
    pub(super) fn is_sure(&self, slot: u32) -> bool {
        let suspicion = self.suspicion(slot);
        let waits = match suspicion.evidence {
            Evidence::Hearsay | Evidence::Own => true,
            Evidence::Asking | Evidence::Fresh => false,
        };
        let sure = suspicion.confirmations() >= self.confirmations_expected();
        self.params.accusers > 0 && self.table.get(slot).state == State::Suspect && sure && waits
    }

    fn arm_suspicion(&mut self, now: Instant, slot: u32) {
        let Some(record) = self.table.get(slot).suspicion else { return };
        let min = self.suspicion_min();
        let suspicion = self.suspicion(slot);
        let wait = if suspicion.refusals >= 2 && self.live_accusers(slot) >= 2 {
            // Two kernels were told that nobody listens there: one learned time-out is left to say otherwise.
            let p = &self.params;
            self.table.contact(slot).rtt.timeout(p.ack_floor, p.ack_prior, p.ack_ceiling)
        } else {
            // Who has no evidence of its own leaves the verdict to those who have, as long as they may be there.
            let hearsay = self.params.accusers > 0 && suspicion.evidence == Evidence::Hearsay;
            let confirmed = if hearsay { 0 } else { suspicion.confirmations() };
            let expected = self.confirmations_expected();
            suspicion_timeout(min, min * self.params.suspicion_factor, confirmed, expected)
        };
        // Whoever has evidence asks for the last time early enough to have its answer when the time is over.
        let ahead = if self.needs_last_question(slot) && self.suspicion(slot).evidence == Evidence::Own {
            self.ack_timeout(slot) * (self.health.factor() * LAST_QUESTION_TIMEOUTS)
        } else {
            Span::ZERO
        };
        let wait = wait.saturating_sub(ahead);
        // Not before now: a timer that is armed for the past would look like this node's own lag.
        self.arm(Timer::Suspicion(record), (suspicion.since + wait).max(now));
    }

    /// Accusers that are up themselves: an accusation dies with its accuser (R19).
    fn live_accusers(&self, slot: u32) -> u32 {
        let up = |tag: &&u32| {
            **tag == self.me.id.tag()
                || self.table.by_tag(**tag).is_some_and(|a| a != slot && self.table.get(a).state == State::Alive)
        };
        self.suspicion(slot).accusers().iter().filter(up).count() as u32
    }

    /// For how long a single accuser is doubted.
    fn longest_doubt(&mut self) -> Span {
        self.suspicion_min() * (self.params.suspicion_factor * DOUBT_FACTOR)
    }

    /// Whether a failed probe says more of this node than of its target: not one of the helpers has been heard. Once nobody at
    /// all has been heard for very long it counts all the same: who is cut off from everybody must see that.
    fn may_be_cut_off(&mut self, now: Instant, probe: &Probe) -> bool {
        let doubts = self.params.accusers > 0 && self.params.helper_nacks && self.up_count() >= DOUBT_FROM;
        doubts && probe.is_unheard() && !probe.refused && now.since(self.heard_anybody_at) < self.longest_doubt() * 2
    }

    /// What this node knows of a suspect after a probe of its own has failed.
    fn evidence_after(&mut self, now: Instant, probe: &Probe) -> Evidence {
        let before = self.suspicion(probe.target).evidence;
        match before {
            Evidence::Hearsay | Evidence::Own => Evidence::Own,
            Evidence::Asking if self.may_be_cut_off(now, probe) => {
                self.counters.probes_unheard += 1;
                Evidence::Asking
            }
            Evidence::Asking | Evidence::Fresh => Evidence::Fresh,
        }
    }

    /// A suspicion's time is over. Death needs silence since the evidence, a last question of this node's own that nobody
    /// answers, and two accusers where there are enough members to have two.
    pub(super) fn on_suspicion_timer(&mut self, now: Instant, record: NonZeroU16) {
        if self.put_off_by_lag(now, Timer::Suspicion(record)) {
            return;
        }
        let suspicion = *self.suspicions.get(Some(record));
        let (slot, since) = (suspicion.slot(), suspicion.since);
        if self.params.any_proof && self.table.get(slot).heard_at > since {
            self.put_off_by_life(now, slot);
            return;
        }
        if self.needs_last_question(slot) {
            self.ask_last_question(now, record, slot);
            return;
        }
        // A doubt that nobody has settled for long is settled by silence: a refutation would have come by some way.
        let doubtful = self.up_count() >= DOUBT_FROM && now.since(since) < self.longest_doubt();
        let enough = if doubtful { self.params.accusers } else { self.params.accusers.min(1) };
        if self.live_accusers(slot) < enough {
            self.counters.verdicts_put_off_by_doubt += 1;
            self.arm(Timer::Suspicion(record), now + self.params.probe_interval);
            // What it knows will be old by then; and whoever is asked for help now may be the second accuser.
            self.suspicion_mut(slot).into_iter().for_each(|suspicion| suspicion.evidence = Evidence::Own);
            self.announce_doubt(now, slot, None);
            return;
        }
        self.convict(now, slot);
    }

    /// Nobody is convicted on hearsay, nor on what was true a while ago: but for two kernels that have said so, or where one
    /// word is enough.
    fn needs_last_question(&self, slot: u32) -> bool {
        let suspicion = self.suspicion(slot);
        self.params.accusers > 0 && suspicion.refusals < 2 && suspicion.evidence != Evidence::Fresh
    }

    /// If the probe fails the timer is due at once.
    fn ask_last_question(&mut self, now: Instant, record: NonZeroU16, slot: u32) {
        self.counters.last_questions += 1;
        self.suspicion_mut(slot).into_iter().for_each(|suspicion| suspicion.evidence = Evidence::Asking);
        self.arm(Timer::Suspicion(record), now + self.params.probe_interval);
        self.probe(now, slot);
    }

    fn convict(&mut self, now: Instant, slot: u32) {
        self.counters.deaths_declared += 1;
        let claim = Claim { state: State::Dead, accuser: self.me.id.tag(), ..self.table.get(slot).claim() };
        self.transition(now, slot, &claim, now);
        self.announce(now, slot, Form::Claim, None);
    }

    /// A suspect lives, but only its own refutation clears it: it is told once more what is said. Its record goes to the next
    /// who waits, if any does: who lives and cannot be told so must not keep the dead from being declared dead.
    fn put_off_by_life(&mut self, now: Instant, slot: u32) {
        self.counters.verdicts_put_off_by_life += 1;
        if self.suspicions.is_anybody_waiting() {
            self.end_suspicion(now, slot);
            let record = self.suspicions.open(slot);
            debug_assert_eq!(record, None, "it has gone to the next");
        } else {
            let later = now + self.suspicion_min();
            self.suspicion_mut(slot).into_iter().for_each(|suspicion| suspicion.since = now);
            self.table.get(slot).suspicion.into_iter().for_each(|record| self.arm(Timer::Suspicion(record), later));
        }
        self.probe(now, slot);
    }

    /// Somebody speaks of this node. Its own record is never overwritten; it refutes (R4).
    pub(super) fn about_me(&mut self, now: Instant, claim: &Claim, start: Option<(BootId, SocketAddr)>) {
        match self.phase {
            Phase::Joined => {}
            Phase::Joining => {
                self.note_held(claim.incarnation);
                return;
            }
            Phase::Idle | Phase::Leaving | Phase::Left => return,
        }
        let mine = self.table.get(ME).incarnation;
        let other_start = start.map_or(claim.boot != self.me.boot.short(), |(boot, _)| boot != self.me.boot);
        if other_start {
            // By life: nobody takes a second start in a life, however often the start has refuted in it.
            if claim.incarnation.life() >= mine.life() {
                self.outrank(now, claim, start);
            }
            return;
        }
        // Having left is final for a life, however often this node has refuted in it since it was removed.
        if !supersedes((claim.state, claim.incarnation), (State::Alive, mine)) {
            if claim.state == State::Dead {
                // Whoever says so has not heard the answer yet: the ack to this datagram, or whatever leaves next, tells it.
                self.gossip.announce(ME, Form::Aside, Tone::Good);
            }
            self.counters.claims_known += 1;
            return;
        }
        if !claim.incarnation.plausible_after(mine) {
            self.counters.claims_implausible += 1;
            return;
        }
        match claim.state {
            State::Alive | State::Suspect | State::Dead => {
                let Some(above) = claim.incarnation.above() else { return };
                self.health.worse(1);
                if claim.state == State::Dead {
                    self.recant();
                }
                self.raise(now, above, claim.state);
                self.emit(Event::SelfRefuted { incarnation: above });
            }
            State::Left => {
                // Removed while it lives (R15). Having left is final for a life: a new one begins.
                let Some(next) = claim.incarnation.next_life() else { return };
                self.raise(now, next, claim.state);
                self.emit(Event::SelfRemoved { incarnation: next });
            }
        }
    }

    /// Another start of this name is on record at or above this node's number: go above it (R1), and find out whether it
    /// lives.
    fn outrank(&mut self, now: Instant, claim: &Claim, start: Option<(BootId, SocketAddr)>) {
        let mine = self.table.get(ME).incarnation;
        if !claim.incarnation.plausible_after(mine) {
            self.counters.claims_implausible += 1;
            return;
        }
        let Some(next) = claim.incarnation.next_life() else { return };
        if let Some((boot, addr)) = start.filter(|_| claim.state.is_up()) {
            self.challenge(now, boot, addr);
        }
        self.raise(now, next, claim.state);
        self.emit(Event::SelfRefuted { incarnation: next });
    }

    /// Somebody holds something of a life of this name that is not of this process, as late as its own or later: go above it (R1).
    pub(super) fn outlive(&mut self, now: Instant, life: u32) {
        let (mine, theirs) = (self.table.get(ME).incarnation, Incarnation::new(life, 0));
        if self.phase != Phase::Joined || theirs.life() > mine.life() && !theirs.plausible_after(mine) {
            self.counters.claims_implausible += 1;
            return;
        }
        let Some(next) = theirs.max(mine).next_life() else { return };
        self.raise(now, next, State::Dead);
        self.emit(Event::SelfRefuted { incarnation: next });
    }

    /// This node was held dead: it may have been cut off, and whom it has declared dead meanwhile may live. It does not tell
    /// of the dead any more; if they live they are told, and refute.
    fn recant(&mut self) {
        for slot in self.roster.down() {
            self.gossip.forget(*slot);
        }
    }

    /// Takes a higher number and tells everybody: as loudly as what it answers.
    pub(super) fn raise(&mut self, now: Instant, to: Incarnation, said: State) {
        let from = self.table.get(ME).incarnation;
        self.counters.refutations += 1;
        self.uncount(now, ME);
        self.table.get_mut(ME).incarnation = to;
        self.note_changed(ME);
        self.refingerprint(now, ME);
        if to.life() > from.life() {
            self.renew_own_state(now, from.life());
            self.owner_came(ME);
            self.announce(now, ME, Form::Profile, None);
        } else if said == State::Suspect {
            self.announce_doubt(now, ME, None);
        } else {
            self.announce(now, ME, Form::Claim, None);
        }
    }
}
