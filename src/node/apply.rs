//! What does a claim change? The one way in which the table of others is written.

use super::tick::Timer;
use super::{Fresh, Node, Phase};
use crate::event::{Event, MemberRef};
use crate::id::{Incarnation, NodeId};
use crate::membership::{Capacity, Entry, Form, ME, Spread, Tone, supersedes};
use crate::time::{Instant, Span};
use crate::wire::{Claim, Profile, RawClaim, State, VERSION};

/// How a claim has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// As news, from a member where it is known.
    Gossip {
        /// The teller's place.
        from: Option<u32>,
    },
    /// On a page or listing: what somebody holds, which others may know long since. Death is hearsay there and counts as
    /// suspicion only, so that the subject gets to say something.
    Held {
        /// Who holds it: the accuser, where that makes it one.
        holder: NodeId,
        /// Whether this node's side has to be told too.
        spread: bool,
    },
}

/// What spreading takes among so many members.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Among {
    members: u32,
    /// The time until news has reached all.
    pub(super) settle: Span,
    /// How often each tells it.
    pub(super) sends: u32,
}

impl Node {
    /// Takes a member with all that belongs to it. `teller` has sent it.
    pub(super) fn apply_profile(&mut self, now: Instant, profile: &Profile<'_>, via: Via, teller: NodeId) {
        let claim = profile.claim;
        if claim.subject == self.me.id {
            self.about_me(now, &claim, Some((profile.boot, profile.addr)));
            return;
        }
        let Some(slot) = self.table.find(claim.subject) else {
            self.admit(now, profile, via, teller == claim.subject);
            return;
        };
        let member = self.table.get(slot);
        if claim.incarnation.life() > member.incarnation.life() {
            self.begin_life(now, slot, profile, via);
        } else if profile.boot == member.boot {
            self.apply_known(now, slot, &claim, via);
        } else {
            self.counters.claims_known += 1;
        }
    }

    /// Takes the claims of a section. What is held already is sorted out first, in a loop so short that the processor looks
    /// several members up at once: at 10,000 members most of the time is theirs to arrive from memory. What is held only
    /// ever gives way to what supersedes it, so a claim that says nothing new before the others still says nothing after.
    pub(super) fn apply_claims(&mut self, now: Instant, claims: &[RawClaim], via: Via) {
        for part in claims.chunks(u64::BITS as usize) {
            let mut news = 0_u64;
            for (at, raw) in part.iter().enumerate() {
                news |= u64::from(!self.holds(raw)) << at;
            }
            self.counters.claims_known += part.len() as u64 - u64::from(news.count_ones());
            if self.gossip.is_urgent() {
                self.note_heard(part, news);
            }
            while news != 0 {
                if let Some(claim) = part[news.trailing_zeros() as usize].get() {
                    self.apply_claim(now, &claim, via);
                }
                news &= news - 1;
            }
        }
    }

    /// Of the claims that are no news, those that wait to be told need it less. But for what is urgent: all shall hear that at once.
    fn note_heard(&mut self, claims: &[RawClaim], news: u64) {
        let limits = self.sends();
        for (_, raw) in claims.iter().enumerate().filter(|(at, _)| news & (1 << at) == 0) {
            let Some(claim) = raw.get() else { continue };
            let tone = Tone::of(claim.state, claim.incarnation);
            if let Some(slot) = self.table.find(claim.subject).filter(|_| tone != Tone::Urgent) {
                self.gossip.heard(slot, limits, tone);
            }
        }
    }

    /// Whether a claim says of another member what the table says, and nobody is accused.
    fn holds(&self, raw: &RawClaim) -> bool {
        let Some((claim, slot)) = raw.get().and_then(|claim| Some((claim, self.table.find(claim.subject)?))) else {
            return false;
        };
        let member = self.table.get(slot);
        let same = claim.incarnation == member.incarnation && claim.state == member.state;
        same && claim.state != State::Suspect && slot != ME
    }

    /// Takes a claim about somebody whose profile should be known. By reference, like all on this path: a claim handed on
    /// by value is copied in wider pieces than it was written in, and each copy waits until the writes have landed.
    pub(super) fn apply_claim(&mut self, now: Instant, claim: &Claim, via: Via) {
        match self.table.find(claim.subject) {
            Some(ME) => self.about_me(now, claim, None),
            Some(slot) => self.apply_known(now, slot, claim, via),
            None => {
                self.counters.claims_unknown_subject += 1;
                self.want_profile(claim, via);
            }
        }
    }

