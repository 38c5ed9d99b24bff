//! Who drives the node? One loop that owns the socket, the [`Node`] and all buffers: nothing of it is shared.

use core::fmt;
use core::net::SocketAddr;
use std::io;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use mio::{Events, Interest, Poll, Token};

use super::address::Family;
use super::batch::{Inbound, Outbound};
use super::counters::IoCounters;
use super::error::StartError;
use super::errqueue::ErrorQueue;
use super::handle::Handle;
use super::options::Options;
use super::publications::{self, Publications};
use super::publish::{Board, LoopHistograms};
use super::rereading::Rereading;
use super::round::Waiting;
use super::rumors::{self, Deliveries};
use super::shared::{Command, Fixed, Shared};
use super::snapshot::{self, Snapshot};
use super::socket::{Port, os};
use super::state;
use super::sys::Calls;
use crate::config::Params;
use crate::error::in_range;
use crate::event::Event;
use crate::id::BootId;
use crate::limits::Limits;
use crate::node::{Identity, Input, Node};
use crate::time::{Instant, Span};

pub(super) const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);
/// Binds, buys everything, and runs the loop on a thread of its own that bears the node's name. No seeds: founds a cluster.
///
/// # Errors
/// What has to be changed for the node to start.
pub fn start(
    params: Params,
    identity: &Identity<'_>,
    seeds: &[SocketAddr],
    options: &Options,
) -> Result<Handle, StartError> {
    let (looped, handle) = Loop::new(params, identity, seeds, options)?;
    let run =
        move || looped.run().expect("waiting for a socket that is open, on a selector that is open, does not fail");
    let thread = std::thread::Builder::new().name(identity.name.to_string());
    thread.spawn(run).map_err(os("starting the thread of the loop"))?;
    Ok(handle)
}

/// 64 bits from the operating system, for [`Identity::boot`].
///
/// # Errors
/// When the system has none to give.
pub fn fresh_boot() -> Result<BootId, StartError> {
    random().map(BootId::from_u64)
}

fn random() -> Result<u64, StartError> {
    getrandom::u64().map_err(|error| {
        let error =
            error.raw_os_error().map_or_else(|| io::ErrorKind::Unsupported.into(), io::Error::from_raw_os_error);
        StartError::Os { doing: "asking for random bits", error }
    })
}

/// A bound node that does not run yet, for those who bring the thread.
pub struct Loop {
    pub(super) node: Node,
    pub(super) port: Port,
    pub(super) poll: Poll,
    pub(super) ready: Events,
    pub(super) calls: Calls,
    pub(super) inbound: Inbound,
    pub(super) outbound: Outbound,
    pub(super) errors: ErrorQueue,
    pub(super) spin: Span,
    pub(super) io: IoCounters,
    pub(super) histograms: LoopHistograms,
    pub(super) members: snapshot::Writer,
    pub(super) commands: Receiver<Command>,
    pub(super) events: Sender<Event>,
    /// Events lost since the last marker.
    pub(super) events_lost: u64,
    pub(super) publications: Publications,
    pub(super) deliveries: Deliveries,
    pub(super) state: state::LoopSide,
    pub(super) rereading: Rereading,
    pub(super) waiting: Waiting,
    /// Whether this round has its sample.
    pub(super) encode_measured: bool,
    pub(super) shared: Arc<Shared>,
    seeds: Box<[SocketAddr]>,
    /// Dropped last: by then the socket is closed.
    _end: End,
}

/// Tells those who wait for the end of a loop, however it ends.
#[derive(Debug)]
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.set_stopped();
    }
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loop").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Loop {
    /// Binds and buys everything. No seeds: founds a cluster. From here on datagrams wait in the kernel.
    ///
    /// # Errors
    /// What has to be changed for the node to start.
    pub fn new(
        params: Params,
        identity: &Identity<'_>,
        seeds: &[SocketAddr],
        options: &Options,
    ) -> Result<(Self, Handle), StartError> {
        options.check()?;
        in_range("seeds", seeds.len() as u64, 0, u64::from(params.limits().seeds))?;
        let mut port = Port::open(options)?;
        let addr = advertised(identity.addr, &port)?;
        let max = params.max_datagram();
        let limits = params.limits().clone();
        let node_bytes = Node::memory_bytes(&params);
        let mut node = Node::new(params, &Identity { addr, ..*identity }, random()?, Instant::ZERO)?;

        let poll = Poll::new().map_err(os("making a selector"))?;
        poll.registry().register(&mut port.socket, SOCKET, Interest::READABLE).map_err(os("watching the socket"))?;
        let waker = mio::Waker::new(poll.registry(), WAKER).map_err(os("making a waker"))?;
        let mut inbound = Inbound::new(options.batch, max);
        let many = options.mmsg && inbound.many_permitted(port.fd());
        let outbound = Outbound::new(options.batch, max, port.family);
        let (command_sender, commands) = crossbeam_channel::bounded(options.commands);
        let (events, event_receiver) = crossbeam_channel::bounded(options.events);
        let payload_max = limits.rumor_payload as usize;
        let (publisher, publications) = publications::publications(options.publications, payload_max);
        let (deliveries, reader) = rumors::deliveries(options.rumors, payload_max);
        let (state_client, state) = state::channel(options.changes);
        let board = Board::new(&node);
        let memory_bytes = node_bytes + board.memory_bytes() + memory_bytes(options, &limits, max);
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
        let shared = Arc::new(Shared::new(fixed, waker, Snapshot::new(&limits), board));
        let mut members = snapshot::Writer::new(&limits);
        copy_members(&mut node, &mut members, &shared.snapshot);
        let handle =
            Handle::new(Arc::clone(&shared), command_sender, event_receiver, (publisher, reader), state_client);
        let looped = Self {
            node,
            port,
            poll,
            ready: Events::with_capacity(2),
            calls: if many { Calls::Many } else { Calls::One },
            inbound,
            outbound,
            errors: ErrorQueue::new(),
            spin: options.spin.into(),
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
            seeds: seeds.into(),
            _end: End(Arc::clone(&shared)),
            shared,
        };
        looped.shared.vitals.store(Instant::ZERO, &looped.node, looped.calls);
        Ok((looped, handle))
    }

    /// Runs on this thread until [`Handle::stop`], or until the last handle is dropped. Allocates nothing.
    ///
    /// # Errors
    /// When the operating system no longer waits for the socket; the node is gone then.
    pub fn run(mut self) -> io::Result<()> {
        let seeds = core::mem::take(&mut self.seeds);
        let mut now = self.shared.now();
        let joined = self.node.handle_input(now, Input::Join(&seeds));
        debug_assert!(joined.is_ok(), "their number was checked, and the node is new");
        self.answer(now);
        loop {
            now = self.finish_round(now);
            if self.shared.is_stopping() {
                self.publish(now);
                return Ok(());
            }
            now = self.sleep(now)?;
            self.round(now);
        }
    }
}

/// Bytes that a loop buys beside its node and its board.
fn memory_bytes(options: &Options, limits: &Limits, max_datagram: usize) -> usize {
    let payload_max = limits.rumor_payload as usize;
    Inbound::memory_bytes(options.batch, max_datagram)
        + Outbound::memory_bytes(options.batch, max_datagram)
        + Snapshot::memory_bytes(limits)
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
