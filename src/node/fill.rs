//! What else is told? Every datagram between members is filled with news: classes with guaranteed shares first, then
//! whatever room is left.

use super::{Fresh, Node, Phase};
use crate::config::{FANOUT_MAX, Sends};
use crate::membership::{DATAGRAMS_IN_A_ROW, ENDLESS, Form, ME, Tone};
use crate::time::{Instant, Span};
use crate::wire::{Claim, Kind, OVERHEAD_INTRO, RawClaim, RawProfile, State, Writer};

use super::outbox::What;

/// What can be told, the more urgent first. No class starves another: each has a share of every datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// What is said of the receiver, so that it can refute (Lifeguard's buddy system), and this node's own answer to what
    /// is said of it.
    Refutation,
    /// Claims about members whose profile the receivers know.
    Claims,
    /// New lives.
    Profiles,
}

/// Rounds in the time of one, at most, where more rumors wait than one round tells.
const ROUNDS_IN_INTERVAL_MAX: u32 = 64;

/// One part in so many of each datagram is for rumors and their digests, where there are any, and as much for state.
const SHARE: usize = 4;

impl Class {
    /// The order, and the share of the room that is kept for each, in thousandths. A class that has less to say leaves
    /// its share to the others.
    const SHARES: [(Self, usize); 3] = [(Self::Refutation, 1_000), (Self::Claims, 500), (Self::Profiles, 500)];
}

impl Node {
    /// Adds what there is to tell a member. What goes aside is told in datagrams that leave anyway.
    pub(super) fn fill(&mut self, now: Instant, writer: &mut Writer<'_>, receiver: u32, what: What) {
        // A push holds what has just come, and goes out in a burst: rounds tell the rest. Who has told what is known here knows
        // most of what it would be told in return.
        let by_itself = matches!(what, What::Rumors | What::RumorFeedback { .. });
        let tells_rumors = !by_itself && self.has_rumors_to_tell();
        let tells_state = !by_itself && self.tells_state_in(what);
        let has_news = !self.gossip.is_empty() || self.speaks_ill_of(receiver);
        let room = writer.remaining();
        let limits = self.sends();
        let kept = |tells: bool| if tells { room / SHARE } else { 0 };
        if has_news {
            let for_news = room - kept(tells_rumors) - kept(tells_state);
            for (class, share) in Class::SHARES {
                self.fill_class(writer, class, receiver, for_news * share / 1_000, limits);
            }
        }
        let more_news = has_news && self.gossip.has_more();
        if tells_rumors {
            let all_others = if more_news { writer.remaining().saturating_sub(room / SHARE) } else { 0 };
            self.fill_rumors(now, writer, receiver, all_others.max(kept(tells_state)));
        }
        if tells_state {
            let others = more_news || tells_rumors && self.has_more_rumors();
            let enough = if others { writer.remaining().saturating_sub(room / SHARE) } else { 0 };
            self.fill_state(now, writer, receiver, enough);
            if tells_rumors && !more_news {
                self.fill_rumors(now, writer, receiver, 0);
            }
        }
        if has_news {
            for (class, _) in Class::SHARES {
                self.fill_class(writer, class, receiver, room, limits);
            }
            if what.is_probe() {
                self.fill_form(writer, Form::Aside, 0, limits);
            }
        }
    }

    /// How often a piece of news is sent, by its form.
    pub(super) fn sends(&self) -> [u32; 2] {
        let derived = || self.spread.sends(self.up_count());
        match self.params.sends {
            Sends::Derived => [derived(); 2],
            Sends::Times(n) => [n; 2],
            Sends::Endless => [ENDLESS, derived()],
        }
    }

    /// Adds news of one class, as long as it takes at most `room` bytes.
    fn fill_class(&mut self, writer: &mut Writer<'_>, class: Class, receiver: u32, room: usize, limits: [u32; 2]) {
        let enough = writer.remaining().saturating_sub(room);
        match class {
            Class::Refutation => self.fill_refutations(writer, receiver, limits),
            Class::Claims => self.fill_form(writer, Form::Claim, enough, limits),
            Class::Profiles => self.fill_form(writer, Form::Profile, enough, limits),
        }
    }

