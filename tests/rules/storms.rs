//! What if all come at once? Joins through one seed (M10), cold starts, and what is refused in a flood of strangers.

use std::net::SocketAddr;

use bruit::sim::{Bounds, Latency, Link, Spec, World};
use bruit::{Profile, Span};

use crate::support::{cluster, failures, join_one, name, params, sum, together};

/// `n` nodes join through one seed within a millisecond; how long until all know all.
fn storm(n: usize, seed: u64, profile: Profile, link: Link) -> (World, Span) {
    let mut world = World::with_bounds(seed, Bounds { in_flight: 1 << 20, ..Bounds::default() });
    world.network.set_all(link);
    let params = params(profile, n as u32 + 8);
    for i in 0..n {
        join_one(&mut world, &name(i), &params);
        if i == 0 {
            world.run_for(Span::secs(1));
        }
    }
    let took = together(&mut world, n, Span::secs(60));
    assert_eq!(world.tally().overflowed, 0);
    (world, took)
}

fn jitter() -> Link {
    Link { latency: Latency::Uniform(Span::micros(50), Span::millis(1)), ..Link::default() }
}

#[test]
fn m10_64_nodes_through_one_seed_know_each_other_within_2_s() {
    for profile in [Profile::Lan, Profile::Local] {
        for seed in 0..3 {
            let (world, took) = storm(64, seed, profile, jitter());
            assert!(took <= Span::secs(2), "{}: {took:?}", profile.name());
            assert_eq!(failures(&world), 0);
        }
    }
}

#[test]
fn m10_200_nodes_through_one_seed_know_each_other_within_10_s() {
    let (mut world, took) = storm(200, 81, Profile::Lan, jitter());
    assert!(took <= Span::secs(10), "{took:?}");
    world.run_for(Span::secs(10));
    assert!(world.all_see(200));
    assert_eq!((failures(&world), sum(&world, |c| c.accusations)), (0, 0));
}

#[test]
fn who_comes_one_by_one_after_a_storm_does_not_prolong_it() {
    let mut world = World::with_bounds(84, Bounds { in_flight: 1 << 20, ..Bounds::default() });
    let params = params(Profile::Lan, 256);
    cluster(&mut world, 200, &params);
    world.run_for(Span::secs(5));
    let before = sum(&world, |c| c.repairs_begun);
    for late in 0..20 {
        // Sooner than the next comparison would come: each of them would have had somebody to learn of.
        join_one(&mut world, &format!("late{late}"), &params);
        world.run_for(Span::millis(200));
    }
    together(&mut world, 220, Span::secs(5));
    let begun = sum(&world, |c| c.repairs_begun) - before;
    assert!(begun <= 20 * 4, "seed 84: {begun} comparisons, where each newcomer makes a few of its own");
}

#[test]
fn a_storm_under_loss_leaves_no_stragglers() {
    let (world, took) = storm(64, 82, Profile::Lan, Link { loss_permille: 100, ..jitter() });
    assert!(took <= Span::secs(10), "{took:?}");
    assert!(world.tally().lost > 500);
    assert_eq!(failures(&world), 0);
}

#[test]
fn a_cold_start_of_64_that_list_the_same_three_is_one_cluster() {
    let mut world = World::with_bounds(83, Bounds { in_flight: 1 << 20, ..Bounds::default() });
    world.network.set_all(jitter());
    let params = params(Profile::Lan, 80);
    let listed: Vec<SocketAddr> = (1..=3).map(|i| ([10, 0, 0, i], 4_100).into()).collect();
    for i in 0..64 {
        let seeds: Vec<SocketAddr> = listed.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, a)| *a).collect();
        world.start(&Spec::new(&name(i), params.clone()), &seeds).expect("a good spec");
    }
    let took = together(&mut world, 64, Span::secs(30));
    assert!(took <= Span::secs(15), "{took:?}");
    assert_eq!(failures(&world), 0);
}
