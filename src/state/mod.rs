//! Small state that all agree on: each member owns a map of keys to values, and everybody holds everybody's.
//!
//! Only the owner writes its map, with one counter for all its keys (Scuttlebutt), so what a node has of an owner is one number: a
//! watermark up to which everything is held or superseded (R8). Two nodes compare fingerprints, order-free sums over what has
//! settled, in every header; where they differ they find out where by buckets, and fetch what is missing.
//!
//! In which order to read: `entry` (what is one key's value?), `log` (how much of an owner is held?), `store` (all of it, and
//! its sums), `shared` (what do all of them together say?), `watch` (what does the embedder want to hear of?).
//!
//! # Papers
//! Scuttlebutt (van Renesse, Dumitriu, Gough, Thomas, LADIS 2008): owner-versioned maps and deltas. Departs from it: a digest is not
//! of all owners but of those in buckets that differ, and a version is advertised only once all below it are held.

mod born;
mod entry;
mod key;
mod log;
mod shared;
mod store;
mod watch;

pub(crate) use born::Born;
pub use entry::{Draft, KEY_MAX, Nature};
pub(crate) use entry::{Entry, Stage, TOLD_MAX};
pub use key::Key;
pub(crate) use log::Log;
pub(crate) use shared::{Contribution, Elements, ElementsWriter, Head, Removals, SEEN_MAX, Seen, greater};
pub use shared::{MergeRule, Stamp};
#[cfg(test)]
pub(crate) use store::FLIPS;
pub(crate) use store::{Full, Store};
pub(crate) use watch::Watches;
