//! What does all that has settled come to? Order-free sums of checks: of each log, of each bucket of owners, and of everything.
//!
//! A sum changes by what has changed. What is superseded counts on as a ghost until what supersedes it has settled.

use super::super::entry::{Entry, Stage};
use super::Store;
use crate::wire::state_bucket_of;

impl Store {
    /// The sum over everything that has settled and counts.
    #[must_use]
    pub const fn root(&self) -> u64 {
        self.root
    }

    /// The same, of the owners of one bucket of the id space.
    #[must_use]
    pub const fn bucket(&self, bucket: usize) -> u64 {
        self.sums[bucket]
    }

    /// A ghost counts no more, and its place is free.
    pub fn lay(&mut self, slot: u32) {
        debug_assert_eq!(self.records.entries[slot as usize].stage(), Stage::Ghost);
        self.count(slot, u64::wrapping_sub);
        let log = self.records.entries[slot as usize].log();
        self.records.logs[log as usize].ghosts -= 1;
        self.give_back(slot);
    }

    /// An entry has settled: it counts.
    pub fn settle(&mut self, slot: u32) {
        debug_assert_eq!(self.records.entries[slot as usize].stage(), Stage::Settling);
        self.records.entries[slot as usize].set_stage(Stage::Settled);
        self.settling -= 1;
        self.count(slot, u64::wrapping_add);
    }

    fn count(&mut self, slot: u32, apply: fn(u64, u64) -> u64) {
        let entry = self.records.entries[slot as usize];
        let log = &mut self.records.logs[entry.log() as usize];
        let before = log.sum();
        let sum = if entry.is_ephemeral() { &mut log.ephemeral } else { &mut log.durable };
        *sum = apply(*sum, entry.check);
        self.recount(entry.log(), before);
    }

    /// The sum of a log is another than `before`.
    pub(super) fn recount(&mut self, log: u32, before: u64) {
        let log = &self.records.logs[log as usize];
        let change = log.sum().wrapping_sub(before);
        let sum = &mut self.sums[state_bucket_of(log.owner)];
        *sum = sum.wrapping_add(change);
        self.root = self.root.wrapping_add(change);
    }

    /// The root, from the entries and not from the sums.
    #[cfg(any(test, feature = "sim"))]
    #[must_use]
    pub fn root_anew(&self) -> u64 {
        let counts = |entry: &&Entry| {
            let valid = self.records.logs[entry.log() as usize].valid;
            matches!(entry.stage(), Stage::Settled | Stage::Ghost) && (valid || !entry.is_ephemeral())
        };
        self.records.entries.iter().filter(counts).fold(0, |sum, entry| sum.wrapping_add(entry.check))
    }

    /// The owner is up in this life, or is not any more: its ephemeral entries count, or do not.
    pub fn set_valid(&mut self, log: u32, valid: bool) {
        let record = &mut self.records.logs[log as usize];
        let before = record.sum();
        record.valid = valid;
        self.recount(log, before);
    }
}
