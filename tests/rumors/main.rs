//! Rumors among simulated nodes: everywhere, at once, exactly once, or reported as lost.

mod support;

use bruit::{Class, Config, Span};
use support::{cluster, publish, times};

#[test]
fn an_urgent_rumor_is_everywhere_within_the_hops_of_the_graph() {
    for seed in 1..=3 {
        let (mut world, hosts) = cluster(seed, 1_000, &Config::default(), 0);
        let before = world.observer.copies;
        let begin = world.now();
        let id = publish(&mut world, hosts[17], Class::Urgent);
        world.run_for(Span::secs(2));
        let times = times(&world, id, begin);
        println!(
            "seed {seed}: {} got it, last {:?} us, copies {}",
            times.len(),
            times.last(),
            world.observer.copies - before
        );
        assert_eq!(times.len(), 999);
    }
}

#[test]
fn with_loss() {
    for seed in 1..=5 {
        let (mut world, hosts) = cluster(seed, 1_000, &Config::default(), 100);
        let before = world.observer.copies;
        let begin = world.now();
        let id = publish(&mut world, hosts[17], Class::Urgent);
        world.run_for(Span::secs(2));
        let times = times(&world, id, begin);
        println!(
            "seed {seed}: {} got it, 99.9% {:?}, last {:?} us, copies {}",
            times.len(),
            times.get(997),
            times.last(),
            world.observer.copies - before
        );
        assert_eq!(times.len(), 999);
    }
}

#[test]
fn stream() {
    let (mut world, hosts) = cluster(1, 1_000, &Config::default(), 0);
    let (before, dg) = (world.observer.copies, world.observer.datagrams);
    let mut ids = Vec::new();
    for i in 0..1000 {
        let begin = world.now();
        ids.push((publish(&mut world, hosts[i % 10], Class::Urgent), begin));
        world.run_for(Span::millis(10));
        if i % 100 == 99 {
            println!(
                "{i}: copies per node and rumor {}",
                (world.observer.copies - before) as f64 / 999.0 / (i + 1) as f64
            );
        }
    }
    world.run_for(Span::secs(2));
    let last: Vec<_> = ids
        .iter()
        .map(|(id, begin)| (times(&world, *id, *begin).len(), *times(&world, *id, *begin).last().unwrap()))
        .collect();
    println!(
        "all {} least {:?} last {:?} datagrams {}",
        last.len(),
        last.iter().map(|l| l.0).min(),
        last.iter().map(|l| l.1).max(),
        world.observer.datagrams - dg
    );
    println!("age error {:?} {}", world.observer.age_error, world.observer.suspicions);
}

#[test]
fn normal() {
    for loss in [0, 200] {
        let (mut world, hosts) = cluster(1, 1_000, &Config::default(), loss);
        let before = world.observer.copies;
        let begin = world.now();
        let id = publish(&mut world, hosts[17], Class::Normal);
        world.run_for(Span::secs(5));
        let times = times(&world, id, begin);
        println!(
            "normal loss {loss}: {} got it, half {:?} last {:?} us, copies {}",
            times.len(),
            times.get(500),
            times.last(),
            world.observer.copies - before
        );
    }
}
