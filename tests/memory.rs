//! Is the memory of a node what it says? Bytes counted by the allocator against `Node::memory_bytes`.

#[path = "../benches/support/mod.rs"]
mod support;

use std::net::SocketAddr;

use bruit::{BootId, Config, Identity, Instant, Limits, Name, Node, Params, Profile};

use support::allocations::{Counting, counted};

#[global_allocator]
static COUNTING: Counting = Counting;

fn identity() -> Identity<'static> {
    Identity {
        name: Name::new("counted").expect("a name"),
        cluster: "memory",
        addr: SocketAddr::from(([127, 0, 0, 1], 4_100)),
        boot: BootId::from_u64(9),
        zone: "z",
        tags: &[("role", "db")],
    }
}

#[test]
fn a_node_buys_exactly_what_it_says_and_gives_all_of_it_back() {
    let smallest =
        Limits { members: 2, profile_bytes: 64, probes: 2, relays: 1, outbox: 64, events: 16, seeds: 1, book: 1 };
    let cases = [
        smallest.clone(),
        // Each capacity on its own, so that none is forgotten in the sum.
        Limits { members: 1_000, ..smallest.clone() },
        Limits { profile_bytes: 1_000, ..smallest.clone() },
        Limits { probes: 64, ..smallest.clone() },
        Limits { relays: 4_096, ..smallest.clone() },
        Limits { outbox: 1 << 16, ..smallest.clone() },
        Limits { events: 10_000, ..smallest.clone() },
        Limits { seeds: 64, ..smallest.clone() },
        Limits { book: 1 << 16, ..smallest.clone() },
        // No power of two: a container that rounds up would show.
        Limits {
            members: 1_237,
            profile_bytes: 173,
            probes: 13,
            relays: 71,
            outbox: 257,
            events: 1_021,
            seeds: 11,
            book: 67,
        },
        Limits::default(),
        Limits::for_members(10_000),
    ];
    for profile in Profile::ALL {
        for limits in &cases {
            let params = Params::new(&Config::new(profile), limits).expect("agrees with itself");
            let said = Node::memory_bytes(&params) as u64;
            let copy = params.clone();
            let (bought, node) = counted(|| Node::new(copy, &identity(), 7, Instant::ZERO));
            let node = node.expect("a usable identity");
            assert_eq!(bought.held(), said, "{} {limits:?}", profile.name());
            let (returned, ()) = counted(|| drop(node));
            assert_eq!(returned.returned, said, "{} {limits:?}", profile.name());
        }
    }
}

#[test]
fn a_place_in_the_table_costs_the_same_in_a_small_and_in_a_large_one() {
    let bytes = |members| {
        let limits = Limits::for_members(members);
        Node::memory_bytes(&Params::new(&Config::default(), &limits).expect("agrees with itself"))
    };
    // Powers of two, so that an index that doubles does so in step.
    let (small, large) = (bytes(2_048) - bytes(1_024), bytes(65_536) - bytes(32_768));
    assert_eq!(small * 32, large);
}

#[test]
fn the_tally_sees_what_is_bought_grown_and_returned() {
    let (tally, kept) = counted(|| {
        let mut bytes = vec![7_u8; 100];
        bytes.reserve_exact(200);
        drop(String::from("fifty"));
        bytes
    });
    assert_eq!((tally.allocations, tally.held()), (3, kept.capacity() as u64));
}
