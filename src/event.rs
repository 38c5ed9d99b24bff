//! What has happened? The news that a node has for whoever embeds it.

use core::net::SocketAddr;

use crate::id::{BootId, Incarnation, Name, NodeId};
use crate::membership::{Capacity, JoinRefusal};
use crate::node::StateRef;
use crate::rumor::RumorRef;

/// A member at the moment of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberRef {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: Name,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its start.
    pub boot: BootId,
    /// Its number.
    pub incarnation: Incarnation,
}

/// What has happened. Events wait in a ring of [`Limits::events`](crate::Limits::events) places; when nobody reads them
/// the oldest stay, the newer are lost and counted, and one [`Event::Resync`] tells how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// This node is a member now: it holds all pages of a seed, or has founded a cluster.
    Joined {
        /// How many members it knows to be up, itself included.
        members: u32,
    },
    /// This node may not join now; it goes on asking, more and more rarely.
    JoinRefused {
        /// Why.
        reason: JoinRefusal,
        /// Who said so.
        by: SocketAddr,
    },
    /// A member is up that was not: new, or in a new life.
    Up(MemberRef),
    /// A member has not answered somebody.
    Suspected(MemberRef),
    /// A suspected or dead member has shown that it lives.
    Refuted(MemberRef),
    /// A member is held to have failed.
    Failed(MemberRef),
    /// A member said that it goes, or was removed.
    Left(MemberRef),
    /// A member that was down is remembered no longer in the table.
    Forgotten(MemberRef),
    /// Somebody said this node had failed; it has refuted with a higher number.
    SelfRefuted {
        /// This node's number from now on.
        incarnation: Incarnation,
    },
    /// This node was removed by an operator while it lived (R15); it has begun a new life.
    SelfRemoved {
        /// This node's number from now on.
        incarnation: Incarnation,
    },
    /// Two processes run under this node's name. The one that has run for longer keeps it.
    NameConflict {
        /// The name.
        name: Name,
        /// This node's address.
        ours: SocketAddr,
        /// The other's.
        theirs: SocketAddr,
        /// Whether this node keeps the name.
        kept: bool,
    },
    /// The table has passed 80 % of what it has room for (R28).
    TableFilling {
        /// Of what.
        capacity: Capacity,
        /// How much is taken.
        used: u32,
        /// How much there is.
        max: u32,
    },
    /// A member was refused because there is no room for it; nobody who is in is harmed.
    TableFull {
        /// Who was refused.
        refused: NodeId,
        /// For want of what.
        capacity: Capacity,
        /// How much there is.
        max: u32,
    },
    /// This node has told enough peers that it goes, or has run out of time to.
    LeaveDone {
        /// How many have acknowledged.
        told: u32,
    },
    /// A rumor on a topic that this node subscribes to has arrived: exactly once, or never and reported as lost.
    Rumor(RumorRef),
    /// Rumors that will never arrive: nobody has them any more.
    RumorsLost {
        /// Whose.
        origin: NodeId,
        /// Of which of its starts: the low half of the boot id.
        boot: u32,
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A key that this node watches has another value, or none any more. The entries of a member that goes are not told one by
    /// one: what is not durable goes with it.
    Changed(StateRef),
    /// A shared key that goes by [`MergeRule::Conflict`](crate::MergeRule::Conflict) has been written concurrently: several
    /// values stand until somebody writes over them. Told whether the key is watched or not.
    Conflict(StateRef),
    /// This node and others have differed in what they hold through so many comparisons that taught neither anything (R27); it goes
    /// on to compare, more and more rarely.
    Diverged {
        /// The peer of the last comparison.
        peer: NodeId,
        /// The owner whose entries were found to differ last, where it was found.
        owner: Option<NodeId>,
        /// How many comparisons.
        comparisons: u32,
    },
    /// Events were lost here because nobody read them: look at the members anew, and read again the rumors that are retained.
    Resync {
        /// How many.
        lost: u64,
    },
}

impl Event {
    /// The name under which the event is printed.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Joined { .. } => "joined",
            Self::JoinRefused { .. } => "join_refused",
            Self::Up(_) => "up",
            Self::Suspected(_) => "suspected",
            Self::Refuted(_) => "refuted",
            Self::Failed(_) => "failed",
            Self::Left(_) => "left",
            Self::Forgotten(_) => "forgotten",
            Self::SelfRefuted { .. } => "self_refuted",
            Self::SelfRemoved { .. } => "self_removed",
            Self::NameConflict { .. } => "name_conflict",
            Self::TableFilling { .. } => "table_filling",
            Self::TableFull { .. } => "table_full",
            Self::LeaveDone { .. } => "leave_done",
            Self::Rumor(_) => "rumor",
            Self::RumorsLost { .. } => "rumors_lost",
            Self::Changed(_) => "changed",
            Self::Conflict(_) => "conflict",
            Self::Diverged { .. } => "diverged",
            Self::Resync { .. } => "resync",
        }
    }

    /// The member that the event is about, if it is about one.
    #[must_use]
    pub const fn member(&self) -> Option<&MemberRef> {
        match self {
            Self::Up(m)
            | Self::Suspected(m)
            | Self::Refuted(m)
            | Self::Failed(m)
            | Self::Left(m)
            | Self::Forgotten(m) => Some(m),
            Self::Joined { .. }
            | Self::JoinRefused { .. }
            | Self::SelfRefuted { .. }
            | Self::SelfRemoved { .. }
            | Self::NameConflict { .. }
            | Self::TableFilling { .. }
            | Self::TableFull { .. }
            | Self::LeaveDone { .. }
            | Self::Rumor(_)
            | Self::RumorsLost { .. }
            | Self::Changed(_)
            | Self::Conflict(_)
            | Self::Diverged { .. }
            | Self::Resync { .. } => None,
        }
    }
}
