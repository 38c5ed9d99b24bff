//! Rumors among simulated nodes: everywhere, at once, exactly once, or reported as lost.

mod lost;
mod order;
mod refused;
mod start;
mod storm;
mod stream;
mod support;
mod urgent;
