//! Where does a node run? A host: one address, one process or none, a socket's buffer, a cable, a log of what was told.

use core::net::SocketAddr;
use std::collections::VecDeque;
use std::sync::Arc;

use super::flights::Flight;
use super::link::Latency;
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
    /// The parameters of the node. Nodes that have the same ones share them.
    pub params: Arc<Params>,
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
    pub fn new(name: &str, params: impl Into<Arc<Params>>) -> Self {
        Self {
            name: name.to_owned(),
            params: params.into(),
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

/// What a host can send: a cable of so many bytes a second, behind a queue. IP and UDP headers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cable {
    /// Bytes a second. At least 1.
    pub bytes_per_second: u32,
    /// Bytes that may wait for the cable. What finds no room is lost and counted.
    pub queue_bytes: u32,
}

/// Whether a host's process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Up,
    /// It gets the processor late: each time something is due for it, it runs this much after that.
    Starved(Latency),
    /// It waits for its socket: its timers run, nothing is read and nothing sent.
    Blocked,
    Paused,
    Down,
}

/// In front what each event looks at.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Host {
    /// `None` while the process is down, and while it is being driven.
    pub node: Option<Box<Node>>,
    /// What the host's monotonic clock shows at the world's time 0.
    pub clock: Span,
    /// Ticks at one and the same instant: a node that asks for more and more of them spins.
    pub ticks: (Instant, u32),
    pub process: Process,
    /// When a starved process, for which something is due, gets to run.
    pub runs_at: Option<Instant>,
    pub addr: SocketAddr,
    pub cable: Option<Cable>,
    /// Until when the cable is busy with what has been sent.
    pub cable_busy_until: Instant,
    pub spec: Box<Spec>,
    /// What was added to the host's wall clock, which no node ever sees.
    pub wall_offset_s: i64,
    /// What the socket holds of a process that is paused or blocked, or starved and not yet run.
    pub inbox: VecDeque<Flight>,
    pub log: VecDeque<(Instant, Event)>,
    pub log_lost: u64,
}

impl Host {
    pub fn new(spec: Spec, addr: SocketAddr) -> Self {
        Self {
            spec: Box::new(spec),
            addr,
            process: Process::Down,
            node: None,
            clock: Span::ZERO,
            wall_offset_s: 0,
            inbox: VecDeque::new(),
            runs_at: None,
            cable: None,
            cable_busy_until: Instant::ZERO,
            log: VecDeque::new(),
            log_lost: 0,
            ticks: (Instant::ZERO, 0),
        }
    }

    pub fn local(&self, now: Instant) -> Instant {
        now + self.clock
    }

    pub fn world_time(&self, local: Instant) -> Instant {
        local - self.clock
    }

    /// How long a datagram waits for the cable and takes to be put on it; `None` when the queue is full.
    pub fn take_cable(&mut self, now: Instant, bytes: usize) -> Option<Span> {
        let Some(cable) = self.cable else { return Some(Span::ZERO) };
        let takes = |bytes: u64| Span::nanos(bytes * 1_000_000_000 / u64::from(cable.bytes_per_second.max(1)));
        let waits = self.cable_busy_until.since(now);
        if waits > takes(u64::from(cable.queue_bytes)) {
            return None;
        }
        self.cable_busy_until = now + waits + takes(bytes as u64);
        Some(self.cable_busy_until.since(now))
    }

    pub fn note(&mut self, now: Instant, event: Event, max: usize) {
        if max == 0 {
            return;
        }
        if self.log.len() == max {
            self.log.pop_front();
            self.log_lost += 1;
        }
        self.log.push_back((now, event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_cable_delays_what_waits_for_it_and_loses_what_finds_no_room() {
        let params = Params::try_from(Config::default()).expect("the defaults agree with each other");
        let mut host = Host::new(Spec::new("a", params), ([10, 0, 0, 1], 1).into());
        host.cable = Some(Cable { bytes_per_second: 1_000_000, queue_bytes: 2_000 });
        let now = Instant::ZERO;
        let took: Vec<_> = (0..4).map(|_| host.take_cable(now, 1_000).map(Span::as_micros)).collect();
        assert_eq!(took, [Some(1_000), Some(2_000), Some(3_000), None]);
        assert_eq!(host.take_cable(now + Span::millis(3), 1_000).map(Span::as_micros), Some(1_000));
    }
}
