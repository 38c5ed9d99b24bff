//! What is held of the owners in the buckets that differ? Listed for a peer, and gone through against a peer's listing.

use core::cmp::Ordering;

use arrayvec::ArrayVec;

use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use super::super::{Node, Phase};
use super::asking::Ways;
use crate::id::NodeId;
use crate::membership::ME;
use crate::time::Instant;
use crate::wire::{
    Kind, LogDigest, RawStateListing, StateListing, StateWant, UNLISTED, Writer, state_bucket_of, state_bucket_range,
};

/// Owners whose pages are asked for because of one listing, or given.
const ANSWERS_MAX: usize = 128;

/// As many logs as a listing names at most, and of each what is held.
const LISTED_MAX: usize = u8::MAX as usize - 1;
type Listed = ArrayVec<u32, LISTED_MAX>;
type Digests = ArrayVec<LogDigest, LISTED_MAX>;

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

    /// The listing names a log; whether for the first time.
    fn name(&mut self, log: u32) -> bool {
        let new = !self.names(log);
        self.named[log as usize / 64] |= 1 << (log % 64);
        self.named_count += u32::from(new);
        new
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

/// All of whatever log a record of a listing may be of.
const fn all_like(theirs: &LogDigest) -> StateWant {
    StateWant { owner: theirs.owner, life: theirs.life as u32, after: 0 }
}

impl Node {
    /// A listing of as many of the buckets that differ as fit, from an id on, and another of the rest.
    pub(in super::super) fn write_state_listing(
        &mut self,
        now: Instant,
        outgoing: &Outgoing,
        (first, back): (NodeId, bool),
        writer: &mut Writer<'_>,
    ) {
        let room = writer.room(Kind::StateListing);
        let (salt, mode) = (self.rng.next_u32(), self.params.state_mode);
        let mut head = RawStateListing::new(first, first, salt, mode, back);
        let mut logs = Listed::new();
        let rest = self.list_together(&mut head, &mut logs, room);
        let digests: Digests = logs.iter().map(|log| self.log_digest(*log, salt)).collect();
        let written = head.write(&digests, writer);
        debug_assert!(written, "room was counted");
        self.counters.sent_one(Kind::StateListing);
        // Half of the burst is left for the pages: a listing for which there are none is of no use, and what differs further on is
        // listed the next time.
        if let Some(rest) = rest.filter(|_| self.budgets.repair.covers(now, self.burst_for_pages())) {
            let what = What::StateListing { first: rest, back };
            self.list_state(now, outgoing.to, outgoing.receiver, what);
        }
    }

    /// Lists buckets behind the id where the head begins, as many as fit into so many bytes together with their logs, and says where the
    /// rest begins.
    fn list_together(&self, head: &mut RawStateListing, logs: &mut Listed, room: usize) -> Option<NodeId> {
        let (first, store) = (head.first(), &self.states.store);
        let (mut buckets, mut highest) = (0, 0);
        for bucket in self.states.pace.differing.from(state_bucket_of(first)) {
            let (begin, end) = state_bucket_range(bucket);
            let (begin, before) = (begin.max(first), logs.len());
            let mut of_bucket = store.logs_in(begin, end);
            logs.extend(of_bucket.by_ref().take(logs.remaining_capacity()));
            let complete = logs[before..].iter().map(|log| store.log(*log).complete);
            let with = complete.fold(highest, u64::max);
            buckets += 1;
            if of_bucket.next().is_none() && RawStateListing::len_of(buckets, logs.len(), with) <= room {
                head.add(bucket);
                head.end_at(end);
                highest = with;
                continue;
            }
            logs.truncate(before);
            if before > 0 {
                return Some(begin);
            }
            // It alone is too large: as much of it as fits. Owners whom a listing does not tell apart stay together.
            let all = |most| store.logs_in(begin, NodeId::from_u64(most));
            let room = RawStateListing::logs_within(room, buckets).min(LISTED_MAX);
            let (least, mut most) = (begin.as_u64(), end.as_u64());
            while all(most).count() > room && most - least > UNLISTED {
                most = (least + (most - least) / 2) | UNLISTED;
            }
            head.add(bucket);
            head.end_at(NodeId::from_u64(most));
            // More lives of one owner than a datagram lists do not occur: what does not fit is found the next time.
            logs.extend(all(most).take(room));
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
        let theirs: Digests = listing.logs().collect();
        self.states.store.load_logs(theirs.iter().map(|log| log.owner));
        // What is the same first: what is left then tells apart what shares the bits that are listed.
        let differing = theirs.iter().filter(|theirs| !self.holds_the_same(&mut answers, listing.head.salt(), theirs));
        let differing: Digests = differing.copied().collect();
        for theirs in &differing {
            self.compare_log(&mut answers, sender.slot, theirs);
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

    /// Whether what a record of a peer's listing says is what is held here, of a log that it has not named before.
    fn holds_the_same(&self, answers: &mut Answers, salt: u32, theirs: &LogDigest) -> bool {
        let same = |log: &u32| self.log_digest(*log, salt) == *theirs && !answers.names(*log);
        let log = self.logs_like(theirs).find(same);
        log.is_some_and(|log| answers.name(log))
    }

    /// Compares what is held here with a record of a peer's listing that says something else.
    fn compare_log(&mut self, answers: &mut Answers, peer: Option<u32>, theirs: &LogDigest) {
        let mut left = self.logs_like(theirs).filter(|log| !answers.names(*log));
        let (log, other) = (left.next(), left.next());
        drop(left);
        let Some(log) = log else {
            if self.may_be_of_own_life(theirs) {
                self.states.pace.namesake = peer;
            }
            // Whose it is it does not say: the peer knows.
            answers.want_once(all_like(theirs));
            return;
        };
        if other.is_some() {
            self.exchange_all_alike(answers, theirs);
            return;
        }
        answers.name(log);
        let record = self.states.store.log(log);
        let (owner, life, complete) = (record.owner, record.life, record.complete);
        let own = owner == self.me.id && life >= self.table.get(ME).incarnation.life();
        // What of removals is forgotten there shows in the pages, which are asked for from further on then.
        match theirs.complete.cmp(&complete) {
            Ordering::Greater if own => {
                self.states.pace.namesake = peer;
                answers.want_once(all_like(theirs));
            }
            Ordering::Greater => answers.want(StateWant { owner, life, after: complete }),
            Ordering::Less => answers.give(StateWant { owner, life, after: theirs.complete }),
            Ordering::Equal if complete > 0 => {
                // The same versions, and not the same: what one of two does not hold that are complete is gone.
                self.counters.state_diverged += 1;
                self.states.pace.differed = Some(owner);
                let all = StateWant { owner, life, after: 0 };
                answers.give(all);
                answers.want(all);
            }
            Ordering::Equal => {}
        }
    }

    /// The logs that a record of a listing may be of.
    fn logs_like(&self, theirs: &LogDigest) -> impl Iterator<Item = u32> + '_ {
        let life = theirs.life;
        let alike = self.states.store.logs_alike(theirs.owner);
        alike.filter(move |log| LogDigest::life_of(self.states.store.log(*log).life) == life)
    }

    /// A peer may hold something of a life of this node of which nothing is held here: that of the present one or of a later was written by
    /// another process of this name.
    fn may_be_of_own_life(&self, theirs: &LogDigest) -> bool {
        theirs.owner == LogDigest::alike(self.me.id).0 && theirs.is_as_late_as(self.table.get(ME).incarnation.life())
    }

    /// Of several logs that a listing does not tell apart: all that is held here and there.
    fn exchange_all_alike(&self, answers: &mut Answers, theirs: &LogDigest) {
        let (first, last) = LogDigest::alike(theirs.owner);
        answers.wants.retain(|want| !(first..=last).contains(&want.owner));
        answers.want_once(all_like(theirs));
        for log in self.logs_like(theirs) {
            let record = self.states.store.log(log);
            if record.complete > 0 {
                answers.name(log);
                answers.give_once(StateWant { owner: record.owner, life: record.life, after: 0 });
            }
        }
    }
}
