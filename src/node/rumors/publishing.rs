//! This node has something to say.

use super::super::tick::Timer;
use super::super::{Node, Phase, Publication};
use crate::error::Refusal;
use crate::rumor::{Class, Draft, Order, RumorId, RumorRef, Topic, Window};
use crate::time::{Instant, Span};
use crate::wire::RawSequence;

/// The first round after something urgent comes within one part of so many of an interval.
const FIRST_ROUND_PART: u32 = 4;

impl Node {
    /// The rumor that this node has published last.
    #[must_use]
    pub const fn published(&self) -> Option<RumorId> {
        self.rumors.published
    }

    /// In which order this node delivers the rumors of a topic; `None` when it does not.
    #[must_use]
    pub fn order_of(&self, topic: Topic) -> Option<Order> {
        self.rumors.topics.order(topic)
    }

    /// Whether every rumor that is published from now on comes to this node, or is reported as lost. Not before it has joined, and
    /// learned where the rumors of the others begin.
    #[must_use]
    pub fn hears_rumors(&self) -> bool {
        self.phase == Phase::Joined && !self.rumors.starting
    }

    /// The sum over the settled rumors of all: equal at two nodes that have the same.
    #[must_use]
    pub const fn rumor_root(&self) -> u64 {
        self.rumors.root()
    }

    /// What a rumor says, for as long as it is retained.
    #[must_use]
    pub fn rumor(&self, rumor: &RumorRef) -> Option<&[u8]> {
        let place = self.rumors.store.holds(rumor.place).then_some(rumor.place)?;
        let origin = self.rumors.store.get(place).origin;
        let record = self.rumors.origins.get(origin);
        let same = record.id == rumor.id.origin && record.boot == rumor.id.boot;
        self.rumors.store.at(place, origin, rumor.id.sequence).filter(|_| same)
    }

    /// A rumor that is retained, whether it was delivered or not: for who has missed events.
    #[must_use]
    pub fn retained(&self, now: Instant, id: RumorId) -> Option<(RumorRef, &[u8])> {
        let origin = self.rumors.origins.look_up(id.origin, id.boot)?;
        let place = self.rumors.store.find(origin, id.sequence)?;
        Some((self.rumor_ref(now, place), self.rumors.store.payload(place)))
    }

    pub(in super::super) fn on_publish(&mut self, now: Instant, publication: &Publication<'_>) -> Result<(), Refusal> {
        match self.phase {
            Phase::Joined => {}
            Phase::Idle | Phase::Joining => return Err(Refusal::NotJoined),
            Phase::Leaving | Phase::Left => return Err(Refusal::NotRunning),
        }
        let (got, max) = (publication.payload.len(), self.params.limits.rumor_payload as usize);
        if got > max {
            return Err(Refusal::PayloadTooLong { got, max });
        }
        let origin = self.own_origin(now)?;
        let sequence = self.rumors.origins.get(origin).window.complete() + 1;
        self.make_room(now, got, publication.class)?;
        let id = RumorId { origin: self.me.id, boot: self.me.boot.tag(), sequence };
        let draft = Draft {
            sequence,
            origin,
            topic: publication.topic,
            born: now,
            came: now,
            from: None,
            class: publication.class,
            hops: 0,
            payload: publication.payload,
        };
        let place = self.rumors.store.push(&draft).expect("room was made");
        let (own, bits) = self.rumors.origins.with_bits(origin);
        own.window.mark(bits, sequence, |_, _| ());
        own.retained += 1;
        self.rumors.published = Some(id);
        self.counters.rumors_published += 1;
        self.note_rumor(now, origin, None);
        self.spread_rumor(now, place, publication.class);
        self.arm_round(now);
        Ok(())
    }

    /// This node as an origin.
    fn own_origin(&mut self, now: Instant) -> Result<u32, Refusal> {
        let boot = self.me.boot.tag();
        let max = self.params.limits.origins;
        let origins = &mut self.rumors.origins;
        let known = origins.find(self.me.id, boot);
        let place = match known {
            Some(place) => place,
            None => origins.add(self.me.id, boot, Window::default(), now).ok_or(Refusal::TooManyOrigins { max })?,
        };
        let exhausted = origins.get(place).window.complete() >= RawSequence::MAX;
        // A life in which 2^48 rumors were published is over.
        if exhausted { Err(Refusal::NotRunning) } else { Ok(place) }
    }

    /// Lets the oldest go until a payload of this node's own has room. What has been told less often than a round has peers stays:
    /// what one alone was told might be lost with it. Bulk gives way to everything that is still being told.
    fn make_room(&mut self, now: Instant, len: usize, class: Class) -> Result<(), Refusal> {
        let peers = (self.params.fanout as u32).min(self.roster.up_len());
        let enough = peers.min(self.rumor_sends()).max(1);
        while !self.rumors.store.has_room(len) {
            let Some((place, _)) = self.rumors.store.oldest() else { break };
            let told = self.rumors.waiting.place(place).map(|(_, told)| told);
            let untold = told.is_some_and(|told| told < enough) || self.rumors.fresh.first() == Some(place);
            if untold || class == Class::Bulk && told.is_some() {
                return Err(Refusal::RumorsWait { class, retained: self.rumors.store.len() });
            }
            self.evict_rumor(now);
        }
        Ok(())
    }

    pub(in super::super) fn on_subscribe(&mut self, topic: Option<Topic>, order: Order) -> Result<(), Refusal> {
        let max = self.params.limits.topics;
        if self.rumors.topics.add(topic, order) { Ok(()) } else { Err(Refusal::TooManyTopics { max }) }
    }

    /// Lets a rumor that is new here travel on.
    pub(super) fn spread_rumor(&mut self, now: Instant, place: u32, class: Class) {
        let at_once = class == Class::Urgent && self.rumors.fresh.push(place);
        if !at_once {
            self.rumors.waiting.put(place, class as usize, 0);
        }
        if class == Class::Urgent {
            self.arm_first_round(now);
        }
    }

    /// There is something for a round.
    pub(in super::super) fn arm_round(&mut self, now: Instant) {
        let next = self.next_round(now);
        self.arm_earlier(Timer::Gossip, next);
    }

    /// Something urgent has been passed on. Who was left out learns of it from a digest only, and shall not wait for an interval
    /// that begins here: where no round is due already, the first comes sooner, at another moment at each node.
    fn arm_first_round(&mut self, now: Instant) {
        if self.params.gossip_phase.is_none() && !self.is_armed(Timer::Gossip) {
            let within = (self.params.gossip_interval / FIRST_ROUND_PART).as_micros() as u32;
            let wait = Span::micros(u64::from(self.rng.below(within.max(1))));
            self.arm(Timer::Gossip, now + wait);
        }
    }
}
