//! Is the datagram for us, from whom, and whole? And then: one function for each kind of section.

use core::net::SocketAddr;

use super::apply::Via;
use super::outbox::{Outgoing, Receiver, What};
use super::{Node, Phase};
use crate::error::DropReason;
use crate::id::{BootId, NodeId};
use crate::time::Instant;
use crate::wire::{Binding, Datagram, Header, Kind, Section, Sections, State};

/// Who has sent the datagram at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub addr: SocketAddr,
    pub id: NodeId,
    pub boot: BootId,
    /// Its place, where the table holds this start of it.
    pub slot: Option<u32>,
}

impl Sender {
    /// The sender as a receiver.
    pub(super) fn receiver(&self) -> Receiver {
        self.slot.map_or(Receiver::Stranger(Some(self.boot)), |slot| Receiver::Member(slot, self.boot))
    }
}

impl Node {
    pub(super) fn on_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> Result<(), DropReason> {
        match self.phase {
            Phase::Joining | Phase::Joined | Phase::Leaving => {}
            Phase::Idle | Phase::Left => return Err(DropReason::NotRunning),
        }
        if bytes.len() > self.params.max_datagram {
            return Err(DropReason::Long);
        }
        let datagram = Datagram::parse(bytes)?;
        let header = datagram.header;
        if header.cluster != self.me.cluster.tag() {
            return Err(DropReason::WrongCluster);
        }
        if header.sender == self.me.id && header.boot_tag == self.me.boot.tag() {
            self.note_own_door(from);
            return Err(DropReason::FromSelf);
        }
        let receiver = match header.receiver {
            Some(short) if short != self.me.boot.short() => {
                self.answer_for_another_life(now, from, &datagram);
                return Err(DropReason::OtherLife);
            }
            Some(_) => Some(self.me.boot),
            None => None,
        };
        let (sender, counter) = self.identify(now, from, &datagram)?;
        let binding =
            Binding { cluster: self.me.cluster, sender: sender.boot, receiver, counter_high: (counter >> 32) as u32 };
        let sections = match datagram.open(&binding) {
            // Of a sender known by hearsay only the high half of the counter is a guess: it may be wrong.
            Err(DropReason::Corrupt) if sender.slot.is_some_and(|s| self.table.get(s).counter == 0) => {
                self.ask_who(now, from, &datagram);
                return Err(DropReason::UnknownSender);
            }
            opened => opened?,
        };
        if receiver.is_none() && sections.into_iter().any(|s| !s.introduces(header.sender)) {
            return Err(DropReason::Unbound);
        }
        if let Some(slot) = sender.slot {
            self.heard(now, slot, counter);
        }
        self.join.state_there |= header.state != 0;
        let asked = !matches!(sections.into_iter().next(), Some(Section::Ack(_)));
        self.dispatch(now, sender, sections);
        if self.phase != Phase::Left {
            self.heard_after(now, sender, (counter, asked), &header);
        }
        Ok(())
    }

    /// Who the sender is, and its whole packet counter.
    fn identify(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &Datagram<'_>,
    ) -> Result<(Sender, u64), DropReason> {
        let header = &datagram.header;
        let slot = self.place_of(header.sender).filter(|_| header.sender != self.me.id);
        if let (Some(boot), Some((_, high))) = (header.introduced_boot(), header.intro) {
            let slot = slot.filter(|slot| self.table.get(*slot).boot == boot);
            let counter = (u64::from(high) << 32) | u64::from(header.counter);
            return Ok((Sender { addr: from, id: header.sender, boot, slot }, counter));
        }
        let Some(member) = slot.map(|slot| self.table.get(slot)) else {
            self.ask_who(now, from, datagram);
            return Err(DropReason::UnknownSender);
        };
        if member.boot.tag() != header.boot_tag {
            // A former life, whose address this may have been; or a new one that thinks itself known.
            self.ask_who(now, from, datagram);
            return Err(DropReason::SenderOtherLife);
        }
        let counter = member.whole_counter(header.counter);
        Ok((Sender { addr: from, id: header.sender, boot: member.boot, slot }, counter))
    }

