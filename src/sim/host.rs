//! Where does a node run? A host: one address, one process or none, a socket's buffer, a log of what was told.

use core::net::SocketAddr;
use std::collections::VecDeque;

use super::flights::Flight;
use crate::config::Params;
use crate::error::ConfigError;
use crate::event::Event;
use crate::id::{BootId, Name};
use crate::node::{Identity, Node};
use crate::time::{Instant, Span};

/// A host of a [`World`](super::World), in the order of their first starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub(super) u32);

impl HostId {
    /// Its place in that order, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the rest of the world sees of a process that has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Its host lives: whoever sends there is told that nobody listens on the port.
    Refusing,
    /// Its host is gone as well: silence.
    Silent,
}

/// Who is to be started, and how.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The node's name. Two hosts may be given the same one: that is a name conflict.
    pub name: String,
    /// The parameters of the node.
    pub params: Params,
    /// The cluster's label. "sim".
    pub cluster: String,
    /// The zone. Empty.
    pub zone: String,
    /// The tags. None.
    pub tags: Vec<(String, String)>,
    /// The address; `None` gives the host the next free one of 10.0.0.0/8, port 4100.
    pub addr: Option<SocketAddr>,
    /// What the host's monotonic clock shows at the world's time 0; `None` draws up to 400 days.
    pub clock: Option<Span>,
}

impl Spec {
    /// A node with this name, everything else as the fields say.
    #[must_use]
    pub fn new(name: &str, params: Params) -> Self {
        Self {
            name: name.to_owned(),
            params,
            cluster: "sim".to_owned(),
            zone: String::new(),
            tags: Vec::new(),
            addr: None,
            clock: None,
        }
    }

    pub(super) fn node(
        &self,
        addr: SocketAddr,
        boot: BootId,
        seed: u64,
        now: Instant,
    ) -> Result<Box<Node>, ConfigError> {
        let tags: Vec<(&str, &str)> = self.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let identity = Identity {
            name: Name::new(&self.name).ok_or(ConfigError::BadText("name"))?,
            cluster: &self.cluster,
            addr,
            boot,
            zone: &self.zone,
            tags: &tags,
        };
        Node::new(self.params.clone(), &identity, seed, now).map(Box::new)
    }
}

/// Whether a host's process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Up,
    Paused,
    Down,
}

#[derive(Debug)]
pub(super) struct Host {
    pub spec: Spec,
    pub addr: SocketAddr,
    pub process: Process,
    /// `None` while the process is down, and while it is being driven.
    pub node: Option<Box<Node>>,
    /// What the host's clock shows at the world's time 0.
    pub clock: Span,
    /// What the socket of a paused process holds.
    pub inbox: VecDeque<Flight>,
    pub log: VecDeque<(Instant, Event)>,
    pub log_lost: u64,
    /// Ticks at one and the same instant: a node that asks for more and more of them spins.
    pub ticks: (Instant, u32),
}

impl Host {
    pub fn local(&self, now: Instant) -> Instant {
        now + self.clock
    }

    pub fn world_time(&self, local: Instant) -> Instant {
        local - self.clock
    }

    pub fn note(&mut self, now: Instant, event: Event, max: usize) {
        if self.log.len() == max {
            self.log.pop_front();
            self.log_lost += 1;
        }
        self.log.push_back((now, event));
    }
}
