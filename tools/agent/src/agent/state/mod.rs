//! What does the agent answer about state? `reading` what it holds, `writing`, `folding`, `surveying` what others hold, `watching` what changes.

mod folding;
mod reading;
mod surveying;
mod watching;
mod who;
mod writing;

pub use folding::agg;
pub use reading::{conflicts, get, keys};
pub use surveying::{Surveys, reset, trace, views};
pub use watching::{Watcher, Watchers};
pub use writing::{set, unset};
