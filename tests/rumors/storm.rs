//! Everybody publishes at once: the caps hold, and neither rumors nor membership starve (R21, R25, M6).

use bruit::sim::{Death, Spec};
use bruit::{Class, Config, Limits, Order, Span};

use super::support::{Cluster, cluster_with, publish};

const NODES: u32 = 100;
const EACH: u32 = 20;

fn limits() -> Limits {
    Limits { origins: NODES + 8, rumors: 4_096, rumor_window: 256, ..Limits::for_members(NODES + 8) }
}

/// Caps that the storm exceeds several times.
fn slow() -> Config {
    Config {
        datagrams_per_second: 1_000,
        strangers_per_second: 1_000,
        bytes_per_second: 1_000_000,
        ..Config::default()
    }
}

fn storm(world: &mut Cluster, hosts: &[bruit::sim::HostId]) {
    for host in hosts {
        for _ in 0..EACH {
            publish(world, *host, Class::Urgent);
        }
    }
}

#[test]
fn all_is_delivered_within_the_caps_and_nobody_is_suspected() {
    let config = slow();
    let (mut world, hosts) = cluster_with(3, NODES, &config, &limits(), 0, Order::Arrival);
    let (begin, before) = (world.now(), world.observer.bytes);
    storm(&mut world, &hosts);
    let all = (NODES * EACH * (NODES - 1)) as usize;
    let receipts = |world: &Cluster| world.observer.at.values().map(Vec::len).sum::<usize>();
    let took = world.run_until(Span::secs(60), |world| receipts(world) == all);
    assert!(took.is_some(), "{} of {all} in a minute", receipts(&world));
    let seconds = world.now().since(begin).as_millis() as f64 / 1e3;
    let sent = (world.observer.bytes - before) as f64 / f64::from(NODES);
    // The rate, its burst of a fifth of a second, and what leaves whatever the budgets say.
    assert!(sent <= 1e6 * (seconds + 0.2) * 1.05, "{sent} bytes in {seconds} s");
    assert_eq!((world.observer.suspicions, world.observer.lost.len()), (0, 0));
}

#[test]
fn what_many_origins_lack_is_asked_for_together() {
    let (mut world, hosts) = cluster_with(5, NODES, &Config::default(), &limits(), 0, Order::Arrival);
    let (alone, others) = hosts.split_last().expect("a hundred");
    world.network.partition(&[&[*alone], others]);
    storm(&mut world, others);
    world.run_for(Span::millis(300));
    world.network.heal();
    let all = (NODES - 1) * EACH;
    let has = |world: &Cluster| world.observer.order.get(alone).map_or(0, Vec::len);
    let took = world.run_until(Span::secs(10), |world| has(world) == all as usize);
    assert!(took.is_some(), "{} of {all} in 10 s", has(&world));
    let (datagrams, origins) = world.observer.asking;
    assert!(origins >= u64::from(NODES - 1) && datagrams * 3 <= origins, "{datagrams} datagrams for {origins} origins");
}

#[test]
fn deaths_and_joins_are_known_through_a_storm_as_without_one() {
    let config = slow();
    let (mut world, hosts) = cluster_with(4, NODES, &config, &limits(), 0, Order::Arrival);
    let params = world.node(hosts[0]).expect("it runs").params().clone();
    storm(&mut world, &hosts);
    hosts[90..].iter().for_each(|host| world.crash(*host, Death::Silent));
    let seed = [world.addr(hosts[5])];
    let joiner = world.start(&Spec::new("late", params), &seed).expect("a good spec");
    let up = |world: &Cluster, host| world.node(host).map_or(0, bruit::Node::members_up);
    let joined = world.run_until(Span::secs(2), |world| up(world, joiner) >= 91);
    assert!(joined.is_some(), "it knows {} after 2 s", up(&world, joiner));
    let known = world.run_until(Span::secs(20), |world| hosts[..90].iter().all(|host| up(world, *host) == 91));
    assert!(known.is_some(), "ten are dead and one has come, and all know within 20 s");
}
