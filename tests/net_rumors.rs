//! Do rumors get from one embedder to another? Everything on loopback, every wait bounded.
#![cfg(feature = "net")]

#[path = "common/waiting.rs"]
mod waiting;

use std::net::SocketAddr;

use bruit::net::{self, CommandError, Delivery, Handle, Loop, Options, Rumor};
use bruit::wire::{Kind, State};
use bruit::{
    Class, Config, Event, Identity, Limits, Name, NodeId, Order, Params, Profile, Publication, Refusal, RumorId, Topic,
};

use waiting::{PATIENCE, until};

/// Of the payloads here: short, so that both sides of the bound are cheap.
const PAYLOAD_MAX: u32 = 100;

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

fn options() -> Options {
    Options { bind: loopback(), ..Options::default() }
}

fn params() -> Params {
    let limits = Limits { rumor_payload: PAYLOAD_MAX, ..Limits::for_members(8) };
    Params::new(&Config::new(Profile::Local), &limits).expect("a profile is consistent")
}

fn looped(name: &str, seeds: &[SocketAddr], options: &Options) -> (Loop, Handle) {
    let boot = net::fresh_boot().expect("random bits");
    let name = Name::new(name).expect("a name");
    let identity = Identity { name, cluster: "net_rumors", addr: loopback(), boot, zone: "", tags: &[] };
    Loop::new(params(), &identity, seeds, options).expect("a free port")
}

fn start(name: &str, seeds: &[SocketAddr], options: &Options) -> Handle {
    let (looped, handle) = looped(name, seeds, options);
    std::thread::spawn(move || looped.run().expect("the selector works"));
    handle
}

/// Nodes that all see all.
fn cluster<const N: usize>(options: [Options; N]) -> [Handle; N] {
    let mut seeds = Vec::new();
    let nodes: Vec<Handle> = options
        .iter()
        .enumerate()
        .map(|(i, options)| {
            let node = start(&format!("n{i}"), &seeds, options);
            seeds.truncate(1);
            seeds.push(node.addr());
            node
        })
        .collect();
    let joined = |node: &Handle| node.members().iter().filter(|m| m.state.is_up()).count() == N;
    until("all see all", || nodes.iter().all(joined));
    nodes.try_into().expect("as many as options")
}

fn count<K: PartialEq>(counts: &[(K, u64)], of: &K) -> u64 {
    counts.iter().find(|(what, _)| what == of).expect("it is counted").1
}

fn io(node: &Handle, name: &str) -> u64 {
    count(&node.stats().io, &name)
}

fn next(node: &Handle) -> Delivery {
    node.next_rumor(PATIENCE).unwrap_or_else(|| panic!("nothing within {PATIENCE:?}"))
}

fn next_rumor(node: &Handle) -> Rumor {
    match next(node) {
        Delivery::Rumor(rumor) => rumor,
        other => panic!("a rumor was to come: {other:?}"),
    }
}

#[test]
fn what_one_publishes_those_who_subscribe_hear_once_and_with_its_payload() {
    let [a, b, c] = cluster([options(), options(), options()]);
    let (prices, other) = (Topic::new("prices"), Topic::new("other"));
    b.subscribe(Some(prices), Order::Origin).expect("room");
    c.subscribe(None, Order::Arrival).expect("room");
    let longest = vec![0xfe; PAYLOAD_MAX as usize];
    let payloads: [&[u8]; 3] = [b"one", b"", &longest];
    for (i, payload) in (1..).zip(payloads) {
        let id = a.publish(prices, Class::Urgent, payload).expect("a member publishes");
        assert_eq!(id, RumorId { origin: a.id(), boot: a.boot().tag(), sequence: i });
        for node in [&b, &c] {
            let rumor = next_rumor(node);
            assert_eq!((rumor.id, rumor.topic, rumor.class, &*rumor.payload), (id, prices, Class::Urgent, payload));
            assert!(rumor.hops >= 1 && rumor.age < PATIENCE, "{rumor:?}");
        }
    }
    a.publish(other, Class::Normal, b"not for b").expect("a member publishes");
    assert_eq!(next_rumor(&c).payload, b"not for b");
    c.unsubscribe(None).expect("the loop runs");
    a.publish(prices, Class::Bulk, b"last").expect("a member publishes");
    assert_eq!(next_rumor(&b).payload, b"last");
    until("c has it too, and does not want it", || {
        c.stats().counters.iter().any(|(name, n)| *name == "rumors_new" && *n == 5)
    });
    assert_eq!((a.try_rumor(), b.try_rumor(), c.try_rumor()), (None, None, None), "nothing twice, none of one's own");
    assert!(b.try_event().is_some() && std::iter::from_fn(|| b.try_event()).all(|e| !matches!(e, Event::Rumor(_))));
}