    /// Somebody speaks of a life whose profile is missing here: it can be asked for, where the speaker is a member.
    fn want_profile(&mut self, claim: &Claim, via: Via) {
        let speaker = match via {
            Via::Gossip { from } => from,
            // Who lists something is asked for all of it that is missing.
            Via::Held { .. } => None,
        };
        let floor = self.book.get(claim.subject).map(|entry| entry.floor);
        let new = floor.is_none_or(|floor| claim.incarnation > floor);
        if speaker.is_some() && claim.state.is_up() && new && self.phase == Phase::Joined {
            self.repair.want_unknown(claim.subject);
        }
    }

    fn apply_known(&mut self, now: Instant, slot: u32, claim: &Claim, via: Via) {
        let member = self.table.get(slot);
        let held = (member.state, member.incarnation);
        if claim.incarnation == held.1 && claim.state == held.0 && claim.state != State::Suspect {
            self.counters.claims_known += 1;
            return;
        }
        if claim.incarnation.life() > held.1.life() {
            self.counters.claims_need_profile += 1;
            if claim.incarnation.plausible_after(held.1) {
                self.want_profile(claim, via);
            }
            return;
        }
        let hearsay;
        let claim = match self.doubtful(via).filter(|_| claim.state == State::Dead && held.0.is_up()) {
            Some(accuser) => {
                hearsay = Claim { state: State::Suspect, accuser, ..*claim };
                &hearsay
            }
            None => claim,
        };
        let same_suspicion = held == (State::Suspect, claim.incarnation) && claim.state == State::Suspect;
        if claim.boot != member.boot.short() || !supersedes((claim.state, claim.incarnation), held) {
            self.counters.claims_known += 1;
            if same_suspicion {
                let limits = self.sends();
                self.gossip.heard(slot, limits, Tone::Urgent);
                self.confirm(now, slot, claim.accuser);
            }
            return;
        }
        self.counters.claims_news += 1;
        if claim.state == State::Dead {
            self.counters.deaths_heard += 1;
        }
        self.transition(now, slot, claim, now);
        let (form, tone) = match (held.0, claim.state) {
            (_, State::Suspect) => (self.form_of_doubt(), Tone::Urgent),
            (_, State::Dead | State::Left) => (Form::Claim, Tone::Urgent),
            (State::Alive, State::Alive) => (Form::Claim, Tone::Relief),
            (State::Suspect, State::Alive) => (Form::Claim, Tone::Relief),
            (State::Dead | State::Left, State::Alive) => (Form::Claim, Tone::Good),
        };
        self.announce_via(now, slot, form, tone, via);
    }

    /// Whether a death that comes this way is hearsay, and then the tag of the one who accuses: on pages and listings, which
    /// may be old, and from somebody who is not known to be alive, who may have been cut off from everybody else. Where a
    /// death needs no accuser that is up it needs no such teller either.
    fn doubtful(&self, via: Via) -> Option<u32> {
        match via {
            Via::Held { holder, .. } => Some(holder.tag()),
            Via::Gossip { .. } if self.params.accusers == 0 => None,
            Via::Gossip { from: None } => Some(0),
            Via::Gossip { from: Some(teller) } => {
                let teller = self.table.get(teller);
                (teller.state != State::Alive).then_some(teller.id.tag())
            }
        }
    }

    /// A life of which the table holds none, or an older one.
    fn begin_life(&mut self, now: Instant, slot: u32, profile: &Profile<'_>, via: Via) {
        let before = *self.table.get(slot);
        let rtt = self.table.contact(slot).rtt;
        if !profile.claim.incarnation.plausible_after(before.incarnation) {
            self.counters.claims_implausible += 1;
            return;
        }
        if !self.acceptable(profile) {
            return;
        }
        if !self.make_room_again(now, slot, profile) {
            // The old life stays on record: it is over, and will be found to be.
            self.refuse_member(now, profile.claim.subject, Capacity::TextBytes);
            return;
        }
        self.counters.claims_news += 1;
        self.end_probe_of(slot);
        self.end_suspicion(now, slot);
        self.uncount(now, slot);
        let texts_before = self.table.text_bytes().0;
        self.table.set_profile(slot, profile);
        self.warn_when_texts_fill(texts_before);
        if profile.boot == before.boot {
            // The same start, gone on to its next life: what was learned of it still holds.
            let member = self.table.get_mut(slot);
            member.counter = before.counter;
            member.verified = before.verified;
            member.heard_at = before.heard_at;
            self.table.contact_mut(slot).rtt = rtt;
        }
        self.note_changed(slot);
        self.enter_state(now, slot, profile);
        self.announce_via(now, slot, Form::Profile, Tone::of(profile.claim.state, profile.claim.incarnation), via);
    }

