//! Does each rule bite? A bug is planted for each, as something that a node with that bug would show; exactly that rule
//! must fire. And a busy world without a bug shows none.

use std::cell::Cell;

use super::census::{Held, Process, Record};
use super::*;
use crate::config::{Config, Params, Profile};
use crate::event::Event;
use crate::id::{BootId, Incarnation, NodeId};
use crate::node::{Phase, Publication};
use crate::rumor::{Class, Order, Topic};
use crate::sim::{Bounds, Death, Spec};
use crate::time::Span;
use crate::wire::State;

fn params() -> Params {
    Params::try_from(Config::new(Profile::Local)).expect("the profile agrees with itself")
}

/// Two members whose world is watched by the rules.
fn two() -> World<Checks> {
    let mut world = World::watched(1, Bounds::default(), Checks::counting(|| BOUGHT.get()));
    world.form(&[Spec::new("a", params()), Spec::new("b", params())]).expect("good specs");
    world.run_for(Span::secs(5));
    assert_eq!(world.observer.found(), []);
    world
}

const A: HostId = HostId(0);
const B: HostId = HostId(1);

thread_local! {
    /// What a counting allocator would say.
    static BOUGHT: Cell<u64> = const { Cell::new(0) };
}

/// Shows the rules something, and says which of them fired, each once.
fn fired(show: impl FnOnce(&mut Checks, &World<Checks>)) -> Vec<Check> {
    let mut world = two();
    let mut checks = core::mem::take(&mut world.observer);
    show(&mut checks, &world);
    let mut fired: Vec<Check> = checks.found().iter().map(|violation| violation.check).collect();
    fired.dedup();
    fired
}

fn now(world: &World<Checks>) -> Instant {
    world.now()
}

#[test]
fn a_node_that_shows_another_record_of_itself_is_noticed() {
    let other_node = |checks: &mut Checks, world: &World<Checks>| {
        checks.stepped(now(world), A, world.node(B).expect("it runs"));
    };
    assert_eq!(fired(other_node), [Check::OwnRecord]);
}

#[test]
fn a_node_whose_number_falls_is_noticed() {
    let mut own = OwnRecord::default();
    let world = two();
    let mut me = world.node(A).expect("it runs").me();
    own.started(A, &me);
    me.incarnation = Incarnation::new(2, 1);
    assert_eq!(own.stepped(A, &me, Phase::Joined), None);
    me.incarnation = Incarnation::new(2, 0);
    assert!(own.stepped(A, &me, Phase::Joined).is_some());
}

#[test]
fn a_number_that_its_subject_has_not_taken_is_noticed() {
    let raised = |checks: &mut Checks, world: &World<Checks>| {
        let mut member = world.node(A).and_then(|node| node.member(world.id(B))).expect("a member");
        member.incarnation = Incarnation::new(1, 1);
        checks.changed(now(world), A, 1, Some(&member));
    };
    assert_eq!(fired(raised), [Check::Raised]);
    let invented = |checks: &mut Checks, world: &World<Checks>| {
        let mut member = world.node(A).and_then(|node| node.member(world.id(B))).expect("a member");
        member.boot = BootId::from_u64(9);
        checks.changed(now(world), A, 1, Some(&member));
    };
    assert_eq!(fired(invented), [Check::Raised]);
}

#[test]
fn a_record_that_goes_back_is_noticed() {
    let back = |checks: &mut Checks, world: &World<Checks>| {
        let mut member = world.node(A).and_then(|node| node.member(world.id(B))).expect("a member");
        for state in [State::Suspect, State::Dead, State::Suspect] {
            member.state = state;
            checks.changed(now(world), A, 1, Some(&member));
        }
    };
    assert_eq!(fired(back), [Check::Precedence]);
}

#[test]
fn a_list_beyond_its_capacity_is_noticed() {
    assert_eq!(capacity::exceeded(&[("members", 4, 4), ("book", 1, 2)]), None);
    assert_eq!(capacity::exceeded(&[("members", 4, 4), ("book", 3, 2)]), Some("book: 3 of 2 places taken".to_owned()));
}

