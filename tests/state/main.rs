//! State as a cluster sees it: what one writes all hold, whatever is lost on the way, and nothing that was removed comes back.

mod alike;
mod join;
mod lives;
mod merge;
mod modes;
mod repair;
mod shared;
mod spread;
mod support;
mod survey;
