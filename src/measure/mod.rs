//! What was it like? Counters and histograms, filled where things happen and read without stopping anything.

mod counters;
mod histograms;

pub use counters::Counters;
pub use histograms::{Histogram, NodeHistograms, Summary};
