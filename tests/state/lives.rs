use core::time::Duration;

use bruit::sim::Death;
use bruit::{Config, Span, Write};

use super::support::{cluster, durable, held, in_step, own, removed, value_at, write};

#[test]
fn what_is_ephemeral_goes_with_its_owner_and_what_is_durable_stays() {
    let (mut world, hosts) = cluster(1, 10, &Config::default(), 0);
    write(&mut world, hosts[4], own("load", "1")).expect("taken");
    write(&mut world, hosts[4], durable("config", "a")).expect("taken");
    world.run_for(Span::secs(5));
    world.crash(hosts[4], Death::Refusing);
    world.run_for(Span::secs(10));
    let others: Vec<_> = hosts.iter().copied().filter(|host| *host != hosts[4]).collect();
    assert!(others.iter().all(|host| held(&world, *host).len() == 1), "the durable one is left");
    assert!(in_step(&world, &others));
    world.restart(hosts[4], None, &[world.addr(hosts[0])]).expect("as before");
    world.run_for(Span::secs(10));
    assert!(in_step(&world, &hosts), "it has got back what it had written");
    assert_eq!(value_at(&world, hosts[4], hosts[4], "config").as_deref(), Some("a"));
    assert_eq!(value_at(&world, hosts[1], hosts[4], "load"), None);
    // And goes on where it was.
    write(&mut world, hosts[4], durable("config", "b")).expect("taken");
    write(&mut world, hosts[4], own("load", "2")).expect("taken");
    world.run_for(Span::secs(5));
    assert!(in_step(&world, &hosts));
    assert_eq!(value_at(&world, hosts[1], hosts[4], "config").as_deref(), Some("b"));
    assert_eq!(value_at(&world, hosts[1], hosts[4], "load").as_deref(), Some("2"));
}

#[test]
fn who_was_only_held_dead_has_its_keys_back_at_once() {
    let (mut world, hosts) = cluster(2, 10, &Config::default(), 0);
    write(&mut world, hosts[4], own("load", "1")).expect("taken");
    world.run_for(Span::secs(5));
    world.pause(hosts[4]);
    let dead = world.run_until(Span::secs(60), |w| value_at(w, hosts[0], hosts[4], "load").is_none());
    assert!(dead.is_some(), "it is held dead some time");
    world.resume(hosts[4]);
    let back = world.run_until(Span::secs(10), |w| in_step(w, &hosts) && held(w, hosts[0]).len() == 1);
    assert!(back.is_some());
}

#[test]
fn what_is_durable_is_still_given_when_its_owner_dies_before_what_was_let_go_is_fetched_anew() {
    let retention = Duration::from_secs(20);
    let config = Config { down_retention: retention, ..Config::default() };
    let (mut world, hosts) = cluster(9, 3, &config, 0);
    write(&mut world, hosts[2], durable("config", "a")).expect("taken");
    write(&mut world, hosts[2], own("load", "1")).expect("taken");
    world.run_for(Span::secs(5));
    let id = world.id(hosts[2]);
    world.pause(hosts[2]);
    let gone = world.run_until(Span::secs(120), |w| w.node(hosts[0]).is_some_and(|node| node.member(id).is_none()));
    assert!(gone.is_some(), "it is forgotten, and what is ephemeral is let go");
    world.run_for(Span::secs(10));
    world.resume(hosts[2]);
    let anew = world.run_until(Span::secs(10), |w| w.node(hosts[0]).is_some_and(|node| node.watermark(id, 1) == 0));
    assert!(anew.is_some(), "it lives after all, and all of it is fetched anew");
    world.crash(hosts[2], Death::Refusing);
    world.restart(hosts[2], None, &[world.addr(hosts[0])]).expect("as before");
    let back = world.run_until(Span::secs(60), |w| value_at(w, hosts[2], hosts[2], "config").is_some());
    assert!(back.is_some(), "the others hold it, and give it");
    world.run_for(Span::secs(30));
    assert!(in_step(&world, &hosts));
}

