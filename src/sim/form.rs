//! How does one get a large cluster without waiting for it? Nodes that are told of each other as a joiner is, all at once.
//!
//! Ten thousand nodes that join one after the other tell each other so ten thousand times; whoever wants to see what a
//! cluster does once it stands need not pay for that. Each node says hello and asks for pages as ever; the world answers in
//! the name of its neighbour, with real datagrams, from what the nodes say of themselves. Nothing is put into a node that
//! it could not have learned from the wire. What differs from a cluster that has grown: no news of it is under way but
//! each node's own arrival, no round trip is learned, and all are as old as each other.

use core::net::SocketAddr;

use super::host::{HostId, Spec};
use super::observe::Observer;
use super::passing::sections_of;
use super::world::World;
use crate::error::ConfigError;
use crate::id::{BootId, ClusterKey, Incarnation, NodeId};
use crate::membership::END;
use crate::node::{Input, Node, Phase};
use crate::time::Instant;
use crate::wire::{
    Binding, Claim, Cookie, Header, Kind, MIN_MAX_DATAGRAM, Profile, RawCookie, RawPage, RawPageRequest,
    SECTION_HEADER, Section, SeedStatus, State, VERSION, Writer,
};

/// What a node says of itself.
#[derive(Debug)]
struct Pupil {
    boot: BootId,
    addr: SocketAddr,
    name: String,
    zone: String,
    tags: Vec<u8>,
}

impl Pupil {
    fn of(node: &Node) -> Self {
        let me = node.me();
        Self {
            boot: me.boot,
            addr: me.addr,
            name: me.name.to_owned(),
            zone: me.zone.to_owned(),
            tags: me.raw_tags.to_vec(),
        }
    }

    fn id(&self) -> NodeId {
        NodeId::from_name(&self.name)
    }

    /// Where it stands in the id space, as pages count.
    fn point(&self) -> u32 {
        (self.id().as_u64() >> 32) as u32
    }

    /// Its profile in its first life.
    fn profile(&self) -> Profile<'_> {
        Profile {
            claim: Claim {
                subject: self.id(),
                incarnation: Incarnation::FIRST,
                state: State::Alive,
                accuser: 0,
                boot: self.boot.short(),
            },
            boot: self.boot,
            addr: self.addr,
            protocol: (VERSION, VERSION),
            name: &self.name,
            zone: &self.zone,
            tags: &self.tags,
        }
    }
}

impl<O: Observer> World<O> {
    /// Starts one node for each of `specs`, all of which know each other at once, as members that have just joined.
    ///
    /// Costs about the time of `n²` profiles read. The tables are filled without a datagram on the network; what the nodes
    /// have to say of themselves then goes over it as ever, so let a spreading time pass for a cluster at rest.
    ///
    /// # Errors
    /// As [`World::start`].
    ///
    /// # Panics
    /// As [`World::start`]; and when a node has no room for all the others.
    pub fn form(&mut self, specs: &[Spec]) -> Result<Vec<HostId>, ConfigError> {
        let hosts = specs.iter().map(|spec| self.settle(spec)).collect::<Result<Vec<_>, _>>()?;
        let mut pupils = Vec::with_capacity(hosts.len());
        for host in &hosts {
            pupils.extend(self.node(*host).map(|node| (Pupil::of(node), *host)));
        }
        pupils.sort_by_key(|(pupil, _)| pupil.id());
        let (pupils, order): (Vec<Pupil>, Vec<HostId>) = pupils.into_iter().unzip();
        for (at, host) in order.iter().enumerate() {
            let cluster = ClusterKey::from_label(&self.hosts[host.index()].spec.cluster);
            let now = self.hosts[host.index()].local(self.now);
            let taught = match &mut self.hosts[host.index()].node {
                Some(node) => Lesson { cluster, pupils: &pupils, at, counter: 0 }.teach(node, now),
                None => false,
            };
            assert!(taught, "seed {}: {} has room for {} others", self.seed(), self.name(*host), hosts.len() - 1);
            self.drive(*host, Input::Tick).expect("a tick is never refused");
        }
        Ok(hosts)
    }
}

/// One pupil is told of all the others by the next one of them.
struct Lesson<'a> {
    cluster: ClusterKey,
    pupils: &'a [Pupil],
    at: usize,
    counter: u32,
}