    /// Whether the receiver has to be told what is said of it. The dead always have: nobody else speaks to them.
    fn speaks_ill_of(&self, receiver: u32) -> bool {
        match self.table.get(receiver).state {
            State::Alive => false,
            State::Suspect => self.params.buddy,
            State::Dead | State::Left => true,
        }
    }

    fn fill_refutations(&mut self, writer: &mut Writer<'_>, receiver: u32, limits: [u32; 2]) {
        if self.speaks_ill_of(receiver) && !self.gossip.is_told(receiver) {
            let claim = self.claim_to_tell(receiver, 0);
            if writer.push(Kind::Claims, &RawClaim::new(&claim)) {
                self.note_sent(Kind::Claims);
                self.gossip.told(receiver, limits, Tone::of(claim.state, claim.incarnation));
            }
        }
        if let Some((form, sends)) = self.gossip.place(ME).filter(|_| !self.gossip.is_told(ME)) {
            self.tell(writer, ME, form, sends, limits);
        }
    }

    /// Tells what has been told least, until less than `enough` bytes remain.
    fn fill_form(&mut self, writer: &mut Writer<'_>, form: Form, enough: usize, limits: [u32; 2]) {
        while writer.remaining() > enough {
            let Some((slot, sends)) = self.gossip.least_told(form) else { return };
            if !self.tell(writer, slot, form, sends, limits) {
                return;
            }
        }
    }

    /// Writes one piece of news; `false` when it does not fit.
    fn tell(&mut self, writer: &mut Writer<'_>, slot: u32, form: Form, sends: u32, limits: [u32; 2]) -> bool {
        let claim = self.claim_to_tell(slot, sends);
        let (fits, kind) = match form {
            Form::Claim | Form::Aside => (writer.push(Kind::Claims, &RawClaim::new(&claim)), Kind::Claims),
            Form::Profile => (self.table.profile(slot, claim).write(writer), Kind::Profiles),
        };
        if fits {
            self.note_sent(kind);
            self.gossip.told(slot, limits, Tone::of(claim.state, claim.incarnation));
        }
        fits
    }

    /// What this node says of a member the `sends`-th time: accusers take turns.
    pub(super) fn claim_to_tell(&self, slot: u32, sends: u32) -> Claim {
        let claim = self.table.get(slot).claim();
        match claim.state {
            State::Suspect => Claim { accuser: self.suspicion(slot).named(sends), ..claim },
            State::Alive | State::Dead | State::Left => claim,
        }
    }

    pub(super) fn note_sent(&mut self, kind: Kind) {
        self.counters.sent_one(kind);
    }

    /// Passes news on at once: to `fanout` peers, not back to where it came from, within the budget. What the budget holds
    /// back goes with the next round.
    pub(super) fn pass_on_fresh_news(&mut self, now: Instant) {
        let Some(Fresh { from }) = self.fresh.take() else { return };
        if !matches!(self.phase, Phase::Joined | Phase::Leaving) {
            return;
        }
        let mut peers = [0; FANOUT_MAX];
        let wanted = self.params.fanout;
        let found = self.roster.sample(&mut self.rng, &mut peers[..wanted], |slot| Some(slot) != from);
        for slot in &peers[..found] {
            if self.budgets.eager.covers(now, 1) && self.may_tell(now) && self.budgets.eager.spend(now, 1) {
                self.counters.eager_sends += 1;
                self.push_to(*slot, What::Gossip { more: false });
            } else {
                self.counters.eager_held += 1;
            }
        }
    }

    /// Whether a datagram may be made for nothing but news. While it spreads that somebody comes, leaves or was held dead
    /// wrongly, always. Of deaths and doubts a few pieces go at once; where more and more comes it is told together.
    fn may_tell(&mut self, now: Instant) -> bool {
        now < self.unheld_until || self.gossip.waiting(Form::Profile) > 0 || self.budgets.claims.spend(now, 1)
    }

