//! What will a cluster of so many nodes do? Experiments by name, with the setups of the papers.
//!
//! One file for each: a `Setup` that can be changed field by field, a `run` that plays it, a `Report` of what came out. They
//! differ in what they do to a [`World`] and share the rest: the seeds of their runs, several threads, the
//! summary of many figures, and the hash that shows that two runs were the same to the bit.

pub mod aggregate;
pub mod churn;
pub mod detect;
mod distribution;
pub mod false_death;
pub mod join_storm;
pub mod lifeguard;
mod lives;
pub mod loss;
pub mod mass_restart;
pub mod mongering;
pub mod partition;
pub mod rumors;
mod runs;
pub mod spread;
mod stage;
pub mod state;
pub mod steady;
pub mod storm;
mod timeline;
mod word;

use std::fmt;
use std::sync::Arc;

pub use distribution::Distribution;
use runs::Load;
pub use runs::{Progress, Runs, trace_of};
pub use stage::Timing;
pub use timeline::Moment;

use super::{Bounds, Link, Observer, Spec, World};
use crate::config::{Config, Params, Profile};
use crate::error::ConfigError;
use crate::limits::Limits;
use crate::node::Node;
use crate::plan::PlanError;
use crate::time::{Instant, Span};
use crate::wire::MIN_MAX_DATAGRAM;

/// Bytes of a member's texts on average: `n99999` is the longest name, there is no zone and no tag, and an eighth is kept free.
const TEXT_BYTES: u32 = 8;

/// What plays an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Real nodes in a [`World`].
    Node,
    /// The plain model of a paper, where nodes have no such mechanism.
    Model,
}

impl Engine {
    /// The name by which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Model => "model",
        }
    }
}

/// What nodes buy at their start, as [`Node::memory_bytes`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes of each.
    pub node_bytes: u64,
    /// Bytes of all that are there from the beginning.
    pub all_bytes: u64,
}

/// Room for rumors in each node, as in [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Who publishes.
    pub origins: u32,
    /// How far ahead of what is complete each may be: a multiple of 64.
    pub window: u32,
    /// Rumors.
    pub rumors: u32,
    /// Bytes of their payloads.
    pub bytes: u32,
}

/// What all experiments have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    /// Nodes.
    pub nodes: u32,
    /// How they are configured.
    pub config: Config,
    /// Each way between two of them.
    pub link: Link,
    /// Bytes that all clusters which are played at once may buy together, where there is a bound. A single one that buys more is
    /// refused.
    pub room: Option<u64>,
}

impl Base {
    /// So many nodes of a profile in one room.
    #[must_use]
    pub fn new(nodes: u32, profile: Profile) -> Self {
        Self { nodes, config: Config::new(profile), link: Link::default(), room: None }
    }

    /// The parameters of each node, with room for `spare` members beyond all nodes, whose names are as short as theirs. What
    /// each holds of each is what decides how large a cluster fits into a machine. Nobody publishes anything.
    ///
    /// # Errors
    /// Values that contradict each other.
    pub fn params(&self, spare: u32) -> Result<Params, ConfigError> {
        let bytes = 2 * MIN_MAX_DATAGRAM as u32;
        self.publishing(spare, Retained { origins: 1, window: 64, rumors: 64, bytes })
    }

    /// The same of nodes that publish.
    ///
    /// # Errors
    /// As [`Base::params`].
    pub fn publishing(&self, spare: u32, retained: Retained) -> Result<Params, ConfigError> {
        let Retained { origins, window, rumors, bytes } = retained;
        let limits = Limits {
            text_bytes: TEXT_BYTES,
            origins,
            rumor_window: window,
            rumors,
            rumor_bytes: bytes,
            // Nobody writes here.
            state_owners: 2,
            state_keys: 16,
            state_bytes: 2_400,
            state_value: 8,
            ..Limits::for_members(self.nodes.saturating_add(spare))
        };
        Params::new(&self.config, &limits)
    }

    /// What the nodes of so many parameters buy.
    #[must_use]
    pub fn memory(&self, params: &Params) -> Memory {
        let node_bytes = Node::memory_bytes(params) as u64;
        Memory { node_bytes, all_bytes: node_bytes * u64::from(self.nodes) }
    }

