//! With what does a loop receive and send? Room that its nodes use one after the other: none holds anything between two rounds.

use super::batch::{Inbound, Outbound};
use super::errqueue::ErrorQueue;

/// Bought when a node is added, and large enough for each.
pub(super) struct Buffers {
    pub inbound: Inbound,
    pub outbound: Outbound,
    pub errors: ErrorQueue,
    batch: usize,
    max: usize,
}

impl Buffers {
    /// No room, for no node.
    pub(super) fn none() -> Self {
        Self::new(0, 0)
    }

    fn new(batch: usize, max: usize) -> Self {
        let (inbound, outbound) = (Inbound::new(batch, max), Outbound::new(batch, max));
        Self { inbound, outbound, errors: ErrorQueue::new(), batch, max }
    }

    /// Makes room for batches of `batch` datagrams of `max` bytes. Bytes bought beside those that were there.
    pub(super) fn fit(&mut self, batch: usize, max: usize) -> usize {
        let before = self.memory_bytes();
        if batch > self.batch || max > self.max {
            *self = Self::new(batch.max(self.batch), max.max(self.max));
        }
        self.memory_bytes() - before
    }

    const fn memory_bytes(&self) -> usize {
        Inbound::memory_bytes(self.batch, self.max) + Outbound::memory_bytes(self.batch, self.max)
    }
}
