//! Who wants to know? Pings made for others, and whom to tell what came of them.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::nonce;
use crate::bounded::bought;
use crate::id::BootId;
use crate::time::{Instant, Span};

/// A ping that somebody else has asked for.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    /// The asker's place and start.
    pub asker: (u32, BootId),
    /// Where the request came from: where the answer goes.
    pub from: SocketAddr,
    /// The asker's nonce.
    pub request: u32,
    /// The target's place and start.
    pub target: (u32, BootId),
    /// When the ping left.
    pub began_at: Instant,
    /// How long the asker waits.
    pub budget: Span,
}

/// How far an errand has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayStage {
    /// The ping is out.
    Asked,
    /// The ping is out twice: a round trip cannot be told any more.
    AskedAgain,
    /// The asker has been told that there is no answer yet.
    Nacked,
}

/// An errand under way.
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    /// What was asked for.
    pub errand: Errand,
    /// How far it has come.
    pub stage: RelayStage,
    sequence: u32,
    busy: bool,
}

/// The relays that wait for an answer.
#[derive(Debug)]
pub struct Relays {
    relays: Box<[Relay]>,
    used: u32,
    sequence: u32,
    /// Where to look for a free place first.
    next: u32,
}

const NONE: Relay = Relay {
    errand: Errand {
        asker: (0, BootId::from_u64(0)),
        from: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        request: 0,
        target: (0, BootId::from_u64(0)),
        began_at: Instant::ZERO,
        budget: Span::ZERO,
    },
    stage: RelayStage::Asked,
    sequence: 0,
    busy: false,
};

impl Relays {
    /// Room for this many; at most 4,096.
    #[must_use]
    pub fn new(relays: usize) -> Self {
        Self { relays: bought(relays.min(4_096), NONE), used: 0, sequence: 0, next: 0 }
    }

    /// Bytes that [`Relays::new`] buys.
    #[must_use]
    pub const fn memory_bytes(relays: usize) -> usize {
        relays * size_of::<Relay>()
    }

    /// How many wait.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.used
    }

    /// Begins a relay and returns its place and the nonce of its ping; `None` when as many as permitted wait.
    pub fn begin(&mut self, errand: Errand) -> Option<(u32, u32)> {
        let n = self.relays.len() as u32;
        if self.used == n {
            return None;
        }
        while self.relays[self.next as usize].busy {
            self.next = (self.next + 1) % n;
        }
        let place = self.next;
        self.sequence = self.sequence.wrapping_add(1) & 0x7_ffff;
        self.relays[place as usize] = Relay { errand, sequence: self.sequence, busy: true, stage: RelayStage::Asked };
        self.used += 1;
        self.next = (self.next + 1) % n;
        Some((place, nonce::relay(self.sequence, place)))
    }

    /// The relay at a place, if one waits there.
    #[must_use]
    pub fn get(&self, place: u32) -> Option<&Relay> {
        self.relays.get(place as usize).filter(|r| r.busy)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, place: u32) -> Option<&mut Relay> {
        self.relays.get_mut(place as usize).filter(|r| r.busy)
    }

    /// Whether a nonce is that of the relay at its place.
    #[must_use]
    pub fn asks(&self, place: u32, nonce: u32) -> bool {
        self.nonce(place) == Some(nonce)
    }

    /// The nonce of the ping of the relay at a place.
    #[must_use]
    pub fn nonce(&self, place: u32) -> Option<u32> {
        self.get(place).map(|r| nonce::relay(r.sequence, place))
    }

    /// The relay is over.
    pub fn end(&mut self, place: u32) {
        if let Some(relay) = self.get_mut(place) {
            relay.busy = false;
            self.used -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_handed_out_until_all_are_taken() {
        let mut relays = Relays::new(3);
        let places: Vec<_> = (0..4).map(|_| relays.begin(NONE.errand).map(|(p, _)| p)).collect();
        assert_eq!(places, [Some(0), Some(1), Some(2), None]);
        relays.end(1);
        relays.end(1);
        assert_eq!(relays.len(), 2);
        let (place, nonce) = relays.begin(NONE.errand).expect("the freed place");
        assert_eq!(place, 1);
        assert!(relays.asks(1, nonce) && !relays.asks(1, nonce ^ (1 << 20)) && !relays.asks(2, nonce));
    }
}
