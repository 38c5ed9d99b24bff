//! What will it cost, and how fast is it? Recurrences and closed forms, and the plain models that they are checked against.
//!
//! A [`Scenario`] says who spreads news how. [`Rounds`] has its distribution in synchronous rounds, [`EventTime`] where each
//! node calls at its own moment; [`run`] and [`run_event`] are the same models, run. A [`Watch`] is a cluster that
//! watches itself as this crate's nodes do: [`Detection`] has how long a silent host stays unnoticed and how often loss accuses the
//! living, [`cost`] the traffic and the memory, and [`solve`] finds the cheapest parameters that do what a [`Demand`] asks. [`Mongering`] is
//! Demers' model with its rules for stopping.
//!
//! ```
//! use bruit::plan::{Mode, Model, Rounds, Scenario};
//!
//! let scenario = Scenario { nodes: 1_000, mode: Mode::Push, fanout: 3, loss: 0.01, dead: 0.0 };
//! let [most, _, all] = Rounds::of(&Model::try_from(scenario)?).arrivals;
//! assert_eq!((most.quantile(0.5), all.quantile(0.5), all.quantile(0.99)), (Some(7), Some(8), Some(10)));
//! # Ok::<(), bruit::plan::PlanError>(())
//! ```
//! Nothing here decides anything in a node, so floats are fine. In which order to read: `model`, `chances`, `lattice`, `rounds`;
//! `event_model`, `luck`, `course`, `event`; `probe`, `verdict_news`, `detection`, `cost`, `solve`; `mongering`. `docs/planner.md` has the method.

mod chances;
mod complex;
pub mod cost;
mod course;
mod detection;
mod error;
mod event;
mod event_model;
mod gamma;
mod lattice;
mod luck;
mod model;
mod mongering;
mod probe;
mod rounds;
mod solve;
mod verdict_news;

pub use detection::{Detection, Milestone, Watch};
pub use error::PlanError;
pub use event::{EventTime, LATENCY_MAX, SMALL};
pub use event_model::run_event;
pub use model::{Mode, Model, NODES_MAX, PLAN_FANOUT_MAX, ROUNDS_MAX, Scenario, run};
pub use mongering::{Calls, Counts, Mongering, Outcome, Stops};
pub use probe::{Probe, Sent};
pub use rounds::{Arrival, Coverage, GOALS, Rounds};
pub use solve::{Answer, Binding, Demand, Detect, Fixed, Ground, solve, with_probe_interval};
