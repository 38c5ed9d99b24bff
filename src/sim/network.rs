//! Does it arrive, and when? Links with latency, loss and duplication; one-way cuts; partitions.

use std::collections::{BTreeMap, BTreeSet};

use super::host::HostId;
use crate::rng::Rng;
use crate::time::Span;

/// How long a datagram takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always the same.
    Constant(Span),
    /// Evenly between the two, the second excluded; datagrams overtake each other.
    Uniform(Span, Span),
}

impl Latency {
    fn draw(self, rng: &mut Rng) -> Span {
        match self {
            Self::Constant(span) => span,
            Self::Uniform(least, most) => {
                let range = most.saturating_sub(least).as_micros();
                least + Span::micros(u64::from(rng.below(u32::try_from(range).unwrap_or(u32::MAX))))
            }
        }
    }
}

/// One direction between two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// How long a datagram takes.
    pub latency: Latency,
    /// How many of a thousand datagrams are lost.
    pub loss_permille: u32,
    /// How many of a thousand datagrams arrive twice, each copy with a latency of its own.
    pub duplicate_permille: u32,
}

impl Default for Link {
    /// 250 µs, nothing lost, nothing twice: one switch in one room.
    fn default() -> Self {
        Self { latency: Latency::Constant(Span::micros(250)), loss_permille: 0, duplicate_permille: 0 }
    }
}

/// What becomes of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Cut,
    Lost,
    Once(Span),
    Twice(Span, Span),
}

/// What lies between the hosts. Changes hold for what is sent from then on; what is under way arrives.
#[derive(Debug, Default)]
pub struct Network {
    everywhere: Link,
    special: BTreeMap<(HostId, HostId), Link>,
    cuts: BTreeSet<(HostId, HostId)>,
    /// The side of a partition that a host is on; hosts that were not named are on side 0.
    side: BTreeMap<HostId, usize>,
}

impl Network {
    /// Every link, those with settings of their own included, is like this from now on.
    pub fn set_all(&mut self, link: Link) {
        self.everywhere = link;
        self.special.clear();
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
        for (side, set) in sets.iter().enumerate() {
            self.side.extend(set.iter().map(|host| (*host, side + 1)));
        }
    }

    /// Ends all cuts and the partition. Loss and latency stay.
    pub fn heal(&mut self) {
        self.cuts.clear();
        self.side.clear();
    }

    pub(super) fn verdict(&self, from: HostId, to: HostId, rng: &mut Rng) -> Verdict {
        let side = |host| self.side.get(host).copied().unwrap_or(0);
        if self.cuts.contains(&(from, to)) || side(&from) != side(&to) {
            return Verdict::Cut;
        }
        let link = self.special.get(&(from, to)).unwrap_or(&self.everywhere);
        if rng.below(1_000) < link.loss_permille {
            return Verdict::Lost;
        }
        let latency = link.latency.draw(rng);
        if rng.below(1_000) < link.duplicate_permille {
            return Verdict::Twice(latency, link.latency.draw(rng));
        }
        Verdict::Once(latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: HostId = HostId(0);
    const B: HostId = HostId(1);
    const C: HostId = HostId(2);

    fn passes(network: &Network, from: HostId, to: HostId) -> bool {
        network.verdict(from, to, &mut Rng::from_seed(1)) != Verdict::Cut
    }

    #[test]
    fn a_cut_is_one_way_and_a_partition_is_by_set() {
        let mut network = Network::default();
        network.cut(A, B);
        assert!(!passes(&network, A, B) && passes(&network, B, A));
        network.heal();
        network.partition(&[&[A]]);
        assert!(!passes(&network, A, B) && !passes(&network, C, A) && passes(&network, B, C));
        network.heal();
        assert!(passes(&network, A, B));
    }

    #[test]
    fn loss_and_duplication_come_as_often_as_they_are_set() {
        let mut network = Network::default();
        let latency = Latency::Uniform(Span::millis(1), Span::millis(3));
        network.set_all(Link { latency, loss_permille: 200, duplicate_permille: 100 });
        let mut rng = Rng::from_seed(5);
        let (mut lost, mut twice) = (0, 0);
        for _ in 0..10_000 {
            match network.verdict(A, B, &mut rng) {
                Verdict::Cut => unreachable!("nothing was cut"),
                Verdict::Lost => lost += 1,
                Verdict::Twice(..) => twice += 1,
                Verdict::Once(span) => assert!((1_000..3_000).contains(&span.as_micros())),
            }
        }
        assert!((1_800..2_200).contains(&lost), "{lost} of 10000 lost at 200 permille");
        assert!((680..920).contains(&twice), "{twice} of 8000 twice at 100 permille");
    }
}
