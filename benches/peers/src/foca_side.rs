//! How does `foca` do it? At its best: a codec of fixed layout, an identity of eight bytes, a runtime that allocates nothing.
//!
//! In foca's favour: IPv4 only and a generation of 16 bits, where bruit has both families, profiles with names, 64-bit
//! boot and life numbers; no checksum, no cluster in the datagram. Its timers and notifications cost nothing here.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::num::{NonZeroU8, NonZeroUsize};
use std::time::Duration;

use bruit::Rng;
use foca::{Codec, Config, Foca, Header, Member, Message, NoCustomBroadcast, Notification, Runtime, Timer};
use rand_core::SeedableRng;
use rand_pcg::Pcg64;

use crate::codec::{Fixed, HEADER, Id, UPDATE};
use crate::side::{Engine, Sent, Side, sends};
use crate::support::allocations::counted;
use crate::support::cluster::DATAGRAM;

/// Updates that fill one datagram: beside the header stands their number in two bytes.
const UPDATES_IN_FULL: usize = (DATAGRAM - HEADER - 2) / UPDATE;

/// A node of foca's and what its peers last said of themselves.
pub struct FocaSide {
    foca: Node,
    incarnations: Vec<u16>,
    dice: Rng,
}

/// Datagrams, one behind the other.
#[derive(Default)]
pub struct Datagrams {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Datagrams {
    /// Adds one.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// Each of them in turn.
    pub fn each(&self, mut take: impl FnMut(&[u8])) {
        let mut start = 0;
        for &end in &self.ends {
            take(&self.bytes[start..end]);
            start = end;
        }
    }

    /// How many there are, and their bytes.
    pub fn extent(&self) -> Sent {
        Sent { datagrams: self.ends.len() as u64, bytes: self.bytes.len() as u64, ..Sent::default() }
    }
}

/// Takes what foca sends, as a socket would, and nothing else.
pub struct Sink<'a> {
    buf: [u8; DATAGRAM],
    sent: &'a mut Sent,
}

impl<'a> Sink<'a> {
    /// One that counts what is sent.
    pub fn new(sent: &'a mut Sent) -> Self {
        Self { buf: [0; DATAGRAM], sent }
    }
}

impl Runtime<Id> for Sink<'_> {
    fn notify(&mut self, notification: Notification<'_, Id>) {
        black_box(&notification);
    }

    fn send_to(&mut self, to: Id, data: &[u8]) {
        self.buf[..data.len()].copy_from_slice(data);
        black_box((to, &self.buf));
        self.sent.datagrams += 1;
        self.sent.bytes += data.len() as u64;
    }

    fn submit_after(&mut self, event: Timer<Id>, after: Duration) {
        black_box((event, after));
    }
}

/// The identity of a peer.
pub fn id_of(peer: usize) -> Id {
    let [_, a, b, c] = u32::try_from(peer).expect("fewer than 2^24 peers").to_be_bytes();
    Id { addr: SocketAddrV4::new(Ipv4Addr::new(10, a, b, c), 4_100), generation: 0 }
}

/// The identity of the engine itself.
pub fn node() -> Id {
    Id { addr: SocketAddrV4::new(Ipv4Addr::new(10, 255, 255, 254), 4_100), generation: 0 }
}

type Node = Foca<Id, Fixed, Pcg64, NoCustomBroadcast>;

/// A node that knows everybody, with all of them still to be told of or with nothing to tell.
fn knowing(members: usize, tell: bool) -> Node {
    let sends = u8::try_from(sends(members)).expect("a few dozen");
    let config = Config {
        max_transmissions: NonZeroU8::new(sends).expect("at least one"),
        max_packet_size: NonZeroUsize::new(DATAGRAM).expect("not zero"),
        ..Config::simple()
    };
    let mut foca = Foca::new(node(), config, Pcg64::seed_from_u64(5), Fixed);
    let mut sent = Sent::default();
    let others = (0..members - 1).map(|peer| Member::alive(id_of(peer)));
    foca.apply_many(others, tell, Sink::new(&mut sent)).expect("members are taken");
    foca
}

