//! Is it whole, and whose is it? The checksum covers the cluster's label and the boot ids of both ends, which travel in
//! introductions and profiles only: what other datagrams of the input, or the person, tell of them is tried.

use std::collections::BTreeSet;

use bruit::wire::{Binding, Datagram, Section, Sections};
use bruit::{BootId, ClusterKey, DropReason};
use serde::Serialize;

/// What can be said of a checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", content = "why", rename_all = "snake_case")]
pub enum Checksum {
    /// It fits.
    Verified,
    /// It does not, and everything that it covers is known.
    Corrupt,
    /// Something that it covers is not known.
    NotVerified(String),
}

/// What is known of the ends.
#[derive(Debug, Default)]
pub struct Known {
    cluster: Option<ClusterKey>,
    boots: BTreeSet<u64>,
    /// High halves of packet counters, as introductions tell them.
    counters: BTreeSet<u32>,
}

impl Known {
    /// What the person says.
    pub fn new(cluster: Option<&str>, boots: &[u64]) -> Self {
        Self {
            cluster: cluster.map(ClusterKey::from_label),
            boots: boots.iter().copied().collect(),
            counters: [0].into(),
        }
    }

    /// Takes what a datagram tells of its sender and of the members in it. Nothing is believed: it is tried.
    pub fn learn(&mut self, bytes: &[u8]) {
        let Ok(datagram) = Datagram::parse(bytes) else { return };
        self.boots.extend(datagram.header.introduced_boot().map(BootId::as_u64));
        self.counters.extend(datagram.header.intro.iter().flat_map(|(_, high)| [*high, high.saturating_add(1)]));
        let sections = Sections::check(datagram.body()).into_iter().flatten();
        for section in sections {
            if let Section::Profiles(profiles) = section {
                self.boots.extend(profiles.map(|p| p.boot.as_u64()));
            }
        }
    }

    /// Tries everything that could fit.
    pub fn verify(&self, datagram: &Datagram<'_>) -> Checksum {
        let header = &datagram.header;
        let not = |why: String| Checksum::NotVerified(why);
        let Some(cluster) = self.cluster else {
            return not("give the cluster's label with --cluster".to_owned());
        };
        if cluster.tag() != header.cluster {
            return not(format!("of another cluster: {:08x}, the label's is {:08x}", header.cluster, cluster.tag()));
        }
        let boots = || self.boots.iter().copied().map(BootId::from_u64);
        let senders: Vec<BootId> = match header.introduced_boot() {
            Some(boot) => vec![boot],
            None => boots().filter(|b| b.tag() == header.boot_tag).collect(),
        };
        if senders.is_empty() {
            return not("the sender's whole boot id is not known; add its introduction, or --boot".to_owned());
        }
        let receivers: Vec<Option<BootId>> = match header.receiver {
            None => vec![None],
            Some(short) => boots().filter(|b| b.short() == short).map(Some).collect(),
        };
        if receivers.is_empty() {
            return not("the receiver's whole boot id is not known; add an introduction of it, or --boot".to_owned());
        }
        let counters: Vec<u32> = match header.intro {
            Some((_, high)) => vec![high],
            None => self.counters.iter().copied().collect(),
        };
        let fits = |sender: BootId, receiver: Option<BootId>, counter_high: u32| {
            datagram.open(&Binding { cluster, sender, receiver, counter_high }).err() != Some(DropReason::Corrupt)
        };
        let any = senders.iter().any(|s| receivers.iter().any(|r| counters.iter().any(|c| fits(*s, *r, *c))));
        match (any, header.intro.is_some() && header.receiver.is_none()) {
            (true, _) => Checksum::Verified,
            (false, true) => Checksum::Corrupt,
            (false, false) => not("no known boot ids fit: damaged, or between starts that are not known".to_owned()),
        }
    }
}
