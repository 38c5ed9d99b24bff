//! In which order has an owner written? The entries of a log are a list by version, and rounds tell its end.

use super::super::entry::Entry;
use super::Store;

impl Store {
    /// The entries of a log behind a version, in order.
    pub fn behind(&self, log: u32, version: u64) -> impl Iterator<Item = u32> + '_ {
        let (_, first) = self.around(log, version);
        self.from(first.map_or(0, |slot| slot + 1))
    }

    /// The last entry of a log up to a version, and the first behind it.
    #[must_use]
    pub fn around(&self, log: u32, version: u64) -> (Option<u32>, Option<u32>) {
        let log = &self.records.logs[log as usize];
        // Most ask for the last few.
        let (mut before, mut after) = (log.last, 0);
        while let Some(entry) = self.at(before).filter(|entry| entry.version() > version) {
            (before, after) = (entry.before, before);
        }
        (before.checked_sub(1), after.checked_sub(1))
    }

    /// The first entry of a log behind a version.
    #[must_use]
    pub fn first_behind(&self, log: u32, version: u64) -> Option<u32> {
        self.around(log, version).1
    }

    /// The entry of a log with a version.
    #[must_use]
    pub fn at_version(&self, log: u32, version: u64) -> Option<u32> {
        self.last_up_to(log, version).filter(|slot| self.get(*slot).version() == version)
    }

    /// The last entry of a log up to a version.
    #[must_use]
    pub fn last_up_to(&self, log: u32, version: u64) -> Option<u32> {
        self.around(log, version).0
    }

    /// The next entry of the same log.
    #[must_use]
    pub fn after(&self, slot: u32) -> Option<u32> {
        self.records.entries[slot as usize].after.checked_sub(1)
    }

    /// The entries of a log that are still told in rounds and all behind them, in order.
    pub fn hot(&self, log: u32) -> impl Iterator<Item = u32> + '_ {
        self.from(self.records.logs[log as usize].hot)
    }

    fn from(&self, mut at: u32) -> impl Iterator<Item = u32> + '_ {
        core::iter::from_fn(move || {
            let slot = at.checked_sub(1)?;
            at = self.records.entries[slot as usize].after;
            Some(slot)
        })
    }

    fn at(&self, link: u32) -> Option<&Entry> {
        link.checked_sub(1).map(|slot| &self.records.entries[slot as usize])
    }

    /// The version in front of an entry in its log; 0 for the first.
    #[must_use]
    pub fn version_before(&self, slot: u32) -> u64 {
        self.at(self.records.entries[slot as usize].before).map_or(0, |entry| entry.version())
    }

    /// Lets rounds tell an entry, and all behind it.
    pub fn heat(&mut self, slot: u32) {
        let entry = self.records.entries[slot as usize];
        let log = &mut self.records.logs[entry.log() as usize];
        let colder = log.hot == 0 || self.records.entries[log.hot as usize - 1].version() > entry.version();
        if colder {
            log.hot = slot + 1;
        }
    }

    /// Takes those in front that have been told as often as `enough` says out of what rounds tell.
    pub fn cool(&mut self, log: u32, enough: impl Fn(&Entry) -> bool) {
        let mut hot = self.records.logs[log as usize].hot;
        while let Some(entry) = self.at(hot).filter(|entry| enough(entry)) {
            hot = entry.after;
        }
        self.records.logs[log as usize].hot = hot;
    }

    /// Puts an entry into its log, by version; nearly always at the end.
    pub(super) fn link(&mut self, slot: u32) {
        let entry = self.records.entries[slot as usize];
        let mut before = self.records.logs[entry.log() as usize].last;
        while let Some(other) = self.at(before).filter(|other| other.version() > entry.version()) {
            before = other.before;
        }
        let log = &mut self.records.logs[entry.log() as usize];
        let after = match before.checked_sub(1) {
            Some(other) => core::mem::replace(&mut self.records.entries[other as usize].after, slot + 1),
            None => core::mem::replace(&mut log.first, slot + 1),
        };
        match after.checked_sub(1) {
            Some(other) => self.records.entries[other as usize].before = slot + 1,
            None => log.last = slot + 1,
        }
        let entry = &mut self.records.entries[slot as usize];
        (entry.before, entry.after) = (before, after);
    }

    pub(super) fn unlink(&mut self, slot: u32) {
        let entry = self.records.entries[slot as usize];
        let (before, after) = (entry.before, entry.after);
        let log = &mut self.records.logs[entry.log() as usize];
        match before.checked_sub(1) {
            Some(other) => self.records.entries[other as usize].after = after,
            None => log.first = after,
        }
        match after.checked_sub(1) {
            Some(other) => self.records.entries[other as usize].before = before,
            None => log.last = before,
        }
        if log.hot == slot + 1 {
            log.hot = after;
        }
    }
}
