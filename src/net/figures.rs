//! What can a reader ask a running loop for? Owned copies: nothing here refers to the loop.

use core::net::SocketAddr;
use core::time::Duration;

use crate::error::DropReason;
use crate::id::{BootId, Incarnation, Name, NodeId};
use crate::measure::Summary;
use crate::node::Phase;
use crate::wire::{Kind, State};

/// A member as the node saw it when its record last changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Its id.
    pub id: NodeId,
    /// Its start.
    pub boot: BootId,
    /// Where it listens.
    pub addr: SocketAddr,
    /// How it is held to be.
    pub state: State,
    /// Its number.
    pub incarnation: Incarnation,
    /// Its zone; may be empty.
    pub zone: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// The smoothed round trip to it, once a ping of this node was answered.
    pub rtt: Option<Duration>,
    /// Whether it has answered this node itself, in this life (R7).
    pub verified: bool,
    /// Whether it is this node.
    pub is_self: bool,
}

/// How datagrams enter and leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoMode {
    /// Many per system call.
    Mmsg,
    /// One per system call: asked for, or the kernel refuses more.
    Single,
}

impl IoMode {
    /// The name under which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mmsg => "mmsg",
            Self::Single => "single",
        }
    }
}

/// How much of a capacity is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Its name in [`Limits`](crate::Limits).
    pub name: &'static str,
    /// Places taken.
    pub used: u32,
    /// All places.
    pub max: u32,
}

/// What a node is and how it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Its name.
    pub name: Name,
    /// Its id.
    pub id: NodeId,
    /// Its start.
    pub boot: BootId,
    /// The cluster's label.
    pub cluster: String,
    /// Its zone; may be empty.
    pub zone: String,
    /// The address under which the others reach it.
    pub addr: SocketAddr,
    /// The address that the socket is bound to.
    pub local_addr: SocketAddr,
    /// Where it is between its start and its end (R30), after the loop's last round.
    pub phase: Phase,
    /// The local health score, after the loop's last round; 0 is healthy.
    pub health: u32,
    /// The fingerprint of the settled membership, after the loop's last round.
    pub membership_fingerprint: u64,
    /// The fingerprint of the settled state, after the loop's last round.
    pub state_fingerprint: u64,
    /// Since the start of the loop.
    pub uptime: Duration,
    /// Since the loop's last round: a node in quiet has several a second, so many seconds mean a wedged loop (R29).
    pub since_last_round: Duration,
    /// Each capacity.
    pub limits: Vec<Usage>,
    /// Bytes bought at start by the node, the loop's buffers, its queues and the snapshot.
    pub memory_bytes: usize,
    /// How datagrams enter and leave.
    pub io: IoMode,
    /// Bytes of receive buffer that the kernel granted.
    pub recv_buffer: usize,
    /// Bytes of send buffer that the kernel granted.
    pub send_buffer: usize,
    /// How old `limits` is: near zero unless the loop is wedged or has ended.
    pub age: Duration,
}

/// A distribution with its name and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// The distribution.
    pub summary: Summary,
}

/// Everything counted and measured since the start, of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// How old the figures are: near zero unless the loop is wedged or has ended.
    pub age: Duration,
    /// The node's counters, see [`Counters`](crate::Counters).
    pub counters: Vec<(&'static str, u64)>,
    /// Datagrams dropped, by reason.
    pub drops: Vec<(DropReason, u64)>,
    /// Sections received, by kind.
    pub received: Vec<(Kind, u64)>,
    /// Sections sent, by kind.
    pub sent: Vec<(Kind, u64)>,
    /// The loop's counters: system calls, what the kernel refused or dropped.
    pub io: Vec<(&'static str, u64)>,
    /// Everything measured, by the node and by the loop.
    pub histograms: Vec<Figure>,
}