#[test]
fn what_cannot_be_published_says_why() {
    let topic = Topic::new("t");
    let nobody: SocketAddr = "127.0.0.1:9".parse().expect("an address");
    let waits = start("waits", &[nobody], &options());
    let refused = |refusal| Err(CommandError::Refused(refusal));
    assert_eq!(waits.publish(topic, Class::Urgent, b"x"), refused(Refusal::NotJoined));
    let (got, max) = (PAYLOAD_MAX as usize + 1, PAYLOAD_MAX as usize);
    let long = vec![0; got];
    assert_eq!(waits.publish(topic, Class::Urgent, &long), refused(Refusal::PayloadTooLong { got, max }));
    let too_long = CommandError::Refused(Refusal::PayloadTooLong { got, max });
    assert_eq!(waits.try_publish(topic, Class::Urgent, &long), Err(too_long));
    assert_eq!(waits.try_publish(topic, Class::Urgent, b"x"), Ok(()));
    until("what nobody waits for is counted", || io(&waits, "rumors_refused") == 2);
    waits.stop();
    assert!(waits.wait_stopped(PATIENCE));
    assert_eq!(waits.publish(topic, Class::Urgent, b"x"), Err(CommandError::Stopped));
    assert_eq!(waits.try_publish(topic, Class::Urgent, b"x"), Err(CommandError::Stopped));
    assert_eq!(waits.next_rumor(PATIENCE), None, "at once");
}

#[test]
fn more_than_the_queue_holds_is_refused_while_the_loop_stands_still_and_the_rest_is_published() {
    let topic = Topic::new("t");
    let (looped, a) = looped("a", &[], &Options { publications: 3, ..options() });
    for _ in 0..3 {
        assert_eq!(a.try_publish(topic, Class::Normal, b"x"), Ok(()));
    }
    assert_eq!(a.try_publish(topic, Class::Normal, b"x"), Err(CommandError::QueueFull));
    assert_eq!(a.publish(topic, Class::Normal, b"x"), Err(CommandError::QueueFull));
    std::thread::spawn(move || looped.run().expect("the selector works"));
    until("the founder publishes what waits", || io(&a, "rumors_taken") == 3);
    assert_eq!(a.publish(topic, Class::Normal, b"x").map(|id| id.sequence), Ok(4));
    assert_eq!(io(&a, "rumors_refused"), 0);
}

#[test]
fn several_are_published_with_one_call_though_they_are_more_than_the_queue_holds() {
    let [a, b] = cluster([Options { publications: 3, ..options() }, options()]);
    let topic = Topic::new("t");
    b.subscribe(Some(topic), Order::Origin).expect("room");
    let too_long = [0; PAYLOAD_MAX as usize + 1];
    let payloads: Vec<&[u8]> = (0..20).map(|n| if n == 7 { &too_long[..] } else { b"x" }).collect();
    let of = |payload| Publication { topic, class: Class::Normal, payload };
    let all: Vec<_> = payloads.into_iter().map(of).collect();
    let sequences: Vec<_> = a.publish_all(&all).into_iter().map(|id| id.map(|id| id.sequence)).collect();
    let (got, max) = (too_long.len(), PAYLOAD_MAX as usize);
    let refused = Err(CommandError::Refused(Refusal::PayloadTooLong { got, max }));
    let expected: Vec<_> = (1..8).map(Ok).chain([refused]).chain((8..20).map(Ok)).collect();
    assert_eq!(sequences, expected);
    assert_eq!([(); 19].map(|()| next_rumor(&b).id.sequence).to_vec(), (1..20).collect::<Vec<u64>>());
    a.stop();
    assert!(a.wait_stopped(PATIENCE));
    assert_eq!(a.publish_all(&all[..2]), [Err(CommandError::Stopped), Err(CommandError::Stopped)]);
    assert_eq!(a.publish_all(&[]), []);
}