#[test]
fn a_time_to_live_ends_everywhere_at_the_same_age() {
    let (mut world, hosts) = cluster(3, 20, &Config::default(), 0);
    for host in &hosts {
        world.watch(*host, b"").expect("room");
    }
    let lease = Write { ttl: Some(Span::secs(10)), ..own("lease", "mine") };
    write(&mut world, hosts[0], lease).expect("taken");
    world.run_for(Span::millis(9_500));
    assert!(hosts.iter().all(|host| held(&world, *host).len() == 1));
    world.run_for(Span::secs(1));
    assert!(hosts.iter().all(|host| held(&world, *host).is_empty()));
    let ends: Vec<_> = world.observer.changed.iter().filter(|(.., c)| c.removed).map(|(at, ..)| *at).collect();
    let (first, last) = (ends.iter().min().expect("some"), ends.iter().max().expect("some"));
    assert_eq!(ends.len(), hosts.len());
    assert!(last.since(*first) <= Span::millis(20), "{:?}", last.since(*first));
    assert!(in_step(&world, &hosts));
}

#[test]
fn a_removed_key_does_not_come_back_with_who_was_away_ten_times_as_long_as_removals_are_remembered() {
    // R14.
    let config = Config { tombstone_retention: std::time::Duration::from_secs(20), ..Config::default() };
    let (mut world, hosts) = cluster(4, 9, &config, 0);
    write(&mut world, hosts[0], durable("old", "x")).expect("taken");
    write(&mut world, hosts[0], durable("kept", "y")).expect("taken");
    write(&mut world, hosts[8], own("mine", "1")).expect("taken");
    world.run_for(Span::secs(5));
    let (away, rest) = ([hosts[8]], &hosts[..8]);
    world.network.partition(&[&away, rest]);
    world.run_for(Span::secs(2));
    write(&mut world, hosts[0], removed("old")).expect("taken");
    write(&mut world, hosts[8], own("mine", "2")).expect("taken");
    world.run_for(Span::secs(200));
    assert!(value_at(&world, hosts[8], hosts[0], "old").is_some(), "it has heard nothing");
    assert_eq!(
        world.node(hosts[1]).expect("it runs").state_used().0,
        2,
        "the removal is forgotten, its owner's and the other's remain"
    );
    world.network.heal();
    let healed = world.run_until(Span::secs(60), |w| in_step(w, &hosts));
    assert!(healed.is_some(), "{:?} and {:?}", held(&world, hosts[8]), held(&world, hosts[0]));
    assert_eq!(value_at(&world, hosts[8], hosts[0], "old"), None, "nothing is resurrected");
    assert_eq!(value_at(&world, hosts[3], hosts[8], "mine").as_deref(), Some("2"), "and nothing of its own lost");
}

#[test]
fn a_removal_outlives_its_owner_as_what_it_removed_would_have() {
    let (mut world, hosts) = cluster(5, 8, &Config::default(), 0);
    write(&mut world, hosts[0], durable("a", "x")).expect("taken");
    write(&mut world, hosts[0], durable("b", "x")).expect("taken");
    write(&mut world, hosts[0], durable("c", "kept")).expect("taken");
    world.run_for(Span::secs(5));
    let (away, rest) = ([hosts[7]], &hosts[..7]);
    world.network.partition(&[&away, rest]);
    // One is removed, another superseded by what goes with its owner.
    write(&mut world, hosts[0], removed("a")).expect("taken");
    write(&mut world, hosts[0], own("b", "y")).expect("taken");
    world.run_for(Span::secs(10));
    world.crash(hosts[0], Death::Silent);
    // Until it is forgotten.
    world.run_for(Span::secs(700));
    world.network.heal();
    let others = &hosts[1..];
    let healed = world.run_until(Span::secs(60), |w| in_step(w, others));
    assert!(healed.is_some(), "{:?} and {:?}", held(&world, hosts[7]), held(&world, hosts[1]));
    for host in others {
        let values = held(&world, *host);
        assert_eq!(values.into_values().collect::<Vec<_>>(), ["kept"], "{}", world.name(*host));
    }
}
