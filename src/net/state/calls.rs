//! What is asked of the loop about state, and how the answer comes back.

use core::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::encode::In;
use super::{Change, SharedKey, Surveyed, Value};
use crate::aggregate::Aggregate;
use crate::id::NodeId;
use crate::net::error::CommandError;
use crate::net::handle::receive;
use crate::node::{Estimate, SharedOp, SharedWrite, StateRef, Write};
use crate::rumor::Class;
use crate::state::MergeRule;
use crate::time::Span;

/// Room for the keys and values of one answer: longer lists come in several.
const ROOM: usize = 64 << 10;
/// Calls that wait for the loop.
pub(super) const CALLS: usize = 16;

/// What is asked; key, value or prefix come beside it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Write {
        key_len: usize,
        removed: bool,
        class: Class,
        durable: bool,
        ttl: Option<Span>,
    },
    WriteShared {
        key_len: usize,
        op: OpKind,
        rule: Option<MergeRule>,
        class: Class,
        wall_ms: u64,
    },
    Watch,
    Unwatch,
    Of {
        owner: NodeId,
    },
    At(StateRef),
    /// All whose key begins so, from a place on.
    From {
        place: u32,
    },
    Shared,
    /// Begin to ask all members; of this node's last write where none is named.
    Survey(Option<(NodeId, u32, u64)>),
    Surveyed,
    EndSurvey,
    Reset,
    /// Over all members, or those of a zone, which stands behind the key.
    Aggregate {
        key_len: usize,
        zone: bool,
    },
    Contribute(Option<f64>),
    Estimate,
}

/// An operation without its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum OpKind {
    Set,
    Unset,
    Add(i64),
    Insert,
    Remove,
}

/// A call on its way.
#[derive(Debug)]
pub(super) struct Call {
    pub ask: Ask,
    /// Key and value, or a prefix.
    pub said: Vec<u8>,
    /// Room for the answer; the loop never makes it larger.
    pub room: Vec<u8>,
    pub reply: Sender<Answer>,
}

/// A call on its way back.
#[derive(Debug)]
pub(super) struct Answer {
    /// From which place on there is more.
    pub result: Result<Option<u32>, CommandError>,
    pub room: Vec<u8>,
    /// Comes back so that the loop need not free it.
    pub _said: Vec<u8>,
}

/// The embedder's side.
#[derive(Debug)]
pub(in crate::net) struct Client {
    calls: Sender<Call>,
    changes: Receiver<Change>,
}

/// The loop's side.
#[derive(Debug)]
pub(in crate::net) struct LoopSide {
    pub(super) calls: Receiver<Call>,
    pub(super) changes: Sender<Change>,
    /// Changes lost since the last marker.
    pub(super) lost: u64,
}

/// Room for so many changes that nobody has read.
pub(in crate::net) fn channel(changes: usize) -> (Client, LoopSide) {
    let (calls_in, calls) = crossbeam_channel::bounded(CALLS);
    let (changes_in, changes) = crossbeam_channel::bounded(changes);
    (Client { calls: calls_in, changes }, LoopSide { calls, changes: changes_in, lost: 0 })
}

impl Client {
    /// Writes into the node's own map.
    pub fn write(&self, wake: impl Fn(), write: &Write<'_>) -> Result<(), CommandError> {
        let Write { key, value, class, durable, ttl } = *write;
        let ask = Ask::Write { key_len: key.len(), removed: value.is_none(), class, durable, ttl };
        self.ask(&wake, ask, &[key, value.unwrap_or(&[])], 0).map(|_| ())
    }

    /// Writes a shared key.
    pub fn write_shared(&self, wake: impl Fn(), write: &SharedWrite<'_>) -> Result<(), CommandError> {
        let SharedWrite { key, op, rule, class, wall_ms } = *write;
        let (op, said): (_, &[u8]) = match op {
            SharedOp::Set(value) => (OpKind::Set, value),
            SharedOp::Unset => (OpKind::Unset, &[]),
            SharedOp::Add(delta) => (OpKind::Add(delta), &[]),
            SharedOp::Insert(element) => (OpKind::Insert, element),
            SharedOp::Remove(element) => (OpKind::Remove, element),
        };
        let ask = Ask::WriteShared { key_len: key.len(), op, rule, class, wall_ms };
        self.ask(&wake, ask, &[key, said], 0).map(|_| ())
    }

