//! What would it cost to do nothing else? Threads with a socket each that ping and answer, without any protocol: what this
//! machine takes for waking up and for carrying 52 bytes, and what no loop of one thread a node can be cheaper than.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::interrupt;
use crate::usage::Usage;

/// As long as a quiet ping of bruit's.
const BYTES: usize = 52;
const PING: u8 = 1;
const ACK: u8 = 2;

/// CPU microseconds of one node and second, over `seconds`: each of `nodes` sends one ping per `interval` and answers those that
/// come.
///
/// # Errors
/// When sockets or threads cannot be had, or on Ctrl-C.
pub fn cpu_us(nodes: usize, interval: Duration, seconds: u64) -> Result<f64, Failure> {
    let bind = |_| UdpSocket::bind("127.0.0.1:0");
    let sockets = (0..nodes).map(bind).collect::<Result<Vec<_>, _>>().map_err(Failure::doing("binding"))?;
    let addrs = sockets.iter().map(UdpSocket::local_addr).collect::<Result<Vec<_>, _>>();
    let addrs: Arc<[SocketAddr]> = addrs.map_err(Failure::doing("asking for an address"))?.into();
    let stop = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::with_capacity(nodes);
    for (i, socket) in sockets.into_iter().enumerate() {
        let (addrs, stop) = (Arc::clone(&addrs), Arc::clone(&stop));
        let phase = interval * u32::try_from(i).unwrap_or(0) / u32::try_from(nodes).unwrap_or(1);
        let run = move || ping_and_answer(&socket, &addrs, i, (Instant::now() + phase, interval), &stop);
        threads.push(thread::Builder::new().spawn(run).map_err(Failure::doing("starting a thread"))?);
    }
    let measured = watch(nodes, interval, seconds);
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        // A thread ends at its next wake-up, within an interval.
        let _ = thread.join();
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

/// One node that knows no protocol: the next address in turn at each interval, an answer to each ping.
fn ping_and_answer(
    socket: &UdpSocket,
    addrs: &[SocketAddr],
    own: usize,
    (mut next, interval): (Instant, Duration),
    stop: &AtomicBool,
) {
    let mut buf = [0; BYTES];
    let mut target = own;
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        if now >= next {
            next += interval;
            target = (target + 1) % addrs.len();
            buf[0] = PING;
            // Lost or not: nobody waits for it.
            let _ = socket.send_to(&buf, addrs[target]);
            continue;
        }
        let waits = socket.set_read_timeout(Some((next - now).max(Duration::from_millis(1))));
        match waits.and_then(|()| socket.recv_from(&mut buf)) {
            Ok((_, from)) if buf[0] == PING => {
                buf[0] = ACK;
                let _ = socket.send_to(&buf, from);
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bare_nodes_use_some_time_and_end() {
        let used = cpu_us(3, Duration::from_millis(50), 1).expect("loopback");
        assert!(used > 0.0);
    }
}
