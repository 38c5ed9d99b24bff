//! An agent: one node in a process of its own, how one talks to it, and what it answers. Apart from the commands for
//! people, so that a running agent's pages hold none of them.
#![forbid(unsafe_code)]

mod agent;
pub mod allocations;
pub mod command;
pub mod control;
pub mod event;
pub mod rumor;
pub mod runner;
pub mod state;
pub mod view;
