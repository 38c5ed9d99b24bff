//! Where do we differ, and who has more? Fingerprints in every header; sums, listings, and pages of what is missing.

use arrayvec::ArrayVec;
use zerocopy::little_endian::U64;

use super::super::outbox::{Outgoing, What};
use super::super::receive::Sender;
use super::super::{Node, Phase};
use crate::event::Event;
use crate::id::NodeId;
use crate::membership::ME;
use crate::state::needed;
use crate::time::Instant;
use crate::wire::{
    BUCKETS, Kind, LogDigest, OVERHEAD_INTRO, RawListing, RawLogDigest, RawStateWant, RawSums, SECTION_HEADER,
    StateListing, StateWant, Writer, bucket_range,
};

/// Listings that one datagram of sums may be answered with at once.
const LISTINGS_MAX: usize = 32;
/// Owners of which a peer is given pages at once, because it lists nothing of them.
const GIFTS_MAX: usize = 64;
/// Comparisons in vain after which the embedder is told, and then each time as many more.
const TOLD_AFTER: u32 = 5;
/// How often the wait between comparisons that teach nothing doubles (R27).
const DOUBLINGS: u32 = 6;

/// When nodes compare.
#[derive(Debug)]
pub(super) struct Pace {
    /// Since when peers have differed.
    differs_since: Option<Instant>,
    /// When a peer was last in step.
    agreed_at: Instant,
    /// Before this, no other comparison is begun.
    not_before: Instant,
    /// Comparisons in a row that taught nothing.
    in_vain: u32,
    /// The owner that was last found to differ though as much of it is held on both sides.
    differed: Option<NodeId>,
}

impl Pace {
    pub(super) const fn new(now: Instant) -> Self {
        Self { differs_since: None, agreed_at: now, not_before: now, in_vain: 0, differed: None }
    }

    /// Something was missing, and has come.
    pub(super) const fn learned(&mut self) {
        self.in_vain = 0;
        self.differed = None;
    }
}

impl Node {
    /// Compares a peer's fingerprint with this node's. All count what has settled by its age, so two healthy nodes differ for
    /// moments only; a difference that lasts for a part of the spreading time is looked into.
    pub(in super::super) fn compare_state(&mut self, now: Instant, slot: u32, theirs: u16, ours: u16) {
        if self.phase != Phase::Joined {
            return;
        }
        if theirs == ours {
            (self.states.pace.agreed_at, self.states.pace.differs_since) = (now, None);
            self.states.pace.learned();
            return;
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
        if !self.budgets.repair.spend(now, 1) {
            return;
        }
        let pace = &mut self.states.pace;
        pace.not_before = now + (settle / 2) * (1 << pace.in_vain.min(DOUBLINGS));
        pace.in_vain += 1;
        self.counters.state_repairs += 1;
        let (comparisons, owner) = (pace.in_vain, pace.differed);
        if comparisons % TOLD_AFTER == 0 {
            self.emit(Event::Diverged { peer: self.table.get(slot).id, owner, comparisons });
        }
        self.push_to(slot, What::StateSums);
    }

    /// This node's sums of all buckets.
    pub(in super::super) fn state_sums(&self) -> RawSums {
        let mut sums = [U64::ZERO; BUCKETS];
        for (bucket, sum) in sums.iter_mut().enumerate() {
            *sum = self.states.store.bucket(bucket).into();
        }
        RawSums { sums }
    }

    /// Answers sums with listings of the ranges in which they differ from this node's.
    pub(in super::super) fn on_state_sums(&mut self, now: Instant, sender: Sender, raw: &RawSums) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        let differs = |bucket: &usize| raw.sums[*bucket].get() != self.states.store.bucket(*bucket);
        let mut ranges = ArrayVec::<(NodeId, NodeId), LISTINGS_MAX>::new();
        for bucket in (0..BUCKETS).filter(differs) {
            let (first, last) = bucket_range(bucket);
            // Neighbours share a listing as long as it fits.
            let shared = ranges.last().map(|(first, _)| *first);
            let shared = shared.filter(|first| self.states.store.logs_in(*first, last).count() <= self.digests_room());
            if shared.is_some() {
                ranges.pop();
            }
            if ranges.try_push((shared.unwrap_or(first), last)).is_err() {
                break;
            }
        }
        for (first, last) in ranges {
            self.list_state(now, sender, (first, last));
        }
    }

    fn list_state(&mut self, now: Instant, to: Sender, (first, last): (NodeId, NodeId)) {
        let to = Outgoing { to: to.addr, receiver: to.receiver(), what: What::StateListing { first, last } };
        let queued = self.budgets.repair.spend(now, 1) && self.push_answer(to);
        self.counters.budget_held += u64::from(!queued);
    }