impl Lesson<'_> {
    /// Says whether the node is a member at the end and knows everybody. What it has to say then waits in it.
    fn teach(&mut self, node: &mut Node, now: Instant) -> bool {
        let alone = self.pupils.len() == 1;
        let teacher = &self.pupils[(self.at + 1) % self.pupils.len()];
        let seeds: &[SocketAddr] = if alone { &[] } else { &[teacher.addr] };
        let mut ok = node.handle_input(now, Input::Join(seeds)).is_ok();
        let mut buf = [0; crate::wire::MAX_MAX_DATAGRAM];
        // Each question gets its answer, and each answer of eight pages leads to one question.
        for _ in 0..self.pupils.len() + 8 {
            if node.phase() != Phase::Joining {
                break;
            }
            let Some(question) = node.poll_transmit(now, &mut buf) else { break };
            let Some(question) = Question::read(&buf[..question.len]) else { continue };
            for answer in self.answers(&question, node.me().addr) {
                ok &= node.handle_input(now, Input::Datagram { from: teacher.addr, bytes: &answer }).is_ok();
                while node.poll_event().is_some() {}
            }
        }
        ok && node.phase() == Phase::Joined && node.members_up() as usize == self.pupils.len()
    }

    fn answers(&mut self, question: &Question, pupil: SocketAddr) -> Vec<Vec<u8>> {
        match *question {
            Question::Hello { nonce } => vec![self.cookie(nonce, pupil)],
            Question::Pages { nonce, mut cursor, pages } => {
                let mut answers = Vec::new();
                while answers.len() < usize::from(pages) && cursor < END {
                    answers.push(self.page(nonce, &mut cursor));
                }
                answers
            }
        }
    }

    fn cookie(&mut self, nonce: u64, observed: SocketAddr) -> Vec<u8> {
        let cookie = Cookie {
            nonce,
            cookie: 0,
            uptime_ms: 0,
            status: SeedStatus::Joined,
            held: None,
            members: self.pupils.len() as u32,
            end: END,
            observed,
        };
        self.datagram(|writer| assert!(writer.push(Kind::Cookie, &RawCookie::new(&cookie)), "a cookie fits"))
    }

    /// The page from a point of the id space on, which is moved behind it.
    fn page(&mut self, nonce: u64, cursor: &mut u32) -> Vec<u8> {
        let (pupils, at) = (self.pupils, self.at);
        self.datagram(|writer| {
            let first = pupils.partition_point(|pupil| pupil.point() < *cursor);
            let mut room = writer.room(Kind::Page).saturating_sub(size_of::<RawPage>() + SECTION_HEADER);
            let fits = |(i, pupil): &(usize, &Pupil)| {
                let len = if first + i == at { 0 } else { pupil.profile().wire_len() };
                let rest = room.checked_sub(len);
                room = rest.unwrap_or(0);
                rest.is_some()
            };
            let end = first + pupils[first..].iter().enumerate().take_while(fits).count();
            let next = pupils.get(end).map_or(END, Pupil::point);
            assert!(next > *cursor, "a page holds all whose ids begin alike");
            assert!(writer.push(Kind::Page, &RawPage::new(nonce, *cursor, next, END)), "a page's head fits");
            for (_, pupil) in pupils[first..end].iter().enumerate().filter(|(i, _)| first + i != at) {
                assert!(pupil.profile().write(writer), "room was counted");
            }
            *cursor = next;
        })
    }

    fn datagram(&mut self, fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let (teacher, pupil) = (&self.pupils[(self.at + 1) % self.pupils.len()], &self.pupils[self.at]);
        self.counter += 1;
        let header = Header {
            cluster: self.cluster.tag(),
            sender: teacher.id(),
            boot_tag: teacher.boot.tag(),
            intro: Some((teacher.boot.high(), 0)),
            receiver: Some(pupil.boot.short()),
            counter: self.counter,
            membership: 0,
            rumors: 0,
            state: 0,
        };
        let mut buf = vec![0; MIN_MAX_DATAGRAM];
        let mut writer = Writer::new(&mut buf, MIN_MAX_DATAGRAM, &header).expect("a whole datagram");
        fill(&mut writer);
        let binding =
            Binding { cluster: self.cluster, sender: teacher.boot, receiver: Some(pupil.boot), counter_high: 0 };
        let len = writer.finish(&binding);
        buf.truncate(len);
        buf
    }
}

/// What a pupil wants to know.
enum Question {
    Hello { nonce: u64 },
    Pages { nonce: u64, cursor: u32, pages: u8 },
}

impl Question {
    /// What the sender of these bytes asks of a seed.
    fn read(bytes: &[u8]) -> Option<Self> {
        sections_of(bytes)?.into_iter().find_map(|section| {
            if let Section::Hello(hello) = section {
                Some(Self::Hello { nonce: hello.get().nonce })
            } else if let Section::PageRequest(RawPageRequest { nonce, cursor, pages, .. }) = section {
                Some(Self::Pages { nonce: nonce.get(), cursor: cursor.get(), pages: *pages })
            } else {
                None
            }
        })
    }
}
