//! Does a node ever allocate after its start? A million inputs to real nodes, most of them their own protocol, the rest
//! whatever a network, an operator and a forger can do; not one allocation in any of the calls.
//!
//! Deterministic from [`SEED`]. The test prints how often each thing was exercised, and fails for each that never was:
//! a silent path proves nothing.

#[path = "zero_alloc/forge.rs"]
mod forge;
#[path = "zero_alloc/hosts.rs"]
mod hosts;
#[path = "../benches/support/mod.rs"]
mod support;

use bruit::{Class, Input, Order, Phase, Publication, SharedOp, SharedWrite, Span, Topic, Write};

use forge::{DATAGRAM, forge};
use hosts::{HOSTS, Hosts};
use support::allocations::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

const SEED: u64 = 20_26;
const INPUTS: u64 = 1_000_000;

/// Every event that there is, by the name under which it is printed.
const EVENTS: [&str; 19] = [
    "joined",
    "join_refused",
    "up",
    "suspected",
    "refuted",
    "failed",
    "left",
    "forgotten",
    "self_refuted",
    "self_removed",
    "name_conflict",
    "table_filling",
    "table_full",
    "leave_done",
    "rumor",
    "rumors_lost",
    "changed",
    "conflict",
    "resync",
];

/// Nothing that a node is told makes its memory fail.
const BEYOND_INPUTS: &str = "counter state_sums_mended";

#[test]
fn a_million_inputs_of_every_kind_allocate_nothing() {
    let mut all = Hosts::new(SEED);
    while all.inputs < INPUTS {
        match all.dice.below(1_000) {
            0..60 => inject(&mut all),
            60..66 => act(&mut all),
            66.. => all.advance(),
        }
    }
    (0..HOSTS).for_each(|host| all.kill(host));
    let mut report = String::new();
    let mut never = Vec::new();
    for (what, times) in &all.seen {
        report += &format!("{times:>10}  {what}\n");
        if *times == 0 && what != BEYOND_INPUTS {
            never.push(what.clone());
        }
    }
    println!("{report}{:>10}  inputs in {} virtual seconds", all.inputs, all.now.as_nanos() / 1_000_000_000);
    never.extend(EVENTS.map(|e| format!("event {e}")).into_iter().filter(|e| !all.seen.contains_key(e)));
    assert!(never.is_empty(), "seed {SEED} never exercised {never:?}\n{report}");
}

/// A forged or damaged datagram arrives somewhere.
fn inject(all: &mut Hosts) {
    let (from, to) = (all.any_host(), all.any_host());
    if from == to && all.dice.below(10) > 0 {
        return;
    }
    let mut buf = [0; DATAGRAM + 100];
    let (damage, len) = forge(&mut all.dice, &all.parties[from], &all.parties[to], &all.parties, &mut buf);
    all.saw(format!("forged, damage {damage:?}"));
    let source = if all.dice.below(10) == 0 { all.parties[HOSTS].addr } else { all.parties[from].addr };
    // At times many arrive before anything is drained, more than the outbox holds.
    let copies = if all.dice.below(200) == 0 { 100 } else { 1 };
    for _ in 0..copies {
        all.give(to, Input::Datagram { from: source, bytes: &buf[..len] }).expect("a datagram is never an error");
    }
    all.drain(to);
}

/// An operator, or fate.
fn act(all: &mut Hosts) {
    let host = all.any_host();
    if !all.is_up(host) {
        all.restart(host);
        return;
    }
    match all.dice.below(24) {
        0 => {
            all.kill(host);
            all.saw("crashes");
        }
        1 => {
            let told = all.give(host, Input::Leave);
            all.drain(host);
            all.saw(if told.is_ok() { "leaves" } else { "leaves refused" });
        }
        2..5 => {
            let span = Span::millis(u64::from(all.dice.below(4_000)));
            all.pause(host, span);
            all.saw("pauses");
        }
        5..8 => {
            let Some(dead) = all.dead_at(host) else { return };
            if all.give(host, Input::Remove(dead)).is_ok() {
                all.saw("removals");
            }
            all.drain(host);
        }
        8 => {
            let seeds = [all.any_host(), all.any_host(), all.any_host()].map(|h| all.parties[h].addr);
            let told = all.give(host, Input::Join(&seeds));
            all.drain(host);
            all.saw(if told.is_ok() { "further seeds" } else { "further seeds refused" });
        }
        9 => {
            let span = Span::millis(u64::from(all.dice.below(2_000)));
            all.idle(host, span);
            all.saw("idle drivers");
        }
        10..12 => {
            if all.phase(host) == Some(Phase::Left) {
                all.kill(host);
            }
        }
        12..15 => publish(all, host),
        15..18 => subscribe(all, host),
        18 | 19 => write(all, host),
        20 | 21 => write_shared(all, host),
        _ => ask_or_average(all, host),
    }
}

