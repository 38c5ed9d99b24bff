//! How do many datagrams share a system call? Two batches, one in each direction, with their buffers bought once.

use core::net::SocketAddr;
use std::io;
use std::os::fd::BorrowedFd;

use super::address::{Family, RawName};
use super::ancillary;
use super::counters::IoCounters;
use super::sys::{Calls, Headers, Parcel};

/// Datagrams that the first call after a quiet time asks for. Each header costs its memory: in quiet the caches are cold, and
/// a whole batch of headers would cost more than the datagram.
const FEW: usize = 4;

/// Datagrams received, to be read before the next call.
pub(super) struct Inbound {
    headers: Headers,
    /// As many as the next call asks for: few, and all once that was not enough.
    ask: usize,
    parcels: Box<[Parcel]>,
    bytes: Box<[u8]>,
    stride: usize,
    len: usize,
}

/// What a receiving call has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// The batch is full; more may wait.
    More,
    /// Whatever waited is in the batch.
    Drained,
    /// An error of some earlier datagram came instead; more may wait.
    Error,
}

impl Inbound {
    /// Room for `batch` datagrams of one byte more than `max`: what is too long must arrive as too long.
    pub(super) fn new(batch: usize, max: usize) -> Self {
        let stride = max + 1;
        Self {
            headers: Headers::new(batch),
            parcels: vec![Parcel::BLANK; batch].into_boxed_slice(),
            bytes: vec![0; batch * stride].into_boxed_slice(),
            ask: batch.min(FEW),
            stride,
            len: 0,
        }
    }

    pub(super) const fn memory_bytes(batch: usize, max: usize) -> usize {
        Headers::memory_bytes(batch) + batch * (size_of::<Parcel>() + max + 1)
    }

    /// Whether the kernel takes many datagrams a call, see [`Headers::many_permitted`].
    pub(super) fn many_permitted(&mut self, socket: BorrowedFd<'_>) -> bool {
        self.headers.many_permitted(socket)
    }

    /// Receives what waits, in place of what the batch held.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, calls: &mut Calls, io: &mut IoCounters) -> Received {
        io.receive_calls += 1;
        self.len = 0;
        let asked = self.ask;
        self.ask = self.parcels.len().min(FEW);
        match self.headers.receive(socket, *calls, &mut self.parcels[..asked], &mut self.bytes, self.stride) {
            Ok(len) => {
                self.len = len;
                io.received += len as u64;
                if len < asked {
                    return Received::Drained;
                }
                self.ask = self.parcels.len();
                Received::More
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Drained,
            Err(error) => {
                io.receive_errors += 1;
                if *calls == Calls::Many && matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) {
                    *calls = Calls::One;
                    io.batches_refused += 1;
                }
                Received::Error
            }
        }
    }

    /// How many datagrams the batch holds.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Datagram `i` of the batch: its sender and its payload. Counts what the kernel says beside it, and what is longer than `max`.
    pub(super) fn get(&self, i: usize, max: usize, io: &mut IoCounters) -> Option<(SocketAddr, &[u8])> {
        let parcel = self.parcels[..self.len].get(i)?;
        if let Some(drops) = ancillary::drops(&parcel.control, parcel.control_len) {
            io.kernel_drops = io.kernel_drops.max(u64::from(drops));
        }
        if parcel.len > max {
            io.received_too_long += 1;
        }
        let bytes = &self.bytes[i * self.stride..][..parcel.len.min(self.stride)];
        let from = parcel.name.get(parcel.name_len);
        io.received_nameless += u64::from(from.is_none());
        Some((from?, bytes))
    }
}

/// Datagrams to send: filled in place, then flushed.
pub(super) struct Outbound {
    headers: Headers,
    parcels: Box<[Parcel]>,
    bytes: Box<[u8]>,
    stride: usize,
    len: usize,
}

impl Outbound {
    pub(super) fn new(batch: usize, max: usize) -> Self {
        Self {
            headers: Headers::new(batch),
            parcels: vec![Parcel::BLANK; batch].into_boxed_slice(),
            bytes: vec![0; batch * max].into_boxed_slice(),
            stride: max,
            len: 0,
        }
    }

