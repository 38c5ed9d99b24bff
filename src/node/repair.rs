//! Where do we differ, and who is right? Fingerprints in every header; sums, listings and profiles when they differ.

use zerocopy::little_endian::U64;

use super::apply::Via;
use super::outbox::{Outgoing, What};
use super::receive::Sender;
use super::tick::Timer;
use super::{Node, Phase, buffer};
use crate::id::NodeId;
use crate::time::Instant;
use crate::wire::{BUCKETS, Listing, RawSums, RawWant, SECTION_HEADER, bucket_range};

/// Listings that one datagram of sums may be answered with at once.
const LISTINGS_MAX: usize = 32;
/// Ids asked for, and profiles given, at once.
const PIECES_MAX: usize = 128;

/// New lives between two comparisons that make a surge: this many, and this share of all members.
const SURGE_MIN: u32 = 4;
const SURGE_SHARE: u32 = 8;
/// A surge goes on while more than one in so many members are new since the last comparison. Fewer are the coming and going of
/// every day, which news tells of: where that never ends the comparisons would not either.
const CALM_SHARE: u32 = 64;
/// Comparisons after a surge that may teach little before it counts as over: one peer may lack the same bits, two hardly.
const IDLE_LOOKS: u32 = 2;

/// What is under way to repair differences.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Repair {
    // What every peer in step changes, side by side.
    /// Since when peers have differed from this node's settled fingerprint.
    differs_since: Option<Instant>,
    /// When a peer was last in step.
    agreed_at: Instant,
    /// Whether some of the ids to ask for are known from claims only.
    unknown: bool,
    /// Before this, no other repair is begun.
    not_before: Instant,
    /// New lives since this node last compared itself with somebody.
    surge: u32,
    /// Comparisons that may still teach little before the surge is over.
    idle_looks: u32,
    /// Ids whose profiles to ask the sender of the last listing for.
    pub wants: Box<[NodeId]>,
    pub wants_len: usize,
    /// Places whose profiles to give to the one who asked last.
    pub gifts: Box<[u32]>,
    pub gifts_len: usize,
}

impl Repair {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            differs_since: None,
            agreed_at: now,
            not_before: now,
            surge: 0,
            idle_looks: 0,
            wants: buffer(PIECES_MAX, NodeId::from_u64(0)),
            wants_len: 0,
            unknown: false,
            gifts: buffer(PIECES_MAX, 0),
            gifts_len: 0,
        }
    }

    pub(super) const fn memory_bytes() -> usize {
        PIECES_MAX * (size_of::<NodeId>() + size_of::<u32>())
    }

    /// Loads what a peer in step changes.
    #[cfg(feature = "sim")]
    pub(super) fn warm(&self) {
        core::hint::black_box((self.agreed_at, self.unknown));
    }

    fn want(&mut self, id: NodeId) {
        if self.wants_len < PIECES_MAX {
            self.wants[self.wants_len] = id;
            self.wants_len += 1;
        }
    }

    /// A claim speaks of this id, and its profile is missing.
    pub(super) fn want_unknown(&mut self, id: NodeId) {
        self.unknown = true;
        self.want(id);
    }

    fn give(&mut self, slot: u32) {
        if self.gifts_len < PIECES_MAX {
            self.gifts[self.gifts_len] = slot;
            self.gifts_len += 1;
        }
    }
}

