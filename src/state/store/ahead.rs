//! Which memory will be asked for next? What is held of one owner lies anywhere, what is held of the next one elsewhere, and most of
//! it in no cache.
//!
//! Loads that do not depend on each other are waited for together, but those of one record come one after the other: its place in
//! the index, its log, an entry, a text. So before a row of records is gone through each step is taken for all of them at once, and
//! nothing is done with what is found. Where another program has had the caches a page takes 360 ns instead of 560, a tenth of that
//! for being looked at twice. What more is touched by a page (neighbours in lists, deadlines) was measured and is not worth it.

use core::hint::black_box;

use arrayvec::ArrayVec;

use super::super::entry::Draft;
use super::Store;
use crate::id::NodeId;
use crate::wire::UNLISTED;

/// As many as a listing names, and as a datagram has pages.
type Ahead = ArrayVec<u32, { u8::MAX as usize }>;

impl Store {
    /// Loads a log of each of these owners, or of one whom a listing does not tell from it.
    pub fn load_logs(&self, owners: impl Iterator<Item = NodeId> + Clone) -> Ahead {
        owners.clone().for_each(|owner| self.owners.load(owner));
        let found = owners.filter_map(|owner| self.owners.alike(owner, UNLISTED.count_ones()).next());
        let logs: Ahead = found.take(Ahead::new_const().capacity()).collect();
        logs.iter().for_each(|log| _ = black_box(self.log(*log).complete));
        logs
    }

    /// Loads the last entry of each of these logs and its text: what a page mostly goes on from, and takes the place of.
    pub fn load_ends(&self, logs: &Ahead) {
        let ends: Ahead = logs.iter().filter_map(|log| self.log(*log).last.checked_sub(1)).collect();
        for entry in ends.iter().map(|slot| self.get(*slot)) {
            // The first of its fields and the last: it may lie in two lines, and so may the text.
            black_box((entry.check, entry.kind));
        }
        for (key, value) in ends.iter().map(|slot| self.text(*slot)) {
            black_box((key.first(), value.last()));
        }
    }

    /// Loads what finds the key of an entry that is about to be stored.
    pub fn load_key(&self, owner: NodeId, draft: &Draft<'_>) {
        self.keys.load(draft.key_hash(owner));
    }
}
