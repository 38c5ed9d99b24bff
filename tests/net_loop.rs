//! Does a node on real sockets do what its handle promises? Everything on loopback, every wait bounded.
#![cfg(feature = "net")]

#[path = "common/waiting.rs"]
mod waiting;

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use bruit::net::{self, CommandError, Handle, IoMode, Loop, Options, StartError, Stats};
use bruit::wire::State;
use bruit::{Config, DropReason, Event, Identity, Limits, Name, NodeId, Params, Phase, Profile, Refusal};

use waiting::{PATIENCE, until};

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn loopback() -> SocketAddr {
    addr("127.0.0.1:0")
}

fn options() -> Options {
    Options { bind: loopback(), ..Options::default() }
}

fn params() -> Params {
    Params::new(&Config::new(Profile::Local), &Limits::for_members(32)).expect("a profile is consistent")
}

fn identity(name: &str, addr: SocketAddr) -> Identity<'static> {
    Identity {
        name: Name::new(name).expect("a name"),
        cluster: "net_loop",
        addr,
        boot: net::fresh_boot().expect("random bits"),
        zone: "z",
        tags: &[("k", "v")],
    }
}

fn try_start(name: &str, seeds: &[SocketAddr], options: &Options) -> Result<Handle, StartError> {
    net::start(params(), &identity(name, loopback()), seeds, options)
}

fn start(name: &str, seeds: &[SocketAddr], options: &Options) -> Handle {
    try_start(name, seeds, options).expect("a free port")
}

fn alive(node: &Handle) -> usize {
    node.members().iter().filter(|m| m.state == State::Alive).count()
}

fn wait_alive(nodes: &[&Handle]) {
    until("all see all", || nodes.iter().all(|n| alive(n) == nodes.len()));
}

fn wait_event(node: &Handle, what: &str, is: impl Fn(&Event) -> bool) -> Event {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(event) = node.next_event(Duration::from_millis(100)).filter(&is) {
            return event;
        }
    }
    panic!("{what}: no such event within {PATIENCE:?}");
}

fn io(stats: &Stats, name: &str) -> u64 {
    stats.io.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no counter {name}")).1
}

fn counter(stats: &Stats, name: &str) -> u64 {
    stats.counters.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no counter {name}")).1
}

fn dropped(stats: &Stats, reason: DropReason) -> u64 {
    stats.drops.iter().find(|(r, _)| *r == reason).expect("every reason is listed").1
}

#[test]
fn two_nodes_join_in_every_way_of_calling_the_kernel_and_of_waiting() {
    let ways = [
        ("batches", Options::default(), IoMode::Mmsg),
        ("one by one", Options { mmsg: false, ..options() }, IoMode::Single),
        ("batches of one", Options { batch: 1, ..options() }, IoMode::Mmsg),
        ("spinning", Options { spin: Duration::from_millis(2), ..options() }, IoMode::Mmsg),
    ];
    for (way, options, mode) in ways {
        let options = Options { bind: loopback(), ..options };
        let a = start("a", &[], &options);
        assert_eq!(a.addr(), a.local_addr(), "the port that the kernel gave is advertised");
        let b = start("b", &[a.addr()], &options);
        wait_alive(&[&a, &b]);
        let members = a.members();
        let other = members.iter().find(|m| !m.is_self).expect("two members");
        assert_eq!((other.name, other.id, other.boot, other.addr), (b.name(), b.id(), b.boot(), b.addr()), "{way}");
        assert_eq!((other.zone.as_str(), other.tags.as_slice()), ("z", &[("k".into(), "v".into())][..]));
        until("a probe is answered", || counter(&a.stats(), "probes_answered") > 0);
        let (info, stats) = (a.info(), a.stats());
        assert_eq!((info.io, info.phase, info.health), (mode, Phase::Joined, 0), "{way}");
        assert!(info.memory_bytes > 0 && info.recv_buffer > 0 && info.send_buffer > 0);
        assert_eq!(info.limits.iter().find(|l| l.name == "members").map(|l| (l.used, l.max)), Some((2, 32)));
        assert_eq!(io(&stats, "received"), counter(&stats, "datagrams_received"), "{way}");
        assert_eq!(io(&stats, "sent"), counter(&stats, "datagrams_sent"), "{way}");
        let rtt = stats.histograms.iter().find(|h| h.name == "probe_rtt").expect("the node measures it");
        assert!(rtt.unit == "us" && rtt.summary.count > 0, "{way}");
    }
}

