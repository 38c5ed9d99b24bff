//! How is an intention written down? One datagram: its header, what it is about, the news that fits, its checksum.

use super::Transmit;
use super::outbox::{Outgoing, Receiver, What};
use super::{Node, Phase};
use crate::id::{BootId, Incarnation, NodeId};
use crate::membership::nonce::{self, Nonce};
use crate::membership::{END, ME, Tone};
use crate::time::Instant;
use crate::wire::{
    Binding, Claim, Cookie, Header, Held, Kind, RawAck, RawAverages, RawClaim, RawCookie, RawHello, RawLeave,
    RawListing, RawNack, RawPageRequest, RawPing, RawPingRequest, RawWant, RawWhois, SeedStatus, State, Writer,
};

impl Node {
    /// Writes a datagram; `None` when there is nothing to say or a budget is spent.
    pub(super) fn build(&mut self, now: Instant, outgoing: &Outgoing, buf: &mut [u8]) -> Option<Transmit> {
        if self.is_moot(outgoing.what) {
            return None;
        }
        if outgoing.what != (What::Gossip { more: true }) {
            // Also where a budget holds this one back: what follows it goes to the same peer, which has heard nothing yet.
            self.gossip.begin_datagram();
            self.begin_rumor_row();
            self.begin_state_row();
        }
        if !outgoing.what.is_probe() && !self.afford(now) {
            self.counters.budget_held += 1;
            return None;
        }
        let (slot, boot) = self.resolve(outgoing.receiver);
        let unknown = slot.is_none_or(|slot| self.is_unknown_to(now, slot));
        let counter = self.me.counter + 1;
        let counter_high = (counter >> 32) as u32;
        let header = Header {
            cluster: self.me.cluster.tag(),
            sender: self.me.id,
            boot_tag: self.me.boot.tag(),
            intro: (outgoing.what.is_for_outsiders() || unknown && !matches!(outgoing.what, What::Whois { .. }))
                .then(|| (self.me.boot.high(), counter_high)),
            receiver: boot.map(BootId::short),
            counter: counter as u32,
            membership: self.fingerprint.root() as u32,
            rumors: Header::part(self.rumors.root(), counter as u32),
            state: Header::part(self.states.root(), counter as u32),
        };
        let mut writer = Writer::new(buf, self.params.max_datagram, &header)?;
        self.write(now, outgoing, unknown, &mut writer);
        if let Some(slot) = slot.filter(|_| outgoing.what.carries_news()) {
            self.fill(now, &mut writer, slot, outgoing.what);
        }
        if writer.is_empty() {
            return None;
        }
        self.me.counter = counter;
        let binding = Binding { cluster: self.me.cluster, sender: self.me.boot, receiver: boot, counter_high };
        let len = writer.finish(&binding);
        if !outgoing.what.is_probe() && !self.budgets.bytes.spend(now, len as u32) {
            self.counters.budget_held += 1;
        }
        self.counters.datagrams_sent += 1;
        self.counters.bytes_sent += len as u64;
        if let Some(slot) = slot {
            self.recent.note(counter, slot);
        }
        Some(Transmit { to: outgoing.to, len })
    }

    /// Whether there is no use in it any more: a question has waited until its probe or errand was over, the datagram before
    /// told everything.
    fn is_moot(&self, what: What) -> bool {
        match what {
            What::Ping { nonce } | What::PingRequest { nonce, .. } => match nonce::read(nonce) {
                Nonce::Probe(place, asked) => self.probes.nonce(place, asked) != Some(nonce),
                Nonce::Relay(place) => !self.relays.asks(place, nonce),
            },
            What::Gossip { more } => {
                more && !self.gossip.has_more() && !self.has_more_rumors() && !self.has_more_state()
            }
            What::Ask
            | What::Ack { .. }
            | What::Nack { .. }
            | What::Leave { .. }
            | What::Hello { .. }
            | What::Cookie { .. }
            | What::PageRequest { .. }
            | What::Pages { .. }
            | What::Whois { .. }
            | What::Introduction
            | What::Obituary { .. }
            | What::Sums
            | What::Listing { .. }
            | What::Want
            | What::Gifts
            | What::Rumors
            | What::RumorWants { .. }
            | What::RumorSupply { .. }
            | What::RumorFeedback { .. }
            | What::RumorSync
            | What::RumorPage { .. }
            | What::State
            | What::StateSums
            | What::StateListing { .. }
            | What::StateWant { .. }
            | What::StateGift { .. }
            | What::StateWalk { .. }
            | What::StateSpan { .. }
            | What::Survey { .. }
            | What::Surveyed { .. }
            | What::Averages { .. }
            | What::AveragesNotice
            | What::AveragesEnd => false,
        }
    }

