//! Does a running loop allocate? 32 nodes on loopback, half of them with a thread each and half on one loop; every allocation on
//! those threads is counted, from the first round on: joining, quiet, a crash, garbage from a stranger, readers who ask all the
//! time, and rumors of every class that all publish, relay and deliver, to readers in time and to one who is not.
#![cfg(feature = "net")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bruit::net::{self, Delivery, Handle, Loop, Options};
use bruit::wire::State;
use bruit::{Class, Config, DropReason, Identity, Limits, Name, Order, Params, Profile, Topic};

const NODES: usize = 32;
const RUN: Duration = Duration::from_secs(10);

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Whether this thread's allocations count. No destructor and no lazy start, so the allocator may look at it.
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

fn count() {
    if COUNTED.get() {
        ALLOCATIONS.fetch_add(1, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator with the arguments as they came; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's obligations are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

fn params() -> Params {
    Params::new(&Config::new(Profile::Lan), &Limits::for_members(64)).expect("a profile is consistent")
}

fn identity(i: usize) -> Identity<'static> {
    Identity {
        name: Name::new(&format!("node-{i}")).expect("a name"),
        cluster: "zero",
        addr: loopback(),
        boot: net::fresh_boot().expect("random bits"),
        zone: "here",
        tags: &[("role", "test")],
    }
}

fn bind(i: usize, seeds: &[SocketAddr]) -> (Loop, Handle) {
    Loop::new(params(), &identity(i), seeds, &options()).expect("a free port")
}

/// Few places for rumors: who does not read is to miss some.
fn options() -> Options {
    Options { bind: loopback(), rumors: 64, ..Options::default() }
}

fn run(looped: Loop) {
    std::thread::spawn(move || {
        COUNTED.set(true);
        looped.run().expect("the selector works");
        COUNTED.set(false);
    });
}

/// The first founds.
fn start() -> Vec<Handle> {
    let (looped, first) = bind(0, &[]);
    run(looped);
    let seeds = [first.local_addr()];
    let mut nodes = vec![first];
    for i in 1..NODES / 2 {
        let (looped, handle) = bind(i, &seeds);
        run(looped);
        nodes.push(handle);
    }
    let (mut shared, handle) = bind(NODES / 2, &seeds);
    nodes.push(handle);
    for i in NODES / 2 + 1..NODES {
        nodes.push(shared.add(params(), &identity(i), &seeds, &options()).expect("a free port"));
    }
    run(shared);
    nodes
}

fn alive(handle: &Handle) -> usize {
    handle.members().iter().filter(|m| m.state == State::Alive).count()
}

#[test]
fn the_loops_of_thirty_two_running_nodes_allocate_nothing() {
    let mut nodes = start();
    let began = Instant::now();
    while nodes.iter().any(|n| alive(n) < NODES) {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", nodes.iter().map(alive).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(20));
    }
    let until_joined = ALLOCATIONS.load(Relaxed);

    for node in &nodes {
        node.subscribe(None, Order::Origin).expect("room");
    }
    let stranger = UdpSocket::bind(loopback()).expect("a free port");
    let victim = nodes.pop().expect("there are 32");
    let (joined, mut garbage, mut heard) = (Instant::now(), 0, 0);
    while joined.elapsed() < RUN {
        for node in &nodes {
            for junk in [&[0_u8; 3][..], &[0xff; 100], &[7; 1_500]] {
                // What a full buffer refuses is not the subject here.
                garbage += u64::from(stranger.send_to(junk, node.local_addr()).is_ok());
            }
            assert!(node.stats().age < RUN && node.info().memory_bytes > 0);
            while node.try_event().is_some() {}
            for class in Class::ALL {
                // What the queue refuses is not the subject either.
                let _ = node.try_publish(Topic::new("zero"), *class, &[7; 100]);
            }
        }
        for node in &nodes[1..] {
            heard += std::iter::from_fn(|| node.try_rumor()).filter(|d| matches!(d, Delivery::Rumor(_))).count();
        }
        if joined.elapsed() > RUN / 4 {
            victim.stop();
        }
        std::thread::sleep(Duration::from_millis(200));
    }

    let (slow, origin) = (&nodes[0], &nodes[1]);
    assert!(slow.stats().io.iter().any(|(name, n)| *name == "rumors_unread" && *n > 0), "nobody has read there");
    slow.reread(origin.id(), origin.boot().tag(), 1).expect("room");
    let read_again = |delivery: Option<Delivery>| matches!(delivery, Some(Delivery::Reread { to, .. }) if to > 0);
    while !read_again(slow.next_rumor(RUN)) {
        assert!(joined.elapsed() < RUN * 6, "what is retained was to be read again");
    }
    assert!(heard > NODES * NODES, "rumors were to arrive: {heard}");
    let down = |n: &Handle| n.members().iter().any(|m| m.name == victim.name() && m.state == State::Dead);
    assert!(nodes.iter().all(down), "the crash was to be noticed within the run");
    let dropped: u64 = nodes.iter().flat_map(|n| n.stats().drops).map(|(_, n)| n).sum();
    assert!(garbage > 0 && dropped > 0, "garbage was to arrive: {garbage} sent, {dropped} dropped");
    let long = |n: &Handle| n.stats().drops.iter().any(|&(reason, n)| reason == DropReason::Long && n > 0);
    assert!(nodes.iter().any(long), "what is too long was to be told apart");
    assert_eq!((until_joined, ALLOCATIONS.load(Relaxed)), (0, 0), "until all had joined, and in all");
    for node in &nodes {
        node.stop();
        assert!(node.wait_stopped(Duration::from_secs(10)));
    }
    assert_eq!(ALLOCATIONS.load(Relaxed), 0, "in ending");
    assert_eq!(counted_on_a_thread_that_buys_once(), 1, "the counter bites");
}

fn counted_on_a_thread_that_buys_once() -> u64 {
    let buys = std::thread::spawn(|| {
        COUNTED.set(true);
        let bought = std::hint::black_box(vec![1_u8; 100]);
        COUNTED.set(false);
        drop(bought);
    });
    buys.join().expect("no panic");
    ALLOCATIONS.load(Relaxed)
}