impl Node {
    /// Compares a peer's fingerprint with this node's. A difference is acted upon once this node has been settled and
    /// different for a spreading time: news under way makes healthy nodes differ too.
    pub(super) fn compare(&mut self, now: Instant, slot: u32, theirs: u32) {
        if self.phase != Phase::Joined {
            return;
        }
        if self.fingerprint.root() as u32 == theirs {
            self.repair.agreed_at = now;
            self.repair.differs_since = None;
            return;
        }
        let settle = self.settle_time();
        // Where changes never end nobody is ever settled: after long disagreement it is worth a look all the same.
        let restless = now.since(self.repair.agreed_at) > settle * 10;
        let stable = self.fingerprint.stable_since().is_some_and(|since| now.since(since) >= settle);
        if !stable && !restless {
            self.repair.differs_since = None;
            return;
        }
        let since = *self.repair.differs_since.get_or_insert(now);
        if now.since(since) < settle || now < self.repair.not_before || !self.budgets.repair.spend(now, 1) {
            return;
        }
        self.repair.not_before = now + settle;
        self.counters.repairs_begun += 1;
        self.push_to(slot, What::Sums);
    }

    /// Another new life. Where many come at once (a cluster that starts, a partition that heals) the news of each may be
    /// told before the others can hear it: compare with somebody, again and again as long as that teaches anything.
    pub(super) fn note_surge(&mut self, now: Instant) {
        self.repair.surge += 1;
        if self.repair.surge > SURGE_MIN.max(self.up_count() / SURGE_SHARE) && self.phase == Phase::Joined {
            self.repair.idle_looks = IDLE_LOOKS;
            let soon = now + self.settle_time() / 2;
            self.arm_earlier(Timer::CatchUp, soon);
        }
    }

    pub(super) fn on_catch_up_timer(&mut self, now: Instant) {
        if self.phase != Phase::Joined {
            return;
        }
        if self.repair.surge <= self.up_count() / CALM_SHARE {
            let Some(left) = self.repair.idle_looks.checked_sub(1) else { return };
            self.repair.idle_looks = left;
        }
        self.repair.surge = 0;
        // Looks again even if only little comes of this: the last bits are what this is for.
        let again = now + self.settle_time() / 2;
        self.arm(Timer::CatchUp, again);
        let mut peer = [0];
        if self.roster.sample(&mut self.rng, &mut peer, |_| true) == 1 && self.budgets.repair.spend(now, 1) {
            self.counters.repairs_begun += 1;
            self.push_to(peer[0], What::Sums);
        }
    }

    /// This node's sums of all buckets.
    pub(super) fn sums(&self) -> RawSums {
        let mut sums = [U64::ZERO; BUCKETS];
        for (bucket, sum) in sums.iter_mut().enumerate() {
            *sum = self.fingerprint.bucket(bucket).into();
        }
        RawSums { sums }
    }

    /// Answers sums with listings of the ranges in which they differ from this node's.
    pub(super) fn on_sums(&mut self, now: Instant, sender: Sender, raw: &RawSums) {
        let Some(_) = sender.slot.filter(|_| self.phase == Phase::Joined) else { return };
        let differs = |bucket: &usize| raw.sums[*bucket].get() != self.fingerprint.bucket(*bucket);
        let mut ranges = arrayvec::ArrayVec::<(usize, usize), LISTINGS_MAX>::new();
        for bucket in (0..BUCKETS).filter(differs) {
            // Buckets share a listing, those between them too, as long as it fits: most differences are small and many.
            let shared = ranges.last().map(|(first, _)| *first);
            let shared = shared.filter(|first| self.held_in(*first, bucket) <= self.listing_room());
            if shared.is_some() {
                ranges.pop();
            }
            if ranges.try_push((shared.unwrap_or(bucket), bucket)).is_err() {
                break;
            }
        }
        for (first, last) in ranges {
            self.list(now, sender, (bucket_range(first).0, bucket_range(last).1));
        }
    }

    /// How many members this node holds in a run of buckets.
    fn held_in(&self, first: usize, last: usize) -> usize {
        self.table.range(bucket_range(first).0, bucket_range(last).1).count()
    }

    /// Queues a listing of a range; one that does not fit a datagram is halved when it is written.
    pub(super) fn list(&mut self, now: Instant, to: Sender, (first, last): (NodeId, NodeId)) {
        if self.budgets.repair.spend(now, 1) {
            let queued = self.answer(to, What::Listing { first, last });
            self.counters.budget_held += u64::from(queued.is_err());
        } else {
            self.counters.budget_held += 1;
        }
    }