    /// Whether a member needs an introduction: it has said so; or it has not acked yet, and this node's life is so young that
    /// the news of it may not have come there. Where the guess is wrong the member asks.
    fn is_unknown_to(&self, now: Instant, slot: u32) -> bool {
        let member = self.table.get(slot);
        member.asks_who || !member.verified && now < self.join.known_from
    }

    /// Whether the hard caps have room for one more datagram.
    pub(super) fn has_budget(&self, now: Instant) -> bool {
        self.budgets.bytes.covers(now, self.params.max_datagram as u32) && self.budgets.datagrams.covers(now, 1)
    }

    /// The same, and counts it as sent.
    fn afford(&mut self, now: Instant) -> bool {
        self.has_budget(now) && self.budgets.datagrams.spend(now, 1)
    }

    /// The receiver's place, where its start is still the one that was meant, and its start.
    pub(super) fn resolve(&self, receiver: Receiver) -> (Option<u32>, Option<BootId>) {
        match receiver {
            Receiver::Member(slot, boot) => {
                (Some(slot).filter(|slot| self.table.at(*slot).is_some_and(|m| m.boot == boot)), Some(boot))
            }
            Receiver::Stranger(boot) => (None, boot),
        }
    }

    fn write(&mut self, now: Instant, outgoing: &Outgoing, unknown: bool, writer: &mut Writer<'_>) {
        match outgoing.what {
            What::Ping { nonce } => {
                self.put(writer, Kind::Ping, &RawPing { nonce: nonce.into() });
                if unknown {
                    self.introduce(writer);
                }
            }
            What::Ask => self.put(writer, Kind::Ping, &RawPing { nonce: nonce::ASK.into() }),
            What::Ack { nonce } => self.put(writer, Kind::Ack, &RawAck { nonce: nonce.into() }),
            What::PingRequest { target, nonce, budget } => {
                let member = self.table.get(target);
                let request = RawPingRequest::new(member.id, member.boot.tag(), nonce, budget);
                self.put(writer, Kind::PingRequest, &request);
            }
            What::Nack { nonce, reason } => self.put(writer, Kind::Nack, &RawNack::new(nonce, reason)),
            What::Gossip { .. } => {}
            What::Leave { nonce } => {
                let leave = RawLeave::new(self.table.get(ME).incarnation, nonce);
                self.put(writer, Kind::Leave, &leave);
            }
            What::Hello { nonce } => self.put(writer, Kind::Hello, &RawHello::new(&self.own_hello(now, nonce))),
            What::Cookie { nonce, asker, status } => self.write_cookie(now, outgoing, (nonce, asker, status), writer),
            What::PageRequest { nonce, cookie, cursor, pages } => {
                let request = RawPageRequest::new(nonce, cookie, cursor, pages);
                self.put(writer, Kind::PageRequest, &request);
            }
            What::Pages { nonce, cursor, left } => self.write_page(now, outgoing, (nonce, cursor, left), writer),
            What::Whois { counter } => self.put(writer, Kind::Whois, &RawWhois { counter: counter.into() }),
            What::Introduction => self.introduce(writer),
            What::Obituary { subject, at } => self.write_obituary(outgoing, subject, at, writer),
            What::Sums => self.put(writer, Kind::Sums, &self.sums()),
            What::Listing { first, last } => self.write_listing(now, outgoing, (first, last), writer),
            What::Want => self.write_wants(writer),
            What::Gifts => self.write_gifts(outgoing, writer),
            What::Rumors => {
                let (slot, _) = self.resolve(outgoing.receiver);
                slot.into_iter().for_each(|slot| self.write_push(now, slot, writer));
            }
            What::RumorWants { .. } => self.write_rumor_wants(outgoing, writer),
            What::RumorSupply { .. } => self.write_supply(now, outgoing, writer),
            What::RumorFeedback { .. } => self.write_rumor_feedback(outgoing, writer),
            What::RumorSync => self.write_rumor_sync(writer),
            What::RumorPage { nonce, from } => self.write_rumor_page(now, nonce, from, writer),
            What::State => {
                let (slot, _) = self.resolve(outgoing.receiver);
                slot.into_iter().for_each(|slot| self.write_urgent_state(now, slot, writer));
            }
            What::StateSums => {
                let sums = self.state_sums();
                self.put(writer, Kind::StateSums, &sums);
            }
            What::StateListing { first, back } => self.write_state_listing(now, outgoing, (first, back), writer),
            What::StateWant { .. } => self.write_state_wants(outgoing, writer),
            What::StateGift { .. } => self.write_state_gifts(now, outgoing, writer),
            What::StateWalk { from, datagrams } => self.write_state_walk((from, datagrams), writer),
            What::Survey { nonce } => self.write_survey(nonce, writer),
            What::Surveyed { nonce, complete } => self.write_surveyed(nonce, complete, writer),
            What::Averages { answer } => self.write_averages(outgoing, answer, writer),
            What::AveragesNotice => self.write_averages_notice(writer),
            What::AveragesEnd => self.put(writer, Kind::Averages, &RawAverages::end()),
            What::StateSpan { nonce, from, part, parts } => {
                self.write_state_span(now, outgoing, (nonce, from, part, parts), writer);
            }
        }
    }

