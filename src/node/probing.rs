//! Is it alive? One direct ping; then a second one and helpers, then a third; the verdict as soon as these have failed.

use core::net::SocketAddr;

use super::outbox::{Outgoing, What};
use super::receive::Sender;
use super::tick::Timer;
use super::{Node, Phase};
use crate::config::HELPERS_MAX;
use crate::error::DropReason;
use crate::membership::nonce::{self, Nonce};
use crate::membership::{Asked, Probe, Stage};
use crate::time::{Instant, Span};
use crate::wire::{NackReason, RawNack, RawPingRequest, State};

impl Node {
    /// Has the rounds of probes begin at multiples of `grid` by the driver's clock, from joining on; zero, as at the start: anywhere.
    ///
    /// For a driver of several nodes: those that share a clock then share wake-ups, which cost more than what is done in them. A
    /// tenth of [`Config::probe_interval`](crate::Config::probe_interval) still spreads the nodes over ten moments of each. An
    /// interval that is no multiple of it wanders over the grid.
    pub fn align_probes(&mut self, grid: Span) {
        self.probe_grid = grid;
    }

    /// The first instant from `at` on at which a round of probes may begin.
    pub(crate) fn probe_round(&self, at: Instant) -> Instant {
        let beyond = at.as_nanos() % self.probe_grid.as_nanos().max(1);
        if beyond == 0 { at } else { at + Span::nanos(self.probe_grid.as_nanos() - beyond) }
    }

    pub(super) fn on_probe_timer(&mut self, now: Instant, due: Instant) {
        let interval = self.params.probe_interval * self.health.factor();
        // From when it was due, so that the interval is kept on average; from now, when too late for that.
        let next = if now.since(due) < interval { due + interval } else { self.probe_round(now + interval) };
        self.arm(Timer::Probe, next);
        self.scrub_state(now);
        if let Some(slot) = self.roster.next_up(&mut self.rng) {
            self.probe(now, slot);
        }
    }

    /// How long an ack of a member may take, as this node feels now.
    pub(super) fn ack_timeout(&self, slot: u32) -> Span {
        let p = &self.params;
        self.table.contact(slot).rtt.timeout(p.ack_floor, p.ack_prior, p.ack_ceiling)
    }

    /// Begins a probe of a member, unless one is in flight.
    pub(super) fn probe(&mut self, now: Instant, slot: u32) {
        let member = self.table.get(slot);
        if member.probe.is_some() {
            return;
        }
        let timeout = self.ack_timeout(slot) * self.health.factor();
        let Some(place) = self.probes.begin(slot, member.boot, now, timeout) else {
            self.counters.probes_skipped += 1;
            return;
        };
        self.counters.probes += 1;
        self.asked_last = (member.id, slot);
        self.table.get_mut(slot).probe = Some(place as u8);
        self.arm(Timer::InFlight(place), now + timeout);
        self.ask(place, Asked::Direct(0));
    }

    /// Sends a question of a probe to its target.
    fn ask(&mut self, place: u32, asked: Asked) {
        let (Some(nonce), Some(probe)) = (self.probes.nonce(place, asked), self.probes.get(place)) else { return };
        let target = probe.target;
        self.push_to(target, What::Ping { nonce });
    }

    pub(super) fn on_flight_timer(&mut self, now: Instant, place: u32) {
        if self.proved_meanwhile(place) {
            return;
        }
        if now < self.grace_until {
            // The answers may have been lost while this node was not looking: what was asked before counts for nothing.
            self.ask_anew(now, place);
            return;
        }
        match self.probes.get(place).map(|p| p.stage) {
            Some(Stage::Direct) => self.go_indirect(now, place),
            Some(Stage::Indirect) => self.ask_last(now, place),
            Some(Stage::Last) => self.fail_probe(now, place),
            None => {}
        }
    }

