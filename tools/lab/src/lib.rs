//! How does bruit do on this machine? Measurements of real clusters on loopback or in network namespaces of their own.
//!
//! ```text
//! command/   one file per measurement: what is done, what is counted, how it is printed
//! cluster/   numbered members: loops in this process, or agents that are processes
//! views      who sees whom how, from the events of each
//! network    hosts in network namespaces, with loss and cuts
//! ```
//! Counts decide whether a measurement has failed (a death of the living, somebody who never joins, an allocation); times
//! are printed and never judged, because the machine is not ours alone. Everything ends within a bound, is undone on the way
//! out, also on Ctrl-C, and touches nothing but loopback and what it has made itself.
#![forbid(unsafe_code)]

pub mod cluster;
pub mod command;
pub mod failure;
pub mod figures;
pub mod floor;
pub mod hearing;
pub mod interrupt;
pub mod machine;
pub mod network;
pub mod progress;
pub mod reference;
pub mod report;
pub mod scenario;
pub mod usage;
pub mod views;
pub mod watch;
