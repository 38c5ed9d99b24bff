//! Where do we differ, and who has more? Fingerprints in every header; sums, listings, and pages of what is missing.

use core::net::SocketAddr;

use arrayvec::ArrayVec;

use super::super::outbox::{Outgoing, Receiver, What};
use super::super::receive::Sender;
use super::super::{Node, Phase};
use super::asking::Ways;
use crate::event::Event;
use crate::id::NodeId;
use crate::membership::ME;
use crate::time::Instant;
use crate::wire::{
    Kind, LogDigest, RawLogDigest, RawStateListing, RawStateSums, RawStateWant, SECTION_HEADER, STATE_BUCKETS,
    StateBuckets, StateListing, StateWant, Writer, salted, state_bucket_of, state_bucket_range,
};

/// Owners whose pages are asked for because of one listing, or given.
const ANSWERS_MAX: usize = 128;
/// Comparisons in vain after which the embedder is told, and then each time as many more.
const TOLD_AFTER: u32 = 5;
/// The budget of repair lets this part of what it lets pass in a second pass at once.
const BURST_PART: u32 = 10;
/// How often the wait between comparisons that teach nothing doubles (R27).
const DOUBLINGS: u32 = 6;

/// When nodes compare.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Pace {
    // What every peer in step changes, side by side.
    /// Since when peers have differed.
    differs_since: Option<Instant>,
    /// When a peer was last in step.
    agreed_at: Instant,
    /// Comparisons in a row that taught nothing.
    in_vain: u32,
    /// Before this, no other comparison is begun.
    not_before: Instant,
    /// The owner that was last found to differ though as much of it is held on both sides.
    differed: Option<NodeId>,
    /// The buckets in which the peer differs whose sums came last: those that are listed.
    differing: StateBuckets,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            differs_since: None,
            agreed_at: now,
            not_before: now,
            in_vain: 0,
            differed: None,
            differing: StateBuckets::default(),
        }
    }

    /// Something was missing, and has come.
    pub(super) const fn learned(&mut self) {
        self.in_vain = 0;
        self.differed = None;
    }
}

/// The lower half of a node id.
pub(super) const HALF: u64 = u32::MAX as u64;

/// As many logs as a listing names at most.
type Listed = ArrayVec<u32, { u8::MAX as usize - 1 }>;

/// What a listing is answered with. What does not fit is found the next time.
struct Answers {
    ways: Ways,
    /// Whether anything is left for the peer to ask for, or to give.
    leaves: bool,
    /// The logs that it names, as bits, and how many these are.
    named: Box<[u64]>,
    named_count: u32,
    wants: ArrayVec<StateWant, ANSWERS_MAX>,
    gifts: ArrayVec<StateWant, ANSWERS_MAX>,
}

impl Answers {
    fn new(ways: Ways, named: Box<[u64]>) -> Self {
        Self { ways, leaves: false, named, named_count: 0, wants: ArrayVec::new(), gifts: ArrayVec::new() }
    }

    /// The listing names a log; whether it has before.
    fn name(&mut self, log: u32) -> bool {
        let again = self.names(log);
        self.named[log as usize / 64] |= 1 << (log % 64);
        self.named_count += u32::from(!again);
        again
    }

    const fn names(&self, log: u32) -> bool {
        self.named[log as usize / 64] & 1 << (log % 64) != 0
    }

    fn want(&mut self, want: StateWant) {
        self.leaves |= !self.ways.asks;
        if self.ways.asks {
            let _full = self.wants.try_push(want);
        }
    }

    fn give(&mut self, want: StateWant) {
        self.leaves |= !self.ways.gives;
        if self.ways.gives {
            let _full = self.gifts.try_push(want);
        }
    }

    /// Wants what several records may stand for.
    fn want_once(&mut self, want: StateWant) {
        if !self.wants.contains(&want) {
            self.want(want);
        }
    }

    fn give_once(&mut self, want: StateWant) {
        if !self.gifts.contains(&want) {
            self.give(want);
        }
    }
}

