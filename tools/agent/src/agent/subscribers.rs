//! Who wants to hear of events?

use std::sync::{Arc, Mutex, PoisonError};

use bruit::Event;
use bruit_terminal::output;

use super::lines::{Reader, Writer, lines};
use crate::event;

/// All who want to hear.
#[derive(Debug, Default)]
pub struct Subscribers(Mutex<Vec<Writer>>);

impl Subscribers {
    /// One more; it ends when the reader is dropped.
    pub fn add(&self) -> Reader {
        let (writer, reader) = lines();
        self.all().push(writer);
        reader
    }

    /// Tells all.
    pub fn tell(&self, event: &Event) {
        let mut all = self.all();
        if all.is_empty() {
            return;
        }
        let line: Arc<str> = output::json(&event::document(event)).into();
        all.retain(|lines| lines.put(&line));
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Writer>> {
        // A thread that panicked in here has at worst left a subscriber out.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_hear_and_who_has_gone_is_forgotten() {
        let subscribers = Subscribers::default();
        let stays = subscribers.add();
        drop(subscribers.add());
        subscribers.tell(&Event::Joined { members: 7 });
        assert!(
            stays.next(std::time::Duration::ZERO).is_ok_and(|line| line.contains(r#""event":"joined","members":7"#))
        );
        assert_eq!(subscribers.all().len(), 1);
    }
}