#[test]
fn a_slow_reader_is_told_how_much_it_has_lost_and_can_read_it_again() {
    const N: u64 = 20;
    let [a, b] = cluster([options(), Options { rumors: 4, ..options() }]);
    let topic = Topic::new("t");
    b.subscribe(Some(topic), Order::Origin).expect("room");
    // Where the rumors of a begin for b, which has just joined, is settled by the first.
    a.publish(topic, Class::Urgent, &[1]).expect("a member publishes");
    assert_eq!(next_rumor(&b).id.sequence, 1);
    for i in 2..=N {
        a.try_publish(topic, Class::Normal, &[i as u8]).expect("room for so few");
    }
    until("all but four are lost to the reader", || io(&b, "rumors_unread") == N - 5);
    let sequence = |delivery| match delivery {
        Delivery::Rumor(rumor) => {
            assert_eq!(rumor.payload, [rumor.id.sequence as u8]);
            rumor.id.sequence
        }
        other => panic!("a rumor was to come: {other:?}"),
    };
    assert_eq!([(); 4].map(|()| sequence(next(&b))), [2, 3, 4, 5]);
    // The marker may come by itself or with the next one, and always before it.
    a.publish(topic, Class::Urgent, &[N as u8 + 1]).expect("a member publishes");
    assert_eq!(next(&b), Delivery::Resync { lost: N - 5 });
    assert_eq!(sequence(next(&b)), N + 1);

    let (origin, boot) = (a.id(), a.boot().tag());
    b.reread(origin, boot, 6).expect("room");
    for i in 6..=N + 1 {
        assert_eq!(sequence(next(&b)), i);
    }
    assert_eq!(next(&b), Delivery::Reread { origin, boot, to: N + 1 });
    b.reread(NodeId::from_name("nobody"), 7, u64::MAX).expect("room");
    assert_eq!(next(&b), Delivery::Reread { origin: NodeId::from_name("nobody"), boot: 7, to: 0 });
    assert_eq!((b.try_rumor(), io(&b, "rumors_unread")), (None, N - 5), "reading again loses nothing");
}

/// R24, R25: the loop never waits for whoever reads.
#[test]
fn a_reader_that_is_asleep_costs_nobody_its_place_and_is_caught_up_exactly() {
    // Several times as long as it takes to hold somebody dead.
    const PROBES: u64 = 16;
    // All are retained.
    const MOST: u64 = 3_000;
    let nodes = cluster([options(), Options { rumors: 16, ..options() }, options(), options()]);
    let [a, asleep] = [&nodes[0], &nodes[1]];
    let topic = Topic::new("t");
    asleep.subscribe(Some(topic), Order::Origin).expect("room");
    a.publish(topic, Class::Urgent, &1_u64.to_le_bytes()).expect("a member publishes");
    assert_eq!(next_rumor(asleep).id.sequence, 1);
    let pinged = || count(&asleep.stats().received, &Kind::Ping);
    let (before, mut last) = (pinged(), 1);
    until("it is probed again and again", || {
        if last < MOST {
            last += 1;
            a.publish(topic, Class::Urgent, &last.to_le_bytes()).expect("a member publishes");
        }
        pinged() >= before + PROBES
    });
    assert!(last > 100, "{last} rumors: its queue of 16 was to overflow many times");
    for node in &nodes {
        let up = node.members().iter().filter(|member| member.state == State::Alive).count();
        assert_eq!(up, nodes.len(), "all are alive to all");
        let dead = |event: &Event| matches!(event, Event::Failed(_));
        assert_eq!(std::iter::from_fn(|| node.try_event()).find(dead), None);
    }

    let has_all = || count(&asleep.stats().counters, &"rumors_new") >= last;
    until("its node has them all", has_all);
    let (mut read, mut lost) = (vec![1], 0);
    while read.len() as u64 + lost < last {
        match next(asleep) {
            Delivery::Rumor(rumor) => read.push(rumor.id.sequence),
            Delivery::Resync { lost: more } => lost += more,
            other => panic!("a rumor or a marker was to come: {other:?}"),
        }
    }
    let kept = read.len() as u64;
    assert_eq!((read, lost), ((1..=kept).collect(), last - kept), "what it did not lose, in order");
    asleep.reread(a.id(), a.boot().tag(), kept + 1).expect("room");
    for sequence in kept + 1..=last {
        assert_eq!(next_rumor(asleep).id.sequence, sequence);
    }
    assert_eq!(next(asleep), Delivery::Reread { origin: a.id(), boot: a.boot().tag(), to: last });
}

#[test]
fn memory_for_rumors_is_declared() {
    let bytes = |options: &Options| looped("a", &[], options).1.info().memory_bytes;
    let (few, more) = (options(), Options { rumors: 1_024 + 100, publications: 256 + 10, ..options() });
    let grown = bytes(&more) - bytes(&few);
    assert!((110 * PAYLOAD_MAX as usize..110 * (PAYLOAD_MAX as usize + 200)).contains(&grown), "{grown}");
}
