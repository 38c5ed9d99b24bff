use bruit::Span;
use bruit::sim::{Death, HostId};

use super::support::{Cluster, NAME, Numbers, cluster, contribute, rounds, set_loss, spec, worst};

/// Rounds from a change that all members know of until every estimate is right again.
const ROUNDS: u64 = 25;

/// Lets a node in that contributes too; it has not joined yet.
fn join(world: &mut Cluster, door: HostId, nth: usize) -> HostId {
    let door = world.addr(door);
    world.start(&spec(nth, "a", 232), &[door]).expect("a good spec")
}

fn all_know(world: &Cluster, hosts: &[HostId]) -> bool {
    hosts.iter().all(|host| world.node(*host).is_some_and(|node| node.members_up() as usize == hosts.len()))
}

#[test]
fn those_that_crash_are_missing_and_those_that_join_count() {
    let (mut world, mut hosts) = cluster(1, 200);
    set_loss(&mut world, 100);
    let mut numbers: Numbers = contribute(&mut world, &hosts);
    rounds(&mut world, 30);
    for (nth, host) in hosts.drain(..20).enumerate() {
        world.crash(host, if nth % 2 == 0 { Death::Silent } else { Death::Refusing });
        numbers.remove(&host.index());
    }
    let new: Vec<_> = (0..20).map(|nth| join(&mut world, hosts[nth], 200 + nth)).collect();
    hosts.extend(new.iter().copied());
    let took = world.run_until(Span::secs(60), |w| all_know(w, &hosts));
    assert!(took.is_some(), "all know who is there");
    for host in new {
        world.contribute(host, NAME, Some(500.0)).expect("a member");
        numbers.insert(host.index(), 500.0);
    }
    rounds(&mut world, ROUNDS);
    let off = worst(&world, &hosts, &numbers);
    assert!(off <= 0.01, "{off}");
}

#[test]
fn a_number_that_changes_takes_the_place_of_its_last() {
    let (mut world, hosts) = cluster(2, 200);
    set_loss(&mut world, 200);
    let mut numbers = contribute(&mut world, &hosts);
    rounds(&mut world, 10);
    // Far larger than what comes after: what is right must not suffer from how numbers are rounded.
    world.contribute(hosts[0], NAME, Some(1e15)).expect("a member");
    rounds(&mut world, 30);
    world.contribute(hosts[0], NAME, Some(3.0)).expect("a member");
    numbers.insert(hosts[0].index(), 3.0);
    world.contribute(hosts[2], NAME, None).expect("a member");
    numbers.remove(&hosts[2].index());
    rounds(&mut world, 100);
    let off = worst(&world, &hosts, &numbers);
    assert!(off <= 0.01, "{off}");
}

#[test]
fn each_side_of_a_partition_comes_to_its_own_and_both_to_the_whole_once_it_heals() {
    let (mut world, hosts) = cluster(3, 100);
    let numbers = contribute(&mut world, &hosts);
    rounds(&mut world, 30);
    let (left, right) = hosts.split_at(40);
    world.network.partition(&[left, right]);
    let apart = |w: &Cluster| all_know(w, left) && all_know(w, right);
    assert!(world.run_until(Span::secs(60), apart).is_some(), "each side holds the other dead");
    rounds(&mut world, ROUNDS);
    for side in [left, right] {
        let off = worst(&world, side, &numbers);
        assert!(off <= 0.01, "one of {}: {off}", side.len());
    }
    world.network.heal();
    assert!(world.run_until(Span::secs(60), |w| all_know(w, &hosts)).is_some(), "all are one");
    rounds(&mut world, ROUNDS);
    let off = worst(&world, &hosts, &numbers);
    assert!(off <= 0.01, "{off}");
}