    pub fn watch(&self, wake: impl Fn(), prefix: &[u8], on: bool) -> Result<(), CommandError> {
        self.ask(&wake, if on { Ask::Watch } else { Ask::Unwatch }, &[prefix], 0).map(|_| ())
    }

    pub fn value(&self, wake: impl Fn(), owner: NodeId, key: &[u8]) -> Result<Option<Value>, CommandError> {
        let (_, room) = self.ask(&wake, Ask::Of { owner }, &[key], ROOM)?;
        Ok(In(&room).value())
    }

    pub fn value_at(&self, wake: impl Fn(), changed: &StateRef) -> Result<Option<Value>, CommandError> {
        let (_, room) = self.ask(&wake, Ask::At(*changed), &[], ROOM)?;
        Ok(In(&room).value())
    }

    pub fn values(&self, wake: impl Fn(), prefix: &[u8]) -> Result<Vec<Value>, CommandError> {
        let (mut values, mut next) = (Vec::new(), Some(0));
        while let Some(place) = next {
            let (after, room) = self.ask(&wake, Ask::From { place }, &[prefix], ROOM)?;
            let mut room = In(&room);
            values.extend(core::iter::from_fn(|| room.value()));
            next = after;
        }
        values.sort_unstable_by(|a, b| (&a.key, a.owner, a.life).cmp(&(&b.key, b.owner, b.life)));
        Ok(values)
    }

    pub fn shared(&self, wake: impl Fn(), key: &[u8]) -> Result<Option<SharedKey>, CommandError> {
        let mut size = ROOM;
        loop {
            let (more, room) = self.ask(&wake, Ask::Shared, &[key], size)?;
            if more.is_none() {
                return Ok(In(&room).shared());
            }
            // Many writers: with more room all of it is of one moment.
            size *= 4;
        }
    }

    pub fn reset(&self, wake: impl Fn()) -> Result<(), CommandError> {
        self.ask(&wake, Ask::Reset, &[], 0).map(|_| ())
    }

    pub fn survey(&self, wake: impl Fn(), of: Option<(NodeId, u32, u64)>) -> Result<(), CommandError> {
        self.ask(&wake, Ask::Survey(of), &[], 0).map(|_| ())
    }

    pub fn end_survey(&self, wake: impl Fn()) -> Result<(), CommandError> {
        self.ask(&wake, Ask::EndSurvey, &[], 0).map(|_| ())
    }

    pub fn surveyed(&self, wake: impl Fn()) -> Result<Option<Surveyed>, CommandError> {
        let mut size = ROOM;
        loop {
            let (more, room) = self.ask(&wake, Ask::Surveyed, &[], size)?;
            if more.is_none() {
                return Ok(In(&room).surveyed());
            }
            size *= 4;
        }
    }

    pub fn aggregate(&self, wake: impl Fn(), key: &[u8], zone: Option<&str>) -> Result<Aggregate, CommandError> {
        let ask = Ask::Aggregate { key_len: key.len(), zone: zone.is_some() };
        let (_, room) = self.ask(&wake, ask, &[key, zone.unwrap_or_default().as_bytes()], ROOM)?;
        Ok(In(&room).aggregate().unwrap_or_default())
    }

    pub fn contribute(&self, wake: impl Fn(), name: &[u8], value: Option<f64>) -> Result<(), CommandError> {
        self.ask(&wake, Ask::Contribute(value), &[name], 0).map(|_| ())
    }

    pub fn estimate(&self, wake: impl Fn(), name: &[u8]) -> Result<Option<Estimate>, CommandError> {
        let (_, room) = self.ask(&wake, Ask::Estimate, &[name], ROOM)?;
        Ok(In(&room).estimate())
    }

    pub fn change(&self, timeout: Duration) -> Option<Change> {
        self.changes.recv_timeout(timeout).ok()
    }

    fn ask(
        &self,
        wake: &impl Fn(),
        ask: Ask,
        said: &[&[u8]],
        room: usize,
    ) -> Result<(Option<u32>, Vec<u8>), CommandError> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let call = Call { ask, said: said.concat(), room: Vec::with_capacity(room), reply };
        self.calls.try_send(call).map_err(|error| match error {
            TrySendError::Full(_) => CommandError::QueueFull,
            TrySendError::Disconnected(_) => CommandError::Stopped,
        })?;
        wake();
        let Answer { result, room, .. } = receive(&answer)?;
        result.map(|next| (next, room))
    }
}
