//! What must the kernel be told in its own words? The six system calls that the standard library does not have, and
//! nothing else: what they return is read by safe code elsewhere.
//!
//! Linux only, as are batches of datagrams and the error queue.
#![allow(unsafe_code)] // the one file of the library that has any

use core::mem;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_long, c_uint, c_void};

use super::address::RawName;
use super::mappings;

/// `SO_RXQ_OVFL`, which `libc` does not name for Linux: tell with each datagram how many were dropped before it.
pub(super) const SO_RXQ_OVFL: c_int = if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) { 0x24 } else { 40 };

/// Room for the ancillary data of one datagram: one header of two words, the drop count in one, and one to spare.
pub(super) type Control = [u64; 4];
/// Room for the ancillary data of an error: header, description, and the address of whoever reported it, with some to spare.
pub(super) type ErrorControl = [u64; 32];

/// A datagram to receive or received, without its payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parcel {
    /// The address at the other end.
    pub name: RawName,
    /// Bytes of `name` that count.
    pub name_len: usize,
    /// Bytes of payload. When receiving: as many as arrived, at most the room for them.
    pub len: usize,
    /// Ancillary data received.
    pub control: Control,
    /// Bytes of `control` that count.
    pub control_len: usize,
}

impl Parcel {
    pub(super) const BLANK: Self = Self { name: RawName::BLANK, name_len: 0, len: 0, control: [0; 4], control_len: 0 };
}

/// Whether one call takes many datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    Many,
    One,
}

/// Headers for the kernel, bought once, one per datagram of a batch.
pub(super) struct Headers {
    messages: Box<[libc::mmsghdr]>,
    slices: Box<[libc::iovec]>,
}

// SAFETY: the pointers inside are what keeps the type from being `Send`. They are written anew before every system call,
// from borrows that outlast it, and nothing follows them at any other time; so no thread depends on what another left.
unsafe impl Send for Headers {}

impl Headers {
    pub(super) fn new(batch: usize) -> Self {
        // SAFETY: both are plain C structs of integers and pointers, for which all zero bytes are a valid value.
        let (message, slice) = unsafe { (mem::zeroed::<libc::mmsghdr>(), mem::zeroed::<libc::iovec>()) };
        Self { messages: vec![message; batch].into_boxed_slice(), slices: vec![slice; batch].into_boxed_slice() }
    }

    pub(super) const fn memory_bytes(batch: usize) -> usize {
        batch * (size_of::<libc::mmsghdr>() + size_of::<libc::iovec>())
    }

