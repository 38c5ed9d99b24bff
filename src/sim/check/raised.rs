//! Does anybody but the subject raise its number? Nobody may hold a start at a number that it has not given itself.

use std::collections::BTreeMap;

use crate::id::{BootId, Incarnation};
use crate::node::MemberView;

/// The highest number that each start has given itself.
#[derive(Debug, Default)]
pub(super) struct Raised(BTreeMap<BootId, Incarnation>);

impl Raised {
    /// A start has no number before it is a member. The first one counts as taken:
    /// [`World::form`](crate::sim::World::form) tells of it a moment before.
    pub fn started(&mut self, boot: BootId) {
        self.0.insert(boot, Incarnation::FIRST);
    }

    /// What is wrong with the number in a record.
    pub fn changed(&mut self, member: &MemberView<'_>) -> Option<String> {
        let own = self.0.get_mut(&member.boot);
        if member.is_self {
            own.into_iter().for_each(|own| *own = (*own).max(member.incarnation));
            return None;
        }
        match own {
            None => Some(format!("holds {} in a start that never was, {}", member.name, member.boot)),
            Some(own) if member.incarnation > *own => {
                Some(format!("holds {} at {}, which gave itself {own} at most", member.name, member.incarnation))
            }
            Some(_) => None,
        }
    }
}
