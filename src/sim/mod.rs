//! How does a cluster behave? A small virtual network that drives real [`Node`](crate::Node)s in virtual time.
//!
//! A [`World`] holds hosts, each of which runs one real `Node`, and a [`Network`] between them that delays, loses,
//! duplicates and cuts. It uses the four calls of `Node` and nothing else, so what it shows is what a socket loop would
//! see. Everything comes from one seed: two worlds that are told the same show the same, datagram by datagram, on every
//! machine and in every build; [`World::trace`] is one number to compare. Each start of a node gets a monotonic clock with
//! an origin of its own, because nothing may depend on clocks that agree (R1).
//!
//! ```
//! use bruit::sim::{Spec, World};
//! use bruit::{Config, Params, Span};
//!
//! let params = Params::try_from(Config::default()).expect("the defaults agree with each other");
//! let mut world = World::new(7);
//! let first = world.start(&Spec::new("a", params.clone()), &[]).expect("a good name");
//! let seed = world.addr(first);
//! for name in ["b", "c"] {
//!     world.start(&Spec::new(name, params.clone()), &[seed]).expect("a good name");
//! }
//! let took = world.run_until(Span::secs(10), |w| w.all_see(3));
//! assert!(took.is_some(), "not together, seed {}", world.seed());
//! ```
//!
//! [`World::form`] starts thousands of nodes that know each other at once. An [`Observer`] is told of everything that happens.
//!
//! A simulator with a mocked protocol would be smaller and faster; it would also be a second protocol. Memory is bounded
//! by [`Bounds`]: what finds no place on the wire or in a socket's buffer is lost and counted, as on a real network.

mod accuse;
mod ahead;
pub mod check;
mod coverage;
pub mod experiment;
mod flights;
mod form;
mod host;
mod link;
mod lognormal;
mod network;
mod observe;
mod passing;
mod places;
mod schedule;
mod see;
mod shortage;
pub mod swarm;
mod tally;
mod transit;
mod world;

pub use coverage::Coverage;
pub use host::{Cable, Death, HostId, Spec};
pub use link::{Latency, Link};
pub use network::Network;
pub use observe::{Observer, Written};
pub use passing::{Fate, Passing};
pub use shortage::Shortage;
pub use tally::Tally;
pub use world::{Bounds, World};
