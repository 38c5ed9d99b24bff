//! What will be looked at next? Loaded ahead, so that one does not wait for the other.
//!
//! In a simulation of a thousand nodes, what a node holds of a member has left all caches when it is looked at again: there are n² of
//! these records. One that probes goes from the list to the member, and the one that is probed from its index to the member: each such step
//! waits for memory, and for the tables of its page. Loads that do not depend on each other wait together.
//!
//! Nothing here changes or decides anything. What is foreseen wrongly costs a load.

use core::hint::black_box;
use core::net::SocketAddr;

use super::Node;
use super::tick::Timer;
use crate::id::NodeId;

impl Node {
    /// The first to load: what lies in the node itself, and leads to all else.
    pub(crate) fn warm_itself(&self) {
        let counted = (self.counters.datagrams_received, self.counters.probes, self.counters.late_answers);
        let roots = (self.fingerprint.root(), self.rumors.root(), self.states.root(), self.me.counter);
        let lengths = (self.outbox.len(), self.events.len(), self.params.max_datagram);
        let members = (self.roster.up_len(), self.table.len(), self.probes.len());
        let tells = (self.gossip.is_empty(), self.has_rumors_to_tell(), self.has_state_to_tell());
        let last = (self.recent.slots().next(), self.params.lag_grace, self.phase);
        black_box((counted, roots, lengths, members, tells, last));
    }

    /// What leads to the member that will be probed next, and what else a tick goes to.
    pub(crate) fn warm_tick(&self) {
        black_box((self.roster.foresee(&self.rng), self.is_armed(Timer::Probe), self.is_armed(Timer::InFlight(0))));
        self.probes.warm();
        self.histograms.lateness.warm();
    }

    /// What is held of the member that will be probed next.
    pub(crate) fn warm_target(&self) {
        let Some(slot) = self.roster.foresee(&self.rng) else { return };
        black_box((self.table.get(slot).counter, self.table.contact(slot).rtt, self.roster.is_up(slot)));
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