    /// Receives what waits, at most as many as there are parcels, each into its `stride` of `bytes`. Never blocks.
    pub(super) fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        calls: Calls,
        parcels: &mut [Parcel],
        bytes: &mut [u8],
        stride: usize,
    ) -> io::Result<usize> {
        let mut n = 0;
        let headers = self.messages.iter_mut().zip(&mut self.slices);
        for (((message, slice), parcel), bytes) in headers.zip(parcels.iter_mut()).zip(bytes.chunks_exact_mut(stride)) {
            slice.iov_base = bytes.as_mut_ptr().cast();
            slice.iov_len = bytes.len();
            let header = &mut message.msg_hdr;
            header.msg_name = (&raw mut parcel.name).cast();
            header.msg_namelen = size_of::<RawName>() as _;
            header.msg_iov = slice;
            header.msg_iovlen = 1;
            header.msg_control = parcel.control.as_mut_ptr().cast();
            header.msg_controllen = size_of::<Control>() as _;
            header.msg_flags = 0;
            n += 1;
        }
        let received = match calls {
            Calls::Many => {
                // SAFETY: the first `n` headers were filled above with pointers into `self.slices`, `parcels` and `bytes`,
                // each with the length of what it points at; all are borrowed mutably until this function returns.
                let got = unsafe { recvmmsg(socket, self.messages.as_mut_ptr(), n) };
                usize::try_from(got).map_err(|_| io::Error::last_os_error())?
            }
            Calls::One => receive_one_by_one(socket, &mut self.messages[..n])?,
        };
        #[allow(clippy::unnecessary_cast)] // the lengths are of another type in other C libraries
        for (parcel, message) in parcels.iter_mut().zip(&self.messages[..received]) {
            parcel.name_len = message.msg_hdr.msg_namelen as usize;
            parcel.control_len = message.msg_hdr.msg_controllen as usize;
            parcel.len = message.msg_len as usize;
        }
        Ok(received)
    }

    /// Sends the parcels, each with the first `len` bytes of its `stride` of `bytes`, in order; how many went. An error is
    /// that of the first one. Never blocks.
    pub(super) fn send(
        &mut self,
        socket: BorrowedFd<'_>,
        calls: Calls,
        parcels: &[Parcel],
        bytes: &[u8],
        stride: usize,
    ) -> io::Result<usize> {
        let mut n = 0;
        let headers = self.messages.iter_mut().zip(&mut self.slices);
        for (((message, slice), parcel), bytes) in headers.zip(parcels).zip(bytes.chunks_exact(stride)) {
            let payload = &bytes[..parcel.len];
            slice.iov_base = payload.as_ptr().cast_mut().cast();
            slice.iov_len = payload.len();
            let header = &mut message.msg_hdr;
            header.msg_name = (&raw const parcel.name).cast_mut().cast();
            header.msg_namelen = parcel.name_len as _;
            header.msg_iov = slice;
            header.msg_iovlen = 1;
            header.msg_control = core::ptr::null_mut();
            header.msg_controllen = 0;
            header.msg_flags = 0;
            n += 1;
        }
        match calls {
            Calls::Many => {
                // SAFETY: the first `n` headers were filled above with pointers into `self.slices`, `parcels` and `bytes`,
                // each with the length of what it points at; all outlive the call, and sending only reads through them.
                let sent = unsafe { sendmmsg(socket, self.messages.as_mut_ptr(), n) };
                usize::try_from(sent).map_err(|_| io::Error::last_os_error())
            }
            Calls::One => {
                let Some(first) = self.messages[..n].first() else { return Ok(0) };
                // SAFETY: as above, for the first header.
                let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const first.msg_hdr, libc::MSG_DONTWAIT) };
                if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(1) }
            }
        }
    }

    /// Whether the kernel takes many datagrams a call: it may be too old (ENOSYS), or a sandbox may forbid it (EPERM).
    /// Sends and receives nothing, so a firewall that forbids some destination is not mistaken for a sandbox.
    pub(super) fn many_permitted(&mut self, socket: BorrowedFd<'_>) -> bool {
        // SAFETY: no header is looked at when their number is 0.
        let sent = unsafe { sendmmsg(socket, self.messages.as_mut_ptr(), 0) };
        let sending = permitted(sent);
        // SAFETY: as above.
        let received = unsafe { recvmmsg(socket, self.messages.as_mut_ptr(), 0) };
        sending && permitted(received)
    }
}

/// Whether what a call has just returned means that the call as such is allowed.
fn permitted(returned: c_long) -> bool {
    returned >= 0 || !matches!(io::Error::last_os_error().raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

// By number: not every C library has these two functions.

/// # Safety
/// The first `n` headers at `messages` must point at what may be written.
unsafe fn recvmmsg(socket: BorrowedFd<'_>, messages: *mut libc::mmsghdr, n: usize) -> c_long {
    let wait_for_ever = core::ptr::null_mut::<libc::timespec>();
    let flags = c_long::from(libc::MSG_DONTWAIT);
    // SAFETY: what the caller vouches for.
    unsafe {
        libc::syscall(libc::SYS_recvmmsg, c_long::from(socket.as_raw_fd()), messages, n as c_long, flags, wait_for_ever)
    }
}

/// # Safety
/// The first `n` headers at `messages` must point at what may be read.
unsafe fn sendmmsg(socket: BorrowedFd<'_>, messages: *mut libc::mmsghdr, n: usize) -> c_long {
    let flags = c_long::from(libc::MSG_DONTWAIT);
    // SAFETY: what the caller vouches for.
    unsafe { libc::syscall(libc::SYS_sendmmsg, c_long::from(socket.as_raw_fd()), messages, n as c_long, flags) }
}

/// Receives into headers that were filled by [`Headers::receive`]; an error counts only where nothing came before it.
fn receive_one_by_one(socket: BorrowedFd<'_>, messages: &mut [libc::mmsghdr]) -> io::Result<usize> {
    for (i, message) in messages.iter_mut().enumerate() {
        // SAFETY: the only caller has just filled the header with pointers into buffers that it borrows mutably.
        let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message.msg_hdr, libc::MSG_DONTWAIT) };
        match c_uint::try_from(got) {
            Ok(len) => message.msg_len = len,
            Err(_) if i > 0 => return Ok(i),
            Err(_) => return Err(io::Error::last_os_error()),
        }
    }
    Ok(messages.len())
}

