//! In the order of publication, where that is asked for.

use bruit::sim::{Latency, Link};
use bruit::{Class, Config, Limits, Order, RumorId, Span};

use super::support::{Cluster, cluster_with, publish};

fn limits() -> Limits {
    Limits { origins: 8, rumors: 1_024, rumor_window: 256, ..Limits::for_members(40) }
}

/// Whether a host got what an origin published in the order of its numbers.
fn in_order(world: &Cluster, id: RumorId) -> bool {
    world.observer.order.values().all(|heard| {
        let from_it: Vec<u64> = heard.iter().filter(|h| h.origin == id.origin).map(|h| h.sequence).collect();
        from_it.is_sorted()
    })
}

#[test]
fn reordered_and_lost_rumors_are_delivered_in_order_to_who_asks_for_it() {
    for (order, seed) in [(Order::Origin, 1), (Order::Arrival, 1)] {
        let (mut world, hosts) = cluster_with(seed, 30, &Config::default(), &limits(), 200, order);
        world.network.set_all(Link {
            latency: Latency::Uniform(Span::micros(50), Span::millis(20)),
            loss_permille: 100,
            ..Link::default()
        });
        let mut last = None;
        for n in 0..200 {
            last = Some(publish(&mut world, hosts[n % 2], if n % 3 == 0 { Class::Normal } else { Class::Urgent }));
            world.run_for(Span::millis(3));
        }
        world.run_for(Span::secs(5));
        let receipts: Vec<usize> = world.observer.at.values().map(Vec::len).collect();
        assert_eq!(receipts, vec![29; 200], "each at each, once");
        let sorted = in_order(&world, last.expect("some were published"));
        assert_eq!(sorted, order == Order::Origin, "{order:?}: without asking for it there is no order on such links");
    }
}
