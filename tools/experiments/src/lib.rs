//! What will a cluster do? Calculated by `bruit plan`, played by `bruit sim`.
//!
//! Apart from the rest of the command line, so that an agent's pages hold none of it.
#![forbid(unsafe_code)]

pub mod plan;
pub mod sim;
