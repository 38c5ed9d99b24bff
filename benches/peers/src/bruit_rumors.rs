//! How does bruit carry rumors? Urgent ones: to four others at once, and their digests in rounds until those have been told.

use std::hint::black_box;

use bruit::wire::Kind;
use bruit::{Input, Node, Order, Span};

use crate::bruit_side::hear;
use crate::rumors::Teller;
use crate::side::{Engine, Sent, sends};
use crate::support::cluster::{Batch, Cluster, DATAGRAM, RUMORS_IN_FULL};

/// Peers that publish in turn, each of them one rumor at a time: no two of a datagram are of one origin, so that each has a
/// digest of its own.
const ORIGINS: usize = 64;
/// The profile's interval between rounds, and how many peers each round tells.
const ROUND: Span = Span::millis(100);
const FANOUT: usize = 4;

/// A node of bruit's among peers.
pub struct BruitRumors {
    cluster: Cluster,
    /// The number of the next rumor.
    next: u64,
    /// How long a rumor has something of it told.
    telling: Span,
}

impl BruitRumors {
    /// Sends what is to be sent at this moment. The peers answer pings; nothing else asks for anything.
    fn send(&mut self, sent: &mut Sent) {
        let mut buf = [0; DATAGRAM];
        let cluster = &mut self.cluster;
        let mut pings = pings(&cluster.node);
        while let Some(transmit) = black_box(cluster.node.poll_transmit(cluster.now, &mut buf)) {
            sent.datagrams += 1;
            sent.bytes += transmit.len as u64;
            if pings != self::pings(&cluster.node) {
                pings = self::pings(&cluster.node);
                cluster.answer(transmit.to, &buf[..transmit.len]);
            }
        }
        while black_box(cluster.node.poll_event()).is_some() {}
    }
}

fn pings(node: &Node) -> u64 {
    node.counters().sent(Kind::Ping) + node.counters().sent(Kind::PingRequest)
}

impl Engine for BruitRumors {
    type Batch = Batch;

    fn hear(&mut self, batch: &Batch) {
        hear(&mut self.cluster, batch);
    }

    fn serve(&mut self, batch: &Batch, sent: &mut Sent) {
        for input in batch.inputs() {
            self.cluster.input(black_box(input));
            self.send(sent);
        }
    }

    fn tidy(&mut self) {
        self.follow(&mut Sent::default());
    }

    fn extent(batch: &Batch) -> Sent {
        Sent { datagrams: batch.len() as u64, bytes: batch.bytes() as u64, ..Sent::default() }
    }
}

impl Teller for BruitRumors {
    const IN_FULL: usize = RUMORS_IN_FULL;

    fn quiet(members: usize) -> Self {
        let mut cluster = Cluster::quiet(members);
        cluster.input(Input::Subscribe { topic: None, order: Order::Arrival });
        // A round begins within an interval.
        let rounds = sends(members).div_ceil(FANOUT) + 1;
        Self { cluster, next: 0, telling: ROUND * u32::try_from(rounds).expect("a few") }
    }

    fn rumors(&mut self, count: usize) -> Batch {
        self.cluster.rumors(count, ORIGINS, 1, &mut self.next)
    }

    fn follow(&mut self, sent: &mut Sent) {
        let until = self.cluster.now + self.telling;
        self.send(sent);
        while let Some(due) = self.cluster.node.poll_timeout().filter(|due| *due <= until) {
            self.cluster.now = self.cluster.now.max(due);
            self.cluster.input(Input::Tick);
            self.send(sent);
        }
        self.cluster.now = until;
    }

    fn new_ones(&self) -> u64 {
        self.cluster.node.counters().rumors_new
    }

    fn copies(&self) -> u64 {
        let counters = self.cluster.node.counters();
        counters.rumors_pushed + counters.rumors_told + counters.rumors_supplied
    }
}