#[test]
fn a_timer_of_one_who_has_left_is_noticed() {
    assert!(silence::broken(Phase::Left, Some(Instant::ZERO)).is_some());
    assert_eq!(
        [silence::broken(Phase::Left, None), silence::broken(Phase::Leaving, Some(Instant::ZERO))],
        [None, None]
    );
}

fn passing<'a>(world: &World<Checks>, bytes: &'a [u8]) -> Passing<'a> {
    let (from_addr, to_addr) = (world.addr(A), world.addr(B));
    Passing { at: world.now(), from: A, to: Some(B), from_addr, to_addr, bytes }
}

#[test]
fn a_datagram_that_is_too_long_is_noticed() {
    let long = |checks: &mut Checks, world: &World<Checks>| checks.sent(&passing(world, &[0; 1_201]));
    assert_eq!(fired(long), [Check::DatagramSize]);
}

#[test]
fn more_than_the_caps_allow_is_noticed_and_probes_do_not_count() {
    let send = |section: &'static [u8], n: u32| {
        fired(move |checks, world| {
            let mut bytes = [0; 60];
            bytes[36..36 + section.len()].copy_from_slice(section);
            (0..n).for_each(|_| checks.sent(&passing(world, &bytes)));
        })
    };
    // `local` caps 20,000 datagrams a second, and saves a fifth of that.
    let (claims, ping): (&[u8], &[u8]) = (&[5, 0, 0, 0], &[1, 1, 4, 0]);
    assert_eq!(send(claims, 24_000), []);
    assert_eq!(send(claims, 24_001), [Check::Budget]);
    assert_eq!(send(ping, 30_000), []);
}

/// What the rules say to an answer of so many bytes to a question from so many ports beyond the second member.
fn answered(question: &[u8], port: u16, len: usize) -> Vec<Check> {
    fired(move |checks, world| {
        let mut from = world.addr(B);
        from.set_port(from.port() + port);
        checks.received(now(world), A, from, question);
        let bytes = vec![0; len];
        checks.sent(&Passing { to_addr: from, ..passing(world, &bytes) });
        checks.stepped(now(world), A, world.node(A).expect("it runs"));
    })
}

#[test]
fn a_long_answer_to_a_stranger_is_noticed_and_one_to_a_member_is_none() {
    assert_eq!(answered(&[0; 60], 1, 60), []);
    assert_eq!(answered(&[0; 60], 1, 61), [Check::Stranger]);
    assert_eq!(answered(&[0; 60], 0, 61), [], "where a member is");
    // What a member sends is bound to the receiver's start, wherever it comes from.
    let mut world = two();
    let heard = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let copy = std::rc::Rc::clone(&heard);
    let listen = move |passing: &Passing<'_>| {
        if passing.from == B {
            *copy.borrow_mut() = passing.bytes.to_vec();
        }
        crate::sim::Fate::Pass
    };
    world.meddle(Some(Box::new(listen)));
    world.run_for(Span::secs(2));
    let question = heard.borrow();
    assert!(!question.is_empty());
    assert_eq!(answered(&question, 1, 1_000), []);
    assert_eq!(answered(&question[..question.len() - 1], 1, 1_000), [Check::Stranger], "nothing that can be forged");
}

#[test]
fn a_page_for_one_who_has_shown_no_cookie_is_noticed() {
    let page = |checks: &mut Checks, world: &World<Checks>| {
        let mut bytes = [0; 80];
        (bytes[36], bytes[38]) = (crate::wire::Kind::Page.code(), 24);
        checks.sent(&passing(world, &bytes));
    };
    assert_eq!(fired(page), [Check::Stranger]);
}

#[test]
fn an_allocation_in_a_call_is_noticed_and_one_between_calls_is_none() {
    let in_call = |checks: &mut Checks, world: &World<Checks>| {
        BOUGHT.set(BOUGHT.get() + 1);
        checks.calling();
        BOUGHT.set(BOUGHT.get() + 2);
        checks.called(now(world), A);
    };
    assert_eq!(fired(in_call), [Check::Allocation]);
    let between = |checks: &mut Checks, world: &World<Checks>| {
        BOUGHT.set(BOUGHT.get() + 1);
        checks.calling();
        checks.called(now(world), A);
    };
    assert_eq!(fired(between), []);
}

