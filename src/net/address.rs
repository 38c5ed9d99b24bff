//! Where, in the kernel's words? A socket address as the 16 or 28 bytes that system calls take.
//!
//! ```text
//!  IPv4   0  family u16   2  port, big-endian   4  address
//!  IPv6   0  family u16   2  port, big-endian   4  flow u32   8  address   24  scope u32
//! ```
//! Written and read byte by byte: no union, no cast, nothing unsafe. One address has one form here: IPv4 is IPv4 towards
//! the node, whatever the socket, so that a member is never known under two.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

const LEN_V4: usize = 16;
const LEN_V6: usize = 28;

/// Which addresses a socket can send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    /// IPv6; IPv4 too, as `::ffff:a.b.c.d`, where it is bound to `[::]`.
    V6,
}

impl Family {
    pub(super) const fn of(bound: SocketAddr) -> Self {
        match bound {
            SocketAddr::V4(_) => Self::V4,
            SocketAddr::V6(_) => Self::V6,
        }
    }
}

/// A socket address in the kernel's layout.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(super) struct RawName {
    bytes: [u8; LEN_V6],
}

impl RawName {
    pub(super) const BLANK: Self = Self { bytes: [0; LEN_V6] };

    /// The form of `to` on a socket of this family and its length; `None` when the socket cannot reach it.
    pub(super) fn new(to: SocketAddr, family: Family) -> Option<(Self, usize)> {
        let mut name = Self::BLANK;
        name.bytes[2..4].copy_from_slice(&to.port().to_be_bytes());
        match (family, to.ip().to_canonical()) {
            (Family::V4, IpAddr::V4(ip)) => {
                name.set_family(libc::AF_INET);
                name.bytes[4..8].copy_from_slice(&ip.octets());
                Some((name, LEN_V4))
            }
            (Family::V6, ip) => {
                let ip = match ip {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                let scope = if let SocketAddr::V6(v6) = to { v6.scope_id() } else { 0 };
                name.set_family(libc::AF_INET6);
                name.bytes[8..24].copy_from_slice(&ip.octets());
                name.bytes[24..28].copy_from_slice(&scope.to_ne_bytes());
                Some((name, LEN_V6))
            }
            (Family::V4, IpAddr::V6(_)) => None,
        }
    }

    /// The address in the first `len` bytes; `None` when they hold none.
    pub(super) fn get(&self, len: usize) -> Option<SocketAddr> {
        let [f0, f1, p0, p1, rest @ ..] = &self.bytes;
        let family = i32::from(u16::from_ne_bytes([*f0, *f1]));
        let port = u16::from_be_bytes([*p0, *p1]);
        if family == libc::AF_INET && len >= LEN_V4 {
            let (ip, _) = rest.split_first_chunk::<4>()?;
            return Some(SocketAddr::new(Ipv4Addr::from(*ip).into(), port));
        }
        if family == libc::AF_INET6 && len >= LEN_V6 {
            let (_flow, rest) = rest.split_first_chunk::<4>()?;
            let (ip, rest) = rest.split_first_chunk::<16>()?;
            let (scope, _) = rest.split_first_chunk::<4>()?;
            return Some(match Ipv6Addr::from(*ip).to_canonical() {
                IpAddr::V4(ip) => SocketAddr::new(ip.into(), port),
                IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, u32::from_ne_bytes(*scope)).into(),
            });
        }
        None
    }

    fn set_family(&mut self, family: i32) {
        self.bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_layout_is_the_one_that_the_kernel_is_given_by_socket2() {
        for (text, family) in [("10.1.2.3:4100", Family::V4), ("[2001:db8::7]:65535", Family::V6)] {
            let (name, len) = RawName::new(addr(text), family).expect("reachable");
            let reference = socket2::SockAddr::from(addr(text));
            assert_eq!(reference.len() as usize, len, "{text}");
            assert_eq!(Family::of(addr(text)), family);
            assert_eq!(name.get(len), reference.as_socket(), "{text}");
            assert_eq!(i32::from(reference.family()), i32::from(u16::from_ne_bytes([name.bytes[0], name.bytes[1]])));
        }
    }

    #[test]
    fn ipv4_is_one_address_on_either_socket() {
        for family in [Family::V4, Family::V6] {
            for text in ["127.0.0.1:9", "[::ffff:127.0.0.1]:9"] {
                let (name, len) = RawName::new(addr(text), family).expect("reachable");
                assert_eq!(name.get(len), Some(addr("127.0.0.1:9")), "{text} on {family:?}");
            }
        }
    }

    #[test]
    fn an_ipv4_socket_reaches_no_ipv6_address_and_short_names_mean_nothing() {
        assert!(RawName::new(addr("[::1]:9"), Family::V4).is_none());
        let (name, len) = RawName::new(addr("[fe80::1%3]:9"), Family::V6).expect("reachable");
        assert_eq!(name.get(len), Some(addr("[fe80::1%3]:9")));
        assert_eq!(name.get(len - 1), None);
        assert_eq!(RawName::BLANK.get(LEN_V6), None);
    }
}
