//! Each kind of wrong is planted: into the reference, so that the nodes, which are right, hold something else than it says.

use super::*;
use crate::config::{Config, Params, Profile};
use crate::node::{SharedOp, SharedWrite, Write};
use crate::rumor::Class;
use crate::sim::check::Checks;
use crate::sim::{Bounds, Spec};
use crate::time::Span;

const A: HostId = HostId(0);
const B: HostId = HostId(1);

fn params() -> Params {
    Params::try_from(Config::new(Profile::Local)).expect("the profile agrees with itself")
}

fn two() -> World<Checks> {
    let mut world = World::watched(1, Bounds::default(), Checks::default());
    world.form(&[Spec::new("a", params()), Spec::new("b", params())]).expect("good specs");
    world.run_for(Span::secs(5));
    world
}

fn own<'a>(key: &'a str, value: Option<&'a str>) -> Write<'a> {
    Write { key: key.as_bytes(), value: value.map(str::as_bytes), class: Class::Normal, durable: true, ttl: None }
}

fn shared<'a>(key: &'a str, op: SharedOp<'a>, rule: MergeRule) -> SharedWrite<'a> {
    SharedWrite { key: key.as_bytes(), op, rule: Some(rule), class: Class::Normal, wall_ms: 1_000 }
}

/// What the rule says of the second of two, once `write` was done and came to both, if it is told of `planted` as well.
fn planted(
    write: impl FnOnce(&mut World<Checks>),
    planted: impl FnOnce(&mut Replicas, &Node, &Node),
) -> Option<String> {
    let mut world = two();
    write(&mut world);
    world.run_for(Span::secs(5));
    assert_eq!(world.observer.missing(&world), [], "nothing is wrong yet");
    let mut rule = core::mem::take(&mut world.observer.replicas);
    planted(&mut rule, world.node(A).expect("it runs"), world.node(B).expect("it runs"));
    rule.wrong(&world).into_iter().find(|(host, _)| *host == B).map(|(_, what)| what)
}

/// The reference is told that a node has taken a write, which it has not.
fn pretend(rule: &mut Replicas, node: &Node, what: &Written<'_>) {
    rule.writing(node, what);
    rule.wrote(Instant::ZERO + Span::secs(6), node);
}

#[test]
fn a_write_that_is_lost_taken_back_or_too_old_is_noticed() {
    let written = |world: &mut World<Checks>| world.write(A, own("k", Some("1"))).expect("taken");
    assert_eq!(planted(written, |_, _, _| ()), None);
    let plants = [("other", Some("x")), ("k", Some("2")), ("k", None)];
    for (key, value) in plants {
        let wrong = planted(written, |rule, a, _| pretend(rule, a, &Written::Own(&own(key, value))));
        assert!(wrong.is_some_and(|what| what.contains(key)), "{key} {value:?}");
    }
}

#[test]
fn what_holds_on_after_its_time_is_noticed() {
    let written = |world: &mut World<Checks>| world.write(A, own("k", Some("1"))).expect("taken");
    let lease = Write { ttl: Some(Span::millis(500)), ..own("k", Some("1")) };
    assert!(planted(written, |rule, a, _| pretend(rule, a, &Written::Own(&lease))).is_some());
}

#[test]
fn what_nobody_has_written_is_noticed() {
    let written = |world: &mut World<Checks>| world.write(A, own("k", Some("1"))).expect("taken");
    assert!(planted(written, |rule, _, _| rule.owned = Owned::default()).is_some());
}

#[test]
fn of_the_dead_only_what_somebody_calls_complete_is_demanded() {
    let mut world = two();
    world.write(B, own("k", Some("1"))).expect("taken");
    world.run_for(Span::secs(5));
    let id = world.id(B);
    world.crash(B, crate::sim::Death::Refusing);
    world.run_for(Span::secs(30));
    assert_eq!(world.observer.missing(&world), [], "it is durable and held");
    let reach = |complete: u64| Reach {
        complete: BTreeMap::from([((id, 1), complete)]),
        up: BTreeMap::new(),
        ambiguous: BTreeSet::new(),
    };
    assert!(reach(1).holds((id, 1), 1) && !reach(0).holds((id, 1), 1));
    let a = world.node(A).expect("it runs");
    let rule = &world.observer.replicas;
    assert_eq!(rule.owned.wrong(world.now(), &reach(1), &Held::by(a)), None);
    assert_eq!(
        rule.owned.wrong(world.now(), &reach(0), &Held::by(a)),
        None,
        "nobody has to hold what may have come to nobody"
    );
}

