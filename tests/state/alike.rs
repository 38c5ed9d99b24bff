//! Owners whom a listing does not tell apart: their ids share all bits of which it tells.

use std::collections::HashMap;

use bruit::sim::HostId;
use bruit::wire::LogDigest;
use bruit::{Config, NodeId, Span};

use super::support::{Cluster, cluster_of, durable, held, in_step, own, write};

/// The first two of names made of a stem and a number whose ids are alike in a listing.
fn alike() -> [String; 2] {
    let mut seen = HashMap::new();
    for nth in 0_u32.. {
        let name = format!("owner-{nth}");
        let bits = LogDigest::alike(NodeId::from_name(&name)).0;
        if let Some(other) = seen.insert(bits, name.clone()) {
            return [other, name];
        }
    }
    unreachable!("there are no more than two million such bits");
}

/// Two alike, and two others.
fn four(seed: u64) -> (Cluster, [HostId; 4]) {
    let [one, other] = alike();
    let names = [one, other, "third".to_owned(), "fourth".to_owned()];
    let (world, hosts) = cluster_of(seed, &names, &Config::default(), 0);
    (world, hosts.try_into().expect("four"))
}

fn write_times(world: &mut Cluster, host: HostId, times: u32) {
    for nth in 0..times {
        write(world, host, durable(&format!("key{nth}"), &format!("{nth} of {times}"))).expect("taken");
    }
}

fn agree(world: &mut Cluster, hosts: &[HostId], keys: usize) {
    let agreed = world.run_until(Span::secs(30), |w| in_step(w, hosts) && held(w, hosts[0]).len() == keys);
    assert!(agreed.is_some_and(|took| took < Span::secs(10)), "{agreed:?}");
    for host in hosts {
        // Nobody took what the other had written for something of its own.
        assert_eq!(world.node(*host).expect("it runs").me().incarnation.life(), 1);
    }
}

#[test]
fn each_learns_what_only_the_other_side_holds() {
    // More of one, more of the other, and as much of both.
    for (seed, writes) in [(1, [1, 5]), (2, [5, 1]), (3, [3, 3])] {
        let (mut world, [one, other, third, fourth]) = four(seed);
        world.network.partition(&[&[one, third], &[other, fourth]]);
        write_times(&mut world, one, writes[0]);
        write_times(&mut world, other, writes[1]);
        world.run_for(Span::millis(1_500));
        world.network.heal();
        agree(&mut world, &[one, other, third, fourth], (writes[0] + writes[1]) as usize);
    }
}

#[test]
fn who_is_behind_of_one_or_of_both_catches_up() {
    for (seed, writes) in [(1, [1, 0]), (2, [0, 1]), (3, [1, 2]), (4, [2, 2])] {
        let (mut world, [one, other, third, fourth]) = four(seed);
        write_times(&mut world, one, 4);
        write_times(&mut world, other, 4);
        agree(&mut world, &[one, other, third, fourth], 8);
        world.network.partition(&[&[one, other, third], &[fourth]]);
        for (host, writes) in [(one, writes[0]), (other, writes[1])] {
            (0..writes).for_each(|nth| write(&mut world, host, own(&format!("new{nth}"), "news")).expect("taken"));
        }
        world.run_for(Span::millis(1_500));
        world.network.heal();
        agree(&mut world, &[one, other, third, fourth], 8 + writes[0] + writes[1]);
    }
}

#[test]
fn two_that_are_in_step_cost_no_more_than_others() {
    // The check tells which is which: nothing of either is sent because of a third.
    let (mut world, [one, other, third, fourth]) = four(1);
    write_times(&mut world, one, 50);
    write_times(&mut world, other, 50);
    agree(&mut world, &[one, other, third, fourth], 100);
    world.network.partition(&[&[one, other, third], &[fourth]]);
    write_times(&mut world, one, 1);
    world.run_for(Span::millis(1_500));
    let pages = world.observer.pages;
    world.network.heal();
    agree(&mut world, &[one, other, third, fourth], 100);
    let pages = world.observer.pages - pages;
    assert_eq!(pages, 1, "for one write");
}
