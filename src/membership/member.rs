//! What is held of one member?

use core::num::NonZeroU16;

use super::address::Address;
use super::fingerprint::Counted;
use crate::id::{BootId, Incarnation, NodeId};
use crate::time::{Instant, Span};
use crate::wire::{Claim, State};

/// One member: what every datagram and every claim looks at, in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Member {
    /// Its id.
    pub id: NodeId,
    /// The last incarnation heard of. Not to be changed while the fingerprint counts it.
    pub incarnation: Incarnation,
    /// The start that the incarnation belongs to.
    pub boot: BootId,
    /// The highest packet counter in an authentic datagram of this start; 0 when there was none.
    pub counter: u64,
    /// When the last authentic datagram arrived.
    pub heard_at: Instant,
    /// When its last change settles, where it is up; when it went down, where it is down.
    pub at: Instant,
    /// Where its texts are; in a place that is not taken, the next such place.
    pub(super) link: u32,
    /// The record of the suspicion against it, where there is one.
    pub suspicion: Option<NonZeroU16>,
    /// The protocol versions it speaks.
    pub protocol: (u8, u8),
    /// Whether this place is taken.
    pub(super) taken: bool,
    /// What the fingerprint counts it as.
    pub counted: Counted,
    /// How it is.
    pub state: State,
    /// Whether it has acked a ping of this node in this life of both (R7).
    pub verified: bool,
    /// Whether it has said that it does not know this node, since it last acked.
    pub asks_who: bool,
    /// The probe of this node that is in flight to it.
    pub probe: Option<u8>,
}

const _: () = assert!(size_of::<Member>() == 64);

/// What is needed to send to a member, and not at every claim.
#[derive(Clone, Copy, Debug)]
pub struct Contact {
    /// Where it listens.
    pub(super) addr: Address,
    /// The round trip to it.
    pub rtt: Rtt,
}

const _: () = assert!(size_of::<Contact>() == 24);

impl Member {
    /// When its last change settles; at once where there is nothing to settle.
    #[must_use]
    pub fn settles_at(&self) -> Instant {
        match self.counted {
            Counted::Settling => self.at,
            Counted::Not | Counted::Settled => Instant::ZERO,
        }
    }

    /// What this node would say of it, without an accuser.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            subject: self.id,
            incarnation: self.incarnation,
            state: self.state,
            accuser: 0,
            boot: self.boot.short(),
        }
    }

    /// The whole packet counter whose low half came with an authentic datagram: the one nearest to the highest seen
    /// (RFC 4303, appendix A).
    #[must_use]
    pub const fn whole_counter(&self, low: u32) -> u64 {
        const HALF: u64 = 1 << 31;
        const WRAP: u64 = 1 << 32;
        let near = (self.counter & !(WRAP - 1)) | low as u64;
        if near.saturating_add(HALF) < self.counter {
            near + WRAP
        } else if near > self.counter.saturating_add(HALF) && near >= WRAP {
            near - WRAP
        } else {
            near
        }
    }
}

/// The smoothed round trip and its deviation. Jacobson/Karels as in RFC 6298, gains 1/8 and 1/4, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtt {
    smoothed: Micros,
    deviation: Micros,
}

/// Microseconds up to 16.7 s, in three bytes: no ack is waited for as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Micros([u8; 3]);

impl Micros {
    const MAX: u32 = (1 << 24) - 1;

    const fn get(self) -> u32 {
        let [a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }
}

impl From<u32> for Micros {
    fn from(micros: u32) -> Self {
        let [a, b, c, _] = micros.min(Self::MAX).to_le_bytes();
        Self([a, b, c])
    }
}

impl Rtt {
    /// Nothing learned yet.
    pub const ZERO: Self = Self { smoothed: Micros([0; 3]), deviation: Micros([0; 3]) };

    /// Learns from one round trip that is known to belong to one ping (Karn's rule: each ping has its own nonce).
    pub fn learn(&mut self, sample: Span) {
        let sample = sample.as_micros().clamp(1, u64::from(Micros::MAX)) as u32;
        let (smoothed, deviation) = (self.smoothed.get(), self.deviation.get());
        if smoothed == 0 {
            *self = Self { smoothed: sample.into(), deviation: (sample / 2).into() };
            return;
        }
        let off = smoothed.abs_diff(sample);
        self.deviation = (deviation - deviation / 4 + off / 4).into();
        self.smoothed = (smoothed - smoothed / 8 + sample / 8).max(1).into();
    }

    /// The smoothed round trip; `None` before the first.
    #[must_use]
    pub fn smoothed(&self) -> Option<Span> {
        Some(self.smoothed.get()).filter(|us| *us > 0).map(|us| Span::micros(u64::from(us)))
    }

    /// How long an ack may take: the smoothed round trip plus four deviations, within `floor..=ceiling`; `prior` before
    /// the first.
    #[must_use]
    pub fn timeout(&self, floor: Span, prior: Span, ceiling: Span) -> Span {
        let with_deviation = |smoothed| smoothed + Span::micros(4 * u64::from(self.deviation.get()));
        self.smoothed().map_or(prior, |smoothed| with_deviation(smoothed).clamp(floor, ceiling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_follows_the_peer_within_its_bounds() {
        let (floor, prior, ceiling) = (Span::millis(10), Span::millis(200), Span::millis(500));
        let mut rtt = Rtt::ZERO;
        assert_eq!(rtt.timeout(floor, prior, ceiling), prior);
        (0..50).for_each(|_| rtt.learn(Span::micros(300)));
        assert_eq!(rtt.timeout(floor, prior, ceiling), floor);
        (0..50).for_each(|_| rtt.learn(Span::millis(80)));
        let learned = rtt.timeout(floor, prior, ceiling);
        assert!(learned >= Span::millis(79) && learned < Span::millis(120), "{learned:?}");
        (0..50).for_each(|_| rtt.learn(Span::secs(9)));
        assert_eq!(rtt.timeout(floor, prior, ceiling), ceiling);
    }

    #[test]
    fn the_high_half_of_a_counter_is_found_around_each_wrap() {
        let at = |counter| Member { counter, ..super::super::table::BLANK };
        assert_eq!(at(5).whole_counter(6), 6);
        assert_eq!(at(0xffff_fff0).whole_counter(3), 0x1_0000_0003);
        assert_eq!(at(0x1_0000_0003).whole_counter(0xffff_fff0), 0xffff_fff0);
        assert_eq!(at(0x7_0000_0001).whole_counter(2), 0x7_0000_0002);
    }
}