    /// A member that the table does not know. `direct`: it says so itself.
    fn admit(&mut self, now: Instant, profile: &Profile<'_>, via: Via, direct: bool) {
        let claim = profile.claim;
        if !claim.state.is_up() {
            self.counters.claims_unknown_subject += 1;
            return;
        }
        if !claim.incarnation.plausible_after(Incarnation::default()) {
            self.counters.claims_implausible += 1;
            return;
        }
        let floor = self.book.get(claim.subject).map(|entry| entry.floor);
        if let Some(floor) = floor.filter(|floor| claim.incarnation <= *floor && !direct) {
            self.counters.claims_below_floor += 1;
            self.tell_of_its_death(now, profile, floor);
            return;
        }
        if !self.acceptable(profile) {
            return;
        }
        let texts_before = self.table.text_bytes().0;
        let slot = match self.insert(now, profile) {
            Ok(slot) => slot,
            Err(capacity) => {
                self.refuse_member(now, claim.subject, capacity);
                return;
            }
        };
        self.counters.claims_news += 1;
        self.book.forget(claim.subject);
        self.note_changed(slot);
        self.enter_state(now, slot, profile);
        self.announce_via(now, slot, Form::Profile, Tone::of(profile.claim.state, profile.claim.incarnation), via);
        self.warn_when_filling();
        self.warn_when_texts_fill(texts_before);
    }

    /// Finds a place for a newcomer, in the place of members that are down if it must be: those that went first go first.
    fn insert(&mut self, now: Instant, profile: &Profile<'_>) -> Result<u32, Capacity> {
        loop {
            let inserted = self.table.insert(profile);
            let evicted = inserted.is_err().then(|| self.roster.first_down()).flatten();
            let Some(slot) = evicted else { return inserted };
            self.evict(now, slot);
        }
    }

    /// Finds room for the texts of a member's next life, in the place of those of others that are down if it must be.
    fn make_room_again(&mut self, now: Instant, slot: u32, profile: &Profile<'_>) -> bool {
        loop {
            let enough = self.table.has_room_again(slot, profile);
            let others = self.roster.down().iter().copied().filter(|other| *other != slot && !enough);
            let Some(first) = others.min_by_key(|other| (self.table.get(*other).at, *other)) else { return enough };
            self.evict(now, first);
        }
    }

    /// Whether a profile can be held here at all.
    fn acceptable(&mut self, profile: &Profile<'_>) -> bool {
        if !self.table.fits(profile) {
            self.counters.profiles_too_long += 1;
            return false;
        }
        let speaks = (profile.protocol.0..=profile.protocol.1).contains(&VERSION);
        if !speaks {
            self.counters.members_refused += 1;
        }
        speaks
    }

    /// Lists a member whose profile has just been written, by the state that came with it.
    fn enter_state(&mut self, now: Instant, slot: u32, profile: &Profile<'_>) {
        let state = profile.claim.state;
        if state.is_up() {
            self.table.get_mut(slot).state = State::Alive;
            self.list_up(slot);
            self.refingerprint(now, slot);
            self.note_surge(now);
            self.emit_of(slot, Event::Up);
        }
        if state != State::Alive {
            self.transition(now, slot, &profile.claim, now);
        }
    }

    /// Writes a claim that supersedes what the table holds. `since` is the time of the evidence.
    pub(super) fn transition(&mut self, now: Instant, slot: u32, claim: &Claim, since: Instant) {
        self.uncount(now, slot);
        let member = self.table.get_mut(slot);
        let was = member.state;
        member.incarnation = claim.incarnation;
        member.state = claim.state;
        if !claim.state.is_up() {
            self.end_probe_of(slot);
            self.list_down(now, slot);
            self.arm_earlier(Timer::Revive, now + self.params.revive_interval);
        } else if !was.is_up() {
            self.list_up(slot);
        }
        self.refingerprint(now, slot);
        self.note_changed(slot);
        if was == State::Suspect && claim.state != State::Suspect {
            self.end_suspicion(now, slot);
        }
        match claim.state {
            // Most news is a higher number of somebody who lives: no timer waits for it and nobody is told.
            State::Alive if was == State::Alive => {}
            State::Alive => self.emit_of(slot, Event::Refuted),
            State::Suspect => {
                self.begin_suspicion(now, slot, claim.accuser, since);
                if was != State::Suspect {
                    self.emit_of(slot, Event::Suspected);
                }
            }
            State::Dead => self.emit_of(slot, Event::Failed),
            State::Left => self.emit_of(slot, Event::Left),
        }
    }

