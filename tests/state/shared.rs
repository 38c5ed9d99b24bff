use bruit::sim::{Death, HostId};
use bruit::{Class, Config, Event, MergeRule, Refusal, SharedOp, SharedValue, SharedWrite, Span};

use super::support::{Cluster, cluster, in_step};

fn op<'a>(key: &'a str, op: SharedOp<'a>) -> SharedWrite<'a> {
    SharedWrite { key: key.as_bytes(), op, rule: None, class: Class::Normal, wall_ms: 0 }
}

fn set<'a>(key: &'a str, value: &'a str) -> SharedWrite<'a> {
    op(key, SharedOp::Set(value.as_bytes()))
}

fn with(rule: MergeRule, write: SharedWrite<'_>) -> SharedWrite<'_> {
    SharedWrite { rule: Some(rule), ..write }
}

/// What a host holds a key to be, in words.
fn seen(world: &Cluster, host: HostId, key: &str) -> String {
    let node = world.node(host).expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    match node.shared(key.as_bytes()) {
        None => "unknown".to_owned(),
        Some((_, SharedValue::Absent)) => "absent".to_owned(),
        Some((_, SharedValue::Bytes(value))) => text(value),
        Some((_, SharedValue::Number(n))) => n.to_string(),
        Some((_, SharedValue::Set)) => {
            let mut all: Vec<String> = node.shared_elements(key.as_bytes()).map(text).collect();
            all.sort();
            all.dedup();
            format!("{{{}}}", all.join(","))
        }
        Some((_, SharedValue::Conflict)) => {
            let standing = node.shared_contributions(key.as_bytes()).filter(|held| !held.dominated);
            let mut all: Vec<String> = standing.map(|held| text(held.said)).collect();
            all.sort();
            format!("conflict {}", all.join(" "))
        }
    }
}

fn all_see(world: &Cluster, hosts: &[HostId], key: &str, expected: &str) {
    for host in hosts {
        assert_eq!(seen(world, *host, key), expected, "{} of {key}", world.name(*host));
    }
}

#[test]
fn ordered_writes_give_one_value_and_concurrent_ones_a_conflict_until_somebody_writes_over_it() {
    let (mut world, hosts) = cluster(1, 9, &Config::default(), 0);
    for (n, host) in hosts.iter().enumerate() {
        world.write_shared(*host, set("mode", &n.to_string())).expect("taken");
        world.run_for(Span::secs(2));
        all_see(&world, &hosts, "mode", &n.to_string());
    }
    world.network.partition(&[&hosts[..4], &hosts[4..]]);
    world.write_shared(hosts[0], set("mode", "a")).expect("taken");
    world.write_shared(hosts[8], set("mode", "b")).expect("taken");
    world.run_for(Span::secs(3));
    all_see(&world, &hosts[..4], "mode", "a");
    all_see(&world, &hosts[4..], "mode", "b");
    world.network.heal();
    world.run_for(Span::secs(30));
    all_see(&world, &hosts, "mode", "conflict a b");
    let told = hosts.iter().filter(|host| world.events(**host).any(|(_, event)| matches!(event, Event::Conflict(_))));
    assert_eq!(told.count(), 0, "these tests remember no events: the counter says it");
    assert!(hosts.iter().all(|host| world.node(*host).expect("it runs").counters().state_conflicts > 0));
    world.write_shared(hosts[3], set("mode", "c")).expect("taken");
    world.run_for(Span::secs(5));
    all_see(&world, &hosts, "mode", "c");
    assert!(in_step(&world, &hosts));
}

#[test]
fn what_was_written_over_is_taken_back_by_its_writers() {
    let (mut world, hosts) = cluster(2, 5, &Config::default(), 0);
    for host in &hosts {
        world.write_shared(*host, set("k", "v")).expect("taken");
        world.run_for(Span::secs(2));
    }
    world.run_for(Span::secs(60));
    for host in &hosts {
        assert_eq!(world.node(*host).expect("it runs").shared_contributions(b"k").count(), 1);
    }
    all_see(&world, &hosts, "k", "v");
}

#[test]
fn unset_is_a_write_like_others_and_leaves_nothing_behind_in_the_end() {
    let config = Config { tombstone_retention: std::time::Duration::from_secs(20), ..Config::default() };
    let (mut world, hosts) = cluster(3, 5, &config, 0);
    world.write_shared(hosts[0], set("k", "v")).expect("taken");
    world.run_for(Span::secs(3));
    world.write_shared(hosts[1], op("k", SharedOp::Unset)).expect("taken");
    world.run_for(Span::secs(3));
    all_see(&world, &hosts, "k", "absent");
    world.write_shared(hosts[2], op("k", SharedOp::Add(5))).expect("a key without a value may get another rule");
    world.run_for(Span::secs(3));
    all_see(&world, &hosts, "k", "5");
    world.write_shared(hosts[2], op("k", SharedOp::Unset)).expect("taken");
    world.run_for(Span::secs(120));
    all_see(&world, &hosts, "k", "unknown");
    assert!(hosts.iter().all(|host| world.node(*host).expect("it runs").state_used().0 == 0));
    assert!(in_step(&world, &hosts));
}

#[test]
fn each_rule_settles_concurrent_writes_as_it_says() {
    let (mut world, hosts) = cluster(4, 8, &Config::default(), 100);
    world.network.partition(&[&hosts[..4], &hosts[4..]]);
    for (side, host) in [hosts[0], hosts[7]].into_iter().enumerate() {
        let (value, wall) = (["9", "10"][side], [5_000, 4_000][side]);
        for (key, rule) in [("max", MergeRule::Max), ("min", MergeRule::Min), ("latest", MergeRule::Latest)] {
            let write = SharedWrite { wall_ms: wall, ..with(rule, set(key, value)) };
            world.write_shared(host, write).expect("taken");
        }
        world.write_shared(host, op("sum", SharedOp::Add([7, -3][side]))).expect("taken");
        world.write_shared(host, op("set", SharedOp::Insert(value.as_bytes()))).expect("taken");
        world.write_shared(host, op("set", SharedOp::Insert(b"both"))).expect("taken");
        world.write_shared(host, set("same", "x")).expect("taken");
        world.run_for(Span::millis(10));
    }
    world.run_for(Span::secs(5));
    world.network.heal();
    world.run_for(Span::secs(40));
    for (key, expected) in
        [("max", "10"), ("min", "9"), ("latest", "9"), ("sum", "4"), ("set", "{10,9,both}"), ("same", "x")]
    {
        all_see(&world, &hosts, key, expected);
    }
    // Who sees both takes out both; what is put in meanwhile stays.
    world.network.partition(&[&hosts[..4], &hosts[4..]]);
    world.write_shared(hosts[1], op("set", SharedOp::Remove(b"both"))).expect("taken");
    world.write_shared(hosts[6], op("set", SharedOp::Insert(b"both"))).expect("taken");
    world.write_shared(hosts[1], op("set", SharedOp::Remove(b"9"))).expect("taken");
    world.run_for(Span::secs(5));
    all_see(&world, &hosts[..4], "set", "{10}");
    world.network.heal();
    world.run_for(Span::secs(40));
    all_see(&world, &hosts, "set", "{10,both}");
    assert!(in_step(&world, &hosts));
}

#[test]
fn a_writer_that_starts_again_goes_on_with_what_it_had_contributed() {
    let (mut world, hosts) = cluster(5, 6, &Config::default(), 0);
    world.write_shared(hosts[2], op("n", SharedOp::Add(40))).expect("taken");
    world.write_shared(hosts[2], op("s", SharedOp::Insert(b"x"))).expect("taken");
    world.write_shared(hosts[2], set("c", "1")).expect("taken");
    world.run_for(Span::secs(3));
    world.crash(hosts[2], Death::Refusing);
    world.run_for(Span::secs(5));
    all_see(&world, &hosts[..2], "n", "40");
    world.restart(hosts[2], None, &[world.addr(hosts[0])]).expect("as before");
    world.run_for(Span::secs(5));
    world.write_shared(hosts[2], op("n", SharedOp::Add(2))).expect("taken");
    world.write_shared(hosts[2], op("s", SharedOp::Insert(b"y"))).expect("taken");
    world.write_shared(hosts[2], set("c", "2")).expect("taken");
    world.run_for(Span::secs(5));
    all_see(&world, &hosts, "n", "42");
    all_see(&world, &hosts, "s", "{x,y}");
    all_see(&world, &hosts, "c", "2");
    assert!(in_step(&world, &hosts));
    let once = |key: &[u8]| world.node(hosts[0]).expect("it runs").shared_contributions(key).count();
    assert_eq!((once(b"n"), once(b"s"), once(b"c")), (1, 1, 1), "the former life's are superseded");
}

#[test]
fn what_does_not_fit_the_rule_or_the_clock_is_refused() {
    let (mut world, hosts) = cluster(6, 3, &Config::default(), 0);
    world.write_shared(hosts[0], op("n", SharedOp::Add(1))).expect("taken");
    let refused = |world: &mut Cluster, write| world.write_shared(hosts[0], write).expect_err("refused");
    let counter = Refusal::OtherRule { rule: MergeRule::Counter };
    assert_eq!(refused(&mut world, set("n", "x")), counter);
    assert_eq!(refused(&mut world, op("n", SharedOp::Insert(b"x"))), counter);
    assert_eq!(refused(&mut world, with(MergeRule::Set, op("n", SharedOp::Add(1)))), counter);
    world.write_shared(hosts[0], op("n", SharedOp::Add(i64::MAX - 1))).expect("taken");
    assert_eq!(refused(&mut world, op("n", SharedOp::Add(1))), Refusal::CounterOverflow);
    let late = SharedWrite { wall_ms: 100_000_000, ..with(MergeRule::Latest, set("l", "x")) };
    world.write_shared(hosts[0], late).expect("taken");
    let behind = SharedWrite { wall_ms: 99_000_000, ..late };
    assert_eq!(refused(&mut world, behind), Refusal::ClockBehind { behind_ms: 1_000_000 });
    // A minute is tolerated, and the write comes after all the same.
    let slightly = SharedWrite { wall_ms: 99_950_000, ..with(MergeRule::Latest, set("l", "y")) };
    world.write_shared(hosts[1], SharedWrite { wall_ms: 1, ..set("other", "x") }).expect("taken");
    world.write_shared(hosts[0], slightly).expect("taken");
    assert_eq!(seen(&world, hosts[0], "l"), "y");
    let long = "v".repeat(1_020);
    assert!(matches!(refused(&mut world, set("long", &long)), Refusal::ValueTooLong { .. }));
}

#[test]
fn more_concurrent_writers_than_one_can_say_to_have_seen_are_a_conflict_and_lose_nothing() {
    let (mut world, hosts) = cluster(7, 30, &Config::default(), 0);
    for (n, host) in hosts.iter().enumerate() {
        world.write_shared(*host, set("k", &format!("{n:02}"))).expect("taken");
    }
    world.run_for(Span::secs(10));
    let all = (0..30).map(|n| format!("{n:02}")).collect::<Vec<_>>().join(" ");
    all_see(&world, &hosts, "k", &format!("conflict {all}"));
    // Each write over it covers sixteen; those whom it covers take theirs back.
    let mut writes = 0;
    while seen(&world, hosts[0], "k") != "end" {
        world.write_shared(hosts[0], set("k", "end")).expect("taken");
        world.run_for(Span::secs(20));
        writes += 1;
        assert!(writes < 5, "{}", seen(&world, hosts[0], "k"));
    }
    all_see(&world, &hosts, "k", "end");
}