    /// The first ping was not answered in time: once more, and through helpers, both at once.
    fn go_indirect(&mut self, now: Instant, place: u32) {
        let Some(probe) = self.probes.get(place) else { return };
        let (target, timeout) = (probe.target, probe.timeout);
        if !self.table.get(target).state.is_up() {
            // One of the dead has not answered: that is what the dead do.
            self.end_probe(place);
            return;
        }
        if self.is_sure(target) && !probe.refused {
            // It has been told what is said of it. Nobody need be asked for help to hear that it is silent.
            self.end_probe(place);
            return;
        }
        let mut helpers = [0; HELPERS_MAX];
        let wanted = self.params.helpers;
        let table = &self.table;
        let found = self.roster.sample(&mut self.rng, &mut helpers[..wanted], |slot| {
            slot != target && table.get(slot).state == State::Alive
        });
        let helpers = &helpers[..found];
        // Time for the way to the helper and back; the third ping then has the time that the helper's pings have.
        let way = helpers.iter().map(|slot| self.ack_timeout(*slot)).max().unwrap_or(timeout);
        self.arm(Timer::InFlight(place), now + way);
        if let Some(probe) = self.probes.get_mut(place) {
            probe.ask(helpers, now);
        }
        self.counters.second_pings += 1;
        if self.params.direct_pings > 1 {
            self.ask(place, Asked::Direct(1));
        }
        let Some(nonce) = self.probes.nonce(place, Asked::Helpers) else { return };
        for helper in helpers {
            self.counters.ping_requests += 1;
            self.push_to(*helper, What::PingRequest { target, nonce, budget: timeout });
        }
    }

    /// Begins a probe again from its first ping, once this node's own lag is over.
    fn ask_anew(&mut self, now: Instant, place: u32) {
        let Some(target) = self.probes.get(place).map(|p| p.target) else { return };
        self.end_probe(place);
        self.probe(now, target);
        if let Some(place) = self.table.get(target).probe {
            let due = self.grace_until.max(now + self.ack_timeout(target));
            self.arm(Timer::InFlight(u32::from(place)), due);
        }
    }

    /// A third ping while the helpers' answers are on their way: at high loss asking again does more than more helpers. The
    /// time is theirs, whether it is sent or not.
    fn ask_last(&mut self, now: Instant, place: u32) {
        let Some(probe) = self.probes.get_mut(place) else { return };
        probe.ask_last(now);
        let timeout = probe.timeout;
        self.arm(Timer::InFlight(place), now + timeout);
        if self.params.direct_pings > 2 {
            self.ask(place, Asked::Direct(2));
        }
    }

    /// How much a failed probe speaks against this node itself: by each helper of which nothing was heard. Where another one
    /// was heard the silent are more likely to be dead themselves: many die together, and then those who live must not all
    /// slow down (departs from Lifeguard §III.A, which counts each missing nack).
    fn own_fault(&self, probe: &Probe) -> u32 {
        match (self.params.helper_nacks, self.params.accusers) {
            (false, _) => 1,
            (true, 0) => probe.missing_nacks(),
            (true, 1..) if probe.is_unheard() => probe.missing_nacks(),
            (true, 1..) => 0,
        }
    }

    /// Nobody has got an answer. Where all helpers have said so, that is an accusation; where some have not, the ways are
    /// at least as much in doubt as the target, and others are asked once more. Helpers that stay silent speak against this
    /// node's own health.
    fn fail_probe(&mut self, now: Instant, place: u32) {
        let Some(probe) = self.probes.get(place).copied() else { return };
        let repeats = self.params.helper_rounds > 1 && !probe.repeated;
        if repeats && !probe.is_confirmed() && !probe.refused {
            if let Some(probe) = self.probes.get_mut(place) {
                probe.repeated = true;
            }
            self.counters.probes_repeated += 1;
            self.go_indirect(now, place);
            return;
        }
        self.counters.probes_failed += 1;
        self.health.worse(self.own_fault(&probe));
        self.end_probe(place);
        if self.table.at(probe.target).is_none_or(|m| m.boot != probe.boot || !m.state.is_up()) {
            return;
        }
        self.accuse(now, &probe);
    }

    pub(super) fn on_ping(&mut self, sender: Sender, nonce: u32) -> Result<(), DropReason> {
        self.answer(sender, What::Ack { nonce })
    }

    /// Answers a datagram at the address that it came from: never at one that it names (M4).
    pub(super) fn answer(&mut self, sender: Sender, what: What) -> Result<(), DropReason> {
        let queued = self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
        if queued { Ok(()) } else { Err(DropReason::NoRoom) }
    }

    pub(super) fn on_ack(&mut self, now: Instant, sender: Sender, nonce: u32) {
        let Some(slot) = sender.slot else { return };
        if self.on_leave_ack(slot, nonce) {
            return;
        }
        if nonce == nonce::ASK {
            // What it was made for came with it.
            return;
        }
        match nonce::read(nonce) {
            Nonce::Probe(place, asked) => self.on_probe_ack(now, slot, place, asked, nonce),
            Nonce::Relay(place) => self.on_relay_ack(now, slot, place, nonce),
        }
    }

