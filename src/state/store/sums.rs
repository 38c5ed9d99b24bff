//! What does all that has settled come to? Order-free sums of checks: of each log, of each bucket of owners, and of everything.
//!
//! A sum changes by what has changed. What is superseded counts on as a ghost until what supersedes it has settled. That a sum in
//! memory is wrong would show nowhere but in comparisons in vain: now and then those of one bucket are made anew (R20).

use super::super::entry::Stage;
use super::super::log::Log;
use super::Store;
use crate::wire::{state_bucket_of, state_bucket_range};

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
        log.count(&entry, apply);
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

    /// Adds up anew what one bucket comes to, and behind the last bucket the root; says whether any sum was another. A log with
    /// ghosts, which are in no list, is left until they are laid.
    pub fn mend_sums(&mut self, bucket: usize) -> bool {
        let (first, last) = state_bucket_range(bucket);
        let off = |store: &Self| store.logs_in(first, last).find_map(|log| Some((log, store.sums_instead(log)?)));
        let all =
            |store: &Self| store.logs_in(first, last).fold(0, |sum: u64, log| sum.wrapping_add(store.log(log).sum()));
        let before = all(self);
        let mut wrong = false;
        while let Some((log, sums)) = off(self) {
            let record = &mut self.records.logs[log as usize];
            (record.sum, record.ephemeral) = sums;
            wrong = true;
        }
        let (sum, old) = (all(self), self.sums[bucket]);
        self.sums[bucket] = sum;
        if old == before {
            // What has made a log's sum wrong was counted in the others as well.
            self.root = self.root.wrapping_add(sum.wrapping_sub(old));
        }
        let mut root = self.root;
        if bucket + 1 == self.sums.len() {
            // All buckets are right by now.
            root = self.sums.iter().fold(0, |root: u64, sum| root.wrapping_add(*sum));
        }
        wrong | (old != sum) | (core::mem::replace(&mut self.root, root) != root)
    }

    /// What the sums of a log should be, if that is not what they are.
    fn sums_instead(&self, log: u32) -> Option<(u64, u64)> {
        let record = &self.records.logs[log as usize];
        if record.ghosts > 0 {
            return None;
        }
        let mut anew = Log { valid: record.valid, ..Log::NONE };
        let settled = |slot: &u32| self.records.entries[*slot as usize].stage() == Stage::Settled;
        let entries = self.behind(log, 0).filter(settled).map(|slot| self.get(slot));
        entries.for_each(|entry| anew.count(entry, u64::wrapping_add));
        let sums = (anew.sum, anew.ephemeral);
        (sums != (record.sum, record.ephemeral)).then_some(sums)
    }

    /// Changes a bit of the sums, the root's, a bucket's and those of a log one behind the other.
    #[cfg(test)]
    pub fn flip_sum(&mut self, log: u32, bit: usize) {
        let record = &mut self.records.logs[log as usize];
        let sum = match bit / 64 {
            0 => &mut self.root,
            1 => &mut self.sums[state_bucket_of(record.owner)],
            2 => &mut record.sum,
            _ => &mut record.ephemeral,
        };
        *sum ^= 1 << (bit % 64);
    }

    /// The root, from the entries and not from the sums.
    #[cfg(any(test, feature = "sim"))]
    #[must_use]
    pub fn root_anew(&self) -> u64 {
        let counts = |entry: &&super::super::entry::Entry| {
            let valid = self.records.logs[entry.log() as usize].valid;
            matches!(entry.stage(), Stage::Settled | Stage::Ghost) && (valid || !entry.is_ephemeral())
        };
        self.records.entries.iter().filter(counts).fold(0, |sum, entry| sum.wrapping_add(entry.check))
    }

    /// The owner is up in this life, or is not any more: its ephemeral entries count, or do not.
    pub fn set_valid(&mut self, log: u32, valid: bool) {
        let record = &mut self.records.logs[log as usize];
        let before = record.sum();
        record.set_valid(valid);
        self.recount(log, before);
    }
}
