//! What if only some links are cut? All connected graphs of five nodes, and links that carry one way only.

use std::collections::BTreeSet;

use bruit::sim::{HostId, World};
use bruit::{Params, Profile, Span};

use crate::support::{cluster, params, sum, together};

const NODES: usize = 5;

/// The pairs of five nodes, in a fixed order: one bit each.
fn pairs() -> Vec<(usize, usize)> {
    (0..NODES).flat_map(|a| (a + 1..NODES).map(move |b| (a, b))).collect()
}

/// The distance between any two nodes at most; `None` where the graph is not connected.
fn diameter(graph: u32) -> Option<usize> {
    let mut distance = [[NODES; NODES]; NODES];
    for (bit, (a, b)) in pairs().into_iter().enumerate() {
        if graph & (1 << bit) != 0 {
            distance[a][b] = 1;
            distance[b][a] = 1;
        }
    }
    for via in 0..NODES {
        for a in 0..NODES {
            for b in 0..NODES {
                distance[a][b] = distance[a][b].min(distance[a][via] + distance[via][b]);
            }
        }
    }
    let most = pairs().into_iter().map(|(a, b)| distance[a][b]).max()?;
    (most < NODES).then_some(most)
}

fn permutations(rest: &[usize]) -> Vec<Vec<usize>> {
    if rest.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for (i, first) in rest.iter().enumerate() {
        let others: Vec<usize> = rest.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, n)| *n).collect();
        for mut tail in permutations(&others) {
            tail.push(*first);
            all.push(tail);
        }
    }
    all
}

/// Every connected graph of five nodes, one of each shape.
fn shapes() -> Vec<u32> {
    let (pairs, orders) = (pairs(), permutations(&[0, 1, 2, 3, 4]));
    let bit_of = |a: usize, b: usize| pairs.iter().position(|p| *p == (a.min(b), a.max(b))).expect("a pair");
    let relabelled = |graph: u32, order: &[usize]| {
        let bits = pairs.iter().enumerate().filter(|(bit, _)| graph & (1 << bit) != 0);
        bits.map(|(_, (a, b))| 1_u32 << bit_of(order[*a], order[*b])).sum::<u32>()
    };
    let mut shapes = BTreeSet::new();
    for graph in 0..1 << pairs.len() {
        if diameter(graph).is_some() {
            shapes.insert(orders.iter().map(|order| relabelled(graph, order)).min().expect("an order"));
        }
    }
    shapes.into_iter().collect()
}

fn cut_all_but(world: &mut World, hosts: &[HostId], graph: u32) {
    for (bit, (a, b)) in pairs().into_iter().enumerate() {
        if graph & (1 << bit) == 0 {
            world.network.cut_both(hosts[a], hosts[b]);
        }
    }
}

fn five(seed: u64) -> (World, Vec<HostId>) {
    let mut world = World::new(seed);
    let params: Params = params(Profile::Local, 8);
    let hosts = cluster(&mut world, NODES, &params);
    world.run_for(Span::secs(3));
    (world, hosts)
}

#[test]
fn the_shapes_are_all_there() {
    // 21 connected graphs on five unlabelled nodes (OEIS A001349).
    assert_eq!(shapes().len(), 21);
}

#[test]
fn a_node_that_some_can_reach_is_not_dead_for_good_and_all_are_one_again_when_healed() {
    for (i, graph) in shapes().into_iter().enumerate() {
        let (mut world, hosts) = five(40 + i as u64);
        cut_all_but(&mut world, &hosts, graph);
        world.run_for(Span::secs(60));
        let whole = graph == (1 << 10) - 1;
        assert_eq!(world.tally().cut > 0, !whole, "graph {graph:#b}");
        if diameter(graph).is_some_and(|d| d <= 2) {
            // Every pair has a helper between them: nobody may fall.
            assert!(world.all_see(NODES), "graph {graph:#b}: somebody is held dead though helpers reach it");
        }
        world.network.heal();
        together(&mut world, NODES, Span::secs(10));
        world.run_for(Span::secs(5));
        assert!(world.all_see(NODES), "graph {graph:#b} after healing");
    }
}

#[test]
fn links_that_carry_one_way_only_kill_nobody_whom_a_helper_reaches() {
    let mut refuted = 0;
    for seed in 0..40 {
        let (mut world, hosts) = five(seed);
        // Up to three one-way cuts, never two out of or into one node: a helper remains for every pair.
        let (mut from, mut into) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..3 {
            let a = world.rng().below(NODES as u32) as usize;
            let b = (a + 1 + world.rng().below(NODES as u32 - 1) as usize) % NODES;
            if from.insert(a) && into.insert(b) {
                world.network.cut(hosts[a], hosts[b]);
            }
        }
        world.run_for(Span::secs(30));
        assert!(world.tally().cut > 0, "nothing was cut");
        assert!(world.all_see(NODES), "somebody is held dead though helpers reach it");
        refuted += sum(&world, |c| c.refutations);
        world.network.heal();
        together(&mut world, NODES, Span::secs(5));
    }
    assert!(refuted < 40 * 30, "{refuted} refutations in 40 runs of 30 s: they flap");
}
