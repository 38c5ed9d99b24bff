//! What happens next, and what will it look at? A guess, so that memory is on its way when it is needed.
//!
//! Large worlds fit no cache, and a processor does not look past the event at hand. Nodes at rest wake in the order in which they woke
//! a probe interval ago, and each pings whom its own dice say already. So as one wakes, those that will wake after it are
//! prepared, each by the step that the one before has made possible: the later its turn, the less of it is known. A wrong
//! guess costs a few loads and changes nothing.
//!
//! Measured (docs/benchmarks.md): a node-second takes a third to a half less time from a thousand nodes on.

use core::hint::black_box;

use super::host::HostId;
use super::observe::Observer;
use super::world::World;
use crate::id::NodeId;
use crate::node::Node;

/// Fewer hosts than this fit a cache: what is there need not be fetched.
const HOSTS_MIN: usize = 256;
/// How many that will wake are prepared.
const STEPS: usize = 8;

/// In which order nodes wake.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Who woke after each the last time.
    after: Box<[HostId]>,
    last: HostId,
}

impl Ahead {
    pub fn new(hosts: u32) -> Self {
        Self { after: vec![HostId(0); hosts as usize].into_boxed_slice(), last: HostId(0) }
    }

    /// Notes who wakes; says who will, that one first.
    fn wakes(&mut self, id: HostId) -> [HostId; STEPS] {
        self.after[self.last.index()] = id;
        self.last = id;
        let mut next = id;
        core::array::from_fn(|_| {
            let after = self.after[next.index()];
            core::mem::replace(&mut next, after)
        })
    }
}

impl<O: Observer> World<O> {
    /// A node wakes: prepares the wakes to come.
    pub(super) fn look_ahead(&mut self, id: HostId) {
        if self.hosts.len() < HOSTS_MIN {
            return;
        }
        let [now, in_1, in_2, in_3, in_4, in_5, in_6, in_7] = self.ahead.wakes(id);
        // Who is loaded from is found first, and the loads then follow close upon each other: a processor that waits for one of
        // them sees only so far.
        let (receiver, next_receiver) = (self.will_ping(now), self.will_ping(in_1));
        let (new_receiver, far_receiver) = (self.will_ping(in_2), self.will_ping(in_3));
        let (pinger, nearly, far) = (self.node(in_4), self.node(in_5), self.node(in_6));
        if let Some((node, sender)) = receiver.and_then(|(to, from)| Some((self.node(to)?, from))) {
            node.warm_sender(sender);
        }
        if let Some((node, sender)) = next_receiver.and_then(|(to, from)| Some((self.node(to)?, from))) {
            node.warm_index(sender);
        }
        pinger.into_iter().for_each(Node::warm_target);
        nearly.into_iter().for_each(Node::warm_tick);
        far.into_iter().for_each(Node::warm_itself);
        new_receiver.and_then(|(to, _)| self.node(to)).into_iter().for_each(Node::warm_itself);
        far_receiver.into_iter().for_each(|(to, _)| self.warm_host(to));
        self.warm_host(in_7);
    }

    /// To whom a node will send its next ping, as far as that is in caches by now; and who it is.
    fn will_ping(&self, id: HostId) -> Option<(HostId, NodeId)> {
        let (to, from) = self.node(id)?.will_probe()?;
        Some((self.places.get(&to)?.host, from))
    }

    fn warm_host(&self, id: HostId) {
        if let Some(host) = self.hosts.get(id.index()) {
            black_box((host.node.is_some(), host.clock, host.runs_at.is_some()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_will_wake_is_who_woke_after_this_one_the_last_time() {
        let mut ahead = Ahead::new(20);
        let round = [3, 1, 4, 15, 9, 2, 6, 5, 8, 7].map(HostId);
        for id in round {
            ahead.wakes(id);
        }
        for (at, id) in round.into_iter().enumerate() {
            let expected: [HostId; STEPS] = core::array::from_fn(|step| round[(at + step) % round.len()]);
            assert_eq!(ahead.wakes(id), expected);
        }
    }
}
