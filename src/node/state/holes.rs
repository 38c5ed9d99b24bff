//! What of a walk has not come, though what is behind it has: it is asked for again, and nothing else is.

use arrayvec::ArrayVec;

use crate::wire::StatePoint;

/// Stretches that are remembered at once. What is lost beyond them is repaired once the walker is a member.
pub(super) const HOLES_MAX: usize = 32;

/// A stretch of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) from: StatePoint,
    to: StatePoint,
    /// Datagrams that it takes.
    pub(super) datagrams: u8,
}

/// The stretches that are missing, in order.
#[derive(Debug, Default)]
pub(super) struct Holes(ArrayVec<Hole, HOLES_MAX>);

impl Holes {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Hole> {
        self.0.iter()
    }

    pub(super) fn any_between(&self, from: StatePoint, to: StatePoint) -> bool {
        self.iter().any(|hole| hole.from < to && from < hole.to)
    }

    /// Between two points so many datagrams are missing.
    pub(super) fn open(&mut self, (from, to): (StatePoint, StatePoint), datagrams: u8) {
        if from >= to {
            return;
        }
        let place = self.0.partition_point(|hole| hole.from < from);
        let _forgotten = self.0.try_insert(place, Hole { from, to, datagrams });
    }

    /// What is between two points has come; whether any of it was missing.
    pub(super) fn fill(&mut self, from: StatePoint, to: StatePoint) -> bool {
        let mut filled = false;
        let mut place = 0;
        while let Some(hole) = self.0.get(place).copied().filter(|hole| hole.from < to) {
            if hole.to <= from {
                place += 1;
                continue;
            }
            filled = true;
            self.0.remove(place);
            let left = hole.datagrams.saturating_sub(1).max(1);
            for rest in [(hole.from, from), (to, hole.to)] {
                if rest.0 < rest.1 {
                    self.open(rest, left);
                    place += 1;
                }
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;

    fn at(owner: u64) -> StatePoint {
        StatePoint { owner: NodeId::from_u64(owner), life: 1, after: 0 }
    }

    fn left(holes: &Holes) -> Vec<(u64, u64)> {
        holes.iter().map(|hole| (hole.from.owner.as_u64(), hole.to.owner.as_u64())).collect()
    }

    #[test]
    fn what_comes_is_missing_no_more_and_all_else_is() {
        let cases = [
            // from, to,  what is left of 10..20 and 30..40
            (0, 10, vec![(10, 20), (30, 40)], false, "before"),
            (20, 30, vec![(10, 20), (30, 40)], false, "between"),
            (10, 20, vec![(30, 40)], true, "all of one"),
            (10, 15, vec![(15, 20), (30, 40)], true, "its begin"),
            (15, 25, vec![(10, 15), (30, 40)], true, "its end"),
            (12, 14, vec![(10, 12), (14, 20), (30, 40)], true, "its middle"),
            (15, 35, vec![(10, 15), (35, 40)], true, "of both"),
            (0, 50, vec![], true, "everything"),
        ];
        for (from, to, expected, filled, because) in cases {
            let mut holes = Holes::default();
            holes.open((at(30), at(40)), 1);
            holes.open((at(10), at(20)), 1);
            assert_eq!(holes.fill(at(from), at(to)), filled, "{because}");
            assert_eq!(left(&holes), expected, "{because}");
        }
    }

    #[test]
    fn what_is_lost_beyond_the_bound_is_not_remembered() {
        let mut holes = Holes::default();
        (0..100).for_each(|nth| holes.open((at(10 * nth), at(10 * nth + 5)), 1));
        assert_eq!(holes.len(), HOLES_MAX);
        // Where there is no place for the second half of one it is forgotten too.
        assert!(holes.fill(at(2), at(3)));
        assert_eq!(holes.len(), HOLES_MAX);
    }
}
