//! Who is there, and what does each hold of the others? One look at a whole world, for the rules that hold once it is
//! quiet.

use core::net::SocketAddr;

use crate::id::{BootId, Incarnation, NodeId};
use crate::node::Phase;
use crate::sim::{HostId, Observer, World};
use crate::wire::State;

/// Every process that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Census(pub Vec<Process>);

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub host: HostId,
    pub name: String,
    pub id: NodeId,
    pub boot: BootId,
    pub phase: Phase,
    /// Whether it is neither paused nor starved.
    pub runs: bool,
    /// Those with the same number reach each other both ways.
    pub side: usize,
    pub fingerprint: u64,
    pub rumor_root: u64,
    pub state_root: u64,
    /// Whether it has no room for one more key.
    pub crowded: bool,
    /// What it holds, itself included.
    pub holds: Vec<Held>,
}

/// What a process holds of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub id: NodeId,
    pub boot: BootId,
    pub incarnation: Incarnation,
    pub state: State,
    pub name: String,
    pub record: Record,
}

/// What belongs to a member beside its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub addr: SocketAddr,
    pub zone: String,
    pub tags: Vec<u8>,
}

impl Census {
    pub fn take<O: Observer>(world: &World<O>) -> Self {
        let mut all: Vec<Process> = Vec::new();
        let running: Vec<HostId> = world.running().map(|(host, _)| host).collect();
        for host in world.hosts() {
            let Some(node) = world.node(host) else { continue };
            let reach =
                |other: &&Process| world.network.connects(host, other.host) && world.network.connects(other.host, host);
            let side = all.iter().find(reach).map_or(all.len(), |other| other.side);
            let held = |m: crate::node::MemberView<'_>| Held {
                id: m.id,
                boot: m.boot,
                incarnation: m.incarnation,
                state: m.state,
                name: m.name.to_owned(),
                record: Record { addr: m.addr, zone: m.zone.to_owned(), tags: m.raw_tags.to_vec() },
            };
            all.push(Process {
                host,
                name: world.name(host).to_owned(),
                id: node.me().id,
                boot: node.me().boot,
                phase: node.phase(),
                runs: running.binary_search(&host).is_ok(),
                side,
                fingerprint: node.membership_fingerprint(),
                rumor_root: node.rumor_root(),
                state_root: node.state_root(),
                crowded: node.state_used().0 >= node.params().limits.state_keys,
                holds: node.members().map(held).collect(),
            });
        }
        Self(all)
    }

    /// The members that run: those of whom something is demanded.
    pub fn members(&self) -> impl Iterator<Item = &Process> {
        self.0.iter().filter(|process| process.runs && process.phase == Phase::Joined)
    }
}
