//! Can a node be used to multiply bytes? A stranger gets no answer that is larger than its question, and no page before
//! it has shown a cookie.
//!
//! Whoever can bind a datagram to a node's start has been told of it, by the node or by a member: such a datagram has
//! the receiver's short boot id in its header and a checksum that fits under its whole boot id. A *stranger* is the
//! sender of any other datagram, unless it comes from where the node holds a member: to those it speaks of its own
//! accord, at addresses that members told it of. While a node works on a stranger's datagram, all that it sends to that
//! address together may not be longer than the datagram. Binding does not prove where one is, and pages are many bytes
//! for few: they leave only for an address from which the node got back, in this life, a cookie that it had made for
//! that address.

use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};

use crate::id::{BootId, NodeId};
use crate::node::Node;
use crate::sim::passing::{has_kind, sections_of};
use crate::sim::{HostId, Passing};
use crate::wire::{Binding, Datagram, Kind, Section};

/// Who has shown what.
#[derive(Debug, Default)]
pub(super) struct Stranger {
    /// Every start, by what a header without introduction says of it.
    starts: BTreeMap<(NodeId, u32), BootId>,
    question: Option<Question>,
    /// The cookies that each node has made for an address: several, since they differ by start and by minute.
    made: BTreeSet<(HostId, SocketAddr, u64)>,
    shown: BTreeSet<(HostId, SocketAddr)>,
}

/// The datagram that a node works on.
#[derive(Debug)]
struct Question {
    host: HostId,
    from: SocketAddr,
    bytes: Vec<u8>,
    answered: usize,
}

impl Stranger {
    pub fn started(&mut self, host: HostId, node: &Node) {
        let me = node.me();
        self.starts.insert((me.id, me.boot.tag()), me.boot);
        self.made.retain(|(of, ..)| *of != host);
        self.shown.retain(|(of, _)| *of != host);
    }

    pub fn received(&mut self, host: HostId, from: SocketAddr, bytes: &[u8]) {
        let mut buffer = self.question.take().map(|question| question.bytes).unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        self.question = Some(Question { host, from, bytes: buffer, answered: 0 });
        if has_kind(bytes, Kind::PageRequest) && self.shows_cookie(host, from, bytes) {
            self.shown.insert((host, from));
        }
    }

    fn shows_cookie(&self, host: HostId, from: SocketAddr, bytes: &[u8]) -> bool {
        let is_ours = |cookie: u64| self.made.contains(&(host, from, cookie));
        let mut sections = sections_of(bytes).into_iter().flatten();
        sections.any(|section| matches!(section, Section::PageRequest(raw) if is_ours(raw.cookie.get())))
    }

    /// What is wrong with sending a page.
    pub fn sent(&mut self, passing: &Passing<'_>) -> Option<String> {
        let key = (passing.from, passing.to_addr);
        if let Some(question) = self.question.as_mut().filter(|question| (question.host, question.from) == key) {
            question.answered += passing.bytes.len();
        }
        if passing.has(Kind::Cookie) {
            for section in passing.sections().into_iter().flatten() {
                if let Section::Cookie(raw) = section {
                    self.made.extend(raw.get().map(|cookie| (key.0, key.1, cookie.cookie)));
                }
            }
        }
        let unproven = passing.has(Kind::Page) && !self.shown.contains(&key);
        unproven.then(|| format!("sent a page to {}, which has shown no cookie", passing.to_addr))
    }

    /// What is wrong with how a datagram was answered.
    pub fn stepped(&mut self, host: HostId, node: &Node) -> Option<String> {
        let question = self.question.take().filter(|question| question.host == host)?;
        let (asked, answered) = (question.bytes.len(), question.answered);
        let too_much = answered > asked && self.is_stranger(node, &question);
        let what = || format!("sent {answered} bytes to {} for {asked} of a stranger's", question.from);
        let found = too_much.then(what);
        // Its buffer is used again.
        self.question = Some(Question { host: HostId(u32::MAX), ..question });
        found
    }

    /// Whether a datagram was not bound to this node's start, and came from where no member is.
    fn is_stranger(&self, node: &Node, question: &Question) -> bool {
        if node.members().any(|member| member.addr == question.from) {
            return false;
        }
        let Ok(datagram) = Datagram::parse(&question.bytes) else { return true };
        let header = datagram.header;
        let known = || self.starts.get(&(header.sender, header.boot_tag)).copied();
        let Some(sender) = header.introduced_boot().or_else(known).filter(|_| header.receiver.is_some()) else {
            return true;
        };
        let counter_high = header.intro.map_or(0, |(_, high)| high);
        let binding = Binding { cluster: node.cluster(), sender, receiver: Some(node.me().boot), counter_high };
        datagram.open(&binding).is_err()
    }
}
