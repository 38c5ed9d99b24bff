//! Where the rumors of others begin for a node that joins.

use bruit::sim::Spec;
use bruit::{Class, Config, Order, Params, RumorStart, Span};

use super::support::{cluster, publish};

#[test]
fn a_joiner_hears_what_is_published_from_then_on_or_what_is_retained_and_loses_nothing() {
    for (start, expected) in [(RumorStart::Now, 60), (RumorStart::Retained, 110)] {
        let config = Config { rumor_start: start, ..Config::default() };
        let (mut world, hosts) = cluster(1, 30, &config, 0);
        for n in 0..50 {
            publish(&mut world, hosts[n % 3], Class::Urgent);
            world.run_for(Span::millis(50));
        }
        world.run_for(Span::secs(4));
        let params = Params::new(&config, world.node(hosts[0]).expect("it runs").params().limits()).expect("the same");
        let seeds = [world.addr(hosts[9])];
        let joiner = world.start(&Spec::new("late", params), &seeds).expect("a good spec");
        world.subscribe(joiner, None, Order::Origin).expect("room");
        // Until it is a member.
        let joined = world.run_until(Span::secs(5), |world| world.node(joiner).is_some_and(|n| n.members_up() == 31));
        assert!(joined.is_some(), "it joins");
        for n in 0..60 {
            publish(&mut world, hosts[n % 3], Class::Urgent);
            world.run_for(Span::millis(20));
        }
        world.run_for(Span::secs(10));
        assert_eq!(world.observer.order.get(&joiner).map(Vec::len), Some(expected), "{start:?}");
        assert!(world.observer.lost.is_empty(), "{:?}", world.observer.lost);
    }
}
