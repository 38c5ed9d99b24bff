//! Which question does this answer belong to? Nonces that carry the place and the phase of what they ask (R5).
//!
//! ```text
//!  probe:  sequence (24 bits) | place (6 bits)  | phase (2 bits: 0 first ping, 1 second ping, 3 through helpers)
//!  relay:  sequence (18 bits) | place (12 bits) | 2
//! ```
//! Opaque to everybody but the one who asks.

/// What a nonce of this node's stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A probe's first direct ping.
    First,
    /// A probe's second direct ping.
    Second,
    /// A probe's request to helpers.
    Helpers,
}

const RELAY: u32 = 2;

/// The nonce of a probe's question.
#[must_use]
pub const fn probe(sequence: u32, place: u32, asked: Asked) -> u32 {
    let phase = match asked {
        Asked::First => 0,
        Asked::Second => 1,
        Asked::Helpers => 3,
    };
    (sequence << 8) | (place << 2) | phase
}

/// The nonce of a ping made for somebody else.
#[must_use]
pub const fn relay(sequence: u32, place: u32) -> u32 {
    (sequence << 14) | (place << 2) | RELAY
}

/// What a nonce leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonce {
    /// A probe at a place, and which of its questions.
    Probe(u32, Asked),
    /// A relay at a place.
    Relay(u32),
}

/// Reads a nonce that came back. Whether what stands at the place still asks it, the caller compares.
#[must_use]
pub const fn read(nonce: u32) -> Nonce {
    let place = (nonce >> 2) & 0x3f;
    match nonce & 3 {
        0 => Nonce::Probe(place, Asked::First),
        1 => Nonce::Probe(place, Asked::Second),
        2 => Nonce::Relay((nonce >> 2) & 0xfff),
        3.. => Nonce::Probe(place, Asked::Helpers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_leads_back_to_what_asked_it() {
        for place in [0, 1, 63] {
            for asked in [Asked::First, Asked::Second, Asked::Helpers] {
                assert_eq!(read(probe(u32::MAX, place, asked)), Nonce::Probe(place, asked));
            }
        }
        assert_eq!(read(relay(u32::MAX, 4_095)), Nonce::Relay(4_095));
    }
}