/// A quiet census of three, changed.
fn in_changed(change: impl FnOnce(&mut [Process; 3])) -> Vec<Check> {
    let held = |n: u64| Held {
        id: NodeId::from_u64(n),
        boot: BootId::from_u64(n),
        incarnation: Incarnation::FIRST,
        state: State::Alive,
        name: n.to_string(),
        record: Record { addr: ([10, 0, 0, n as u8], 4_100).into(), zone: "z".to_owned(), tags: Vec::new() },
    };
    let process = |n: u64| Process {
        host: HostId(n as u32),
        name: n.to_string(),
        id: NodeId::from_u64(n),
        boot: BootId::from_u64(n),
        phase: Phase::Joined,
        runs: true,
        side: 0,
        fingerprint: 7,
        rumor_root: 9,
        state_root: 5,
        crowded: false,
        holds: (0..3).map(held).collect(),
    };
    let mut all = [0, 1, 2].map(process);
    change(&mut all);
    let found = in_census(&Census(all.to_vec()), Instant::ZERO);
    let mut fired: Vec<Check> = found.into_iter().map(|violation| violation.check).collect();
    fired.dedup();
    fired
}

#[test]
fn a_quiet_world_shows_nothing() {
    assert_eq!(in_changed(|_| ()), []);
    assert_eq!(disquiet(&two()), []);
}

#[test]
fn who_lives_and_is_held_dead_is_noticed_unless_it_cannot_be_reached() {
    let all_hold = |all: &mut [Process; 3]| all.iter_mut().for_each(|process| process.holds[1].state = State::Dead);
    assert_eq!(in_changed(all_hold), [Check::FalseDeath]);
    let apart = |all: &mut [Process; 3]| {
        all_hold(all);
        (all[1].side, all[1].holds) = (1, vec![all[1].holds[1].clone()]);
        all[1].holds[0].state = State::Alive;
    };
    assert_eq!(in_changed(apart), []);
    let halted = |all: &mut [Process; 3]| {
        all_hold(all);
        all[1].runs = false;
    };
    assert_eq!(in_changed(halted), []);
}

#[test]
fn who_is_gone_and_held_up_is_noticed() {
    let left = |all: &mut [Process; 3]| all[2].phase = Phase::Left;
    assert_eq!(in_changed(left), [Check::MissedDeath]);
    let restarted = |all: &mut [Process; 3]| all[2].boot = BootId::from_u64(9);
    assert_eq!(in_changed(restarted), [Check::MissedDeath]);
}

#[test]
fn whoever_sees_something_else_is_noticed() {
    let lacks = |all: &mut [Process; 3]| all[1].holds.truncate(2);
    let number = |all: &mut [Process; 3]| all[1].holds[0].incarnation = Incarnation::new(1, 1);
    let print = |all: &mut [Process; 3]| all[2].fingerprint = 8;
    let root = |all: &mut [Process; 3]| all[1].rumor_root = 10;
    let state = |all: &mut [Process; 3]| all[1].state_root = 6;
    let zone = |all: &mut [Process; 3]| all[1].holds[2].record.zone = "y".to_owned();
    let addr = |all: &mut [Process; 3]| all[2].holds[0].record.addr.set_port(1);
    let changes: [fn(&mut [Process; 3]); 7] = [lacks, number, print, root, state, zone, addr];
    for (nth, change) in changes.into_iter().enumerate() {
        assert_eq!(in_changed(change), [Check::Agreement], "change {nth}");
    }
}

#[test]
fn where_somebody_has_no_room_for_a_key_states_may_differ() {
    let crowded = |all: &mut [Process; 3]| (all[1].state_root, all[2].crowded) = (6, true);
    assert_eq!(in_changed(crowded), []);
}

#[test]
fn who_is_still_outside_is_noticed_unless_its_name_is_taken() {
    let outside = |all: &mut [Process; 3]| {
        all[2].phase = Phase::Joining;
        all.iter_mut().for_each(|process| process.holds.truncate(2));
    };
    assert_eq!(in_changed(outside), [Check::Agreement]);
    let taken = |all: &mut [Process; 3]| {
        outside(all);
        all[2].id = all[1].id;
    };
    assert_eq!(in_changed(taken), []);
}

