use bruit::{Class, Config, Refusal, Span, Write};

use super::support::{cluster, in_step, own, removed, value_at, write};

#[test]
fn a_write_is_held_by_all_after_a_spreading_time_and_a_removal_by_nobody() {
    let (mut world, hosts) = cluster(1, 50, &Config::default(), 0);
    for host in &hosts {
        world.watch(*host, b"lo").expect("room");
    }
    write(&mut world, hosts[7], own("load", "0.3")).expect("taken");
    write(&mut world, hosts[7], own("unwatched", "1")).expect("taken");
    let took = world.run_until(Span::secs(3), |w| {
        hosts.iter().all(|host| value_at(w, *host, hosts[7], "load").as_deref() == Some("0.3"))
    });
    assert!(took.is_some(), "after 3 s some lack it");
    world.run_for(Span::secs(3));
    assert!(in_step(&world, &hosts));
    let told: Vec<_> = world.observer.changed.iter().map(|(_, host, _)| *host).collect();
    assert_eq!(told.len(), hosts.len(), "each is told once, the writer too");
    write(&mut world, hosts[7], removed("load")).expect("taken");
    world.run_for(Span::secs(5));
    assert!(hosts.iter().all(|host| value_at(&world, *host, hosts[7], "load").is_none()));
    assert!(in_step(&world, &hosts));
    assert_eq!(world.observer.changed.iter().filter(|(_, _, changed)| changed.removed).count(), hosts.len());
}

#[test]
fn a_key_that_is_written_again_is_not_gone_in_between() {
    let (mut world, hosts) = cluster(6, 10, &Config::default(), 0);
    for host in &hosts {
        world.watch(*host, b"").expect("room");
    }
    for value in ["1", "2", "3"] {
        write(&mut world, hosts[0], own("load", value)).expect("taken");
        world.run_for(Span::secs(3));
    }
    let changed = &world.observer.changed;
    assert_eq!(changed.len(), 3 * hosts.len(), "each write is told once");
    assert!(changed.iter().all(|(_, _, changed)| !changed.removed));
}

#[test]
fn an_urgent_write_is_everywhere_in_network_hops() {
    let (mut world, hosts) = cluster(2, 100, &Config::default(), 0);
    let urgent = Write { class: Class::Urgent, ..own("leader", "n3") };
    let began = world.now();
    write(&mut world, hosts[3], urgent).expect("taken");
    let took =
        world.run_until(Span::secs(1), |w| hosts.iter().all(|host| value_at(w, *host, hosts[3], "leader").is_some()));
    assert!(took.is_some_and(|took| took <= Span::millis(5)), "{took:?} after {began:?}");
}

#[test]
fn the_latest_of_many_writes_wins_under_loss() {
    let (mut world, hosts) = cluster(3, 30, &Config::default(), 200);
    for round in 0..50 {
        for host in &hosts[..3] {
            write(&mut world, *host, own("n", &round.to_string())).expect("taken");
        }
        world.run_for(Span::millis(40));
    }
    let last = |w: &super::support::Cluster| {
        hosts.iter().all(|host| hosts[..3].iter().all(|owner| value_at(w, *host, *owner, "n").as_deref() == Some("49")))
    };
    assert!(world.run_until(Span::secs(20), last).is_some());
    let settled = world.run_until(Span::secs(20), |w| in_step(w, &hosts));
    assert!(settled.is_some());
}

#[test]
fn quiet_costs_nothing_once_all_are_in_step() {
    let (mut world, hosts) = cluster(4, 20, &Config::default(), 0);
    for (n, host) in hosts.iter().enumerate() {
        for key in 0..10 {
            write(&mut world, *host, own(&format!("key{key}"), &n.to_string())).expect("taken");
        }
    }
    world.run_for(Span::secs(10));
    assert!(in_step(&world, &hosts));
    let (datagrams, bytes, pages) = (world.observer.datagrams, world.observer.bytes, world.observer.pages);
    world.run_for(Span::secs(20));
    assert_eq!(world.observer.pages, pages, "nobody sends what all hold");
    let per_second = |n: u64| n as f64 / 20.0 / 20.0;
    let (datagrams, bytes) =
        (per_second(world.observer.datagrams - datagrams), per_second(world.observer.bytes - bytes));
    assert!(datagrams <= 2.05 && bytes <= 107.0, "{datagrams} datagrams and {bytes} bytes a node and second");
}

#[test]
fn what_cannot_be_written_is_refused_and_says_why() {
    let (mut world, hosts) = cluster(5, 3, &Config::default(), 0);
    let long = "k".repeat(65);
    let refused = |world: &mut super::support::Cluster, draft| write(world, hosts[0], draft).expect_err("refused");
    assert_eq!(refused(&mut world, own("", "v")), Refusal::KeyLength { got: 0, max: 64 });
    assert_eq!(refused(&mut world, own(&long, "v")), Refusal::KeyLength { got: 65, max: 64 });
    assert_eq!(refused(&mut world, removed("nothing")), Refusal::NoSuchKey);
    let value = "v".repeat(1_025);
    assert_eq!(refused(&mut world, own("k", &value)), Refusal::ValueTooLong { got: 1_025, max: 1_024 });
    let mut written = 0;
    let full = loop {
        match write(&mut world, hosts[0], own(&format!("{written}"), "v")) {
            Ok(()) => written += 1,
            Err(refusal) => break refusal,
        }
        world.run_for(Span::millis(1));
    };
    assert_eq!(full, Refusal::StateFull { what: "limits.state_keys", max: 4_096 });
    assert_eq!(written, 4_096);
    // What is in stays in, and can be changed and removed.
    write(&mut world, hosts[0], own("7", "other")).expect("in the place of its last");
    write(&mut world, hosts[0], removed("8")).expect("a removal takes the place of what it removes");
}