#[test]
fn of_a_life_that_two_have_borne_all_hold_the_same() {
    let mut world = two();
    world.write(A, own("k", Some("1"))).expect("taken");
    let first = Held::by(world.node(A).expect("it runs"));
    assert!(Held::by(world.node(B).expect("it runs")).difference(&first).is_some_and(|what| what.contains('k')));
    world.run_for(Span::secs(5));
    assert_eq!(Held::by(world.node(B).expect("it runs")).difference(&first), None);
}

#[test]
fn who_has_no_room_must_hold_what_it_says_is_complete() {
    let limits = crate::limits::Limits { state_keys: 16, ..crate::limits::Limits::for_members(64) };
    let small = Params::new(&Config::new(Profile::Local), &limits).expect("good limits");
    let mut world = World::watched(1, Bounds::default(), Checks::default());
    world.form(&[Spec::new("a", small.clone()), Spec::new("b", small)]).expect("good specs");
    world.run_for(Span::secs(5));
    for host in [A, B] {
        for n in 0..12 {
            world.write(host, own(&format!("k{n}"), Some("1"))).expect("there is room at its owner");
        }
    }
    world.run_for(Span::secs(30));
    assert_eq!(world.observer.missing(&world), [], "neither says that it holds all");
    let (a, id) = (world.node(A).expect("it runs"), world.id(B));
    let said = a.watermark(id, 1);
    assert!((1..12).contains(&said), "some of them: {said}");
    let rule = &world.observer.replicas;
    let reach = |complete| Reach {
        complete: BTreeMap::from([((id, 1), complete)]),
        up: BTreeMap::from([(id, 1)]),
        ambiguous: BTreeSet::new(),
    };
    let lacking = |complete| rule.owned.lacking(world.now(), &reach(complete), &Held::by(a));
    assert_eq!(lacking(said), None);
    assert!(lacking(said + 1).is_some());
    assert_eq!(reach(u64::MAX).of(a).complete, reach(said).complete);
}

#[test]
fn a_shared_key_that_is_something_else_is_noticed_by_each_rule() {
    let cases: [(MergeRule, SharedOp<'_>, SharedOp<'_>); 7] = [
        (MergeRule::Conflict, SharedOp::Set(b"1"), SharedOp::Set(b"2")),
        (MergeRule::Conflict, SharedOp::Set(b"1"), SharedOp::Unset),
        (MergeRule::Latest, SharedOp::Set(b"1"), SharedOp::Set(b"2")),
        (MergeRule::Max, SharedOp::Set(b"1"), SharedOp::Set(b"2")),
        (MergeRule::Min, SharedOp::Set(b"2"), SharedOp::Set(b"1")),
        (MergeRule::Counter, SharedOp::Add(1), SharedOp::Add(1)),
        (MergeRule::Set, SharedOp::Insert(b"1"), SharedOp::Insert(b"2")),
    ];
    for (rule, first, second) in cases {
        let written = |world: &mut World<Checks>| world.write_shared(A, shared("s", first, rule)).expect("taken");
        let wrong = planted(written, |reference, _, b| {
            pretend(reference, b, &Written::Shared(&shared("s", second, rule)));
        });
        assert!(wrong.is_some(), "{rule:?}: {first:?}, then {second:?}");
    }
}

#[test]
fn a_conflict_that_is_not_reported_whole_is_noticed() {
    // Both write before they hear of each other.
    let written = |world: &mut World<Checks>| {
        for (host, value) in [(A, b"1"), (B, b"2")] {
            world.write_shared(host, shared("s", SharedOp::Set(value), MergeRule::Conflict)).expect("taken");
        }
    };
    assert_eq!(planted(written, |_, _, _| ()), None, "both hold the conflict");
    let mut world = two();
    written(&mut world);
    world.run_for(Span::secs(5));
    let (node, both) = (world.node(B).expect("it runs"), BTreeSet::from([b"1".to_vec(), b"2".to_vec()]));
    assert_eq!(Value::at(node, b"s"), Value::Conflict(both));
}
