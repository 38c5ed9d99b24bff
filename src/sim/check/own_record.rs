//! Is a node's own record its own doing? R4: what others say of a node makes it refute, and changes nothing else.

use core::net::SocketAddr;
use std::collections::BTreeMap;

use crate::id::{BootId, Incarnation, NodeId};
use crate::node::{MemberView, Phase};
use crate::sim::HostId;

/// What each node said of itself when it started, and the number that it gave itself last.
#[derive(Debug, Default)]
pub(super) struct OwnRecord(BTreeMap<HostId, Own>);

#[derive(Debug)]
struct Own {
    who: (NodeId, BootId, SocketAddr),
    texts: (String, String, Vec<u8>),
    number: Incarnation,
}

impl OwnRecord {
    pub fn started(&mut self, host: HostId, me: &MemberView<'_>) {
        let texts = (me.name.to_owned(), me.zone.to_owned(), me.raw_tags.to_vec());
        let who = (me.id, me.boot, me.addr);
        self.0.insert(host, Own { who, texts, number: Incarnation::default() });
    }

    /// What is wrong with the record that a node holds of itself.
    pub fn stepped(&mut self, host: HostId, me: &MemberView<'_>, phase: Phase) -> Option<String> {
        let own = self.0.get_mut(&host)?;
        let (name, zone, tags) = &own.texts;
        if own.who != (me.id, me.boot, me.addr) || (&**name, &**zone, &**tags) != (me.name, me.zone, me.raw_tags) {
            return Some(format!("holds itself to be {} {} at {}", me.name, me.boot, me.addr));
        }
        let is_member = match phase {
            Phase::Joined | Phase::Leaving => true,
            // Who gives up its name begins again without a number.
            Phase::Idle | Phase::Joining | Phase::Left => false,
        };
        let before =
            core::mem::replace(&mut own.number, if is_member { me.incarnation } else { Incarnation::default() });
        if !is_member {
            return None;
        }
        if me.incarnation < before || me.incarnation == Incarnation::default() {
            return Some(format!("went from number {before} back to {}", me.incarnation));
        }
        let up = phase == Phase::Joined;
        (me.state.is_up() != up).then(|| format!("is {} and holds itself {}", phase.name(), me.state.name()))
    }
}
