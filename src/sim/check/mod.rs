//! Is anything wrong in a world? Rules that hold after each step, and rules that hold once all is quiet.
//!
//! [`Checks`] is an [`Observer`]: a world that it watches is checked at each step, whatever a test does to it. What
//! holds only when nothing is under way is asked for by [`disquiet`], which looks at a world once; [`Quiet`] says how
//! long after the last fault nothing may be found any more. One file for each rule.
//!
//! ```
//! use bruit::sim::check::{Checks, Quiet, disquiet};
//! use bruit::sim::{Bounds, Spec, World};
//! use bruit::{Config, Params};
//!
//! let params = Params::try_from(Config::default()).expect("the defaults agree with each other");
//! let mut world = World::watched(7, Bounds::default(), Checks::default());
//! let specs = ["a", "b", "c"].map(|name| Spec::new(name, params.clone()));
//! world.form(&specs).expect("good specs");
//! // Here: whatever is to go wrong.
//! let within = Quiet::of(&params, 3, 0).total();
//! assert!(world.run_until(within, |w| disquiet(w).is_empty()).is_some());
//! assert!(world.observer.found().is_empty(), "{:?}", world.observer.found());
//! ```

mod agreement;
mod allocation;
mod budget;
mod capacity;
mod census;
mod exactly_once;
mod false_death;
mod missed_death;
mod own_record;
mod precedence;
mod quiet;
mod raised;
mod replicas;
mod silence;
mod stranger;

use core::fmt;
use core::net::SocketAddr;

pub use quiet::Quiet;

use super::{HostId, Observer, Passing, World, Written};
use crate::error::closed_enum;
use crate::event::Event;
use crate::node::{MemberView, Node};
use crate::time::Instant;
use allocation::Allocation;
use budget::Budget;
use census::Census;
use exactly_once::ExactlyOnce;
use own_record::OwnRecord;
use precedence::Precedence;
use raised::Raised;
use replicas::Replicas;
use stranger::Stranger;

/// How many violations [`Checks`] remembers: the first ones say most.
const REMEMBERED: usize = 32;

closed_enum! {
    /// A rule.
    Check {
        /// A node's own record is its own doing (R4).
        OwnRecord = "own_record",
        /// Nobody holds a start at a number that it has not given itself.
        Raised = "raised_by_another",
        /// What a node holds of a member never goes back.
        Precedence = "precedence",
        /// Who has left does nothing any more.
        Silence = "silence",
        /// No capacity is exceeded: memory is constant.
        Capacity = "capacity",
        /// No datagram is longer than `max_datagram`.
        DatagramSize = "datagram_size",
        /// The hard caps on datagrams and bytes a second are kept.
        Budget = "budget",
        /// No stranger gets an answer larger than its question (see the file for who that is).
        Stranger = "stranger",
        /// Nothing is allocated in a node's calls.
        Allocation = "allocation",
        /// Each rumor is told of once: it has come, unchanged and in its turn, or it is lost.
        ExactlyOnce = "exactly_once",
        /// Once quiet: nothing of an origin that runs is missing and not reported as lost.
        MissingRumor = "missing_rumor",
        /// Once quiet: everybody holds what was written and nothing else.
        Replicas = "replicas",
        /// Once quiet: nobody is held dead who lives.
        FalseDeath = "false_death",
        /// Once quiet: nobody is held up who is gone.
        MissedDeath = "missed_death",
        /// Once quiet: all see the same.
        Agreement = "agreement",
        /// An assertion of a node's or of the world's own has failed.
        Panicked = "panicked",
    }
}

/// A rule was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub check: Check,
    /// When, in the world's time.
    pub at: Instant,
    /// By whom; `None` where it is the world's own.
    pub host: Option<HostId>,
    /// What exactly.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.at.as_nanos() / 1_000_000;
        write!(f, "{} at {}.{:03} s", self.check.name(), millis / 1_000, millis % 1_000)?;
        self.host.map_or(Ok(()), |host| write!(f, ", host {}", host.index()))?;
        write!(f, ": {}", self.what)
    }
}

/// The rules that hold after each step.
#[derive(Debug, Default)]
pub struct Checks {
    own_record: OwnRecord,
    raised: Raised,
    precedence: Precedence,
    budget: Budget,
    stranger: Stranger,
    exactly_once: ExactlyOnce,
    replicas: Replicas,
    allocation: Option<Allocation>,
    found: Vec<Violation>,
}

impl Checks {
    /// The same with the rule that a node allocates nothing. `count` says how often this thread has asked for memory:
    /// whoever has a counting allocator knows.
    #[must_use]
    pub fn counting(count: fn() -> u64) -> Self {
        Self { allocation: Some(Allocation::new(count)), ..Self::default() }
    }

