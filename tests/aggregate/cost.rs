use bruit::{Refusal, Span};

use super::support::{Cluster, NAME, cluster, contribute, rounds, set_loss};

/// Datagrams and bytes of all nodes while so many rounds pass, for each node and round.
fn cost(world: &mut Cluster, nodes: usize, n: u64) -> (f64, f64) {
    let before = (world.observer.averages, world.observer.bytes);
    rounds(world, n);
    let each = |now: u64, before: u64| (now - before) as f64 / nodes as f64 / n as f64;
    (each(world.observer.averages, before.0), each(world.observer.bytes, before.1))
}

#[test]
fn averaging_costs_two_datagrams_a_round_and_nothing_before_and_after() {
    let (mut world, hosts) = cluster(1, 100);
    world.run_for(Span::secs(5));
    assert_eq!(cost(&mut world, 100, 50).0, 0.0, "off until somebody contributes");
    contribute(&mut world, &hosts);
    rounds(&mut world, 20);
    let (datagrams, bytes) = cost(&mut world, 100, 50);
    assert!((2.0..=2.15).contains(&datagrams), "{datagrams} a node and round");
    // A header, flags and one number in each, beside 104 bytes a second.
    assert!(bytes <= 2.15 * 104.0 + 12.0, "{bytes} bytes a node and round");
    set_loss(&mut world, 300);
    let (datagrams, _) = cost(&mut world, 100, 50);
    assert!(datagrams <= 3.3, "{datagrams} a node and round at 30 % loss");
    set_loss(&mut world, 0);
    for host in &hosts {
        world.contribute(*host, NAME, None).expect("always");
    }
    rounds(&mut world, 120);
    assert_eq!(cost(&mut world, 100, 50).0, 0.0, "it rests when nobody contributes");
    assert!(hosts.iter().all(|host| world.node(*host).expect("it runs").estimate(NAME).is_none()));
}

#[test]
fn what_cannot_be_contributed_is_refused_and_says_why() {
    let (mut world, hosts) = cluster(2, 3);
    let long = [b'n'; 65];
    let cases: [(&[u8], Option<f64>, Refusal); 4] = [
        (b"", Some(1.0), Refusal::KeyLength { got: 0, max: 64 }),
        (&long, Some(1.0), Refusal::KeyLength { got: 65, max: 64 }),
        (NAME, Some(f64::NAN), Refusal::NotANumber),
        (NAME, Some(-2e30), Refusal::NotANumber),
    ];
    for (name, value, refusal) in cases {
        assert_eq!(world.contribute(hosts[0], name, value), Err(refusal));
    }
    assert_eq!(world.contribute(hosts[0], NAME, None), Ok(()), "nothing to take back");
    for nth in 0..8_u8 {
        assert_eq!(world.contribute(hosts[0], &[nth], Some(f64::from(nth))), Ok(()));
    }
    assert_eq!(world.contribute(hosts[0], NAME, Some(1.0)), Err(Refusal::TooManyAverages { max: 8 }));
    // All of them travel together, and a member whose places are taken otherwise says so.
    rounds(&mut world, 30);
    let of = |nth: u8| world.node(hosts[2]).expect("it runs").estimate(&[nth]).expect("it takes part").sum;
    assert!((0..8).all(|nth| (of(nth) - f64::from(nth)).abs() < 0.01));
}

#[test]
fn a_member_without_room_counts_what_it_cannot_take_part_in() {
    let (mut world, hosts) = cluster(3, 3);
    for nth in 0..8_u8 {
        world.contribute(hosts[usize::from(nth % 2)], &[nth], Some(1.0)).expect("room");
    }
    world.run_for(Span::secs(2));
    let full = world.contribute(hosts[2], NAME, Some(1.0));
    assert_eq!(full, Err(Refusal::TooManyAverages { max: 8 }), "it has part in what others contribute to");
    world.contribute(hosts[0], &[0], None).expect("always");
    world.run_for(Span::secs(30));
    assert_eq!(world.contribute(hosts[2], NAME, Some(1.0)), Ok(()), "a place is free once nobody contributes");
}