    /// How many digests fit a listing.
    fn digests_room(&self) -> usize {
        let fixed = OVERHEAD_INTRO + SECTION_HEADER + size_of::<RawListing>();
        let digests = (self.params.max_datagram - fixed) / size_of::<RawLogDigest>();
        digests.min(usize::from(u8::MAX) - 1)
    }

    /// A listing of a range, or of the first part of it and another of the rest.
    pub(in super::super) fn write_state_listing(
        &mut self,
        now: Instant,
        outgoing: &Outgoing,
        (first, mut last): (NodeId, NodeId),
        writer: &mut Writer<'_>,
    ) {
        let whole = last;
        while self.states.store.logs_in(first, last).count() > self.digests_room() && first < last {
            let (a, b) = (first.as_u64(), last.as_u64());
            last = NodeId::from_u64(a + (b - a) / 2);
        }
        self.put(writer, Kind::StateListing, &RawListing::new(first, last));
        for log in self.states.store.logs_in(first, last) {
            // More lives of one owner than a datagram lists do not occur: what does not fit is found the next time.
            if !writer.extend(Kind::StateListing, &RawLogDigest::new(&self.log_digest(log))) {
                break;
            }
        }
        if last < whole && self.budgets.repair.spend(now, 1) {
            let what = What::StateListing { first: NodeId::from_u64(last.as_u64() + 1), last: whole };
            let queued = self.push_answer(Outgoing { what, ..*outgoing });
            self.counters.budget_held += u64::from(!queued);
        }
    }

    fn log_digest(&self, log: u32) -> LogDigest {
        let log = self.states.store.log(log);
        // What is looked at again from the beginning on may have a floor above what is complete by now.
        let floor = log.floor.min(log.complete);
        LogDigest { owner: log.owner, life: log.life, complete: log.complete, floor, sum: log.sum() }
    }

    /// Takes what a peer holds in a range: asks for what is missing here, gives what is missing there.
    pub(in super::super) fn on_state_listing(&mut self, now: Instant, sender: Sender, listing: &StateListing<'_>) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        for theirs in listing.logs.iter().map(RawLogDigest::get) {
            self.compare_log(now, sender, &theirs);
        }
        // What the peer does not list it does not hold.
        let store = &self.states.store;
        let unlisted = store.logs_in(listing.first(), listing.last()).filter_map(|log| {
            let log = store.log(log);
            let is = |raw: &RawLogDigest| (raw.get().owner, raw.get().life) == (log.owner, log.life);
            let lacks = log.entries > 0 && log.complete > 0 && !listing.logs.iter().any(is);
            lacks.then_some(StateWant { owner: log.owner, life: log.life, after: 0 })
        });
        let gifts: ArrayVec<StateWant, GIFTS_MAX> = unlisted.take(GIFTS_MAX).collect();
        gifts.into_iter().for_each(|want| self.give_state(now, sender, want));
    }

    fn compare_log(&mut self, now: Instant, sender: Sender, theirs: &LogDigest) {
        let LogDigest { owner, life, .. } = *theirs;
        let own = owner == self.me.id && life >= self.table.get(ME).incarnation.life();
        let ours = self.states.store.find_log(owner, life).map(|log| self.log_digest(log));
        let ours = ours.unwrap_or(LogDigest { complete: 0, floor: 0, sum: 0, ..*theirs });
        if own && ours.complete < theirs.complete {
            self.outlive(now, life);
        } else if ours.complete < theirs.complete {
            let after = needed(ours.complete, ours.floor, theirs.floor);
            self.want_state(sender, StateWant { owner, life, after });
        } else if ours.complete > theirs.complete {
            let after = needed(theirs.complete, theirs.floor, ours.floor);
            self.give_state(now, sender, StateWant { owner, life, after });
        } else if ours.sum != theirs.sum && ours.complete > 0 {
            // The same versions, and not the same: what one of two does not hold that are complete is gone.
            self.counters.state_diverged += 1;
            self.states.pace.differed = Some(owner);
            let all = StateWant { owner, life, after: 0 };
            self.give_state(now, sender, all);
            self.want_state(sender, all);
        }
    }

    /// Sends pages of what a peer lacks of an owner.
    fn give_state(&mut self, now: Instant, to: Sender, want: StateWant) {
        let to = Outgoing { to: to.addr, receiver: to.receiver(), what: What::StateGift { want } };
        let queued = self.budgets.repair.spend(now, 1) && self.push_answer(to);
        self.counters.budget_held += u64::from(!queued);
    }

    pub(in super::super) fn on_state_wants(&mut self, now: Instant, sender: Sender, wants: &[RawStateWant]) {
        if sender.slot.is_none() || self.phase != Phase::Joined {
            return;
        }
        for want in wants.iter().map(RawStateWant::get) {
            let Some(log) = self.states.store.find_log(want.owner, want.life) else { continue };
            if self.states.store.log(log).complete > want.after {
                self.give_state(now, sender, want);
            }
        }
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
