//! What do peers say of state? Pages of what each of them has written.

use std::ops::Range;

use bruit::wire::{Draft, Nature, StateEntry, StateHead};
use bruit::{Class, Write};

use super::cluster::{Batch, Cluster, Peer};

/// Bytes of a value here.
pub const VALUE: usize = 64;
/// Entries with such values that fill one datagram.
pub const ENTRIES_IN_FULL: usize = 12;
/// How old an entry is that is news.
const FRESH_MS: u32 = 90;

/// What a peer has written: the values of its keys, one version for each.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Which peer.
    pub owner: usize,
    /// The version that the page builds on.
    pub base: u64,
    /// The keys by number, in the order of their versions.
    pub keys: &'a [usize],
    /// What they are.
    pub value: &'a [u8],
    /// How old they are; `None` for what has settled everywhere.
    pub age_ms: Option<u32>,
}

impl Page<'_> {
    /// Adds it to a datagram; `false`, and the datagram is spoilt, when it does not fit.
    fn write(&self, peers: &[Peer], writer: &mut bruit::wire::Writer<'_>) -> bool {
        let (owner, life) = (peers[self.owner].id, peers[self.owner].incarnation.life());
        let upto = self.base + self.keys.len() as u64;
        if !(StateHead { owner, life, base: self.base, upto, floor: 0, partial: false, lost: false }).write(writer) {
            return false;
        }
        (self.base + 1..).zip(self.keys).all(|(version, key)| {
            let key = key_of(*key);
            let nature = Nature { class: Class::Normal, durable: false, shared: false, removed: false };
            let draft = Draft { version, check: 0, nature, ttl_ms: 0, key: key.as_bytes(), value: self.value };
            let draft = Draft { check: draft.hash(owner, life), ..draft };
            StateEntry { draft, age_ms: self.age_ms }.write(version - 1, writer)
        })
    }
}

/// The name of a key.
pub fn key_of(key: usize) -> String {
    format!("key-{key:02}")
}

impl Cluster {
    /// A full datagram for each of some peers: its keys have new values. `round` counts such rounds from 0 on.
    pub fn news_of_state(&mut self, owners: Range<usize>, round: u64) -> Batch {
        let keys: Vec<usize> = (0..ENTRIES_IN_FULL).collect();
        let mut batch = Batch::default();
        for owner in owners {
            let base = round * ENTRIES_IN_FULL as u64;
            let value = [round as u8; VALUE];
            let page = Page { owner, base, keys: &keys, value: &value, age_ms: Some(FRESH_MS) };
            // Somebody else tells it.
            let from = (owner + 1) % self.peers.len();
            self.page(&mut batch, from, &page);
        }
        batch
    }

    /// Adds a datagram with a page to a batch.
    pub fn page(&mut self, batch: &mut Batch, from: usize, page: &Page<'_>) {
        let len = self.write(from, false, |peers, writer| assert!(page.write(peers, writer), "a page fits"));
        batch.push(from, &self.reply[..len]);
    }

    /// How many entries the node holds of those who are up.
    pub fn entries(&self) -> usize {
        let mut place = 0;
        let next = || {
            let (at, _) = self.node.next_state_from(self.now, place)?;
            place = at + 1;
            Some(at)
        };
        std::iter::from_fn(next).count()
    }
}

/// A write of the node's own.
pub fn own<'a>(key: &'a str, value: &'a [u8]) -> Write<'a> {
    Write { key: key.as_bytes(), value: Some(value), class: Class::Normal, durable: false, ttl: None }
}