impl Node {
    /// Compares a peer's fingerprint with this node's. All count what has settled by its age, so two healthy nodes differ for
    /// moments only; a difference that lasts for a part of the spreading time is looked into.
    /// Of two that meet the one begins that was asked, and not the one that was answered: otherwise both would, at once.
    pub(in super::super) fn compare_state(&mut self, now: Instant, slot: u32, (theirs, ours): (u16, u16), asked: bool) {
        if self.phase != Phase::Joined {
            return;
        }
        if theirs == ours {
            (self.states.pace.agreed_at, self.states.pace.differs_since) = (now, None);
            self.end_asking();
            self.states.pace.learned();
            self.comparison_agrees(now, slot);
            return;
        }
        if !asked {
            self.comparison_differs(now, slot);
        }
        let settle = self.settle_time();
        let stable = now.since(self.states.root_changed_at) >= settle / 2;
        let pace = &mut self.states.pace;
        let since = *pace.differs_since.get_or_insert(now);
        // Where changes never end nothing is ever stable: after long disagreement it is worth a look all the same.
        let restless = now.since(pace.agreed_at) >= settle * 4;
        if !(stable || restless) || now.since(since) < settle / 8 || now < pace.not_before {
            return;
        }
        self.begin_asking(now);
        if !asked {
            return;
        }
        if !self.budgets.repair.spend(now, 1) {
            return;
        }
        let pace = &mut self.states.pace;
        pace.not_before = now + (settle / 2) * (1 << pace.in_vain.min(DOUBLINGS));
        pace.in_vain += 1;
        let (comparisons, owner) = (pace.in_vain, pace.differed);
        if comparisons % TOLD_AFTER == 0 {
            self.emit(Event::Diverged { peer: self.table.get(slot).id, owner, comparisons });
        }
        self.begin_comparison(now, slot);
    }

    /// Marks of this node's sums.
    pub(in super::super) fn state_sums(&mut self) -> RawStateSums {
        let salt = self.rng.next_u32();
        let mark = |bucket| salted(self.states.store.bucket(bucket), salt).into();
        RawStateSums { salt: salt.into(), marks: core::array::from_fn(mark) }
    }

