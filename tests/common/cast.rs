//! Who is there? A small fixed cast that speaks, is spoken of, and lives at known addresses.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use bruit::{BootId, NodeId};

/// Somebody who may be spoken of, or speak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actor {
    pub name: &'static str,
    pub boot: BootId,
    pub addr: SocketAddr,
}

impl Actor {
    const fn new(name: &'static str, boot: u64, port: u16) -> Self {
        let addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        Self { name, boot: BootId::from_u64(boot), addr }
    }

    pub fn id(&self) -> NodeId {
        NodeId::from_name(self.name)
    }
}

/// The cast. The first is the one under test, the next three are members, the last two are strangers.
pub const CAST: [Actor; 6] = [
    Actor::new("anna", 0x0a0a_1111_2222_3333, 4101),
    Actor::new("berta", 0x0b0b_4444_5555_6666, 4102),
    Actor::new("carla", 0x0c0c_7777_8888_9999, 4103),
    Actor::new("dora", 0x0d0d_aaaa_bbbb_cccc, 4104),
    Actor::new("emma", 0x0e0e_dddd_eeee_ffff, 4105),
    Actor::new("frieda", 0x0f0f_0123_4567_89ab, 4106),
];

/// The label of the cast's cluster.
pub const LABEL: &str = "village";