#[test]
fn a_real_death_disquiets_a_world_until_it_is_known() {
    let mut world = two();
    world.crash(B, Death::Silent);
    let found: Vec<Check> = disquiet(&world).into_iter().map(|violation| violation.check).collect();
    assert_eq!(found, [Check::MissedDeath]);
    let within = Quiet::of(&params(), 2, 0).total();
    assert!(world.run_until(within, |w| disquiet(w).is_empty()).is_some());
    assert_eq!(world.observer.found(), []);
}

/// Two members, of which the first has published five rumors with this in them.
fn five(payload: &[u8]) -> World<Checks> {
    let mut world = two();
    world.subscribe(B, None, Order::Origin).expect("room");
    for _ in 0..5 {
        let publication = Publication { topic: Topic::new("t"), class: Class::Urgent, payload };
        world.publish(A, publication).expect("a member may publish");
    }
    world.run_for(Span::secs(1));
    world
}

/// What the rule says when the second of two is told this of five rumors of the first, and what it then misses.
fn told_of_five(change: impl FnOnce(&mut Vec<Event>)) -> (Option<String>, usize) {
    let world = five(b"as it is");
    let mut events: Vec<Event> =
        world.events(B).map(|(_, event)| event).filter(|event| matches!(event, Event::Rumor(_))).collect();
    assert_eq!(events.len(), 5);
    change(&mut events);
    let mut rule = ExactlyOnce::default();
    let nodes = [A, B].map(|host| (host, world.node(host).expect("it runs")));
    [A, B].into_iter().for_each(|host| rule.started(host));
    // It hears rumors before the first is published.
    assert_eq!(rule.stepped(now(&world), B, nodes[1].1), None);
    assert_eq!(rule.stepped(now(&world), A, nodes[0].1), None);
    events.iter().for_each(|event| rule.event(B, event));
    let wrong = rule.stepped(now(&world), B, nodes[1].1);
    (wrong, rule.missing(&world).len())
}

fn lost(like: &Event, from: u64, to: u64) -> Event {
    let Event::Rumor(rumor) = like else { panic!("a rumor") };
    Event::RumorsLost { origin: rumor.id.origin, boot: rumor.id.boot, from, to }
}

#[test]
fn a_rumor_that_is_not_told_of_exactly_once_is_noticed() {
    assert_eq!(told_of_five(|_| ()), (None, 0));
    let (wrong, missing) = told_of_five(|events| {
        events.remove(3);
    });
    assert_eq!((wrong, missing), (None, 1), "missing without a word");
    type Planted = fn(&mut Vec<Event>);
    let planted: [(&str, Planted); 6] = [
        ("twice", |events| events.push(events[4])),
        ("behind", |events| events.swap(1, 2)),
        ("nobody has published", |events| {
            let Event::Rumor(rumor) = &mut events[4] else { panic!("a rumor") };
            rumor.id.sequence = 6;
        }),
        ("which came", |events| events.push(lost(&events[0], 5, 5))),
        ("of 5 that were published", |events| events.push(lost(&events[0], 6, 7))),
        ("which its origin retains", |events| events[4] = lost(&events[0], 5, 5)),
    ];
    for (what, change) in planted {
        let (wrong, _) = told_of_five(change);
        assert!(wrong.as_ref().is_some_and(|wrong| wrong.contains(what)), "{what}: {wrong:?}");
    }
}

#[test]
fn a_rumor_that_has_changed_on_its_way_is_noticed() {
    // Two worlds that differ in nothing but what is published.
    let [said, heard] = [five(b"as it is"), five(b"as it isn't")];
    let mut rule = ExactlyOnce::default();
    let [speaker, hearer] = [said.node(A).expect("it runs"), heard.node(B).expect("it runs")];
    rule.started(B);
    assert_eq!(rule.stepped(now(&said), A, speaker), None);
    heard.events(B).for_each(|(_, event)| rule.event(B, &event));
    let wrong = rule.stepped(now(&heard), B, hearer).expect("it says so");
    assert!(wrong.contains("another payload"), "{wrong}");
}
