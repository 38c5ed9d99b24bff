//! What does the kernel say beside the payload? Control messages, read as bytes.
//!
//! ```text
//!  0  length of header and data, usize    8  level i32   12  kind i32   16  data, padded to 8   (64-bit; 32-bit: 4)
//! ```

use core::net::SocketAddr;

use super::address::RawName;
use super::sys::SO_RXQ_OVFL;

const WORD: usize = size_of::<usize>();
const HEADER: usize = WORD + 8;

/// The control messages in the first `len` bytes of `words`: level, kind and data. Ends where the bytes stop making sense.
fn messages<const N: usize>(words: &[u64; N], len: usize) -> Messages<'_> {
    use zerocopy::IntoBytes;
    let bytes = words.as_bytes();
    Messages { rest: bytes.get(..len).unwrap_or(bytes) }
}

struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = (i32, i32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, _) = self.rest.split_first_chunk::<HEADER>()?;
        let (len, kinds) = header.split_first_chunk::<WORD>()?;
        let len = usize::from_ne_bytes(*len);
        let data = self.rest.get(HEADER..len)?;
        self.rest = self.rest.get(len.next_multiple_of(WORD)..).unwrap_or_default();
        Some((int(kinds, 0)?, int(kinds, 4)?, data))
    }
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk::<4>().map(|b| i32::from_ne_bytes(*b))
}

/// How many datagrams the kernel has dropped since the socket was made, for want of room in its buffer (`SO_RXQ_OVFL`).
pub(super) fn drops<const N: usize>(control: &[u64; N], len: usize) -> Option<u32> {
    messages(control, len).find_map(|(level, kind, data)| {
        let ours = level == libc::SOL_SOCKET && kind == SO_RXQ_OVFL;
        ours.then(|| int(data, 0)).flatten().map(|n| n as u32)
    })
}

/// What an entry of the error queue tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A host says that nobody listens at this address and port.
    NobodyListens(SocketAddr),
    /// Anything else: no route, too long, forbidden on the way, or an error of this host's own making.
    Other,
}

/// Reads one entry of the error queue (`IP_RECVERR`): the address of the datagram that failed and its description.
///
/// The description is `errno u32, origin u8, type u8, code u8, 0 u8, ...`. Only a refusal that ICMP has brought says
/// anything of the peer.
pub(super) fn failure<const N: usize>(name: &RawName, name_len: usize, control: &[u64; N], len: usize) -> Failure {
    let refused = messages(control, len).any(|(level, kind, data)| {
        let ours =
            (level, kind) == (libc::SOL_IP, libc::IP_RECVERR) || (level, kind) == (libc::SOL_IPV6, libc::IPV6_RECVERR);
        let icmp = matches!(data.get(4), Some(&(libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6)));
        ours && icmp && int(data, 0) == Some(libc::ECONNREFUSED)
    });
    match name.get(name_len) {
        Some(to) if refused => Failure::NobodyListens(to),
        Some(_) | None => Failure::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::address::Family;
    use super::*;
    use zerocopy::IntoBytes;

    /// Control messages as the kernel would write them, and their length.
    fn control(parts: &[(i32, i32, &[u8])]) -> ([u64; 32], usize) {
        let mut words = [0_u64; 32];
        let mut at = 0;
        for (level, kind, data) in parts {
            let bytes = &mut words.as_mut_bytes()[at..];
            bytes[..WORD].copy_from_slice(&(HEADER + data.len()).to_ne_bytes());
            bytes[WORD..WORD + 4].copy_from_slice(&level.to_ne_bytes());
            bytes[WORD + 4..HEADER].copy_from_slice(&kind.to_ne_bytes());
            bytes[HEADER..HEADER + data.len()].copy_from_slice(data);
            at += (HEADER + data.len()).next_multiple_of(WORD);
        }
        (words, at)
    }

    fn description(errno: i32, origin: u8) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&errno.to_ne_bytes());
        bytes[4] = origin;
        bytes
    }

    #[test]
    fn the_drop_count_is_found_behind_other_messages() {
        let (words, len) = control(&[(1, 2, &[7; 5]), (libc::SOL_SOCKET, SO_RXQ_OVFL, &9_u32.to_ne_bytes())]);
        assert_eq!(drops(&words, len), Some(9));
        assert_eq!(drops(&words, 0), None);
    }

    #[test]
    fn cut_off_or_senseless_messages_say_nothing() {
        let (mut words, len) = control(&[(libc::SOL_SOCKET, SO_RXQ_OVFL, &9_u32.to_ne_bytes())]);
        for cut in 0..HEADER + 4 {
            assert_eq!(drops(&words, cut), None, "{cut}");
        }
        for senseless in [0, 1, HEADER as u64 - 1, u64::MAX] {
            words[0] = senseless;
            assert_eq!(drops(&words, len), None, "{senseless}");
        }
    }

    #[test]
    fn only_a_refusal_brought_by_icmp_says_that_nobody_listens() {
        let to: SocketAddr = "127.0.0.1:9".parse().expect("an address");
        let (name, name_len) = RawName::new(to, Family::V6).expect("reachable");
        let refused = libc::ECONNREFUSED;
        let cases = [
            (libc::SOL_IP, libc::IP_RECVERR, refused, 2, Failure::NobodyListens(to), "ICMP"),
            (libc::SOL_IPV6, libc::IPV6_RECVERR, refused, 3, Failure::NobodyListens(to), "ICMPv6"),
            (libc::SOL_IP, libc::IP_RECVERR, refused, 1, Failure::Other, "of this host's own making"),
            (libc::SOL_IP, libc::IP_RECVERR, libc::EHOSTUNREACH, 2, Failure::Other, "no host"),
            (libc::SOL_IP, libc::IP_RECVERR, libc::EMSGSIZE, 2, Failure::Other, "too long"),
            (libc::SOL_SOCKET, libc::IP_RECVERR, refused, 2, Failure::Other, "another level"),
        ];
        for (level, kind, errno, origin, expected, because) in cases {
            let (words, len) = control(&[(level, kind, &description(errno, origin))]);
            assert_eq!(failure(&name, name_len, &words, len), expected, "{because}");
            assert_eq!(failure(&name, 0, &words, len), Failure::Other, "{because}, without an address");
        }
    }
}
