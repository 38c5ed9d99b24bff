//! What does a node in a cluster of N go through? One real [`Node`], and N - 1 peers that exist only as what they send.
//!
//! The node is driven through its four calls and nothing else; whatever it knows, it learned from datagrams. The peers
//! answer its pings, give their profiles when asked, and agree with it about the membership and about rumors, so that a
//! cluster that is left alone is quiet. Datagrams for a measurement are written beforehand ([`Batch`]), so that the clock sees the node only.

use std::net::{Ipv4Addr, SocketAddr};

use bruit::wire::{
    Binding, Claim, Datagram, Header, Kind, MIN_MAX_DATAGRAM, OVERHEAD, Profile, RawAck, RawClaim, RawPing,
    RawPingRequest, RawRumor, Rumor, SECTION_HEADER, Section, State, Writer,
};
use bruit::{
    BootId, Class, ClusterKey, Config, Identity, Incarnation, Input, Instant, Limits, Name, Node, NodeId, Params, Rng,
    RumorId, Span, Topic,
};

/// The size of a datagram here: the default of every profile.
pub const DATAGRAM: usize = MIN_MAX_DATAGRAM;
/// Claims about known members that fill one datagram.
pub const CLAIMS_IN_FULL: usize = (DATAGRAM - OVERHEAD - SECTION_HEADER) / size_of::<RawClaim>();
/// Claims that fill what a ping or an ack leaves of one datagram.
pub const CLAIMS_BESIDE_ACK: usize =
    (DATAGRAM - OVERHEAD - (SECTION_HEADER + size_of::<RawAck>()) - SECTION_HEADER) / size_of::<RawClaim>();

/// Bytes of payload of a rumor here.
pub const RUMOR_BYTES: usize = 64;
/// Such rumors that fill one datagram.
pub const RUMORS_IN_FULL: usize = (DATAGRAM - OVERHEAD - SECTION_HEADER) / (size_of::<RawRumor>() + RUMOR_BYTES);

const LABEL: &str = "bench";
const PORT: u16 = 4_100;

/// A member that exists only as what it sends.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its number among all members.
    number: usize,
    name: String,
    pub(super) id: NodeId,
    boot: BootId,
    pub(super) incarnation: Incarnation,
    state: State,
    counter: u32,
}

impl Peer {
    fn renew(&mut self) {
        self.incarnation = self.incarnation.above().expect("numbers enough");
    }
}

/// A node and its peers.
pub struct Cluster {
    /// The node.
    pub node: Node,
    /// The time that the node was last told.
    pub now: Instant,
    pub(super) peers: Vec<Peer>,
    /// The node's place among all members: the peers have the others, in order.
    own: usize,
    boot: BootId,
    /// Where the peers write.
    pub(super) reply: [u8; DATAGRAM],
}

/// Datagrams that wait to be handed to a node, one behind the other in memory and with little beside them: a stream that
/// disturbs the caches no more than a socket's buffers do.
#[derive(Default)]
pub struct Batch {
    bytes: Vec<u8>,
    /// The member that sends it, and where it ends.
    ends: Vec<(u32, u32)>,
}

impl Batch {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Their bytes, all together.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn push(&mut self, from: usize, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push((index(from), index(self.bytes.len())));
    }

    /// Each of them as an input.
    pub fn inputs(&self) -> impl Iterator<Item = Input<'_>> {
        let mut start = 0;
        self.ends.iter().map(move |&(from, end)| {
            let bytes = &self.bytes[start as usize..end as usize];
            start = end;
            Input::Datagram { from: addr_of(from as usize), bytes }
        })
    }
}

fn index(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2^32")
}

/// Parameters of the `lan` profile with room for `members`.
pub fn params(members: usize) -> Params {
    let limits = Limits::for_members(u32::try_from(members).expect("a size that fits"));
    Params::new(&Config::default(), &limits).expect("the profile agrees with itself")
}

/// The address of the member with this number.
pub fn addr_of(member: usize) -> SocketAddr {
    let [_, a, b, c] = u32::try_from(member).expect("fewer than 2^24 members").to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, a, b, c), PORT))
}

