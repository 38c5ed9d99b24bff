//! How does an embedder read and write state? By calls that carry their own room: whoever asks buys it, the loop fills it, and the
//! two never share anything. Changes come through a queue of their own, so that no flood of them costs an event of the membership.

mod calls;
mod encode;
mod loop_side;

use core::time::Duration;

pub(super) use calls::{Client, LoopSide, channel};

use crate::id::NodeId;
use crate::node::{Coverage, StateRef};
use crate::rumor::Class;
use crate::state::{MergeRule, Stamp};
use crate::wire::Progress;

/// One key of one owner, a copy of the reader's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Whose.
    pub owner: NodeId,
    /// In which of its lives it was written.
    pub life: u32,
    /// As the how manieth write of that life.
    pub version: u64,
    /// The key.
    pub key: Vec<u8>,
    /// Its value; what [`Handle::shared`](super::Handle::shared) makes of it where it is a contribution to a shared key.
    pub value: Vec<u8>,
    /// How much its change mattered.
    pub class: Class,
    /// Whether it outlives its owner.
    pub durable: bool,
    /// Whether it is a contribution to a shared key.
    pub shared: bool,
    /// How long ago it was written; at least so long of what settled before this node heard of it.
    pub age: Duration,
    /// For how long it holds from its writing on.
    pub ttl: Option<Duration>,
}

/// What a shared key is, and who says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedKey {
    /// What becomes of concurrent writes.
    pub rule: MergeRule,
    /// What the key is.
    pub value: Merged,
    /// Everything that is held of it, sorted by writer.
    pub contributions: Vec<Contributed>,
}

/// What all contributions to a shared key say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// No value.
    Absent,
    /// A value.
    Bytes(Vec<u8>),
    /// A counter's sum.
    Number(i64),
    /// The elements of a set, sorted, each once.
    Set(Vec<Vec<u8>>),
    /// Concurrent writes that nobody has written over: those contributions that are not dominated.
    Conflict,
}

/// What one writer has contributed to a shared key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributed {
    /// Which write it is.
    pub stamp: Stamp,
    /// Whether it says that the key has no value.
    pub absent: bool,
    /// Whether another writer had seen it and has written over it.
    pub dominated: bool,
    /// When it was written by a hybrid clock, in milliseconds of wall time; 0 where no rule asks for it.
    pub wall_ms: u64,
    /// What is said.
    pub said: Vec<u8>,
}

/// How far each member was when it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// How many hold what is asked about.
    pub coverage: Coverage,
    /// Each member that is up, this node first, and how far it was; `None` for those that have not answered yet.
    pub members: Vec<(NodeId, Option<Progress>)>,
}

/// What has become of the keys that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A key has another value, or none any more.
    Changed(StateRef),
    /// A shared key has been written concurrently.
    Conflict(StateRef),
    /// So many changes were lost here because nobody read them: read what is watched anew, and go on from there.
    Resync {
        /// How many.
        lost: u64,
    },
}
