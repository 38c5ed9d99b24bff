//! Who is who? Names of nodes, of their starts and of their lives.
//!
//! Identity is never an address and never a time of day. A [`NodeId`] is the hash of a name that outlives restarts, a
//! [`BootId`] is one start of that name, and an [`Incarnation`] orders what is said of it.

use core::fmt;
use xxhash_rust::xxh3::xxh3_64;

/// The longest name of a node, in bytes of UTF-8.
pub const NAME_MAX: usize = 64;

/// A node's name, held in place: at most [`NAME_MAX`] bytes of UTF-8, never empty.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(arrayvec::ArrayString<NAME_MAX>);

impl Name {
    /// Takes a name as it is; `None` when it is empty, too long or has a control character.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return None;
        }
        arrayvec::ArrayString::from(text).ok().map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id under which this name travels.
    #[must_use]
    pub fn id(&self) -> NodeId {
        NodeId::from_name(self.as_str())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// XXH3-64 of a node's name: the same at every start, on every address. Printed as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u64);

impl NodeId {
    /// The id of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self(xxh3_64(name.as_bytes()))
    }

    /// The id with this number.
    #[must_use]
    pub const fn from_u64(n: u64) -> Self {
        Self(n)
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The upper half: how an accuser is named inside a claim.
    #[must_use]
    pub const fn tag(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// 64 random bits drawn at each start: one run of a process under a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootId(u64);

impl BootId {
    /// The boot id with this number.
    #[must_use]
    pub const fn from_u64(n: u64) -> Self {
        Self(n)
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The lower half, which travels in every header of its owner.
    #[must_use]
    pub const fn tag(self) -> u32 {
        self.0 as u32
    }

    /// The upper half, which travels in introductions only.
    #[must_use]
    pub const fn high(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The lowest 16 bits: how the receiver of a datagram, or the subject of a claim, is told apart from its former lives.
    #[must_use]
    pub const fn short(self) -> u16 {
        self.0 as u16
    }
}

macro_rules! hex_display {
    ($($t:ty),*) => {$(
        impl fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }
        impl fmt::Debug for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
hex_display!(NodeId, BootId, ClusterKey);

/// How many lives beyond the one on record a claim may speak of. A larger step is a corrupt number, not a restart
/// (one restart a second would need twelve days): it is refused, so that one bad number cannot poison a name for ever.
pub const PLAUSIBLE_LIVES: u32 = 1 << 20;

/// The order of what is said of one node: the number of its life, then how often it has refuted within that life.
///
/// One `u64`, totally ordered, compared and never subtracted. Only the subject raises its own number; a life never
/// comes from a clock but from what the cluster last held of the name, plus one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Incarnation(u64);

impl Incarnation {
    /// The first life of a name that nobody has heard of.
    pub const FIRST: Self = Self::new(1, 0);

    /// The incarnation of a life (high half) and a refutation (low half).
    #[must_use]
    pub const fn new(life: u32, refutation: u32) -> Self {
        Self(((life as u64) << 32) | refutation as u64)
    }

    /// The number as it travels.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The incarnation with this number.
    #[must_use]
    pub const fn from_u64(n: u64) -> Self {
        Self(n)
    }

    /// Which life.
    #[must_use]
    pub const fn life(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// How often the subject has refuted in this life.
    #[must_use]
    pub const fn refutation(self) -> u32 {
        self.0 as u32
    }

    /// The smallest number that refutes a claim made at `self`; `None` once they run out. Running out of refutations
    /// starts the next life.
    #[must_use]
    pub fn above(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The first number of the life after this one; `None` once they run out.
    #[must_use]
    pub fn next_life(self) -> Option<Self> {
        self.life().checked_add(1).map(|life| Self::new(life, 0))
    }

    /// Whether a claim at `self` can be true where `known` is on record: at most [`PLAUSIBLE_LIVES`] beyond it.
    #[must_use]
    pub fn plausible_after(self, known: Self) -> bool {
        self.life() <= known.life().saturating_add(PLAUSIBLE_LIVES)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.life(), self.refutation())
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// XXH3-64 of the cluster's label. Half of it travels in every header, all of it goes into every checksum.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClusterKey(u64);

impl ClusterKey {
    /// The key of a label.
    #[must_use]
    pub fn from_label(label: &str) -> Self {
        Self(xxh3_64(label.as_bytes()))
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The lower half, which travels.
    #[must_use]
    pub const fn tag(self) -> u32 {
        self.0 as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refutations_run_over_into_the_next_life_and_then_end() {
        assert_eq!(Incarnation::new(3, u32::MAX).above(), Some(Incarnation::new(4, 0)));
        assert_eq!(Incarnation::new(u32::MAX, u32::MAX).above(), None);
        assert_eq!(Incarnation::new(u32::MAX, 0).next_life(), None);
    }

    #[test]
    fn a_jump_of_more_lives_than_anyone_lives_is_implausible() {
        let known = Incarnation::new(7, 9);
        assert!(Incarnation::new(7 + PLAUSIBLE_LIVES, 0).plausible_after(known));
        assert!(!Incarnation::new(8 + PLAUSIBLE_LIVES, 0).plausible_after(known));
        assert!(Incarnation::new(1, 0).plausible_after(known));
    }

    #[test]
    fn names_are_refused_empty_long_or_with_control_characters() {
        assert!(Name::new("").is_none());
        assert!(Name::new("a\nb").is_none());
        assert!(Name::new(&"x".repeat(NAME_MAX + 1)).is_none());
        assert_eq!(Name::new(&"x".repeat(NAME_MAX)).map(|n| n.as_str().len()), Some(NAME_MAX));
    }
}
