//! What happens next? Hosts, the network between them and one queue of what is due.

use core::net::SocketAddr;
use std::collections::VecDeque;

use xxhash_rust::xxh3::Xxh3;

use super::ahead::Ahead;
use super::flights::{Cargo, Flight, Flights};
use super::host::{Cable, Death, Host, HostId, Process, Spec};
use super::link::Latency;
use super::network::Network;
use super::observe::{Observer, Written};
use super::passing::{Fate, Passing};
use super::places::{Place, Places, address};
use super::schedule::Schedule;
use super::shortage::Shortage;
use super::tally::Tally;
use crate::error::{ConfigError, Refusal};
use crate::id::{BootId, NodeId};
use crate::node::{Input, Node, Publication, SharedWrite, Write};
use crate::rng::Rng;
use crate::rumor::{Order, RumorId, Topic};
use crate::time::{Instant, Span};
use crate::wire::MAX_MAX_DATAGRAM;

/// Ticks that a node may ask for at one instant before it counts as spinning.
const TICKS_PER_INSTANT_MAX: u32 = 1_000;
/// Datagrams that a node may send after one input.
const TRANSMITS_PER_INPUT_MAX: u32 = 100_000;
/// The time between two looks at a condition in [`World::run_until`].
const LOOK_EVERY: Span = Span::millis(5);

/// How much a [`World`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Hosts. 1,024. One more is a panic: the test is wrong.
    pub hosts: u32,
    /// Datagrams under way. 65,536. One more is lost and counted.
    pub in_flight: u32,
    /// Datagrams in the socket of a process that does not run. 256, about what Linux holds of small ones by default. One
    /// more is lost and counted.
    pub inbox: u32,
    /// Events remembered for each host. 4,096. Beyond, the oldest goes and is counted; 0 keeps none and counts none.
    pub events: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { hosts: 1_024, in_flight: 65_536, inbox: 256, events: 4_096 }
    }
}

type Meddler = Box<dyn FnMut(&Passing<'_>) -> Fate>;

/// A virtual network of real nodes. See the [module](super) for what it is good for.
///
/// It keeps the contract of [`Node`](crate::Node)'s four calls: one input, then the transmits, then the events, then the timeout;
/// datagrams before the tick where both are due at once. A panic inside prints the seed.
pub struct World<O: Observer = ()> {
    /// Who watches.
    pub observer: O,
    seed: u64,
    pub(super) rng: Rng,
    pub(super) now: Instant,
    pub(super) bounds: Bounds,
    pub(super) hosts: Vec<Host>,
    pub(super) places: Places,
    /// What lies between the hosts: cut, partition, heal and tune it here.
    pub network: Network,
    pub(super) flights: Flights,
    pub(super) ticks: Schedule,
    pub(super) ahead: Ahead,
    pub(super) meddler: Option<Meddler>,
    pub(super) held: VecDeque<(HostId, Flight)>,
    pub(super) tally: Tally,
    /// Of the nodes whose processes have died.
    pub(super) shortage: Shortage,
    pub(super) trace: Xxh3,
    buf: Box<[u8]>,
}

impl World {
    /// An empty world in which everything random comes from `seed`, and which nobody watches.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::watched(seed, Bounds::default(), ())
    }

    /// An empty world of another size.
    #[must_use]
    pub fn with_bounds(seed: u64, bounds: Bounds) -> Self {
        Self::watched(seed, bounds, ())
    }
}

impl<O: Observer> World<O> {
    /// An empty world that `observer` watches.
    #[must_use]
    pub fn watched(seed: u64, bounds: Bounds, observer: O) -> Self {
        Self {
            observer,
            seed,
            rng: Rng::from_seed(seed),
            now: Instant::ZERO,
            bounds,
            hosts: Vec::new(),
            places: Places::default(),
            network: Network::default(),
            flights: Flights::new(bounds.in_flight),
            ticks: Schedule::new(bounds.hosts),
            ahead: Ahead::default(),
            meddler: None,
            held: VecDeque::new(),
            tally: Tally::default(),
            shortage: Shortage::default(),
            trace: Xxh3::new(),
            buf: vec![0; MAX_MAX_DATAGRAM].into_boxed_slice(),
        }
    }

