//! Who lives at this address? Found by arithmetic where the world has given the address, else in a map.

use core::net::SocketAddr;
use std::collections::BTreeMap;

use super::host::{Death, HostId};

/// The port of the addresses that a world gives.
const PORT: u16 = 4_100;

/// Who has an address, or had it last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub host: HostId,
    /// `None` while a process listens there.
    pub dead: Option<Death>,
}

/// All addresses at which somebody lives or has lived.
#[derive(Debug, Default)]
pub(super) struct Places {
    numbered: Vec<Option<Place>>,
    chosen: BTreeMap<SocketAddr, Place>,
}

impl Places {
    pub fn get(&self, addr: &SocketAddr) -> Option<&Place> {
        match number(addr) {
            Some(n) => self.numbered.get(n)?.as_ref(),
            None => self.chosen.get(addr),
        }
    }

    pub fn insert(&mut self, addr: SocketAddr, place: Place) {
        let Some(n) = number(&addr) else {
            self.chosen.insert(addr, place);
            return;
        };
        if self.numbered.len() <= n {
            self.numbered.resize(n + 1, None);
        }
        self.numbered[n] = Some(place);
    }
}

/// The address that the `n`th host is given: 10.0.0.1 for the first, port 4100.
pub(super) fn address(n: u32) -> SocketAddr {
    let [_, b, c, d] = (n + 1).to_be_bytes();
    ([10, b, c, d], PORT).into()
}

/// The number of an address that a world may have given; those it has not given by far are left to the map, so that a
/// forged address costs no memory.
fn number(addr: &SocketAddr) -> Option<usize> {
    const GIVEN_MAX: usize = 1 << 18;
    match addr {
        SocketAddr::V4(v4) if v4.port() == PORT && v4.ip().octets()[0] == 10 => {
            let [_, b, c, d] = v4.ip().octets();
            Some(u32::from_be_bytes([0, b, c, d]) as usize).filter(|n| *n < GIVEN_MAX)
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_and_chosen_addresses_are_found() {
        let mut places = Places::default();
        let chosen: [SocketAddr; 3] =
            [([10, 0, 0, 9], 7).into(), ([10, 255, 0, 1], PORT).into(), ([192, 168, 0, 1], PORT).into()];
        for (n, addr) in [address(0), address(70_000)].into_iter().chain(chosen).enumerate() {
            assert!(places.get(&addr).is_none(), "{addr}");
            places.insert(addr, Place { host: HostId(n as u32), dead: None });
            assert_eq!(places.get(&addr).map(|place| place.host), Some(HostId(n as u32)), "{addr}");
        }
        assert!(places.get(&address(5)).is_none());
    }
}
