//! Who is there? A handful of real nodes on a network of one queue, started, stopped and cut by the dice.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bruit::wire::Kind;
use bruit::{
    BootId, Config, DropReason, Event, Identity, Incarnation, Input, Instant, Limits, Mode, Name, Node, NodeId, Order,
    Params, Phase, Profile, Refusal, Rng, Span,
};

use super::forge::{DATAGRAM, LABEL, Party};
use super::support::allocations::counted;

/// How many real nodes there are, the two that share a name included.
pub const HOSTS: usize = 9;
/// Names that nobody answers to.
const GHOSTS: usize = 30;
const QUEUE_MAX: usize = 4_096;
const LATENCY: Span = Span::micros(300);

/// One real node, or the place where one was.
pub struct Host {
    name: Name,
    addr: SocketAddr,
    node: Option<Node>,
    /// Neither inputs nor time reach it before this.
    deaf_until: Instant,
    /// Its driver takes nothing from it before this, whatever the contract says.
    idle_until: Instant,
}

struct Packet {
    at: Instant,
    from: SocketAddr,
    to: SocketAddr,
    len: usize,
    bytes: [u8; DATAGRAM],
}

/// The network, the nodes and what was seen of them.
pub struct Hosts {
    pub now: Instant,
    pub dice: Rng,
    pub hosts: Vec<Host>,
    /// The hosts, then the ghosts, as far as they are known from outside.
    pub parties: Vec<Party>,
    queue: VecDeque<Packet>,
    /// Inputs given to any node.
    pub inputs: u64,
    /// How often each thing happened.
    pub seen: BTreeMap<String, u64>,
}

/// Half push and pull, the others do one of both.
fn params(host: usize) -> Params {
    // Small, so that every capacity is reached.
    let limits = Limits {
        members: 16,
        profile_bytes: 64,
        text_bytes: 24,
        suspects: 2,
        probes: 2,
        relays: 2,
        outbox: 64,
        events: 16,
        seeds: 4,
        book: 4,
        origins: 3,
        rumor_window: 64,
        rumors: 64,
        rumor_bytes: 2_400,
        rumor_payload: 64,
        topics: 2,
        state_owners: 12,
        state_keys: 128,
        state_bytes: 8_000,
        state_value: 64,
        watches: 2,
        averages: 2,
    };
    // Budgets that a storm can spend, and a graveyard that empties while the test looks on.
    let config = Config {
        eager_per_second: 100,
        strangers_per_second: 100,
        repair_per_second: 100,
        datagrams_per_second: 400,
        bytes_per_second: 400_000,
        down_retention: std::time::Duration::from_secs(10),
        tombstone_retention: std::time::Duration::from_secs(3),
        state_mode: [Mode::PushPull, Mode::Pull, Mode::PushPull, Mode::Push][host % 4],
        ..Config::new(Profile::Local)
    };
    Params::new(&config, &limits).expect("agrees with itself")
}

fn addr_of(host: usize, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host as u8], port))
}

impl Hosts {
    pub fn new(seed: u64) -> Self {
        let mut dice = Rng::from_seed(seed);
        let hosts: Vec<Host> = (0..HOSTS)
            .map(|i| {
                // The last two bear one name.
                let name = Name::new(&format!("host-{}", i.min(HOSTS - 2))).expect("a name");
                Host { name, addr: addr_of(i, 4_000), node: None, deaf_until: Instant::ZERO, idle_until: Instant::ZERO }
            })
            .collect();
        let real = hosts.iter().map(|h| (h.name.as_str().to_owned(), h.addr));
        let ghosts = (0..GHOSTS).map(|i| (format!("ghost-{i}"), addr_of(100 + i, 4_000)));
        let parties = real
            .chain(ghosts)
            .map(|(name, addr)| Party {
                id: NodeId::from_name(&name),
                name,
                boot: BootId::from_u64(dice.next_u64()),
                addr,
                incarnation: Incarnation::FIRST,
                counter: 0,
            })
            .collect();
        let mut all = Self {
            now: Instant::from_nanos(1_000_000_000),
            dice,
            hosts,
            parties,
            queue: VecDeque::new(),
            inputs: 0,
            seen: BTreeMap::new(),
        };
        all.start(0, &[]);
        for host in 1..HOSTS - 1 {
            all.start(host, &[addr_of(0, 4_000), addr_of(1, 4_000)]);
        }
        all
    }

