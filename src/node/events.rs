//! What has happened that nobody has read yet?

use crate::bounded::Ring;
use crate::event::Event;
use crate::measure::Counters;

/// Events that wait, in order. When there is no room the newer are lost, and a marker says how many.
#[derive(Debug)]
pub(super) struct Events {
    ring: Ring<Event>,
    lost: u64,
}

impl Events {
    pub(super) fn new(events: usize) -> Self {
        Self { ring: Ring::new(events), lost: 0 }
    }

    pub(super) const fn memory_bytes(events: usize) -> usize {
        Ring::<Event>::memory_bytes(events)
    }

    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }

    pub(super) fn emit(&mut self, event: Event, counters: &mut Counters) {
        // Once some are lost, order is kept by losing the rest until the marker has been read.
        if self.lost > 0 || !self.ring.push(event) {
            self.lost += 1;
            counters.events_lost += 1;
        }
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        self.ring.pop().or_else(|| match core::mem::take(&mut self.lost) {
            0 => None,
            lost => Some(Event::Resync { lost }),
        })
    }
}
