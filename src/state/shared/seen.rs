//! What had its writer seen? A bounded version vector.

use arrayvec::ArrayVec;

use crate::id::NodeId;

/// Contributions that one can say to have seen. Beyond, the oldest are left out: what was ordered may then look concurrent and is
/// reported as a conflict, never lost.
pub const SEEN_MAX: usize = 16;

/// One write among all: whose, in which of its lives, as the how manieth of that life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Who wrote it.
    pub owner: NodeId,
    /// In which of its lives.
    pub life: u32,
    /// As the how manieth of that life.
    pub version: u64,
}

impl Stamp {
    /// Bytes that it takes: id u64, life u32, version in 6 bytes.
    pub const LEN: usize = 18;

    /// As it stands in a contribution.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.owner.as_u64().to_le_bytes());
        bytes[8..12].copy_from_slice(&self.life.to_le_bytes());
        bytes[12..].copy_from_slice(&self.version.to_le_bytes()[..6]);
        bytes
    }

    /// The reverse.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, version @ ..] = *bytes;
        let [m, n, o, p, q, r] = version;
        Self {
            owner: NodeId::from_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h])),
            life: u32::from_le_bytes([i, j, k, l]),
            version: u64::from_le_bytes([m, n, o, p, q, r, 0, 0]),
        }
    }

    /// Whether this is a write of the same life that is as late as another or later.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        (self.owner, self.life) == (other.owner, other.life) && self.version >= other.version
    }
}

/// For each writer's life the last write that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(ArrayVec<Stamp, SEEN_MAX>);

impl Seen {
    /// What was seen, the most telling first.
    #[must_use]
    pub fn stamps(&self) -> &[Stamp] {
        &self.0
    }

    /// Adds a write that was seen; left out where there is no room.
    pub fn add(&mut self, stamp: Stamp) {
        let known = self.0.iter_mut().find(|other| (other.owner, other.life) == (stamp.owner, stamp.life));
        match known {
            Some(other) => other.version = other.version.max(stamp.version),
            None => drop(self.0.try_push(stamp)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(owner: u64, life: u32, version: u64) -> Stamp {
        Stamp { owner: NodeId::from_u64(owner), life, version }
    }

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let stamp = stamp(0x0123_4567_89ab_cdef, 0x0203_0405, 0x0605_0403_0201);
        assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), stamp);
    }

    #[test]
    fn of_each_life_the_latest_write_is_kept_and_the_first_sixteen_lives() {
        let mut seen = Seen::default();
        seen.add(stamp(1, 1, 5));
        seen.add(stamp(1, 1, 3));
        seen.add(stamp(1, 2, 1));
        assert_eq!(seen.stamps(), [stamp(1, 1, 5), stamp(1, 2, 1)]);
        (2..40).for_each(|owner| seen.add(stamp(owner, 1, 1)));
        assert_eq!(seen.stamps().len(), SEEN_MAX);
        assert!(seen.stamps()[0].covers(&stamp(1, 1, 5)) && !seen.stamps()[0].covers(&stamp(1, 1, 6)));
        assert!(!seen.stamps()[0].covers(&stamp(1, 2, 1)), "another life is another writer");
    }
}
