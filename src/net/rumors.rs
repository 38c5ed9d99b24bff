//! How do rumors get to an embedder? Through a queue of their own, so that no flood of them costs an event of the membership;
//! their payloads in places bought at start.
//!
//! Who does not read loses what is new, and finds a marker where it was lost. What is retained can be read again; that takes
//! half of the places at most and waits where the reader is slow, so that it costs nothing that is new.

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::SeqCst;
use core::time::Duration;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::payloads::{Payloads, Ticket};
use crate::id::NodeId;
use crate::rumor::{Class, RumorId, RumorRef, Topic};

/// A rumor with what it says: a copy of the reader's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rumor {
    /// Which.
    pub id: RumorId,
    /// About what.
    pub topic: Topic,
    /// How much it matters.
    pub class: Class,
    /// How long ago it was published when it arrived, or when it was read again.
    pub age: Duration,
    /// How often it was forwarded: 0 from this node itself, 1 from its origin.
    pub hops: u8,
    /// What it says.
    pub payload: Vec<u8>,
}

/// What a reader of rumors finds, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A rumor.
    Rumor(Rumor),
    /// Rumors that will never arrive: nobody has them any more.
    Lost {
        /// Whose.
        origin: NodeId,
        /// Of which of its starts: the low half of the boot id.
        boot: u32,
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// So many deliveries were lost here because they were not read in time. [`Handle::reread`](super::Handle::reread) has
    /// what is retained of them.
    Resync {
        /// How many.
        lost: u64,
    },
    /// What was asked for by [`Handle::reread`](super::Handle::reread) has been delivered.
    Reread {
        /// Whose.
        origin: NodeId,
        /// Of which of its starts.
        boot: u32,
        /// The last that was retained; 0 where none was.
        to: u64,
    },
}

/// A delivery in the queue.
#[derive(Debug)]
enum Queued {
    Rumor(RumorRef, Ticket),
    /// Any other.
    Marker(Marker),
}

/// A delivery without a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Lost { origin: NodeId, boot: u32, from: u64, to: u64 },
    Resync { lost: u64 },
    Reread { origin: NodeId, boot: u32, to: u64 },
}

impl Marker {
    /// How many deliveries are lost with it: of rumors that are lost already, each.
    const fn stands_for(self) -> u64 {
        match self {
            Self::Lost { from, to, .. } => to - from + 1,
            Self::Resync { lost } => lost,
            Self::Reread { .. } => 1,
        }
    }
}

/// What both sides share.
#[derive(Debug)]
struct Passage {
    payloads: Payloads,
    /// Whether the loop waits for the reader before it lets it read again.
    held_up: AtomicBool,
    /// Deliveries that may wait while something is read again.
    half: usize,
}

/// The loop's side.
#[derive(Debug)]
pub(super) struct Deliveries {
    passage: Arc<Passage>,
    queue: Sender<Queued>,
    /// Lost since the last marker.
    lost: u64,
}

/// The reader's side.
#[derive(Debug)]
pub(super) struct Reader {
    passage: Arc<Passage>,
    queue: Receiver<Queued>,
}

/// Room for so many deliveries with payloads of at most `len_max` bytes.
pub(super) fn deliveries(places: usize, len_max: usize) -> (Deliveries, Reader) {
    let payloads = Payloads::new(places, len_max);
    let passage = Arc::new(Passage { payloads, held_up: AtomicBool::new(false), half: places / 2 });
    let (sender, queue) = crossbeam_channel::bounded(places);
    (Deliveries { passage: Arc::clone(&passage), queue: sender, lost: 0 }, Reader { passage, queue })
}

impl Deliveries {
    pub(super) const fn memory_bytes(places: usize, len_max: usize) -> usize {
        Payloads::memory_bytes(places, len_max) + places * (size_of::<Queued>() + size_of::<usize>())
    }

    /// Delivers a rumor; of one that is retained no more the payload is missing. How many deliveries are lost by that.
    pub(super) fn rumor(&mut self, rumor: RumorRef, payload: Option<&[u8]>) -> u64 {
        if !self.tell_of_lost() {
            return self.lose(1);
        }
        let Some(ticket) = payload.and_then(|payload| self.passage.payloads.put(payload)) else { return self.lose(1) };
        match self.queue.try_send(Queued::Rumor(rumor, ticket)) {
            Ok(()) => 0,
            Err(error) => self.give_up(error),
        }
    }

    /// Delivers something else. How many deliveries are lost by that.
    pub(super) fn marker(&mut self, marker: Marker) -> u64 {
        if let Marker::Resync { lost } = marker {
            return self.lose(lost);
        }
        if !self.tell_of_lost() {
            return self.lose(marker.stands_for());
        }
        self.queue.try_send(Queued::Marker(marker)).map_or_else(|error| self.give_up(error), |()| 0)
    }

    /// Sends the marker for what was lost, if anything was. Whether there is nothing left to tell.
    pub(super) fn tell_of_lost(&mut self) -> bool {
        let marker = Queued::Marker(Marker::Resync { lost: self.lost });
        if self.lost > 0 && self.queue.try_send(marker).is_ok() {
            self.lost = 0;
        }
        self.lost == 0
    }

    /// Whether something may be read again now. If not, the reader wakes the loop when it may.
    pub(super) fn may_reread(&self) -> bool {
        let may = || self.queue.len() <= self.passage.half;
        may() || {
            self.passage.held_up.store(true, SeqCst);
            // The reader may have read on before it could see that.
            may()
        }
    }

    fn lose(&mut self, n: u64) -> u64 {
        self.lost += n;
        n
    }

