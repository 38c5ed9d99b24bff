//! Do we know each other? Introductions: asked for, given anew, and given to those who take this node for another start of it.

use core::net::SocketAddr;

use super::outbox::{Outgoing, Receiver, What};
use super::receive::Sender;
use super::{Node, Phase};
use crate::membership::ME;
use crate::time::Instant;
use crate::wire::{Datagram, OVERHEAD, OVERHEAD_INTRO, RawWhois, SECTION_HEADER};

impl Node {
    /// Asks a sender that cannot be understood to introduce itself. Not larger than what it answers; and never an answer to
    /// what is bound to nobody, which might be such a question itself.
    pub(super) fn ask_who(&mut self, now: Instant, from: SocketAddr, datagram: &Datagram<'_>) {
        const WHOIS: usize = OVERHEAD + SECTION_HEADER + size_of::<RawWhois>();
        let askable = datagram.header.receiver.is_some() && datagram.len() >= WHOIS;
        if self.phase == Phase::Joined && askable && self.budgets.strangers.spend(now, 1) {
            let what = What::Whois { counter: datagram.header.counter };
            self.push_answer(Outgoing { to: from, receiver: Receiver::Stranger(None), what });
        }
    }

    /// Somebody cannot understand this node: introduce it anew.
    pub(super) fn on_whois(&mut self, now: Instant, sender: Sender, counter: u32) {
        let Some(slot) = sender.slot else { return };
        // Only about one of the last datagrams: an old or invented number changes nothing (R5).
        if (self.me.counter as u32).wrapping_sub(counter) > 4_096 {
            self.counters.late_answers += 1;
            return;
        }
        self.introduce_to(now, slot);
    }

    /// Pings a member with this node's whole introduction.
    pub(super) fn introduce_to(&mut self, now: Instant, slot: u32) {
        self.table.get_mut(slot).asks_who = true;
        self.probe(now, slot);
    }

    /// Mail for another start of this node's name: the sender does not know this one. When everybody restarts at once, all
    /// hold each other in former lives, and nobody's news reaches anybody unless they are told. Where the sender's own start is
    /// known it is pinged; else it gets an introduction, not longer than what it sent.
    pub(super) fn answer_for_another_life(&mut self, now: Instant, from: SocketAddr, datagram: &Datagram<'_>) {
        let header = &datagram.header;
        if self.phase != Phase::Joined || header.sender == self.me.id || !self.budgets.strangers.spend(now, 1) {
            return;
        }
        let known = self.table.find(header.sender).filter(|slot| self.table.get(*slot).boot.tag() == header.boot_tag);
        if let Some(slot) = known {
            self.introduce_to(now, slot);
            return;
        }
        let profile = self.table.profile(ME, self.table.get(ME).claim()).wire_len();
        if datagram.len() >= OVERHEAD_INTRO + SECTION_HEADER + profile {
            self.push_answer(Outgoing { to: from, receiver: Receiver::Stranger(None), what: What::Introduction });
        }
    }
}