    fn on_probe_ack(&mut self, now: Instant, slot: u32, place: u32, asked: Asked, nonce: u32) {
        let Some(probe) = self.probes.get(place).filter(|_| self.probes.nonce(place, asked) == Some(nonce)) else {
            self.counters.late_answers += 1;
            return;
        };
        let (target, sent_at) = match asked {
            Asked::Direct(0) => (probe.target, Some(probe.began_at)),
            Asked::Direct(nth) => (probe.target, Some(probe.again_at[usize::from(nth > 1)])),
            Asked::Helpers => (probe.target, None),
        };
        let expected = match asked {
            Asked::Direct(_) => slot == target,
            Asked::Helpers => probe.helpers().contains(&slot),
        };
        if !expected {
            self.counters.late_answers += 1;
            return;
        }
        if let Some(sent_at) = sent_at {
            let rtt = now.since(sent_at);
            self.histograms.probe_rtt.record(rtt);
            self.note_ack(target, Some(rtt));
        } else {
            // Whoever answered the helper was heard there; this node's own evidence against it is void.
            self.table.get_mut(target).heard_at = now;
        }
        self.counters.probes_answered += 1;
        self.health.better();
        self.end_probe(place);
    }

    /// A member has acked a ping of this node: it knows this node, and how far it is, where the round trip can be told.
    pub(super) fn note_ack(&mut self, slot: u32, rtt: Option<Span>) {
        let member = self.table.get_mut(slot);
        member.verified = true;
        member.asks_who = false;
        // No ack is waited for longer. One that comes later says that somebody was paused meanwhile, not how far the way is.
        if let Some(rtt) = rtt.filter(|rtt| *rtt <= self.params.ack_ceiling) {
            self.table.contact_mut(slot).rtt.learn(rtt);
        }
        self.note_changed(slot);
    }

    pub(super) fn on_nack(&mut self, now: Instant, sender: Sender, raw: &RawNack) {
        let nonce = raw.nonce.get();
        let (Some(slot), Some(reason)) = (sender.slot, raw.reason()) else { return };
        let Nonce::Probe(place, Asked::Helpers) = nonce::read(nonce) else { return };
        if self.probes.nonce(place, Asked::Helpers) != Some(nonce) {
            self.counters.late_answers += 1;
            return;
        }
        let Some(probe) = self.probes.get_mut(place) else { return };
        let refused = match reason {
            NackReason::Refused => true,
            NackReason::Silent | NackReason::Unknown => false,
        };
        if probe.nack(slot, refused) {
            self.end_early_when_refused(now, place);
        }
    }

    /// The kernel was told that nobody listens there: evidence that begins or hastens a probe, and hastens what follows.
    /// Never a verdict: anybody on the path can forge it.
    pub(super) fn on_unreachable(&mut self, now: Instant, to: SocketAddr) {
        let is_there = |slot: &u32| self.table.at(*slot).is_some() && self.table.addr(*slot) == to;
        let Some(slot) = self.recent.slots().find(is_there) else { return };
        if !self.params.kernel_evidence || self.phase == Phase::Left || !self.table.get(slot).state.is_up() {
            return;
        }
        self.counters.kernel_evidence += 1;
        self.refuse_relays(slot);
        if self.table.get(slot).state == State::Suspect && self.suspicion(slot).refusals > 0 {
            // Nothing that this node has not held against it already.
            return;
        }
        self.probe(now, slot);
        let Some(place) = self.table.get(slot).probe.map(u32::from) else { return };
        let Some(probe) = self.probes.get_mut(place) else { return };
        probe.refused = true;
        if probe.stage == Stage::Direct {
            self.go_indirect(now, place);
        } else {
            self.end_early_when_refused(now, place);
        }
    }

    /// The direct pings were refused and every helper has said that it got no answer either: there is nothing to wait for.
    fn end_early_when_refused(&mut self, now: Instant, place: u32) {
        let over =
            self.probes.get(place).is_some_and(|p| p.refused && p.stage != Stage::Direct && p.missing_nacks() == 0);
        if over {
            self.fail_probe(now, place);
        }
    }

