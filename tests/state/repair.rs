use std::cell::Cell;
use std::rc::Rc;

use bruit::sim::Fate;
use bruit::wire::Kind;
use bruit::{Config, Span};

use super::support::{Cluster, cluster, held, in_step, own, write};

#[test]
fn two_halves_that_wrote_for_themselves_hold_the_same_after_the_cut() {
    let (mut world, hosts) = cluster(1, 20, &Config::default(), 0);
    for host in &hosts {
        write(&mut world, *host, own("n", "0")).expect("taken");
    }
    world.run_for(Span::secs(5));
    let (one, other) = hosts.split_at(10);
    world.network.partition(&[one, other]);
    world.run_for(Span::secs(1));
    for (n, host) in hosts.iter().enumerate() {
        write(&mut world, *host, own("n", &format!("{n}"))).expect("taken");
    }
    world.run_for(Span::secs(30));
    world.network.heal();
    let healed = world.run_until(Span::secs(60), |w| in_step(w, &hosts) && held(w, hosts[0]).len() == 20);
    assert!(healed.is_some());
}

#[test]
fn what_was_missed_entirely_is_found_by_fingerprints_and_costs_little() {
    let (mut world, hosts) = cluster(2, 10, &Config::default(), 0);
    for key in 0..100 {
        write(&mut world, hosts[0], own(&format!("key{key}"), "value")).expect("taken");
    }
    world.run_for(Span::secs(10));
    assert!(in_step(&world, &hosts));
    // Too short for a death, too long for the news.
    let (away, rest) = ([hosts[9]], &hosts[..9]);
    world.network.partition(&[&away, rest]);
    write(&mut world, hosts[0], own("key50", "other")).expect("taken");
    world.run_for(Span::millis(1_500));
    world.network.heal();
    let (bytes, sums) = (world.observer.bytes, world.observer.sums);
    let found = world.run_until(Span::secs(20), |w| in_step(w, &hosts));
    assert!(found.is_some_and(|took| took < Span::secs(8)), "{found:?}");
    world.run_for(Span::secs(5));
    let (bytes, sums) = (world.observer.bytes - bytes, world.observer.sums - sums);
    assert!(sums <= 4, "{sums} comparisons");
    assert!(bytes < 60_000, "{bytes} bytes");
}

#[test]
fn a_comparison_of_which_a_datagram_is_lost_goes_on_at_once() {
    // Wants and pages are repeated by themselves: nothing has to be compared again for them.
    let sums = [(Kind::StateSums, 2), (Kind::StateListing, 2), (Kind::StateWants, 1), (Kind::StatePage, 1)];
    for (lost, sums) in sums {
        let (mut world, hosts) = cluster(4, 2, &Config::default(), 0);
        for host in &hosts {
            write(&mut world, *host, own("key", "value")).expect("taken");
        }
        world.run_for(Span::secs(10));
        world.network.partition(&[&hosts[..1], &hosts[1..]]);
        for host in &hosts {
            write(&mut world, *host, own("key", "other")).expect("taken");
        }
        world.run_for(Span::millis(2_500));
        world.network.heal();
        // When the first of that kind went, which is lost.
        let gone = Rc::new(Cell::new(None));
        let first = Rc::clone(&gone);
        world.meddle(Some(Box::new(move |p| {
            if first.get().is_none() && p.has(lost) {
                first.set(Some(p.at));
                Fate::Drop
            } else {
                Fate::Pass
            }
        })));
        let found = world.run_until(Span::secs(60), |w| in_step(w, &hosts) && gone.get().is_some());
        let since = gone.get().map(|at| world.now().since(at));
        assert!(found.is_some() && since.is_some_and(|since| since < Span::millis(300)), "{lost:?}: {since:?}");
        world.run_for(Span::secs(5));
        let repairs: u64 = hosts.iter().map(|host| world.node(*host).expect("it runs").counters().state_repairs).sum();
        assert_eq!(repairs, sums, "{lost:?}");
    }
}

#[test]
fn one_command_rebuilds_everything_from_its_owners() {
    // R22.
    let (mut world, hosts) = cluster(3, 40, &Config::default(), 0);
    for host in &hosts {
        for key in 0..5 {
            write(&mut world, *host, own(&format!("key{key}"), "v")).expect("taken");
        }
    }
    world.run_for(Span::secs(10));
    assert!(in_step(&world, &hosts));
    let bytes = world.observer.bytes;
    world.reset_state(hosts[3]).expect("a member may");
    let rebuilt = world.run_until(Span::secs(30), |w| {
        in_step(w, &hosts)
            && held(w, hosts[0]).len() == 200
            && hosts.iter().all(|host| w.node(*host).expect("it runs").counters().state_resets == 1)
    });
    assert!(rebuilt.is_some_and(|took| took < Span::secs(10)), "{rebuilt:?}");
    let bytes = (world.observer.bytes - bytes) / hosts.len() as u64;
    assert!(bytes < 200_000, "{bytes} bytes a node");
}

#[test]
fn versions_of_any_size_are_listed_as_they_are() {
    // Around what one byte holds, and what two do.
    for writes in [255, 256, 65_535, 65_536] {
        let (mut world, hosts) = cluster(5, 3, &Config::default(), 0);
        write(&mut world, hosts[1], own("key", "few")).expect("taken");
        (1..writes).for_each(|_| write(&mut world, hosts[0], own("key", "many")).expect("taken"));
        assert!(world.run_until(Span::secs(20), |w| in_step(w, &hosts) && held(w, hosts[2]).len() == 2).is_some());
        world.run_for(Span::secs(5));
        world.network.partition(&[&hosts[..2], &hosts[2..]]);
        write(&mut world, hosts[0], own("key", "last")).expect("taken");
        write(&mut world, hosts[1], own("key", "last")).expect("taken");
        world.run_for(Span::millis(1_500));
        world.network.heal();
        let last = |w: &Cluster| held(w, hosts[2]).values().all(|value| value == "last");
        let found = world.run_until(Span::secs(20), |w| in_step(w, &hosts) && last(w));
        assert!(found.is_some_and(|took| took < Span::secs(8)), "{writes}: {found:?}");
    }
}
