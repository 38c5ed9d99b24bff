//! Whatever the order, however often, along whichever ways: what a shared key is depends on what was written and seen, and on nothing else.

use std::collections::BTreeMap;

use bruit::sim::{HostId, Latency, Link};
use bruit::{Class, Config, MergeRule, Rng, SharedOp, SharedValue, SharedWrite, Span};

use super::support::{Cluster, cluster, in_step};

const NODES: u32 = 5;
const STEPS: u32 = 40;

/// What a host holds a key to be, for comparison.
fn seen(world: &Cluster, host: HostId, key: &[u8]) -> String {
    let node = world.node(host).expect("it runs");
    match node.shared(key) {
        Some((rule, SharedValue::Set)) => {
            let mut all: Vec<_> = node.shared_elements(key).collect();
            all.sort_unstable();
            all.dedup();
            format!("{rule:?} {all:?}")
        }
        Some((rule, SharedValue::Conflict)) => {
            let standing = node.shared_contributions(key).filter(|held| !held.dominated);
            let mut all: Vec<_> = standing.map(|held| (held.stamp, held.said.to_vec())).collect();
            all.sort_unstable();
            format!("{rule:?} {all:?}")
        }
        other => format!("{other:?}"),
    }
}

fn op<'a>(rng: &mut Rng, rule: MergeRule, text: &'a [u8]) -> SharedOp<'a> {
    match (rule, rng.below(8)) {
        (MergeRule::Counter, _) => SharedOp::Add(i64::from(rng.below(100)) - 50),
        (_, 0) => SharedOp::Unset,
        (MergeRule::Set, 1..=2) => SharedOp::Remove(&text[..1]),
        (MergeRule::Set, _) => SharedOp::Insert(&text[..1]),
        (_, _) => SharedOp::Set(text),
    }
}

/// A history drawn from a seed, over a network that loses, doubles, reorders and is cut. What all hold in the end must be the same,
/// counters the sum of all that was added.
fn history(seed: u64) -> Result<(), String> {
    let (mut world, hosts) = cluster(seed, NODES, &Config::default(), 0);
    let latency = Latency::Uniform(Span::micros(50), Span::millis(30));
    world.network.set_all(Link { latency, loss_permille: 100, duplicate_permille: 200, ..Link::default() });
    let mut rng = Rng::from_seed(seed);
    let mut sums: BTreeMap<&[u8], i64> = BTreeMap::new();
    let keys: Vec<(&[u8], MergeRule)> = MergeRule::ALL.iter().map(|rule| (rule.name().as_bytes(), *rule)).collect();
    for step in 0..STEPS {
        if step % 8 == 4 {
            let (one, other) = hosts.split_at(1 + rng.below(NODES - 1) as usize);
            world.network.partition(&[one, other]);
        } else if step % 8 == 0 {
            world.network.heal();
        }
        let host = hosts[rng.below(NODES) as usize];
        let (key, rule) = keys[rng.below(keys.len() as u32) as usize];
        let text = [b'a' + rng.below(3) as u8, b'0' + rng.below(10) as u8];
        let op = op(&mut rng, rule, &text);
        let wall_ms = 1_000_000 + u64::from(rng.below(20_000));
        let write = SharedWrite { key, op, rule: Some(rule), class: Class::Normal, wall_ms };
        let taken = world.write_shared(host, write);
        if let (Ok(()), SharedOp::Add(delta)) = (taken, op) {
            *sums.entry(key).or_default() += delta;
        }
        // Some see each other's writes before they write, others do not.
        let pause = Span::millis(u64::from(rng.below(2_000)));
        world.run_for(pause);
    }
    world.network.heal();
    world.network.set_all(Link::default());
    if world.run_until(Span::secs(120), |w| in_step(w, &hosts)).is_none() {
        return Err("not in step after two minutes".to_owned());
    }
    for (key, _) in &keys {
        let all: Vec<String> = hosts.iter().map(|host| seen(&world, *host, key)).collect();
        if all.iter().any(|other| *other != all[0]) {
            return Err(format!("{}: {all:?}", String::from_utf8_lossy(key)));
        }
    }
    for (key, sum) in sums {
        let counted = seen(&world, hosts[0], key);
        if counted != format!("{:?}", Some((MergeRule::Counter, SharedValue::Number(sum)))) {
            return Err(format!("{counted} where {sum} was added"));
        }
    }
    Ok(())
}

#[test]
fn all_replicas_are_one_whatever_the_order_in_which_they_heard() {
    let histories = if cfg!(debug_assertions) { 20 } else { 500 };
    for seed in 0..histories {
        history(seed).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
}
