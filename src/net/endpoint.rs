//! What does a loop keep of each of its nodes? The [`Node`], its socket, and its side of the queues to and from the embedder.

use core::net::SocketAddr;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use mio::{Interest, Registry, Token};

use super::address::Family;
use super::bell::Cord;
use super::buffers::Buffers;
use super::counters::IoCounters;
use super::error::StartError;
use super::handle::Handle;
use super::options::Options;
use super::publications::{self, Publications};
use super::publish::{Board, LoopHistograms};
use super::rereading::Rereading;
use super::round::Waiting;
use super::rumors::{self, Deliveries};
use super::shared::{Clock, Command, Fixed, Shared};
use super::snapshot::{self, Snapshot};
use super::socket::{Port, os};
use super::state;
use super::sys::Calls;
use crate::config::Params;
use crate::error::in_range;
use crate::event::Event;
use crate::limits::Limits;
use crate::node::{Identity, Node};
use crate::time::Span;

/// One node on the network.
pub(super) struct Endpoint {
    pub node: Node,
    pub port: Port,
    pub calls: Calls,
    pub io: IoCounters,
    pub histograms: LoopHistograms,
    pub members: snapshot::Writer,
    pub commands: Receiver<Command>,
    pub events: Sender<Event>,
    /// Events lost since the last marker.
    pub events_lost: u64,
    pub publications: Publications,
    pub deliveries: Deliveries,
    pub state: state::LoopSide,
    pub rereading: Rereading,
    pub waiting: Waiting,
    /// Whether this round has its sample.
    pub encode_measured: bool,
    /// Bytes of the largest datagram.
    pub max_datagram: usize,
    probe_interval: Span,
    pub shared: Arc<Shared>,
    /// To join through at the start.
    pub seeds: Box<[SocketAddr]>,
    /// Dropped last: by then the socket is closed.
    _end: End,
}

/// Tells those who wait for the end of a node, however it ends.
#[derive(Debug)]
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.set_stopped();
    }
}

/// What the loop gives to each of its nodes.
pub(super) struct Seat<'a> {
    pub registry: &'a Registry,
    /// Of the node's socket.
    pub token: Token,
    pub cord: Cord,
    pub clock: Clock,
    pub buffers: &'a mut Buffers,
}

impl Endpoint {
    /// Binds and buys everything.
    pub(super) fn new(
        params: Params,
        identity: &Identity<'_>,
        seeds: &[SocketAddr],
        options: &Options,
        seat: Seat<'_>,
    ) -> Result<(Self, Handle), StartError> {
        in_range("seeds", seeds.len() as u64, 0, u64::from(params.limits().seeds))?;
        let mut port = Port::open(options)?;
        let addr = advertised(identity.addr, &port)?;
        let max_datagram = params.max_datagram();
        let probe_interval = params.probe_interval;
        let limits = params.limits().clone();
        let node_bytes = Node::memory_bytes(&params);
        let started = seat.clock.now();
        let mut node = Node::new(params, &Identity { addr, ..*identity }, super::run::random()?, started)?;

        let readable = Interest::READABLE;
        seat.registry.register(&mut port.socket, seat.token, readable).map_err(os("watching the socket"))?;
        let buffers_bytes = seat.buffers.fit(options.batch, max_datagram);
        let many = options.mmsg && seat.buffers.inbound.many_permitted(port.fd());
        let (command_sender, commands) = crossbeam_channel::bounded(options.commands);
        let (events, event_receiver) = crossbeam_channel::bounded(options.events);
        let payload_max = limits.rumor_payload as usize;
        let (publisher, publications) = publications::publications(options.publications, payload_max);
        let (deliveries, reader) = rumors::deliveries(options.rumors, payload_max);
        let (state_client, state) = state::channel(options.changes);
        let board = Board::new(&node);
        let memory_bytes = node_bytes + board.memory_bytes() + buffers_bytes + memory_bytes(options, &limits);
        let fixed = Fixed {
            name: identity.name,
            id: identity.name.id(),
            boot: identity.boot,
            cluster: identity.cluster.into(),
            zone: identity.zone.into(),
            addr,
            local_addr: port.local_addr,
            recv_buffer: port.recv_buffer,
            send_buffer: port.send_buffer,
            memory_bytes,
        };
        let shared = Arc::new(Shared::new(fixed, (seat.clock, started), seat.cord, Snapshot::new(&limits), board));
        let mut members = snapshot::Writer::new(&limits);
        copy_members(&mut node, &mut members, &shared.snapshot);
        let handle =
            Handle::new(Arc::clone(&shared), command_sender, event_receiver, (publisher, reader), state_client);
        let endpoint = Self {
            node,
            port,
            calls: if many { Calls::Many } else { Calls::One },
            io: IoCounters::default(),
            histograms: LoopHistograms::default(),
            members,
            commands,
            events,
            events_lost: 0,
            publications,
            deliveries,
            state,
            rereading: Rereading::new(&limits),
            waiting: Waiting::default(),
            encode_measured: false,
            max_datagram,
            probe_interval,
            seeds: seeds.into(),
            _end: End(Arc::clone(&shared)),
            shared,
        };
        endpoint.shared.vitals.store(started, &endpoint.node, endpoint.calls);
        Ok((endpoint, handle))
    }

    /// Has the node probe at so many moments of each interval, which are those of others.
    pub(super) fn share_wakes(&mut self, moments: u32) {
        self.node.align_probes(self.probe_interval / moments);
    }
}

/// Bytes that a loop buys for a node, beside the node, its board and the buffers.
fn memory_bytes(options: &Options, limits: &Limits) -> usize {
    let payload_max = limits.rumor_payload as usize;
    Snapshot::memory_bytes(limits)
        + LoopHistograms::memory_bytes()
        // A queue has a word beside each place.
        + options.commands * (size_of::<Command>() + size_of::<usize>())
        + options.events * (size_of::<Event>() + size_of::<usize>())
        + Publications::memory_bytes(options.publications, payload_max)
        + Deliveries::memory_bytes(options.rumors, payload_max)
        + state::LoopSide::memory_bytes(options.changes)
}

/// Brings the snapshot up to date.
pub(super) fn copy_members(node: &mut Node, members: &mut snapshot::Writer, snapshot: &Snapshot) {
    while let Some((at, member)) = node.poll_changed() {
        members.put(snapshot, at, member.as_ref());
    }
    members.finish(snapshot);
}

/// The address to tell the others: the one given, with the port bound where it names none.
fn advertised(mut addr: SocketAddr, port: &Port) -> Result<SocketAddr, StartError> {
    if addr.port() == 0 {
        addr.set_port(port.local_addr.port());
    }
    let bound = port.local_addr.ip();
    let dual = bound.is_unspecified() || bound.to_canonical().is_ipv4();
    let reached = match port.family {
        Family::V4 => addr.ip().to_canonical().is_ipv4(),
        Family::V6 => dual || addr.ip().to_canonical().is_ipv6(),
    };
    if reached { Ok(addr) } else { Err(StartError::FamiliesDiffer { bind: port.local_addr, advertised: addr }) }
}
