//! Who speaks to whom? A small fixed cast, and the header, binding and checksum around the records that one of them sends.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use bruit::wire::{Binding, Datagram, Header, Writer};
use bruit::{BootId, ClusterKey, DropReason, NodeId};

use crate::record::Record;

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

/// What travels around the records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    pub from: Actor,
    pub to: Option<BootId>,
    pub introduces: bool,
    pub counter: u64,
    pub membership: u32,
}

impl Envelope {
    pub fn header(&self) -> Header {
        Header {
            cluster: ClusterKey::from_label(LABEL).tag(),
            sender: self.from.id(),
            boot_tag: self.from.boot.tag(),
            intro: self.introduces.then(|| (self.from.boot.high(), (self.counter >> 32) as u32)),
            receiver: self.to.map(BootId::short),
            counter: self.counter as u32,
            membership: self.membership,
            state: 0,
        }
    }

    pub fn binding(&self) -> Binding {
        Binding {
            cluster: ClusterKey::from_label(LABEL),
            sender: self.from.boot,
            receiver: self.to,
            counter_high: (self.counter >> 32) as u32,
        }
    }

    /// The datagram with as many of the records as fit, and how many these are.
    pub fn seal(&self, records: &[Record], max: usize) -> (Vec<u8>, usize) {
        let mut bytes = vec![0; max];
        let mut writer = Writer::new(&mut bytes, max, &self.header()).expect("room for the smallest datagram");
        let fitting = records.iter().take_while(|record| record.push(&mut writer)).count();
        let len = writer.finish(&self.binding());
        bytes.truncate(len);
        (bytes, fitting)
    }
}

/// Opens a datagram as the first of the cast would, holding all the others with the high half of their counters at
/// zero: in the order of checks that the wire format prescribes.
pub fn open(bytes: &[u8]) -> Result<(Header, Vec<Record>), DropReason> {
    let datagram = Datagram::parse(bytes)?;
    let binding = binding_at_receiver(&datagram.header)?;
    let sections = datagram.open(&binding)?;
    Ok((datagram.header, Record::all(sections)))
}

/// What the first of the cast takes into the checksum's seed for a datagram with this header.
pub fn binding_at_receiver(header: &Header) -> Result<Binding, DropReason> {
    let [me, others @ ..] = &CAST;
    let cluster = ClusterKey::from_label(LABEL);
    if header.cluster != cluster.tag() {
        return Err(DropReason::WrongCluster);
    }
    if header.sender == me.id() {
        return Err(DropReason::FromSelf);
    }
    let receiver = match header.receiver {
        Some(tag) if tag != me.boot.short() => return Err(DropReason::OtherLife),
        Some(_) => Some(me.boot),
        None => None,
    };
    let (sender, counter_high) = match (header.introduced_boot(), header.intro) {
        (Some(boot), Some((_, counter_high))) => (boot, counter_high),
        (Some(_) | None, Some(_) | None) => {
            let actor = others.iter().find(|a| a.id() == header.sender).ok_or(DropReason::UnknownSender)?;
            if actor.boot.tag() != header.boot_tag {
                return Err(DropReason::SenderOtherLife);
            }
            (actor.boot, 0)
        }
    };
    Ok(Binding { cluster, sender, receiver, counter_high })
}
