//! Who speaks to whom? The header, binding and checksum around the records that one of the cast sends.

use bruit::wire::{Binding, Header, Writer};
use bruit::{BootId, ClusterKey};

use crate::cast::{Actor, LABEL};
use crate::record::Record;

/// What travels around the records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    pub from: Actor,
    pub to: Option<BootId>,
    pub introduces: bool,
    pub counter: u64,
    pub membership: u32,
    /// The state root, half of which travels.
    pub state: u64,
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
            rumors: 0,
            state: Header::part(self.state, self.counter as u32),
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
