//! Which question does this answer belong to? Nonces that carry the place and the phase of what they ask (R5).
//!
//! ```text
//!  probe:  sequence (23 bits) | place (6 bits)  | phase (2 bits: 0, 1, 2 direct pings, 3 through helpers) | 0
//!  relay:  sequence (19 bits) | place (12 bits) | 1
//!  neither: 0, for who asks what is new
//! ```
//! Opaque to everybody but the one who asks.

/// What a nonce of this node's stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A probe's direct ping: the first, the second or the third.
    Direct(u8),
    /// A probe's request to helpers.
    Helpers,
}

/// The nonce of a ping made for the news in its ack: no probe's, whose sequences begin at 1.
pub const ASK: u32 = 0;

/// The nonce of a probe's question.
#[must_use]
pub const fn probe(sequence: u32, place: u32, asked: Asked) -> u32 {
    let phase = match asked {
        Asked::Direct(nth) => nth as u32,
        Asked::Helpers => 3,
    };
    (sequence << 9) | (place << 3) | (phase << 1)
}

/// The nonce of a ping made for somebody else.
#[must_use]
pub const fn relay(sequence: u32, place: u32) -> u32 {
    (sequence << 13) | (place << 1) | 1
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
    if nonce & 1 == 1 {
        return Nonce::Relay((nonce >> 1) & 0xfff);
    }
    let place = (nonce >> 3) & 0x3f;
    match (nonce >> 1) & 3 {
        3 => Nonce::Probe(place, Asked::Helpers),
        nth => Nonce::Probe(place, Asked::Direct(nth as u8)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_leads_back_to_what_asked_it() {
        for place in [0, 1, 63] {
            for asked in [Asked::Direct(0), Asked::Direct(1), Asked::Direct(2), Asked::Helpers] {
                assert_eq!(read(probe(u32::MAX, place, asked)), Nonce::Probe(place, asked));
            }
        }
        assert_eq!(read(relay(u32::MAX, 4_095)), Nonce::Relay(4_095));
    }
}