    pub(super) fn on_ping_request(
        &mut self,
        now: Instant,
        sender: Sender,
        raw: &RawPingRequest,
    ) -> Result<(), DropReason> {
        let Some(asker) = sender.slot else { return Err(DropReason::UnknownSender) };
        let target = self.table.find(raw.target()).filter(|slot| {
            let member = self.table.get(*slot);
            member.boot.tag() == raw.target_boot.get() && *slot != crate::membership::ME
        });
        match target {
            Some(target) => self.relay(now, sender, asker, target, raw),
            None => self.answer(sender, What::Nack { nonce: raw.nonce.get(), reason: NackReason::Unknown }),
        }
    }

    /// An authentic datagram has come from a member: whatever probe of it is in flight has its answer.
    pub(super) fn prove(&mut self, slot: u32) {
        let Some(place) = self.table.get(slot).probe.map(u32::from) else { return };
        if self.params.any_proof && self.table.get(slot).verified {
            self.counters.probes_proved += 1;
            self.end_probe(place);
        }
    }

    /// Whether the target was heard of since the probe began, if only by something else than the ack that was asked for.
    fn proved_meanwhile(&mut self, place: u32) -> bool {
        let proved = self.params.any_proof
            && self.probes.get(place).is_some_and(|p| self.table.get(p.target).heard_at > p.began_at);
        if proved {
            self.counters.probes_proved += 1;
            self.end_probe(place);
        }
        proved
    }

    fn end_probe(&mut self, place: u32) {
        let Some(probe) = self.probes.get(place) else { return };
        let target = probe.target;
        self.table.get_mut(target).probe = None;
        self.probes.end(place);
        self.disarm(Timer::InFlight(place));
    }

    /// Whatever probe of a member is in flight has lost its point.
    pub(super) fn end_probe_of(&mut self, slot: u32) {
        if let Some(place) = self.table.get(slot).probe {
            self.end_probe(u32::from(place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Params, Profile};
    use crate::id::{BootId, Name};
    use crate::limits::Limits;
    use crate::node::{Identity, Input};

    /// A node alone that begins its rounds on this grid.
    fn node(seed: u64, grid: Span) -> Node {
        let params = Params::new(&Config::new(Profile::Lan), &Limits::for_members(4)).expect("consistent");
        let (name, addr) = (Name::new("a").expect("a name"), ([127, 0, 0, 1], 9).into());
        let boot = BootId::from_u64(1);
        let identity = Identity { name, cluster: "probing", addr, boot, zone: "", tags: &[] };
        let mut node = Node::new(params, &identity, seed, Instant::ZERO).expect("a good identity");
        node.align_probes(grid);
        node.handle_input(Instant::from_nanos(3), Input::Join(&[])).expect("the first join");
        node
    }

    fn round(node: &Node) -> Instant {
        node.timers.get(node.keys.key(Timer::Probe)).expect("a member probes")
    }

    #[test]
    fn aligned_rounds_begin_on_the_grid_and_come_back_to_it_after_a_pause() {
        let grid = Span::millis(250);
        let on_grid = |at: Instant| at.as_nanos() % grid.as_nanos() == 0;
        let mut moments = [0; 4];
        for seed in 0..64 {
            let mut node = node(seed, grid);
            let first = round(&node);
            assert!(on_grid(first) && first <= Instant::from_nanos(3) + Span::secs(1) + grid, "{first:?}");
            moments[(first.as_nanos() / grid.as_nanos() % 4) as usize] += 1;
            while let Some(at) = node.poll_timeout().filter(|at| *at < first) {
                node.handle_input(at, Input::Tick).expect("time is never refused");
            }
            node.handle_input(first + Span::millis(7), Input::Tick).expect("time is never refused");
            assert_eq!(round(&node), first + Span::secs(1), "late by little");
            let paused = first + Span::millis(4_007);
            node.handle_input(paused, Input::Tick).expect("time is never refused");
            assert!(on_grid(round(&node)) && round(&node) > paused, "{:?}", round(&node));
        }
        assert!(moments.iter().all(|&n| n > 5), "spread over the moments: {moments:?}");
    }

    #[test]
    fn rounds_begin_anywhere_unless_they_are_aligned() {
        let beyond = (0..64).filter(|&seed| round(&node(seed, Span::ZERO)).as_nanos() % 1_000_000 != 0);
        assert_eq!(beyond.count(), 64);
    }
}
