//! Where in a frame is the datagram? From the link's header down to the UDP payload.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};

/// What a capture's frames begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Ethernet II.
    Ethernet,
    /// An IP header at once.
    Raw,
    /// Four bytes of address family: the loopback of the BSDs.
    Loopback,
    /// Linux "any" interface, 16 bytes, the protocol last.
    Cooked,
    /// Its second version, 20 bytes, the protocol first.
    Cooked2,
}

impl Link {
    /// The link type of a pcap file header.
    pub fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::Ethernet),
            0 | 108 => Some(Self::Loopback),
            12 | 14 | 101 | 228 | 229 => Some(Self::Raw),
            113 => Some(Self::Cooked),
            276 => Some(Self::Cooked2),
            _ => None,
        }
    }

    fn packet(self, frame: &[u8]) -> Option<LaxSlicedPacket<'_>> {
        let protocol = |at: usize| frame.get(at..)?.first_chunk::<2>().map(|b| EtherType(u16::from_be_bytes(*b)));
        match self {
            Self::Ethernet => LaxSlicedPacket::from_ethernet(frame).ok(),
            Self::Raw => LaxSlicedPacket::from_ip(frame).ok(),
            Self::Loopback => LaxSlicedPacket::from_ip(frame.get(4..)?).ok(),
            Self::Cooked => Some(LaxSlicedPacket::from_ether_type(protocol(14)?, frame.get(16..)?)),
            Self::Cooked2 => Some(LaxSlicedPacket::from_ether_type(protocol(0)?, frame.get(20..)?)),
        }
    }
}

/// Sender, receiver and payload, if this is a UDP datagram that begins with bruit's first byte and goes from or to
/// `port`.
pub fn bruit_payload(link: Link, frame: &[u8], port: Option<u16>) -> Option<((SocketAddr, SocketAddr), &[u8])> {
    let packet = link.packet(frame)?;
    let (from, to): (IpAddr, IpAddr) = match packet.net? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Udp(udp)) = packet.transport else { return None };
    let ours = udp.payload().first() == Some(&bruit::wire::MAGIC)
        && port.is_none_or(|p| p == udp.source_port() || p == udp.destination_port());
    let route = (SocketAddr::new(from, udp.source_port()), SocketAddr::new(to, udp.destination_port()));
    ours.then_some((route, udp.payload()))
}