    /// The place of a sender. The one who was asked last is mostly the one who answers, and is there without a search.
    fn place_of(&self, id: NodeId) -> Option<u32> {
        let (asked, slot) = self.asked_last;
        let is_there = asked == id && self.table.at(slot).is_some_and(|member| member.id == id);
        if is_there { Some(slot) } else { self.table.find(id) }
    }

    /// An authentic datagram of a member: the strongest proof of life there is.
    fn heard(&mut self, now: Instant, slot: u32, counter: u64) {
        let silent_for = now.since(self.table.get(slot).heard_at);
        let member = self.table.get_mut(slot);
        member.heard_at = now;
        self.heard_anybody_at = now;
        member.counter = member.counter.max(counter);
        if member.state == State::Dead && silent_for > self.params.ack_prior {
            // It lives: tell it what is said of it, so that it can refute (R17).
            self.probe(now, slot);
        }
    }

    /// What remains to be done once the sections have been looked at.
    fn heard_after(&mut self, now: Instant, sender: Sender, (counter, asked): (u64, bool), header: &Header) {
        let Some(slot) = sender.slot.or_else(|| self.table.find(sender.id)) else { return };
        let member = self.table.get(slot);
        if sender.id == self.me.id {
            return;
        }
        if member.boot != sender.boot {
            // Only somebody who has heard from this node can bind a datagram to it: no stranger gets more than it gave.
            if header.receiver.is_some() {
                self.tell_what_is_held(now, sender, slot);
            }
            return;
        }
        if sender.slot.is_none() {
            // It has introduced itself in this very datagram.
            self.heard(now, slot, counter);
            if header.receiver.is_none() {
                // It does not know this start either.
                self.introduce_to(now, slot);
            }
        }
        self.prove(slot);
        self.compare(now, slot, header.membership);
        let part = |root| Header::part(root, header.counter);
        self.compare_rumors(now, slot, header.rumors, part(self.rumors.root()));
        self.compare_state(now, slot, (header.state, part(self.states.root())), asked);
    }

    /// Another start of the sender's name is on record, at a number that the sender's does not exceed: it cannot know, and
    /// must go above it.
    fn tell_what_is_held(&mut self, now: Instant, sender: Sender, slot: u32) {
        if self.phase == Phase::Joined && self.budgets.strangers.spend(now, 1) {
            self.give_only(slot);
            self.push_answer(Outgoing { to: sender.addr, receiver: sender.receiver(), what: What::Gifts });
        }
    }

    /// One function for each kind. What cannot be done for one section is counted, and the others are still heard.
    fn dispatch(&mut self, now: Instant, sender: Sender, sections: Sections<'_>) {
        let mut via = Via::Gossip { from: sender.slot };
        let mut loaded = false;
        for section in sections {
            self.count_section(&section);
            if !loaded && matches!(section, Section::StatePage(_)) {
                self.load_for_pages(sections);
                loaded = true;
            }
            let done = match section {
                Section::Ping(raw) => self.on_ping(sender, raw.nonce.get()),
                Section::PingRequest(raw) => self.on_ping_request(now, sender, raw),
                Section::Leave(raw) => self.on_leave(now, sender, raw),
                Section::Hello(raw) => self.on_hello(now, sender, raw.get()),
                Section::PageRequest(raw) => self.on_page_request(now, sender, raw),
                Section::RumorSync(raw) => self.on_rumor_sync(sender, raw),
                Section::StateWalk(raw) => self.on_state_walk(now, sender, raw),
                told => {
                    via = self.hear(now, sender, told, via);
                    Ok(())
                }
            };
            if let Err(reason) = done {
                self.counters.drop_one(reason);
            }
            if self.phase == Phase::Left {
                // The last ack of its farewell was among them: what follows concerns it no more, and shall start nothing.
                return;
            }
        }
        self.ask_for_unknown(now, sender);
        self.finish_walk(now);
        self.finish_state_walk(now);
    }

