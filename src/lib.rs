//! bruit: a gossip engine for bare UDP that allocates nothing after start.
#![deny(unsafe_code)]

pub mod bounded;
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
mod rng;
#[cfg(feature = "sim")]
pub mod sim;
mod time;
pub mod wire;

pub use config::{ACCUSERS_MAX, Config, ConfigError, FANOUT_MAX, HELPERS_MAX, Params, Profile};
pub use error::{DropReason, Refusal};
pub use event::{Event, MemberRef};
pub use id::{BootId, ClusterKey, Incarnation, NAME_MAX, Name, NodeId, PLAUSIBLE_LIVES};
pub use limits::Limits;
pub use measure::{Counters, Histogram, NodeHistograms, Summary};
pub use membership::{JoinRefusal, Tags};
pub use node::{Identity, Input, MemberView, Node, Phase, Transmit};
pub use rng::Rng;
pub use time::{Instant, Span};
