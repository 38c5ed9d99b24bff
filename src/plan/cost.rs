//! What does it cost? Datagrams, bytes and memory, from the sizes that the wire format and the node itself have.
//!
//! Bytes are UDP payload. What lies below (28 bytes of IPv4 and UDP headers for each datagram, 48 with IPv6) is the caller's to
//! add: [`IPV4_UDP`].

use super::detection::Detection;
use super::error::{PlanError, within};
use super::model::Model;
use super::probe::Probe;
use crate::node::Node;
use crate::wire::{
    BUCKETS, OVERHEAD, OVERHEAD_INTRO, RawAck, RawClaim, RawListing, RawNack, RawPing, RawPingRequest, RawProfile,
    RawSums, RawWant, SECTION_HEADER,
};

/// Bytes that IPv4 and UDP add to each datagram.
pub const IPV4_UDP: u32 = 28;
/// Bytes of text that the profile of a member is taken to have: name, zone, tags.
const TEXT: usize = 32;

/// Datagrams and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// How many.
    pub datagrams: f64,
    /// Bytes of UDP payload in them.
    pub bytes: f64,
}

impl Traffic {
    fn add(&mut self, datagrams: f64, bytes: usize) {
        self.datagrams += datagrams;
        self.bytes += datagrams * bytes as f64;
    }

    /// Both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { datagrams: self.datagrams + other.datagrams, bytes: self.bytes + other.bytes }
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, n: f64) -> Self {
        Self { datagrams: self.datagrams * n, bytes: self.bytes * n }
    }
}

/// Bytes of a datagram with one section of these records.
const fn datagram(records: usize) -> usize {
    OVERHEAD + SECTION_HEADER + records
}

/// What each member sends in a second while nothing happens but loss: probes and their answers.
#[must_use]
pub fn quiet(detection: &Detection) -> Traffic {
    one_probe(detection.probe()).times(1e9 / detection.params().probe_interval.as_nanos() as f64)
}

/// What one probe of a living member takes, whoever sends it: each member probes and is probed as often.
#[must_use]
pub fn one_probe(probe: &Probe) -> Traffic {
    let sent = probe.sent;
    let mut all = Traffic::default();
    all.add(sent.pings, datagram(size_of::<RawPing>()));
    all.add(sent.acks, datagram(size_of::<RawAck>()));
    all.add(sent.requests, datagram(size_of::<RawPingRequest>()));
    all.add(sent.nacks, datagram(size_of::<RawNack>()));
    all
}

/// What each living node sends in one round of a spreading model, while there is news of so many bytes to tell.
///
/// Who pushes sends the news in as many datagrams as it takes; who pulls sends a request, and is answered. Push: every
/// caller is informed; pull and push-pull: as at half-time, when one of two is.
#[must_use]
pub fn one_round(model: &Model, news: u32, max_datagram: u32) -> Traffic {
    let scenario = model.scenario();
    let calls = f64::from(scenario.fanout);
    let pages = Pages::of(news, max_datagram);
    let told = Traffic { datagrams: f64::from(pages.datagrams), bytes: pages.bytes() };
    let request = Traffic { datagrams: 1.0, bytes: datagram(size_of::<RawPing>()) as f64 };
    let living = f64::from(model.living()) / f64::from(scenario.nodes);
    let answered = request.plus(told.times(0.5 * model.push_success() * living));
    match (scenario.mode.pushes(), scenario.mode.pulls()) {
        (true, false) => told.times(calls),
        (true, true) => told.times(0.5 * calls).plus(answered.times(0.5 * calls)),
        (false, true) => answered.times(0.5 * calls),
        (false, false) => Traffic::default(),
    }
}

/// News that is cut into datagrams which each stand alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// How many.
    pub datagrams: u32,
    news: u32,
}

impl Pages {
    /// At least one datagram, each of at most `max_datagram` bytes.
    #[must_use]
    pub fn of(news: u32, max_datagram: u32) -> Self {
        let room = max_datagram.saturating_sub(datagram(0) as u32).max(1);
        Self { datagrams: news.div_ceil(room).max(1), news }
    }

    /// Bytes of UDP payload in all of them.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        f64::from(self.news) + f64::from(self.datagrams) * datagram(0) as f64
    }
}

