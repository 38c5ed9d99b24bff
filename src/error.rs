//! Whose doing was it? The sender's ([`DropReason`]), the caller's ([`Refusal`]) or the operator's ([`ConfigError`]).

use core::fmt;

use crate::rumor::Class;
use crate::state::MergeRule;

macro_rules! closed_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every variant, in the order of its counter.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name under which it is counted and printed.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}
pub(crate) use closed_enum;

closed_enum! {
    /// Why a datagram was thrown away whole: the sender's doing, or the network's. Counted by reason, never raised;
    /// the node's state is untouched. The last four, and a request from an unknown sender, are about one section of an
    /// authentic datagram, whose other sections are heard.
    DropReason {
        /// Shorter than a header and its checksum.
        Short = "short",
        /// Longer than this node's `max_datagram`.
        Long = "long",
        /// The first byte is not bruit's.
        NotBruit = "not_bruit",
        /// A protocol version that this build does not speak.
        UnknownVersion = "unknown_version",
        /// A suite (way of protecting the datagram) that this node does not use.
        UnknownSuite = "unknown_suite",
        /// Flags or reserved bytes that must be zero are not.
        ReservedBits = "reserved_bits",
        /// Another cluster's label.
        WrongCluster = "wrong_cluster",
        /// This very node's own datagram came back.
        FromSelf = "from_self",
        /// No introduction, and the sender is not in the table. Answered with a request to introduce itself.
        UnknownSender = "unknown_sender",
        /// No introduction, and the table holds another start of the sender (R3).
        SenderOtherLife = "sender_other_life",
        /// Addressed to another start of this node (R3), or to another node.
        OtherLife = "other_life",
        /// The checksum does not fit: a flipped bit, another label, another sender's or receiver's start.
        Corrupt = "corrupt",
        /// A section is cut off, has a wrong length for its kind, or bytes are left over.
        BadSection = "bad_section",
        /// A record holds a value that means nothing: an unknown state, a name whose hash is not its id.
        BadRecord = "bad_record",
        /// A datagram that is bound to no receiver holds more than an introduction.
        Unbound = "unbound",
        /// This node has left, or has not joined yet and cannot do what is asked.
        NotRunning = "not_running",
        /// The answer found no place among what waits to be sent.
        NoRoom = "no_room",
        /// The budget for answers to strangers is spent.
        OverBudget = "over_budget",
        /// A cookie that this node did not hand out to that address lately.
        BadCookie = "bad_cookie",
    }
}

/// What the caller may not do now, and can act on. State is untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The node has left or is leaving; start a new one to come back.
    NotRunning,
    /// No member has this id.
    UnknownMember,
    /// Only a dead member can be removed; this one still answers.
    StillAlive,
    /// The list of addresses to join through is full.
    TooManySeeds {
        /// How many it holds.
        max: u32,
    },
    /// Only a member publishes; this node has not joined yet.
    NotJoined,
    /// The payload is longer than a rumor may be.
    PayloadTooLong {
        /// Its length in bytes.
        got: usize,
        /// The most that travels.
        max: usize,
    },
    /// What is retained has not been told to as many as a round has peers: rumors are published faster than the budgets let them
    /// leave.
    RumorsWait {
        /// Of which class the refused one is.
        class: Class,
        /// How many rumors are retained.
        retained: u32,
    },
    /// Every place for an origin of rumors is taken, so this node cannot become one.
    TooManyOrigins {
        /// How many there are.
        max: u32,
    },
    /// The list of topics is full.
    TooManyTopics {
        /// How many it holds.
        max: u32,
    },
    /// A key is empty or too long, or a beginning of keys is longer than any key.
    KeyLength {
        /// Its length in bytes.
        got: usize,
        /// The most that a key may have.
        max: usize,
    },
    /// The key begins with a byte of 0, which are for the engine's own use.
    ReservedKey,
    /// The value is longer than it may be beside this key.
    ValueTooLong {
        /// Its length in bytes.
        got: usize,
        /// The most that travels.
        max: usize,
    },
    /// There is no such key to remove.
    NoSuchKey,
    /// There is no room for one more key.
    StateFull {
        /// The limit that is reached.
        what: &'static str,
        /// What it is.
        max: u32,
    },
    /// The key goes by another rule than was asked for, or than the operation is for.
    OtherRule {
        /// Which.
        rule: MergeRule,
    },
    /// The last writer's clock is ahead of this one's by more than is permitted.
    ClockBehind {
        /// By how many milliseconds.
        behind_ms: u64,
    },
    /// The counter would run over.
    CounterOverflow,
    /// A contribution is not finite, or too large.
    NotANumber,
    /// As many numbers are averaged as there is room for.
    TooManyAverages {
        /// How many there may be.
        max: u32,
    },
    /// The list of watched beginnings of keys is full.
    TooManyWatches {
        /// How many it holds.
        max: u32,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => f.write_str("the node has left; start a new one to come back"),
            Self::UnknownMember => f.write_str("no member has this id; list the members for those that exist"),
            Self::StillAlive => {
                f.write_str("the member is not dead; stop it, or let it leave, and it needs no removal")
            }
            Self::TooManySeeds { max } => write!(f, "the list of seeds is full at {max}; name fewer addresses"),
            Self::NotJoined => f.write_str("the node is no member yet; publish once it has joined"),
            Self::PayloadTooLong { got, max } => {
                write!(
                    f,
                    "the payload has {got} bytes, at most {max} travel; shorten it, or raise limits.rumor_payload"
                )
            }
            Self::RumorsWait { class, retained } => write!(
                f,
                "no {} rumor is taken now: all {retained} retained ones still wait to be told; publish more slowly, or raise \
                 limits.rumors, limits.rumor_bytes or bytes_per_second",
                class.name()
            ),
            Self::TooManyOrigins { max } => {
                write!(f, "all {max} places for origins of rumors are taken; raise limits.origins at every node")
            }
            Self::KeyLength { got, max } => write!(f, "the key has {got} bytes; it can have 1 to {max}"),
            Self::ReservedKey => f.write_str("keys that begin with a byte of 0 are the engine's own; choose another"),
            Self::ValueTooLong { got, max } => write!(
                f,
                "the value has {got} bytes, at most {max} travel with this key; shorten it, or raise limits.state_value and \
                 max_datagram"
            ),
            Self::NoSuchKey => f.write_str("there is no such key; list the keys for those that exist"),
            Self::StateFull { what, max } => {
                write!(f, "there is no room for another key: {what} is {max}; remove some, or raise it at every node")
            }
            Self::OtherRule { rule } => write!(
                f,
                "the key goes by the rule {}, which is not what was asked for; unset it first, or write as that rule wants",
                rule.name()
            ),
            Self::ClockBehind { behind_ms } => write!(
                f,
                "this clock is {behind_ms} ms behind that of the last writer; set the clocks of both hosts, or write under \
                 another key"
            ),
            Self::CounterOverflow => f.write_str("the counter would run over 64 bits; unset it to begin anew"),
            Self::NotANumber => f.write_str("what is contributed has to be a number of at most 1e30 in magnitude"),
            Self::TooManyAverages { max } => {
                write!(
                    f,
                    "{max} numbers are averaged, which is all there is room for; raise limits.averages at every node"
                )
            }
            Self::TooManyWatches { max } => {
                write!(f, "{max} beginnings of keys are watched, which is all there is room for; raise limits.watches")
            }
            Self::TooManyTopics { max } => {
                write!(
                    f,
                    "{max} topics are subscribed to, which is all there is room for; raise limits.topics, or \
                           subscribe to all"
                )
            }
        }
    }
}