    /// What a cluster of so many parameters buys beside others like it.
    ///
    /// # Errors
    /// It buys more than there is room for.
    fn load(&self, params: &Params) -> Result<Load, SetupError> {
        let (each, room) = (self.memory(params).all_bytes, self.room.unwrap_or(u64::MAX));
        if each > room {
            return Err(SetupError::TooLarge { nodes: self.nodes, need: each, room });
        }
        Ok(Load { each, room })
    }

    /// What to start: `n0`, `n1`, ...
    #[must_use]
    pub fn specs(&self, params: &Params) -> Vec<Spec> {
        let params = Arc::new(params.clone());
        (0..self.nodes).map(|n| Spec::new(&format!("n{n}"), params.clone())).collect()
    }

    /// An empty world with these links, for all nodes and `spare` more. It remembers no events.
    #[must_use]
    pub fn world(&self, seed: u64, spare: u32) -> World {
        self.watched(seed, spare, ())
    }

    /// The same, watched.
    pub fn watched<O: Observer>(&self, seed: u64, spare: u32, observer: O) -> World<O> {
        let hosts = self.nodes.saturating_add(spare);
        let bounds = Bounds { hosts, events: 0, in_flight: 1 << 22, ..Bounds::default() };
        let mut world = World::watched(seed, bounds, observer);
        world.network.set_all(self.link);
        world
    }

    /// Refuses fewer nodes than an experiment makes sense with, and more than a world holds.
    ///
    /// # Errors
    /// Says how many there may be.
    pub fn check_nodes(&self, min: u32) -> Result<(), SetupError> {
        const MAX: u32 = 100_000;
        if (min..=MAX).contains(&self.nodes) {
            Ok(())
        } else {
            Err(SetupError::OutOfRange {
                field: "nodes",
                got: f64::from(self.nodes),
                min: f64::from(min),
                max: f64::from(MAX),
            })
        }
    }
}

/// Refuses a time to watch that figures cannot be divided by, and one that nobody waits for.
fn check_watch(watch: Span) -> Result<(), SetupError> {
    const MIN: Span = Span::millis(1);
    const MAX: Span = Span::secs(31 * 86_400);
    if (MIN..=MAX).contains(&watch) {
        return Ok(());
    }
    let [got, min, max] = [watch, MIN, MAX].map(|span| span.as_nanos() as f64 / 1e9);
    Err(SetupError::OutOfRange { field: "watch in s", got, min, max })
}

/// Lets time pass until `holds` or until `limit` after `begin`; milliseconds from `begin` until then, `None` where it did not
/// come to that.
fn until<O: Observer>(
    world: &mut World<O>,
    begin: Instant,
    limit: Span,
    holds: impl FnMut(&World<O>) -> bool,
) -> Option<f64> {
    let left = (begin + limit).since(world.now());
    world.run_until(left, holds).map(|_| millis(world.now().since(begin)))
}

/// Refuses what came out of a world in which something found no room. Not for worlds whose hosts are blocked: what these have
/// to say is meant to pile up.
fn had_room<O: Observer>(world: &World<O>) -> Result<(), SetupError> {
    world.shortage().first().map_or(Ok(()), |(of, times)| Err(SetupError::Shortage { of, times }))
}

fn millis(span: Span) -> f64 {
    span.as_micros() as f64 / 1e3
}

/// Why an experiment cannot be run as it was set up.
#[derive(Clone, Debug, PartialEq)]
pub enum SetupError {
    /// A number that makes no sense.
    OutOfRange {
        /// Of the setup.
        field: &'static str,
        /// What it was.
        got: f64,
        /// The least it may be.
        min: f64,
        /// The most it may be.
        max: f64,
    },
    /// The nodes buy more bytes than there is room for.
    TooLarge {
        /// How many nodes.
        nodes: u32,
        /// Bytes that they buy.
        need: u64,
        /// Bytes that they may, [`Base::room`].
        room: u64,
    },
    /// Choices that do not go together: why, and what to do.
    Together(&'static str),
    /// The configuration of the nodes contradicts itself.
    Config(ConfigError),
    /// What the experiment is compared with cannot be worked out.
    Plan(PlanError),
    /// It was played, and something found no room: what came out would be of the limits and not of the cluster.
    Shortage {
        /// The capacity that was too small.
        of: &'static str,
        /// How often.
        times: u64,
    },
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { field, got, min, max } => write!(f, "{field} is {got}; it may be {min} to {max}"),
            Self::TooLarge { nodes, need, room } => {
                let [need, room] = [need, room].map(|bytes| *bytes as f64 / 1e9);
                write!(
                    f,
                    "{nodes} nodes buy {need:.2} GB of memory, and there is room for {room:.2} GB; play fewer of them, or make room"
                )
            }
            Self::Together(why) => why.fmt(f),
            Self::Config(error) => error.fmt(f),
            Self::Plan(error) => error.fmt(f),
            Self::Shortage { of, times } => write!(f, "{of} was too small {times} times: no figure of this run holds"),
        }
    }
}

