//! Numbers of all members: `folding` what everybody holds, `averaging` what nobody holds all of.

mod averaging;
mod folding;

pub(super) use averaging::Averaging;
pub use averaging::Estimate;
