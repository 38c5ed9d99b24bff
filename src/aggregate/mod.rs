//! What do the numbers of all members come to? Folds over what everybody holds, and averages of what nobody holds all of.
//!
//! A fold goes over one key of all live owners (`state`): `number` (is this value one?), `exact` (a sum that does not depend on
//! the order), `sketch` (quantiles in fixed room), `encoding` (a sketch as a value), `fold` (all of it together). Two nodes that hold
//! the same come to the same, to the last bit.
//!
//! What is too much to replicate is averaged by gossip: `flow` (what two nodes owe each other), `averages` (all that a node keeps of
//! it).
//!
//! # Papers
//! Flow updating (Jesus, Baquero, Almeida, DAIS 2009; "Flow Updating", JPDC 2015), DDSketch (Masson, Rim, Lee, VLDB 2019) for the idea of
//! buckets of one relative width.

mod averages;
mod encoding;
mod exact;
mod flow;
mod fold;
mod number;
mod sketch;

pub(crate) use averages::{Averages, LINKS, PICKS};
pub(crate) use flow::{Flow, Mass, Word};
pub use fold::Aggregate;
pub use sketch::Sketch;
