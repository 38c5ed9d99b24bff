//! What if each link carries one way, both ways or none? Every connected graph of five nodes with one-way links, one of
//! each shape: all 9,364 in a release build, every 97th in a debug build.
//!
//! A probe takes a ping and its ack, or a helper that reaches both ends both ways. Where every pair has one of these
//! nobody may fall, whatever is cut. Where some pair has neither, suspicion is right, and only this is demanded: once
//! all links are back, all are one again.

use bruit::sim::{HostId, World};
use bruit::{Event, Profile, Span};

use crate::support::{cluster, events, params, together};

const NODES: usize = 5;
const LINKS: usize = NODES * (NODES - 1);

/// Which of the links there are: bit `a * 4 + b` for the one from `a` to the `b`th of the others.
#[derive(Clone, Copy)]
struct Graph(u32);

fn bit(from: usize, to: usize) -> usize {
    from * (NODES - 1) + to - usize::from(to > from)
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..NODES).flat_map(|a| (0..NODES).filter(move |b| *b != a).map(move |b| (a, b)))
}

impl Graph {
    fn has(self, from: usize, to: usize) -> bool {
        self.0 >> bit(from, to) & 1 == 1
    }

    fn both(self, a: usize, b: usize) -> bool {
        self.has(a, b) && self.has(b, a)
    }

    /// Whether it is in one piece, whichever way its links go.
    fn is_connected(self) -> bool {
        let mut reached = 1_u32;
        for _ in 0..NODES {
            for (a, b) in pairs().filter(|(a, b)| self.has(*a, *b) || self.has(*b, *a)) {
                if reached >> a & 1 == 1 {
                    reached |= 1 << b;
                }
            }
        }
        reached == (1 << NODES) - 1
    }

    /// Whether every node can probe every other, directly or through a helper.
    fn can_probe(self) -> bool {
        let helped = |a, b| (0..NODES).any(|h| h != a && h != b && self.both(a, h) && self.both(h, b));
        pairs().all(|(a, b)| self.both(a, b) || helped(a, b))
    }

    /// The same shape with its nodes in another order.
    fn reordered(self, order: &[usize; NODES]) -> Self {
        Self(pairs().filter(|(a, b)| self.has(*a, *b)).map(|(a, b)| 1 << bit(order[a], order[b])).sum())
    }
}

fn orders() -> Vec<[usize; NODES]> {
    let all = (0..NODES.pow(NODES as u32)).map(|n| core::array::from_fn(|i| n / NODES.pow(i as u32) % NODES));
    all.filter(|order: &[usize; NODES]| (0..NODES).all(|n| order.contains(&n))).collect()
}

/// Every connected graph, one of each shape.
fn shapes() -> Vec<Graph> {
    let orders = orders();
    let mut seen = vec![false; 1 << LINKS];
    let mut shapes = Vec::new();
    for graph in (0..1 << LINKS).map(Graph) {
        if seen[graph.0 as usize] {
            continue;
        }
        orders.iter().for_each(|order| seen[graph.reordered(order).0 as usize] = true);
        if graph.is_connected() {
            shapes.push(graph);
        }
    }
    shapes
}

fn cut_all_but(world: &mut World, hosts: &[HostId], graph: Graph) {
    for (a, b) in pairs().filter(|(a, b)| !graph.has(*a, *b)) {
        world.network.cut(hosts[a], hosts[b]);
    }
}

#[test]
fn nobody_falls_whom_all_can_probe_and_all_are_one_when_every_link_is_back() {
    let shapes = shapes();
    // Connected digraphs on five unlabelled nodes (OEIS A003085).
    assert_eq!(shapes.len(), 9_364);
    let step = if cfg!(debug_assertions) { 97 } else { 1 };
    let (mut safe, mut fell) = (0, 0);
    for (nth, graph) in shapes.into_iter().enumerate().step_by(step) {
        let mut world = World::new(nth as u64);
        let hosts = cluster(&mut world, NODES, &params(Profile::Local, 8));
        world.run_for(Span::secs(2));
        cut_all_but(&mut world, &hosts, graph);
        world.run_for(Span::secs(20));
        let failed = events(&world, |e| matches!(e, Event::Failed(_)));
        if graph.can_probe() {
            assert_eq!(failed, 0, "graph {:#b}: somebody fell whom all can probe", graph.0);
            safe += 1;
        }
        fell += usize::from(failed > 0);
        world.network.heal();
        together(&mut world, NODES, Span::secs(20));
    }
    assert!(safe > 0 && fell > 0, "{safe} in which nobody may fall, {fell} in which somebody fell");
}
