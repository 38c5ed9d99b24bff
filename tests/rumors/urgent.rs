//! What is urgent is everywhere within the hops of the graph, for about as many copies as each tells.

use bruit::sim::{Latency, Link};
use bruit::{Class, Config, Limits, Order, RumorId, Span};

use super::support::{cluster, cluster_with, publish, times};

#[test]
fn without_loss_everybody_has_it_within_the_least_number_of_hops() {
    let (mut world, hosts) = cluster(1, 1_000, &Config::default(), 0);
    let (begin, before) = (world.now(), world.observer.copies);
    let id = publish(&mut world, hosts[17], Class::Urgent);
    world.run_for(Span::millis(400));
    let times = times(&world, id, begin);
    // 4^5 > 1,000, and a hop takes 100 us.
    assert_eq!((times.len(), times.last()), (999, Some(&500)));
    assert!(world.observer.copies - before <= 4 * 1_000, "{} copies", world.observer.copies - before);
}

#[test]
fn with_a_tenth_lost_999_of_1000_have_it_in_3_ms_and_all_within_two_rounds() {
    for seed in [2, 3] {
        let (mut world, hosts) = cluster(seed, 300, &Config::default(), 100);
        for host in &hosts[..10] {
            let (begin, before) = (world.now(), world.observer.copies);
            let id = publish(&mut world, *host, Class::Urgent);
            world.run_for(Span::millis(700));
            let times = times(&world, id, begin);
            let soon = times.iter().filter(|us| **us <= 3_000).count();
            assert!(times.len() == 299 && soon >= 298, "seed {seed}: {soon} of {} within 3 ms", times.len());
            assert!(times.iter().all(|us| *us <= 200_000), "seed {seed}: the last after {:?} us", times.last());
            assert!(world.observer.copies - before <= 6 * 300, "{} copies", world.observer.copies - before);
        }
        assert!(world.observer.lost.is_empty());
    }
}

#[test]
fn who_is_left_out_by_everybody_need_not_wait_for_a_round_of_a_whole_interval() {
    let (mut world, hosts) = cluster(6, 300, &Config::default(), 200);
    let mut late = Vec::new();
    for host in &hosts[..20] {
        let begin = world.now();
        let id = publish(&mut world, *host, Class::Urgent);
        world.run_for(Span::secs(1));
        let times = times(&world, id, begin);
        assert_eq!(times.len(), 299);
        // What is pushed takes no more hops than this.
        late.extend(times.into_iter().filter(|us| *us > 3_000));
    }
    late.sort_unstable();
    assert!(late.len() >= 5, "seed 6: one in 625 is left out, {late:?} us");
    assert!(late[late.len() / 2] < 50_000, "seed 6: {late:?} us");
}

#[test]
fn how_old_it_is_follows_the_clocks_that_it_has_passed() {
    let (mut world, hosts) = cluster(4, 100, &Config::default(), 0);
    // Every pair has pinged each other by then, and knows its round trip.
    world.run_for(Span::secs(220));
    world.network.set_all(Link { latency: Latency::Constant(Span::micros(100)), loss_permille: 50, ..Link::default() });
    for host in &hosts[..20] {
        publish(&mut world, *host, Class::Urgent);
        publish(&mut world, *host, Class::Normal);
        world.run_for(Span::millis(500));
    }
    world.run_for(Span::secs(3));
    let (above, below) = world.observer.age_error;
    // Round trips are known to the microsecond, and are halved.
    assert!(above <= 10_000 && below >= -10_000, "{above} and {below} ns");
}

#[test]
fn rounds_come_sooner_where_more_waits_than_one_tells_and_what_leaves_stays_within_the_budgets() {
    let limits = Limits { rumors: 8_192, rumor_bytes: 1 << 20, rumor_window: 8_192, ..Limits::for_members(8) };
    let config = Config::default();
    let (mut world, hosts) = cluster_with(7, 4, &config, &limits, 0, Order::Arrival);
    // A round tells three peers of 8 datagrams each, of 11 of these: in 10 rounds that would be 2,640.
    let (begin, n, span) = (world.now(), 6_000, Span::secs(1));
    let sent_before = world.node(hosts[0]).expect("it runs").counters().bytes_sent;
    let ids: Vec<RumorId> = (0..n).map(|_| publish(&mut world, hosts[0], Class::Normal)).collect();
    world.run_for(span);
    for id in ids {
        assert_eq!(times(&world, id, begin).len(), 3, "{id}");
    }
    let sent = world.node(hosts[0]).expect("it runs").counters().bytes_sent - sent_before;
    // Three quarters of what a second permits, and the burst.
    assert!(sent < u64::from(config.bytes_per_second / 4 * 3 + config.bytes_per_second / 10), "{sent} bytes");
    assert!(world.observer.lost.is_empty() && world.observer.suspicions == 0);
}

#[test]
fn normal_and_bulk_are_told_in_rounds_and_reach_everybody_under_loss() {
    for class in [Class::Normal, Class::Bulk] {
        let (mut world, hosts) = cluster(5, 200, &Config::default(), 200);
        let begin = world.now();
        let id = publish(&mut world, hosts[3], class);
        world.run_for(Span::secs(4));
        let times = times(&world, id, begin);
        assert_eq!(times.len(), 199, "{}: the last after {:?} us", class.name(), times.last());
    }
}