impl std::error::Error for SetupError {}

impl From<ConfigError> for SetupError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<PlanError> for SetupError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_watch_that_figures_cannot_be_divided_by_is_refused_by_all_that_watch() {
        let none = [Span::ZERO, Span::nanos(1), Span::micros(999)];
        let said = "watch in s is 0; it may be 0.001 to 2678400";
        let clock = || core::time::Duration::ZERO;
        for (nth, watch) in none.into_iter().enumerate() {
            let quiet: Progress<'_> = &|_, _| ();
            let refused = [
                steady::run(&steady::Setup { watch, ..steady::Setup::new(Profile::Lan) }, quiet, &clock).err(),
                false_death::run(&false_death::Setup { watch, ..false_death::Setup::new(Profile::Lan) }, quiet).err(),
                churn::run(&churn::Setup { watch, ..churn::Setup::new(Profile::Lan) }, quiet).err(),
                loss::run(&loss::Setup { watch, ..loss::Setup::new(Profile::Lan) }, quiet).err(),
                lifeguard::run(&lifeguard::Setup { watch, ..lifeguard::Setup::new(Profile::Lan) }, quiet).err(),
                storm::run(&storm::Setup { watch, ..storm::Setup::new(Profile::Lan) }, &|_| ()).err(),
                state::in_step::run(&state::in_step::Setup { watch, ..Default::default() }, quiet, &clock).err(),
                state::unrest::run(&state::unrest::Setup { watch, ..state::unrest::Setup::new(Profile::Lan) }, quiet)
                    .err(),
            ];
            for (experiment, error) in refused.into_iter().enumerate() {
                let error = error.unwrap_or_else(|| panic!("{experiment} played {watch:?}")).to_string();
                assert!(nth > 0 && error.starts_with("watch in s is 0.000") || error == said, "{experiment}: {error}");
            }
        }
    }

    #[test]
    fn ten_thousand_full_members_buy_less_than_16_gib() {
        let base = Base::new(10_000, Profile::Lan);
        let memory = base.memory(&base.params(0).expect("the profile agrees with itself"));
        assert!(memory.all_bytes < 16 << 30, "{memory:?}");
    }

    #[test]
    fn a_cluster_that_finds_no_room_is_refused_before_anything_is_played() {
        let mut setup = detect::Setup::new(Profile::Lan);
        let memory = setup.base.memory(&setup.base.params(0).expect("the profile agrees with itself"));
        let nobody_plays = |_, _| panic!("it is played");
        setup.base.room = Some(memory.all_bytes - 1);
        let refused = detect::run(&setup, &nobody_plays).expect_err("there is no room");
        assert_eq!(refused, SetupError::TooLarge { nodes: 100, need: memory.all_bytes, room: memory.all_bytes - 1 });
        let said = SetupError::TooLarge { nodes: 100_000, need: 1_600_000_000_000, room: 1_500_000_000 }.to_string();
        assert!(said.starts_with("100000 nodes buy 1600.00 GB of memory, and there is room for 1.50 GB; "), "{said}");
        setup.base.room = Some(memory.all_bytes);
        assert!(setup.base.load(&setup.base.params(0).expect("as above")).is_ok());
    }

    #[test]
    fn the_longest_names_of_the_largest_cluster_leave_the_room_that_is_kept_free() {
        let names: u32 = (0..100_000_u32).map(|n| 2 + n.checked_ilog10().unwrap_or(0)).sum();
        assert!(names <= 100_000 * TEXT_BYTES / 8 * 7, "{names} bytes of names");
    }
}
