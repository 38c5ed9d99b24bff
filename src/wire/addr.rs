//! Where? An IP address and port in 18 bytes.
//!
//! ```text
//!  0  IPv6 address, or IPv4 mapped into it (::ffff:a.b.c.d)    16  port u16
//! ```

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// An address on the wire. All zero bytes mean "none".
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct RawAddr {
    ip: [u8; 16],
    port: U16,
}

const _: () = assert!(size_of::<RawAddr>() == 18);

impl RawAddr {
    /// No address.
    pub const NONE: Self = Self { ip: [0; 16], port: U16::ZERO };

    /// The wire form of an address.
    #[must_use]
    pub fn new(addr: SocketAddr) -> Self {
        let ip = match addr.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        Self { ip, port: addr.port().into() }
    }

    /// The address, if one can send to it: not unspecified, not multicast, not port 0.
    #[must_use]
    pub fn get(&self) -> Option<SocketAddr> {
        let ip = Ipv6Addr::from(self.ip).to_canonical();
        usable(SocketAddr::new(ip, self.port.get()))
    }

    /// Whether this is an address, or [`RawAddr::NONE`].
    #[must_use]
    pub fn check_optional(&self) -> bool {
        *self == Self::NONE || self.get().is_some()
    }
}

/// The address again, if one can send to it.
pub(crate) fn usable(addr: SocketAddr) -> Option<SocketAddr> {
    let broadcast = matches!(addr.ip(), IpAddr::V4(v4) if v4.is_broadcast());
    let bad = addr.port() == 0 || addr.ip().is_unspecified() || addr.ip().is_multicast() || broadcast;
    (!bad).then_some(addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_and_what_nobody_can_send_to_does_not() {
        let cases = [
            ("127.0.0.1:4100", true),
            ("[::1]:4100", true),
            ("[2001:db8::7]:65535", true),
            ("10.0.0.1:0", false),
            ("0.0.0.0:4100", false),
            ("[::]:4100", false),
            ("224.0.0.1:4100", false),
            ("255.255.255.255:4100", false),
        ];
        for (text, good) in cases {
            let addr: SocketAddr = text.parse().expect("an address");
            assert_eq!(RawAddr::new(addr).get(), good.then_some(addr), "{text}");
        }
        assert_eq!(RawAddr::NONE.get(), None);
    }
}
