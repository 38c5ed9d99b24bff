//! How does one go? Enough peers are told within three gossip intervals; nothing waits for a retransmit budget (M7).

use super::outbox::What;
use super::receive::Sender;
use super::tick::Timer;
use super::{Node, Phase};
use crate::config::FANOUT_MAX;
use crate::error::{DropReason, Refusal};
use crate::event::Event;
use crate::id::NodeId;
use crate::membership::{Form, ME};
use crate::time::Instant;
use crate::wire::{Claim, RawLeave, State};

/// How many gossip intervals a farewell may take.
const INTERVALS: u32 = 3;
/// How many peers are told in each.
const TOLD_MAX: usize = 2 * FANOUT_MAX;

/// How far this node's own farewell has come.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    nonce: u32,
    rounds: u32,
    /// The places of those who have acked.
    acked: arrayvec::ArrayVec<u32, TOLD_MAX>,
}

impl Node {
    pub(super) fn on_leave_command(&mut self, now: Instant) -> Result<(), Refusal> {
        match self.phase {
            Phase::Joined => {}
            Phase::Idle | Phase::Joining => {
                // Nobody sees this node: nobody needs to be told.
                self.stop_after_leaving();
                return Ok(());
            }
            Phase::Leaving | Phase::Left => return Err(Refusal::NotRunning),
        }
        self.phase = Phase::Leaving;
        for timer in [Timer::Probe, Timer::Revive, Timer::Join] {
            self.disarm(timer);
        }
        self.uncount(now, ME);
        self.table.get_mut(ME).state = State::Left;
        self.refingerprint(now, ME);
        self.note_changed(ME);
        self.announce(now, ME, Form::Claim, None);
        self.leave = Leaving { nonce: self.rng.next_u32(), ..Leaving::default() };
        self.on_leave_timer(now);
        Ok(())
    }

    /// Tells a handful of peers, until enough have acked or the time is over.
    pub(super) fn on_leave_timer(&mut self, now: Instant) {
        let enough = self.params.fanout.min(self.roster.up().len());
        if self.leave.acked.len() >= enough || self.leave.rounds == INTERVALS {
            self.stop_after_leaving();
            return;
        }
        self.leave.rounds += 1;
        let mut told = [0; TOLD_MAX];
        let wanted = (2 * self.params.fanout).min(TOLD_MAX);
        let acked = &self.leave.acked;
        let found = self.roster.sample(&mut self.rng, &mut told[..wanted], |slot| !acked.contains(&slot));
        let nonce = self.leave.nonce;
        for slot in &told[..found] {
            self.push_to(*slot, What::Leave { nonce });
        }
        self.arm(Timer::Leave, now + self.params.gossip_interval);
    }

    /// Whether an ack belongs to the farewell.
    pub(super) fn on_leave_ack(&mut self, slot: u32, nonce: u32) -> bool {
        // Hardly ever a node leaves: its farewell is not even loaded.
        self.phase == Phase::Leaving && self.is_farewell_acked(slot, nonce)
    }

    #[cold]
    fn is_farewell_acked(&mut self, slot: u32, nonce: u32) -> bool {
        let mine = nonce == self.leave.nonce;
        if mine && !self.leave.acked.contains(&slot) && !self.leave.acked.is_full() {
            self.leave.acked.push(slot);
        }
        if mine && self.leave.acked.len() >= self.params.fanout.min(self.roster.up().len()) {
            self.stop_after_leaving();
        }
        mine
    }

    fn stop_after_leaving(&mut self) {
        self.phase = Phase::Left;
        while let Some((_, key)) = self.timers.first() {
            self.timers.cancel(key);
        }
        self.emit(Event::LeaveDone { told: self.leave.acked.len() as u32 });
    }

    /// A member goes.
    pub(super) fn on_leave(&mut self, now: Instant, sender: Sender, raw: &RawLeave) -> Result<(), DropReason> {
        let Some(slot) = sender.slot else { return Err(DropReason::UnknownSender) };
        let member = self.table.get(slot);
        // Bound to its start and to ours (R3); an incarnation of another life cannot come from this start.
        if raw.incarnation().life() == member.incarnation.life() && member.state != State::Left {
            let claim =
                Claim { state: State::Left, incarnation: raw.incarnation().max(member.incarnation), ..member.claim() };
            self.counters.claims_news += 1;
            self.transition(now, slot, &claim, now);
            self.announce(now, slot, Form::Claim, None);
        }
        self.answer(sender, What::Ack { nonce: raw.nonce.get() })
    }

    /// An operator takes a dead member off the list: it is spread as having left, final for that life.
    pub(super) fn on_remove_command(&mut self, now: Instant, id: NodeId) -> Result<(), Refusal> {
        if self.phase != Phase::Joined {
            return Err(Refusal::NotRunning);
        }
        let slot = self.table.find(id).ok_or(Refusal::UnknownMember)?;
        let member = self.table.get(slot);
        match member.state {
            State::Alive | State::Suspect => return Err(Refusal::StillAlive),
            State::Left => return Ok(()),
            State::Dead => {}
        }
        let claim = Claim { state: State::Left, accuser: self.me.id.tag(), ..member.claim() };
        self.transition(now, slot, &claim, now);
        self.announce(now, slot, Form::Claim, None);
        Ok(())
    }
}