    /// Takes a section that asks for nothing which could be refused; says how the profiles behind it are to be taken.
    fn hear(&mut self, now: Instant, sender: Sender, section: Section<'_>, via: Via) -> Via {
        match section {
            Section::Ack(acks) => acks.iter().for_each(|ack| self.on_ack(now, sender, ack.nonce.get())),
            Section::Nack(raw) => self.on_nack(now, sender, raw),
            Section::Claims(claims) => self.apply_claims(now, claims, via),
            Section::Profiles(profiles) => {
                for profile in profiles {
                    self.apply_profile(now, &profile, via, sender.id);
                }
            }
            Section::Cookie(raw) => self.on_cookie(now, sender, raw),
            Section::Page(raw) => return self.on_page(now, sender, raw).unwrap_or(via),
            Section::Whois(raw) => self.on_whois(now, sender, raw.counter.get()),
            Section::Sums(raw) => self.on_sums(now, sender, raw),
            Section::Listing(listing) => self.on_listing(now, sender, &listing),
            Section::Want(wants) => self.on_want(sender, wants),
            Section::Rumors(rumors) => self.on_rumors(now, sender, rumors),
            Section::RumorDigests(digests) => self.on_rumor_digests(now, sender, digests),
            Section::RumorFeedback(known) => self.on_rumor_feedback(sender, known),
            Section::RumorWants(wants) => self.on_rumor_wants(sender, wants),
            Section::RumorPage(page) => self.on_rumor_page(now, sender, &page),
            Section::StateSums(raw) => self.on_state_sums(now, sender, raw),
            Section::StateListing(listing) => self.on_state_listing(now, sender, &listing),
            Section::StateWants(wants) => self.on_state_wants(sender, wants),
            Section::StatePage(page) => self.on_state_page(now, sender, &page),
            Section::StateSpan(span) => self.on_state_span(now, sender, span),
            Section::Survey(raw) => self.on_survey_question(sender, raw),
            Section::Surveyed(raw) => self.on_surveyed(sender, raw),
            Section::Averages(flows) => self.on_averages(now, sender, &flows),
            Section::Unknown(_) => self.counters.unknown_sections += 1,
            Section::Ping(_)
            | Section::PingRequest(_)
            | Section::Leave(_)
            | Section::Hello(_)
            | Section::PageRequest(_)
            | Section::RumorSync(_)
            | Section::StateWalk(_) => {}
        }
        via
    }

    fn count_section(&mut self, section: &Section<'_>) {
        let kind = match section {
            Section::Ping(_) => Kind::Ping,
            Section::Ack(_) => Kind::Ack,
            Section::PingRequest(_) => Kind::PingRequest,
            Section::Nack(_) => Kind::Nack,
            Section::Claims(_) => Kind::Claims,
            Section::Profiles(_) => Kind::Profiles,
            Section::Leave(_) => Kind::Leave,
            Section::Hello(_) => Kind::Hello,
            Section::Cookie(_) => Kind::Cookie,
            Section::PageRequest(_) => Kind::PageRequest,
            Section::Page(_) => Kind::Page,
            Section::Whois(_) => Kind::Whois,
            Section::Sums(_) => Kind::Sums,
            Section::Listing(_) => Kind::Listing,
            Section::Want(_) => Kind::Want,
            Section::Rumors(_) => Kind::Rumors,
            Section::RumorDigests(_) => Kind::RumorDigests,
            Section::RumorFeedback(_) => Kind::RumorFeedback,
            Section::RumorWants(_) => Kind::RumorWants,
            Section::RumorSync(_) => Kind::RumorSync,
            Section::RumorPage(_) => Kind::RumorPage,
            Section::StateSums(_) => Kind::StateSums,
            Section::StateListing(_) => Kind::StateListing,
            Section::StateWants(_) => Kind::StateWants,
            Section::StatePage(_) => Kind::StatePage,
            Section::StateWalk(_) => Kind::StateWalk,
            Section::StateSpan(_) => Kind::StateSpan,
            Section::Survey(_) => Kind::Survey,
            Section::Surveyed(_) => Kind::Surveyed,
            Section::Averages(_) => Kind::Averages,
            Section::Unknown(_) => return,
        };
        self.counters.received_one(kind);
    }
}
