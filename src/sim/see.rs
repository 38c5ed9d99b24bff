//! What can be seen of a world? Hosts, their nodes, what they hold of each other and what they were told.

use core::fmt;
use core::net::SocketAddr;

use super::host::{HostId, Process};
use super::observe::Observer;
use super::world::World;
use crate::event::Event;
use crate::id::NodeId;
use crate::node::{Node, Phase};
use crate::time::{Instant, Span};
use crate::wire::State;

impl<O: Observer> World<O> {
    /// Every host, in the order of their first starts.
    pub fn hosts(&self) -> impl Iterator<Item = HostId> + use<O> {
        (0..self.hosts.len() as u32).map(HostId)
    }

    /// The hosts whose process runs, is neither paused nor starved, and has not left.
    pub fn running(&self) -> impl Iterator<Item = (HostId, &Node)> {
        self.hosts().filter_map(|id| {
            let node = self.node(id).filter(|node| node.phase() != Phase::Left)?;
            (self.hosts[id.index()].process == Process::Up).then_some((id, node))
        })
    }

    /// The node of a host; `None` while its process is down.
    #[must_use]
    pub fn node(&self, host: HostId) -> Option<&Node> {
        self.hosts[host.index()].node.as_deref()
    }

    /// The address of a host.
    #[must_use]
    pub fn addr(&self, host: HostId) -> SocketAddr {
        self.hosts[host.index()].addr
    }

    /// The name of the node of a host.
    #[must_use]
    pub fn name(&self, host: HostId) -> &str {
        &self.hosts[host.index()].spec.name
    }

    /// The id of the node of a host.
    #[must_use]
    pub fn id(&self, host: HostId) -> NodeId {
        NodeId::from_name(self.name(host))
    }

    /// What the monotonic clock of a host shows: what its node is told the time is.
    #[must_use]
    pub fn clock(&self, host: HostId) -> Span {
        self.hosts[host.index()].local(self.now).since(Instant::ZERO)
    }

    /// What a host's wall clock shows, in seconds from where it would have stood at the world's beginning.
    #[must_use]
    pub fn wall_clock_s(&self, host: HostId) -> i64 {
        let passed = i64::try_from(self.now.as_nanos() / 1_000_000_000).unwrap_or(i64::MAX);
        passed.saturating_add(self.hosts[host.index()].wall_offset_s)
    }

    /// The same in milliseconds since 1970, in a world that began in 2026: what an embedder gives to writes that ask for it.
    #[must_use]
    pub fn wall_clock_ms(&self, host: HostId) -> u64 {
        const BEGAN_MS: i64 = 1_767_225_600_000;
        let passed = i64::try_from(self.now.as_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let offset = self.hosts[host.index()].wall_offset_s.saturating_mul(1_000);
        BEGAN_MS.saturating_add(passed).saturating_add(offset).try_into().unwrap_or(0)
    }

    /// What a host has been told, with the world's time, oldest first; at most [`Bounds::events`](super::Bounds::events).
    pub fn events(&self, host: HostId) -> impl Iterator<Item = (Instant, Event)> + '_ {
        self.hosts[host.index()].log.iter().copied()
    }

    /// Events of a host that were forgotten to keep the log in its bounds.
    #[must_use]
    pub fn events_forgotten(&self, host: HostId) -> u64 {
        self.hosts[host.index()].log_lost
    }

    /// How `host` holds `member` to be; `None` when it does not know it, or is down itself.
    #[must_use]
    pub fn sees(&self, host: HostId, member: NodeId) -> Option<State> {
        self.node(host)?.member(member).map(|m| m.state)
    }

    /// How many members `host` holds to be up, itself included; 0 while it is not a member itself.
    #[must_use]
    pub fn up_at(&self, host: HostId) -> usize {
        match self.node(host) {
            Some(node) if node.phase() == Phase::Joined => node.members_up() as usize,
            Some(_) | None => 0,
        }
    }

    /// Whether every running host is a member and holds exactly `n` members to be up.
    #[must_use]
    pub fn all_see(&self, n: usize) -> bool {
        self.running().all(|(id, _)| self.up_at(id) == n)
    }
}

impl<O: Observer> fmt::Debug for World<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("seed", &self.seed())
            .field("now", &self.now())
            .field("hosts", &self.hosts.len())
            .field("under_way", &self.flights.len())
            .field("tally", &self.tally)
            .finish_non_exhaustive()
    }
}
