//! What cannot be published is refused with what to do, and harms nobody.

use bruit::sim::{Bounds, Spec, World};
use bruit::{Capacity, Class, Config, Event, Limits, Order, Params, Publication, Refusal, Span, Topic};

use super::support::{TOPIC, cluster, cluster_with, publish};

fn publication(payload: &[u8], class: Class) -> Publication<'_> {
    Publication { topic: Topic::new(TOPIC), class, payload }
}

#[test]
fn r26_a_payload_beyond_the_limit_is_refused_and_one_at_it_arrives() {
    let (mut world, hosts) = cluster(1, 5, &Config::default(), 0);
    let longest = [7; 1_024];
    let refusal = world.publish(hosts[0], publication(&[7; 1_025], Class::Normal));
    assert_eq!(refusal, Err(Refusal::PayloadTooLong { got: 1_025, max: 1_024 }));
    for payload in [&longest[..], &[]] {
        let id = world.publish(hosts[0], publication(payload, Class::Urgent)).expect("short enough");
        world.run_for(Span::millis(300));
        assert_eq!(world.observer.at[&id].len(), 4, "{} bytes", payload.len());
        let now = world.now();
        let (_, there) = world.node(hosts[3]).expect("it runs").retained(now, id).expect("retained");
        assert_eq!(there, payload);
    }
}

#[test]
fn only_members_publish() {
    let params = Params::new(&Config::default(), &Limits::for_members(4)).expect("consistent");
    let mut world = World::with_bounds(1, Bounds::default());
    let nobody = "10.0.0.99:4100".parse().expect("an address");
    let joining = world.start(&Spec::new("a", params.clone()), &[nobody]).expect("a good spec");
    assert_eq!(world.publish(joining, publication(b"x", Class::Urgent)), Err(Refusal::NotJoined));
    let alone = world.start(&Spec::new("b", params), &[]).expect("a good spec");
    assert!(world.publish(alone, publication(b"x", Class::Urgent)).is_ok(), "even where nobody hears it");
    world.leave(alone).expect("it leaves");
    assert_eq!(world.publish(alone, publication(b"x", Class::Urgent)), Err(Refusal::NotRunning));
}

#[test]
fn what_has_not_been_told_is_not_pushed_out_and_bulk_gives_way_first() {
    let limits = Limits { rumors: 64, ..Limits::for_members(8) };
    let (mut world, hosts) = cluster_with(1, 4, &Config::default(), &limits, 0, Order::Arrival);
    let fill = |world: &mut super::support::Cluster, class| {
        (0..200).find_map(|n| world.publish(hosts[0], publication(b"x", class)).err().map(|e| (n, e)))
    };
    assert_eq!(fill(&mut world, Class::Normal), Some((64, Refusal::RumorsWait { class: Class::Normal, retained: 64 })));
    world.run_for(Span::millis(150));
    // Told in one round by now, and not yet often enough.
    assert_eq!(fill(&mut world, Class::Bulk), Some((0, Refusal::RumorsWait { class: Class::Bulk, retained: 64 })));
    assert!(world.publish(hosts[0], publication(b"x", Class::Normal)).is_ok());
    world.run_for(Span::secs(5));
    assert!(world.observer.lost.is_empty());
    assert_eq!(world.observer.at.values().filter(|receipts| receipts.len() == 3).count(), 65);
}

#[test]
fn r28_an_origin_that_finds_no_place_is_refused_loudly_and_the_others_go_on() {
    let limits = Limits { origins: 2, ..Limits::for_members(8) };
    let (mut world, hosts) = cluster_with(1, 5, &Config::default(), &limits, 0, Order::Arrival);
    let own = [0, 1, 2].map(|n| publish(&mut world, hosts[n], Class::Urgent));
    world.run_for(Span::secs(1));
    // The fourth and the fifth have places for the two that came first, and for nobody else.
    let at_others =
        |id| world.observer.at.get(&id).map_or(0, |all| all.iter().filter(|(h, _)| hosts[3..].contains(h)).count());
    assert_eq!(own.map(at_others).iter().sum::<usize>(), 4);
    let full =
        world.observer.events.iter().filter(|e| matches!(e, Event::TableFull { capacity: Capacity::Origins, .. }));
    assert!(full.count() >= 2, "those who refuse say so");
    let refused = world.publish(hosts[3], publication(b"x", Class::Urgent));
    assert_eq!(refused, Err(Refusal::TooManyOrigins { max: 2 }));
}