    /// The seed it was made from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The virtual time since the world was made.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// XXH3-64 over time, sender, receiver and bytes of every datagram sent so far: equal for equal worlds.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.trace.digest()
    }

    /// What has become of the datagrams so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// The world's own dice, for tests that draw what they do: one seed for all.
    pub const fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    // What hosts are told.

    /// Starts a node on a new host and lets it join through `seeds`; with none it founds a cluster.
    ///
    /// # Errors
    /// When the node cannot be: a bad name, a profile too long.
    ///
    /// # Panics
    /// When there are [`Bounds::hosts`] hosts already, somebody listens at the address, or the seeds are more than
    /// [`Limits::seeds`](crate::Limits::seeds).
    pub fn start(&mut self, spec: &Spec, seeds: &[SocketAddr]) -> Result<HostId, ConfigError> {
        let id = self.settle(spec)?;
        self.join(id, seeds);
        Ok(id)
    }

    /// Lets a node join through more seeds.
    ///
    /// # Panics
    /// When the process is not up, or refuses.
    pub fn join(&mut self, host: HostId, seeds: &[SocketAddr]) {
        self.tell(host, Input::Join(seeds)).expect("a node takes as many seeds as its limits say");
    }

    /// Kills a process without a word. What is under way to it dies with it; what it has sent arrives.
    pub fn crash(&mut self, host: HostId, death: Death) {
        let h = &mut self.hosts[host.index()];
        h.process = Process::Down;
        h.inbox.clear();
        h.runs_at = None;
        self.ticks.cancel(host.0);
        let addr = h.addr;
        self.places.insert(addr, Place { host, dead: Some(death) });
        if let Some(node) = h.node.take() {
            self.shortage.add(&node);
            self.observer.crashed(self.now, host, &node);
        }
    }

    /// Starts the node of a host again, under the same name with a new boot id, at `addr` or where it was; kills it
    /// first where it still runs. Its events go on in the same log.
    ///
    /// # Errors
    /// As [`World::start`].
    ///
    /// # Panics
    /// As [`World::start`].
    pub fn restart(&mut self, host: HostId, addr: Option<SocketAddr>, seeds: &[SocketAddr]) -> Result<(), ConfigError> {
        if self.hosts[host.index()].process != Process::Down {
            self.crash(host, Death::Refusing);
        }
        let addr = addr.unwrap_or(self.hosts[host.index()].addr);
        self.boot(host, addr)?;
        self.join(host, seeds);
        Ok(())
    }

    /// Stops a process in its tracks (SIGSTOP): its socket holds up to [`Bounds::inbox`] datagrams, its timers stand.
    pub fn pause(&mut self, host: HostId) {
        let h = &mut self.hosts[host.index()];
        match h.process {
            Process::Up | Process::Starved(_) | Process::Blocked => {
                h.process = Process::Paused;
                h.runs_at = None;
                self.ticks.cancel(host.0);
            }
            Process::Paused | Process::Down => {}
        }
    }

    /// Lets a process wait for its socket until [`World::resume`]: what it has to send waits inside it, what comes waits in the
    /// socket, up to [`Bounds::inbox`], and its timers run on. The slow member of the Lifeguard paper.
    pub fn block(&mut self, host: HostId) {
        let h = &mut self.hosts[host.index()];
        match h.process {
            Process::Up | Process::Starved(_) => {
                h.process = Process::Blocked;
                h.runs_at = None;
            }
            Process::Blocked | Process::Paused | Process::Down => {}
        }
    }

    /// Lets a process that was paused, starved or blocked go on (SIGCONT): first what its socket holds, then the clock.
    pub fn resume(&mut self, host: HostId) {
        match self.hosts[host.index()].process {
            Process::Paused | Process::Starved(_) => {
                self.hosts[host.index()].process = Process::Up;
                self.run(host);
            }
            Process::Blocked => {
                // It reads all that waits before it gets to send.
                self.read(host);
                self.hosts[host.index()].process = Process::Up;
                self.run(host);
            }
            Process::Up | Process::Down => {}
        }
    }

    /// Starves a process of the processor until [`World::resume`]: whenever something is due for it, it runs only this much
    /// later; until then its socket holds what comes, up to [`Bounds::inbox`].
    pub fn starve(&mut self, host: HostId, late: Latency) {
        let h = &mut self.hosts[host.index()];
        match h.process {
            Process::Up | Process::Starved(_) => h.process = Process::Starved(late),
            Process::Blocked | Process::Paused | Process::Down => {}
        }
    }

    /// Gives a host a cable of its own from now on, or takes it away.
    pub fn set_cable(&mut self, host: HostId, cable: Option<Cable>) {
        self.hosts[host.index()].cable = cable;
    }

    /// Steps a host's wall clock by so many seconds. No node ever sees that clock (R1): there is no call that could tell it,
    /// and two worlds that differ in nothing else have one trace.
    pub fn step_wall_clock(&mut self, host: HostId, by_s: i64) {
        let offset = &mut self.hosts[host.index()].wall_offset_s;
        *offset = offset.saturating_add(by_s);
    }

    /// Lets a node say goodbye.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn leave(&mut self, host: HostId) -> Result<(), Refusal> {
        self.tell(host, Input::Leave)
    }

    /// Lets a node take a dead member off the list.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn remove(&mut self, host: HostId, member: NodeId) -> Result<(), Refusal> {
        self.tell(host, Input::Remove(member))
    }

    /// Lets a node publish a rumor.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn publish(&mut self, host: HostId, publication: Publication<'_>) -> Result<RumorId, Refusal> {
        self.tell(host, Input::Publish(publication))?;
        let published = self.node(host).and_then(Node::published);
        Ok(published.expect("it was taken"))
    }

    /// Has a node deliver the rumors of a topic, or of all topics.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn subscribe(&mut self, host: HostId, topic: Option<Topic>, order: Order) -> Result<(), Refusal> {
        self.tell(host, Input::Subscribe { topic, order })
    }

    /// Has a node write into its own map.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn write(&mut self, host: HostId, write: Write<'_>) -> Result<(), Refusal> {
        self.ask_to_write(host, &Written::Own(&write), Input::Write(write))
    }

    /// Has a node write a key that all may write.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn write_shared(&mut self, host: HostId, write: SharedWrite<'_>) -> Result<(), Refusal> {
        self.ask_to_write(host, &Written::Shared(&write), Input::WriteShared(write))
    }

    /// Has all nodes forget what they hold of others' keys, and owners tell theirs anew.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn reset_state(&mut self, host: HostId) -> Result<(), Refusal> {
        self.tell(host, Input::ResetState)
    }

    /// Has a node ask all others how much they hold of what an owner has written in a life.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn survey(&mut self, host: HostId, (owner, life, version): (NodeId, u32, u64)) -> Result<(), Refusal> {
        self.tell(host, Input::Survey { owner, life, version })
    }

    /// Has a node ask the others no more.
    ///
    /// # Errors
    /// Never.
    pub fn end_survey(&mut self, host: HostId) -> Result<(), Refusal> {
        self.tell(host, Input::EndSurvey)
    }

    /// Has a node contribute a number to what is averaged, or none any more.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn contribute(&mut self, host: HostId, name: &[u8], value: Option<f64>) -> Result<(), Refusal> {
        self.tell(host, Input::Contribute { name, value })
    }

    /// Has a node tell of changes of the keys that begin so.
    ///
    /// # Errors
    /// The node's refusal.
    pub fn watch(&mut self, host: HostId, prefix: &[u8]) -> Result<(), Refusal> {
        self.tell(host, Input::Watch(prefix))
    }

    // What tests do to datagrams.

    /// Asks `meddler` about every datagram from now on, before the network is asked; `None` ends it.
    pub fn meddle(&mut self, meddler: Option<Meddler>) {
        self.meddler = meddler;
    }

    /// How many datagrams are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Sends everything that is held on its way, in the order in which it was sent, and says how many. The meddler is not
    /// asked again.
    pub fn release(&mut self) -> usize {
        let held = core::mem::take(&mut self.held);
        let n = held.len();
        for (from, flight) in held {
            self.carry(from, flight.from, flight.to, Span::ZERO, &flight.bytes);
        }
        n
    }

    /// Puts a datagram of a test's own making in front of a host at once, as if it came from `from`.
    pub fn inject(&mut self, from: SocketAddr, to: HostId, bytes: &[u8]) {
        let to = self.hosts[to.index()].addr;
        if !self.flights.push(self.now, from, to, Cargo::Datagram, bytes) {
            self.tally.overflowed += 1;
        }
    }

    // Time.

    /// Lets one thing happen: the next datagram arrives or the next timer fires. `false` when nothing is due, ever.
    pub fn step(&mut self) -> bool {
        let tick = self.ticks.first();
        let (at, tick) = match (self.flights.first(), tick) {
            (None, None) => return false,
            (Some(flight), None) => (flight, None),
            (None, Some((due, key))) => (due, Some(key)),
            // Datagrams first: what has arrived counts before what has not.
            (Some(flight), Some((due, _))) if flight <= due => (flight, None),
            (Some(_), Some((due, key))) => (due, Some(key)),
        };
        self.now = self.now.max(at);
        match tick {
            Some(key) => {
                self.look_ahead();
                self.wake(HostId(key));
            }
            None => self.arrive(),
        }
        true
    }

    /// Lets `span` pass.
    pub fn run_for(&mut self, span: Span) {
        let end = self.now + span;
        while self.next_due().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until `holds`, looking every 5 ms, and says how long it took; `None` when `limit` passed first.
    pub fn run_until(&mut self, limit: Span, mut holds: impl FnMut(&Self) -> bool) -> Option<Span> {
        let begin = self.now;
        loop {
            if holds(self) {
                return Some(self.now.since(begin));
            }
            if self.now.since(begin) >= limit {
                return None;
            }
            self.run_for(LOOK_EVERY);
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let tick = self.ticks.first().map(|(at, _)| at);
        [self.flights.first(), tick].into_iter().flatten().min()
    }

    // Inside.

    /// A new host with its node, which has not been told to join.
    pub(super) fn settle(&mut self, spec: &Spec) -> Result<HostId, ConfigError> {
        assert!(self.hosts.len() < self.bounds.hosts as usize, "more hosts than Bounds::hosts; raise it");
        let id = HostId(self.hosts.len() as u32);
        let addr = spec.addr.unwrap_or_else(|| address(id.0));
        self.hosts.push(Host::new(spec.clone(), addr));
        self.network.place_in_zone(id, &spec.zone);
        self.boot(id, addr)?;
        Ok(id)
    }

    fn boot(&mut self, id: HostId, addr: SocketAddr) -> Result<(), ConfigError> {
        let taken = self.places.get(&addr).is_some_and(|p| p.dead.is_none());
        assert!(!taken, "seed {}: somebody listens at {addr} already", self.seed);
        let (boot, dice) = (BootId::from_u64(self.rng.next_u64()), self.rng.next_u64());
        let drawn = Span::secs(u64::from(self.rng.below(400 * 86_400)));
        let host = &mut self.hosts[id.index()];
        host.clock = host.spec.clock.unwrap_or(drawn);
        let node = host.spec.node(addr, boot, dice, host.local(self.now))?;
        self.observer.started(self.now, id, &node);
        host.node = Some(node);
        host.addr = addr;
        host.process = Process::Up;
        self.places.insert(addr, Place { host: id, dead: None });
        Ok(())
    }

    fn tell(&mut self, host: HostId, input: Input<'_>) -> Result<(), Refusal> {
        match self.hosts[host.index()].process {
            Process::Up | Process::Starved(_) => self.drive(host, input),
            Process::Blocked | Process::Paused | Process::Down => {
                panic!("seed {}: {} is not running", self.seed, self.name(host))
            }
        }
    }

    fn ask_to_write(&mut self, host: HostId, what: &Written<'_>, input: Input<'_>) -> Result<(), Refusal> {
        if let Some(node) = &self.hosts[host.index()].node {
            self.observer.writing(self.now, host, node, what);
        }
        self.tell(host, input)?;
        if let Some(node) = &self.hosts[host.index()].node {
            self.observer.wrote(self.now, host, node);
        }
        Ok(())
    }

    /// One input, then the transmits, then the events, then the timeout: the contract of the four calls.
    pub(super) fn drive(&mut self, id: HostId, input: Input<'_>) -> Result<(), Refusal> {
        let at = id.index();
        let Some(mut node) = self.hosts[at].node.take() else {
            return Err(Refusal::NotRunning);
        };
        let local = self.hosts[at].local(self.now);
        let result = self.call(id, || node.handle_input(local, input));
        let mut buf = core::mem::take(&mut self.buf);
        let mut transmits = 0;
        let blocked = self.hosts[at].process == Process::Blocked;
        while let Some(transmit) = (!blocked).then(|| self.call(id, || node.poll_transmit(local, &mut buf))).flatten() {
            self.send(id, transmit.to, &buf[..transmit.len]);
            transmits += 1;
            assert!(transmits < TRANSMITS_PER_INPUT_MAX, "{} never stops sending", self.hosts[at].spec.name);
        }
        self.buf = buf;
        let (now, events_max) = (self.now, self.bounds.events as usize);
        while let Some(event) = self.call(id, || node.poll_event()) {
            self.observer.event(now, id, &event);
            self.hosts[at].note(now, event, events_max);
        }
        let host = &mut self.hosts[at];
        if O::CHANGES {
            while let Some((slot, member)) = node.poll_changed() {
                self.observer.changed(now, id, slot, member.as_ref());
            }
        }
        match (host.runs_at, node.poll_timeout()) {
            (Some(_), _) => {}
            (None, Some(local)) => self.ticks.set(id.0, host.world_time(local).max(now)),
            (None, None) => self.ticks.cancel(id.0),
        }
        self.observer.stepped(now, id, &node);
        host.node = Some(node);
        result
    }

    /// Calls a node, with whoever watches told before and after.
    fn call<T>(&mut self, id: HostId, call: impl FnOnce() -> T) -> T {
        self.observer.calling();
        let result = call();
        self.observer.called(self.now, id);
        result
    }

    /// The timer of a host has fired: it runs, or will, where it is starved.
    fn wake(&mut self, id: HostId) {
        let host = &mut self.hosts[id.index()];
        let (at, n) = host.ticks;
        host.ticks = if at == self.now { (at, n + 1) } else { (self.now, 1) };
        assert!(host.ticks.1 < TICKS_PER_INSTANT_MAX, "{} asks for tick after tick at one instant", host.spec.name);
        match (host.process, host.runs_at) {
            (Process::Starved(late), None) => self.run_later(id, late),
            (Process::Starved(_), Some(_)) => self.run(id),
            (Process::Up | Process::Blocked, _) => self.drive(id, Input::Tick).expect("a tick is never refused"),
            (Process::Paused | Process::Down, _) => {}
        }
    }

    /// Something is due for a starved process, which does not run yet.
    pub(super) fn run_later(&mut self, id: HostId, late: Latency) {
        let at = self.now + late.draw(&mut self.rng);
        self.hosts[id.index()].runs_at = Some(at);
        self.ticks.set(id.0, at);
    }

    /// A process gets to run after a while: first what its socket holds, then the clock.
    fn run(&mut self, id: HostId) {
        self.hosts[id.index()].runs_at = None;
        self.read(id);
        self.drive(id, Input::Tick).expect("a tick is never refused");
    }

    fn read(&mut self, id: HostId) {
        while let Some(flight) = self.hosts[id.index()].inbox.pop_front() {
            self.hand(id, flight);
        }
    }
}

impl<O: Observer> Drop for World<O> {
    /// Whatever failed while this world was alive, the seed is what replays it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the world above: seed {}, at {} ms, {:?}",
                self.seed,
                self.now.as_nanos() / 1_000_000,
                self.tally
            );
        }
    }
}
