//! How do publications get into the loop? A queue of tickets, beside payloads in places bought at start: whoever publishes
//! copies its payload there, and the loop copies it out.

use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{AcqRel, SeqCst};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use super::payloads::{Payloads, Ticket};
use crate::error::Refusal;
use crate::node::Publication;
use crate::rumor::{Class, RumorId, Topic};

/// Where the answer goes, when somebody waits for one.
pub(super) type Reply = Option<Sender<Result<RumorId, Refusal>>>;

/// A publication on its way.
#[derive(Debug)]
struct Queued {
    topic: Topic,
    class: Class,
    ticket: Ticket,
    reply: Reply,
}

/// What both sides share.
#[derive(Debug)]
struct Passage {
    payloads: Payloads,
    /// Whether the loop has been called since it last began to take.
    called: AtomicBool,
}

/// The side of those who publish.
#[derive(Debug)]
pub(super) struct Publisher {
    passage: Arc<Passage>,
    queue: Sender<Queued>,
    len_max: usize,
}

/// The loop's side.
#[derive(Debug)]
pub(super) struct Publications {
    passage: Arc<Passage>,
    queue: Receiver<Queued>,
    payload: Box<[u8]>,
}

/// Why a publication did not get into the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotQueued {
    TooLong { max: usize },
    Full,
    Stopped,
}

/// Room for so many publications of at most `len_max` bytes.
pub(super) fn publications(places: usize, len_max: usize) -> (Publisher, Publications) {
    let passage = Arc::new(Passage { payloads: Payloads::new(places, len_max), called: AtomicBool::new(false) });
    let (sender, queue) = crossbeam_channel::bounded(places);
    let publisher = Publisher { passage: Arc::clone(&passage), queue: sender, len_max };
    (publisher, Publications { passage, queue, payload: vec![0; len_max].into_boxed_slice() })
}

impl Publisher {
    /// Queues a publication; whether the loop has to be woken for it.
    pub(super) fn put(&self, publication: &Publication<'_>, reply: Reply) -> Result<bool, NotQueued> {
        let Publication { topic, class, payload } = *publication;
        if payload.len() > self.len_max {
            return Err(NotQueued::TooLong { max: self.len_max });
        }
        let ticket = self.passage.payloads.put(payload).ok_or(NotQueued::Full)?;
        // As many places in the queue as for payloads: only a loop that has ended takes nothing.
        if let Err(error) = self.queue.try_send(Queued { topic, class, ticket, reply }) {
            self.passage.payloads.discard(error.into_inner().ticket);
            return Err(NotQueued::Stopped);
        }
        Ok(!self.passage.called.swap(true, SeqCst))
    }
}

impl Publications {
    pub(super) const fn memory_bytes(places: usize, len_max: usize) -> usize {
        Payloads::memory_bytes(places, len_max) + places * (size_of::<Queued>() + size_of::<usize>()) + len_max
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Before some are taken: whoever publishes from here on wakes the loop again.
    pub(super) fn begin(&self) {
        self.passage.called.swap(false, AcqRel);
    }

    /// The next one, and where its answer goes.
    pub(super) fn next(&mut self) -> Option<(Publication<'_>, Reply)> {
        let Queued { topic, class, ticket, reply } = self.queue.try_recv().ok()?;
        let payload = &mut self.payload[..ticket.len()];
        self.passage.payloads.take(ticket, payload);
        Some((Publication { topic, class, payload }, reply))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication(payload: &[u8]) -> Publication<'_> {
        Publication { topic: Topic::from_u64(payload.len() as u64), class: Class::Bulk, payload }
    }

    #[test]
    fn they_come_out_in_order_and_the_loop_is_woken_once_until_it_begins_to_take() {
        let (publisher, mut publications) = publications(2, 10);
        assert_eq!(publisher.put(&publication(b"one"), None), Ok(true));
        assert_eq!(publisher.put(&publication(b"second"), None), Ok(false), "it has been called");
        assert_eq!(publisher.put(&publication(b""), None), Err(NotQueued::Full));
        assert_eq!(publisher.put(&publication(&[0; 11]), None), Err(NotQueued::TooLong { max: 10 }));
        publications.begin();
        for expected in [&b"one"[..], b"second"] {
            let (taken, _) = publications.next().expect("one waits");
            assert_eq!((taken.payload, taken.topic.as_u64()), (expected, expected.len() as u64));
        }
        assert!(publications.next().is_none() && publications.is_empty());
        assert_eq!(publisher.put(&publication(b"x"), None), Ok(true));
        drop(publications);
        for _ in 0..3 {
            assert_eq!(publisher.put(&publication(b"x"), None), Err(NotQueued::Stopped), "and no place is lost");
        }
    }
}