/// Takes one entry off the error queue: where the datagram that failed was going, and the description in `control`. Returns
/// how many bytes of each count. Never blocks.
pub(super) fn receive_error(
    socket: BorrowedFd<'_>,
    name: &mut RawName,
    control: &mut ErrorControl,
) -> io::Result<(usize, usize)> {
    // SAFETY: a plain C struct of integers and pointers, for which all zero bytes are a valid value.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = (name as *mut RawName).cast();
    header.msg_namelen = size_of::<RawName>() as _;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of::<ErrorControl>() as _;
    // No room for the payload of the datagram that failed: it is cut off.
    // SAFETY: the header points at the two buffers, with their lengths; both are borrowed until this function returns.
    let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) };
    if got < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((header.msg_namelen as usize, header.msg_controllen as usize))
}

/// Sets an option whose value is a C `int`.
pub(super) fn set_option(socket: BorrowedFd<'_>, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: the pointer and length describe `value`, which lives until the call returns.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast::<c_void>(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets go of the pages of files that are mapped but neither written nor writable, as the kernel lists them.
pub(super) fn forget_unwritten() -> io::Result<()> {
    for range in mappings::unwritten(&std::fs::read_to_string("/proc/self/smaps")?) {
        // SAFETY: the kernel says that the range is a private mapping of a file without a page of this process's own, and that
        // nothing can be written there: whatever is read of it after this is read from the same file.
        let done = unsafe { libc::madvise(range.start as *mut c_void, range.len(), libc::MADV_DONTNEED) };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod sandbox {
    //! A sandbox around one thread of a test, so that refusals of the kernel can be had.

    use super::*;
    use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

    /// From here on this thread is nobody, who may do nothing that needs root. Whoever is not root stays who it is.
    pub(in super::super) fn become_nobody() {
        const NOBODY: c_long = 65_534;
        // SAFETY: neither call takes a pointer. The system call itself and not the C library's, which changes all threads.
        let done = unsafe { libc::geteuid() != 0 || libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY) == 0 };
        assert!(done, "{}", io::Error::last_os_error());
    }

    /// From here on this thread's `sendmmsg` and `recvmmsg` fail with `errno`; when `firewall`, those of no datagram at all
    /// still work, as they do when it is a destination that is forbidden.
    pub(in super::super) fn forbid_batches(errno: c_int, firewall: bool) {
        const NUMBER: u32 = 0;
        const THIRD_ARGUMENT: u32 = 32; // its low half, on a little-endian machine
        let load = |at| sock_filter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jt: 0, jf: 0, k: at };
        let equal = |k, jt, jf| sock_filter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jt, jf, k };
        let answer = |k| sock_filter { code: (BPF_RET | BPF_K) as u16, jt: 0, jf: 0, k };
        let mut filter = [
            load(NUMBER),
            equal(libc::SYS_sendmmsg as u32, 1, 0),
            equal(libc::SYS_recvmmsg as u32, 0, 2),
            load(THIRD_ARGUMENT),
            equal(0, u8::from(!firewall), 1),
            answer(libc::SECCOMP_RET_ALLOW),
            answer(libc::SECCOMP_RET_ERRNO | errno as u32),
        ];
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
        // SAFETY: the program points at the filter, and both outlive the calls, which copy them.
        let done = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
        };
        assert!(done, "{}", io::Error::last_os_error());
    }
}
