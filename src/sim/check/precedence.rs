//! Does what a node holds of a member ever go back? From one record to the next of the same member only what
//! [`supersedes`] allows, for as long as the node holds it at all.

use std::collections::BTreeMap;

use crate::id::{Incarnation, NodeId};
use crate::membership::supersedes;
use crate::node::MemberView;
use crate::sim::HostId;
use crate::wire::State;

/// What each node held in each place of its table.
#[derive(Debug, Default)]
pub(super) struct Precedence(BTreeMap<(HostId, u32), (NodeId, State, Incarnation)>);

impl Precedence {
    pub fn started(&mut self, host: HostId) {
        self.0.retain(|(of, _), _| *of != host);
    }

    /// What is wrong with the way in which a record has changed. One change may stand for several: what supersedes is
    /// superseded by whatever comes after, so it needs not see each.
    pub fn changed(&mut self, host: HostId, slot: u32, member: Option<&MemberView<'_>>) -> Option<String> {
        // A node's own record goes other ways: it takes numbers, and gives them up with its name.
        let Some(member) = member.filter(|member| !member.is_self) else {
            self.0.remove(&(host, slot));
            return None;
        };
        let new = (member.state, member.incarnation);
        let (id, state, incarnation) = self.0.insert((host, slot), (member.id, new.0, new.1))?;
        let old = (state, incarnation);
        let back = id == member.id && new != old && !supersedes(new, old);
        back.then(|| format!("went from {} {} {} to {} {}", member.name, old.0.name(), old.1, new.0.name(), new.1))
    }
}