fn member_at(addr: SocketAddr) -> Option<usize> {
    match addr {
        SocketAddr::V4(v4) => {
            let [ten, a, b, c] = v4.ip().octets();
            (ten == 10).then(|| u32::from_be_bytes([0, a, b, c]) as usize)
        }
        SocketAddr::V6(_) => None,
    }
}

impl Cluster {
    /// A node that knows `members` members, itself included, and has nothing left to say about any of them.
    pub fn quiet(members: usize) -> Self {
        let mut cluster = Self::new(members);
        cluster.teach();
        cluster.settle();
        cluster
    }

    /// Two nodes that know the same `members` members, themselves included: each is a peer to the other, so far one that exists
    /// only as what it sends.
    pub fn pair(members: usize, params: &Params) -> [Self; 2] {
        [members - 1, members - 2].map(|own| {
            let mut cluster = Self::of(members, own, params.clone());
            cluster.teach();
            cluster.settle();
            cluster
        })
    }

    fn new(members: usize) -> Self {
        Self::of(members, members - 1, params(members + 8))
    }

    /// The node is the member with the number `own`.
    fn of(members: usize, own: usize, params: Params) -> Self {
        let mut dice = Rng::from_seed(7);
        let mut peers: Vec<Peer> = (0..members)
            .map(|number| {
                let name = format!("node-{number:05}");
                let id = NodeId::from_name(&name);
                let boot = BootId::from_u64(dice.next_u64());
                Peer { number, name, id, boot, incarnation: Incarnation::FIRST, state: State::Alive, counter: 0 }
            })
            .collect();
        let me = peers.remove(own);
        let identity = Identity {
            name: Name::new(&me.name).expect("a name"),
            cluster: LABEL,
            addr: addr_of(own),
            boot: me.boot,
            zone: "a",
            tags: &[],
        };
        let now = Instant::from_nanos(1_000_000_000);
        let node = Node::new(params, &identity, 42, now).expect("a usable identity");
        Self { node, now, peers, own, boot: me.boot, reply: [0; DATAGRAM] }
    }

    /// The member that the node is.
    pub fn own_addr(&self) -> SocketAddr {
        addr_of(self.own)
    }

    /// The number of a peer among all members.
    pub(super) fn number(&self, peer: usize) -> usize {
        self.peers[peer].number
    }

    /// The peer at an address.
    fn peer_at(&self, addr: SocketAddr) -> Option<usize> {
        let number = member_at(addr).filter(|number| *number != self.own && *number <= self.peers.len())?;
        Some(if number < self.own { number } else { number - 1 })
    }

    /// Founds a cluster, then lets the first peer introduce itself and tell of all the others.
    fn teach(&mut self) {
        self.input(Input::Join(&[]));
        self.step(Span::millis(1));
        let mut next = 0;
        while next < self.peers.len() {
            let first = next;
            let from = 0;
            let len = self.write_introduction(from, |peers, writer| {
                // The sender's own profile opens its introduction; the others follow as long as there is room.
                while next < peers.len() && write_profile(&peers[next], writer) {
                    next += 1;
                }
            });
            assert!(next > first, "a datagram holds at least one profile");
            self.deliver(from, len);
            self.step(Span::millis(1));
        }
        let known = self.node.members().count();
        assert_eq!(known, self.peers.len() + 1, "every peer has been taken into the table");
    }

    /// Lets time pass until the node has told its news as often as it wants to, and every peer has answered a ping of its:
    /// before that it introduces itself with each datagram.
    fn settle(&mut self) {
        // Twice a whole round of probes, and twenty seconds of silence.
        let seconds_max = 4 * self.members() + 600;
        let told = |node: &Node| node.counters().sent(Kind::Claims) + node.counters().sent(Kind::Profiles);
        let (mut silent, mut last) = (0, told(&self.node));
        for _ in 0..seconds_max {
            self.step(Span::secs(1));
            let now = told(&self.node);
            silent = if now == last { silent + 1 } else { 0 };
            last = now;
            if silent >= 20 && self.node.members().all(|m| m.is_self || m.verified) {
                return;
            }
        }
        panic!("the node has not come to rest in {seconds_max} s");
    }

    /// How many members there are, the node included.
    pub fn members(&self) -> usize {
        self.peers.len() + 1
    }

    /// Hands the node one input at the present time.
    pub fn input(&mut self, input: Input<'_>) {
        self.node.handle_input(self.now, input).expect("an input that the node takes now");
    }

