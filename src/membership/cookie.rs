//! Has this stranger received what we sent it? Cookies that cost no memory until they come back.

use core::hash::Hasher;
use core::net::{IpAddr, SocketAddr};
use siphasher::sip::SipHasher24;

use crate::id::BootId;
use crate::time::{Instant, Span};

/// Hands out cookies: SipHash-2-4 over address, start and epoch under a secret of this node's.
#[derive(Clone, Copy, Debug)]
pub struct CookieJar {
    secret: (u64, u64),
}

/// A cookie is good for the epoch in which it was made and the next.
const EPOCH: Span = Span::secs(60);

impl CookieJar {
    /// With this secret.
    #[must_use]
    pub const fn new(secret: (u64, u64)) -> Self {
        Self { secret }
    }

    /// The cookie for a stranger at an address.
    #[must_use]
    pub fn make(&self, now: Instant, addr: SocketAddr, boot: BootId) -> u64 {
        self.of_epoch(now.as_nanos() / EPOCH.as_nanos(), addr, boot)
    }

    /// Whether a cookie was made for this stranger at this address lately.
    #[must_use]
    pub fn check(&self, now: Instant, addr: SocketAddr, boot: BootId, cookie: u64) -> bool {
        let epoch = now.as_nanos() / EPOCH.as_nanos();
        cookie == self.of_epoch(epoch, addr, boot) || epoch > 0 && cookie == self.of_epoch(epoch - 1, addr, boot)
    }

    fn of_epoch(&self, epoch: u64, addr: SocketAddr, boot: BootId) -> u64 {
        let mut hash = SipHasher24::new_with_keys(self.secret.0, self.secret.1);
        hash.write_u64(epoch);
        match addr.ip() {
            IpAddr::V4(ip) => hash.write(&ip.to_ipv6_mapped().octets()),
            IpAddr::V6(ip) => hash.write(&ip.octets()),
        }
        hash.write_u16(addr.port());
        hash.write_u64(boot.as_u64());
        hash.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_good_for_one_stranger_and_one_to_two_minutes() {
        let jar = CookieJar::new((1, 2));
        let (a, b): (SocketAddr, SocketAddr) = (([10, 0, 0, 1], 7).into(), ([10, 0, 0, 1], 8).into());
        let boot = BootId::from_u64(9);
        let at = |s| Instant::ZERO + Span::secs(s);
        let cookie = jar.make(at(30), a, boot);
        assert!(jar.check(at(31), a, boot, cookie) && jar.check(at(119), a, boot, cookie));
        assert!(!jar.check(at(120), a, boot, cookie), "too old");
        assert!(!jar.check(at(31), b, boot, cookie), "another address");
        assert!(!jar.check(at(31), a, BootId::from_u64(8), cookie), "another start");
        assert!(!CookieJar::new((1, 3)).check(at(31), a, boot, cookie), "another node's");
    }
}
