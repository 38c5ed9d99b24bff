//! What the programs around bruit show: tables for a terminal, pictures, one line of progress, and what failed.
#![forbid(unsafe_code)]

pub mod failure;
pub mod output;
pub mod plot;
pub mod progress;