    /// What was found, first things first: at most 32.
    #[must_use]
    pub fn found(&self) -> &[Violation] {
        &self.found
    }

    /// What keeps the rumors and the state of a world that these rules have watched from being quiet now: who misses what.
    #[must_use]
    pub fn missing<O: Observer>(&self, world: &World<O>) -> Vec<Violation> {
        let found: [(Check, Found); 2] =
            [(Check::MissingRumor, self.exactly_once.missing(world)), (Check::Replicas, self.replicas.wrong(world))];
        violations(found, world.now())
    }

    fn note(&mut self, check: Check, at: Instant, host: HostId, what: Option<String>) {
        let Some(what) = what.filter(|_| self.found.len() < REMEMBERED) else { return };
        self.found.push(Violation { check, at, host: Some(host), what });
    }
}

impl Observer for Checks {
    const CHANGES: bool = true;

    fn started(&mut self, at: Instant, host: HostId, node: &Node) {
        self.own_record.started(host, &node.me());
        self.raised.started(node.me().boot);
        self.precedence.started(host);
        self.budget.started(at, host, node.params());
        self.stranger.started(host, node);
        self.exactly_once.started(host);
        self.replicas.started(host);
    }

    fn crashed(&mut self, _at: Instant, _host: HostId, node: &Node) {
        self.exactly_once.crashed(node);
    }

    fn event(&mut self, _at: Instant, host: HostId, event: &Event) {
        self.exactly_once.event(host, event);
    }

    fn received(&mut self, _at: Instant, host: HostId, from: SocketAddr, bytes: &[u8]) {
        self.stranger.received(host, from, bytes);
    }

    fn sent(&mut self, passing: &Passing<'_>) {
        let (at, host) = (passing.at, passing.from);
        let too_long = self.budget.too_long(passing);
        self.note(Check::DatagramSize, at, host, too_long);
        let overspent = self.budget.overspent(passing);
        self.note(Check::Budget, at, host, overspent);
        let unproven = self.stranger.sent(passing);
        self.note(Check::Stranger, at, host, unproven);
    }

    fn writing(&mut self, _at: Instant, _host: HostId, node: &Node, what: &Written<'_>) {
        self.replicas.writing(node, what);
    }

    fn wrote(&mut self, at: Instant, _host: HostId, node: &Node) {
        self.replicas.wrote(at, node);
    }

    fn changed(&mut self, at: Instant, host: HostId, slot: u32, member: Option<&MemberView<'_>>) {
        let raised = member.and_then(|member| self.raised.changed(member));
        self.note(Check::Raised, at, host, raised);
        let back = self.precedence.changed(host, slot, member);
        self.note(Check::Precedence, at, host, back);
    }

    fn stepped(&mut self, at: Instant, host: HostId, node: &Node) {
        let own = self.own_record.stepped(host, &node.me(), node.phase());
        self.note(Check::OwnRecord, at, host, own);
        self.note(Check::Silence, at, host, silence::broken(node.phase(), node.poll_timeout()));
        self.note(Check::Capacity, at, host, capacity::exceeded(&node.usage()));
        let told = self.exactly_once.stepped(at, host, node);
        self.note(Check::ExactlyOnce, at, host, told);
        self.replicas.stepped(at, host, node);
        let multiplied = self.stranger.stepped(host, node);
        self.note(Check::Stranger, at, host, multiplied);
    }

    fn calling(&mut self) {
        self.allocation.iter_mut().for_each(Allocation::calling);
    }

    fn called(&mut self, at: Instant, host: HostId) {
        let made = self.allocation.as_ref().and_then(Allocation::called);
        self.note(Check::Allocation, at, host, made);
    }
}

/// What keeps a world from being quiet now: false deaths, missed deaths, disagreement. Costs the square of the number
/// of nodes.
#[must_use]
pub fn disquiet<O: Observer>(world: &World<O>) -> Vec<Violation> {
    in_census(&Census::take(world), world.now())
}

/// What a rule finds in a census.
type Found = Vec<(HostId, String)>;

fn in_census(census: &Census, at: Instant) -> Vec<Violation> {
    let found: [(Check, Found); 3] = [
        (Check::FalseDeath, false_death::found(census)),
        (Check::MissedDeath, missed_death::found(census)),
        (Check::Agreement, agreement::found(census)),
    ];
    violations(found, at)
}

fn violations(found: impl IntoIterator<Item = (Check, Found)>, at: Instant) -> Vec<Violation> {
    let of = |(check, found): (Check, Found)| {
        found.into_iter().map(move |(host, what)| Violation { check, at, host: Some(host), what })
    };
    found.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests;
