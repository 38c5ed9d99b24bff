//! Are we in step? Sums of hashes over the membership, kept up to date change by change.
//!
//! An entry is a member that is up, with its incarnation; a suspect counts as up, death and departure are absence. The
//! root, which travels in every header, is over what has settled: with the changes of the last spreading time in it two
//! healthy nodes would differ all the time. The sums of the buckets, which are sent once a difference is to be mended, are
//! over everything. All are order-free and O(1) per change; they are not keyed, so they find accidents and not forgeries.

use xxhash_rust::xxh3::xxh3_64;

use crate::bounded::{Lists, bought};
use crate::id::{Incarnation, NodeId};
use crate::time::Instant;
use crate::wire::{BUCKETS, bucket_of};

/// The fingerprint of a membership: the root over what has settled, and one sum for each bucket of the id space.
#[derive(Debug)]
pub struct Fingerprint {
    sums: [u64; BUCKETS],
    root: u64,
    changed_at: Instant,
    /// What each place adds to its bucket, and whether to the root as well; 0 for nothing.
    counted: Box<[(u64, bool)]>,
    settling: Lists,
    settles_at: Box<[Instant]>,
}

impl Fingerprint {
    /// Of nobody.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self {
            sums: [0; BUCKETS],
            root: 0,
            changed_at: Instant::ZERO,
            counted: bought(members, (0, false)),
            settling: Lists::new(1, members),
            settles_at: bought(members, Instant::ZERO),
        }
    }

    /// Bytes that [`Fingerprint::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        members * (size_of::<(u64, bool)>() + size_of::<Instant>()) + Lists::memory_bytes(1, members)
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
        (self.settling.len(0) == 0).then_some(self.changed_at)
    }

    /// The member at a place has changed: `up` is its incarnation where it is up now. It is out of the root until it has
    /// settled at `settles_at`.
    pub fn change(&mut self, slot: u32, id: NodeId, up: Option<Incarnation>, now: Instant, settles_at: Instant) {
        self.forget(slot, id, now);
        if let Some(incarnation) = up {
            let entry = entry_hash(id, incarnation);
            self.counted[slot as usize] = (entry, false);
            let sum = &mut self.sums[bucket_of(id)];
            *sum = sum.wrapping_add(entry);
        }
        self.settles_at[slot as usize] = settles_at;
        self.settling.push_back(0, slot);
    }

    /// The member at a place goes: nothing counts and nothing settles there.
    pub fn forget(&mut self, slot: u32, id: NodeId, now: Instant) {
        let (entry, settled) = core::mem::take(&mut self.counted[slot as usize]);
        let sum = &mut self.sums[bucket_of(id)];
        *sum = sum.wrapping_sub(entry);
        if settled {
            self.root = self.root.wrapping_sub(entry);
            self.changed_at = now;
        }
        self.settling.remove(slot);
    }

    /// When the next change settles.
    #[must_use]
    pub fn next_settles_at(&self) -> Option<Instant> {
        self.settling.front(0).map(|slot| self.settles_at[slot as usize])
    }

    /// Counts in the root what has settled at `now`.
    pub fn settle(&mut self, now: Instant) {
        while let Some(slot) = self.settling.front(0).filter(|slot| self.settles_at[*slot as usize] <= now) {
            self.settling.remove(slot);
            let (entry, settled) = &mut self.counted[slot as usize];
            *settled = true;
            self.root = self.root.wrapping_add(*entry);
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
    const SETTLED: Instant = Instant::from_nanos(100);

    fn enter(f: &mut Fingerprint, slot: u32, id: NodeId, incarnation: Option<Incarnation>) {
        f.change(slot, id, incarnation, AT, SETTLED);
        f.settle(SETTLED);
    }

    #[test]
    fn equal_memberships_have_equal_roots_in_whatever_order_they_came() {
        let ids: Vec<NodeId> = (0..10).map(|i| NodeId::from_name(&format!("node-{i}"))).collect();
        let (mut a, mut b) = (Fingerprint::new(10), Fingerprint::new(10));
        for i in 0..10 {
            enter(&mut a, i, ids[i as usize], Some(Incarnation::FIRST));
            enter(&mut b, 9 - i, ids[9 - i as usize], Some(Incarnation::FIRST));
        }
        assert_eq!((a.root(), a.sums), (b.root(), b.sums));
        enter(&mut a, 3, ids[3], Some(Incarnation::new(1, 1)));
        assert_ne!(a.root(), b.root(), "a higher incarnation is another membership");
        enter(&mut a, 3, ids[3], None);
        b.forget(3, ids[3], AT);
        b.forget(6, ids[6], AT);
        enter(&mut b, 6, ids[6], Some(Incarnation::FIRST));
        assert_eq!((a.root(), a.sums), (b.root(), b.sums), "down here and unknown there is the same");
    }

    #[test]
    fn the_root_waits_for_what_settles_and_the_buckets_do_not() {
        let mut f = Fingerprint::new(2);
        let id = NodeId::from_name("a");
        f.change(0, id, Some(Incarnation::FIRST), AT, SETTLED);
        assert_eq!((f.root(), f.stable_since(), f.next_settles_at()), (0, None, Some(SETTLED)));
        assert_eq!(f.bucket(bucket_of(id)), entry_hash(id, Incarnation::FIRST));
        f.settle(Instant::from_nanos(99));
        assert_eq!(f.root(), 0);
        f.settle(SETTLED);
        assert_eq!((f.root(), f.stable_since()), (entry_hash(id, Incarnation::FIRST), Some(SETTLED)));
    }
}