#[test]
fn a_stopped_node_frees_its_port_answers_nothing_and_stays_readable() {
    let a = start("a", &[], &options());
    wait_event(&a, "founded", |e| matches!(e, Event::Joined { .. }));
    a.stop();
    assert!(a.wait_stopped(PATIENCE));
    drop(UdpSocket::bind(a.local_addr()).expect("the port is free again"));
    assert_eq!(a.leave(), Err(CommandError::Stopped));
    assert_eq!(a.next_event(PATIENCE), None, "at once: nobody sends any more");
    assert_eq!(a.members().len(), 1);
    assert!(counter(&a.stats(), "bytes_sent") == 0 && io(&a.stats(), "rounds") > 0);
}

#[test]
fn dropping_the_last_handle_ends_the_loop() {
    let a = start("a", &[], &options());
    let at = a.local_addr();
    let clone = a.clone();
    drop(a);
    assert!(UdpSocket::bind(at).is_err(), "one handle is left");
    drop(clone);
    until("the port is free", || UdpSocket::bind(at).is_ok());
}

#[test]
fn what_the_node_refuses_comes_back_to_the_caller() {
    let a = start("a", &[], &options());
    let b = start("b", &[a.addr()], &options());
    wait_alive(&[&a, &b]);
    assert_eq!(a.remove(NodeId::from_name("nobody")), Err(CommandError::Refused(Refusal::UnknownMember)));
    assert_eq!(a.remove(b.id()), Err(CommandError::Refused(Refusal::StillAlive)));
    let many: Vec<_> = (1..=100).map(|i| SocketAddr::new([127, 0, 1, i].into(), 9)).collect();
    assert!(matches!(a.join(&many), Err(CommandError::Refused(Refusal::TooManySeeds { .. }))));
}

#[test]
fn leaving_is_told_and_the_loop_stays_readable_until_it_is_stopped() {
    let a = start("a", &[], &options());
    let b = start("b", &[a.addr()], &options());
    wait_alive(&[&a, &b]);
    assert_eq!(b.leave(), Ok(()));
    wait_event(&b, "told", |e| matches!(e, Event::LeaveDone { .. }));
    wait_event(&a, "heard", |e| matches!(e, Event::Left(m) if m.id == b.id()));
    until("the phase is shown", || b.info().phase == Phase::Left);
    assert!(a.members().iter().any(|m| m.id == b.id() && m.state == State::Left), "the table is as new as the event");
    assert_eq!(b.leave(), Err(CommandError::Refused(Refusal::NotRunning)));
}

#[test]
fn a_node_that_stops_without_a_word_is_found_out_through_the_kernel() {
    let a = start("a", &[], &options());
    let b = start("b", &[a.addr()], &options());
    wait_alive(&[&a, &b]);
    b.stop();
    assert!(b.wait_stopped(PATIENCE));
    wait_event(&a, "failed", |e| matches!(e, Event::Failed(m) if m.id == b.id()));
    let stats = a.stats();
    assert!(io(&stats, "port_unreachable") > 0 && counter(&stats, "kernel_evidence") > 0);
    assert_eq!(io(&stats, "lost_refused"), 0, "the error of one datagram costs no other");
}

#[test]
fn events_that_nobody_reads_are_counted_and_one_marker_says_how_many() {
    let a = start("a", &[], &Options { events: 2, ..options() });
    let others: Vec<_> = (0..6).map(|i| start(&format!("n{i}"), &[a.addr()], &options())).collect();
    let mut all: Vec<_> = others.iter().collect();
    all.push(&a);
    wait_alive(&all);
    let lost = io(&a.stats(), "events_lost");
    assert!(lost >= 5, "one founding and six arrivals into two places, {lost} lost");
    assert!(a.try_event().is_some_and(|e| !matches!(e, Event::Resync { .. })), "the oldest stay");
    assert!(a.try_event().is_some_and(|e| !matches!(e, Event::Resync { .. })));
    let marker = wait_event(&a, "the marker comes by itself", |_| true);
    assert!(matches!(marker, Event::Resync { lost: n } if n >= lost), "{marker:?} after {lost}");
    // Nobody is missed on account of a reader who sleeps (R25).
    assert_eq!(alive(&a), 7);
}

