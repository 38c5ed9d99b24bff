//! What can be done to a cluster? One thing at one time; nodes are called by their numbers in the plan.

use crate::error::DropReason;
use crate::rumor::Class;
use crate::sim::Death;
use crate::state::MergeRule;
use crate::time::Span;

/// What becomes of keys that a node alone writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// They get values made from a number, and go with their owner.
    Ephemeral(u16),
    /// They get values that stay.
    Durable(u16),
    /// They get values for a while.
    Lease(u16, Span),
    /// They are removed.
    Remove,
}

impl Deed {
    /// The same with another value.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Ephemeral(number) => Self::Ephemeral(number.wrapping_add(1)),
            Self::Durable(number) => Self::Durable(number.wrapping_add(1)),
            Self::Lease(number, ttl) => Self::Lease(number.wrapping_add(1), ttl),
            Self::Remove => Self::Remove,
        }
    }
}

/// What is done to a key that all write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedDeed {
    /// It gets a value.
    Set(u16),
    /// It has none.
    Unset,
    /// Something is added.
    Add(i16),
    /// An element is put in.
    Insert(u8),
    /// One is taken out.
    Remove(u8),
}

/// One thing done. What makes no sense when its time has come (a crash of who is down) is left out: a plan stays a plan
/// whatever is taken out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A process dies.
    Crash(u32, Death),
    /// It is started again, under a new boot id; at the further address with this number, or where it was.
    Restart(u32, Option<u8>),
    /// It is stopped in its tracks.
    Pause(u32),
    /// It goes on, from a pause or from starving.
    Resume(u32),
    /// It runs up to this much late from now on.
    Starve(u32, Span),
    /// Nothing passes from one to another.
    Cut(u32, u32),
    /// Those with a bit in this set are apart from all others.
    Partition(u64),
    /// Ends all cuts and the partition.
    Heal,
    /// So many of a thousand datagrams are lost from now on, everywhere.
    Loss(u32),
    /// IP packets longer than this vanish from now on; `None` lets all pass.
    Mtu(Option<u32>),
    /// A host's cable carries so many bytes a second from now on; `None` takes the cable away.
    Cable(u32, Option<u32>),
    /// It says goodbye.
    Leave(u32),
    /// The first one takes the second off the list, if it holds it dead.
    Remove(u32, u32),
    /// A new node joins.
    Join(u32),
    /// A new process joins under the name of another node.
    Namesake(u32, u32),
    /// It publishes so many rumors of a class at once.
    Publish(u32, Class, u8),
    /// It writes so many of its own keys from one on.
    Write(u32, Class, Deed, u8, u8),
    /// It writes a key that all write, one of those with this rule.
    WriteShared(u32, Class, MergeRule, u8, SharedDeed),
    /// A host's wall clock jumps by so many seconds.
    WallClock(u32, i64),
    /// A datagram arrives that must be dropped for this reason, or enough of them.
    Junk(u32, DropReason),
}

/// A value made from a number: of all lengths up to some hundred bytes.
#[must_use]
pub fn value_of(number: u16) -> String {
    format!("{number}{}", ".".repeat(usize::from(number % 7 * (number % 101))))
}

impl Act {
    /// Every kind of act by its name.
    pub const NAMES: [&'static str; 20] = [
        "crash",
        "restart",
        "pause",
        "resume",
        "starve",
        "cut",
        "partition",
        "heal",
        "loss",
        "mtu",
        "cable",
        "leave",
        "remove",
        "join",
        "namesake",
        "publish",
        "write",
        "write_shared",
        "wall_clock",
        "junk",
    ];

    /// Whether somebody is not seen by others any more once it is done.
    pub(super) const fn hides(&self) -> bool {
        matches!(self, Self::Crash(..) | Self::Pause(_) | Self::Partition(_) | Self::Leave(_))
    }

    /// The name of its kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Crash(..) => "crash",
            Self::Restart(..) => "restart",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Starve(..) => "starve",
            Self::Cut(..) => "cut",
            Self::Partition(_) => "partition",
            Self::Heal => "heal",
            Self::Loss(_) => "loss",
            Self::Mtu(_) => "mtu",
            Self::Cable(..) => "cable",
            Self::Leave(_) => "leave",
            Self::Remove(..) => "remove",
            Self::Join(_) => "join",
            Self::Namesake(..) => "namesake",
            Self::Publish(..) => "publish",
            Self::Write(..) => "write",
            Self::WriteShared(..) => "write_shared",
            Self::WallClock(..) => "wall_clock",
            Self::Junk(..) => "junk",
        }
    }
}
