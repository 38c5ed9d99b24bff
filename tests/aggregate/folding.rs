use bruit::sim::{Death, HostId};
use bruit::{Class, Instant, Sketch, Span, Write};

use super::support::{Cluster, cluster, set_loss};

fn write(world: &mut Cluster, host: HostId, value: &[u8], durable: bool) {
    let write = Write { key: b"load", value: Some(value), class: Class::Normal, durable, ttl: None };
    world.write(host, write).expect("room");
}

/// Everything that a host's node says of the key, to the last bit.
fn reading(world: &Cluster, host: HostId, zone: Option<&str>) -> (u64, [u32; 2], Vec<Option<u64>>) {
    let (node, now) = (world.node(host).expect("it runs"), Instant::ZERO + world.clock(host));
    let fold = node.aggregate(now, b"load", zone);
    let quantiles = (0..=20).map(|nth| fold.quantile(f64::from(nth) / 20.0));
    let numbers = [Some(fold.sum()), fold.mean(), fold.min(), fold.max()].into_iter().chain(quantiles);
    let bits = numbers.map(|number| number.map(f64::to_bits)).collect();
    (fold.count(), [fold.owners(), fold.not_numbers()], bits)
}

#[test]
fn all_come_to_the_same_to_the_last_bit_though_values_came_in_other_orders() {
    let (mut world, hosts) = cluster(1, 60);
    set_loss(&mut world, 100);
    for (nth, host) in hosts.iter().enumerate() {
        let value = if nth == 7 { "none".to_owned() } else { format!("{}e{}", nth as f64 / 7.0, nth % 40) };
        write(&mut world, *host, value.as_bytes(), false);
    }
    world.run_for(Span::secs(15));
    for zone in [None, Some("a"), Some("b"), Some("nowhere")] {
        let first = reading(&world, hosts[0], zone);
        assert!(hosts.iter().all(|host| reading(&world, *host, zone) == first), "{zone:?}: {first:?}");
    }
    let counts = [None, Some("a"), Some("b"), Some("nowhere")].map(|zone| reading(&world, hosts[0], zone).1);
    assert_eq!(counts, [[59, 1], [39, 1], [20, 0], [0, 0]]);
}

#[test]
fn a_whole_sketch_is_merged_and_who_is_gone_does_not_count_whatever_it_left() {
    let (mut world, hosts) = cluster(2, 10);
    let mut sketch = Sketch::new();
    (0..1_000).for_each(|n| assert!(sketch.record(f64::from(n))));
    let mut buf = [0; 1_024];
    let len = sketch.encode(&mut buf).expect("it fits");
    write(&mut world, hosts[1], &buf[..len], false);
    write(&mut world, hosts[2], b"-5", true);
    world.run_for(Span::secs(5));
    let fold = |world: &Cluster| {
        world.node(hosts[9]).expect("it runs").aggregate(Instant::ZERO + world.clock(hosts[9]), b"load", None)
    };
    let all = fold(&world);
    assert_eq!((all.owners(), all.count(), all.sum(), all.min()), (2, 1_001, 499_495.0, Some(-5.0)));
    let median = all.quantile(0.5).expect("there are numbers");
    assert!((median - 499.0).abs() <= 499.0 * Sketch::RELATIVE_ERROR, "{median}");
    world.crash(hosts[2], Death::Silent);
    world.run_for(Span::secs(20));
    assert_eq!(
        (fold(&world).owners(), fold(&world).min()),
        (1, Some(0.0)),
        "its durable key is held and does not count"
    );
}
