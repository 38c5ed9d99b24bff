//! What does the receiver make of it? The checks before a datagram's meaning, in the order that the wire format prescribes.

use bruit::wire::{Binding, Datagram, Header};
use bruit::{ClusterKey, DropReason};

use crate::cast::{CAST, LABEL};
use crate::record::Record;

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
