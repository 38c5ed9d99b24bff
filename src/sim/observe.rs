//! Who watches? Whatever wants to know what happens in a world while it happens: checkers, coverage, experiments.

use core::net::SocketAddr;

use super::host::HostId;
use super::passing::Passing;
use crate::event::Event;
use crate::node::{MemberView, Node, SharedWrite, Write};
use crate::time::Instant;

/// What a node is asked to write into the state.
#[derive(Clone, Copy, Debug)]
pub enum Written<'a> {
    /// A key of its own.
    Own(&'a Write<'a>),
    /// A key that all may write.
    Shared(&'a SharedWrite<'a>),
}

/// Is told what happens in a [`World`](super::World), in the order in which it happens. Times are the world's. Every method
/// does nothing unless it is written; a world that nobody watches pays nothing.
pub trait Observer {
    /// Whether [`Observer::changed`] is to be called: following each record of each node has its price.
    const CHANGES: bool = false;

    /// A node has been started on a host, under a new boot id.
    fn started(&mut self, _at: Instant, _host: HostId, _node: &Node) {}

    /// The process of a host has died, and this is the last that is seen of its node.
    fn crashed(&mut self, _at: Instant, _host: HostId, _node: &Node) {}

    /// A node is about to be called: what happens from here to [`Observer::called`] on this thread is its own doing.
    fn calling(&mut self) {}

    /// A node has come back from a call that took an input, or asked for a datagram or an event.
    fn called(&mut self, _at: Instant, _host: HostId) {}

    /// A node is about to be given a datagram.
    fn received(&mut self, _at: Instant, _host: HostId, _from: SocketAddr, _bytes: &[u8]) {}

    /// A node has sent a datagram; the network has not been asked yet.
    fn sent(&mut self, _passing: &Passing<'_>) {}

    /// A node has told its embedder something.
    fn event(&mut self, _at: Instant, _host: HostId, _event: &Event) {}

    /// A node is about to be asked to write.
    fn writing(&mut self, _at: Instant, _host: HostId, _node: &Node, _what: &Written<'_>) {}

    /// A node has taken what it was asked to write last.
    fn wrote(&mut self, _at: Instant, _host: HostId, _node: &Node) {}

    /// The record that a node holds at a place of its table has changed; `None`: the place is free now. Places are named
    /// after each input, each at most once.
    fn changed(&mut self, _at: Instant, _host: HostId, _slot: u32, _member: Option<&MemberView<'_>>) {}

    /// A node has taken an input and been drained.
    fn stepped(&mut self, _at: Instant, _host: HostId, _node: &Node) {}
}

/// Nobody watches.
impl Observer for () {}

/// Two watch, the first one first.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const CHANGES: bool = A::CHANGES || B::CHANGES;

    fn started(&mut self, at: Instant, host: HostId, node: &Node) {
        self.0.started(at, host, node);
        self.1.started(at, host, node);
    }

    fn crashed(&mut self, at: Instant, host: HostId, node: &Node) {
        self.0.crashed(at, host, node);
        self.1.crashed(at, host, node);
    }

    fn calling(&mut self) {
        self.0.calling();
        self.1.calling();
    }

    fn called(&mut self, at: Instant, host: HostId) {
        self.1.called(at, host);
        self.0.called(at, host);
    }

    fn received(&mut self, at: Instant, host: HostId, from: SocketAddr, bytes: &[u8]) {
        self.0.received(at, host, from, bytes);
        self.1.received(at, host, from, bytes);
    }

    fn sent(&mut self, passing: &Passing<'_>) {
        self.0.sent(passing);
        self.1.sent(passing);
    }

    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        self.0.event(at, host, event);
        self.1.event(at, host, event);
    }

    fn writing(&mut self, at: Instant, host: HostId, node: &Node, what: &Written<'_>) {
        self.0.writing(at, host, node, what);
        self.1.writing(at, host, node, what);
    }

    fn wrote(&mut self, at: Instant, host: HostId, node: &Node) {
        self.0.wrote(at, host, node);
        self.1.wrote(at, host, node);
    }

    fn changed(&mut self, at: Instant, host: HostId, slot: u32, member: Option<&MemberView<'_>>) {
        self.0.changed(at, host, slot, member);
        self.1.changed(at, host, slot, member);
    }

    fn stepped(&mut self, at: Instant, host: HostId, node: &Node) {
        self.0.stepped(at, host, node);
        self.1.stepped(at, host, node);
    }
}
