//! Who drives the nodes? One loop that owns their sockets, the [`Node`](crate::Node)s and all buffers: nothing of it is shared.
//!
//! ```text
//!  sleep -> who has something to do? -> each of them its round (round.rs), one after the other -> sleep
//!           datagrams, a deadline, the bell
//! ```

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use mio::{Events, Poll, Token};

use super::bell::{Bell, Cord, NODES_MAX};
use super::buffers::Buffers;
use super::endpoint::{Endpoint, Seat};
use super::error::StartError;
use super::handle::Handle;
use super::options::Options;
use super::round::Waiting;
use super::shared::Clock;
use super::socket::os;
use crate::bounded::{Deadlines, SetQueue};
use crate::config::Params;
use crate::error::in_range;
use crate::id::BootId;
use crate::node::{Identity, Input};
use crate::time::{Instant, Span};

/// The bell; the sockets have the numbers of their slots.
const BELL: Token = Token(NODES_MAX);

/// Nodes that begin their probe rounds at the same moment, where a loop has several: to wake up a core and fetch the program anew
/// costs as much as what some of them do.
const NODES_A_WAKING: usize = 10;
/// Moments of each probe interval at which they do so at most: each more is a waking more.
const MOMENTS_MAX: usize = 10;

/// Binds, buys everything, and runs the loop on a thread of its own that bears the node's name. No seeds: founds a cluster.
///
/// # Errors
/// What has to be changed for the node to start.
pub fn start(
    params: Params,
    identity: &Identity<'_>,
    seeds: &[SocketAddr],
    options: &Options,
) -> Result<Handle, StartError> {
    let (looped, handle) = Loop::new(params, identity, seeds, options)?;
    let run =
        move || looped.run().expect("waiting for a socket that is open, on a selector that is open, does not fail");
    let thread = std::thread::Builder::new().name(identity.name.to_string());
    thread.spawn(run).map_err(os("starting the thread of the loop"))?;
    Ok(handle)
}

/// 64 bits from the operating system, for [`Identity::boot`].
///
/// # Errors
/// When the system has none to give.
pub fn fresh_boot() -> Result<BootId, StartError> {
    random().map(BootId::from_u64)
}

pub(super) fn random() -> Result<u64, StartError> {
    getrandom::u64().map_err(|error| {
        let error =
            error.raw_os_error().map_or_else(|| io::ErrorKind::Unsupported.into(), io::Error::from_raw_os_error);
        StartError::Os { doing: "asking for random bits", error }
    })
}

