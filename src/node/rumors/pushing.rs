//! What is urgent is passed on at once, within the budgets.

use super::super::outbox::{Outgoing, Receiver, What};
use super::super::tick::Timer;
use super::super::{Node, Transmit};
use crate::membership::ME;
use crate::rumor::RumorId;
use crate::time::Instant;
use crate::wire::{Kind, Rumor, Writer};

/// How often in a gossip interval that is tried again for which the budget was spent.
const PUSHES_IN_AN_INTERVAL: u32 = 16;

impl Node {
    /// Writes the next datagram of what has just come; `None` once nothing of it is left to pass on.
    pub(in super::super) fn push_rumors(&mut self, now: Instant, buf: &mut [u8]) -> Option<Transmit> {
        // Who has left tells nothing of what a budget still held back then.
        if !self.is_in() {
            return None;
        }
        loop {
            if !self.rumors.fresh.is_under_way() {
                if self.rumors.fresh.waiting().is_empty() {
                    return None;
                }
                self.begin_batch();
            }
            let Some((peer, _)) = self.rumors.fresh.next() else {
                self.rumors.fresh.end();
                continue;
            };
            self.skip_what_does_not_concern(peer);
            let Some((same, _)) = self.rumors.fresh.next().filter(|(next, _)| *next == peer) else { continue };
            if !self.afford_push(now) {
                self.hold_back(now);
                return None;
            }
            let member = self.table.get(same);
            let receiver = Receiver::Member(same, member.boot);
            let outgoing = Outgoing { to: self.table.addr(same), receiver, what: What::Rumors };
            if let Some(transmit) = self.build(now, &outgoing, buf) {
                let paid = self.budgets.rumor_bytes.spend(now, transmit.len as u32);
                debug_assert!(paid, "a whole datagram was covered");
                return Some(transmit);
            }
            debug_assert!(false, "within the budgets any payload that is taken fits into a datagram of its own");
            self.rumors.fresh.offered(1);
        }
    }

    /// The batch waits, and what comes meanwhile goes together in datagrams that are full.
    fn hold_back(&mut self, now: Instant) {
        if !self.is_armed(Timer::Push) {
            self.counters.rumors_held_back += 1;
            self.arm(Timer::Push, now + self.params.gossip_interval / PUSHES_IN_AN_INTERVAL);
        }
    }

    /// All that has come goes to those whom this node tells at once, and to those who are linked to a stream among it.
    fn begin_batch(&mut self) {
        let told = self.told_at_once();
        let (version, rumors) = (self.rumors.version, &mut self.rumors);
        let (table, origins, store) = (&self.table, &mut rumors.origins, &rumors.store);
        let is_up = |slot: u32| table.at(slot).is_some_and(|member| member.state.is_up());
        for place in rumors.fresh.waiting() {
            let links = &mut origins.get_mut(store.get(*place).origin).links;
            if links.is_stream() && !links.is_of(version) {
                links.renew(version, &told, is_up);
            }
        }
        rumors.fresh.begin(&told, |place| {
            let links = &origins.get(store.get(place).origin).links;
            links.is_stream().then(|| links.eager()).into_iter().flatten()
        });
    }

    /// Whether a rumor of the batch shall go to a peer.
    fn concerns(&self, place: u32, peer: u32) -> bool {
        let entry = self.rumors.store.get(place);
        let origin = self.rumors.origins.get(entry.origin);
        let links = &origin.links;
        let told = if links.is_stream() { links.is_eager(peer) } else { self.rumors.told_at_once.1.contains(&peer) };
        told && !entry.is_from(peer) && self.table.get(peer).id != origin.id
    }

    fn skip_what_does_not_concern(&mut self, peer: u32) {
        let Some((_, batch)) = self.rumors.fresh.next() else { return };
        let up = peer != ME && self.table.at(peer).is_some_and(|member| member.state.is_up());
        let skipped = batch.iter().take_while(|place| !up || !self.concerns(**place, peer)).count();
        self.rumors.fresh.offered(skipped);
    }

    /// Within what rumors may use, and within the hard caps, of which others have a part.
    fn afford_push(&mut self, now: Instant) -> bool {
        let most = self.params.max_datagram as u32;
        let covered = self.has_budget(now) && self.budgets.rumor_bytes.covers(now, most);
        covered && self.budgets.rumor_datagrams.spend(now, 1)
    }

    /// Writes as much of the batch as fits and concerns the receiver.
    pub(in super::super) fn write_push(&mut self, now: Instant, receiver: u32, writer: &mut Writer<'_>) {
        let Some((_, batch)) = self.rumors.fresh.next() else { return };
        let mut offered = 0;
        for at in 0..batch.len() {
            let Some((_, batch)) = self.rumors.fresh.next() else { break };
            let place = batch[at];
            if self.concerns(place, receiver) {
                let entry = self.rumors.store.get(place);
                let asks = self.rumors.origins.get(entry.origin).links.is_stream();
                if !self.rumor_to_tell(now, place, asks).write(writer) {
                    break;
                }
                self.counters.sent_one(Kind::Rumors);
                self.counters.rumors_pushed += 1;
            }
            offered += 1;
        }
        self.rumors.fresh.offered(offered);
    }

    /// A rumor as it travels on.
    pub(super) fn rumor_to_tell(&self, now: Instant, place: u32, asks: bool) -> Rumor<'_> {
        let entry = self.rumors.store.get(place);
        let origin = self.rumors.origins.get(entry.origin);
        Rumor {
            id: RumorId { origin: origin.id, boot: origin.boot, sequence: entry.sequence },
            topic: entry.topic,
            class: entry.class,
            age_us: u32::try_from(now.since(entry.born).as_micros()).unwrap_or(u32::MAX),
            hops: entry.hops,
            asks,
            payload: self.rumors.store.payload(place),
        }
    }
}