    pub(super) fn put<T: zerocopy::IntoBytes + zerocopy::Immutable>(
        &mut self,
        writer: &mut Writer<'_>,
        kind: Kind,
        record: &T,
    ) {
        // The first record of a datagram always fits.
        if writer.push(kind, record) {
            self.counters.sent_one(kind);
        }
    }

    /// This node's own profile, for somebody who may not have heard of it.
    fn introduce(&mut self, writer: &mut Writer<'_>) {
        if self.phase == Phase::Joined {
            let claim = self.table.get(ME).claim();
            if self.table.profile(ME, claim).write(writer) {
                self.counters.sent_one(Kind::Profiles);
                // Where it is news as well, this was one of its sends.
                self.gossip.told(ME, self.sends(), Tone::Good);
            }
        }
    }

    fn write_cookie(
        &mut self,
        now: Instant,
        outgoing: &Outgoing,
        (nonce, asker, status): (u64, NodeId, SeedStatus),
        writer: &mut Writer<'_>,
    ) {
        let (_, boot) = self.resolve(outgoing.receiver);
        let Some(boot) = boot else { return };
        let cookie = Cookie {
            nonce,
            cookie: self.join.jar.make(now, outgoing.to, boot),
            uptime_ms: self.uptime(now).as_millis(),
            status,
            held: self.held_of(asker),
            members: self.up_count(),
            end: END,
            observed: outgoing.to,
        };
        self.put(writer, Kind::Cookie, &RawCookie::new(&cookie));
    }

    /// What this node holds of somebody's name: in the table, or in the book.
    fn held_of(&self, id: NodeId) -> Option<Held> {
        if let Some(slot) = self.table.find(id).filter(|slot| *slot != ME) {
            let member = self.table.get(slot);
            let (incarnation, boot, state) = (member.incarnation, member.boot, member.state);
            return Some(Held { incarnation, boot, state, addr: Some(self.table.addr(slot)) });
        }
        let entry = self.book.get(id)?;
        Some(Held { incarnation: entry.floor, boot: entry.boot, state: State::Dead, addr: None })
    }

    /// All that is held in a range; the rest of a range that does not fit is queued behind it.
    fn write_listing(
        &mut self,
        now: Instant,
        outgoing: &Outgoing,
        (first, mut last): (NodeId, NodeId),
        writer: &mut Writer<'_>,
    ) {
        let whole = last;
        while self.table.range(first, last).count() > self.listing_room() && first < last {
            let (a, b) = (first.as_u64(), last.as_u64());
            last = NodeId::from_u64(a + (b - a) / 2);
        }
        self.put(writer, Kind::Listing, &RawListing::new(first, last));
        for slot in self.table.range(first, last) {
            let claim = self.claim_to_tell(slot, 0);
            let written = writer.extend(Kind::Listing, &RawClaim::new(&claim));
            debug_assert!(written, "room was counted");
        }
        if last < whole && self.budgets.repair.spend(now, 1) {
            let first = NodeId::from_u64(last.as_u64() + 1);
            let queued = self.push_answer(Outgoing { what: What::Listing { first, last: whole }, ..*outgoing });
            self.counters.budget_held += u64::from(!queued);
        }
    }

    fn write_obituary(&mut self, outgoing: &Outgoing, subject: NodeId, at: Incarnation, writer: &mut Writer<'_>) {
        let (_, boot) = self.resolve(outgoing.receiver);
        let Some(boot) = boot.map(BootId::short) else { return };
        let claim = Claim { subject, incarnation: at, state: State::Dead, accuser: self.me.id.tag(), boot };
        self.put(writer, Kind::Claims, &RawClaim::new(&claim));
    }

    fn write_wants(&mut self, writer: &mut Writer<'_>) {
        for i in 0..self.repair.wants_len {
            let want = RawWant::new(self.repair.wants[i]);
            self.put(writer, Kind::Want, &want);
        }
        self.repair.wants_len = 0;
    }

    /// As many of the profiles to give as fit; the rest is queued behind.
    fn write_gifts(&mut self, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        while self.repair.gifts_len > 0 {
            let slot = self.repair.gifts[self.repair.gifts_len - 1];
            if self.table.at(slot).is_some() {
                let claim = self.claim_to_tell(slot, 0);
                if !self.table.profile(slot, claim).write(writer) {
                    break;
                }
                self.counters.sent_one(Kind::Profiles);
            }
            self.repair.gifts_len -= 1;
        }
        if self.repair.gifts_len > 0 {
            let queued = self.push_answer(*outgoing);
            self.counters.budget_held += u64::from(!queued);
        }
    }
}