    fn list_up(&mut self, slot: u32) {
        let was_up = self.roster.is_up(slot);
        let table = &self.table;
        self.roster.set_up(slot, |other| table.get(other).at);
        self.rank(slot, was_up, true);
        self.owner_came(slot);
        if !was_up {
            self.neighbour_came(slot);
        }
        self.arm_forget();
    }

    fn list_down(&mut self, now: Instant, slot: u32) {
        self.table.get_mut(slot).at = now;
        let was_up = self.roster.is_up(slot);
        let table = &self.table;
        self.roster.set_down(slot, |other| table.get(other).at);
        self.rank(slot, was_up, false);
        self.owner_went(now, slot);
        self.arm_forget();
    }

    /// Whoever went down first is forgotten first: one timer serves all.
    fn arm_forget(&mut self) {
        match self.roster.first_down() {
            Some(slot) => self.arm(Timer::Forget, self.table.get(slot).at + self.params.down_retention),
            None => self.disarm(Timer::Forget),
        }
    }

    /// Forgets those who had been down for long enough when the timer was due.
    pub(super) fn on_forget_timer(&mut self, now: Instant, due: Instant) {
        let retention = self.params.down_retention;
        while let Some(slot) = self.roster.first_down().filter(|slot| self.table.get(*slot).at + retention <= due) {
            self.forget(now, slot);
        }
    }

    fn emit_of(&mut self, slot: u32, event: fn(MemberRef) -> Event) {
        let member = self.member_ref(slot);
        self.emit(event(member));
    }

    fn announce_via(&mut self, now: Instant, slot: u32, form: Form, tone: Tone, via: Via) {
        match via {
            Via::Gossip { from } => self.announce_as(now, slot, form, tone, from),
            Via::Held { spread: true, .. } => self.announce_as(now, slot, form, tone, None),
            Via::Held { spread: false, .. } => {}
        }
    }

    /// How suspicions travel, and what their subject says against them: aside, with what leaves anyway. Most are refuted soon.
    /// Those who have heard of one ask before they convict, and are answered; the verdict is what all must hear at once, and who
    /// hears a refutation tells it in rounds.
    fn form_of_doubt(&self) -> Form {
        if self.params.loud_suspicions { Form::Claim } else { Form::Aside }
    }

    /// Somebody is suspected, or refutes that.
    pub(super) fn announce_doubt(&mut self, now: Instant, slot: u32, from: Option<u32>) {
        self.announce(now, slot, self.form_of_doubt(), from);
    }

    /// There is news of a member: it waits for rounds and pings, and is passed on at once. What goes aside waits only.
    pub(super) fn announce(&mut self, now: Instant, slot: u32, form: Form, from: Option<u32>) {
        let member = self.table.get(slot);
        self.announce_as(now, slot, form, Tone::of(member.state, member.incarnation), from);
    }

    fn announce_as(&mut self, now: Instant, slot: u32, form: Form, tone: Tone, from: Option<u32>) {
        if !matches!(self.phase, Phase::Joined | Phase::Leaving) {
            return;
        }
        self.gossip.announce(slot, form, tone);
        if form == Form::Aside {
            return;
        }
        let next = self.next_round(now);
        self.arm_earlier(Timer::Gossip, next);
        let state = self.table.get(slot).state;
        if form == Form::Profile || state == State::Left || tone == Tone::Good {
            self.unheld_until = now + self.settle_time();
        }
        if form == Form::Claim && state == State::Alive && !self.params.loud_suspicions {
            // That somebody lives after all can wait for the round: then one datagram tells of all who have come back.
            return;
        }
        self.fresh = Some(match self.fresh {
            Some(Fresh { from: earlier }) if earlier != from => Fresh { from: None },
            Some(_) | None => Fresh { from },
        });
    }

    /// How long a change stays out of the fingerprint.
    pub(super) fn settle_time(&mut self) -> Span {
        self.among().settle
    }

    /// What follows from how many are up: worked out anew only when that has changed.
    pub(super) fn among(&mut self) -> Among {
        let members = self.up_count();
        if self.among.members != members {
            let (settle, sends) = (self.spread.time_to_all(members), self.spread.sends(members));
            self.among = Among { members, settle, sends };
            let stale_among = |n| Spread::stale_after(n, self.params.quiet_after);
            self.gossip.set_quiet_after(stale_among(members), stale_among(0));
        }
        self.among
    }

