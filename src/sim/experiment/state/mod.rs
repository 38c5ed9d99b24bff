//! What does it cost to agree on state? Two that are in step, two that differ in a few keys of many, a write that all are to have, writes
//! that never end, and a newcomer.
//!
//! `in_step`: what do two send who have nothing to tell each other? `repair`: bytes and round trips until two nodes are in step. `news`:
//! rounds until one write is everywhere. `unrest`: how often do the fingerprints of healthy nodes agree while somebody writes all the
//! time? `newcomer`: everything at once.
//!
//! Where the state of thousands is needed and not their cluster, it is told to a few real nodes in real pages, as if one of them had
//! walked through it: thousands of owners that are no members, whose keys are durable.

mod feed;
pub mod in_step;
pub mod newcomer;
pub mod news;
pub mod repair;
pub mod unrest;

use super::{Base, SetupError};
use crate::config::Params;
use crate::limits::Limits;
use crate::wire::Kind;
use feed::{Fed, feed, room};

/// The kinds by which two compare, mend and tell.
const KINDS: [Kind; 4] = [Kind::StateSums, Kind::StateListing, Kind::StateWants, Kind::StatePage];
/// Owners that a setup may have.
const OWNERS_MAX: u32 = 20_000;

/// The parameters of nodes of which each has room for a few keys of every other.
fn writers(base: &Base) -> Result<Params, SetupError> {
    let plain = base.params(0)?;
    // Few nodes write as much as many do.
    let keys = (base.nodes * 2).max(1_024);
    let room = Limits {
        state_owners: base.nodes + 8,
        state_keys: keys,
        state_bytes: keys * 80,
        state_value: 64,
        ..plain.limits().clone()
    };
    Ok(Params::new(&base.config, &room)?)
}

/// Keys of each owner.
pub const KEYS: u32 = 10;
/// Bytes of each value.
pub const VALUE: usize = 64;
/// Bytes of each key.
pub const KEY: usize = 8;
/// What an entry takes in a page of its own: key, value, its check, and what stands in front of them.
pub const ENTRY: usize = 8 + 6 + KEY + VALUE;
