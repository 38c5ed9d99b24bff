//! Was there room? What nodes had to give up because a capacity was too small: figures of such a run are of its limits.

use super::{Observer, World};
use crate::node::Node;

/// How often something found no room, by the capacity that was too small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortage {
    /// Members refused: [`Limits::members`](crate::Limits::members) or [`Limits::text_bytes`](crate::Limits::text_bytes).
    pub members: u64,
    /// Events lost: [`Limits::events`](crate::Limits::events).
    pub events: u64,
    /// Intentions to send lost: [`Limits::outbox`](crate::Limits::outbox).
    pub outbox: u64,
    /// Datagrams lost because the wire was full: [`Bounds::in_flight`](super::Bounds::in_flight).
    pub in_flight: u64,
}

impl Shortage {
    /// The first capacity that was too small, and how often.
    #[must_use]
    pub fn first(&self) -> Option<(&'static str, u64)> {
        let all = [
            ("limits.members or limits.text_bytes", self.members),
            ("limits.events", self.events),
            ("limits.outbox", self.outbox),
            ("bounds.in_flight", self.in_flight),
        ];
        all.into_iter().find(|(_, times)| *times > 0)
    }

    /// Adds what a node has counted.
    pub(super) fn add(&mut self, node: &Node) {
        let counters = node.counters();
        self.members += counters.members_refused;
        self.events += counters.events_lost;
        self.outbox += counters.outbox_full;
    }
}

impl<O: Observer> World<O> {
    /// What found no room so far, at the nodes that run, at those that died and on the wire.
    #[must_use]
    pub fn shortage(&self) -> Shortage {
        let mut shortage = Shortage { in_flight: self.tally.overflowed, ..self.shortage };
        self.hosts().filter_map(|host| self.node(host)).for_each(|node| shortage.add(node));
        shortage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Params, Profile};
    use crate::limits::Limits;
    use crate::sim::{Death, Spec};
    use crate::time::Span;

    #[test]
    fn who_was_refused_is_counted_though_whoever_refused_has_died() {
        let limits = Limits { members: 2, ..Limits::default() };
        let params = Params::new(&Config::new(Profile::Local), &limits).expect("good limits");
        let mut world = World::new(1);
        let first = world.start(&Spec::new("a", params.clone()), &[]).expect("a good spec");
        let door = [world.addr(first)];
        world.start(&Spec::new("b", params.clone()), &door).expect("a good spec");
        world.run_for(Span::secs(5));
        assert_eq!(world.shortage().first(), None);
        world.start(&Spec::new("c", params), &door).expect("a good spec");
        world.run_for(Span::secs(5));
        let before = world.shortage();
        assert!(before.members > 0 && before.first().is_some(), "{before:?}");
        world.crash(first, Death::Silent);
        assert_eq!(world.shortage(), before);
    }
}