    /// How many claims fit a listing.
    pub(super) fn listing_room(&self) -> usize {
        let fixed = crate::wire::OVERHEAD_INTRO + SECTION_HEADER + size_of::<crate::wire::RawListing>();
        let claims = (self.params.max_datagram - fixed) / size_of::<crate::wire::RawClaim>();
        claims.min(usize::from(u8::MAX) - 1)
    }

    /// Takes what a peer holds in a range; asks for the profiles that are missing here, gives those that are missing there.
    pub(super) fn on_listing(&mut self, now: Instant, sender: Sender, listing: &Listing<'_>) {
        let Some(slot) = sender.slot.filter(|_| self.phase == Phase::Joined) else { return };
        self.counters.listings_received += 1;
        self.repair.wants_len = 0;
        self.repair.gifts_len = 0;
        let via = Via::Held { holder: sender.id, spread: true };
        for claim in listing.claims.iter().filter_map(crate::wire::RawClaim::get) {
            let held = self.table.find(claim.subject).map(|s| self.table.get(s).incarnation);
            let newer_life = held.is_none_or(|held| claim.incarnation.life() > held.life());
            if newer_life && claim.state.is_up() && claim.subject != self.me.id {
                self.repair.want(claim.subject);
            } else if !newer_life || claim.subject == self.me.id {
                let news = self.counters.claims_news;
                self.apply_claim(now, &claim, via);
                self.counters.repaired += self.counters.claims_news - news;
            }
        }
        self.find_gifts(listing);
        // Listings are budgeted; what each leads to is bounded by it and needs no budget of its own.
        if self.repair.wants_len > 0 {
            self.push_to(slot, What::Want);
        }
        if self.repair.gifts_len > 0 {
            self.push_to(slot, What::Gifts);
        }
    }

    /// Asks the sender of claims for the profiles that are missing here. Most profiles come as news; what is asked for is
    /// what those lack whom the first sends have missed.
    pub(super) fn ask_for_unknown(&mut self, now: Instant, sender: Sender) {
        if !core::mem::take(&mut self.repair.unknown) {
            return;
        }
        match sender.slot.filter(|_| self.budgets.eager.spend(now, 1)) {
            Some(slot) => {
                self.counters.profiles_wanted += self.repair.wants_len as u64;
                self.push_to(slot, What::Want);
            }
            None => self.repair.wants_len = 0,
        }
    }

    /// Gives one profile and nothing else.
    pub(super) fn give_only(&mut self, slot: u32) {
        self.repair.gifts_len = 0;
        self.repair.give(slot);
    }

    /// Members of the range that are up here and that the lister does not hold, or holds at an older number.
    fn find_gifts(&mut self, listing: &Listing<'_>) {
        for slot in self.table.range(listing.first(), listing.last()) {
            let member = self.table.get(slot);
            let listed = listing.claims.iter().filter_map(crate::wire::RawClaim::get).find(|c| c.subject == member.id);
            if member.state.is_up() && listed.is_none_or(|c| c.incarnation < member.incarnation) {
                self.repair.give(slot);
            }
        }
    }

    /// Gives the profiles that a peer asks for.
    pub(super) fn on_want(&mut self, sender: Sender, wants: &[RawWant]) {
        let Some(_) = sender.slot.filter(|_| self.phase == Phase::Joined) else { return };
        self.repair.gifts_len = 0;
        for want in wants.iter().take(PIECES_MAX) {
            if let Some(slot) = self.table.find(want.get()) {
                self.repair.give(slot);
            }
        }
        if self.repair.gifts_len > 0 {
            let to = Outgoing { to: sender.addr, receiver: sender.receiver(), what: What::Gifts };
            let queued = self.push_answer(to);
            self.counters.budget_held += u64::from(!queued);
        }
    }
}
