//! Pinging for others: the ack is passed on, and a nack leaves early enough to be counted (M1).

use super::Node;
use super::outbox::{Outgoing, Receiver, What};
use super::receive::Sender;
use super::tick::Timer;
use crate::error::DropReason;
use crate::membership::{Errand, RelayStage};
use crate::time::Instant;
use crate::wire::{NackReason, RawPingRequest};

/// When a nack leaves, in thousandths of the asker's budget. Lifeguard's 80 % less the way back: memberlist's leave at
/// 100 % and come too late to count (M1).
const NACK_AT_PERMILLE: u64 = 700;
/// When the target is pinged for the second time.
const AGAIN_AT_PERMILLE: u64 = 350;

impl Node {
    /// Pings `target` for the asker.
    pub(super) fn relay(
        &mut self,
        now: Instant,
        sender: Sender,
        asker: u32,
        target: u32,
        raw: &RawPingRequest,
    ) -> Result<(), DropReason> {
        let budget = raw.budget().min(self.params.ack_ceiling * (self.params.health_max + 1));
        let errand = Errand {
            asker: (asker, sender.boot),
            from: sender.addr,
            request: raw.nonce.get(),
            target: (target, self.table.get(target).boot),
            began_at: now,
            budget,
        };
        let Some((place, nonce)) = self.relays.begin(errand) else {
            self.counters.relays_refused += 1;
            return Err(DropReason::NoRoom);
        };
        self.counters.relays += 1;
        if self.params.direct_pings > 1 {
            self.arm(Timer::Relay(place), now + budget.permille(AGAIN_AT_PERMILLE));
        } else {
            self.set_relay(place, RelayStage::AskedAgain, now + budget.permille(NACK_AT_PERMILLE));
        }
        self.push_to(target, What::Ping { nonce });
        Ok(())
    }

    fn tell_asker(&mut self, place: u32, what: impl FnOnce(u32) -> What) {
        let Some(relay) = self.relays.get(place).map(|r| r.errand) else { return };
        let receiver = Receiver::Member(relay.asker.0, relay.asker.1);
        if !self.push_answer(Outgoing { to: relay.from, receiver, what: what(relay.request) }) {
            self.counters.drop_one(DropReason::NoRoom);
        }
    }

    pub(super) fn on_relay_ack(&mut self, now: Instant, slot: u32, place: u32, nonce: u32) {
        let Some(relay) =
            self.relays.get(place).filter(|r| r.errand.target.0 == slot && self.relays.asks(place, nonce))
        else {
            self.counters.late_answers += 1;
            return;
        };
        let once = relay.stage == RelayStage::Asked;
        let rtt = now.since(relay.errand.began_at);
        self.note_ack(slot, once.then_some(rtt));
        self.tell_asker(place, |nonce| What::Ack { nonce });
        self.end_relay(place);
    }

    /// First another ping is due, then the nack, then, at the end of the budget, the relay itself.
    pub(super) fn on_relay_timer(&mut self, now: Instant, place: u32) {
        let Some(relay) = self.relays.get(place).copied() else { return };
        let errand = relay.errand;
        match relay.stage {
            RelayStage::Asked => {
                if let (Some(nonce), Some(_)) = (self.relays.nonce(place), self.table.at(errand.target.0)) {
                    self.push_to(errand.target.0, What::Ping { nonce });
                }
                self.set_relay(
                    place,
                    RelayStage::AskedAgain,
                    errand.began_at + errand.budget.permille(NACK_AT_PERMILLE),
                );
            }
            RelayStage::AskedAgain => {
                if self.params.helper_nacks {
                    self.tell_asker(place, |nonce| What::Nack { nonce, reason: NackReason::Silent });
                }
                self.set_relay(place, RelayStage::Nacked, (errand.began_at + errand.budget).max(now));
            }
            RelayStage::Nacked => self.end_relay(place),
        }
    }

    fn set_relay(&mut self, place: u32, stage: RelayStage, until: Instant) {
        if let Some(relay) = self.relays.get_mut(place) {
            relay.stage = stage;
        }
        self.arm(Timer::Relay(place), until);
    }

    /// This node's ping for somebody else was refused by the target's kernel: the asker need not wait.
    pub(super) fn refuse_relays(&mut self, slot: u32) {
        for place in 0..self.params.limits.relays {
            if self.relays.get(place).is_none_or(|r| r.errand.target.0 != slot) {
                continue;
            }
            if self.relays.get(place).is_some_and(|r| r.stage != RelayStage::Nacked) {
                self.tell_asker(place, |nonce| What::Nack { nonce, reason: NackReason::Refused });
            }
            self.end_relay(place);
        }
    }

    fn end_relay(&mut self, place: u32) {
        self.relays.end(place);
        self.disarm(Timer::Relay(place));
    }
}
