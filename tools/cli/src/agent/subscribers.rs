//! Who wants to hear of events? Bounded queues, one each; who does not read loses lines, is told how many, and holds up nobody.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use bruit::Event;

use crate::{event, output};

/// Lines that wait for one subscriber.
const WAITING_MAX: usize = 1_024;

/// All who want to hear.
#[derive(Debug, Default)]
pub struct Subscribers(Mutex<Vec<Subscriber>>);

#[derive(Debug)]
struct Subscriber {
    lines: SyncSender<Arc<str>>,
    lost: u64,
}

impl Subscribers {
    /// One more; it ends when the receiver is dropped.
    pub fn add(&self) -> Receiver<Arc<str>> {
        let (lines, receiver) = sync_channel(WAITING_MAX);
        self.all().push(Subscriber { lines, lost: 0 });
        receiver
    }

    /// Tells all.
    pub fn tell(&self, event: &Event) {
        let mut all = self.all();
        if all.is_empty() {
            return;
        }
        let line: Arc<str> = output::json(&event::document(event)).into();
        all.retain_mut(|subscriber| subscriber.tell(&line));
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        // A thread that panicked in here has at worst left a subscriber out.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    /// Whether it is still there.
    fn tell(&mut self, line: &Arc<str>) -> bool {
        if self.lost > 0 {
            let marker = output::json(&event::document(&Event::Resync { lost: self.lost }));
            match self.lines.try_send(marker.into()) {
                Ok(()) => self.lost = 0,
                Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        match self.lines.try_send(Arc::clone(line)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.lost += 1;
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_read_loses_the_newer_lines_and_is_told_how_many() {
        let subscribers = Subscribers::default();
        let lines = subscribers.add();
        for members in 0..WAITING_MAX as u32 + 3 {
            subscribers.tell(&Event::Joined { members });
        }
        assert_eq!(lines.try_iter().count(), WAITING_MAX);
        subscribers.tell(&Event::Joined { members: 7 });
        let rest: Vec<Arc<str>> = lines.try_iter().collect();
        assert_eq!(rest.len(), 2);
        assert!(rest[0].contains(r#""event":"resync","lost":3"#), "{}", rest[0]);
        assert!(rest[1].contains(r#""event":"joined","members":7"#), "{}", rest[1]);
    }

    #[test]
    fn who_has_gone_is_forgotten() {
        let subscribers = Subscribers::default();
        drop(subscribers.add());
        subscribers.tell(&Event::Joined { members: 1 });
        assert!(subscribers.all().is_empty());
    }
}
