//! A stream's payloads go along a tree, and a cut branch is mended.

use bruit::sim::Death;
use bruit::{Class, Config, Span};

use super::support::{cluster, publish, times};

#[test]
fn a_steady_stream_of_ten_origins_costs_hardly_more_than_one_copy_each() {
    let (mut world, hosts) = cluster(1, 200, &Config::default(), 0);
    let publish_some = |world: &mut _, n: usize| {
        for i in 0..n {
            publish(world, hosts[i % 10], Class::Urgent);
            world.run_for(Span::millis(5));
        }
    };
    publish_some(&mut world, 200);
    let before = world.observer.copies;
    publish_some(&mut world, 400);
    world.run_for(Span::secs(1));
    let per_rumor = (world.observer.copies - before) as f64 / 400.0 / 199.0;
    assert!(per_rumor <= 1.1, "{per_rumor} copies of each at each node");
    assert!(world.observer.at.values().all(|receipts| receipts.len() == 199), "and all have all");
}

#[test]
fn a_stream_of_which_a_tenth_is_lost_costs_less_than_two_copies() {
    let (mut world, hosts) = cluster(3, 200, &Config::default(), 100);
    let mut publish_some = |n: usize| {
        for i in 0..n {
            publish(&mut world, hosts[i % 10], Class::Urgent);
            world.run_for(Span::millis(5));
        }
        world.run_for(Span::secs(1));
        world.observer.copies
    };
    let before = publish_some(200);
    let per_rumor = (publish_some(400) - before) as f64 / 400.0 / 199.0;
    assert!(per_rumor < 2.0, "{per_rumor} copies of each at each node");
    assert!(world.observer.at.values().all(|receipts| receipts.len() == 199), "and all have all");
}

#[test]
fn a_branch_that_is_cut_is_mended_within_a_few_rounds_and_nothing_is_missed() {
    let (mut world, hosts) = cluster(2, 60, &Config::default(), 0);
    let source = hosts[0];
    for _ in 0..60 {
        publish(&mut world, source, Class::Urgent);
        world.run_for(Span::millis(10));
    }
    // A sixth of all die without a word, most of whom have branches.
    for host in &hosts[50..] {
        world.crash(*host, Death::Silent);
    }
    let begin = world.now();
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push((publish(&mut world, source, Class::Urgent), world.now()));
        world.run_for(Span::millis(10));
    }
    world.run_for(Span::secs(2));
    let slowest = |from: usize| ids[from..].iter().map(|(id, at)| *times(&world, *id, *at).last().expect("one")).max();
    for (id, _) in &ids {
        assert_eq!(times(&world, *id, begin).len(), 49, "{id}");
    }
    assert!(slowest(0) <= Some(400_000), "{:?} us at worst", slowest(0));
    assert!(slowest(60) <= Some(3_000), "{:?} us once the branches are mended", slowest(60));
}
