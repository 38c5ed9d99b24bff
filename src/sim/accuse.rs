//! How does news begin at a moment of one's choosing? A member is told that it is suspected, and refutes.
//!
//! A node has nothing to say until something happens to it. The smallest thing that a test can let happen through the four
//! calls is a datagram in the name of another member, with that member's boot ids in its checksum, which claims that the
//! receiver is suspect: the receiver takes the next incarnation, and that is news to everybody.

use super::host::HostId;
use super::observe::Observer;
use super::world::World;
use crate::id::{ClusterKey, Incarnation};
use crate::node::Phase;
use crate::wire::{Binding, Claim, Header, Kind, MIN_MAX_DATAGRAM, RawClaim, State, Writer};

impl<O: Observer> World<O> {
    /// Tells `subject` at once, in the name of `accuser`, that it is suspected; gives the incarnation in which it will refute.
    /// `None`, and nothing happens, where one of them is not a member or has no number above its own.
    pub fn accuse(&mut self, accuser: HostId, subject: HostId) -> Option<Incarnation> {
        let cluster = ClusterKey::from_label(&self.hosts[accuser.index()].spec.cluster);
        let joined = |host| self.node(host).filter(|node| node.phase() == Phase::Joined);
        let (teller, me) = (joined(accuser)?.me(), joined(subject)?.me());
        let above = me.incarnation.above()?;
        let claim = Claim {
            subject: me.id,
            incarnation: me.incarnation,
            state: State::Suspect,
            accuser: teller.id.tag(),
            boot: me.boot.short(),
        };
        let header = Header {
            cluster: cluster.tag(),
            sender: teller.id,
            boot_tag: teller.boot.tag(),
            intro: None,
            receiver: Some(me.boot.short()),
            counter: 1,
            membership: 0,
            rumors: 0,
            state: 0,
        };
        let binding = Binding { cluster, sender: teller.boot, receiver: Some(me.boot), counter_high: 0 };
        let (from, mut buf) = (teller.addr, [0; MIN_MAX_DATAGRAM]);
        let mut writer = Writer::new(&mut buf, MIN_MAX_DATAGRAM, &header)?;
        assert!(writer.push(Kind::Claims, &RawClaim::new(&claim)), "one claim fits");
        let len = writer.finish(&binding);
        self.inject(from, subject, &buf[..len]);
        Some(above)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Params};
    use crate::sim::{Spec, World};
    use crate::time::Span;

    #[test]
    fn whoever_is_accused_refutes_and_all_hear_of_it() {
        let params = Params::try_from(Config::default()).expect("the defaults agree with each other");
        let specs: Vec<_> = (0..5).map(|n| Spec::new(&format!("n{n}"), params.clone())).collect();
        let mut world = World::new(3);
        let hosts = world.form(&specs).expect("good names");
        world.run_for(Span::secs(5));
        let subject = world.id(hosts[2]);
        let refuted = world.accuse(hosts[4], hosts[2]).expect("both are members");
        // A refutation goes with pings.
        world.run_for(Span::secs(5));
        let seen: Vec<_> = world.running().filter_map(|(_, node)| Some(node.member(subject)?.incarnation)).collect();
        assert_eq!(seen, [refuted; 5]);
    }
}