#[test]
fn a_loop_that_stands_still_can_be_looked_at_and_commands_to_it_are_bounded() {
    let at = identity("wedged", loopback());
    let (looped, handle) = Loop::new(params(), &at, &[], &Options { commands: 1, ..options() }).expect("a free port");
    let members = handle.members();
    assert_eq!(members.iter().map(|m| (m.name, m.is_self)).collect::<Vec<_>>(), [(handle.name(), true)]);
    assert_eq!(members[0].addr, handle.local_addr());
    let (info, stats) = (handle.info(), handle.stats());
    assert_eq!(info.phase, Phase::Idle);
    assert!(info.since_last_round > Duration::ZERO && stats.age > Duration::ZERO);
    assert_eq!(handle.leave(), Err(CommandError::NoAnswer));
    assert_eq!(handle.leave(), Err(CommandError::QueueFull));
    drop(looped);
    assert!(handle.wait_stopped(PATIENCE), "a loop that never ran is over when it is dropped");
    assert_eq!(handle.leave(), Err(CommandError::Stopped));
}

#[test]
fn what_is_too_long_reaches_the_node_as_too_long_and_what_the_kernel_dropped_is_counted() {
    let small = Options { recv_buffer: 4_096, ..options() };
    let (looped, handle) = Loop::new(params(), &identity("a", loopback()), &[], &small).expect("a free port");
    let stranger = UdpSocket::bind(loopback()).expect("a free port");
    let max = params().max_datagram();
    // Nobody reads yet: all but the first few find no room in the smallest buffer that there is.
    for len in [max, max + 1, 1, 8_000].into_iter().cycle().take(200) {
        stranger.send_to(&vec![0; len], handle.local_addr()).expect("loopback takes it");
    }
    let run = std::thread::spawn(move || looped.run());
    until("the kernel's count arrives with the next datagram", || {
        stranger.send_to(&vec![0; max + 1], handle.local_addr()).expect("loopback takes it");
        let stats = handle.stats();
        io(&stats, "kernel_drops") > 0 && dropped(&stats, DropReason::Long) > 0
    });
    let stats = handle.stats();
    assert_eq!(dropped(&stats, DropReason::Long), io(&stats, "received_too_long"));
    assert!(dropped(&stats, DropReason::NotBruit) > 0, "{max} bytes are not too long");
    handle.stop();
    assert!(run.join().expect("no panic").is_ok());
}

#[test]
fn a_socket_for_both_kinds_of_address_meets_ipv4_and_ipv6() {
    let both = Options { bind: addr("[::]:0"), ..options() };
    let a = match net::start(params(), &identity("a", loopback()), &[], &both) {
        Ok(a) => a,
        // A kernel without IPv6.
        Err(StartError::Os { .. } | StartError::NotOurAddress(_)) => return,
        Err(error) => panic!("{error}"),
    };
    let b = start("b", &[a.addr()], &options());
    wait_alive(&[&a, &b]);
    assert!(a.members().iter().chain(&b.members()).all(|m| m.addr.is_ipv4()), "IPv4 has one form");
    let c = net::start(params(), &identity("c", addr("[::1]:0")), &[a.addr()], &both).expect("as a did");
    // a meets c in its own kind; b is on IPv4 alone and cannot, which it counts.
    until("a and c meet", || a.members().iter().any(|m| m.addr == c.addr() && m.verified));
    assert!(c.addr().is_ipv6() && io(&a.stats(), "lost_family") == 0);
    until("b counts what it cannot reach", || io(&b.stats(), "lost_family") > 0);
}

#[test]
fn what_cannot_start_says_what_to_change() {
    let a = start("a", &[], &options());
    let taken = try_start("b", &[], &Options { bind: a.local_addr(), ..options() }).expect_err("taken");
    assert_eq!(
        taken.to_string(),
        format!("{} is taken; stop what listens there, or bind another port", a.local_addr())
    );
    let error = try_start("b", &[], &Options { batch: 0, ..options() }).expect_err("no batch");
    assert_eq!(error.to_string(), "options.batch is 0; it can be 1 to 1024");
    let seeds = vec![a.addr(); 17];
    let error = try_start("b", &seeds, &options()).expect_err("17 seeds");
    assert_eq!(error.to_string(), "seeds is 17; it can be 0 to 16");
    let error = net::start(params(), &identity("b", addr("[::1]:0")), &[], &options()).expect_err("two kinds");
    assert!(matches!(error, StartError::FamiliesDiffer { .. }), "{error}");
    let error = net::start(params(), &identity("b", addr("0.0.0.0:0")), &[], &options()).expect_err("nobody's");
    assert!(matches!(error, StartError::Config(_)), "{error}");
}
