//! What will it cost, and how fast is it? Recurrences and closed forms, and the plain models that they are checked against.
mod chances;
mod complex;
pub mod cost;
mod detection;
mod error;
mod event;
mod gamma;
mod lattice;
mod luck;
mod model;
mod mongering;
mod probe;
mod rounds;
mod solve;

pub use detection::{Detection, Milestone, Watch};
pub use error::PlanError;
pub use event::{EventTime, LATENCY_MAX};
pub use model::{Mode, Model, NODES_MAX, PLAN_FANOUT_MAX, ROUNDS_MAX, Scenario, run};
pub use mongering::{Calls, Counts, Mongering, Outcome, Stops};
pub use probe::{Probe, Sent};
pub use rounds::{Arrival, Coverage, GOALS, Rounds};
pub use solve::{Answer, Binding, Demand, solve, with_probe_interval};
