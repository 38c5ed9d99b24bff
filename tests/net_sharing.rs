//! Do several nodes on one loop do what each would on a loop of its own? Everything on loopback, every wait bounded.
#![cfg(feature = "net")]

#[path = "common/waiting.rs"]
mod waiting;

use std::net::{SocketAddr, UdpSocket};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bruit::net::{self, CommandError, Delivery, Handle, Loop, Options, StartError};
use bruit::wire::State;
use bruit::{Class, Config, DropReason, Event, Identity, Limits, Name, Order, Params, Phase, Profile, Topic};

use waiting::{PATIENCE, until};

fn options() -> Options {
    Options { bind: ([127, 0, 0, 1], 0).into(), ..Options::default() }
}

fn config() -> Config {
    Config::new(Profile::Local)
}

fn params(config: &Config) -> Params {
    Params::new(config, &Limits::for_members(32)).expect("consistent")
}

fn identity(name: &str) -> Identity<'static> {
    Identity {
        name: Name::new(name).expect("a name"),
        cluster: "net_sharing",
        addr: options().bind,
        boot: net::fresh_boot().expect("random bits"),
        zone: "",
        tags: &[],
    }
}

/// One loop with so many nodes, the first of which founds.
fn shared(nodes: usize, options: &Options) -> (Loop, Vec<Handle>) {
    let (mut looped, first) = Loop::new(params(&config()), &identity("n0"), &[], options).expect("a free port");
    let seeds = [first.local_addr()];
    let mut handles = vec![first];
    for n in 1..nodes {
        let added = looped.add(params(&config()), &identity(&format!("n{n}")), &seeds, options);
        handles.push(added.expect("a free port"));
    }
    (looped, handles)
}

fn run(looped: Loop) -> JoinHandle<std::io::Result<()>> {
    std::thread::spawn(move || looped.run())
}

fn alive(node: &Handle) -> usize {
    node.members().iter().filter(|m| m.state == State::Alive).count()
}

fn wait_alive(nodes: &[Handle]) {
    until("all see all", || nodes.iter().all(|node| alive(node) == nodes.len()));
}

fn io(node: &Handle, name: &str) -> u64 {
    node.stats().io.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no counter {name}")).1
}

fn counter(node: &Handle, name: &str) -> u64 {
    node.stats().counters.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no counter {name}")).1
}

#[test]
fn they_are_members_like_those_that_have_a_loop_each() {
    for spin in [Duration::ZERO, Duration::from_millis(2)] {
        let (looped, mut nodes) = shared(4, &Options { spin, ..options() });
        let running = run(looped);
        let seeds = [nodes[0].local_addr()];
        nodes.push(net::start(params(&config()), &identity("alone"), &seeds, &options()).expect("a free port"));
        wait_alive(&nodes);
        for node in &nodes {
            until("a probe is answered", || counter(node, "probes_answered") > 0);
            assert_eq!((node.info().phase, node.info().health), (Phase::Joined, 0), "{}", node.name());
            assert_eq!(io(node, "lost_full") + io(node, "kernel_drops"), 0, "{}", node.name());
        }
        // What one says all others hear, and the handle of each is its own.
        for node in &nodes[1..] {
            node.subscribe(None, Order::Origin).expect("room");
        }
        let id = nodes[0].publish(Topic::new("t"), Class::Urgent, b"heard").expect("room");
        for node in &nodes[1..] {
            let heard = node.next_rumor(PATIENCE);
            assert!(matches!(&heard, Some(Delivery::Rumor(r)) if r.id == id), "{}: {heard:?}", node.name());
        }
        assert_eq!(nodes[0].try_rumor(), None);
        nodes.iter().for_each(Handle::stop);
        assert!(running.join().expect("no panic").is_ok());
    }
}