impl FocaSide {
    fn any(&mut self) -> usize {
        self.dice.below(u32::try_from(self.incarnations.len()).expect("fits")) as usize
    }

    /// At most `count` different peers at random.
    fn distinct(&mut self, count: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.incarnations.len()).collect();
        let count = count.min(all.len());
        for at in 0..count {
            let other = at + self.dice.below(u32::try_from(all.len() - at).expect("fits")) as usize;
            all.swap(at, other);
        }
        all.truncate(count);
        all
    }

    fn write(&mut self, into: &mut Datagrams, message: Message<Id>, subjects: &[usize]) {
        let from = self.any();
        let header = Header { src: id_of(from), src_incarnation: self.incarnations[from], dst: node(), message };
        into.push(|bytes| {
            Fixed.encode_header(&header, &mut *bytes).expect("a vector grows");
            // The number of updates is foca's own and in network order.
            bytes.extend_from_slice(&u16::try_from(subjects.len()).expect("fits").to_be_bytes());
            for &subject in subjects {
                let update = Member::new(id_of(subject), self.incarnations[subject], foca::State::Alive);
                Fixed.encode_member(&update, &mut *bytes).expect("a vector grows");
            }
        });
    }

    fn updates(&mut self, count: usize, raise: bool) -> Datagrams {
        let mut batch = Datagrams::default();
        for _ in 0..count {
            let subjects = self.distinct(UPDATES_IN_FULL);
            if raise {
                subjects.iter().for_each(|s| self.incarnations[*s] += 1);
            }
            self.write(&mut batch, Message::Gossip, &subjects);
        }
        batch
    }
}

impl Engine for FocaSide {
    type Batch = Datagrams;

    fn hear(&mut self, batch: &Datagrams) {
        self.serve(batch, &mut Sent::default());
    }

    fn serve(&mut self, batch: &Datagrams, sent: &mut Sent) {
        let mut sink = Sink::new(sent);
        batch.each(|datagram| {
            self.foca.handle_data(black_box(datagram), &mut sink).expect("a datagram that makes sense");
        });
    }

    /// Nothing: foca sends while it takes in.
    fn tidy(&mut self) {}

    fn extent(batch: &Datagrams) -> Sent {
        batch.extent()
    }
}

impl Side for FocaSide {
    fn quiet(members: usize) -> Self {
        Self { foca: knowing(members, false), incarnations: vec![0; members - 1], dice: Rng::from_seed(5) }
    }

    fn pings(&mut self, count: usize) -> Datagrams {
        let mut batch = Datagrams::default();
        for number in 0..count {
            self.write(&mut batch, Message::Ping(number as u8), &[]);
        }
        batch
    }

    fn redundant(&mut self, count: usize) -> Datagrams {
        self.updates(count, false)
    }

    fn news(&mut self, count: usize) -> Datagrams {
        self.updates(count, true)
    }

    fn load(&mut self) {
        let mut batch = Datagrams::default();
        let all: Vec<usize> = (0..self.incarnations.len()).collect();
        all.iter().for_each(|s| self.incarnations[*s] += 1);
        for part in all.chunks(UPDATES_IN_FULL) {
            self.write(&mut batch, Message::Gossip, part);
        }
        self.hear(&batch);
        assert_eq!(self.foca.updates_backlog(), all.len(), "all wait");
    }

    fn updates_in(&self) -> usize {
        UPDATES_IN_FULL.min(self.incarnations.len())
    }

    fn updates_told(bytes: usize) -> usize {
        (bytes - HEADER - 2) / UPDATE
    }

    fn bytes_per_member(members: usize, tell: bool) -> f64 {
        let (all, _all) = counted(|| knowing(members, tell));
        let (least, _least) = counted(|| knowing(2, tell));
        (all.held() as f64 - least.held() as f64) / (members - 2) as f64
    }
}