    /// The member at a place has changed: so has the fingerprint, which did not count it while it did.
    pub(super) fn refingerprint(&mut self, now: Instant, slot: u32) {
        let settles_at = now + self.settle_time();
        let member = self.table.get_mut(slot);
        if member.state.is_up() {
            member.at = settles_at;
            self.fingerprint.enter(slot, member.id, member.incarnation, &mut member.counted);
        } else {
            self.fingerprint.leave(slot);
        }
        self.arm_earlier(Timer::Settle, settles_at);
    }

    /// The member at a place is about to change: the fingerprint counts it no more.
    pub(super) fn uncount(&mut self, now: Instant, slot: u32) {
        let member = self.table.get_mut(slot);
        self.fingerprint.forget(member.id, member.incarnation, &mut member.counted, now);
    }

    pub(super) fn on_settle_timer(&mut self, now: Instant) {
        while let Some(slot) = self.fingerprint.settling(0) {
            let member = self.table.get_mut(slot);
            let due = member.settles_at();
            if due <= now {
                self.fingerprint.settle(member.id, member.incarnation, &mut member.counted, now);
                continue;
            }
            // What changes again and again shall not hold up what stands behind it.
            let next = self.fingerprint.settling(1).map(|next| self.table.get(next).settles_at());
            if next.is_none_or(|next| next >= due) {
                self.arm(Timer::Settle, due);
                return;
            }
            self.fingerprint.settle_later();
        }
    }

    pub(super) fn note_changed(&mut self, slot: u32) {
        self.changed.insert(slot);
    }

    /// There is no room and nobody is down: the newcomer loses (R28).
    pub(super) fn refuse_member(&mut self, now: Instant, refused: NodeId, capacity: Capacity) {
        self.counters.members_refused += 1;
        self.tell_of_full(now, refused, capacity);
    }

    /// Tells the embedder that somebody was refused, now and then.
    pub(super) fn tell_of_full(&mut self, now: Instant, refused: NodeId, capacity: Capacity) {
        let told_lately = self.full_told_at.is_some_and(|at| now.since(at) < self.params.probe_interval);
        if !told_lately {
            self.full_told_at = Some(now);
            let max = match capacity {
                Capacity::Members => self.table.capacity(),
                Capacity::TextBytes => self.table.text_bytes().1,
                Capacity::Origins => self.params.limits.origins,
            };
            self.emit(Event::TableFull { refused, capacity, max });
        }
    }

    fn warn_when_filling(&mut self) {
        let (used, max) = (self.table.len(), self.table.capacity());
        self.warn_once(Capacity::Members, used - 1, used, max);
    }

    fn warn_when_texts_fill(&mut self, before: u32) {
        let (used, max) = self.table.text_bytes();
        self.warn_once(Capacity::TextBytes, before, used, max);
    }

    /// Said once on the way up: when 80 % are passed.
    pub(super) fn warn_once(&mut self, capacity: Capacity, before: u32, used: u32, max: u32) {
        let much = |n: u32| u64::from(n) * 5 > u64::from(max) * 4;
        if much(used) && !much(before) {
            self.emit(Event::TableFilling { capacity, used, max });
        }
    }

    /// Makes room for somebody who lives: a member that is down is forgotten early.
    fn evict(&mut self, now: Instant, slot: u32) {
        self.counters.down_evicted += 1;
        self.forget(now, slot);
    }

    /// Takes a member that is down out of the table; the book remembers its number and address.
    pub(super) fn forget(&mut self, now: Instant, slot: u32) {
        let member = *self.table.get(slot);
        let forgotten = self.member_ref(slot);
        self.book.remember(Entry { id: member.id, boot: member.boot, floor: member.incarnation, addr: forgotten.addr });
        self.release(now, slot);
        self.emit(Event::Forgotten(forgotten));
    }

    /// Frees a place.
    pub(super) fn release(&mut self, now: Instant, slot: u32) {
        self.end_probe_of(slot);
        self.end_suspicion(now, slot);
        self.gossip.forget(slot);
        self.uncount(now, slot);
        let was_up = self.roster.is_up(slot);
        let table = &self.table;
        self.roster.remove(slot, |other| table.get(other).at);
        self.rank(slot, was_up, false);
        self.owner_forgotten(now, slot);
        self.arm_forget();
        self.table.remove(slot);
        self.note_changed(slot);
    }
}
