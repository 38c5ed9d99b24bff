//! Has a run exercised what it claims to? Everything that its nodes and its network have counted, those that died
//! included.

use std::collections::BTreeMap;

use super::{HostId, Observer, Tally, World};
use crate::error::DropReason;
use crate::event::Event;
use crate::measure::Counters;
use crate::node::Node;
use crate::time::Instant;
use crate::wire::Kind;

/// Sums over nodes, worlds and runs. As an [`Observer`] it keeps what a node has counted when its process dies; what
/// those have counted that still run is added by [`Coverage::finish`].
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    counters: Counters,
    tally: Tally,
    /// Events by the name of their kind, and whatever else a run counts.
    others: BTreeMap<(&'static str, &'static str), u64>,
}

impl Observer for Coverage {
    fn crashed(&mut self, _at: Instant, _host: HostId, node: &Node) {
        self.counters += node.counters();
    }

    fn event(&mut self, _at: Instant, _host: HostId, event: &Event) {
        self.count("event", event.name());
    }
}

impl Coverage {
    /// Counts something of a run's own, such as what was done to the nodes.
    pub fn count(&mut self, group: &'static str, name: &'static str) {
        *self.others.entry((group, name)).or_default() += 1;
    }

    /// Adds what the nodes that still run have counted, and the network: once, at the end.
    pub fn finish<O: Observer>(&mut self, world: &World<O>) {
        world.hosts().filter_map(|host| world.node(host)).for_each(|node| self.counters += node.counters());
        self.tally += world.tally();
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.counters += &other.counters;
        self.tally += other.tally;
        for (what, n) in &other.others {
            *self.others.entry(*what).or_default() += n;
        }
    }

    /// All nodes' counters together.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Every count: its group (`network`, `counter`, `drop`, `sent`, `event` and the run's own), its name, and how
    /// often.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, &'static str, u64)> {
        let network = self.tally.named().map(|(name, n)| ("network", name, n));
        let counters = self.counters.named().map(|(name, n)| ("counter", name, n));
        let drops = DropReason::ALL.iter().map(|reason| ("drop", reason.name(), self.counters.dropped(*reason)));
        let sent = Kind::ALL.iter().map(|kind| ("sent", kind.name(), self.counters.sent(*kind)));
        let others = self.others.iter().map(|((group, name), n)| (*group, *name, *n));
        network.chain(counters).chain(drops).chain(sent).chain(others).collect()
    }

    /// How often something was counted; 0 for what never was, or is not counted at all.
    #[must_use]
    pub fn of(&self, group: &str, name: &str) -> u64 {
        self.rows().into_iter().find(|(g, n, _)| (*g, *n) == (group, name)).map_or(0, |(.., n)| n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Params, Profile};
    use crate::sim::{Bounds, Death, Spec};
    use crate::time::Span;

    #[test]
    fn who_dies_takes_no_counts_along() {
        let params = Params::try_from(Config::new(Profile::Local)).expect("the profile agrees with itself");
        let mut world = World::watched(3, Bounds::default(), Coverage::default());
        let mut seeds = Vec::new();
        for name in ["a", "b", "c"] {
            let host = world.start(&Spec::new(name, params.clone()), &seeds).expect("a good spec");
            seeds.push(world.addr(host));
        }
        let hosts: Vec<HostId> = world.hosts().collect();
        world.run_for(Span::secs(10));
        for host in hosts {
            world.crash(host, Death::Silent);
        }
        let mut coverage = core::mem::take(&mut world.observer);
        coverage.finish(&world);
        let sent = world.tally().sent;
        assert!(sent > 50 && coverage.of("network", "sent") == sent, "{sent} sent");
        assert_eq!(coverage.counters().datagrams_sent, sent);
        assert_eq!(coverage.of("sent", "ping"), coverage.counters().sent(Kind::Ping));
        let once = coverage.of("event", "joined");
        coverage.add(&coverage.clone());
        assert_eq!((coverage.of("event", "joined"), coverage.of("network", "sent")), (2 * once, 2 * sent));
    }
}
