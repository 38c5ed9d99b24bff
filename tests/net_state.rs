//! State through real sockets and handles: what one writes the others read, changes are told, and who does not read them learns it.
#![cfg(feature = "net")]

#[path = "common/waiting.rs"]
mod waiting;

use bruit::net::{self, Change, Handle, Merged, Options};
use bruit::{
    Class, Config, Identity, Limits, MergeRule, Name, NodeId, Params, Profile, Refusal, SharedOp, SharedWrite, Write,
};

use waiting::{PATIENCE, until};

fn start(name: &str, seeds: &[core::net::SocketAddr], options: Options) -> Handle {
    let bind = ([127, 0, 0, 1], 0).into();
    let identity = Identity {
        name: Name::new(name).expect("a name"),
        cluster: "net-state",
        addr: bind,
        boot: net::fresh_boot().expect("random bits"),
        zone: "",
        tags: &[],
    };
    let params = Params::new(&Config::new(Profile::Local), &Limits::for_members(8)).expect("consistent");
    net::start(params, &identity, seeds, &Options { bind, ..options }).expect("a free port")
}

fn three() -> [Handle; 3] {
    let a = start("a", &[], Options::default());
    let seed = [a.local_addr()];
    let all =
        [a, start("b", &seed, Options::default()), start("c", &seed, Options { changes: 2, ..Options::default() })];
    until("all see all", || all.iter().all(|node| node.members().len() == 3));
    all
}

fn own<'a>(key: &'a [u8], value: Option<&'a [u8]>) -> Write<'a> {
    Write { key, value, class: Class::Urgent, durable: false, ttl: None }
}

#[test]
fn what_one_writes_all_read_and_the_writer_knows_when() {
    let [a, b, c] = three();
    b.watch(b"lo").expect("room");
    a.write(&own(b"load", Some(b"0.5"))).expect("taken");
    let surveyed = a.wait_held(1.0, PATIENCE).expect("asked");
    assert_eq!((surveyed.coverage.held, surveyed.coverage.of), (3, 3));
    for node in [&a, &b, &c] {
        let value = node.value(a.id(), b"load").expect("asked").expect("held");
        assert_eq!((value.value.as_slice(), value.version), (&b"0.5"[..], 1));
    }
    let Some(Change::Changed(changed)) = b.next_change(PATIENCE) else { panic!("a change is told") };
    assert_eq!(b.value_at(&changed).expect("asked").expect("still so").value, b"0.5");
    for n in 0..600_u32 {
        b.write(&own(format!("many{n:03}").as_bytes(), Some(&[7; 200]))).expect("taken");
    }
    b.wait_held(1.0, PATIENCE).expect("asked");
    let values = c.values(b"many").expect("asked");
    assert_eq!(values.len(), 600, "more than one answer has room for");
    assert!(values.iter().enumerate().all(|(n, v)| v.key == format!("many{n:03}").as_bytes() && v.owner == b.id()));
    a.write(&own(b"load", None)).expect("taken");
    assert_eq!(a.write(&own(b"load", None)), Err(net::CommandError::Refused(Refusal::NoSuchKey)));
    until("gone with its owner", || c.value(a.id(), b"load").expect("asked").is_none());
    assert!(b.value_at(&changed).expect("asked").is_none(), "it is not so any more");
}

#[test]
fn a_shared_key_is_one_thing_to_all() {
    let nodes = three();
    fn write<'a>(key: &'a [u8], op: SharedOp<'a>) -> SharedWrite<'a> {
        SharedWrite { key, op, rule: None, class: Class::Urgent, wall_ms: 0 }
    }
    for (n, node) in nodes.iter().enumerate() {
        node.write_shared(&write(b"sum", SharedOp::Add(n as i64 + 1))).expect("taken");
        node.write_shared(&write(b"set", SharedOp::Insert(&[n as u8]))).expect("taken");
        node.write_shared(&write(b"value", SharedOp::Set(b"one"))).expect("taken");
        assert_eq!(node.wait_held(1.0, PATIENCE).expect("asked").coverage.held, 3);
    }
    for node in &nodes {
        let merged = |key: &[u8]| node.shared(key).expect("asked").expect("held");
        assert_eq!((merged(b"sum").rule, merged(b"sum").value), (MergeRule::Counter, Merged::Number(6)));
        assert_eq!(merged(b"set").value, Merged::Set(vec![vec![0], vec![1], vec![2]]));
        assert_eq!(merged(b"value").value, Merged::Bytes(b"one".to_vec()));
        assert_eq!(merged(b"sum").contributions.len(), 3);
        assert!(node.shared(b"other").expect("asked").is_none());
    }
}

#[test]
fn who_does_not_read_changes_learns_how_many_it_has_lost_and_reads_the_rest() {
    let [a, _b, c] = three();
    c.watch(b"").expect("room");
    for n in 0..10_u8 {
        a.write(&own(b"n", Some(&[n]))).expect("taken");
        a.wait_held(1.0, PATIENCE).expect("asked");
    }
    let mut told = 0;
    let mut lost = 0;
    while told + lost < 10 {
        match c.next_change(PATIENCE).expect("a change or a marker") {
            Change::Changed(_) => told += 1,
            Change::Resync { lost: n } => lost += n,
            Change::Conflict(_) => panic!("nobody shares"),
        }
    }
    assert!(told >= 2 && lost > 0, "{told} told, {lost} lost");
    assert_eq!(c.value(a.id(), b"n").expect("asked").expect("held").value, [9]);
    assert_eq!(c.value(NodeId::from_name("b"), b"n").expect("asked"), None);
}

#[test]
fn all_come_to_the_same_over_what_is_held_and_by_averaging() {
    let all = three();
    for (node, load) in all.iter().zip(["1", "2.5", "-4"]) {
        node.write(&own(b"load", Some(load.as_bytes()))).expect("taken");
        node.contribute(b"load", load.parse().ok()).expect("a member");
    }
    let folded = |node: &Handle| node.aggregate(b"load", Some("")).expect("asked");
    until("all are folded in", || all.iter().all(|node| folded(node).owners() == 3));
    for node in &all {
        let fold = folded(node);
        assert_eq!((fold.sum(), fold.min(), fold.max(), fold.quantile(1.0)), (-0.5, Some(-4.0), Some(2.5), Some(2.5)));
        assert_eq!(node.aggregate(b"load", Some("elsewhere")).expect("asked").owners(), 0);
    }
    let right = |node: &Handle| {
        let estimate = node.estimate(b"load").expect("asked");
        estimate.is_some_and(|e| (e.sum + 0.5).abs() < 0.005 && (e.count - 3.0).abs() < 0.03)
    };
    until("all come to the same", || all.iter().all(right));
    for node in &all {
        let info = node.info();
        let averages = info.limits.iter().find(|limit| limit.name == "averages").expect("a limit");
        assert_eq!((averages.used, averages.max), (1, 8));
    }
    let refused = all[0].contribute(b"load", Some(f64::INFINITY));
    assert!(matches!(refused, Err(net::CommandError::Refused(Refusal::NotANumber))), "{refused:?}");
}
