//! What lies between two hosts? A link by pair, by zone or for all; one-way cuts; partitions; a largest datagram.

use std::collections::{BTreeMap, BTreeSet};

use super::host::HostId;
use super::link::{Link, Passage};
use crate::rng::Rng;

/// Bytes of the IPv4 and UDP headers, which an MTU counts and a payload does not.
const IP_AND_UDP: usize = 28;

/// What becomes of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Cut,
    TooLong,
    On(Passage),
}

/// What lies between the hosts. Changes hold for what is sent from then on; what is under way arrives.
///
/// The link of a pair goes before that of its zones, and that before the link that is everywhere.
#[derive(Debug, Default)]
pub struct Network {
    everywhere: Link,
    special: BTreeMap<(HostId, HostId), Link>,
    zones: Vec<String>,
    between_zones: BTreeMap<(u16, u16), Link>,
    zone_of: Vec<u16>,
    cuts: BTreeSet<(HostId, HostId)>,
    /// The side of a partition that a host is on; hosts that were not named are on side 0. Empty: no partition.
    side: Vec<u16>,
    mtu: Option<usize>,
}

impl Network {
    /// Every link, those of pairs and zones included, is like this from now on.
    pub fn set_all(&mut self, link: Link) {
        self.everywhere = link;
        self.special.clear();
        self.between_zones.clear();
    }

    /// The link that is used where no other was set.
    #[must_use]
    pub const fn everywhere(&self) -> Link {
        self.everywhere
    }

    /// The way from one host to another is like this from now on; the way back is another link.
    pub fn set_link(&mut self, from: HostId, to: HostId, link: Link) {
        self.special.insert((from, to), link);
    }

    /// The way from every host of one zone to every host of another is like this from now on; the same zone twice is the
    /// way within it, and the way back is another link. Zones are those of [`Spec::zone`](super::Spec::zone).
    pub fn set_zones(&mut self, from: &str, to: &str, link: Link) {
        let key = (self.zone(from), self.zone(to));
        self.between_zones.insert(key, link);
    }

    /// Nothing passes from one host to another; the way back stays open.
    pub fn cut(&mut self, from: HostId, to: HostId) {
        self.cuts.insert((from, to));
    }

    /// Nothing passes between these two.
    pub fn cut_both(&mut self, a: HostId, b: HostId) {
        self.cut(a, b);
        self.cut(b, a);
    }

    /// Only hosts of one set talk to each other; hosts that are in none are a set of their own. Replaces the last partition.
    pub fn partition(&mut self, sets: &[&[HostId]]) {
        self.side.clear();
        for (side, host) in sets.iter().enumerate().flat_map(|(side, set)| set.iter().map(move |host| (side, host))) {
            if self.side.len() <= host.index() {
                self.side.resize(host.index() + 1, 0);
            }
            self.side[host.index()] = side as u16 + 1;
        }
    }

    /// Datagrams whose IP packet is longer than this vanish without a word, as behind a router that drops what it would have
    /// to fragment; `None` lets all pass.
    pub const fn set_mtu(&mut self, mtu: Option<usize>) {
        self.mtu = mtu;
    }

    /// Ends all cuts and the partition. Loss, latency and the MTU stay.
    pub fn heal(&mut self) {
        self.cuts.clear();
        self.side.clear();
    }

    /// Whether anything at all can pass from one host to another now, loss aside.
    #[must_use]
    pub fn connects(&self, from: HostId, to: HostId) -> bool {
        let side = |host: HostId| self.side.get(host.index()).copied().unwrap_or(0);
        side(from) == side(to) && !(self.has_cuts() && self.cuts.contains(&(from, to)))
    }

    fn has_cuts(&self) -> bool {
        !self.cuts.is_empty()
    }

    pub(super) fn place_in_zone(&mut self, host: HostId, zone: &str) {
        let zone = self.zone(zone);
        if self.zone_of.len() <= host.index() {
            self.zone_of.resize(host.index() + 1, 0);
        }
        self.zone_of[host.index()] = zone;
    }

    fn zone(&mut self, name: &str) -> u16 {
        let known = self.zones.iter().position(|zone| zone == name);
        let at = known.unwrap_or_else(|| {
            self.zones.push(name.to_owned());
            self.zones.len() - 1
        });
        u16::try_from(at).expect("fewer than 65,536 zones")
    }

    fn link(&self, from: HostId, to: HostId) -> &Link {
        let special = || self.special.get(&(from, to));
        let by_zone = || self.between_zones.get(&(*self.zone_of.get(from.index())?, *self.zone_of.get(to.index())?));
        let own = (!self.special.is_empty()).then(special).flatten();
        own.or_else(|| (!self.between_zones.is_empty()).then(by_zone).flatten()).unwrap_or(&self.everywhere)
    }

    pub(super) fn verdict(&self, from: HostId, to: HostId, len: usize, rng: &mut Rng) -> Verdict {
        if !self.connects(from, to) {
            Verdict::Cut
        } else if self.mtu.is_some_and(|mtu| len + IP_AND_UDP > mtu) {
            Verdict::TooLong
        } else {
            Verdict::On(self.link(from, to).pass(rng))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::Latency;
    use super::*;
    use crate::time::Span;

    const A: HostId = HostId(0);
    const B: HostId = HostId(1);
    const C: HostId = HostId(2);

    #[test]
    fn a_cut_is_one_way_and_a_partition_is_by_set() {
        let mut network = Network::default();
        network.cut(A, B);
        assert!(!network.connects(A, B) && network.connects(B, A));
        network.heal();
        network.partition(&[&[A]]);
        assert!(!network.connects(A, B) && !network.connects(C, A) && network.connects(B, C));
        network.heal();
        assert!(network.connects(A, B));
    }

    #[test]
    fn a_pair_goes_before_its_zones_and_these_before_the_rest() {
        let takes = |millis| Link { latency: Latency::Constant(Span::millis(millis)), ..Link::default() };
        let mut network = Network::default();
        for (host, zone) in [(A, "east"), (B, "west"), (C, "west")] {
            network.place_in_zone(host, zone);
        }
        network.set_all(takes(1));
        network.set_zones("east", "west", takes(40));
        network.set_link(A, C, takes(7));
        let took = |from, to| match network.verdict(from, to, 100, &mut Rng::from_seed(1)) {
            Verdict::On(Passage::Once(span)) => span.as_millis(),
            other => unreachable!("{other:?}"),
        };
        assert_eq!([took(A, B), took(A, C), took(B, A), took(B, C)], [40, 7, 1, 1]);
    }

    #[test]
    fn what_is_longer_than_the_mtu_vanishes() {
        let mut network = Network::default();
        network.set_mtu(Some(1_228));
        let mut rng = Rng::from_seed(1);
        assert_ne!(network.verdict(A, B, 1_200, &mut rng), Verdict::TooLong);
        assert_eq!(network.verdict(A, B, 1_201, &mut rng), Verdict::TooLong);
    }
}
