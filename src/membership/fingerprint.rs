//! Are we in step? Sums of hashes over the membership, kept up to date change by change.
//!
//! An entry is a member that is up, with its incarnation; a suspect counts as up, death and departure are absence. The
//! root, which travels in every header, is over what has settled: with the changes of the last spreading time in it two
//! healthy nodes would differ all the time. The sums of the buckets, which are sent once a difference is to be mended, are
//! over everything. All are order-free and O(1) per change; they are not keyed, so they find accidents and not forgeries.

use xxhash_rust::xxh3::xxh3_64;

use crate::bounded::SetQueue;
use crate::id::{Incarnation, NodeId};
use crate::time::Instant;
use crate::wire::{BUCKETS, bucket_of};

/// Which sums a member is in, with its present number. It stands with the member: to count it anew takes no other memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// In none.
    Not,
    /// In its bucket's, and not in the root until it has settled.
    Settling,
    /// In its bucket's and in the root.
    Settled,
}

/// The fingerprint of a membership: the root over what has settled, and one sum for each bucket of the id space.
#[derive(Debug)]
#[repr(C)]
pub struct Fingerprint {
    sums: [u64; BUCKETS],
    settling: SetQueue,
    changed_at: Instant,
    // Last, in front of what is looked at as often: each datagram tells it, and hardly any the sums.
    root: u64,
}

impl Fingerprint {
    /// Of nobody.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self { sums: [0; BUCKETS], root: 0, changed_at: Instant::ZERO, settling: SetQueue::new(members) }
    }

    /// Bytes that [`Fingerprint::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        SetQueue::memory_bytes(members)
    }

    /// The sum over everything that has settled.
    #[must_use]
    pub const fn root(&self) -> u64 {
        self.root
    }

    /// The sum of one bucket, over everything in it.
    #[must_use]
    pub const fn bucket(&self, bucket: usize) -> u64 {
        self.sums[bucket]
    }

    /// Since when the root has been what it is, `None` while some change has not settled.
    #[must_use]
    pub fn stable_since(&self) -> Option<Instant> {
        if self.settling.is_empty() { Some(self.changed_at) } else { None }
    }

    /// A member counts no more, with the number that it was counted with.
    pub fn forget(&mut self, id: NodeId, incarnation: Incarnation, counted: &mut Counted, now: Instant) {
        let was = core::mem::replace(counted, Counted::Not);
        if was == Counted::Not {
            return;
        }
        let entry = entry_hash(id, incarnation);
        let sum = &mut self.sums[bucket_of(id)];
        *sum = sum.wrapping_sub(entry);
        if was == Counted::Settled {
            self.root = self.root.wrapping_sub(entry);
            self.changed_at = now;
        }
    }

    /// The member at a place, which counted no more, is up with this number: it counts, and in the root once it has settled.
    pub fn enter(&mut self, slot: u32, id: NodeId, incarnation: Incarnation, counted: &mut Counted) {
        debug_assert_eq!(*counted, Counted::Not, "forgotten with its former number");
        let sum = &mut self.sums[bucket_of(id)];
        *sum = sum.wrapping_add(entry_hash(id, incarnation));
        *counted = Counted::Settling;
        self.settling.push(slot);
    }

    /// The member at a place, which counts no more, is down: that has to settle too.
    pub fn leave(&mut self, slot: u32) {
        self.settling.push(slot);
    }

    /// The place whose change is the `nth` to settle, roughly: one that changes again keeps its place.
    #[must_use]
    pub fn settling(&self, nth: usize) -> Option<u32> {
        self.settling.nth(nth)
    }

    /// Sends the place in front to the end.
    pub fn settle_later(&mut self) {
        if let Some(front) = self.settling.pop() {
            self.settling.push(front);
        }
    }

    /// The member at the place in front counts in the root as well.
    pub fn settle(&mut self, id: NodeId, incarnation: Incarnation, counted: &mut Counted, now: Instant) {
        self.settling.pop();
        if *counted == Counted::Settling {
            *counted = Counted::Settled;
            self.root = self.root.wrapping_add(entry_hash(id, incarnation));
            self.changed_at = now;
        }
    }
}

/// What a member adds to the sums: XXH3-64 of its id and its incarnation, 8 bytes each, little-endian.
#[must_use]
pub fn entry_hash(id: NodeId, incarnation: Incarnation) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.as_u64().to_le_bytes());
    bytes[8..].copy_from_slice(&incarnation.as_u64().to_le_bytes());
    xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant::from_nanos(1);
    const LATER: Instant = Instant::from_nanos(100);

    /// A fingerprint with what the table would hold beside it.
    struct Sums(Fingerprint, [(Incarnation, Counted); 10]);

    impl Sums {
        fn new() -> Self {
            Self(Fingerprint::new(10), [(Incarnation::default(), Counted::Not); 10])
        }

        fn enter(&mut self, slot: u32, id: NodeId, up: Option<Incarnation>) {
            self.forget(slot, id);
            let (incarnation, counted) = &mut self.1[slot as usize];
            match up {
                Some(now) => {
                    *incarnation = now;
                    self.0.enter(slot, id, now, counted);
                }
                None => self.0.leave(slot),
            }
            self.0.settle(id, *incarnation, counted, LATER);
        }

        fn forget(&mut self, slot: u32, id: NodeId) {
            let (incarnation, counted) = &mut self.1[slot as usize];
            self.0.forget(id, *incarnation, counted, AT);
        }

        fn state(&self) -> (u64, [u64; BUCKETS]) {
            (self.0.root, self.0.sums)
        }
    }

    #[test]
    fn equal_memberships_have_equal_sums_in_whatever_order_they_came() {
        let ids: Vec<NodeId> = (0..10).map(|i| NodeId::from_name(&format!("node-{i}"))).collect();
        let (mut a, mut b) = (Sums::new(), Sums::new());
        for i in 0..10 {
            a.enter(i, ids[i as usize], Some(Incarnation::FIRST));
            b.enter(9 - i, ids[9 - i as usize], Some(Incarnation::FIRST));
        }
        assert_eq!(a.state(), b.state());
        a.enter(3, ids[3], Some(Incarnation::new(1, 1)));
        assert_ne!(a.0.root(), b.0.root(), "a higher incarnation is another membership");
        a.enter(3, ids[3], None);
        b.forget(3, ids[3]);
        b.forget(6, ids[6]);
        b.enter(6, ids[6], Some(Incarnation::FIRST));
        assert_eq!(a.state(), b.state(), "down here and unknown there is the same");
    }

    #[test]
    fn the_root_waits_for_what_settles_and_the_buckets_do_not() {
        let (mut f, mut counted) = (Fingerprint::new(2), Counted::Not);
        let (id, number) = (NodeId::from_name("a"), Incarnation::FIRST);
        let entry = entry_hash(id, number);
        f.enter(0, id, number, &mut counted);
        assert_eq!((f.root(), f.stable_since(), f.settling(0)), (0, None, Some(0)));
        assert_eq!((f.bucket(bucket_of(id)), counted), (entry, Counted::Settling));
        f.settle(id, number, &mut counted, LATER);
        assert_eq!((f.root(), f.stable_since()), (entry, Some(LATER)));
        f.forget(id, number, &mut counted, LATER);
        f.leave(0);
        assert_eq!((f.root(), f.bucket(bucket_of(id)), f.stable_since()), (0, 0, None));
    }
}
