//! What must be dropped? For each reason a datagram that a running node drops for it, from somebody whom nobody knows.

use core::net::SocketAddr;

use xxhash_rust::xxh3::xxh3_64_with_seed;
use zerocopy::{Immutable, IntoBytes};

use crate::error::DropReason;
use crate::id::{BootId, Incarnation, NodeId};
use crate::node::Node;
use crate::wire::{
    Binding, Header, Hello, Kind, MIN_MAX_DATAGRAM, OVERHEAD, RawHello, RawLeave, RawPageRequest, RawPing, Writer,
};

/// Where junk comes from: nobody lives there.
pub const NOBODY: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::new(10, 200, 0, 1)), 4_100);
const CHECK: usize = 8;

/// Datagrams of which a node drops at least one for `reason`; none where that takes more than a datagram, or a member
/// that it does not have.
#[must_use]
pub fn junk(node: &Node, reason: DropReason) -> Vec<Vec<u8>> {
    let me = node.me();
    let forger =
        Forger { node, sender: NodeId::from_name("nobody at all"), boot: BootId::from_u64(0x6e6f_626f_6479_2121) };
    let member =
        node.members().find(|m| !m.is_self && m.verified).map(|m| Forger { sender: m.id, boot: m.boot, ..forger });
    let another = BootId::from_u64(!me.boot.as_u64());
    let ping = RawPing { nonce: 5.into() };
    let altered = |at: usize, value: u8| {
        let mut bytes = forger.bound(true, Kind::Ping, &ping);
        bytes[at] = value;
        forger.reseal(bytes)
    };
    match reason {
        DropReason::Short => vec![forger.bound(true, Kind::Ping, &ping)[..OVERHEAD - 1].to_vec()],
        DropReason::Long => vec![vec![0xb7; node.params().max_datagram() + 1]],
        DropReason::NotBruit => vec![altered(0, 0)],
        DropReason::UnknownVersion => vec![altered(1, 9)],
        DropReason::UnknownSuite => vec![altered(2, 9)],
        DropReason::ReservedBits => vec![altered(5, 9)],
        DropReason::WrongCluster => vec![altered(8, !(node.cluster().tag() as u8))],
        DropReason::FromSelf => {
            vec![Forger { sender: me.id, boot: me.boot, ..forger }.bound(false, Kind::Ping, &ping)]
        }
        DropReason::UnknownSender => vec![forger.bound(false, Kind::Ping, &ping)],
        DropReason::SenderOtherLife => {
            let other = member.map(|m| Forger { boot: BootId::from_u64(!m.boot.as_u64()), ..m });
            other.map(|other| other.bound(false, Kind::Ping, &ping)).into_iter().collect()
        }
        DropReason::OtherLife => vec![forger.write(true, Some(another), Kind::Ping, &ping)],
        DropReason::Corrupt => {
            let mut bytes = forger.bound(true, Kind::Ping, &ping);
            let last = bytes.len() - CHECK - 1;
            bytes[last] ^= 1;
            vec![bytes]
        }
        // A ping's count is one.
        DropReason::BadSection => vec![altered(45, 2)],
        DropReason::BadRecord => {
            let mut bytes = forger.bound(true, Kind::Leave, &RawLeave::new(Incarnation::FIRST, 1));
            let last = bytes.len() - CHECK - 1;
            bytes[last] = 1;
            vec![forger.reseal(bytes)]
        }
        DropReason::Unbound => vec![forger.write(true, None, Kind::Ping, &ping)],
        DropReason::BadCookie => vec![forger.bound(true, Kind::PageRequest, &RawPageRequest::new(1, 1, 0, 1))],
        DropReason::OverBudget => {
            let hello = Hello { nonce: 1, incarnation: Incarnation::default(), uptime_ms: 0, joined: true };
            let burst = node.params().strangers_per_second / 10 + 16;
            vec![forger.write(true, None, Kind::Hello, &RawHello::new(&hello)); burst as usize]
        }
        // What a node does not do before its start and after its end, and what finds no room in it: neither depends on
        // the datagram.
        DropReason::NotRunning | DropReason::NoRoom => Vec::new(),
    }
}

/// Somebody who speaks to a node.
#[derive(Clone, Copy)]
struct Forger<'a> {
    node: &'a Node,
    sender: NodeId,
    boot: BootId,
}

impl Forger<'_> {
    fn bound<T: IntoBytes + Immutable>(&self, introduces: bool, kind: Kind, record: &T) -> Vec<u8> {
        self.write(introduces, Some(self.node.me().boot), kind, record)
    }

    fn binding(&self, receiver: Option<BootId>) -> Binding {
        Binding { cluster: self.node.cluster(), sender: self.boot, receiver, counter_high: 0 }
    }

    fn write<T: IntoBytes + Immutable>(
        &self,
        introduces: bool,
        receiver: Option<BootId>,
        kind: Kind,
        record: &T,
    ) -> Vec<u8> {
        let header = Header {
            cluster: self.node.cluster().tag(),
            sender: self.sender,
            boot_tag: self.boot.tag(),
            intro: introduces.then_some((self.boot.high(), 0)),
            receiver: receiver.map(BootId::short),
            counter: 1,
            membership: 0,
            rumors: 0,
            state: 0,
        };
        let mut bytes = vec![0; MIN_MAX_DATAGRAM];
        let mut writer = Writer::new(&mut bytes, MIN_MAX_DATAGRAM, &header).expect("room for a header");
        assert!(writer.push(kind, record), "one record fits");
        let len = writer.finish(&self.binding(receiver));
        bytes.truncate(len);
        bytes
    }

    /// A checksum that fits whatever the bytes say.
    fn reseal(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let seed = self.binding(Some(self.node.me().boot)).seed();
        let covered = bytes.len() - CHECK;
        let check = xxh3_64_with_seed(&bytes[..covered], seed);
        bytes[covered..].copy_from_slice(&check.to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Params, Profile};
    use crate::sim::{HostId, Spec, World};
    use crate::time::Span;

    #[test]
    fn each_piece_of_junk_is_dropped_for_its_reason() {
        for reason in DropReason::ALL {
            let params = Params::try_from(Config::new(Profile::Local)).expect("the profile agrees with itself");
            let mut world = World::new(1);
            world.form(&["a", "b"].map(|name| Spec::new(name, params.clone()))).expect("good specs");
            world.run_for(Span::secs(3));
            let node = world.node(HostId(0)).expect("it runs");
            let (before, all) = (node.counters().dropped(*reason), junk(node, *reason));
            if matches!(reason, DropReason::NotRunning | DropReason::NoRoom) {
                assert_eq!(all.len(), 0);
                continue;
            }
            all.iter().for_each(|bytes| world.inject(NOBODY, HostId(0), bytes));
            world.run_for(Span::ZERO);
            let after = world.node(HostId(0)).expect("it runs").counters().dropped(*reason);
            assert!(after > before, "{}", reason.name());
        }
    }
}
