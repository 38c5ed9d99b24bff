//! A gossip engine for bare UDP that allocates nothing after start: who is in the cluster, who has failed.
//!
//! Everything happens in a [`Node`] that never blocks, never reads a clock, never rolls dice of its own and never touches a
//! socket: time, randomness and bytes are arguments. The mio loop of [`net`], the virtual network of `sim`, the fuzzers and
//! the benches drive the same `Node` through the same four calls, and so can an event loop of yours:
//!
//! ```
//! use bruit::{BootId, Config, Identity, Input, Instant, Name, Node, Params};
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! let identity = Identity {
//!     name: Name::new("alpha").ok_or("a name")?,
//!     cluster: "example",
//!     addr: "127.0.0.1:4100".parse()?,
//!     boot: BootId::from_u64(0x5eed), // 64 fresh random bits
//!     zone: "",
//!     tags: &[],
//! };
//! let params = Params::try_from(Config::default())?;
//! let mut buf = vec![0; params.max_datagram()];
//! let now = Instant::ZERO; // nanoseconds by your monotonic clock
//! let mut node = Node::new(params, &identity, 7, now)?;
//!
//! node.handle_input(now, Input::Join(&[]))?; //                    1. one input: a datagram, a tick, a command
//! while let Some(out) = node.poll_transmit(now, &mut buf) { //     2. drain what is to be sent
//!     println!("send {} bytes to {}", out.len, out.to);
//! }
//! while let Some(event) = node.poll_event() { //                   3. drain what has happened
//!     println!("{event:?}");
//! }
//! let wake_at = node.poll_timeout(); //                            4. sleep until then, or until a datagram comes
//! # assert!(wake_at.is_some());
//! # Ok(())
//! # }
//! ```
//! The contract: one input, then drain the transmits, then the events, then sleep until the timeout. `now` never goes back.
//! Datagrams that have arrived are handed in before the [`Input::Tick`] of the same moment: they may be the answers that a
//! time-out is waiting for.
//!
//! # In which order to read
//! [`wire`] (what a datagram looks like), `membership` (one question a file: is it alive? who is right? how sure are we?
//! whom shall we tell?), `node` (an input in; a datagram, an event, a deadline out), [`net`] (sockets), `plan` (what will
//! it cost, and how fast is it?). `ARCHITECTURE.md` has
//! the map, `docs/wire.md` the wire format for those who write a peer in another language.
//!
//! # Papers
//! SWIM (Das, Gupta, Motivala, DSN 2002); Lifeguard (Dadgar, Phillips, Currey, DSN-W 2018); epidemic algorithms (Demers et
//! al., PODC 1987). Where the code departs from them, the place says so and why.

#![deny(unsafe_code)]

mod aggregate;
mod bounded;
mod config;
mod error;
mod event;
mod id;
mod limits;
mod measure;
mod membership;
#[cfg(feature = "net")]
pub mod net;
mod node;
#[cfg(feature = "plan")]
pub mod plan;
mod rng;
mod rumor;
#[cfg(feature = "sim")]
pub mod sim;
mod state;
mod time;
pub mod wire;

pub use aggregate::{Aggregate, Sketch};
pub use config::{
    ACCUSERS_MAX, Config, DIRECT_PINGS_MAX, FANOUT_MAX, HELPER_ROUNDS_MAX, HELPERS_MAX, Mode, Params, Profile,
    RumorStart, Sends,
};
pub use error::{ConfigError, DropReason, Refusal};
pub use event::{Event, MemberRef};
pub use id::{BootId, ClusterKey, Incarnation, NAME_MAX, Name, NodeId, PLAUSIBLE_LIVES};
pub use limits::Limits;
pub use measure::{Counters, Histogram, NodeHistograms, Summary};
pub use membership::{Capacity, JoinRefusal, Tags};
pub use node::{
    Coverage, Estimate, Identity, Input, MemberView, Node, Phase, Publication, SharedContribution, SharedOp,
    SharedValue, SharedWrite, StateRef, StateView, Transmit, Write,
};
pub use rng::Rng;
pub use rumor::{Class, Order, Rule, RumorId, RumorRef, Topic};
pub use state::{KEY_MAX, Key, MergeRule, Stamp};
pub use time::{Instant, Span};
