//! Who is in, who has failed? SWIM with Lifeguard's refinements and some of bruit's own.
//!
//! Each file answers one question and knows nothing of the others; [`Node`](crate::Node) hands them what they need.
//! The papers: SWIM (Das, Gupta, Motivala, DSN 2002), Lifeguard (Dadgar, Phillips, Currey, DSN-W 2018).

mod address;
mod book;
mod claim;
mod cookie;
mod doors;
mod fingerprint;
mod gossip;
mod health;
mod member;
pub(crate) mod nonce;
mod probe;
mod profile;
mod relay;
mod roster;
mod spread;
mod suspicion;
mod table;
mod walk;

pub(crate) use book::{Book, Entry};
pub(crate) use claim::supersedes;
pub(crate) use cookie::CookieJar;
pub(crate) use doors::{Door, Doors, Why};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use gossip::{DATAGRAMS_IN_A_ROW, ENDLESS, Form, Gossip, SENDS_MAX, Tone};
pub(crate) use health::Health;
pub(crate) use nonce::Asked;
pub(crate) use probe::{Probe, Probes, Stage};
pub use profile::Tags;
pub(crate) use relay::{Errand, RelayStage, Relays};
pub(crate) use roster::Roster;
pub(crate) use spread::Spread;
pub(crate) use suspicion::{Evidence, Suspicion, Suspicions, timeout as suspicion_timeout};
pub use table::Capacity;
pub(crate) use table::{ME, Table};
pub(crate) use walk::{END, PAGES_AT_ONCE, Progress, Walk};

/// Why a node may not join now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinRefusal {
    /// The table of the one asked has no place.
    Full,
    /// A node of the same name that has run for longer is alive.
    NameTaken,
}

impl JoinRefusal {
    /// The name under which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NameTaken => "name_taken",
        }
    }
}
