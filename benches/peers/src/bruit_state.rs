//! How does bruit do it? Two real nodes among the same members; the others exist only as what they send.
//!
//! The two are made to ping each other, as they do now and then, and what one sends to the other reaches it at once. Counted is
//! what travels between them beside that ping and its ack, and the time of all that both do: in step nothing travels, and the
//! time is that of the ping and the ack.

use std::hint::black_box;

use bruit::wire::{Kind, OVERHEAD};
use bruit::{Config, Input, Limits, Params, Rng, Span};

use crate::side::{Cost, Sent, measured};
use crate::states::{KEYS, States, VALUE, value_of};
use crate::support::cluster::{Batch, Cluster, DATAGRAM};
use crate::support::state::{Page, key_of};

/// Until what has changed is told no more, and repair may begin.
const REST: Span = Span::secs(20);
/// How long a difference lasts before anybody asks: longer than the spreading time's eighth.
const PATIENCE: Span = Span::secs(1);
/// Meetings until both have to hold the same.
const MEETINGS: usize = 20;

/// Two nodes of bruit's.
pub struct BruitStates {
    nodes: [Cluster; 2],
    dice: Rng,
    /// How often keys have been changed, and whose are next.
    round: u64,
    next: usize,
    /// The last version of each owner.
    versions: Vec<u64>,
}

impl BruitStates {
    /// Tells one of the two, or both, what an owner has written, long ago.
    fn tell(&mut self, to: &[usize], owner: usize, keys: &[usize], round: u64) {
        let value = value_of(round);
        let page = Page { owner, base: self.versions[owner], keys, value: value.as_bytes(), age_ms: None };
        for to in to {
            let mut batch = Batch::default();
            self.nodes[*to].page(&mut batch, (owner + 1) % self.versions.len(), &page);
            batch.inputs().for_each(|input| self.nodes[*to].input(input));
        }
        self.versions[owner] += keys.len() as u64;
    }

    fn rest(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.step(REST));
    }

    /// Somebody asks the one to ping the other.
    fn request(&mut self) -> Batch {
        let target = self.nodes[1].own_addr();
        self.nodes[0].ping_request(target, &mut self.dice)
    }

    /// The one pings the other, and both say what they have to say to each other then.
    fn meet(&mut self, request: &Batch, sent: &mut Sent) {
        request.inputs().for_each(|input| self.nodes[0].input(input));
        while self.carry(0, sent) | self.carry(1, sent) {}
    }

    /// Hands the other what one sends it; whether there was anything.
    fn carry(&mut self, from: usize, sent: &mut Sent) -> bool {
        let [a, b] = &mut self.nodes;
        let (from, to) = if from == 0 { (a, b) } else { (b, a) };
        let (own, other) = (from.own_addr(), to.own_addr());
        let mut buf = [0; DATAGRAM];
        let mut any = false;
        while let Some(transmit) = black_box(from.node.poll_transmit(from.now, &mut buf)) {
            any = true;
            if transmit.to != other {
                continue;
            }
            let bytes = &buf[..transmit.len];
            let first = bytes[OVERHEAD - size_of::<u64>()];
            if first != Kind::Ping.code() && first != Kind::Ack.code() {
                sent.count(bytes.len());
            }
            let input = Input::Datagram { from: own, bytes };
            to.node.handle_input(to.now, input).expect("a datagram is never an error");
        }
        while black_box(from.node.poll_event()).is_some() {}
        any
    }
}

impl States for BruitStates {
    fn in_step(members: usize) -> Self {
        let count = u32::try_from(members).expect("a size that fits");
        let limits = Limits {
            state_keys: count * KEYS as u32,
            state_bytes: count * (KEYS * (VALUE + key_of(0).len())) as u32 + 2_400,
            ..Limits::for_members(count + 8)
        };
        let params = Params::new(&Config::default(), &limits).expect("the profile agrees with itself");
        // These two own nothing: as many others do as there are members elsewhere.
        let nodes = Cluster::pair(members + 2, &params);
        let mut states = Self { nodes, dice: Rng::from_seed(8), round: 0, next: 0, versions: vec![0; members] };
        let keys: Vec<usize> = (0..KEYS).collect();
        (0..members).for_each(|owner| states.tell(&[0, 1], owner, &keys, 0));
        (0..5).for_each(|_| states.rest());
        assert!(states.agree() && states.nodes[0].entries() == members * KEYS, "both hold everything");
        states
    }

    fn exchange(&mut self) -> Cost {
        let request = self.request();
        self.meet(&request, &mut Sent::default());
        self.nodes.iter_mut().for_each(|node| node.now += PATIENCE);
        let request = self.request();
        let mut cost = measured(|sent| self.meet(&request, sent));
        // What did not fit into one meeting is left to the next.
        for _ in 0..MEETINGS {
            if self.agree() {
                break;
            }
            self.nodes.iter_mut().for_each(|node| node.now += REST);
            let request = self.request();
            cost = cost.and(measured(|sent| self.meet(&request, sent)));
        }
        self.rest();
        cost
    }

    fn differ(&mut self, owners: usize) {
        self.round += 1;
        for nth in 0..owners {
            let owner = self.next;
            self.next = (owner + 1) % self.versions.len();
            self.tell(&[nth % 2], owner, &[KEYS - 1], self.round);
        }
        self.rest();
    }

    fn agree(&self) -> bool {
        self.nodes[0].node.state_root() == self.nodes[1].node.state_root()
    }
}
