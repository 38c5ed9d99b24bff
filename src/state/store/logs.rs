//! Of whom is anything held? A log for each life of an owner, found by the owner's id.

use super::super::log::Log;
use super::Store;
use crate::id::NodeId;
use crate::time::Instant;
use crate::wire::{LogDigest, UNLISTED, state_bucket_of};

impl Store {
    /// The log of an owner's life.
    #[must_use]
    pub fn find_log(&self, owner: NodeId, life: u32) -> Option<u32> {
        self.owners.find(owner, |at| {
            let log = &self.records.logs[at as usize];
            (log.owner, log.life) == (owner, life)
        })
    }

    /// The logs of owners in a range of ids, in no order.
    pub fn logs_in(&self, first: NodeId, last: NodeId) -> impl Iterator<Item = u32> + '_ {
        let inside = move |at: &u32| (first..=last).contains(&self.records.logs[*at as usize].owner);
        // Where nothing is held nothing is looked at.
        let near = (self.log_count > 0).then(|| self.owners.near(first, last));
        near.into_iter().flatten().filter(inside)
    }

    /// The logs of owners whom a listing does not tell from one, in no order.
    pub fn logs_alike(&self, owner: NodeId) -> impl Iterator<Item = u32> + '_ {
        let (first, last) = LogDigest::alike(owner);
        let alike = move |at: &u32| (first..=last).contains(&self.records.logs[*at as usize].owner);
        self.owners.alike(owner, UNLISTED.count_ones()).filter(alike)
    }

    /// A log.
    #[must_use]
    pub fn log(&self, at: u32) -> &Log {
        &self.records.logs[at as usize]
    }

    /// A log, to be changed.
    pub fn log_mut(&mut self, at: u32) -> &mut Log {
        &mut self.records.logs[at as usize]
    }

    /// A log for an owner's life that has none; `None` when every place is taken.
    #[must_use]
    pub fn add_log(&mut self, owner: NodeId, life: u32, now: Instant) -> Option<u32> {
        debug_assert_eq!(self.find_log(owner, life), None);
        let at = match self.free_log {
            0 if self.records.logs.len() == self.records.logs.capacity() => return None,
            0 => {
                self.records.logs.push(Log::NONE);
                self.records.logs.len() as u32 - 1
            }
            free => {
                self.free_log = self.records.logs[free as usize - 1].first;
                free - 1
            }
        };
        self.records.logs[at as usize] = Log { owner, life, void_since: now, taken: true, ..Log::NONE };
        self.owners.insert(owner, at);
        self.log_count += 1;
        self.logs_of[state_bucket_of(owner)] += 1;
        Some(at)
    }

    /// Lets go of a log that holds nothing.
    pub fn release_log(&mut self, at: u32) {
        let log = self.records.logs[at as usize];
        assert!(log.taken && log.is_empty() && log.ghosts == 0, "nothing of it is held or counted");
        self.owners.remove_slot(log.owner, at, |at| self.records.owner(at));
        self.records.logs[at as usize] = Log { first: self.free_log, ..Log::NONE };
        self.free_log = at + 1;
        self.log_count -= 1;
        self.logs_of[state_bucket_of(log.owner)] -= 1;
    }

    /// All logs, from a place on: the next that is taken.
    #[must_use]
    pub fn log_from(&self, at: u32) -> Option<u32> {
        (at..self.records.logs.len() as u32).find(|at| self.records.logs[*at as usize].taken)
    }

    /// Logs of the owners in one bucket of the id space.
    #[must_use]
    pub fn logs_of_bucket(&self, bucket: usize) -> u32 {
        self.logs_of[bucket]
    }

    /// Logs held.
    #[must_use]
    pub const fn log_count(&self) -> u32 {
        self.log_count
    }
}