    pub(super) const fn memory_bytes(batch: usize, max: usize) -> usize {
        Headers::memory_bytes(batch) + batch * (size_of::<Parcel>() + max)
    }

    /// The buffer of the next datagram, which has `max` bytes; `None` when the batch is full and must be flushed.
    pub(super) fn next(&mut self, max: usize) -> Option<&mut [u8]> {
        (self.len < self.parcels.len()).then(|| &mut self.bytes[self.len * self.stride..][..max])
    }

    /// Adds the datagram that was written into [`Outbound::next`], for a socket of that kind.
    pub(super) fn push(&mut self, (to, family): (SocketAddr, Family), len: usize, io: &mut IoCounters) {
        match RawName::new(to, family) {
            Some((name, name_len)) => {
                self.parcels[self.len] = Parcel { name, name_len, len, ..Parcel::BLANK };
                self.len += 1;
            }
            None => io.lost_family += 1,
        }
    }

    /// Sends what the batch holds; what the kernel refuses is lost and counted. Whether it spoke of errors.
    ///
    /// With `IP_RECVERR` an error that ICMP has brought ends the next call on the socket, whatever datagram that is about,
    /// before that datagram leaves. So after an error the same datagram is tried once more, and only the second is its own.
    pub(super) fn flush(&mut self, socket: BorrowedFd<'_>, calls: &mut Calls, io: &mut IoCounters) -> bool {
        let mut at = 0;
        let mut tried = false;
        let mut errors = false;
        while at < self.len {
            io.send_calls += 1;
            let bytes = &self.bytes[at * self.stride..];
            match self.headers.send(socket, *calls, &self.parcels[at..self.len], bytes, self.stride) {
                Ok(sent) => {
                    io.sent += sent as u64;
                    at += sent;
                    tried = false;
                    if sent == 0 {
                        at += 1;
                        io.lost_other += 1;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    io.lost_full += (self.len - at) as u64;
                    break;
                }
                Err(error) => {
                    errors = true;
                    if *calls == Calls::Many && refuses_batches(&error) && !self.headers.many_permitted(socket) {
                        *calls = Calls::One;
                        io.batches_refused += 1;
                    } else if tried {
                        *lost(io, &error) += 1;
                        at += 1;
                        tried = false;
                    } else {
                        io.send_repeated += 1;
                        tried = true;
                    }
                }
            }
        }
        self.len = 0;
        errors
    }
}

fn refuses_batches(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

/// The counter for a datagram that the kernel refused.
fn lost<'a>(io: &'a mut IoCounters, error: &io::Error) -> &'a mut u64 {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => &mut io.lost_forbidden,
        Some(libc::ENOBUFS | libc::ENOMEM) => &mut io.lost_no_buffers,
        Some(libc::EMSGSIZE) => &mut io.lost_too_long,
        Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ENETDOWN) => &mut io.lost_no_route,
        Some(libc::ECONNREFUSED) => &mut io.lost_refused,
        _ => &mut io.lost_other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Options;
    use super::super::socket::Port;
    use super::super::sys::sandbox;
    use super::*;

    const MAX: usize = 100;

    fn port() -> Port {
        let bind = "127.0.0.1:0".parse().expect("an address");
        Port::open(&Options { bind, ..Options::default() }).expect("a free port")
    }

    /// Datagrams of these lengths, sent in one batch.
    fn send(port: &Port, to: SocketAddr, lens: &[usize], calls: &mut Calls, io: &mut IoCounters) {
        let mut outbound = Outbound::new(lens.len(), MAX * 20);
        for &len in lens {
            outbound.next(MAX * 20).expect("room")[..len].fill(len as u8);
            outbound.push((to, port.family), len, io);
        }
        assert!(outbound.next(MAX).is_none(), "a full batch has no next buffer");
        outbound.flush(port.fd(), calls, io);
        assert_eq!(outbound.next(MAX).map(|buf| buf.len()), Some(MAX), "a flushed batch has");
    }

    /// The lengths of what arrives, batch by batch of `size`, and what each call found.
    fn receive(port: &Port, size: usize, calls: &mut Calls, io: &mut IoCounters) -> Vec<(Received, Vec<usize>)> {
        let mut inbound = Inbound::new(size, MAX);
        let mut batches = Vec::new();
        for _ in 0..10 {
            let received = inbound.receive(port.fd(), calls, io);
            let lens = (0..inbound.len()).map(|i| {
                let (_, bytes) = inbound.get(i, MAX, io).expect("a sender");
                assert!(bytes.iter().all(|&b| b == bytes.len().min(MAX) as u8 || bytes.len() > MAX));
                bytes.len()
            });
            batches.push((received, lens.collect()));
            if received == Received::Drained {
                return batches;
            }
        }
        panic!("ten calls for a handful of datagrams: {batches:?}");
    }

    #[test]
    fn a_batch_arrives_in_order_and_what_is_too_long_arrives_one_byte_too_long() {
        for calls in [Calls::Many, Calls::One] {
            let (from, to, mut io, mut calls) = (port(), port(), IoCounters::default(), calls);
            send(&from, to.local_addr, &[3, MAX, MAX + 1, 15 * MAX, 0], &mut calls, &mut io);
            let batches = receive(&to, 2, &mut calls, &mut io);
            let more = |lens: &[usize]| (Received::More, lens.to_vec());
            let expected = [more(&[3, MAX]), more(&[MAX + 1, MAX + 1]), (Received::Drained, vec![0])];
            assert_eq!(batches, expected, "{calls:?}");
            assert_eq!((io.sent, io.received, io.received_too_long, io.receive_calls), (5, 5, 2, 3));
            assert_eq!(io.send_calls, if calls == Calls::Many { 1 } else { 5 });
        }
    }

    #[test]
    fn one_datagram_that_the_kernel_refuses_costs_no_other() {
        let (from, to, mut io, mut calls) = (port(), port(), IoCounters::default(), Calls::Many);
        let mut outbound = Outbound::new(4, 70_000);
        for (at, len) in [(to.local_addr, 1), (to.local_addr, 66_000), (to.local_addr, 2)] {
            outbound.next(70_000).expect("room")[..len].fill(len as u8);
            outbound.push((at, from.family), len, &mut io);
        }
        outbound.push(("[::1]:9".parse().expect("an address"), from.family), 3, &mut io);
        outbound.flush(from.fd(), &mut calls, &mut io);
        assert_eq!((io.sent, io.lost_too_long, io.lost_family, io.lost_other), (2, 1, 1, 0));
        assert_eq!(receive(&to, 8, &mut calls, &mut io), [(Received::Drained, vec![1, 2])]);
    }

    /// Runs a test on a thread of its own, around which there is a sandbox from then on.
    fn sandboxed(errno: i32, firewall: bool, test: impl FnOnce() + Send) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                sandbox::forbid_batches(errno, firewall);
                test();
            });
        });
    }

    #[test]
    fn where_batches_are_refused_datagrams_go_one_by_one_and_none_is_lost() {
        for errno in [libc::EPERM, libc::ENOSYS] {
            sandboxed(errno, false, || {
                let (from, to, mut io) = (port(), port(), IoCounters::default());
                assert!(!Inbound::new(1, MAX).many_permitted(from.fd()), "seen at the start");
                // And where the sandbox was put up later:
                let (mut sending, mut receiving) = (Calls::Many, Calls::Many);
                send(&from, to.local_addr, &[1, 2, 3], &mut sending, &mut io);
                assert_eq!((sending, io.sent, io.batches_refused), (Calls::One, 3, 1));
                let batches = receive(&to, 8, &mut receiving, &mut io);
                assert_eq!(batches, [(Received::Error, vec![]), (Received::Drained, vec![1, 2, 3])]);
                assert_eq!((receiving, io.batches_refused), (Calls::One, 2));
            });
        }
    }

    #[test]
    fn a_forbidden_destination_is_a_loss_and_not_the_end_of_batches() {
        sandboxed(libc::EPERM, true, || {
            let (from, to, mut io, mut calls) = (port(), port(), IoCounters::default(), Calls::Many);
            assert!(Inbound::new(1, MAX).many_permitted(from.fd()));
            send(&from, to.local_addr, &[1, 2], &mut calls, &mut io);
            assert_eq!((calls, io.sent, io.lost_forbidden, io.batches_refused), (Calls::Many, 0, 2, 0));
        });
    }
}