/// Bound nodes that do not run yet, for those who bring the thread: one, or several that share it.
///
/// Each has its own socket and [`Handle`], and knows nothing of the others. Together on one thread they cost a fraction of what a
/// thread for each would (the machine wakes once for many, and their caches and buffers are the same), and wait for each other: as
/// long as the rounds of those take that have something to do.
///
/// ```no_run
/// use bruit::net::{self, Loop, Options};
/// use bruit::{Config, Identity, Name, Params};
/// # fn main() -> Result<(), Box<dyn core::error::Error>> {
/// let options = Options { bind: "127.0.0.1:0".parse()?, ..Options::default() };
/// let identity = |name: &str| -> Result<Identity<'static>, net::StartError> {
///     let name = Name::new(name).expect("short enough");
///     Ok(Identity { name, cluster: "example", addr: options.bind, boot: net::fresh_boot()?, zone: "", tags: &[] })
/// };
/// let params = || Params::try_from(Config::default());
/// let (mut shared, first) = Loop::new(params()?, &identity("shard-0")?, &[], &options)?;
/// let second = shared.add(params()?, &identity("shard-1")?, &[first.addr()], &options)?;
/// std::thread::spawn(move || shared.run());
/// # drop(second);
/// # Ok(())
/// # }
/// ```
pub struct Loop {
    poll: Poll,
    ready: Events,
    bell: Arc<Bell>,
    clock: Clock,
    buffers: Buffers,
    spin: Span,
    /// By slot; `None` for those that have ended.
    pub(super) endpoints: Vec<Option<Endpoint>>,
    running: usize,
    /// Of those that sleep.
    deadlines: Deadlines,
    /// Those that have something to do.
    pub(super) due: SetQueue,
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.endpoints.iter().flatten().map(|endpoint| &endpoint.port);
        f.debug_struct("Loop").field("ports", &ports.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

impl Loop {
    /// Binds and buys everything. No seeds: founds a cluster. From here on datagrams wait in the kernel.
    ///
    /// # Errors
    /// What has to be changed for the node to start.
    pub fn new(
        params: Params,
        identity: &Identity<'_>,
        seeds: &[SocketAddr],
        options: &Options,
    ) -> Result<(Self, Handle), StartError> {
        let poll = Poll::new().map_err(os("making a selector"))?;
        let bell = Bell::new(poll.registry(), BELL).map_err(os("making a waker"))?;
        let mut looped = Self {
            poll,
            ready: Events::with_capacity(1),
            bell: Arc::new(bell),
            clock: Clock::of_process(),
            buffers: Buffers::none(),
            spin: Span::ZERO,
            endpoints: Vec::new(),
            running: 0,
            deadlines: Deadlines::new(0),
            due: SetQueue::new(0),
        };
        let handle = looped.add(params, identity, seeds, options)?;
        Ok((looped, handle))
    }

    /// As [`Loop::new`], for one node more on this loop: up to 1,024 in all. Of [`Options::spin`] and [`Options::batch`] the loop
    /// goes by the largest that one of its nodes asks for. [`Loop::run`] ends with the last of them.
    ///
    /// # Errors
    /// What has to be changed for the node to start. The loop is as it was then.
    pub fn add(
        &mut self,
        params: Params,
        identity: &Identity<'_>,
        seeds: &[SocketAddr],
        options: &Options,
    ) -> Result<Handle, StartError> {
        options.check()?;
        let (slot, nodes) = (self.endpoints.len(), self.endpoints.len() + 1);
        in_range("nodes of a loop", nodes as u64, 1, NODES_MAX as u64)?;
        let seat = Seat {
            registry: self.poll.registry(),
            token: Token(slot),
            cord: Cord::new(Arc::clone(&self.bell), slot as u32),
            clock: self.clock,
            buffers: &mut self.buffers,
        };
        let (endpoint, handle) = Endpoint::new(params, identity, seeds, options, seat)?;
        self.endpoints.push(Some(endpoint));
        self.running += 1;
        self.spin = self.spin.max(options.spin.into());
        self.ready = Events::with_capacity(nodes + 1);
        self.deadlines = Deadlines::new(nodes);
        self.due = SetQueue::new(nodes);
        Ok(handle)
    }

    /// Runs on this thread until each node was told to end by [`Handle::stop`], or has lost its last handle. Allocates nothing.
    ///
    /// # Errors
    /// When the operating system no longer waits for the sockets; the nodes are gone then.
    pub fn run(mut self) -> io::Result<()> {
        let mut now = self.begin();
        while self.running > 0 {
            let woken = self.sleep(now)?;
            now = self.turn(woken);
        }
        Ok(())
    }

    /// Lets all nodes join. Returns the time.
    pub(super) fn begin(&mut self) -> Instant {
        if self.running > 1 {
            let moments = (self.running / NODES_A_WAKING).clamp(1, MOMENTS_MAX) as u32;
            self.endpoints.iter_mut().flatten().for_each(|endpoint| endpoint.share_wakes(moments));
        }
        let mut now = self.clock.now();
        for slot in 0..self.endpoints.len() {
            now = self.round(slot, now, |endpoint, buffers, now| {
                let seeds = core::mem::take(&mut endpoint.seeds);
                let joined = endpoint.node.handle_input(now, Input::Join(&seeds));
                debug_assert!(joined.is_ok(), "their number was checked, and the node is new");
                endpoint.answer(now, buffers);
            });
        }
        now
    }

    /// A round of each node that has something to do; what one leaves undone comes after the others. Returns the time.
    pub(super) fn turn(&mut self, woken: Instant) -> Instant {
        let mut now = woken;
        for _ in 0..self.due.len() {
            let Some(slot) = self.due.pop() else { break };
            now = self.round(slot as usize, now, |endpoint, buffers, now| endpoint.round(now, buffers));
        }
        now
    }

    /// Has one node do something, and sees when it wants to do more. Returns the time.
    fn round(
        &mut self,
        slot: usize,
        began: Instant,
        what: impl FnOnce(&mut Endpoint, &mut Buffers, Instant),
    ) -> Instant {
        let Some(Some(endpoint)) = self.endpoints.get_mut(slot) else { return began };
        what(endpoint, &mut self.buffers, began);
        let now = endpoint.finish_round(began, &mut self.buffers);
        if endpoint.shared.is_stopping() {
            endpoint.publish(now);
            self.deadlines.cancel(slot as u32);
            self.endpoints[slot] = None;
            self.running -= 1;
            return now;
        }
        match endpoint.node.poll_timeout() {
            Some(at) => self.deadlines.set(slot as u32, at),
            None => self.deadlines.cancel(slot as u32),
        }
        if endpoint.waiting != Waiting::default() {
            self.due.push(slot as u32);
        }
        now
    }

    /// Sleeps until somebody has something to do: something waits, somebody calls, a deadline is over. Returns the time.
    pub(super) fn sleep(&mut self, now: Instant) -> io::Result<Instant> {
        self.answer_bell();
        while let Some((_, slot)) = self.deadlines.pop_due(now) {
            self.due.push(slot);
        }
        if self.due.len() == self.running {
            // Their sockets are asked in place of the selector, before any tick.
            for slot in (0..self.running).filter_map(|nth| self.due.nth(nth)) {
                if let Some(endpoint) = &mut self.endpoints[slot as usize] {
                    endpoint.waiting.datagrams = true;
                }
            }
            return Ok(now);
        }
        if !self.due.is_empty() {
            return self.select(Some(Duration::ZERO));
        }
        let deadline = self.deadlines.first().map(|(at, _)| at);
        let now = if self.spin == Span::ZERO { now } else { self.spin(now, deadline)? };
        if !self.due.is_empty() {
            return Ok(now);
        }
        self.select(deadline.map(|at| at.since(now).into()))
    }

    /// Looks around without sleeping, until somebody has something to do or the configured time is over. Returns the time.
    fn spin(&mut self, began: Instant, deadline: Option<Instant>) -> io::Result<Instant> {
        let until = deadline.map_or(began + self.spin, |at| at.min(began + self.spin));
        let mut now = began;
        while now < until && self.due.is_empty() {
            now = self.select(Some(Duration::ZERO))?;
        }
        Ok(now)
    }

    /// Asks the selector, which may take so long, and notes who has something to do. Returns the time.
    fn select(&mut self, timeout: Option<Duration>) -> io::Result<Instant> {
        match self.poll.poll(&mut self.ready, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        for event in &self.ready {
            let slot = event.token().0;
            let Some(Some(endpoint)) = self.endpoints.get_mut(slot) else { continue };
            endpoint.waiting.datagrams |= event.is_readable();
            endpoint.waiting.errors |= event.is_error();
            self.due.push(slot as u32);
        }
        self.answer_bell();
        let woken = self.clock.now();
        let slept = timeout != Some(Duration::ZERO) && self.ready.is_empty();
        while let Some((at, slot)) = self.deadlines.pop_due(woken) {
            let Some(endpoint) = self.endpoints[slot as usize].as_mut().filter(|_| self.due.push(slot)) else {
                continue;
            };
            endpoint.io.timeouts += 1;
            if slept {
                endpoint.histograms.wake_lateness.record(woken.since(at));
            }
        }
        let first = self.due.nth(0).and_then(|slot| self.endpoints[slot as usize].as_mut());
        if let Some(endpoint) = first {
            endpoint.io.polls += 1;
        }
        Ok(woken)
    }

    /// Notes who was called.
    fn answer_bell(&mut self) {
        let (due, endpoints) = (&mut self.due, &self.endpoints);
        self.bell.answer(|slot| {
            // A handle may outlive its node.
            if endpoints.get(slot as usize).is_some_and(Option::is_some) {
                due.push(slot);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Profile};
    use crate::error::ConfigError;
    use crate::id::Name;
    use crate::limits::Limits;
    use crate::rumor::{Class, Topic};

    fn options() -> Options {
        Options { bind: ([127, 0, 0, 1], 0).into(), ..Options::default() }
    }

    fn identity(name: &str) -> Identity<'_> {
        let name = Name::new(name).expect("a name");
        Identity { name, cluster: "run", addr: options().bind, boot: BootId::from_u64(1), zone: "", tags: &[] }
    }

    fn params() -> Params {
        Params::new(&Config::new(Profile::Lan), &Limits::for_members(4)).expect("consistent")
    }

    fn two() -> (Loop, [Handle; 2]) {
        let (mut looped, a) = Loop::new(params(), &identity("a"), &[], &options()).expect("a free port");
        let b = looped.add(params(), &identity("b"), &[], &options()).expect("a free port");
        (looped, [a, b])
    }

    fn rounds(looped: &Loop) -> Vec<u64> {
        looped.endpoints.iter().flatten().map(|endpoint| endpoint.io.rounds).collect()
    }

    #[test]
    fn nodes_of_one_loop_probe_at_the_same_moments_and_one_alone_wherever_it_likes() {
        let begins = |looped: &Loop| {
            let soon = Instant::from_nanos(1);
            looped.endpoints.iter().flatten().map(|endpoint| endpoint.node.probe_round(soon)).collect::<Vec<_>>()
        };
        let (mut alone, _handle) = Loop::new(params(), &identity("a"), &[], &options()).expect("a free port");
        alone.begin();
        assert_eq!(begins(&alone), [Instant::from_nanos(1)]);
        let (mut shared, mut handles) = (alone, Vec::new());
        for (nodes, moments) in [(2, 1), (20, 2)] {
            let names = (shared.endpoints.len()..nodes).map(|n| format!("n{n}"));
            handles.extend(
                names.map(|name| shared.add(params(), &identity(&name), &[], &options()).expect("a free port")),
            );
            shared.begin();
            assert_eq!(begins(&shared), vec![Instant::ZERO + Span::secs(1) / moments; nodes]);
        }
    }

    #[test]
    fn only_who_was_called_has_a_round() {
        let (mut looped, [_a, b]) = two();
        let now = looped.begin();
        assert_eq!(rounds(&looped), [0, 0]);
        b.try_publish(Topic::from_u64(1), Class::Normal, b"x").expect("room");
        let woken = looped.sleep(now).expect("a selector that is open");
        looped.turn(woken);
        assert_eq!(rounds(&looped), [0, 1]);
    }

    #[test]
    fn work_that_one_leaves_undone_comes_after_what_the_others_have_to_do() {
        let (mut looped, [a, b]) = two();
        let mut now = looped.begin();
        for _ in 0..200 {
            a.try_publish(Topic::from_u64(1), Class::Normal, b"x").expect("room");
        }
        now = looped.sleep(now).expect("a selector that is open");
        now = looped.turn(now);
        b.try_publish(Topic::from_u64(1), Class::Normal, b"x").expect("room");
        let taken = |looped: &Loop| {
            looped.endpoints.iter().flatten().map(|endpoint| endpoint.io.rumors_taken).collect::<Vec<_>>()
        };
        let first = taken(&looped)[0];
        assert!(first < 200, "one round does not take all: {first}");
        now = looped.sleep(now).expect("a selector that is open");
        looped.turn(now);
        assert_eq!((rounds(&looped), taken(&looped)[1]), (vec![2, 1], 1), "both in one turn");
    }

    #[test]
    fn a_loop_has_so_many_nodes_and_no_more() {
        let (mut looped, _handles) = two();
        looped.endpoints.resize_with(NODES_MAX, || None);
        let refused = looped.add(params(), &identity("c"), &[], &options()).expect_err("1,024 are there");
        let expected = ConfigError::OutOfRange { field: "nodes of a loop", got: 1_025, min: 1, max: 1_024 };
        assert!(matches!(refused, StartError::Config(error) if error == expected));
    }
}
