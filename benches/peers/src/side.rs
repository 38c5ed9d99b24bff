//! What is the same work? The tasks that each peer is given, in terms that both have.

use std::time::{Duration, Instant};

use crate::support::allocations::{Tally, counted};

/// One of those compared: an engine in a cluster whose other members exist only as the datagrams they send.
pub trait Engine {
    /// Datagrams that were written beforehand.
    type Batch;

    /// Takes in a batch.
    fn hear(&mut self, batch: &Self::Batch);

    /// Takes in a batch and after each datagram writes what it makes the engine send.
    fn serve(&mut self, batch: &Self::Batch, sent: &mut Sent);

    /// Does what the engine wants to do afterwards, outside of the measurement.
    fn tidy(&mut self);

    /// How many datagrams are in a batch, and their bytes.
    fn extent(batch: &Self::Batch) -> Sent;
}

/// An engine that hears and tells of its members.
pub trait Side: Engine {
    /// An engine that knows `members` members, itself included, and has nothing to tell.
    fn quiet(members: usize) -> Self;

    /// One ping from each of `count` members at random.
    fn pings(&mut self, count: usize) -> Self::Batch;

    /// `count` datagrams, each full of updates about members at random, all of them known already.
    fn redundant(&mut self, count: usize) -> Self::Batch;

    /// The same, every update of them news.
    fn news(&mut self, count: usize) -> Self::Batch;

    /// Takes in news of every other member, so that as many updates wait to be passed on, each to be sent as often as
    /// [`sends`] says.
    fn load(&mut self);

    /// Updates in one datagram of [`Side::redundant`] and [`Side::news`].
    fn updates_in(&self) -> usize;

    /// Updates in an ack of so many bytes.
    fn updates_told(bytes: usize) -> usize;

    /// Bytes that one more member costs at this size, in a node that has nothing to tell, or that has to tell of all.
    fn bytes_per_member(members: usize, tell: bool) -> f64;
}

/// How often an update is sent in a cluster of this size: the same for both.
pub fn sends(members: usize) -> usize {
    let exact = (members as f64 * 1_000.0).ln() / 0.9;
    exact.ceil() as usize
}

/// Datagrams, in number and size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Datagrams.
    pub datagrams: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// Those of the longest.
    pub longest: u64,
}

impl Sent {
    /// One more, of so many bytes.
    pub fn count(&mut self, len: usize) {
        *self = self.and(Self { datagrams: 1, bytes: len as u64, longest: len as u64 });
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            datagrams: self.datagrams + other.datagrams,
            bytes: self.bytes + other.bytes,
            longest: self.longest.max(other.longest),
        }
    }
}

/// What one task cost, in total.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The time.
    pub spent: Duration,
    /// The memory asked for.
    pub tally: Tally,
    /// What was sent.
    pub sent: Sent,
}

impl Cost {
    /// This and another.
    pub fn and(self, other: Self) -> Self {
        Self { spent: self.spent + other.spent, tally: self.tally.and(other.tally), sent: self.sent.and(other.sent) }
    }
}

/// What some work costs.
pub fn measured(work: impl FnOnce(&mut Sent)) -> Cost {
    let mut sent = Sent::default();
    let start = Instant::now();
    let (tally, ()) = counted(|| work(&mut sent));
    Cost { spent: start.elapsed(), tally, sent }
}

/// Lets an engine take in a batch, and measures that.
pub fn hear<E: Engine>(engine: &mut E, batch: &E::Batch) -> Cost {
    let cost = measured(|_| engine.hear(batch));
    engine.tidy();
    cost
}

/// Lets an engine take in a batch and answer it, and measures both.
pub fn serve<E: Engine>(engine: &mut E, batch: &E::Batch) -> Cost {
    let cost = measured(|sent| engine.serve(batch, sent));
    engine.tidy();
    cost
}