/// A host has something to say: once, or so often that its budgets are spent and its oldest has to go.
fn publish(all: &mut Hosts, host: usize) {
    let often = [1, 10, 100][all.dice.below(3) as usize];
    let class = Class::ALL[all.dice.below(Class::ALL.len() as u32) as usize];
    let at_once = all.dice.below(2) == 0;
    for _ in 0..often {
        let topic = Topic::from_u64(u64::from(all.dice.below(4)));
        let payload = &[0xa5; 70][..all.dice.below(70) as usize];
        let told = all.give(host, Input::Publish(Publication { topic, class, payload }));
        all.saw(if told.is_ok() { "publications" } else { "publications refused" });
        if !at_once {
            all.drain(host);
        }
    }
    all.drain(host);
}

/// A host wants other rumors from now on, in one order or the other, or fewer.
fn subscribe(all: &mut Hosts, host: usize) {
    let topic = (all.dice.below(2) == 0).then(|| Topic::from_u64(u64::from(all.dice.below(4))));
    let order = if all.dice.below(2) == 0 { Order::Arrival } else { Order::Origin };
    let (input, what) = match (all.dice.below(5), order) {
        (0, _) => (Input::Unsubscribe { topic }, "unsubscriptions"),
        (_, Order::Arrival) => (Input::Subscribe { topic, order }, "subscriptions as they come"),
        (_, Order::Origin) => (Input::Subscribe { topic, order }, "subscriptions in the order of the origin"),
    };
    let told = all.give(host, input);
    all.saw(if told.is_ok() { what } else { "subscriptions refused" });
    all.drain(host);
}

/// A host writes into its map: once, or so often that no place is left; or wants to hear of other keys from now on.
fn write(all: &mut Hosts, host: usize) {
    const KEYS: [&[u8]; 6] = [b"load", b"zone", b"addr", b"role", b"long-lived", b"lease"];
    let prefix: &[u8] = [&b"lo"[..], b"", b"le", b"z"][all.dice.below(4) as usize];
    let watched = match all.dice.below(4) {
        0 => all.give(host, Input::Unwatch(prefix)),
        _ => all.give(host, Input::Watch(prefix)),
    };
    all.saw(if watched.is_ok() { "watches" } else { "watches refused" });
    for nth in 0..[1, 4, 80][all.dice.below(3) as usize] {
        let number = [b'k', nth];
        let key = if nth < 6 { KEYS[all.dice.below(6) as usize] } else { &number[..] };
        let value = &[0xa5; 70][..all.dice.below(70) as usize];
        let value = if all.dice.below(4) == 0 { None } else { Some(value) };
        let ttl = (all.dice.below(3) == 0).then(|| Span::millis(u64::from(all.dice.below(20_000))));
        let class = Class::ALL[all.dice.below(Class::ALL.len() as u32) as usize];
        let durable = all.dice.below(2) == 0;
        let told = all.give(host, Input::Write(Write { key, value, class, durable, ttl }));
        all.saw(match (told.is_ok(), value) {
            (true, Some(_)) => "writes",
            (true, None) => "removals of keys",
            (false, _) => "writes refused",
        });
    }
    all.drain(host);
}

/// A host writes a key that others write too.
fn write_shared(all: &mut Hosts, host: usize) {
    for _ in 0..1 + all.dice.below(4) {
        let (key, op): (&[u8], _) = match all.dice.below(6) {
            0 | 1 => (b"mode", SharedOp::Set(&[b"calm", b"busy"][all.dice.below(2) as usize][..])),
            2 => (b"mode", SharedOp::Unset),
            3 => (b"hits", SharedOp::Add(1)),
            4 => (b"tags", SharedOp::Insert(b"blue")),
            _ => (b"tags", SharedOp::Remove(b"blue")),
        };
        let write = SharedWrite { key, op, rule: None, class: Class::Normal, wall_ms: 1 };
        let told = all.give(host, Input::WriteShared(write));
        all.saw(if told.is_ok() { "shared writes" } else { "shared writes refused" });
    }
    all.drain(host);
}

/// A host asks how far the others are, has part in what is averaged, or has everybody begin anew.
fn ask_or_average(all: &mut Hosts, host: usize) {
    let about = all.any_host();
    let (owner, life) = (all.parties[about].id, all.parties[about].incarnation.life());
    let value = (all.dice.below(4) > 0).then(|| f64::from(all.dice.below(100)));
    let name = [&b"load"[..], b"users", b"free"][all.dice.below(3) as usize];
    let (input, what) = match all.dice.below(20) {
        0..3 => (Input::ResetState, "resets"),
        3..8 => (Input::Survey { owner, life, version: 1 }, "surveys"),
        8 => (Input::EndSurvey, "surveys ended"),
        _ => (Input::Contribute { name, value }, "contributions"),
    };
    let told = all.give(host, input);
    all.saw(if told.is_ok() { what } else { "contributions or questions refused" });
    all.drain(host);
}
