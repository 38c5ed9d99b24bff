//! What would it cost to do nothing else? Sockets that ping and answer, without any protocol, on as many threads as the loops have:
//! what this machine takes for waking up and for carrying 52 bytes, and what no loop can be cheaper than.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::failure::Failure;
use crate::interrupt;
use crate::usage::Usage;

/// As long as a quiet ping of bruit's.
const BYTES: usize = 52;
const PING: u8 = 1;
const ACK: u8 = 2;
/// How long a thread sleeps at most: it is to end when it is told to.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// CPU microseconds of one node and second, over `seconds`: each of `nodes` sends one ping per `interval` and answers those that
/// come; they are dealt out among `threads`.
///
/// # Errors
/// When sockets or threads cannot be had, or on Ctrl-C.
pub fn cpu_us(nodes: usize, threads: usize, interval: Duration, seconds: u64) -> Result<f64, Failure> {
    let bind = |_| UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
    let sockets = (0..nodes).map(bind).collect::<Result<Vec<_>, _>>().map_err(Failure::doing("binding"))?;
    let addrs = sockets.iter().map(UdpSocket::local_addr).collect::<Result<Vec<_>, _>>();
    let addrs: Arc<[SocketAddr]> = addrs.map_err(Failure::doing("asking for an address"))?.into();
    let began = Instant::now();
    let mut dealt: Vec<Vec<Bare>> = (0..threads).map(|_| Vec::new()).collect();
    for (own, socket) in sockets.into_iter().enumerate() {
        let phase = interval * u32::try_from(own).unwrap_or(0) / u32::try_from(nodes).unwrap_or(1);
        dealt[own % threads].push(Bare { socket, target: own, next: began + phase });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = Vec::with_capacity(threads);
    for bare in dealt {
        let (addrs, stop) = (Arc::clone(&addrs), Arc::clone(&stop));
        let run = move || ping_and_answer(bare, &addrs, interval, &stop);
        running.push(thread::Builder::new().spawn(run).map_err(Failure::doing("starting a thread"))?);
    }
    let measured = watch(nodes, interval, seconds);
    stop.store(true, Ordering::Relaxed);
    // A thread ends at its next wake-up.
    let ended: Vec<_> = running.into_iter().map(thread::JoinHandle::join).collect();
    for thread in ended.into_iter().flatten() {
        thread?;
    }
    measured
}

fn watch(nodes: usize, interval: Duration, seconds: u64) -> Result<f64, Failure> {
    interrupt::sleep(interval * 2, |_| {})?;
    let start = Usage::now()?;
    interrupt::sleep(Duration::from_secs(seconds), |_| {})?;
    let used = Usage::now()?.since(&start);
    Ok((used.user + used.system).as_secs_f64() * 1e6 / nodes as f64 / used.time.as_secs_f64())
}

/// A node that knows no protocol.
#[derive(Debug)]
struct Bare {
    socket: UdpSocket,
    /// Whom it pinged last.
    target: usize,
    /// When it pings again.
    next: Instant,
}

impl Bare {
    /// Pings the next address in turn.
    fn ping(&mut self, addrs: &[SocketAddr], interval: Duration) {
        self.next += interval;
        self.target = (self.target + 1) % addrs.len();
        self.send(PING, addrs[self.target]);
    }

    /// Reads one datagram and answers it if it is a ping.
    fn answer(&self) -> Result<(), Failure> {
        let mut buf = [0; BYTES];
        match self.socket.recv_from(&mut buf) {
            Ok((_, from)) if buf[0] == PING => self.send(ACK, from),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(Failure::doing("receiving")(error)),
        }
        Ok(())
    }

    fn send(&self, kind: u8, to: SocketAddr) {
        let mut buf = [0; BYTES];
        buf[0] = kind;
        // Lost or not: nobody waits for it.
        let _ = self.socket.send_to(&buf, to);
    }
}

/// A thread: a ping of each of its nodes at each interval, an answer to each that comes.
fn ping_and_answer(
    mut bare: Vec<Bare>,
    addrs: &[SocketAddr],
    interval: Duration,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    let epoll = Epoll::new(EpollCreateFlags::empty()).map_err(Failure::doing("making a selector"))?;
    for (node, at) in bare.iter().zip(0..) {
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, at);
        epoll.add(&node.socket, readable).map_err(Failure::doing("watching a socket"))?;
    }
    let mut ready = vec![EpollEvent::empty(); bare.len()];
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        let mut wait = SLEEP_MAX;
        for node in &mut bare {
            if node.next <= now {
                node.ping(addrs, interval);
            }
            wait = wait.min(node.next.saturating_duration_since(now));
        }
        // Whole milliseconds, as the loop sleeps; one more is not too early.
        let timeout = EpollTimeout::try_from(wait + Duration::from_millis(1)).map_err(Failure::doing("waiting"))?;
        let found = match epoll.wait(&mut ready, timeout) {
            Ok(found) => found,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(Failure::doing("waiting")(error)),
        };
        for event in &ready[..found] {
            bare[event.data() as usize].answer()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bare_nodes_use_some_time_and_end() {
        for threads in [3, 2] {
            let used = cpu_us(3, threads, Duration::from_millis(50), 1).expect("loopback");
            assert!(used > 0.0);
        }
    }
}
