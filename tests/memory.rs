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
    let smallest = Limits {
        members: 2,
        profile_bytes: 64,
        text_bytes: 8,
        suspects: 1,
        probes: 2,
        relays: 1,
        outbox: 64,
        events: 16,
        seeds: 1,
        book: 1,
        origins: 1,
        rumor_window: 64,
        rumors: 64,
        rumor_bytes: 2_400,
        rumor_payload: 0,
        topics: 1,
        state_owners: 2,
        state_keys: 16,
        state_bytes: 2_400,
        state_value: 8,
        watches: 1,
        averages: 1,
    };
    let cases = [
        smallest.clone(),
        // Each capacity on its own, so that none is forgotten in the sum.
        Limits { members: 1_000, ..smallest.clone() },
        Limits { profile_bytes: 1_000, ..smallest.clone() },
        Limits { text_bytes: 1_000, ..smallest.clone() },
        Limits { suspects: 60_000, ..smallest.clone() },
        Limits { probes: 64, ..smallest.clone() },
        Limits { relays: 4_096, ..smallest.clone() },
        Limits { outbox: 1 << 16, ..smallest.clone() },
        Limits { events: 10_000, ..smallest.clone() },
        Limits { seeds: 64, ..smallest.clone() },
        Limits { book: 1 << 16, ..smallest.clone() },
        Limits { origins: 3_000, ..smallest.clone() },
        Limits { rumor_window: 1 << 16, ..smallest.clone() },
        Limits { rumors: 10_000, ..smallest.clone() },
        Limits { rumor_bytes: 1 << 20, ..smallest.clone() },
        Limits { rumor_payload: 1_024, ..smallest.clone() },
        Limits { topics: 1_000, ..smallest.clone() },
        Limits { state_owners: 3_000, ..smallest.clone() },
        Limits { state_keys: 10_000, ..smallest.clone() },
        Limits { state_bytes: 1 << 20, ..smallest.clone() },
        Limits { state_value: 1_024, ..smallest.clone() },
        Limits { watches: 1_000, ..smallest.clone() },
        Limits { averages: 16, ..smallest.clone() },
        // No power of two: a container that rounds up would show.
        Limits {
            members: 1_237,
            profile_bytes: 173,
            text_bytes: 37,
            suspects: 59,
            probes: 13,
            relays: 71,
            outbox: 257,
            events: 1_021,
            seeds: 11,
            book: 67,
            origins: 83,
            rumor_window: 192,
            rumors: 1_033,
            rumor_bytes: 10_007,
            rumor_payload: 509,
            topics: 17,
            state_owners: 1_549,
            state_keys: 2_003,
            state_bytes: 30_011,
            state_value: 311,
            watches: 19,
            averages: 5,
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

fn bytes(limits: &Limits) -> usize {
    Node::memory_bytes(&Params::new(&Config::default(), limits).expect("agrees with itself"))
}

/// As little of rumors and of state as there can be: what they take is bought by other limits than those of the members.
fn members_alone(members: u32) -> Limits {
    Limits {
        origins: 1,
        rumor_window: 64,
        rumors: 64,
        rumor_bytes: 2_400,
        rumor_payload: 0,
        topics: 1,
        state_owners: 2,
        state_keys: 16,
        state_bytes: 2_400,
        state_value: 8,
        watches: 1,
        ..Limits::for_members(members)
    }
}

#[test]
fn a_known_member_costs_128_bytes_and_its_texts_and_no_more_in_a_large_table() {
    for members in [1_000, 10_000, 100_000] {
        // As many bytes for texts in half of the places: what differs is what a place costs.
        let limits = |members, text_bytes| Limits { text_bytes, ..members_alone(members) };
        let place = (bytes(&limits(members, 64)) - bytes(&limits(members / 2, 128))) as f64 / f64::from(members / 2);
        println!("{members} members: {place:.1} bytes for each");
        assert!(place <= 128.0, "{place:.1} bytes for each of {members} members");
        // An eighth of the room for texts is there to move in.
        let text = (bytes(&limits(members, 128)) - bytes(&limits(members, 64))) as f64 / f64::from(members * 64);
        assert!(text < 8.0 / 7.0 + 0.001, "{text:.3} bytes for each byte of text");
    }
}

#[test]
fn an_origin_costs_its_window_and_a_rumor_its_payload_and_little_else() {
    let base = Limits { origins: 100, rumors: 1_000, ..Limits::default() };
    for (window, most) in [(64, 300.0), (4_096, 800.0)] {
        let limits = |origins| Limits { origins, rumor_window: window, ..base.clone() };
        let origin = (bytes(&limits(1_000)) - bytes(&limits(500))) as f64 / 500.0;
        println!("{origin:.1} bytes for an origin with a window of {window}");
        assert!(origin <= most, "{origin:.1} bytes for an origin with a window of {window}");
    }
    let limits = |rumors| Limits { rumors, ..base.clone() };
    let rumor = (bytes(&limits(100_000)) - bytes(&limits(50_000))) as f64 / 50_000.0;
    println!("{rumor:.1} bytes for a rumor, without its payload");
    assert!(rumor <= 96.0, "{rumor:.1} bytes for each rumor");
    let limits = |rumor_bytes| Limits { rumor_bytes, ..base.clone() };
    assert_eq!(bytes(&limits(1 << 21)) - bytes(&limits(1 << 20)), 1 << 20, "a payload is bought once");
}

#[test]
fn a_key_costs_itself_its_value_and_little_else() {
    // Keys and values of 128 bytes, on average as many as the defaults have room for: all are full at the same time.
    const TEXT: u32 = 128;
    let limits = |state_keys| Limits { state_keys, state_bytes: state_keys * TEXT, ..Limits::default() };
    let key = (bytes(&limits(100_000)) - bytes(&limits(50_000))) as f64 / 50_000.0 - f64::from(TEXT);
    println!("{key:.1} bytes for a key, beside itself and its value of {TEXT} bytes together");
    assert!(key <= 64.0, "{key:.1} bytes for each key");
    let limits = |state_bytes| Limits { state_keys: 1_000, state_bytes, ..Limits::default() };
    let text = (bytes(&limits(1 << 21)) - bytes(&limits(1 << 20))) as f64 / f64::from(1 << 20);
    // One in 32 is there to move in.
    assert!(text < 32.0 / 31.0 + 0.001, "{text:.3} bytes for each byte of key and value");
    let limits = |state_owners| Limits { state_owners, ..Limits::default() };
    let owner = (bytes(&limits(20_000)) - bytes(&limits(10_000))) as f64 / 10_000.0;
    println!("{owner:.1} bytes for a life of an owner");
    assert!(owner <= 180.0, "{owner:.1} bytes for each life of an owner");
}

#[test]
fn ten_thousand_nodes_that_know_each_other_fit_16_gib() {
    // Names as in `node-01234`, a zone of a few bytes; events and datagrams are drained at once.
    let limits = Limits { text_bytes: 20, events: 64, outbox: 64, relays: 16, ..members_alone(10_000) };
    let all = 10_000 * bytes(&limits);
    println!("{} bytes for each node", all / 10_000);
    assert!(all <= 16 << 30, "{all} bytes");
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
