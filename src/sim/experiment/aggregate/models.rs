//! How do the papers average? Their plain models: nobody's clock differs, and a datagram comes at once or never.
//!
//! A share is what a node holds of the sum and of the count, beside the weight where the method has one. Each round every node has its
//! turn, in a new order.

use super::Share;
use crate::rng::Rng;

/// Neighbours that a node picks where a method has neighbours: twice as many links on average, as real nodes have them.
const PICKS: usize = 4;

/// A method, with nodes that take part in it.
pub(super) trait Model {
    /// One round, in which so many of a thousand datagrams are lost; how many were sent.
    fn round(&mut self, rng: &mut Rng, loss_permille: u32) -> u64;
    /// What a node makes of it: mean of all numbers, those that count as nothing among them, and share of nodes that contribute.
    fn estimate(&self, node: usize) -> Share;
    /// The last nodes are gone, and everybody knows.
    fn lose(&mut self, left: usize);
}

fn lost(rng: &mut Rng, permille: u32) -> bool {
    rng.below(1_000) < permille
}

fn order(rng: &mut Rng, nodes: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes).collect();
    for at in (1..nodes).rev() {
        order.swap(at, rng.below(at as u32 + 1) as usize);
    }
    order
}

fn other(rng: &mut Rng, nodes: usize, than: usize) -> usize {
    let drawn = rng.below(nodes as u32 - 1) as usize;
    if drawn >= than { drawn + 1 } else { drawn }
}

fn halved([a, b]: Share) -> Share {
    [a / 2.0, b / 2.0]
}

fn sum([a, b]: Share, [c, d]: Share) -> Share {
    [a + c, b + d]
}

fn less([a, b]: Share, [c, d]: Share) -> Share {
    [a - c, b - d]
}

/// Push-sum (Kempe, Dobra, Gehrke, FOCS 2003): half of what a node has goes to somebody.
pub(super) struct PushSum(pub Vec<(Share, f64)>);

impl Model for PushSum {
    fn round(&mut self, rng: &mut Rng, loss_permille: u32) -> u64 {
        let nodes = self.0.len();
        let halves: Vec<_> = self.0.iter().map(|(share, weight)| (halved(*share), weight / 2.0)).collect();
        self.0.clone_from(&halves);
        for (node, (share, weight)) in halves.into_iter().enumerate() {
            let to = other(rng, nodes, node);
            if !lost(rng, loss_permille) {
                let (all, weights) = self.0[to];
                self.0[to] = (sum(all, share), weights + weight);
            }
        }
        nodes as u64
    }

    fn estimate(&self, node: usize) -> Share {
        let ([sum, count], weight) = self.0[node];
        [sum / weight, count / weight]
    }

    fn lose(&mut self, left: usize) {
        self.0.truncate(left);
    }
}

/// Push-pull averaging (Jelasity, Montresor, Babaoglu, TOCS 2005) without its restarts: two nodes meet and have the same afterwards.
pub(super) struct PushPull(pub Vec<Share>);

impl Model for PushPull {
    fn round(&mut self, rng: &mut Rng, loss_permille: u32) -> u64 {
        let nodes = self.0.len();
        let mut sent = 0;
        for node in order(rng, nodes) {
            let to = other(rng, nodes, node);
            sent += 1;
            if lost(rng, loss_permille) {
                continue;
            }
            let middle = halved(sum(self.0[node], self.0[to]));
            self.0[to] = middle;
            sent += 1;
            if !lost(rng, loss_permille) {
                self.0[node] = middle;
            }
        }
        sent
    }

    fn estimate(&self, node: usize) -> Share {
        self.0[node]
    }

    fn lose(&mut self, left: usize) {
        self.0.truncate(left);
    }
}

/// Flow updating (Jesus, Baquero, Almeida, DAIS 2009): each round a node averages what it has with what all neighbours said last, and
/// tells each what has flowed to it.
pub(super) struct FlowUpdating {
    own: Vec<Share>,
    links: Vec<Vec<FlowLink>>,
}

/// One end of a link.
#[derive(Clone, Copy)]
struct FlowLink {
    to: usize,
    /// The other end's place at the neighbour.
    back: usize,
    flow: Share,
    said: Option<Share>,
}

impl FlowUpdating {
    pub(super) fn new(own: Vec<Share>, rng: &mut Rng) -> Self {
        let nodes = own.len();
        let mut links: Vec<Vec<FlowLink>> = vec![Vec::new(); nodes];
        for node in 0..nodes {
            for _ in 0..PICKS.min(nodes - 1) {
                let to = other(rng, nodes, node);
                if links[node].iter().all(|link| link.to != to) {
                    let (here, there) = (links[node].len(), links[to].len());
                    links[node].push(FlowLink { to, back: there, flow: [0.0; 2], said: None });
                    links[to].push(FlowLink { to: node, back: here, flow: [0.0; 2], said: None });
                }
            }
        }
        Self { own, links }
    }
}

impl Model for FlowUpdating {
    fn round(&mut self, rng: &mut Rng, loss_permille: u32) -> u64 {
        let mut told = Vec::new();
        for node in 0..self.own.len() {
            let has = self.estimate(node);
            let links = &mut self.links[node];
            let all = links.iter().fold(has, |all, link| sum(all, link.said.unwrap_or(has)));
            let middle = all.map(|all| all / (links.len() + 1) as f64);
            for link in links {
                link.flow = sum(link.flow, less(middle, link.said.unwrap_or(has)));
                link.said = Some(middle);
                told.push((link.to, link.back, link.flow, middle));
            }
        }
        for (to, back, flow, said) in &told {
            if !lost(rng, loss_permille) {
                let link = &mut self.links[*to][*back];
                (link.flow, link.said) = (less([0.0; 2], *flow), Some(*said));
            }
        }
        told.len() as u64
    }

    fn estimate(&self, node: usize) -> Share {
        self.links[node].iter().fold(self.own[node], |share, link| less(share, link.flow))
    }

    fn lose(&mut self, left: usize) {
        self.own.truncate(left);
        self.links.truncate(left);
        let places: Vec<Vec<Option<usize>>> = self.links.iter().map(|links| places_left(links, left)).collect();
        for node in 0..left {
            self.links[node].retain(|link| link.to < left);
            for link in &mut self.links[node] {
                link.back = places[link.to][link.back].unwrap_or(0);
            }
        }
    }
}

/// Where each link is once those to nodes beyond `left` are dropped.
fn places_left(links: &[FlowLink], left: usize) -> Vec<Option<usize>> {
    let mut next = 0;
    let place = |link: &FlowLink| {
        (link.to < left).then(|| {
            next += 1;
            next - 1
        })
    };
    links.iter().map(place).collect()
}
