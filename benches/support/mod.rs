//! What do benches, tests and the comparison share? A cluster around one real node, and an allocator that counts.
#![allow(dead_code, reason = "every program that includes this uses another part of it")]

pub mod allocations;
pub mod cluster;
pub mod state;