    pub fn saw(&mut self, what: impl Into<String>) {
        *self.seen.entry(what.into()).or_default() += 1;
    }

    pub fn is_up(&self, host: usize) -> bool {
        self.hosts[host].node.is_some()
    }

    pub fn any_host(&mut self) -> usize {
        self.dice.below(HOSTS as u32) as usize
    }

    /// Starts a host that is down, in a new life of its name.
    pub fn start(&mut self, host: usize, seeds: &[SocketAddr]) {
        let boot = BootId::from_u64(self.dice.next_u64());
        let h = &mut self.hosts[host];
        let identity =
            Identity { name: h.name, cluster: LABEL, addr: h.addr, boot, zone: "z", tags: &[("role", "db")] };
        let node = Node::new(params(host), &identity, self.dice.next_u64(), self.now).expect("a usable identity");
        h.node = Some(node);
        (h.deaf_until, h.idle_until) = (self.now, self.now);
        self.parties[host] = Party { boot, addr: h.addr, counter: 0, ..self.parties[host].clone() };
        self.give(host, Input::Join(seeds)).expect("the first join of a node");
        let order = if host % 2 == 0 { Order::Arrival } else { Order::Origin };
        self.give(host, Input::Subscribe { topic: None, order }).expect("whoever wants all needs no place");
        self.drain(host);
    }

    /// Starts a host that is down somewhere else, or on its old port.
    pub fn restart(&mut self, host: usize) {
        if self.dice.below(4) == 0 {
            let port = 4_000 + self.dice.below(50) as u16;
            self.hosts[host].addr = addr_of(host, port);
            self.saw("restarts on another address");
        }
        let seeds = [self.any_host(), self.any_host()].map(|seed| self.hosts[seed].addr);
        self.start(host, &seeds);
        self.saw("restarts");
    }

    /// Ends a process without a word.
    pub fn kill(&mut self, host: usize) {
        if let Some(node) = self.hosts[host].node.take() {
            self.keep_counts(&node);
        }
    }

    /// Nothing reaches a host for a while.
    pub fn pause(&mut self, host: usize, span: Span) {
        self.hosts[host].deaf_until = self.now + span;
    }

    /// Nothing is taken from a host for a while.
    pub fn idle(&mut self, host: usize, span: Span) {
        self.hosts[host].idle_until = self.now + span;
    }

    /// Hands one input to a node and fails if that allocates.
    pub fn give(&mut self, host: usize, input: Input<'_>) -> Result<(), Refusal> {
        let Some(node) = &mut self.hosts[host].node else { return Ok(()) };
        let now = self.now;
        let (tally, result) = counted(|| node.handle_input(now, input));
        self.inputs += 1;
        assert_eq!(tally.allocations, 0, "input {} allocated at {now:?}: {input:02x?}", self.inputs);
        let incarnation = node.me().incarnation;
        if incarnation > Incarnation::default() {
            self.parties[host].incarnation = incarnation;
        }
        result
    }

