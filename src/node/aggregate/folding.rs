//! What do the values of one key come to, over all members that are up?

use super::super::Node;
use crate::aggregate::Aggregate;
use crate::membership::ME;
use crate::time::Instant;

impl Node {
    /// What the values come to that members hold under a key: count, sum, mean, extremes, quantiles. Of members that are up in this node's
    /// view, itself included; of one zone where one is named. Contributions to a shared key do not count, and neither does a durable
    /// key of an owner that is gone. Nothing at all where nobody has the key or nobody is in the zone: it never fails.
    ///
    /// Exact once state has converged: two nodes that hold the same come to the same, to the last bit; until then it is of what this node
    /// holds. Two look-ups for each member, and 16 KiB to hand back; allocates nothing.
    #[must_use]
    pub fn aggregate(&self, now: Instant, key: &[u8], zone: Option<&str>) -> Aggregate {
        let mut fold = Aggregate::default();
        for slot in core::iter::once(ME).chain(self.roster.up().iter().copied()) {
            if zone.is_some_and(|zone| self.table.texts(slot).1 != zone) {
                continue;
            }
            if let Some(view) = self.state(now, self.table.get(slot).id, key) {
                fold.take(view.value);
            }
        }
        fold
    }
}
