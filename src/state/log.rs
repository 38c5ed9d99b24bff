//! How much of one owner's writes do I have? What is held of one life of an owner.

use super::entry::Entry;
use crate::id::NodeId;
use crate::time::Instant;

/// What is held of one life of an owner: its entries are a list in the order of their versions. What a listing asks of each log of a
/// bucket comes first, 32 bytes in one line of the cache, then what taking a page changes: in two lines it all is.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Log {
    /// Whose.
    pub owner: NodeId,
    /// Everything up to this version is held here or was superseded (R8): a watermark, not the highest that was seen.
    pub complete: u64,
    /// What it adds to the fingerprint: the sum over its settled entries that count.
    pub(super) sum: u64,
    /// Of which life.
    pub life: u32,
    /// Whether the owner is up in this very life: only then do its ephemeral entries count.
    pub valid: bool,
    /// Whether ephemeral entries were let go because the owner was gone: should it be up after all they are asked for anew.
    pub skipped: bool,
    /// Whether memory has lost an entry of this node's own: then that something is missing says nothing.
    pub lost: bool,
    pub(super) taken: bool,
    /// The sum over those settled entries that do not outlive the owner, whether they count or not.
    pub(super) ephemeral: u64,
    /// What is at or below this version and not held was removed (R14): tombstones up to it are forgotten.
    pub floor: u64,
    /// How many of those that were superseded still count.
    pub ghosts: u32,
    /// Who told what is new of it, if anybody did: there it is known. The place of a member, plus one.
    pub told_by: u32,
    /// The last, the first that is still told in rounds and the first of all; places plus one, 0 for none.
    pub(super) last: u32,
    pub(super) hot: u32,
    pub(super) first: u32,
    /// A row of datagrams that has told this log, and up to which version.
    pub row: u32,
    /// See `row`.
    pub row_upto: u64,
    /// Up to which version all but what is ephemeral was held when that was asked for anew: what is left if its owner goes before it comes.
    pub durable_to: u64,
    /// Since when it has not been valid.
    pub void_since: Instant,
}

const _: () = assert!(size_of::<Log>() == 96 && core::mem::offset_of!(Log, ephemeral) == 32);

impl Log {
    pub(super) const NONE: Self = Self {
        owner: NodeId::from_u64(0),
        life: 0,
        complete: 0,
        floor: 0,
        sum: 0,
        ephemeral: 0,
        ghosts: 0,
        told_by: 0,
        last: 0,
        hot: 0,
        valid: false,
        skipped: false,
        lost: false,
        taken: false,
        first: 0,
        durable_to: 0,
        row: 0,
        row_upto: 0,
        void_since: Instant::ZERO,
    };

    /// Behind which version everything is needed of somebody who has forgotten removals up to `floor`: some of them may be of what is
    /// held here, unless as many are known to be forgotten (R14).
    #[must_use]
    pub const fn needed(&self, floor: u64) -> u64 {
        if floor > self.floor && self.complete > self.floor { self.floor } else { self.complete }
    }

    /// It is fetched anew from its owner, with what was let go.
    pub const fn begin_anew(&mut self) {
        if self.complete > self.durable_to {
            self.durable_to = self.complete;
        }
        (self.complete, self.floor) = (0, 0);
    }

    /// Its owner gives nothing any more: what has not come by now was let go.
    pub const fn end_anew(&mut self) {
        if self.durable_to > self.complete {
            (self.complete, self.skipped) = (self.durable_to, true);
        }
        self.durable_to = 0;
    }

    /// Whether nothing of it is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.last == 0
    }

    /// What it adds to the fingerprint.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.sum
    }

    /// An entry has settled, or counts no more: `apply` adds or takes off.
    pub(super) fn count(&mut self, entry: &Entry, apply: fn(u64, u64) -> u64) {
        if entry.is_ephemeral() {
            self.ephemeral = apply(self.ephemeral, entry.check);
        }
        if self.valid || !entry.is_ephemeral() {
            self.sum = apply(self.sum, entry.check);
        }
    }

    /// The owner is up in this life, or is not any more: what is ephemeral counts, or does not.
    pub(super) const fn set_valid(&mut self, valid: bool) {
        self.sum = match (self.valid, valid) {
            (false, true) => self.sum.wrapping_add(self.ephemeral),
            (true, false) => self.sum.wrapping_sub(self.ephemeral),
            (false, false) | (true, true) => self.sum,
        };
        self.valid = valid;
    }
}
