//! What the loop does with a call: write, or copy what is asked for into the room that was brought.

use super::Change;
use super::calls::{Answer, Ask, CALLS, Call, LoopSide, OpKind};
use super::encode::{put_aggregate, put_estimate, put_shared, put_surveyed, put_value};
use crate::net::error::CommandError;
use crate::node::{Input, Node, SharedOp, SharedWrite, Write};
use crate::time::Instant;

/// Entries that one call looks at, at most: a prefix that few keys have does not hold up the loop.
const LOOKED_AT_PER_CALL: usize = 1_024;

impl LoopSide {
    pub(in crate::net) const fn memory_bytes(changes: usize) -> usize {
        // A queue has a word beside each place.
        CALLS * (size_of::<Call>() + size_of::<usize>()) + changes * (size_of::<Change>() + size_of::<usize>())
    }

    pub(in crate::net) fn is_called(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Takes the next call; `false` when none waits.
    pub(in crate::net) fn answer_one(&mut self, now: Instant, node: &mut Node) -> bool {
        let Ok(Call { ask, said, mut room, reply }) = self.calls.try_recv() else { return false };
        let result = carry_out(now, node, ask, &said, &mut room);
        // The queue has one place and one message ever; nobody listens any more when the caller has given up.
        drop(reply.try_send(Answer { result, room, _said: said }));
        true
    }

    /// Puts a change into the queue; when it is full, counts it, and says so before the next one that finds room. How many are lost.
    pub(in crate::net) fn tell(&mut self, change: Change) -> u64 {
        let lost = if let Change::Resync { lost } = change { lost } else { 1 };
        if self.tell_of_lost() && self.changes.try_send(change).is_ok() {
            return 0;
        }
        self.lost += lost;
        lost
    }

    /// Sends the marker for changes that were lost, if any were. Whether there is nothing left to tell.
    pub(in crate::net) fn tell_of_lost(&mut self) -> bool {
        if self.lost > 0 && self.changes.try_send(Change::Resync { lost: self.lost }).is_ok() {
            self.lost = 0;
        }
        self.lost == 0
    }
}

fn carry_out(
    now: Instant,
    node: &mut Node,
    ask: Ask,
    said: &[u8],
    room: &mut Vec<u8>,
) -> Result<Option<u32>, CommandError> {
    let input = match ask {
        Ask::Write { key_len, removed, class, durable, ttl } => {
            let (key, value) = said.split_at(key_len);
            Input::Write(Write { key, value: (!removed).then_some(value), class, durable, ttl })
        }
        Ask::WriteShared { key_len, op, rule, class, wall_ms } => {
            let (key, said) = said.split_at(key_len);
            let op = match op {
                OpKind::Set => SharedOp::Set(said),
                OpKind::Unset => SharedOp::Unset,
                OpKind::Add(delta) => SharedOp::Add(delta),
                OpKind::Insert => SharedOp::Insert(said),
                OpKind::Remove => SharedOp::Remove(said),
            };
            Input::WriteShared(SharedWrite { key, op, rule, class, wall_ms })
        }
        Ask::Watch => Input::Watch(said),
        Ask::Unwatch => Input::Unwatch(said),
        Ask::Of { owner } => {
            let fits = node.state(now, owner, said).is_none_or(|view| put_value(room, &view));
            debug_assert!(fits, "there is room for the longest");
            return Ok(None);
        }
        Ask::At(changed) => {
            let fits = node.state_at(now, &changed).is_none_or(|view| put_value(room, &view));
            debug_assert!(fits, "there is room for the longest");
            return Ok(None);
        }
        Ask::From { place } => return Ok(list(now, node, place, said, room)),
        Ask::Survey(of) => {
            let (owner, life, version) = of.unwrap_or_else(|| node.last_write());
            Input::Survey { owner, life, version }
        }
        Ask::EndSurvey => Input::EndSurvey,
        Ask::Reset => Input::ResetState,
        Ask::Contribute(value) => Input::Contribute { name: said, value },
        Ask::Aggregate { key_len, zone } => {
            let (key, name) = said.split_at(key_len);
            // What was text is text still.
            let zone = if zone { core::str::from_utf8(name).ok() } else { None };
            let fits = put_aggregate(room, &node.aggregate(now, key, zone));
            debug_assert!(fits, "there is room for the longest");
            return Ok(None);
        }
        Ask::Estimate => {
            let fits = node.estimate(said).is_none_or(|estimate| put_estimate(room, &estimate));
            debug_assert!(fits, "there is room for it");
            return Ok(None);
        }
        Ask::Surveyed => return Ok(if put_surveyed(room, node) { None } else { Some(0) }),
        Ask::Shared => return Ok(if put_shared(room, node, said) { None } else { Some(0) }),
    };
    node.handle_input(now, input).map(|()| None).map_err(CommandError::Refused)
}

/// Copies values from a place on; says from where on there is more.
fn list(now: Instant, node: &Node, mut place: u32, prefix: &[u8], room: &mut Vec<u8>) -> Option<u32> {
    for _ in 0..LOOKED_AT_PER_CALL {
        let (at, view) = node.next_state_from(now, place)?;
        if view.key.starts_with(prefix) && !put_value(room, &view) {
            return Some(at);
        }
        place = at + 1;
    }
    Some(place)
}