#[test]
fn the_end_of_one_is_its_own_and_the_loop_ends_with_the_last() {
    let (looped, mut nodes) = shared(4, &options());
    let running = run(looped);
    wait_alive(&nodes);
    let gone = nodes.remove(1);
    gone.stop();
    assert!(gone.wait_stopped(PATIENCE));
    drop(UdpSocket::bind(gone.local_addr()).expect("the port is free again"));
    assert_eq!(gone.leave(), Err(CommandError::Stopped));
    until("the others find out", || nodes.iter().all(|node| alive(node) == 3));
    // Its handle is left and rings for nobody.
    assert_eq!(gone.stats().io.iter().find(|(name, _)| *name == "rounds").map(|(_, n)| *n > 0), Some(true));
    drop(nodes.remove(0));
    until("the loss of the last handle is an end as well", || nodes.iter().all(|node| alive(node) == 2));
    assert!(!running.is_finished());
    assert_eq!(nodes[0].leave(), Ok(()));
    nodes.iter().for_each(Handle::stop);
    assert!(running.join().expect("no panic").is_ok());
}

#[test]
fn one_that_cannot_be_added_leaves_the_loop_as_it_was() {
    let (mut looped, mut nodes) = shared(2, &options());
    let taken = Options { bind: nodes[0].local_addr(), ..options() };
    let refused = looped.add(params(&config()), &identity("n2"), &[], &taken).expect_err("the port is taken");
    assert!(matches!(refused, StartError::PortTaken(at) if at == taken.bind), "{refused}");
    let none = Options { batch: 0, ..options() };
    assert!(matches!(looped.add(params(&config()), &identity("n2"), &[], &none), Err(StartError::Config(_))));
    let seeds = [nodes[0].local_addr()];
    nodes.push(looped.add(params(&config()), &identity("n2"), &seeds, &options()).expect("a free port"));
    let running = run(looped);
    wait_alive(&nodes);
    drop(nodes);
    assert!(running.join().expect("no panic").is_ok());
}

#[test]
fn what_is_too_long_for_one_is_told_apart_though_the_buffer_is_that_of_another() {
    let larger = Config { max_datagram: config().max_datagram + 200, ..config() };
    let (mut looped, small) = Loop::new(params(&config()), &identity("small"), &[], &options()).expect("a free port");
    let large = looped.add(params(&larger), &identity("large"), &[], &options()).expect("a free port");
    let running = run(looped);
    let stranger = UdpSocket::bind(options().bind).expect("a free port");
    let send =
        |to: SocketAddr| stranger.send_to(&vec![7; config().max_datagram as usize + 1], to).expect("loopback takes it");
    let dropped = |node: &Handle, reason| node.stats().drops.iter().find(|(r, _)| *r == reason).map(|(_, n)| *n);
    until("one byte too many for one, junk for the other", || {
        send(small.local_addr());
        send(large.local_addr());
        dropped(&small, DropReason::Long) > Some(0) && dropped(&large, DropReason::NotBruit) > Some(0)
    });
    assert_eq!((dropped(&large, DropReason::Long), io(&large, "received_too_long")), (Some(0), 0));
    assert_eq!((dropped(&small, DropReason::NotBruit), io(&small, "received_too_long") > 0), (Some(0), true));
    drop((small, large));
    assert!(running.join().expect("no panic").is_ok());
}

#[test]
fn only_the_first_pays_for_the_buffers_of_all_and_each_declares_what_it_bought() {
    let (mut looped, nodes) = shared(2, &options());
    let memory = |node: &Handle| node.info().memory_bytes;
    let batch = 2 * Options::default().batch * config().max_datagram as usize;
    assert!(memory(&nodes[0]) - memory(&nodes[1]) > batch, "{} and {}", memory(&nodes[0]), memory(&nodes[1]));
    let larger = Options { batch: 64, ..options() };
    let third = looped.add(params(&config()), &identity("n2"), &[], &larger).expect("a free port");
    assert!(memory(&third) - memory(&nodes[1]) > batch, "as many again");
}

#[test]
fn an_event_reaches_the_handle_of_the_node_that_saw_it() {
    let (looped, nodes) = shared(3, &options());
    let running = run(looped);
    wait_alive(&nodes);
    nodes[2].stop();
    for node in &nodes[..2] {
        let began = Instant::now();
        let failed = |event: Event| matches!(event, Event::Failed(m) if m.id == nodes[2].id());
        while !node.next_event(Duration::from_millis(100)).is_some_and(failed) {
            assert!(began.elapsed() < PATIENCE, "{} has not seen the end", node.name());
        }
    }
    drop(nodes);
    assert!(running.join().expect("no panic").is_ok());
}
