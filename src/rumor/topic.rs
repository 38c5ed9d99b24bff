//! Who wants it? Topics, and what this node's embedder has subscribed to.

use core::fmt;
use xxhash_rust::xxh3::xxh3_64;

use crate::bounded::bought;

/// What a rumor is about: the hash of a name (XXH3-64).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(u64);

impl Topic {
    /// The topic with this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(xxh3_64(name.as_bytes()))
    }

    /// The topic with this number.
    #[must_use]
    pub const fn from_u64(n: u64) -> Self {
        Self(n)
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// In which order rumors are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they come.
    Arrival,
    /// Those of each origin in the order of their publication. One that is missing holds those behind it back until it has
    /// come or is given up as lost.
    Origin,
}

/// The subscriptions of this node.
#[derive(Debug)]
pub struct Topics {
    /// Sorted by topic, the first `len` of them.
    list: Box<[(Topic, Order)]>,
    len: usize,
    /// What holds for every other topic.
    all: Option<Order>,
}

impl Topics {
    /// None, room for so many.
    #[must_use]
    pub fn new(topics: usize) -> Self {
        Self { list: bought(topics, (Topic(0), Order::Arrival)), len: 0, all: None }
    }

    /// Bytes that [`Topics::new`] buys.
    #[must_use]
    pub const fn memory_bytes(topics: usize) -> usize {
        topics * size_of::<(Topic, Order)>()
    }

    /// How many topics are subscribed to by name.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len as u32
    }

    /// In which order a topic is delivered; `None` when it is not.
    #[must_use]
    pub fn order(&self, topic: Topic) -> Option<Order> {
        if self.len == 0 {
            return self.all;
        }
        self.find(topic).map_or(self.all, |at| Some(self.list[at].1))
    }

    fn find(&self, topic: Topic) -> Result<usize, usize> {
        self.list[..self.len].binary_search_by_key(&topic, |(topic, _)| *topic)
    }

    /// Subscribes to a topic, or with `None` to all; `false` when the list is full.
    #[must_use]
    pub fn add(&mut self, topic: Option<Topic>, order: Order) -> bool {
        let Some(topic) = topic else {
            self.all = Some(order);
            return true;
        };
        match self.find(topic) {
            Ok(at) => self.list[at].1 = order,
            Err(_) if self.len == self.list.len() => return false,
            Err(at) => {
                self.list.copy_within(at..self.len, at + 1);
                self.list[at] = (topic, order);
                self.len += 1;
            }
        }
        true
    }

    /// Ends the subscription to a topic, or with `None` that to all; whether there was one.
    pub fn remove(&mut self, topic: Option<Topic>) -> bool {
        let Some(topic) = topic else { return self.all.take().is_some() };
        let Ok(at) = self.find(topic) else { return false };
        self.list.copy_within(at + 1..self.len, at);
        self.len -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_topics_go_before_all_and_a_full_list_refuses() {
        let mut topics = Topics::new(2);
        let [a, b, c] = ["a", "b", "c"].map(Topic::new);
        assert_eq!(topics.order(a), None);
        assert!(topics.add(Some(a), Order::Arrival) && topics.add(Some(b), Order::Origin));
        assert!(!topics.add(Some(c), Order::Arrival), "a third of two");
        assert!(topics.add(Some(a), Order::Origin), "one that is there changes");
        assert_eq!([a, b, c].map(|t| topics.order(t)), [Some(Order::Origin), Some(Order::Origin), None]);
        assert!(topics.add(None, Order::Arrival));
        assert_eq!([a, c].map(|t| topics.order(t)), [Some(Order::Origin), Some(Order::Arrival)]);
        assert!(topics.remove(Some(a)) && !topics.remove(Some(a)) && topics.remove(None));
        assert_eq!(([a, b, c].map(|t| topics.order(t)), topics.len()), ([None, Some(Order::Origin), None], 1));
    }
}