    /// Hands over what waits to be sent and answers it as the peers would, until nothing waits.
    pub fn drain(&mut self) {
        let mut buf = [0; DATAGRAM];
        // A peer's answer may itself be answered; the bound is far above what any input causes.
        for _ in 0..100_000 {
            let Some(transmit) = self.node.poll_transmit(self.now, &mut buf) else {
                while self.node.poll_event().is_some() {}
                return;
            };
            self.answer(transmit.to, &buf[..transmit.len]);
        }
        panic!("the node has something to send for ever");
    }

    /// Lets `span` pass: every deadline is met on time and every ping is answered.
    pub fn step(&mut self, span: Span) {
        let until = self.now + span;
        self.drain();
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.input(Input::Tick);
            self.drain();
        }
        self.now = until;
    }

    /// `count` pings; the senders come in rounds of a random order.
    pub fn pings(&mut self, count: usize, dice: &mut Rng) -> Batch {
        let mut batch = Batch::default();
        let order = self.shuffled(dice);
        for from in order.into_iter().cycle().take(count) {
            let nonce = dice.next_u32();
            let len = self.write(from, false, |_, writer| {
                assert!(writer.push(Kind::Ping, &RawPing { nonce: nonce.into() }), "a ping fits");
            });
            batch.push(self.number(from), &self.reply[..len]);
        }
        batch
    }

    /// `count` full datagrams of claims that the node holds already; the subjects come in rounds of a random order.
    pub fn redundant_claims(&mut self, count: usize, dice: &mut Rng) -> Batch {
        self.claims(count, dice, |_| {})
    }

    /// `count` full datagrams of claims each of which is news: its subject has raised its number.
    pub fn news(&mut self, count: usize, dice: &mut Rng) -> Batch {
        self.claims(count, dice, Peer::renew)
    }

    /// `count` full datagrams of suspicions about members that were held to be alive, and as many of refutations.
    pub fn suspicions(&mut self, count: usize, dice: &mut Rng) -> (Batch, Batch) {
        let seed = dice.next_u64();
        let accuse = self.claims(count, &mut Rng::from_seed(seed), |peer| peer.state = State::Suspect);
        let clear = self.claims(count, &mut Rng::from_seed(seed), |peer| {
            peer.state = State::Alive;
            peer.renew();
        });
        (accuse, clear)
    }

    /// A peer asks the node to ping another member.
    pub fn ping_request(&mut self, target: SocketAddr, dice: &mut Rng) -> Batch {
        let target = self.peer_at(target).expect("a peer");
        let from = (target + 1) % self.peers.len();
        let len = self.write(from, false, |peers, writer| {
            let Peer { id, boot, .. } = &peers[target];
            let request = RawPingRequest::new(*id, boot.tag(), dice.next_u32(), Span::millis(500));
            assert!(writer.push(Kind::PingRequest, &request), "a request fits");
        });
        let mut batch = Batch::default();
        batch.push(self.number(from), &self.reply[..len]);
        batch
    }

    /// Datagrams that renew the first `count` peers, so that as many claims wait to be passed on.
    pub fn news_of_first(&mut self, count: usize, dice: &mut Rng) -> Batch {
        let subjects: Vec<usize> = (0..count.min(self.peers.len())).collect();
        let mut batch = Batch::default();
        for part in subjects.chunks(CLAIMS_IN_FULL) {
            part.iter().for_each(|s| self.peers[*s].renew());
            let from = self.any(dice);
            let len = self.write_claims(from, part);
            batch.push(self.number(from), &self.reply[..len]);
        }
        batch
    }

    /// A datagram full of profiles, and how many those are.
    pub fn profiles(&mut self) -> (Batch, usize) {
        let mut count = 0;
        let len = self.write(0, false, |peers, writer| {
            while count < peers.len() && write_profile(&peers[count], writer) {
                count += 1;
            }
        });
        let mut batch = Batch::default();
        batch.push(self.number(0), &self.reply[..len]);
        (batch, count)
    }

    /// `count` full datagrams of urgent rumors of 64 bytes, of `origins` peers in turn, each of which has `row` of them at a
    /// time. `next` numbers all rumors from 0 on, and moves on.
    pub fn rumors(&mut self, count: usize, origins: usize, row: u64, next: &mut u64) -> Batch {
        let mut batch = Batch::default();
        for _ in 0..count {
            let numbers = *next..*next + RUMORS_IN_FULL as u64;
            let from = (*next as usize / RUMORS_IN_FULL + 7) % self.peers.len();
            *next = numbers.end;
            let len = self.write(from, false, |peers, writer| {
                for number in numbers {
                    let (turn, nth) = (number / row, number % row);
                    let origin = &peers[turn as usize % origins];
                    let sequence = turn / origins as u64 * row + nth + 1;
                    let rumor = Rumor {
                        id: RumorId { origin: origin.id, boot: origin.boot.tag(), sequence },
                        topic: Topic::from_u64(1),
                        class: Class::Urgent,
                        age_us: 90,
                        hops: 1,
                        asks: false,
                        payload: &[0x5a; RUMOR_BYTES],
                    };
                    assert!(rumor.write(writer), "they fit");
                }
            });
            batch.push(self.number(from), &self.reply[..len]);
        }
        batch
    }

    /// What the checksum of a datagram from this address to the node covers beside its bytes.
    pub fn binding_from(&self, from: SocketAddr) -> Binding {
        let peer = self.peer_at(from).expect("an address of a peer");
        binding(self.peers[peer].boot, self.boot)
    }

    fn any(&self, dice: &mut Rng) -> usize {
        dice.below(index(self.peers.len())) as usize
    }

    /// All peers in a random order.
    fn shuffled(&self, dice: &mut Rng) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.peers.len()).collect();
        for at in 0..all.len() {
            let other = at + dice.below(index(all.len() - at)) as usize;
            all.swap(at, other);
        }
        all
    }

    /// `count` full datagrams of claims about peers that `change` was done to before.
    fn claims(&mut self, count: usize, dice: &mut Rng, change: impl Fn(&mut Peer)) -> Batch {
        let mut batch = Batch::default();
        let order = self.shuffled(dice);
        let per = self.claims_in_full();
        // Whole datagrams of each round only: nobody comes twice in one.
        let parts = order.chunks_exact(per).cycle().take(count);
        for part in parts {
            part.iter().for_each(|s| change(&mut self.peers[*s]));
            let from = self.any(dice);
            let len = self.write_claims(from, part);
            batch.push(self.number(from), &self.reply[..len]);
        }
        batch
    }

    /// Claims in a full datagram of this cluster.
    pub fn claims_in_full(&self) -> usize {
        CLAIMS_IN_FULL.min(self.peers.len())
    }

    /// Full datagrams of claims that it takes to speak of everybody once.
    pub fn datagrams_in_round(&self) -> usize {
        self.peers.len() / self.claims_in_full()
    }

    fn write_claims(&mut self, from: usize, subjects: &[usize]) -> usize {
        self.write(from, false, |peers, writer| {
            for &subject in subjects {
                let claim = RawClaim::new(&claim_of(&peers[subject], peers[from].id));
                assert!(writer.push(Kind::Claims, &claim), "{} claims fit", subjects.len());
            }
        })
    }

    fn write_introduction(&mut self, from: usize, fill: impl FnOnce(&[Peer], &mut Writer<'_>)) -> usize {
        self.write(from, true, fill)
    }

    /// Writes a datagram of a peer's to the node into `self.reply`.
    pub(super) fn write(&mut self, from: usize, intro: bool, fill: impl FnOnce(&[Peer], &mut Writer<'_>)) -> usize {
        let membership = self.node.membership_fingerprint() as u32;
        let (rumors, state) = (self.node.rumor_root(), self.node.state_root());
        let peer = &mut self.peers[from];
        peer.counter += 1;
        let (boot, counter) = (peer.boot, peer.counter);
        let header = Header {
            cluster: ClusterKey::from_label(LABEL).tag(),
            sender: peer.id,
            boot_tag: boot.tag(),
            intro: intro.then(|| (boot.high(), 0)),
            receiver: Some(self.boot.short()),
            counter,
            membership,
            rumors: Header::part(rumors, counter),
            state: Header::part(state, counter),
        };
        let mut writer = Writer::new(&mut self.reply, DATAGRAM, &header).expect("a whole datagram");
        fill(&self.peers, &mut writer);
        writer.finish(&binding(boot, self.boot))
    }

    fn deliver(&mut self, from: usize, len: usize) {
        let input = Input::Datagram { from: addr_of(self.number(from)), bytes: &self.reply[..len] };
        self.node.handle_input(self.now, input).expect("a datagram is never an error");
    }

    /// What the peer at `to` does with a datagram of the node's; its own is handed to the node.
    pub fn answer(&mut self, to: SocketAddr, bytes: &[u8]) {
        if let Some((from, len)) = self.write_answer(to, bytes) {
            self.deliver(from, len);
        }
    }

    /// The same, but its own is put to others that are handed in later.
    pub fn answer_later(&mut self, to: SocketAddr, bytes: &[u8], batch: &mut Batch) {
        if let Some((from, len)) = self.write_answer(to, bytes) {
            batch.push(self.number(from), &self.reply[..len]);
        }
    }

    /// Which peer answers a datagram of the node's, and with how many bytes.
    fn write_answer(&mut self, to: SocketAddr, bytes: &[u8]) -> Option<(usize, usize)> {
        let to = self.peer_at(to)?;
        let (acks, introduce) = asked_for(bytes, self.boot, self.peers[to].boot);
        if acks == [None; 2] && !introduce {
            return None;
        }
        let len = self.write(to, introduce, |peers, writer| {
            for nonce in acks.into_iter().flatten() {
                assert!(writer.push(Kind::Ack, &RawAck { nonce: nonce.into() }), "an ack fits");
            }
            if introduce {
                assert!(write_profile(&peers[to], writer), "a profile fits beside an ack");
            }
        });
        Some((to, len))
    }
}

/// The nonces that a datagram of the node's wants back, and whether it asks its receiver to introduce itself.
fn asked_for(bytes: &[u8], node: BootId, receiver: BootId) -> ([Option<u32>; 2], bool) {
    let mut acks = [None; 2];
    let mut introduce = false;
    let datagram = Datagram::parse(bytes).expect("the node writes whole headers");
    let receiver = datagram.header.receiver.map(|_| receiver);
    let bound = Binding { cluster: ClusterKey::from_label(LABEL), sender: node, receiver, counter_high: 0 };
    for section in datagram.open(&bound).expect("the node writes whole datagrams") {
        match section {
            Section::Ping(ping) => acks[0] = Some(ping.nonce.get()),
            Section::PingRequest(request) => acks[1] = Some(request.nonce.get()),
            Section::Whois(_) | Section::Want(_) => introduce = true,
            Section::Ack(_)
            | Section::Nack(_)
            | Section::Claims(_)
            | Section::Profiles(_)
            | Section::Leave(_)
            | Section::Hello(_)
            | Section::Cookie(_)
            | Section::PageRequest(_)
            | Section::Page(_)
            | Section::Sums(_)
            | Section::Listing(_)
            | Section::Rumors(_)
            | Section::RumorDigests(_)
            | Section::RumorFeedback(_)
            | Section::RumorWants(_)
            | Section::RumorSync(_)
            | Section::RumorPage(_)
            | Section::StateSums(_)
            | Section::StateListing(_)
            | Section::StateWants(_)
            | Section::StatePage(_)
            | Section::StateWalk(_)
            | Section::StateSpan(_)
            | Section::Survey(_)
            | Section::Surveyed(_)
            | Section::Averages(_)
            | Section::Unknown(_) => {}
        }
    }
    (acks, introduce)
}

fn binding(sender: BootId, receiver: BootId) -> Binding {
    Binding { cluster: ClusterKey::from_label(LABEL), sender, receiver: Some(receiver), counter_high: 0 }
}

fn claim_of(peer: &Peer, by: NodeId) -> Claim {
    let accuser = match peer.state {
        State::Suspect | State::Dead => by.tag(),
        State::Alive | State::Left => 0,
    };
    Claim { subject: peer.id, incarnation: peer.incarnation, state: peer.state, accuser, boot: peer.boot.short() }
}

fn write_profile(peer: &Peer, writer: &mut Writer<'_>) -> bool {
    let profile = Profile {
        claim: claim_of(peer, peer.id),
        boot: peer.boot,
        addr: addr_of(peer.number),
        protocol: (1, 1),
        name: &peer.name,
        zone: "a",
        tags: &[],
    };
    profile.write(writer)
}