    /// Answers sums with listings of the buckets in which they differ from this node's.
    pub(in super::super) fn on_state_sums(&mut self, now: Instant, sender: Sender, raw: &RawStateSums) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        self.yield_to_other_side(now);
        let salt = raw.salt.get();
        let differs = |bucket: &usize| raw.marks[*bucket].get() != salted(self.states.store.bucket(*bucket), salt);
        let mut differing = StateBuckets::default();
        (0..STATE_BUCKETS).filter(differs).for_each(|bucket| differing.add(bucket));
        self.states.pace.differing = differing;
        if let Some(first) = differing.from(0).next() {
            let what = What::StateListing { first: state_bucket_range(first).0, back: false };
            self.list_state(now, sender.addr, sender.receiver(), what);
        }
    }

    /// A comparison with a peer is under way, by whomever it was begun: no other is begun beside it.
    fn yield_to_other_side(&mut self, now: Instant) {
        let pause = self.settle_time() / 2;
        let pace = &mut self.states.pace;
        pace.not_before = pace.not_before.max(now + pause);
    }

    /// Half of what the budget of repair lets pass at once.
    pub(super) const fn burst_for_pages(&self) -> u32 {
        self.params.repair_per_second / BURST_PART / 2
    }

    fn list_state(&mut self, now: Instant, to: SocketAddr, receiver: Receiver, what: What) {
        let outgoing = Outgoing { to, receiver, what };
        let queued = self.budgets.repair.spend(now, 1) && self.push_answer(outgoing);
        self.counters.budget_held += u64::from(!queued);
    }

    /// A listing of as many of the buckets that differ as fit, from an id on, and another of the rest.
    pub(in super::super) fn write_state_listing(
        &mut self,
        now: Instant,
        outgoing: &Outgoing,
        (first, back): (NodeId, bool),
        writer: &mut Writer<'_>,
    ) {
        let room = writer.remaining().saturating_sub(SECTION_HEADER + size_of::<RawStateListing>());
        let (salt, mode) = (self.rng.next_u32(), self.params.state_mode);
        let mut head = RawStateListing::new(first, first, salt, mode, back);
        let mut logs = Listed::new();
        let rest = self.list_together(&mut head, &mut logs, room / size_of::<RawLogDigest>());
        self.put(writer, Kind::StateListing, &head);
        for log in logs {
            let written = writer.extend(Kind::StateListing, &RawLogDigest::new(&self.log_digest(log, head.salt())));
            debug_assert!(written, "room was counted");
        }
        // Half of the burst is left for the pages: a listing for which there are none is of no use, and what differs further on is
        // listed the next time.
        if let Some(rest) = rest.filter(|_| self.budgets.repair.covers(now, self.burst_for_pages())) {
            let what = What::StateListing { first: rest, back };
            self.list_state(now, outgoing.to, outgoing.receiver, what);
        }
    }

    /// Lists buckets behind the id where the head begins that have at most so many logs together, and says where the rest begins.
    fn list_together(&self, head: &mut RawStateListing, logs: &mut Listed, room: usize) -> Option<NodeId> {
        let (first, room) = (head.first(), room.min(logs.capacity()));
        for bucket in self.states.pace.differing.from(state_bucket_of(first)) {
            let (begin, end) = state_bucket_range(bucket);
            let (begin, before) = (begin.max(first), logs.len());
            let mut of_bucket = self.states.store.logs_in(begin, end);
            logs.extend(of_bucket.by_ref().take(room - before));
            if of_bucket.next().is_none() {
                head.add(bucket);
                head.end_at(end);
                continue;
            }
            logs.truncate(before);
            if before > 0 {
                return Some(begin);
            }
            // It alone is too large: as much of it as fits. What shares its upper half with another id stays together.
            let (least, mut most) = (begin.as_u64(), end.as_u64());
            while self.states.store.logs_in(begin, NodeId::from_u64(most)).count() > room && most - least > HALF {
                most = (least + (most - least) / 2) | HALF;
            }
            head.add(bucket);
            head.end_at(NodeId::from_u64(most));
            // More lives of one owner than a datagram lists do not occur: what does not fit is found the next time.
            logs.extend(self.states.store.logs_in(begin, NodeId::from_u64(most)).take(room));
            return most.checked_add(1).map(NodeId::from_u64);
        }
        None
    }

    /// The logs of one bucket that a listing covers.
    fn logs_covered(&self, head: &RawStateListing, bucket: usize) -> impl Iterator<Item = u32> + '_ {
        let (first, last) = state_bucket_range(bucket);
        self.states.store.logs_in(first.max(head.first()), last.min(head.last()))
    }

    fn log_digest(&self, log: u32, salt: u32) -> LogDigest {
        let log = self.states.store.log(log);
        LogDigest::of(log.owner, log.life, (log.complete, log.sum()), salt)
    }

    /// Takes what a peer holds in some buckets: asks for what is missing here, gives what is missing there, as far as the modes of
    /// both say.
    pub(in super::super) fn on_state_listing(&mut self, now: Instant, sender: Sender, listing: &StateListing<'_>) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        self.yield_to_other_side(now);
        let ways = Ways::between(self.params.state_mode, listing.head.mode());
        let mut answers = Answers::new(ways, core::mem::take(&mut self.states.named));
        answers.named.fill(0);
        self.states.store.load_logs(listing.logs.iter().map(|theirs| theirs.get().owners().0));
        for theirs in listing.logs.iter().map(RawLogDigest::get) {
            self.compare_log(now, &mut answers, listing.head.salt(), &theirs);
        }
        self.give_unlisted(&mut answers, listing.head);
        if answers.leaves && !listing.head.is_back() {
            self.list_back(now, sender, listing.head);
        }
        let differs = answers.leaves || !answers.wants.is_empty() || !answers.gifts.is_empty();
        // What is asked for together travels together.
        answers.wants.iter().for_each(|want| self.want_state(sender, *want));
        answers.gifts.iter().for_each(|want| self.give_state(sender, *want));
        self.comparison_lists(now, sender.slot, differs, (&answers.wants, &answers.gifts));
        self.states.named = answers.named;
    }

    /// What the peer does not list it does not hold. Where it names as many logs as there are here none is looked for.
    fn give_unlisted(&self, answers: &mut Answers, head: &RawStateListing) {
        let store = &self.states.store;
        if answers.named_count == head.buckets().from(0).map(|bucket| store.logs_of_bucket(bucket)).sum() {
            return;
        }
        for log in head.buckets().from(0).flat_map(|bucket| self.logs_covered(head, bucket)) {
            let record = store.log(log);
            if !answers.names(log) && !record.is_empty() && record.complete > 0 {
                answers.give(StateWant { owner: record.owner, life: record.life, after: 0 });
            }
        }
    }

    /// Lists what is held here of what the peer has listed, so that it gives or asks for what its mode leaves to it. It may never begin
    /// itself: of one that differs from all others each of these hears once in a while, and agrees with somebody in between.
    fn list_back(&mut self, now: Instant, sender: Sender, theirs: &RawStateListing) {
        self.states.pace.differing = *theirs.buckets();
        let what = What::StateListing { first: theirs.first(), back: true };
        self.list_state(now, sender.addr, sender.receiver(), what);
    }

    /// Compares what is held here with one record of a peer's listing.
    fn compare_log(&mut self, now: Instant, answers: &mut Answers, salt: u32, theirs: &LogDigest) {
        let (first, _) = theirs.owners();
        let alike = |log: &u32| self.states.store.log(*log).life as u8 == theirs.life;
        let ours = self.states.store.logs_sharing_upper_half(first).filter(alike);
        let (log, count) = ours.fold((None, 0), |(first, count), log| (first.or(Some(log)), count + 1));
        let Some(log) = log else {
            if let Some(life) = self.is_of_own_life(theirs) {
                self.outlive(now, life);
                return;
            }
            // Whose it is it does not say: the peer knows.
            answers.want_once(StateWant { owner: first, life: theirs.life.into(), after: 0 });
            return;
        };
        let again = answers.name(log);
        if count > 1 || again {
            self.exchange_all_alike(answers, theirs);
            return;
        }
        let record = self.states.store.log(log);
        // Nobody is two thousand million writes behind. What of removals is forgotten there shows in the pages, which are asked
        // for from further on then.
        let ahead = theirs.complete.wrapping_sub(record.complete as u32) as i32;
        if ahead == 0 && self.log_digest(log, salt) == *theirs {
            return;
        }
        let (owner, life) = (record.owner, record.life);
        let own = owner == self.me.id && life >= self.table.get(ME).incarnation.life();
        if own && ahead > 0 {
            self.outlive(now, life);
        } else if ahead > 0 {
            answers.want(StateWant { owner, life, after: record.complete });
        } else if ahead < 0 {
            let after = record.complete.saturating_sub(ahead.unsigned_abs().into());
            answers.give(StateWant { owner, life, after });
        } else if record.complete > 0 {
            // The same versions, and not the same: what one of two does not hold that are complete is gone.
            self.counters.state_diverged += 1;
            self.states.pace.differed = Some(owner);
            let all = StateWant { owner, life, after: 0 };
            answers.give(all);
            answers.want(all);
        }
    }

    /// A peer holds something of a life of this node of which nothing is held here: that of the present one or of a later was written by
    /// another process of this name.
    fn is_of_own_life(&self, theirs: &LogDigest) -> Option<u32> {
        let life = self.table.get(ME).incarnation.life();
        let later = theirs.life.wrapping_sub(life as u8);
        let mine = u64::from(theirs.owner) == self.me.id.as_u64() >> 32 && later <= u8::MAX / 2;
        mine.then(|| life.saturating_add(later.into()))
    }

    /// Of several logs that a listing does not tell apart: all that is held here and there.
    fn exchange_all_alike(&self, answers: &mut Answers, theirs: &LogDigest) {
        let (first, _) = theirs.owners();
        answers.want_once(StateWant { owner: first, life: theirs.life.into(), after: 0 });
        for log in self.states.store.logs_sharing_upper_half(first) {
            let record = self.states.store.log(log);
            if record.life as u8 == theirs.life && record.complete > 0 {
                answers.name(log);
                answers.give_once(StateWant { owner: record.owner, life: record.life, after: 0 });
            }
        }
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
            } else if want.owner.as_u64() & HALF == 0 {
                self.give_all_alike(sender, &want);
            }
        }
    }

    /// Gives what a peer knows from a listing alone: the upper half of the owner's id, the lowest bits of its life.
    fn give_all_alike(&mut self, sender: Sender, want: &StateWant) {
        let mut answers = Answers::new(Ways { asks: false, gives: true }, Box::default());
        for log in self.states.store.logs_sharing_upper_half(want.owner) {
            let record = self.states.store.log(log);
            if u32::from(record.life as u8) == want.life && record.complete > 0 {
                answers.give(StateWant { owner: record.owner, life: record.life, after: 0 });
            }
        }
        answers.gifts.into_iter().for_each(|want| self.give_state(sender, want));
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
