//! Send me what these owners have written since: asked for, and given, asked or not.

use arrayvec::ArrayVec;

use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use super::super::{Node, Phase};
use crate::time::Instant;
use crate::wire::{Kind, LogDigest, RawStateWant, StateWant, Writer};

/// Logs that a listing does not tell apart and that are given at once: so many do not occur.
const ALIKE_MAX: usize = 32;

impl Node {
    /// Asks for what is missing of an owner.
    pub(super) fn want_state(&mut self, sender: Sender, want: StateWant) {
        let what = What::StateWant { want };
        let queued = self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what });
        self.counters.budget_held += u64::from(!queued);
    }

    /// Sends pages of what a peer lacks of an owner.
    pub(super) fn give_state(&mut self, to: Sender, want: StateWant) {
        let to = Outgoing { to: to.addr, receiver: to.receiver(), what: What::StateGift { want } };
        let queued = self.push_answer(to);
        self.counters.budget_held += u64::from(!queued);
    }

    pub(in super::super) fn on_state_wants(&mut self, sender: Sender, wants: &[RawStateWant]) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        for want in wants.iter().map(RawStateWant::get) {
            if let Some(log) = self.states.store.find_log(want.owner, want.life) {
                if self.states.store.log(log).complete > want.after {
                    self.give_state(sender, want);
                }
            } else {
                // It knows no more than a listing says, or has taken what that said of one owner for another's.
                self.give_all_alike(sender, &want);
            }
        }
    }

    /// Gives what a peer knows from a listing alone: the upper bits of the owner's id, the lowest of its life.
    fn give_all_alike(&mut self, sender: Sender, want: &StateWant) {
        let life = LogDigest::life_of(want.life);
        let logs = self.states.store.logs_alike(want.owner).map(|log| self.states.store.log(log));
        let alike = logs.filter(|log| LogDigest::life_of(log.life) == life && log.complete > 0);
        let gifts = alike.map(|log| StateWant { owner: log.owner, life: log.life, after: 0 });
        let gifts: ArrayVec<_, ALIKE_MAX> = gifts.take(ALIKE_MAX).collect();
        gifts.into_iter().for_each(|want| self.give_state(sender, want));
    }

    /// Asks for one owner's writes, and for those of the others that wait to be asked for of the same peer.
    pub(in super::super) fn write_state_wants(&mut self, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        let mut next = Some(*outgoing);
        while let Some(What::StateWant { want }) = next.map(|next| next.what) {
            if !writer.push(Kind::StateWants, &RawStateWant::new(&want)) {
                next.into_iter().for_each(|next| self.push(next));
                return;
            }
            self.counters.sent_one(Kind::StateWants);
            next = self.next_like(outgoing, |what| matches!(what, What::StateWant { .. }));
        }
    }

    /// Gives pages of one owner, and those of the others that wait to be given to the same peer.
    pub(in super::super) fn write_state_gifts(&mut self, now: Instant, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        if !self.budgets.repair.spend(now, 1) {
            self.counters.budget_held += 1;
            return;
        }
        let mut next = Some(*outgoing);
        while let Some(What::StateGift { want }) = next.map(|next| next.what) {
            let log = self.states.store.find_log(want.owner, want.life);
            let complete = log.map_or(0, |log| self.states.store.log(log).complete);
            let written = log.and_then(|log| self.write_state_page(now, writer, log, want.after));
            let upto = written.unwrap_or(want.after);
            if upto < complete && (written.is_some() || !writer.is_empty()) {
                // The rest goes in a datagram of its own, behind what waits already.
                let what = What::StateGift { want: StateWant { after: upto, ..want } };
                let queued = self.push_answer(Outgoing { what, ..*outgoing });
                self.counters.budget_held += u64::from(!queued);
                return;
            }
            next = self.next_like(outgoing, |what| matches!(what, What::StateGift { .. }));
        }
    }

    /// Takes the next intention out of the outbox, if it is for the same receiver and alike.
    fn next_like(&mut self, outgoing: &Outgoing, alike: impl Fn(&What) -> bool) -> Option<Outgoing> {
        let next = self.outbox.nth(0)?;
        let same = next.to == outgoing.to && next.receiver == outgoing.receiver && alike(&next.what);
        if same { self.outbox.pop() } else { None }
    }
}