    /// How many datagrams to one peer hold all that waits, up to a bound: in a storm of news the delay must not grow with
    /// its size. Each peer gets everything once and nothing twice.
    fn datagrams_to_tell_all(&self) -> usize {
        let texts = self.table.text_bytes().0.div_ceil(self.table.len()) as usize;
        let profile = size_of::<RawProfile>() + texts;
        let profiles = self.gossip.waiting(Form::Profile) as usize * profile;
        let claims = self.gossip.waiting(Form::Claim) as usize * size_of::<RawClaim>();
        // A profile is not cut in two: what is left at the end of each datagram is less than one.
        let waste = if profiles > 0 { profile } else { 0 };
        let room = self.params.max_datagram - OVERHEAD_INTRO - waste;
        (profiles + claims + self.rumor_bytes_to_tell() + self.state_bytes_to_tell())
            .div_ceil(room)
            .clamp(1, DATAGRAMS_IN_A_ROW)
    }

    /// When the round after this one is due. Where more rumors wait than a row of datagrams holds it comes sooner by as much: how
    /// many are told is bounded by the budgets, and not by how much fits into a round. A few at a time, since what comes in one
    /// burst overflows the receivers' buffers; and paid for by the rumors' own part, so that membership keeps its.
    fn round_after(&mut self, now: Instant) -> Instant {
        let next = self.next_round(now);
        let row = DATAGRAMS_IN_A_ROW * (self.params.max_datagram - OVERHEAD_INTRO);
        let rows = self.waiting_rumor_bytes().div_ceil(row).min(ROUNDS_IN_INTERVAL_MAX as usize) as u32;
        let in_round = (DATAGRAMS_IN_A_ROW * self.params.fanout) as u32;
        let bytes = in_round.saturating_mul(self.params.max_datagram as u32);
        let hurries = rows > 1 && self.params.gossip_phase.is_none();
        if hurries && self.budgets.rumor_bytes.covers(now, bytes) && self.budgets.rumor_datagrams.spend(now, in_round) {
            return now + self.params.gossip_interval / rows;
        }
        next
    }

    /// When the next gossip round is due: an interval from now, or this node's own next beat.
    pub(super) fn next_round(&self, now: Instant) -> Instant {
        let interval = self.params.gossip_interval;
        let Some(phase) = self.params.gossip_phase else { return now + interval };
        let first = self.me.started_at + phase;
        let ago = now.since(first).as_nanos();
        if now < first { first } else { first + Span::nanos((ago / interval.as_nanos() + 1) * interval.as_nanos()) }
    }

    /// A gossip round: distinct peers are told what waits, and asked for what they have. In quiet there are none.
    pub(super) fn on_gossip_timer(&mut self, now: Instant) {
        let nobody = self.roster.up_len() + self.roster.down_len() == 0;
        let tells = self.has_rumors_to_tell() || self.has_state_to_tell();
        let (idle, asks) = (!self.gossip.is_urgent() && !tells, self.asks_for_state());
        if idle && !asks || nobody || !matches!(self.phase, Phase::Joined | Phase::Leaving) {
            return;
        }
        self.counters.rounds += 1;
        let next = self.round_after(now);
        self.arm(super::tick::Timer::Gossip, next);
        let mut peers = [0; FANOUT_MAX];
        let wanted = self.params.fanout;
        let found = self.roster.sample(&mut self.rng, &mut peers[..wanted], |_| true);
        if asks {
            self.ask_in_round(&peers[..found]);
        }
        let datagrams = if idle { 0 } else { self.datagrams_to_tell_all() };
        for slot in &peers[..found] {
            for nth in 0..datagrams {
                if tells || self.may_tell(now) {
                    self.push_to(*slot, What::Gossip { more: nth > 0 });
                }
            }
        }
        // Sometimes one of the dead: it may live, and then it needs to hear what is said of it.
        let (up, down) = (self.roster.up_len(), self.roster.down_len());
        if down > 0 && self.rng.below(up + down) < down {
            let dead = self.roster.next_down().filter(|slot| self.table.get(*slot).state == State::Dead);
            dead.into_iter().for_each(|slot| self.push_to(slot, What::Gossip { more: false }));
        }
    }
}
