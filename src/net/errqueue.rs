//! What became of what was sent? The socket's error queue, on which the kernel leaves what ICMP says.

use std::io;
use std::os::fd::BorrowedFd;

use super::address::RawName;
use super::ancillary::{self, Failure};
use super::counters::IoCounters;
use super::sys::{self, ErrorControl};

/// Buffers for one entry.
pub(super) struct ErrorQueue {
    name: RawName,
    control: ErrorControl,
}

impl ErrorQueue {
    pub(super) const fn new() -> Self {
        Self { name: RawName::BLANK, control: [0; 32] }
    }

    /// Takes one entry off the queue; `None` when it is empty.
    pub(super) fn next(&mut self, socket: BorrowedFd<'_>, io: &mut IoCounters) -> Option<Failure> {
        match sys::receive_error(socket, &mut self.name, &mut self.control) {
            Ok((name_len, control_len)) => {
                let failure = ancillary::failure(&self.name, name_len, &self.control, control_len);
                match failure {
                    Failure::NobodyListens(_) => io.port_unreachable += 1,
                    Failure::Other => io.errors_other += 1,
                }
                Some(failure)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => {
                io.errors_other += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::Outbound;
    use super::super::options::Options;
    use super::super::socket::Port;
    use super::super::sys::Calls;
    use super::*;
    use core::net::SocketAddr;

    fn port(bind: &str) -> Port {
        Port::open(&Options { bind: bind.parse().expect("an address"), ..Options::default() }).expect("a free port")
    }

    fn nobody_listens_at(bind: &str, calls: Calls) {
        let closed: SocketAddr = port("127.0.0.1:0").local_addr;
        let port = port(bind);
        let mut io = IoCounters::default();
        let mut calls = calls;
        let mut outbound = Outbound::new(2, 100);
        // The second send meets the error that the first one has raised, and leaves nonetheless.
        for _ in 0..2 {
            assert!(outbound.next(100).is_some());
            outbound.push((closed, port.family), 10, &mut io);
            outbound.flush(port.fd(), &mut calls, &mut io);
        }
        assert_eq!((io.sent, io.send_repeated, io.lost_refused), (2, 1, 0), "{bind} {calls:?}");
        let mut queue = ErrorQueue::new();
        let mut found = [None; 3];
        found.fill_with(|| queue.next(port.fd(), &mut io));
        let nobody = Some(Failure::NobodyListens(closed));
        assert_eq!(found, [nobody, nobody, None], "{bind} {calls:?}");
        assert_eq!((io.port_unreachable, io.errors_other), (2, 0));
    }

    #[test]
    fn loopback_tells_at_once_that_nobody_listens_and_no_datagram_is_lost_to_the_telling() {
        for calls in [Calls::Many, Calls::One] {
            nobody_listens_at("127.0.0.1:0", calls);
            if Port::open(&Options { bind: "[::]:0".parse().expect("an address"), ..Options::default() }).is_ok() {
                nobody_listens_at("[::]:0", calls);
            }
        }
    }
}
