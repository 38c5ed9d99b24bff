//! What nobody has any more is reported, number by number, and never passed over in silence.

use bruit::{Class, Config, Limits, Order, Span};

use super::support::{cluster, cluster_with, publish};

#[test]
fn who_was_cut_off_for_less_than_the_retention_is_caught_up_exactly() {
    let (mut world, hosts) = cluster(1, 40, &Config::default(), 0);
    let (alone, others) = (hosts[7], hosts.iter().copied().filter(|h| *h != hosts[7]).collect::<Vec<_>>());
    world.network.partition(&[&[alone], &others]);
    for n in 0..100 {
        publish(&mut world, others[n % 5], Class::Urgent);
        world.run_for(Span::millis(200));
    }
    world.network.heal();
    world.run_for(Span::secs(20));
    assert!(world.observer.lost.is_empty(), "{:?}", world.observer.lost);
    assert_eq!(world.observer.order.get(&alone).map(Vec::len), Some(100), "all that was told meanwhile");
}

#[test]
fn who_was_cut_off_for_longer_is_told_exactly_what_it_has_lost() {
    let config = Config { rumor_retention: std::time::Duration::from_secs(5), ..Config::default() };
    let (mut world, hosts) = cluster(2, 40, &config, 0);
    let (alone, others) = (hosts[7], hosts.iter().copied().filter(|h| *h != hosts[7]).collect::<Vec<_>>());
    publish(&mut world, others[0], Class::Urgent);
    world.run_for(Span::secs(3));
    world.network.partition(&[&[alone], &others]);
    for _ in 0..30 {
        publish(&mut world, others[0], Class::Urgent);
        world.run_for(Span::millis(500));
    }
    // Everything is told, and the last of it is older than the retention.
    world.run_for(Span::secs(10));
    world.network.heal();
    world.run_for(Span::secs(60));
    assert_eq!(world.observer.lost, [(alone, 2, 31)]);
    let id = publish(&mut world, others[0], Class::Urgent);
    world.run_for(Span::secs(2));
    assert_eq!((id.sequence, world.observer.at[&id].len()), (32, 39), "and goes on with what follows");
}

#[test]
fn a_long_gap_is_closed_as_fast_as_answers_come() {
    let limits = Limits { rumors: 8_192, rumor_bytes: 1 << 20, rumor_window: 8_192, ..Limits::for_members(8) };
    let (mut world, hosts) = cluster_with(4, 4, &Config::default(), &limits, 0, Order::Arrival);
    world.network.partition(&[&[hosts[3]], &hosts[..3]]);
    // So short that nobody is suspected.
    for _ in 0..6_000 {
        publish(&mut world, hosts[0], Class::Urgent);
        world.run_for(Span::micros(50));
    }
    world.network.heal();
    // A request names 256 at most: 24 of them, where one a gossip interval at least would take 2.4 s.
    world.run_for(Span::millis(800));
    assert_eq!(world.observer.order.get(&hosts[3]).map(Vec::len), Some(6_000));
    assert!(world.observer.lost.is_empty());
}

#[test]
fn what_is_gone_is_reported_soon_even_where_more_is_kept_than_a_digest_can_say() {
    let limits = Limits { rumors: 70_000, rumor_bytes: 1 << 23, rumor_window: 1_024, ..Limits::for_members(8) };
    let (mut world, hosts) = cluster_with(5, 3, &Config::default(), &limits, 0, Order::Arrival);
    let (alone, first) = (hosts[2], publish(&mut world, hosts[0], Class::Urgent));
    world.run_for(Span::secs(1));
    world.network.partition(&[&[alone], &hosts[..2]]);
    for n in 0..72_000 {
        publish(&mut world, hosts[0], Class::Urgent);
        if n % 20 == 0 {
            world.run_for(Span::millis(10));
        }
    }
    // Everything is told.
    world.run_for(Span::secs(5));
    world.network.heal();
    // Much sooner than the retention is over, which would end it as well.
    world.run_for(Span::secs(20));
    let gone = 72_001 - 70_000;
    let lost: Vec<_> = world.observer.lost.iter().filter(|(host, ..)| *host == alone).collect();
    assert_eq!((first.sequence, lost.first().map(|(_, from, _)| *from)), (1, Some(2)), "{lost:?}");
    let lost: u64 = lost.iter().map(|(_, from, to)| to - from + 1).sum();
    let heard = world.observer.order.get(&alone).map_or(0, Vec::len) as u64;
    assert_eq!((lost, lost + heard), (gone - 1, 72_001));
}

#[test]
fn what_has_no_room_anywhere_any_more_is_lost_to_who_missed_it_and_to_nobody_else() {
    let limits = Limits { origins: 8, rumors: 64, rumor_window: 256, ..Limits::for_members(24) };
    let (mut world, hosts) = cluster_with(3, 20, &Config::default(), &limits, 0, Order::Origin);
    let (alone, others) = (hosts[7], hosts.iter().copied().filter(|h| *h != hosts[7]).collect::<Vec<_>>());
    world.network.partition(&[&[alone], &others]);
    for _ in 0..200 {
        publish(&mut world, others[0], Class::Urgent);
        world.run_for(Span::millis(20));
    }
    world.network.heal();
    world.run_for(Span::secs(20));
    let lost = &world.observer.lost;
    assert!(lost.iter().all(|(host, ..)| *host == alone) && !lost.is_empty(), "{lost:?}");
    let lost: u64 = lost.iter().map(|(_, from, to)| to - from + 1).sum();
    let heard = world.observer.order.get(&alone).map_or(0, Vec::len) as u64;
    assert!(lost + heard == 200 && heard >= 60, "{heard} heard, {lost} reported lost");
}
