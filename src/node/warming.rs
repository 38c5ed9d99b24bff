//! What will be looked at next? Loaded ahead, so that one does not wait for the other.
//!
//! In a simulation of a thousand nodes, what a node holds of a member has left all caches when it is looked at again: there are n² of
//! these records; and so has what it looks at of itself. One that probes goes from the list to the member, and the one that is probed
//! from its index to the member: each such step waits for memory, and for the tables of its page. Loads that do not depend on each
//! other wait together.
//!
//! Nothing here changes or decides anything. What is foreseen wrongly costs a load.

use core::hint::black_box;
use core::net::SocketAddr;

use super::Node;
use super::tick::Timer;
use crate::id::NodeId;
use crate::membership::Form;
use crate::wire::Kind;

impl Node {
    /// The first to load: what lies in the node itself, and leads to all else. A word of each line that a quiet node looks at, and
    /// nothing that takes more than the load: how far a processor sees past one it waits for is counted in instructions.
    pub(crate) fn warm_itself(&self) {
        black_box((self.probe_grid, self.heard_anybody_at, self.events.len(), self.probes.len(), self.roster.up_len()));
        black_box((self.asked_last.1, self.spread.fanout, self.spread.interval, self.me.boot, self.me.counter));
        black_box((self.table.len(), self.gossip.waiting(Form::Claim), self.fingerprint.root(), self.join.known_from));
        black_box((self.counters.bytes_sent, self.counters.received(Kind::Ack), self.counters.probes_answered));
        black_box((self.recent.at(self.me.counter + 1), self.rumors.root(), self.join.walk.is_some()));
        black_box(self.outbox.len());
        self.repair.warm();
        self.rumors.warm();
        self.states.warm();
    }

    /// What leads to the member that will be probed next, and what else a tick goes to.
    pub(crate) fn warm_tick(&self) {
        black_box((self.roster.foresee(&self.rng), self.is_armed(Timer::InFlight(0))));
        self.timers.warm(self.keys.key(Timer::Probe));
        self.probes.warm();
        self.histograms.lateness.warm();
        self.histograms.probe_rtt.warm();
        self.states.warm_scrub();
    }

    /// What is held of the member that will be probed next.
    pub(crate) fn warm_target(&self) {
        let Some(slot) = self.roster.foresee(&self.rng) else { return };
        black_box((self.table.get(slot).counter, self.table.contact(slot).rtt, self.roster.foresee_places(slot)));
        self.changed.warm(slot);
        self.histograms.lateness.warm_counts();
        self.histograms.probe_rtt.warm_counts();
    }

    /// Where the member listens that will be probed next, unless the dice are thrown for something else before; and who asks.
    pub(crate) fn will_probe(&self) -> Option<(SocketAddr, NodeId)> {
        self.roster.foresee(&self.rng).map(|slot| (self.table.addr(slot), self.me.id))
    }

    /// What leads to the sender of a datagram, and the timers.
    pub(crate) fn warm_index(&self, sender: NodeId) {
        self.table.warm(sender);
        black_box(self.timers.first());
    }

    /// What is held of the sender of a datagram.
    pub(crate) fn warm_sender(&self, sender: NodeId) {
        black_box(self.table.find(sender).map(|slot| self.table.get(slot).counter));
    }
}