    fn give_up(&mut self, error: TrySendError<Queued>) -> u64 {
        // What nobody can read any more is not lost.
        let is_full = error.is_full();
        let lost = match error.into_inner() {
            Queued::Rumor(_, ticket) => {
                self.passage.payloads.discard(ticket);
                1
            }
            Queued::Marker(marker) => marker.stands_for(),
        };
        if is_full { self.lose(lost) } else { 0 }
    }
}

impl Reader {
    /// The next delivery; waits up to `timeout` for it.
    pub(super) fn next(&self, timeout: Duration) -> Option<Delivery> {
        self.queue.recv_timeout(timeout).ok().map(|queued| self.open(queued))
    }

    /// The next delivery, if one waits.
    pub(super) fn try_next(&self) -> Option<Delivery> {
        self.queue.try_recv().ok().map(|queued| self.open(queued))
    }

    /// Whether the loop has to be woken because something may be read again.
    pub(super) fn lets_reread(&self) -> bool {
        self.passage.held_up.load(SeqCst)
            && self.queue.len() <= self.passage.half
            && self.passage.held_up.swap(false, SeqCst)
    }

    fn open(&self, queued: Queued) -> Delivery {
        match queued {
            Queued::Rumor(rumor, ticket) => {
                let mut payload = vec![0; ticket.len()];
                self.passage.payloads.take(ticket, &mut payload);
                let RumorRef { id, topic, class, age, hops, .. } = rumor;
                Delivery::Rumor(Rumor { id, topic, class, age: age.into(), hops, payload })
            }
            Queued::Marker(Marker::Lost { origin, boot, from, to }) => Delivery::Lost { origin, boot, from, to },
            Queued::Marker(Marker::Resync { lost }) => Delivery::Resync { lost },
            Queued::Marker(Marker::Reread { origin, boot, to }) => Delivery::Reread { origin, boot, to },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn rumor(sequence: u64) -> RumorRef {
        RumorRef {
            id: RumorId { origin: NodeId::from_u64(1), boot: 2, sequence },
            topic: Topic::from_u64(3),
            class: Class::Normal,
            age: Span::micros(4),
            hops: 5,
            len: 1,
            place: 0,
        }
    }

    fn sequences(reader: &Reader) -> Vec<Result<u64, u64>> {
        let read = core::iter::from_fn(|| reader.try_next());
        read.map(|delivery| match delivery {
            Delivery::Rumor(rumor) => {
                assert_eq!(rumor.payload, [rumor.id.sequence as u8]);
                Ok(rumor.id.sequence)
            }
            Delivery::Resync { lost } => Err(lost),
            Delivery::Lost { .. } | Delivery::Reread { .. } => panic!("{delivery:?}"),
        })
        .collect()
    }

    #[test]
    fn who_does_not_read_loses_the_newer_and_finds_the_marker_where_they_were() {
        let (mut writer, reader) = deliveries(4, 8);
        let lost: u64 = (0..10).map(|n| writer.rumor(rumor(n), Some(&[n as u8]))).sum();
        assert_eq!(lost, 6);
        assert!(!writer.tell_of_lost(), "no room for the marker yet");
        assert_eq!(sequences(&reader), [Ok(0), Ok(1), Ok(2), Ok(3)]);
        assert_eq!(writer.rumor(rumor(10), Some(&[10])), 0);
        assert_eq!(writer.rumor(rumor(11), None), 1, "retained no more");
        assert_eq!(sequences(&reader), [Err(6), Ok(10)]);
        assert!(writer.tell_of_lost());
        assert_eq!(sequences(&reader), [Err(1)]);
        // Every place is free again.
        for n in 0..20 {
            assert_eq!(writer.rumor(rumor(n), Some(&[n as u8])), 0);
            assert_eq!(sequences(&reader), [Ok(n)]);
        }
    }

    #[test]
    fn who_does_not_read_that_rumors_are_lost_is_told_how_many() {
        let (mut writer, reader) = deliveries(2, 8);
        let lost = Marker::Lost { origin: NodeId::from_u64(1), boot: 2, from: 11, to: 20 };
        assert_eq!((writer.marker(lost), writer.rumor(rumor(1), Some(&[1]))), (0, 0));
        assert_eq!(
            (writer.marker(lost), writer.marker(lost)),
            (10, 10),
            "the queue is full, then there is something to tell"
        );
        assert!(reader.try_next().is_some());
        assert!(writer.tell_of_lost());
        assert_eq!(sequences(&reader), [Ok(1), Err(20)]);
    }

    #[test]
    fn what_the_node_has_lost_goes_into_the_same_marker() {
        let (mut writer, reader) = deliveries(4, 8);
        assert_eq!(writer.marker(Marker::Resync { lost: 3 }), 3);
        assert_eq!(writer.rumor(rumor(1), Some(&[1])), 0);
        assert_eq!(sequences(&reader), [Err(3), Ok(1)]);
    }

    #[test]
    fn reading_again_takes_half_and_goes_on_when_the_reader_has_read() {
        let (mut writer, reader) = deliveries(4, 8);
        for n in 0..3 {
            assert!(writer.may_reread() && !reader.lets_reread());
            writer.rumor(rumor(n), Some(&[n as u8]));
        }
        assert!(!writer.may_reread(), "three of four wait");
        assert!(!reader.lets_reread());
        assert!(reader.try_next().is_some() && reader.lets_reread() && !reader.lets_reread(), "once");
        assert!(writer.may_reread());
    }

    #[test]
    fn what_nobody_can_read_any_more_is_not_lost() {
        let (mut writer, reader) = deliveries(4, 8);
        drop(reader);
        assert_eq!((0..9).map(|n| writer.rumor(rumor(n), Some(&[1]))).sum::<u64>(), 0);
    }
}
