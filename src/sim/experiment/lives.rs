//! Who runs, and who is held dead though it does? An observer that several experiments share.

use std::collections::BTreeSet;

use crate::event::Event;
use crate::id::BootId;
use crate::node::Node;
use crate::sim::{HostId, Observer};
use crate::time::Instant;

/// The lives that have not ended.
#[derive(Debug, Default)]
pub(super) struct Lives {
    running: BTreeSet<BootId>,
    of: Vec<Option<BootId>>,
    /// Times that somebody was told of the death of a life that has not ended.
    pub false_deaths: u64,
}

impl Lives {
    /// The present life on a host.
    pub fn on(&self, host: HostId) -> Option<BootId> {
        self.of.get(host.index()).copied().flatten()
    }
}

impl Observer for Lives {
    fn started(&mut self, _: Instant, host: HostId, node: &Node) {
        self.of.resize(self.of.len().max(host.index() + 1), None);
        self.of[host.index()] = Some(node.me().boot);
        self.running.insert(node.me().boot);
    }

    fn crashed(&mut self, _: Instant, host: HostId, _: &Node) {
        if let Some(boot) = self.of[host.index()].take() {
            self.running.remove(&boot);
        }
    }

    fn event(&mut self, _: Instant, _: HostId, event: &Event) {
        if let Event::Failed(member) = event {
            self.false_deaths += u64::from(self.running.contains(&member.boot));
        }
    }
}
