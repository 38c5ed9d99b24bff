//! The node in somebody's own event loop: `cargo run --example own_loop -- NAME BIND [SEED]...`.
//!
//! An application that has a mio loop needs no second one. It owns the socket and the clock and drives the `Node` through its
//! four calls: hand in what arrived, then drain datagrams and events, then sleep until the time-out or until something
//! else of the application happens (here: once a second it prints its members). What `bruit::net` does beyond this:
//! batches of datagrams per system call, the kernel's "nobody listens there", figures and members for other threads.

use std::io::ErrorKind::WouldBlock;
use std::net::SocketAddr;
use std::time::{Duration, Instant as Clock};

use bruit::{BootId, Config, Identity, Input, Instant, Name, Node, Profile};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

/// Datagrams handed in before the timers are looked at: no flood may keep them waiting.
const AT_ONCE: usize = 256;

struct Application {
    node: Node,
    socket: UdpSocket,
    started: Clock,
    buf: Vec<u8>,
}

impl Application {
    /// Monotonic time as the node knows it: since an origin of ours.
    fn now(&self) -> Instant {
        Instant::ZERO + self.started.elapsed().into()
    }

    /// Hands one input in, then takes what it has brought forth.
    fn step(&mut self, input: Input<'_>) {
        let now = self.now();
        if let Err(refusal) = self.node.handle_input(now, input) {
            eprintln!("refused: {refusal}");
        }
        while let Some(transmit) = self.node.poll_transmit(now, &mut self.buf) {
            // UDP may lose it; so may we. The node copes with either.
            if let Err(error) = self.socket.send_to(&self.buf[..transmit.len], transmit.to) {
                eprintln!("lost on the way to {}: {error}", transmit.to);
            }
        }
        while let Some(event) = self.node.poll_event() {
            println!("{event:?}");
        }
    }

    /// Reads what waits. Whether something may be left.
    fn receive(&mut self, datagram: &mut [u8]) -> bool {
        for _ in 0..AT_ONCE {
            match self.socket.recv_from(datagram) {
                Ok((len, from)) => self.step(Input::Datagram { from, bytes: &datagram[..len] }),
                Err(error) if error.kind() == WouldBlock => return false,
                Err(error) => eprintln!("receiving: {error}"),
            }
        }
        true
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().as_deref().and_then(Name::new).ok_or("usage: own_loop NAME BIND [SEED]...")?;
    let bind = args.next().unwrap_or_else(|| "127.0.0.1:4100".into()).parse()?;
    let seeds = args.map(|seed| seed.parse()).collect::<Result<Vec<SocketAddr>, _>>()?;

    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(16);
    let mut socket = UdpSocket::bind(bind)?;
    poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;

    let params: bruit::Params = Config::new(Profile::Lan).try_into()?;
    let (boot, seed) = (BootId::from_u64(getrandom::u64()?), getrandom::u64()?);
    let identity = Identity { name, cluster: "embed", addr: socket.local_addr()?, boot, zone: "", tags: &[] };
    let buf = vec![0; params.max_datagram()];
    // One byte more than the node takes: what is too long must not look as if it were not.
    let mut datagram = vec![0; params.max_datagram() + 1];
    let node = Node::new(params, &identity, seed, Instant::ZERO)?;
    let mut app = Application { node, socket, started: Clock::now(), buf };
    app.step(Input::Join(&seeds));

    let (mut print_at, mut more) = (Clock::now(), false);
    loop {
        let until_print = print_at.saturating_duration_since(Clock::now());
        let until_tick = app.node.poll_timeout().map_or(Duration::MAX, |at| at.since(app.now()).into());
        let sleep = if more { Duration::ZERO } else { until_tick.min(until_print) };
        if let Err(error) = poll.poll(&mut events, Some(sleep))
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        // First what has arrived, announced or not, and only then the time: an answer that is here is not missing.
        more = app.receive(&mut datagram);
        app.step(Input::Tick);
        if Clock::now() >= print_at {
            print_at += Duration::from_secs(1);
            let members: Vec<_> = app.node.members().map(|m| format!("{} {}", m.name, m.state.name())).collect();
            println!("{}: {}", app.node.phase().name(), members.join(", "));
        }
    }
}
