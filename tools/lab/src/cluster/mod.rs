//! What is a cluster to a measurement? Numbered members that can be crashed and started again, and that report what they
//! see: loops in this process, or agents that are processes of their own.

pub mod agents;
pub mod binary;
pub mod loops;

use bruit::wire::State;

use crate::failure::Failure;
use crate::views::Seen;

/// What the names of all nodes begin with.
const PREFIX: &str = "lab-";
/// The cluster's label: nobody else's.
const LABEL: &str = "bruit-lab";

/// The name of a member.
fn name(member: usize) -> String {
    format!("{PREFIX}{member:03}")
}

/// The member of a name, if it is one of ours.
fn member(name: &str) -> Option<usize> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

/// Numbered members, all started.
pub trait Cluster {
    /// How many members there are, running or not.
    fn members(&self) -> usize;

    /// Appends what the members have reported since the last call.
    fn take(&mut self, seen: &mut Vec<Seen>);

    /// How a running member sees all in its table.
    ///
    /// # Errors
    /// When it does not answer.
    fn ask(&mut self, member: usize) -> Result<Vec<(usize, State)>, Failure>;

    /// Ends a member at once, without a word to the others.
    ///
    /// # Errors
    /// When it could not be ended.
    fn crash(&mut self, member: usize) -> Result<(), Failure>;

    /// Starts it again under its name, joining through others that run.
    ///
    /// # Errors
    /// When it does not start.
    fn restart(&mut self, member: usize) -> Result<(), Failure>;
}
