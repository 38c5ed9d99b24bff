//! On which socket? One UDP socket with the options that the loop relies on, and what the kernel granted.

use core::net::SocketAddr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use mio::net::UdpSocket;
use socket2::{Domain, Socket, Type};

use super::address::Family;
use super::error::StartError;
use super::options::Options;
use super::sys::{self, SO_RXQ_OVFL};

/// A bound socket.
#[derive(Debug)]
pub(super) struct Port {
    /// As mio knows it.
    pub socket: UdpSocket,
    /// Which addresses it reaches.
    pub family: Family,
    /// Where it is bound.
    pub local_addr: SocketAddr,
    /// Bytes of receive buffer granted.
    pub recv_buffer: usize,
    /// Bytes of send buffer granted.
    pub send_buffer: usize,
}

impl Port {
    /// Binds a socket.
    pub(super) fn open(options: &Options) -> Result<Self, StartError> {
        let bind = options.bind;
        let family = Family::of(bind);
        let socket = Socket::new(Domain::for_address(bind), Type::DGRAM, None).map_err(os("making a UDP socket"))?;
        if family == Family::V6 {
            // Bound to [::] it takes IPv4 too, wherever `net.ipv6.bindv6only` stands.
            socket.set_only_v6(false).map_err(os("taking IPv4 on an IPv6 socket"))?;
        }
        let asked = "asking for buffers";
        socket.set_recv_buffer_size(options.recv_buffer).map_err(os(asked))?;
        socket.set_send_buffer_size(options.send_buffer).map_err(os(asked))?;
        socket.set_nonblocking(true).map_err(os("making the socket non-blocking"))?;
        set_options(socket.as_fd(), family).map_err(os("setting the options of the socket"))?;
        socket.bind(&bind.into()).map_err(|error| bind_error(bind, error))?;
        let recv_buffer = socket.recv_buffer_size().map_err(os(asked))?;
        let send_buffer = socket.send_buffer_size().map_err(os(asked))?;
        let socket = UdpSocket::from_std(socket.into());
        let local_addr = socket.local_addr().map_err(os("asking for the port"))?;
        Ok(Self { socket, family, local_addr, recv_buffer, send_buffer })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// - `SO_RXQ_OVFL`: each datagram tells how many were dropped before it.
/// - `IP_RECVERR`: what ICMP says of a datagram waits on the error queue with that datagram's destination. An IPv6 socket
///   gets both: its datagrams to IPv4 are answered by the ICMP of IPv4.
/// - `IP_PMTUDISC_OMIT`: datagrams leave without "do not fragment", whatever ICMP says of the path. `max_datagram` fits every
///   sane path unfragmented; on a narrower one a fragmented datagram arrives and one that may not be fragmented never does.
///   And a forged report of a tiny path cannot make this node send fragments (the reason for which DNS servers choose it).
fn set_options(socket: BorrowedFd<'_>, family: Family) -> io::Result<()> {
    sys::set_option(socket, libc::SOL_SOCKET, SO_RXQ_OVFL, 1)?;
    sys::set_option(socket, libc::SOL_IP, libc::IP_RECVERR, 1)?;
    sys::set_option(socket, libc::SOL_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT)?;
    if family == Family::V6 {
        sys::set_option(socket, libc::SOL_IPV6, libc::IPV6_RECVERR, 1)?;
        sys::set_option(socket, libc::SOL_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT)?;
    }
    Ok(())
}

/// An error of the operating system while something was being done.
pub(super) fn os(doing: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |error| StartError::Os { doing, error }
}

fn bind_error(at: SocketAddr, error: io::Error) -> StartError {
    match error.raw_os_error() {
        Some(libc::EADDRINUSE) => StartError::PortTaken(at),
        Some(libc::EACCES | libc::EPERM) => StartError::NoPermission(at),
        Some(libc::EADDRNOTAVAIL) => StartError::NotOurAddress(at),
        _ => StartError::Os { doing: "binding the socket", error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bind: &str) -> Result<Port, StartError> {
        Port::open(&Options { bind: bind.parse().expect("an address"), ..Options::default() })
    }

    #[test]
    fn port_0_takes_a_port_and_a_taken_one_is_refused() {
        let port = open("127.0.0.1:0").expect("a free port");
        assert_ne!(port.local_addr.port(), 0);
        assert!(port.recv_buffer > 0 && port.send_buffer > 0);
        let error = open(&port.local_addr.to_string()).expect_err("the port is taken");
        assert!(matches!(error, StartError::PortTaken(at) if at == port.local_addr), "{error}");
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let error = open("192.0.2.1:0").expect_err("TEST-NET-1 is on no machine");
        assert!(matches!(error, StartError::NotOurAddress(_)), "{error}");
    }

    #[test]
    fn a_port_of_the_privileged_is_refused_to_everybody_else() {
        let first_free = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        let first_free: u16 = first_free.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1_024);
        if first_free < 2 {
            println!("skipped: here everybody may listen on every port");
            return;
        }
        let at = format!("127.0.0.1:{}", first_free - 1);
        let asked = at.clone();
        let nobody = std::thread::spawn(move || {
            super::sys::sandbox::become_nobody();
            open(&asked).expect_err("a port of the privileged")
        });
        let error = nobody.join().expect("no panic");
        assert!(matches!(error, StartError::NoPermission(_)), "{error}");
        let advice = "take a port above 1023, or grant CAP_NET_BIND_SERVICE";
        assert_eq!(error.to_string(), format!("this process may not listen on {at}; {advice}"));
    }

    #[test]
    fn ipv6_takes_every_option_too() {
        match open("[::]:0") {
            Ok(port) => assert_eq!(port.family, Family::V6),
            // A kernel without IPv6 makes no such socket; it fails there and not at an option.
            Err(error) => assert!(matches!(error, StartError::Os { doing: "making a UDP socket", .. }), "{error}"),
        }
    }
}
