//! How do many datagrams share a system call? Two batches, one in each direction, with their buffers bought once.

use core::net::SocketAddr;
use std::io;
use std::os::fd::BorrowedFd;

use super::address::{Family, RawName};
use super::ancillary;
use super::counters::IoCounters;
use super::sys::{Calls, Headers, Parcel};

/// Datagrams received, to be read before the next call.
pub(super) struct Inbound {
    headers: Headers,
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
        match self.headers.receive(socket, *calls, &mut self.parcels, &mut self.bytes, self.stride) {
            Ok(len) => {
                self.len = len;
                io.received += len as u64;
                if len == self.parcels.len() { Received::More } else { Received::Drained }
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

    /// Datagram `i` of the batch: its sender and its payload. Counts what the kernel says beside it.
    pub(super) fn get(&self, i: usize, io: &mut IoCounters) -> Option<(SocketAddr, &[u8])> {
        let parcel = self.parcels[..self.len].get(i)?;
        if let Some(drops) = ancillary::drops(&parcel.control, parcel.control_len) {
            io.kernel_drops = io.kernel_drops.max(u64::from(drops));
        }
        if parcel.len >= self.stride {
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
    family: Family,
}

impl Outbound {
    pub(super) fn new(batch: usize, max: usize, family: Family) -> Self {
        Self {
            headers: Headers::new(batch),
            parcels: vec![Parcel::BLANK; batch].into_boxed_slice(),
            bytes: vec![0; batch * max].into_boxed_slice(),
            stride: max,
            len: 0,
            family,
        }
    }

    pub(super) const fn memory_bytes(batch: usize, max: usize) -> usize {
        Headers::memory_bytes(batch) + batch * (size_of::<Parcel>() + max)
    }

    /// The buffer of the next datagram; `None` when the batch is full and must be flushed.
    pub(super) fn next(&mut self) -> Option<&mut [u8]> {
        (self.len < self.parcels.len()).then(|| &mut self.bytes[self.len * self.stride..][..self.stride])
    }

    /// Adds the datagram that was written into [`Outbound::next`].
    pub(super) fn push(&mut self, to: SocketAddr, len: usize, io: &mut IoCounters) {
        match RawName::new(to, self.family) {
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
