//! What do all agree on? A key that everybody may write, and an attribute of each node that goes with it.

use bruit::net::{CommandError, Handle, Merged};
use bruit::{Class, NodeId, SharedOp, SharedWrite, Write};

/// What each node says of itself.
pub const ATTRIBUTE: &[u8] = b"load";
const KEY: &[u8] = b"motto";
const VALUE: &[u8] = b"to bruit: to spread a report widely";

/// Writes the key that all share.
pub fn write_shared(node: &Handle) -> Result<(), CommandError> {
    let op = SharedOp::Set(VALUE);
    node.write_shared(&SharedWrite { key: KEY, op, rule: None, class: Class::Urgent, wall_ms: 0 })
}

/// Writes the node's own attribute.
pub fn write_load(node: &Handle, load: u32) -> Result<(), CommandError> {
    let value = load.to_string();
    let (value, class) = (Some(value.as_bytes()), Class::Urgent);
    node.write(&Write { key: ATTRIBUTE, value, class, durable: false, ttl: None })
}

/// Whether a node holds the key, and the attribute of each owner.
pub fn holds_all(node: &Handle, owners: &[NodeId]) -> bool {
    let shared = node.shared(KEY).ok().flatten().is_some_and(|key| key.value == Merged::Bytes(VALUE.to_vec()));
    shared && owners.iter().all(|owner| node.value(*owner, ATTRIBUTE).is_ok_and(|value| value.is_some()))
}