impl core::error::Error for Refusal {}

/// What the operator got wrong, with the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A value outside what it can be.
    OutOfRange {
        /// The field.
        field: &'static str,
        /// What was given, in the field's unit (durations in nanoseconds).
        got: u64,
        /// The smallest value.
        min: u64,
        /// The largest value.
        max: u64,
    },
    /// Two values that cannot both be meant: `less` must be at most `more`.
    Contradiction {
        /// The field that must be at most the other.
        less: &'static str,
        /// Its value, in its unit (durations in nanoseconds).
        less_is: u64,
        /// The other field.
        more: &'static str,
        /// Its value.
        more_is: u64,
    },
    /// A value that must be a multiple of another.
    NotAMultiple {
        /// The field.
        field: &'static str,
        /// What was given.
        got: u64,
        /// Of what it must be a multiple.
        of: u64,
    },
    /// The node's own address is one that nobody can send to.
    UnusableAddress(core::net::SocketAddr),
    /// Name, zone and tags together are longer than a profile may be.
    ProfileTooLong {
        /// Their length in bytes.
        got: usize,
        /// [`Limits::profile_bytes`](crate::Limits::profile_bytes).
        max: usize,
    },
    /// A name, zone or tag that is empty, too long for its length byte, or has a control character.
    BadText(&'static str),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { field, got, min, max } => {
                let [got, min, max] = [got, min, max].map(|value| Shown(field, *value));
                write!(f, "{field} is {got}; it can be {min} to {max}")
            }
            Self::Contradiction { less, less_is, more, more_is } => {
                let (less_is, more_is) = (Shown(less, *less_is), Shown(more, *more_is));
                write!(f, "{less} ({less_is}) is above {more} ({more_is}); lower the first or raise the second")
            }
            Self::NotAMultiple { field, got, of } => write!(f, "{field} is {got}; it can be a multiple of {of}"),
            Self::UnusableAddress(addr) => {
                write!(f, "nobody can send to {addr}; give the address and port under which the others reach this node")
            }
            Self::ProfileTooLong { got, max } => {
                write!(f, "name, zone and tags take {got} bytes, at most {max} travel; shorten the tags")
            }
            Self::BadText(what) => {
                write!(f, "{what} is empty, too long or has a control character")
            }
        }
    }
}

impl core::error::Error for ConfigError {}

/// The fields that are times.
const TIMES: [&str; 16] = [
    "probe_interval",
    "ack_floor",
    "ack_prior",
    "ack_ceiling",
    "pause_to_forgive",
    "lag_tolerance",
    "gossip_interval",
    "gossip_phase",
    "revive_interval",
    "hello_interval",
    "cold_start_wait",
    "conflict_wait",
    "rumor_retention",
    "tombstone_retention",
    "down_retention",
    "options.spin",
];

/// A field's value: a time in the largest unit that it is a whole number of.
struct Shown<'a>(&'a str, u64);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 7] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "min"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        let Self(field, value) = *self;
        if !TIMES.contains(&field) {
            return value.fmt(f);
        }
        match UNITS.iter().find(|(unit, _)| value >= *unit && value % unit == 0) {
            Some((unit, name)) => write!(f, "{}{name}", value / unit),
            None => f.write_str("0s"),
        }
    }
}

/// Refuses a value outside `min..=max`.
pub(crate) fn in_range(field: &'static str, got: u64, min: u64, max: u64) -> Result<(), ConfigError> {
    if (min..=max).contains(&got) { Ok(()) } else { Err(ConfigError::OutOfRange { field, got, min, max }) }
}
