//! What does the agent answer about state? `reading` what it holds, `writing`, `surveying` what others hold, `watching` what changes.

mod reading;
mod surveying;
mod watching;
mod who;
mod writing;

pub use reading::{conflicts, get, keys};
pub use surveying::{Surveys, reset, trace, views};
pub use watching::{Watcher, Watchers};
pub use writing::{set, unset};
