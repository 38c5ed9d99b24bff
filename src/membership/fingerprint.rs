//! Are we in step? Sums of hashes over the settled membership, kept up to date change by change.
//!
//! An entry is a member that is up, with its incarnation; suspicion, death and departure are absence. What changed less
//! than a spreading time ago is left out: two healthy nodes would differ all the time. Sums are order-free and O(1) per
//! change; they are not keyed, so they find accidents and not forgeries.

use xxhash_rust::xxh3::xxh3_64;

use crate::bounded::{Lists, bought};
use crate::id::{Incarnation, NodeId};
use crate::time::Instant;
use crate::wire::{BUCKETS, bucket_of};

/// The fingerprint of a membership: one sum for each bucket of the id space, and their sum.
#[derive(Debug)]
pub struct Fingerprint {
    sums: [u64; BUCKETS],
    root: u64,
    changed_at: Instant,
    /// The settled part of each place: what it adds to its bucket, 0 for nothing.
    counted: Box<[u64]>,
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
            counted: bought(members, 0),
            settling: Lists::new(1, members),
            settles_at: bought(members, Instant::ZERO),
        }
    }

    /// Bytes that [`Fingerprint::new`] buys.
    #[must_use]
    pub const fn memory_bytes(members: usize) -> usize {
        members * (size_of::<u64>() + size_of::<Instant>()) + Lists::memory_bytes(1, members)
    }

    /// The sum over everything that has settled.
    #[must_use]
    pub const fn root(&self) -> u64 {
        self.root
    }

    /// The sum of one bucket.
    #[must_use]
    pub const fn bucket(&self, bucket: usize) -> u64 {
        self.sums[bucket]
    }

    /// Since when the root has been what it is, `None` while some change has not settled.
    #[must_use]
    pub fn stable_since(&self) -> Option<Instant> {
        (self.settling.len(0) == 0).then_some(self.changed_at)
    }

    /// The member at a place has changed, or goes: it counts no more until it has settled at `settles_at`.
    pub fn unsettle(&mut self, slot: u32, id: NodeId, now: Instant, settles_at: Instant) {
        let counted = core::mem::take(&mut self.counted[slot as usize]);
        if counted != 0 {
            self.add(id, counted.wrapping_neg(), now);
        }
        self.settles_at[slot as usize] = settles_at;
        self.settling.push_back(0, slot);
    }

    /// The place is free: nothing settles there.
    pub fn forget(&mut self, slot: u32) {
        self.settling.remove(slot);
    }

    /// When the next change settles.
    #[must_use]
    pub fn next_settles_at(&self) -> Option<Instant> {
        self.settling.front(0).map(|slot| self.settles_at[slot as usize])
    }

    /// Takes the next place whose change has settled at `now`; the caller counts it with [`Fingerprint::count`] if its
    /// member is up.
    pub fn pop_settled(&mut self, now: Instant) -> Option<u32> {
        let slot = self.settling.front(0).filter(|slot| self.settles_at[*slot as usize] <= now)?;
        self.settling.remove(slot);
        Some(slot)
    }

    /// Counts the member at a place as settled.
    pub fn count(&mut self, slot: u32, id: NodeId, incarnation: Incarnation, now: Instant) {
        let entry = entry_hash(id, incarnation);
        self.counted[slot as usize] = entry;
        self.add(id, entry, now);
    }

    fn add(&mut self, id: NodeId, entry: u64, now: Instant) {
        let sum = &mut self.sums[bucket_of(id)];
        *sum = sum.wrapping_add(entry);
        self.root = self.root.wrapping_add(entry);
        self.changed_at = now;
    }
}

/// What a member adds to the sums: XXH3-64 of its id and its incarnation, 8 bytes each, little-endian.
#[must_use]
pub fn entry_hash(id: NodeId, incarnation: Incarnation) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.as_u64().to_le_bytes());
    bytes[8..].copy_from_slice(&incarnation.as_u64().to_le_bytes());
    // 0 stands for "not counted".
    xxh3_64(&bytes).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_memberships_have_equal_roots_in_whatever_order_they_came() {
        let at = Instant::from_nanos(1);
        let ids: Vec<NodeId> = (0..10).map(|i| NodeId::from_name(&format!("node-{i}"))).collect();
        let (mut a, mut b) = (Fingerprint::new(10), Fingerprint::new(10));
        for i in 0..10 {
            a.count(i, ids[i as usize], Incarnation::FIRST, at);
            b.count(9 - i, ids[9 - i as usize], Incarnation::FIRST, at);
        }
        assert_eq!(a.root(), b.root());
        a.unsettle(3, ids[3], at, at);
        assert_ne!(a.root(), b.root());
        assert_eq!((a.pop_settled(at), a.pop_settled(at)), (Some(3), None));
        a.count(3, ids[3], Incarnation::new(1, 1), at);
        assert_ne!(a.root(), b.root(), "a higher incarnation is another membership");
        a.unsettle(3, ids[3], at, at);
        a.count(3, ids[3], Incarnation::FIRST, at);
        assert_eq!(a.root(), b.root());
    }

    #[test]
    fn nothing_counts_before_it_has_settled() {
        let mut f = Fingerprint::new(2);
        let id = NodeId::from_name("a");
        let later = Instant::from_nanos(100);
        f.unsettle(0, id, Instant::ZERO, later);
        assert_eq!((f.root(), f.stable_since(), f.next_settles_at()), (0, None, Some(later)));
        assert_eq!(f.pop_settled(Instant::from_nanos(99)), None);
        assert_eq!(f.pop_settled(later), Some(0));
        assert_eq!(f.stable_since(), Some(Instant::ZERO));
    }
}
