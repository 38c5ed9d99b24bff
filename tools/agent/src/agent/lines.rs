//! What waits for one reader? Lines in a bounded queue; who does not read loses the newer, is told how many, and holds up nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Duration;

use bruit::Event;
use bruit_terminal::output;

use crate::event;

/// Lines that wait for one reader.
const WAITING_MAX: usize = 1_024;

/// The writing end.
#[derive(Debug)]
pub struct Writer<T = Arc<str>> {
    queue: SyncSender<T>,
    lost: Arc<AtomicU64>,
}

/// The reading end.
#[derive(Debug)]
pub struct Reader<T = Arc<str>> {
    queue: Receiver<T>,
    lost: Arc<AtomicU64>,
}

/// What is read.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The next.
    One(T),
    /// How many were lost after the one before.
    Lost(u64),
}

/// The two ends of a queue of lines.
pub fn lines() -> (Writer, Reader) {
    queue(WAITING_MAX)
}

/// The two ends of a queue with so many places.
pub fn queue<T>(places: usize) -> (Writer<T>, Reader<T>) {
    let (sender, queue) = sync_channel(places);
    let lost = Arc::default();
    (Writer { queue: sender, lost: Arc::clone(&lost) }, Reader { queue, lost })
}

impl<T: Clone> Writer<T> {
    /// Puts one in. Whether the reader is still there.
    pub fn put(&self, one: &T) -> bool {
        // Once some are lost, order is kept by losing the rest until the reader has been told.
        let result = if self.lost.load(Ordering::Acquire) > 0 {
            Err(TrySendError::Full(()))
        } else {
            self.queue.try_send(one.clone()).map_err(|error| match error {
                TrySendError::Full(_) => TrySendError::Full(()),
                TrySendError::Disconnected(_) => TrySendError::Disconnected(()),
            })
        };
        if result == Err(TrySendError::Full(())) {
            self.lost.fetch_add(1, Ordering::AcqRel);
        }
        result != Err(TrySendError::Disconnected(()))
    }
}

impl<T> Reader<T> {
    /// The next, or how many were lost after the one before.
    ///
    /// # Errors
    /// That none came in time, or that none will.
    pub fn take(&self, patience: Duration) -> Result<Taken<T>, RecvTimeoutError> {
        if self.lost.load(Ordering::Acquire) == 0 {
            return self.queue.recv_timeout(patience).map(Taken::One);
        }
        match self.queue.try_recv() {
            Ok(one) => Ok(Taken::One(one)),
            Err(TryRecvError::Empty) => Ok(Taken::Lost(self.lost.swap(0, Ordering::AcqRel))),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
        }
    }
}

impl Reader {
    /// The next line; where some were lost, one that says how many.
    ///
    /// # Errors
    /// As [`Reader::take`].
    pub fn next(&self, patience: Duration) -> Result<Arc<str>, RecvTimeoutError> {
        Ok(match self.take(patience)? {
            Taken::One(line) => line,
            Taken::Lost(lost) => output::json(&event::document(&Event::Resync { lost })).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_read_loses_the_newer_lines_and_is_told_how_many() {
        let (writer, reader) = lines();
        let next = || reader.next(Duration::ZERO);
        for n in 0..WAITING_MAX + 3 {
            assert!(writer.put(&n.to_string().into()));
        }
        assert_eq!(next().as_deref(), Ok("0"));
        assert!(writer.put(&"not before the marker".into()));
        for n in 1..WAITING_MAX {
            assert_eq!(next().as_deref(), Ok(n.to_string().as_str()));
        }
        assert!(next().is_ok_and(|line| line.contains(r#""event":"resync","lost":4"#)));
        assert_eq!(next(), Err(RecvTimeoutError::Timeout));
        assert!(writer.put(&"last".into()));
        assert_eq!(next().as_deref(), Ok("last"));
        drop(reader);
        assert!(!writer.put(&"nobody".into()));
    }
}
