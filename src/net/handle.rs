//! How does an embedder talk to a running loop? Through a [`Handle`]: commands and events in bounded queues, figures and
//! members by reading.

use core::net::SocketAddr;
use core::time::Duration;

use super::error::CommandError;
use super::figures::{Info, Member, Stats};
use crate::event::Event;
use crate::id::{BootId, Name, NodeId};

/// A running node. Cheap to clone; when the last one is dropped the loop ends, as by [`Handle::stop`].
///
/// No call here can disturb the loop: queues are bounded, readers take no lock, and what waits for an answer waits for a
/// bounded time.
#[derive(Clone, Debug)]
pub struct Handle(());

impl Handle {
    /// The node's name.
    #[must_use]
    pub fn name(&self) -> Name {
        unimplemented!()
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        unimplemented!()
    }

    /// This start of the node.
    #[must_use]
    pub fn boot(&self) -> BootId {
        unimplemented!()
    }

    /// The address that the socket is bound to, with the port that the kernel gave where 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        unimplemented!()
    }

    /// The address under which the others reach the node.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        unimplemented!()
    }

    /// Every member in the table, this node included, in no particular order. Reads a snapshot that the loop keeps up
    /// to date: takes no lock, and works when the loop is wedged or has ended (R29).
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let mut members = Vec::new();
        self.members_into(&mut members);
        members
    }

    /// As [`Handle::members`], into a list that is cleared first. `true` when all records are of one moment; `false` when
    /// the table changed so often meanwhile that they are each whole but of moments close together.
    pub fn members_into(&self, _members: &mut Vec<Member>) -> bool {
        unimplemented!()
    }

    /// What the node is and how it is. Waits up to 100 ms for the loop to say how much of its capacities is taken; the rest
    /// is read without it.
    #[must_use]
    pub fn info(&self) -> Info {
        unimplemented!()
    }

    /// Everything counted and measured. Asks the loop for fresh figures and waits for them up to 100 ms; a wedged or
    /// ended loop leaves the last ones, with their age.
    #[must_use]
    pub fn stats(&self) -> Stats {
        unimplemented!()
    }

    /// The next event; waits up to `timeout` for it. `None` when none came, at once when the loop has ended and all are read.
    /// Each event goes to one reader, however many handles there are.
    #[must_use]
    pub fn next_event(&self, _timeout: Duration) -> Option<Event> {
        unimplemented!()
    }

    /// The next event, if one waits.
    #[must_use]
    pub fn try_event(&self) -> Option<Event> {
        unimplemented!()
    }

    /// Joins through these addresses as well. Returns when the node has noted them; [`Event::Joined`] tells of success.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn join(&self, _seeds: &[SocketAddr]) -> Result<(), CommandError> {
        unimplemented!()
    }

    /// Takes a dead member off the list: it is spread as having left.
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn remove(&self, _id: NodeId) -> Result<(), CommandError> {
        unimplemented!()
    }

    /// Tells the others that this node goes. Returns when it has begun; [`Event::LeaveDone`] tells of its end. The loop
    /// goes on, so that figures stay readable, until [`Handle::stop`].
    ///
    /// # Errors
    /// The node's refusal, or that it could not be asked.
    pub fn leave(&self) -> Result<(), CommandError> {
        unimplemented!()
    }

    /// Ends the loop at once and without a word: to the others this is a crash. Closes the socket.
    pub fn stop(&self) {
        unimplemented!()
    }

    /// Waits until the loop has ended and its socket is closed, or until `timeout`; whether it has ended.
    #[must_use]
    pub fn wait_stopped(&self, _timeout: Duration) -> bool {
        unimplemented!()
    }
}
