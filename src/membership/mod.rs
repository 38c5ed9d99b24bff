//! Who is in, who has failed? SWIM with Lifeguard's refinements and some of bruit's own.

mod profile;

pub use profile::Tags;

/// Why a node may not join now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinRefusal {
    /// The table of the one asked has no place.
    Full,
    /// A node of the same name that has run for longer is alive.
    NameTaken,
}