    /// Takes everything that a node has to give, and fails if any of it allocates.
    pub fn drain(&mut self, host: usize) {
        let (now, from) = (self.now, self.hosts[host].addr);
        if now < self.hosts[host].idle_until {
            return;
        }
        let Some(node) = &mut self.hosts[host].node else { return };
        let mut buf = [0; DATAGRAM];
        // Far above what one input can cause.
        for _ in 0..1_000 {
            let (tally, transmit) = counted(|| node.poll_transmit(now, &mut buf));
            assert_eq!(tally.allocations, 0, "a transmit allocated after input {}", self.inputs);
            let Some(transmit) = transmit else { break };
            let counter = buf[24..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            self.parties[host].counter = counter;
            if self.queue.len() < QUEUE_MAX && self.dice.below(50) > 0 {
                let packet = Packet { at: now + LATENCY, from, to: transmit.to, len: transmit.len, bytes: buf };
                self.queue.push_back(packet);
            }
        }
        // Nobody reads for a while, at times: the ring runs over.
        if self.dice.below(200) < 199 {
            self.read(host);
        }
    }

    /// Reads what an embedder reads, and fails if any of it allocates.
    fn read(&mut self, host: usize) {
        let Some(node) = &mut self.hosts[host].node else { return };
        let mut events = Vec::new();
        loop {
            let (tally, event) = counted(|| node.poll_event());
            assert_eq!(tally.allocations, 0, "an event allocated after input {}", self.inputs);
            let Some(event) = event else { break };
            if let Event::Changed(changed) = &event {
                let now = self.now;
                let (tally, _read) = counted(|| node.state_at(now, changed).map(|view| view.value.len()));
                assert_eq!(tally.allocations, 0, "reading a key allocated after input {}", self.inputs);
            }
            if let Event::Rumor(rumor) = &event {
                let now = self.now;
                let (tally, _read) = counted(|| (node.rumor(rumor).is_some(), node.retained(now, rumor.id).is_some()));
                assert_eq!(tally.allocations, 0, "reading a rumor allocated after input {}", self.inputs);
            }
            events.push(event.name());
        }
        let now = self.now;
        let (tally, _changed) = counted(|| {
            let changed = (0..64).take_while(|_| node.poll_changed().is_some()).count();
            let keys = (0..64).filter(|place| node.next_state_from(now, *place).is_some()).count();
            changed + keys + node.members().count() + node.usage().len() + node.counters().named().count()
        });
        assert_eq!(tally.allocations, 0, "reading allocated after input {}", self.inputs);
        events.into_iter().for_each(|event| self.saw(format!("event {event}")));
    }

    /// Goes on to the next thing that happens by itself: a datagram arrives, or a node's time has come.
    pub fn advance(&mut self) {
        let arrival = self.queue.front().map(|packet| packet.at);
        let deadline = (0..HOSTS).filter_map(|host| self.wakes(host).map(|at| (at, host))).min();
        match (arrival, deadline) {
            (Some(at), Some((due, host))) if due < at => self.wake(due, host),
            (Some(_), _) => self.arrive(),
            (None, Some((due, host))) => self.wake(due, host),
            (None, None) => self.now += Span::millis(1),
        }
    }

    fn wakes(&self, host: usize) -> Option<Instant> {
        let h = &self.hosts[host];
        let due = h.node.as_ref()?.poll_timeout()?;
        Some(due.max(h.deaf_until))
    }

    fn wake(&mut self, due: Instant, host: usize) {
        self.now = self.now.max(due);
        self.give(host, Input::Tick).expect("a tick is never refused");
        self.drain(host);
    }

    fn arrive(&mut self) {
        let Some(packet) = self.queue.pop_front() else { return };
        self.now = self.now.max(packet.at);
        let receiver = (0..HOSTS).find(|host| self.hosts[*host].addr == packet.to && self.is_up(*host));
        if let Some(host) = receiver {
            if self.hosts[host].deaf_until <= self.now {
                let input = Input::Datagram { from: packet.from, bytes: &packet.bytes[..packet.len] };
                self.give(host, input).expect("a datagram is never an error");
                self.drain(host);
            }
            return;
        }
        // Nobody listens there: one in two hosts says so.
        let sender = (0..HOSTS).find(|host| self.hosts[*host].addr == packet.from);
        if let Some(host) = sender.filter(|_| self.dice.below(2) == 0) {
            self.give(host, Input::Unreachable { to: packet.to }).expect("evidence is never an error");
            self.drain(host);
            self.saw("nobody listens there");
        }
    }

    /// The phase of a host that is up.
    pub fn phase(&self, host: usize) -> Option<Phase> {
        self.hosts[host].node.as_ref().map(Node::phase)
    }

    /// Some member that a host holds to be dead.
    pub fn dead_at(&self, host: usize) -> Option<NodeId> {
        let node = self.hosts[host].node.as_ref()?;
        node.members().find(|m| m.state == bruit::wire::State::Dead).map(|m| m.id)
    }

    /// Adds what a node counted to what was seen.
    fn keep_counts(&mut self, node: &Node) {
        let counters = node.counters();
        let mut add = |what: String, n: u64| *self.seen.entry(what).or_default() += n;
        counters.named().for_each(|(name, n)| add(format!("counter {name}"), n));
        DropReason::ALL.iter().for_each(|r| add(format!("drop {}", r.name()), counters.dropped(*r)));
        Kind::ALL.iter().for_each(|k| {
            add(format!("received {}", k.name()), counters.received(*k));
            add(format!("sent {}", k.name()), counters.sent(*k));
        });
    }
}
