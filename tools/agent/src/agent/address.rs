//! Under which address do the others reach this node? What was said, or the interface towards the first seed, or the first
//! interface that is not loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// An address for the others, and a warning where nobody outside can use it.
#[derive(Debug, PartialEq, Eq)]
pub struct Advertised {
    /// The address; its port is 0 where the bound one is.
    pub addr: SocketAddr,
    /// Why it may not be what was wanted.
    pub warning: Option<String>,
}

/// Chooses the address to advertise.
pub fn choose(bind: SocketAddr, asked: Option<SocketAddr>, seeds: &[SocketAddr]) -> Advertised {
    let sure = |addr| Advertised { addr, warning: None };
    if let Some(asked) = asked {
        // Port 0 means the port that is bound, whichever that becomes.
        let port = if asked.port() == 0 { bind.port() } else { asked.port() };
        return sure(SocketAddr::new(asked.ip(), port));
    }
    if !bind.ip().is_unspecified() {
        return sure(bind);
    }
    let v6_too = bind.is_ipv6();
    let fits = |ip: &IpAddr| v6_too || ip.is_ipv4();
    let towards = seeds.iter().find_map(|seed| source_towards(*seed));
    let outward = || interfaces().into_iter().find(|ip| !ip.is_loopback() && !is_link_local(ip) && fits(ip));
    match towards.filter(fits).or_else(outward) {
        Some(ip) => sure(SocketAddr::new(ip, bind.port())),
        None => {
            let ip = if v6_too { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
            let warning =
                format!("no interface but loopback: others on this host only reach {ip}; say --advertise otherwise");
            Advertised { addr: SocketAddr::new(ip, bind.port()), warning: Some(warning) }
        }
    }
}

/// The address that the kernel would send from. Connecting a UDP socket asks the routing table and sends nothing.
fn source_towards(seed: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr =
        if seed.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(seed).ok()?;
    socket.local_addr().ok().map(|addr| addr.ip()).filter(|ip| !ip.is_unspecified())
}

/// The addresses of this host's interfaces, IPv4 first.
fn interfaces() -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> =
        if_addrs::get_if_addrs().unwrap_or_default().iter().map(if_addrs::Interface::ip).collect();
    all.sort_by_key(IpAddr::is_ipv6);
    all
}

fn is_link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// Whether this address is the socket's own: asking oneself to be let in leads nowhere.
pub fn is_own(seed: SocketAddr, bind: SocketAddr, advertised: SocketAddr) -> bool {
    is_own_of(&interfaces(), seed, bind, advertised)
}

fn is_own_of(interfaces: &[IpAddr], seed: SocketAddr, bind: SocketAddr, advertised: SocketAddr) -> bool {
    let here = || seed.ip().is_loopback() || interfaces.contains(&seed.ip());
    seed == advertised || seed == bind || (bind.ip().is_unspecified() && seed.port() == bind.port() && here())
}

/// The addresses behind `HOST:PORT`; asks the resolver.
///
/// # Errors
/// What the resolver said, with the name.
pub fn resolve(seed: &str) -> Result<Vec<SocketAddr>, String> {
    let found: Vec<SocketAddr> =
        seed.to_socket_addrs().map_err(|error| format!("cannot resolve `{seed}`: {error}"))?.collect();
    if found.is_empty() { Err(format!("`{seed}` has no address")) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn what_was_said_is_advertised_and_port_zero_follows_the_socket() {
        let cases = [
            ("0.0.0.0:4100", Some("10.0.0.1:5000"), "10.0.0.1:5000"),
            ("0.0.0.0:4100", Some("10.0.0.1:0"), "10.0.0.1:4100"),
            ("127.0.0.1:4100", None, "127.0.0.1:4100"),
            ("[::1]:0", None, "[::1]:0"),
        ];
        for (bind, asked, chosen) in cases {
            assert_eq!(choose(at(bind), asked.map(at), &[]), Advertised { addr: at(chosen), warning: None }, "{bind}");
        }
    }

    #[test]
    fn towards_a_seed_on_loopback_loopback_is_advertised() {
        let chosen = choose(at("0.0.0.0:4100"), None, &[at("127.0.0.1:4101")]);
        assert_eq!(chosen.addr, at("127.0.0.1:4100"));
    }

    #[test]
    fn a_seed_that_is_this_node_is_known_as_such() {
        let (any, own) = (at("0.0.0.0:4100"), at("192.0.2.1:4100"));
        let interfaces = [own.ip(), at("10.0.0.9:0").ip()];
        let cases = [
            ("192.0.2.1:4100", true),
            ("10.0.0.9:4100", true),
            ("127.0.0.1:4100", true),
            ("127.0.0.1:4101", false),
            ("192.0.2.2:4100", false),
        ];
        for (seed, is) in cases {
            assert_eq!(is_own_of(&interfaces, at(seed), any, own), is, "{seed}");
        }
        let one = at("127.0.0.1:4100");
        assert!(!is_own_of(&[one.ip()], at("127.0.0.2:4100"), one, one), "another loopback address");
    }

    #[test]
    fn what_has_no_port_is_told_by_name() {
        let said = resolve("nobody").expect_err("no port");
        assert!(said.starts_with("cannot resolve `nobody`: "), "{said}");
    }
}