/// One UDP datagram too large for the path's frames: IP cuts it, and it is lost with any of its pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fragmented {
    /// Into how many.
    pub fragments: u32,
    /// The chance that it is lost.
    pub lost: f64,
    /// Bytes with the headers of IPv4 and UDP.
    pub bytes: u32,
}

impl Fragmented {
    /// A payload through frames of `mtu` bytes, of which a share is lost.
    ///
    /// # Errors
    /// A payload above 65,507 bytes, the most that UDP over IPv4 takes, or an MTU below the 68 of RFC 791.
    pub fn of(payload: u32, mtu: u32, loss: f64) -> Result<Self, PlanError> {
        const IP: u32 = 20;
        const UDP: u32 = 8;
        within("payload", f64::from(payload), 1.0, 65_507.0)?;
        within("mtu", f64::from(mtu), 68.0, 65_535.0)?;
        within("loss", loss, 0.0, 1.0)?;
        // All but the last carry a multiple of 8 bytes.
        let room = (mtu - IP) / 8 * 8;
        let fragments = if payload + UDP + IP <= mtu { 1 } else { (payload + UDP).div_ceil(room) };
        let lost = 1.0 - (1.0 - loss).powi(fragments as i32);
        Ok(Self { fragments, lost, bytes: payload + UDP + fragments * IP })
    }
}

/// What it takes to mend one difference between two nodes, in datagrams of both.
///
/// In step it is nothing: the fingerprints ride in every header. Else the sums of all buckets, the listing of the one that
/// differs, the request for one profile, and the profile.
#[must_use]
pub fn one_repair(members: u32, max_datagram: u32) -> Traffic {
    let in_bucket = members.div_ceil(BUCKETS as u32);
    let range = size_of::<RawListing>();
    let room = (max_datagram as usize - OVERHEAD_INTRO - SECTION_HEADER - range) / size_of::<RawClaim>();
    let listings = in_bucket.div_ceil(room as u32);
    let mut all = Traffic::default();
    all.add(1.0, datagram(size_of::<RawSums>()));
    all.add(f64::from(listings), datagram(range));
    all.bytes += f64::from(in_bucket) * size_of::<RawClaim>() as f64;
    all.add(1.0, datagram(size_of::<RawWant>()));
    all.add(1.0, datagram(size_of::<RawProfile>() + TEXT));
    all
}

/// Bytes that listing everybody would take instead.
#[must_use]
pub fn full_listing(members: u32) -> f64 {
    f64::from(members) * size_of::<RawClaim>() as f64
}

/// Claims that one datagram has room for.
#[must_use]
pub const fn claims_per_datagram(max_datagram: u32) -> u32 {
    let room = (max_datagram as usize).saturating_sub(datagram(0)) / size_of::<RawClaim>();
    room as u32
}

/// Bytes that a node buys with room for these members; it never buys more.
#[must_use]
pub fn memory_bytes(detection: &Detection) -> u64 {
    Node::memory_bytes(detection.params()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_kilobytes_are_seven_fragments_or_nine_datagrams() {
        let whole = Fragmented::of(10_000, 1_500, 0.01).expect("makes sense");
        assert_eq!((whole.fragments, whole.bytes), (7, 10_148));
        assert!((whole.lost - (1.0 - 0.99_f64.powi(7))).abs() < 1e-12);
        assert_eq!(Pages::of(10_000, 1_200).datagrams, 9);
        // What fits a frame is one piece; one byte more is two.
        let pieces = |payload| Fragmented::of(payload, 1_500, 0.0).expect("makes sense").fragments;
        assert_eq!((pieces(1_472), pieces(1_473)), (1, 2));
        assert!(Fragmented::of(70_000, 1_500, 0.0).is_err() && Fragmented::of(100, 20, 0.0).is_err());
    }

    #[test]
    fn an_empty_page_is_still_a_datagram() {
        assert_eq!(Pages::of(0, 1_200).datagrams, 1);
        assert_eq!(Pages::of(24, 1_200).bytes(), 72.0);
        assert_eq!(claims_per_datagram(1_200), 48);
    }

    #[test]
    fn one_difference_costs_two_kilobytes_and_everybody_much_more() {
        let repair = one_repair(10_000, 1_200);
        assert!(repair.datagrams >= 5.0 && repair.bytes < 4_000.0, "{repair:?}");
        assert!(full_listing(10_000) > 50.0 * repair.bytes);
    }
}
