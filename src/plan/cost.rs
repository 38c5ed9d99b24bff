//! What does it cost? Datagrams, bytes and memory, from the sizes that the wire format and the node itself have.
//!
//! Bytes are UDP payload. What lies below (28 bytes of IPv4 and UDP headers for each datagram, 48 with IPv6) is the caller's to
//! add: [`IPV4_UDP`].

use core::time::Duration;

use libm::expm1;

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

    /// What this is more than another.
    fn beyond(self, other: Self) -> Self {
        Self { datagrams: (self.datagrams - other.datagrams).max(0.0), bytes: (self.bytes - other.bytes).max(0.0) }
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

/// What each member sends in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// While nothing happens: probes, and where it pulls its questions.
    pub quiet: Traffic,
    /// In rounds beside that while there is news to tell.
    pub rounds: Traffic,
    /// Not in a second but in all: for one piece of news.
    pub piece: Traffic,
    /// For as many pieces in a second as there are.
    pub news: Traffic,
}

impl Rates {
    /// Of a cluster that watches itself so, and spreads news of `payload` bytes so, with rounds an interval apart.
    #[must_use]
    pub fn of(model: &Model, detection: &Detection, interval: Duration, payload: u32, news_per_second: f64) -> Self {
        let max_datagram = detection.watch().config.max_datagram;
        let rounds_per_second = 1.0 / interval.as_secs_f64();
        let piece = one_piece(model, detection.sends(), payload, max_datagram);
        let calls_per_second = f64::from(model.scenario().fanout) * rounds_per_second;
        Self {
            quiet: quiet(detection).plus(one_poll(model).times(rounds_per_second)),
            rounds: one_round(model, payload, max_datagram).times(rounds_per_second),
            piece,
            news: news(piece, news_per_second, calls_per_second, max_datagram),
        }
    }
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

/// What each living node sends in one round of a spreading model for nothing: who pulls asks whether there is news or not.
#[must_use]
pub fn one_poll(model: &Model) -> Traffic {
    let scenario = model.scenario();
    let calls = if scenario.mode.pulls() { f64::from(scenario.fanout) } else { 0.0 };
    request().times(calls)
}

/// What each living node sends in one round beyond its polls, while there is news of so many bytes to tell: the rate that
/// traffic reaches, for as long as that lasts. What one piece of news costs in all is [`one_piece`].
///
/// Who pushes sends the news in as many datagrams as it takes; who pulls sends a request, and is answered. Push: every
/// caller is informed; pull and push-pull: as at half-time, when one of two is.
#[must_use]
pub fn one_round(model: &Model, news: u32, max_datagram: u32) -> Traffic {
    let scenario = model.scenario();
    let calls = f64::from(scenario.fanout);
    let told = Pages::of(news, max_datagram).traffic();
    let living = f64::from(model.living()) / f64::from(scenario.nodes);
    let answered = request().plus(told.times(0.5 * model.push_success() * living));
    let all = match (scenario.mode.pushes(), scenario.mode.pulls()) {
        (true, false) => told.times(calls),
        (true, true) => told.times(0.5 * calls).plus(answered.times(0.5 * calls)),
        (false, true) => answered.times(0.5 * calls),
        (false, false) => Traffic::default(),
    };
    all.beyond(one_poll(model))
}

/// What each living node sends in all, beyond its polls, for one piece of news of so many bytes that each tells `sends` times.
///
/// It does not depend on fanout or interval: those decide how soon it is spent. Who pulls is answered once.
#[must_use]
pub fn one_piece(model: &Model, sends: u32, news: u32, max_datagram: u32) -> Traffic {
    let mode = model.scenario().mode;
    let told = Pages::of(news, max_datagram).traffic();
    let pushed = if mode.pushes() { f64::from(sends) } else { 0.0 };
    let pulled = if mode.pulls() { 1.0 / model.push_success() } else { 0.0 };
    told.times(pushed + pulled)
}

/// What so many such pieces a second take of each node that makes so many calls a second while it has news: those that wait
/// together share datagrams.
///
/// Pieces come at random, so that of all calls 1 - e^(-m) find something to tell where m waits on average.
#[must_use]
pub fn news(piece: Traffic, per_second: f64, calls_per_second: f64, max_datagram: u32) -> Traffic {
    let room = f64::from(max_datagram) - datagram(0) as f64;
    let apart = piece.times(per_second);
    let content = apart.bytes - apart.datagrams * datagram(0) as f64;
    let waiting = apart.datagrams / calls_per_second;
    let datagrams = (calls_per_second * -expm1(-waiting)).max(content / room);
    Traffic { datagrams, bytes: content + datagrams * datagram(0) as f64 }
}

/// A question to one peer.
fn request() -> Traffic {
    Traffic { datagrams: 1.0, bytes: datagram(size_of::<RawPing>()) as f64 }
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

    fn traffic(&self) -> Traffic {
        Traffic { datagrams: f64::from(self.datagrams), bytes: self.bytes() }
    }
}

/// The most bytes of payload that UDP over IPv4 takes.
pub const UDP_MAX: u32 = 65_507;

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
        within("payload", f64::from(payload), 1.0, f64::from(UDP_MAX))?;
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
    use crate::plan::model::{Mode, Scenario};

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

    fn model(mode: Mode) -> Model {
        Model::try_from(Scenario { nodes: 1_000, mode, fanout: 4, loss: 0.0, dead: 0.0 }).expect("makes sense")
    }

    #[test]
    fn pieces_that_come_one_by_one_cost_what_one_does_and_many_share_their_datagrams() {
        let piece = one_piece(&model(Mode::Push), 16, 24, 1_200);
        assert_eq!(piece, Traffic { datagrams: 16.0, bytes: 16.0 * 72.0 });
        let rare = news(piece, 1e-4, 40.0, 1_200);
        assert!((rare.bytes / (1e-4 * piece.bytes) - 1.0).abs() < 1e-3, "{rare:?}");
        assert_eq!(news(piece, 0.0, 40.0, 1_200), Traffic::default());
        // A hundred a second: each call tells of forty, in one datagram; ten thousand fill more than the calls have.
        let many = news(piece, 100.0, 40.0, 1_200);
        assert!(
            (many.datagrams - 40.0).abs() < 1e-6 && (many.bytes - (1_600.0 * 24.0 + 40.0 * 48.0)).abs() < 1e-3,
            "{many:?}"
        );
        let flood = news(piece, 10_000.0, 40.0, 1_200);
        assert!((flood.datagrams - 160_000.0 * 24.0 / 1_152.0).abs() < 1e-6, "{flood:?}");
    }

    #[test]
    fn who_pulls_asks_without_news_and_is_answered_once() {
        assert_eq!(one_poll(&model(Mode::Push)), Traffic::default());
        for mode in [Mode::Pull, Mode::PushPull] {
            assert_eq!(one_poll(&model(mode)), Traffic { datagrams: 4.0, bytes: 4.0 * 52.0 });
        }
        assert_eq!(one_piece(&model(Mode::Pull), 16, 24, 1_200), Traffic { datagrams: 1.0, bytes: 72.0 });
        // Fewer ask once some know, and each answer is a datagram more.
        assert_eq!(one_round(&model(Mode::Push), 24, 1_200), Traffic { datagrams: 4.0, bytes: 288.0 });
        assert_eq!(one_round(&model(Mode::Pull), 24, 1_200), Traffic::default());
        assert!((one_round(&model(Mode::PushPull), 24, 1_200).bytes - (4.0 * 0.75 * 72.0 - 2.0 * 52.0)).abs() < 1e-9);
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
