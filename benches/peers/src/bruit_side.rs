//! How does bruit do it? With its checksum, its cluster key and everybody's life in every datagram.

use std::hint::black_box;

use bruit::wire::{OVERHEAD, RawAck, RawClaim, SECTION_HEADER};
use bruit::{Config, Limits, Node, Params, Rng, Span};

use crate::side::{Engine, Sent, Side};
use crate::support::cluster::{Batch, Cluster, DATAGRAM, params};

/// A node of bruit's among peers.
pub struct BruitSide {
    cluster: Cluster,
    dice: Rng,
}

/// A node takes in all datagrams of a batch.
pub fn hear(cluster: &mut Cluster, batch: &Batch) {
    for input in batch.inputs() {
        cluster.node.handle_input(cluster.now, black_box(input)).expect("a datagram is never an error");
    }
}

impl Engine for BruitSide {
    type Batch = Batch;

    fn hear(&mut self, batch: &Batch) {
        hear(&mut self.cluster, batch);
    }

    fn serve(&mut self, batch: &Batch, sent: &mut Sent) {
        let (node, now) = (&mut self.cluster.node, self.cluster.now);
        let mut buf = [0; DATAGRAM];
        for input in batch.inputs() {
            node.handle_input(now, black_box(input)).expect("a datagram is never an error");
            while let Some(transmit) = node.poll_transmit(now, &mut buf) {
                black_box((transmit, &buf));
                sent.datagrams += 1;
                sent.bytes += transmit.len as u64;
            }
        }
    }

    fn tidy(&mut self) {
        self.cluster.step(Span::millis(1));
    }

    fn extent(batch: &Batch) -> Sent {
        Sent { datagrams: batch.len() as u64, bytes: batch.bytes() as u64, ..Sent::default() }
    }
}

impl Side for BruitSide {
    fn quiet(members: usize) -> Self {
        Self { cluster: Cluster::quiet(members), dice: Rng::from_seed(5) }
    }

    fn pings(&mut self, count: usize) -> Batch {
        self.cluster.pings(count, &mut self.dice)
    }

    fn redundant(&mut self, count: usize) -> Batch {
        self.cluster.redundant_claims(count, &mut self.dice)
    }

    fn news(&mut self, count: usize) -> Batch {
        self.cluster.news(count, &mut self.dice)
    }

    fn load(&mut self) {
        let others = self.cluster.members() - 1;
        let news = self.cluster.news_of_first(others, &mut self.dice);
        self.serve(&news, &mut Sent::default());
    }

    fn updates_in(&self) -> usize {
        self.cluster.claims_in_full()
    }

    fn updates_told(bytes: usize) -> usize {
        (bytes - OVERHEAD - 2 * SECTION_HEADER - size_of::<RawAck>()) / size_of::<RawClaim>()
    }

    fn bytes_per_member(members: usize, _tell: bool) -> f64 {
        // Bought at the start for as many as there can be, whoever is in and whatever waits. Who publishes rumors takes a place
        // beside, which is no member's.
        let bytes = |members| {
            let limits = Limits { origins: 1, ..params(members).limits().clone() };
            Node::memory_bytes(&Params::new(&Config::default(), &limits).expect("limits that can be bought"))
        };
        (bytes(members) as f64 - bytes(2) as f64) / (members - 2) as f64
    }
}
