//! Whose is it? Members by their ids, as they were at one moment.

use bruit::NodeId;
use bruit::net::{Handle, Member};
use bruit_terminal::failure::{Code, Failure};

/// The members.
pub struct Who(Vec<Member>);

impl Who {
    /// As a node sees them now.
    pub fn now(handle: &Handle) -> Self {
        let mut members = handle.members();
        members.sort_unstable_by_key(|member| member.id);
        Self(members)
    }

    /// The member with this id.
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        self.0.binary_search_by_key(&id, |member| member.id).ok().map(|at| &self.0[at])
    }

    /// How a node is called: its id where it is no member.
    pub fn name(&self, id: NodeId) -> String {
        self.member(id).map_or_else(|| id.to_string(), |member| member.name.to_string())
    }

    /// In which zone it is.
    pub fn zone(&self, id: NodeId) -> String {
        self.member(id).map_or_else(String::new, |member| member.zone.clone())
    }

    /// Sorts what is known of members by their names, but for the first, which is this node.
    pub fn sort<T>(&self, members: &mut [(NodeId, T)]) {
        if let [_, others @ ..] = members {
            others.sort_by_cached_key(|(id, _)| self.name(*id));
        }
    }

    /// Which one is called so, by its name or its id. Who is no member any more can still own what is durable: any id will do.
    pub fn called(&self, node: &str) -> Result<NodeId, Failure> {
        let by_name = self.0.iter().find(|member| member.name.as_str() == node).map(|member| member.id);
        let by_id = || u64::from_str_radix(node, 16).ok().filter(|_| node.len() == 16).map(NodeId::from_u64);
        by_name.or_else(by_id).ok_or_else(|| {
            Failure::new(Code::Failed, format_args!("no member is called `{node}`"))
                .advise("`bruit members` lists them")
        })
    }
}
