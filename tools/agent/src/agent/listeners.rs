//! Who wants to hear rumors? Any number of listeners share one node, which is subscribed to what they want together.
//!
//! The node delivers a topic in one order: where one listener of it wants that of its origins, all get it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bruit::net::{CommandError, Delivery, Handle};
use bruit::{Order, Topic};
use bruit_terminal::output;

use super::lines::{Reader, Writer, lines};
use super::names::Names;
use crate::rumor;

/// What a node is subscribed to, as [`Handle::subscribe`] takes it.
type Subscriptions = BTreeMap<Option<Topic>, Order>;

/// All who listen.
#[derive(Debug, Default)]
pub struct Listeners {
    all: Mutex<Listening>,
    /// What the node has been told. Held while it is told something else.
    subscribed: Mutex<Subscriptions>,
}

#[derive(Debug, Default)]
struct Listening {
    list: Vec<Listener>,
    /// How many there have been: each has a number.
    numbered: u64,
}

#[derive(Debug)]
struct Listener {
    number: u64,
    topic: Option<Topic>,
    order: Order,
    lines: Writer,
}

/// The place of a listener, until it is dropped.
pub struct Place<'a> {
    listeners: &'a Listeners,
    handle: &'a Handle,
    number: u64,
    /// What it hears.
    pub lines: Reader,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        locked(&self.listeners.all).list.retain(|listener| listener.number != self.number);
        // A node that cannot be told goes on delivering what nobody hears, until somebody comes or goes.
        let _ = self.listeners.tell_node(self.handle);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked in here has at worst left one listener out.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listeners {
    /// One more, of a topic or of all. From here on it misses nothing.
    ///
    /// # Errors
    /// Why the node does not subscribe.
    pub fn add<'a>(
        &'a self,
        handle: &'a Handle,
        topic: Option<Topic>,
        order: Order,
    ) -> Result<Place<'a>, CommandError> {
        let (lines, reader) = lines();
        let mut all = locked(&self.all);
        all.numbered += 1;
        let number = all.numbered;
        all.list.push(Listener { number, topic, order, lines });
        drop(all);
        let place = Place { listeners: self, handle, number, lines: reader };
        self.tell_node(handle).map(|()| place)
    }

    /// Brings the node's subscriptions in line with what all want together.
    fn tell_node(&self, handle: &Handle) -> Result<(), CommandError> {
        let mut subscribed = locked(&self.subscribed);
        let wanted = wanted(&locked(&self.all).list);
        for (topic, order) in &wanted {
            if subscribed.get(topic) != Some(order) {
                handle.subscribe(*topic, *order)?;
                subscribed.insert(*topic, *order);
            }
        }
        let unwanted: Vec<Option<Topic>> = subscribed.keys().filter(|t| !wanted.contains_key(t)).copied().collect();
        for topic in unwanted {
            handle.unsubscribe(topic)?;
            subscribed.remove(&topic);
        }
        Ok(())
    }

    /// Tells those whom it concerns.
    pub fn tell(&self, delivery: &Delivery, names: &Names) {
        let concerns = |listener: &Listener| match delivery {
            Delivery::Rumor(rumor) => listener.topic.is_none_or(|topic| topic == rumor.topic),
            // On which topic they were nobody knows.
            Delivery::Lost { .. } | Delivery::Resync { .. } => true,
            Delivery::Reread { .. } => false,
        };
        let list = &locked(&self.all).list;
        if !list.iter().any(concerns) {
            return;
        }
        let line: Arc<str> = output::json(&rumor::document(delivery, names)).into();
        for listener in list.iter().filter(|listener| concerns(listener)) {
            // One that has gone takes itself off the list.
            let _ = listener.lines.put(&line);
        }
    }
}

fn wanted(listeners: &[Listener]) -> Subscriptions {
    let in_order = |topic: Option<Topic>| listeners.iter().any(|l| l.topic == topic && l.order == Order::Origin);
    let order = |topic| if in_order(topic) || in_order(None) { Order::Origin } else { Order::Arrival };
    listeners.iter().map(|l| (l.topic, order(l.topic))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_subscribed_to_once_in_the_order_that_satisfies_all() {
        use Order::{Arrival, Origin};
        let [a, b] = ["a", "b"].map(|name| Some(Topic::new(name)));
        let listener = |(topic, order)| Listener { number: 0, topic, order, lines: lines().0 };
        let cases: [(&[_], &[_]); 5] = [
            (&[], &[]),
            (&[(a, Arrival), (a, Arrival)], &[(a, Arrival)]),
            (&[(a, Arrival), (a, Origin), (b, Arrival)], &[(a, Origin), (b, Arrival)]),
            (&[(None, Arrival), (a, Origin)], &[(None, Arrival), (a, Origin)]),
            // A topic subscribed to by name goes before all: it must not be in less order than they.
            (&[(None, Origin), (a, Arrival)], &[(None, Origin), (a, Origin)]),
        ];
        for (listeners, expected) in cases {
            let listeners: Vec<Listener> = listeners.iter().copied().map(listener).collect();
            assert_eq!(wanted(&listeners), expected.iter().copied().collect());
        }
    }
}
