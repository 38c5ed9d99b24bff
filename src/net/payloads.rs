//! Where does a payload lie on its way from one thread to another? In a place of a slab that was bought at start.
//!
//! Who puts one in hands the ticket on through a queue, and who takes it out gives the place back by that. Words are atomics, as
//! in [`seqlock`], so that no lock is held over them; the queues through which tickets and free places go order the accesses.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;

use crossbeam_channel::{Receiver, Sender};

use super::seqlock;

const WORD: usize = size_of::<u64>();

/// Places for payloads up to a length.
#[derive(Debug)]
pub(super) struct Payloads {
    words: Box<[AtomicU64]>,
    /// Words of a place.
    stride: usize,
    free: Receiver<u32>,
    freed: Sender<u32>,
}

/// For one payload that was put in, to be taken out once.
#[derive(Debug)]
pub(super) struct Ticket {
    place: u32,
    len: usize,
}

impl Ticket {
    /// Bytes of the payload.
    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

impl Payloads {
    /// So many places for payloads of at most `len_max` bytes.
    pub(super) fn new(places: usize, len_max: usize) -> Self {
        let (freed, free) = crossbeam_channel::bounded(places);
        for place in 0..places as u32 {
            let queued = freed.try_send(place);
            debug_assert!(queued.is_ok(), "there is room for all places");
        }
        let stride = len_max.div_ceil(WORD);
        Self { words: seqlock::words(places * stride), stride, free, freed }
    }

    pub(super) const fn memory_bytes(places: usize, len_max: usize) -> usize {
        places * (len_max.div_ceil(WORD) * WORD + size_of::<u32>() + size_of::<usize>())
    }

    /// Puts a payload in; `None` when every place is taken.
    pub(super) fn put(&self, payload: &[u8]) -> Option<Ticket> {
        debug_assert!(payload.len() <= self.stride * WORD, "longer ones are refused before");
        let place = self.free.try_recv().ok()?;
        let (mut words, whole) = (self.place(place).iter(), payload.chunks_exact(WORD));
        let rest = whole.remainder();
        for (bytes, word) in whole.zip(&mut words) {
            word.store(word_of(bytes), Relaxed);
        }
        if let Some(word) = words.next() {
            word.store(word_of(rest), Relaxed);
        }
        Some(Ticket { place, len: payload.len() })
    }

    /// Takes a payload out into a buffer of its length, and gives its place back.
    pub(super) fn take(&self, ticket: Ticket, into: &mut [u8]) {
        debug_assert_eq!(ticket.len, into.len());
        for (word, bytes) in self.place(ticket.place).iter().zip(into.chunks_mut(WORD)) {
            bytes.copy_from_slice(&word.load(Relaxed).to_le_bytes()[..bytes.len()]);
        }
        self.discard(ticket);
    }

    /// Gives a place back unread.
    pub(super) fn discard(&self, ticket: Ticket) {
        let returned = self.freed.try_send(ticket.place);
        debug_assert!(returned.is_ok(), "there is room for all places");
    }

    fn place(&self, place: u32) -> &[AtomicU64] {
        &self.words[place as usize * self.stride..][..self.stride]
    }
}

fn word_of(bytes: &[u8]) -> u64 {
    let mut word = [0; WORD];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(payloads: &Payloads, ticket: Ticket) -> Vec<u8> {
        let mut bytes = vec![0xff; ticket.len()];
        payloads.take(ticket, &mut bytes);
        bytes
    }

    #[test]
    fn every_length_comes_out_as_it_went_in_and_a_full_slab_refuses() {
        for len_max in [0, 1, 7, 8, 9, 1_024] {
            let payloads = Payloads::new(2, len_max);
            for round in 0..3 {
                for len in (0..=len_max.min(20)).chain([len_max]) {
                    let payload: Vec<u8> = (0..len).map(|i| (i + len + round) as u8).collect();
                    let first = payloads.put(&payload).expect("a free place");
                    let second = payloads.put(&[]).expect("a second");
                    assert!(payloads.put(&payload).is_none(), "a third of two");
                    payloads.discard(second);
                    assert_eq!(taken(&payloads, first), payload);
                }
            }
        }
    }

    #[test]
    fn no_payload_is_torn_between_two_threads() {
        let payloads = Payloads::new(3, 64);
        let (sender, tickets) = crossbeam_channel::bounded(3);
        let n: u64 = if cfg!(miri) { 200 } else { 50_000 };
        std::thread::scope(|scope| {
            let payloads = &payloads;
            scope.spawn(move || {
                let mut sent = 0;
                while sent < n {
                    match payloads.put(&[sent as u8; 61]) {
                        Some(ticket) => {
                            sender.send(ticket).expect("the reader is there");
                            sent += 1;
                        }
                        None => std::thread::yield_now(),
                    }
                }
            });
            for (i, ticket) in tickets.iter().enumerate() {
                assert_eq!(taken(payloads, ticket), [i as u8; 61]);
            }
        });
    }
}
