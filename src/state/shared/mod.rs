//! What do all of them together say? Keys that everybody may write: a view over what each writer has contributed.
//!
//! Nobody writes another's map, so a shared key has one contribution of each writer, and what it is follows from all of them by a pure
//! function: it does not matter in which order they came, how often, or along which ways. A contribution says which others its
//! writer had seen; those are dominated and count no more. What is left is one value where writes were ordered, and several
//! where they were concurrent: then the key's rule decides, or it is a conflict that is reported with all of its values until somebody
//! writes over it.
//!
//! `contribution`: what travels. `seen`: what had its writer seen? `rule`: who wins? `members`: elements of a set.
//!
//! # Papers
//! Version vectors (Parker et al., IEEE TSE 1983), with dots (Preguiça et al., 2010): here a dot is the version that the
//! contribution has in its owner's map. Conflict-free replicated data types (Shapiro et al., SSS 2011): counters and
//! observed-remove sets. Hybrid logical clocks (Kulkarni et al., OPODIS 2014): the last writer, where that is asked for.

mod contribution;
mod elements;
mod rule;
mod seen;

pub(crate) use contribution::{Contribution, Head};
pub(crate) use elements::{Elements, ElementsWriter, Removals};
pub use rule::MergeRule;
pub(crate) use rule::greater;
pub use seen::Stamp;
pub(crate) use seen::{SEEN_MAX, Seen};
