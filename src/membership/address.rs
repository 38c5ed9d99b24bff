//! Where does a member listen? A socket address as the table keeps it: 18 bytes instead of 32.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An IPv6 address, or an IPv4 one mapped into it (RFC 4291 §2.5.5.2), and a port.
///
/// What makes a [`SocketAddr`] larger never comes from the wire: flow labels, and the scope of a link-local address, which
/// means something to the host only that uses it. This node's own address is kept whole, apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    ip: [u8; 16],
    port: [u8; 2],
}

const _: () = assert!(size_of::<Address>() == 18 && align_of::<Address>() == 1);

impl Address {
    /// Nowhere.
    pub const NONE: Self = Self { ip: [0; 16], port: [0; 2] };
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        let ip = match addr.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        Self { ip: ip.octets(), port: addr.port().to_ne_bytes() }
    }
}

impl From<Address> for SocketAddr {
    fn from(addr: Address) -> Self {
        Self::new(Ipv6Addr::from(addr.ip).to_canonical(), u16::from_ne_bytes(addr.port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_from_the_wire_comes_back() {
        for text in ["127.0.0.1:4100", "255.1.2.3:1", "[::1]:4100", "[2001:db8::7]:65535", "[fe80::1]:9", "[::]:0"] {
            let addr: SocketAddr = text.parse().expect("an address");
            assert_eq!(SocketAddr::from(Address::from(addr)), addr, "{text}");
        }
    }
}
