//! What happens next, and what will it look at? A guess, so that memory is on its way when it is needed.
//!
//! Large worlds fit no cache, and a processor does not look past the event at hand. The calendar tells who wakes next, and each node
//! pings whom its own dice say already. So as one wakes, those that will wake after it are prepared, each by the step that the
//! one before has made possible: the later its turn, the less of it is known. A wrong guess costs a few loads and changes nothing.
//!
//! Measured (docs/benchmarks.md): nearly all that lies beyond the second level is asked for here, and hardly anything afterwards.

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

/// For so many steps before it wakes it is known whom a node will ping.
const FORESEEN: usize = 3;

/// A ping that is to come: who will ping, who will be pinged, and under which id the one is known to the other.
#[derive(Clone, Copy, Debug)]
struct Ping {
    from: HostId,
    to: HostId,
    id: NodeId,
}

/// The pings to come, the next one first.
#[derive(Debug, Default)]
pub(super) struct Ahead([Option<Ping>; FORESEEN]);

/// A ping, if it is still the one that this host sends.
fn of(host: Option<HostId>, ping: Option<Ping>) -> Option<Ping> {
    ping.filter(|ping| Some(ping.from) == host)
}

impl<O: Observer> World<O> {
    /// A node wakes, the first that is due: prepares the wakes to come.
    pub(super) fn look_ahead(&mut self) {
        if self.hosts.len() < HOSTS_MIN {
            return;
        }
        let next = self.ticks.next::<STEPS>().map(|host| host.map(HostId));
        let [now, in_1, in_2, in_3, in_4, in_5, in_6, in_7] = next;
        let [a, b, c] = core::mem::replace(&mut self.ahead.0, [None; FORESEEN]);
        let (a, b, c) = (of(now, a), of(in_1, b), of(in_2, c));
        let receiver = |ping: Option<Ping>| ping.and_then(|ping| Some((self.node(ping.to)?, ping.id)));
        let node = |host: Option<HostId>| host.and_then(|host| self.node(host)).into_iter();
        // The loads follow close upon each other, and what has to be worked out comes last: a processor that waits for one of them
        // sees only so far.
        receiver(c).into_iter().for_each(|(node, _)| node.warm_itself());
        node(in_6).for_each(Node::warm_itself);
        receiver(b).into_iter().for_each(|(node, sender)| node.warm_index(sender));
        receiver(a).into_iter().for_each(|(node, sender)| node.warm_sender(sender));
        node(in_4).for_each(Node::warm_target);
        node(in_5).for_each(Node::warm_tick);
        in_7.into_iter().for_each(|host| self.warm_host(host));
        let found = in_3.and_then(|from| self.will_ping(from));
        found.into_iter().for_each(|ping| self.warm_host(ping.to));
        self.ahead.0 = [b, c, found];
    }

    /// To whom a node will send its next ping, as far as that is in caches by now.
    fn will_ping(&self, from: HostId) -> Option<Ping> {
        let (addr, id) = self.node(from)?.will_probe()?;
        Some(Ping { from, to: self.places.get(&addr)?.host, id })
    }

    fn warm_host(&self, id: HostId) {
        if let Some(host) = self.hosts.get(id.index()) {
            black_box((host.node.is_some(), host.cable.is_some()));
        }
    }
}
