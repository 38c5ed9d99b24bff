//! How does a node get onto the network? A UDP socket, a mio loop on a thread, and a [`Handle`] to it.
//!
//! The loop is the only one that touches the [`Node`](crate::Node)s that it drives, one or several ([`Loop::add`]); nothing is shared
//! with it but bounded queues, a few atomics and a snapshot of the members that readers copy without a lock. It allocates nothing
//! once it runs.
//!
//! ```no_run
//! use bruit::{Config, Identity, Name, net};
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! let identity = Identity {
//!     name: Name::new("alpha").ok_or("a name")?,
//!     cluster: "example",
//!     addr: "127.0.0.1:0".parse()?,
//!     boot: net::fresh_boot()?,
//!     zone: "",
//!     tags: &[("role", "cache")],
//! };
//! let options = net::Options { bind: "127.0.0.1:0".parse()?, ..net::Options::default() };
//! let node = net::start(Config::default().try_into()?, &identity, &["127.0.0.1:4100".parse()?], &options)?;
//! while let Some(event) = node.next_event(core::time::Duration::from_secs(60)) {
//!     println!("{event:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Those who have an event loop already drive the [`Node`](crate::Node) itself; `examples/own_loop.rs` shows it.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "the feature `net` needs Linux: recvmmsg, the error queue; elsewhere drive the Node from a loop of your own"
);

mod address;
mod ancillary;
mod batch;
mod bell;
mod buffers;
mod counters;
mod endpoint;
mod error;
mod errqueue;
mod figures;
mod handle;
mod mappings;
mod options;
mod payloads;
mod publications;
mod publish;
mod rereading;
mod round;
mod rumors;
mod run;
mod seqlock;
mod shared;
mod snapshot;
mod socket;
mod state;
mod sys;

pub use error::{CommandError, StartError};
pub use figures::{Figure, Info, IoMode, Member, Stats, Usage};
pub use handle::Handle;
pub use mappings::forget_start;
pub use options::{BATCH_MAX, Options};
pub use rumors::{Delivery, Rumor};
pub use run::{Loop, fresh_boot, start};
pub use state::{Change, Contributed, Merged, SharedKey, Surveyed, Value};
