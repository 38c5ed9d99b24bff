//! Many nodes in this process, with real sockets, in this or another network namespace: a loop and a thread each, or several that
//! share one.
//!
//! Ending a loop closes its socket without a word, as SIGKILL does to a process: to the others the two are the same.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use bruit::net::{self, Handle, Loop, Options};
use bruit::wire::State;
use bruit::{Config, Event, Identity, Limits, MemberRef, Name, Params};
use nix::sched::{CloneFlags, setns};

use super::{Cluster, LABEL, PREFIX, member, name};
use crate::failure::Failure;
use crate::views::{Seen, What};

/// Places for events that nobody has read yet, beside four for each member.
const EVENTS: usize = 1_024;
/// Places in the table beside those of the members.
const SPARE: u32 = 8;
/// How long a loop may take to end.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How many others a node that starts again joins through.
const SEEDS: usize = 3;

/// Where a node listens.
#[derive(Clone, Debug)]
pub struct Place {
    /// The address to bind; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The file of its network namespace; this process's own without it.
    pub namespace: Option<PathBuf>,
}

impl Place {
    /// A free port of loopback.
    ///
    /// # Panics
    /// Never: the address is written here.
    #[must_use]
    pub fn loopback() -> Self {
        Self { bind: SocketAddr::from(([127, 0, 0, 1], 0)), namespace: None }
    }
}

/// The nodes; all ended when dropped.
#[derive(Debug)]
pub struct Loops {
    config: Config,
    limits: Limits,
    places: Vec<Place>,
    nodes: Vec<Option<Handle>>,
    began: Instant,
}

impl Loops {
    /// Binds one node for each place, then lets all run at once: the first founds, the others join through it.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(config: &Config, places: Vec<Place>) -> Result<Self, Failure> {
        let loops = places.len();
        Self::start_sharing(config, places, loops)
    }

    /// The same on so many threads, among which the nodes are dealt out.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start_sharing(config: &Config, places: Vec<Place>, loops: usize) -> Result<Self, Failure> {
        let members = u32::try_from(places.len()).map_err(Failure::doing("counting the members"))?;
        Self::start_on(config, &Self::limits(members), places, loops)
    }

    /// The limits of nodes of which nothing else is asked.
    #[must_use]
    pub fn limits(members: u32) -> Limits {
        Limits::for_members(members + SPARE)
    }

    /// As [`Loops::start`], with other limits.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start_with(config: &Config, limits: &Limits, places: Vec<Place>) -> Result<Self, Failure> {
        let loops = places.len();
        Self::start_on(config, limits, places, loops)
    }

    fn start_on(config: &Config, limits: &Limits, places: Vec<Place>, loops: usize) -> Result<Self, Failure> {
        let members = places.len();
        let gate = Arc::new(Barrier::new(loops + 1));
        let (config, limits) = (config.clone(), limits.clone());
        let mut started = Self { config, limits, nodes: vec![None; members], places, began: Instant::now() };
        let mut seeds = Vec::new();
        let mut held = Vec::new();
        for first in 0..loops {
            let dealt: Vec<usize> = (first..members).step_by(loops).collect();
            let (handles, go) = started.bind(dealt.clone(), seeds.clone(), Some(Arc::clone(&gate)))?;
            if first == 0 {
                seeds.extend(handles.first().map(Handle::local_addr));
            }
            for (member, handle) in dealt.into_iter().zip(handles) {
                started.nodes[member] = Some(handle);
            }
            held.push(go);
        }
        // Only now that none can fail any more: a thread at the barrier cannot be told to give up.
        for go in held {
            go.send(()).map_err(Failure::doing("letting a loop go"))?;
        }
        gate.wait();
        started.began = Instant::now();
        Ok(started)
    }

    /// When they were let go.
    #[must_use]
    pub const fn began(&self) -> Instant {
        self.began
    }

    /// The handles of those that run.
    pub fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.nodes.iter().flatten()
    }

    /// What the names of the loops' threads begin with.
    #[must_use]
    pub const fn thread_prefix() -> &'static str {
        PREFIX
    }

    /// The sum of a node's counter over all that run.
    #[must_use]
    pub fn sum(&self, counter: &str) -> u64 {
        let of = |handle: &Handle| {
            let stats = handle.stats();
            stats.counters.iter().chain(&stats.io).find(|(name, _)| *name == counter).map_or(0, |(_, n)| *n)
        };
        self.handles().map(of).sum()
    }

    /// Starts a thread that binds the nodes, each in its namespace, and runs them once told to and once everybody is at the gate.
    /// A sender that is dropped without a word ends the thread.
    fn bind(
        &self,
        dealt: Vec<usize>,
        seeds: Vec<SocketAddr>,
        gate: Option<Arc<Barrier>>,
    ) -> Result<(Vec<Handle>, SyncSender<()>), Failure> {
        let name = name(dealt.first().copied().unwrap_or_default());
        let places: Vec<_> = dealt.into_iter().map(|member| (member, self.places[member].clone())).collect();
        let (config, limits, members) = (self.config.clone(), self.limits.clone(), self.places.len());
        let (told, answer) = sync_channel(1);
        let (go, gone) = sync_channel(1);
        let work = move || {
            let bound = bind(&places, members, (&config, &limits), seeds);
            let looped = bound.map(|(looped, handles)| (told.send(Ok(handles)), looped).1);
            match looped {
                Ok(looped) => run(looped, &gone, gate.as_deref()),
                // Without a receiver the start was given up, and nobody wants to know why.
                Err(failure) => drop(told.send(Err(failure))),
            }
        };
        std::thread::Builder::new().name(name).spawn(work).map_err(Failure::doing("starting a thread"))?;
        let handles = answer.recv().map_err(|_| Failure::new("the thread of a loop has ended"))??;
        Ok((handles, go))
    }

    fn handle(&self, member: usize) -> Result<&Handle, Failure> {
        self.nodes[member].as_ref().ok_or_else(|| Failure::new(format_args!("{} does not run", name(member))))
    }
}

/// Makes the nodes of one loop. Without seeds the first of them founds.
fn bind(
    places: &[(usize, Place)],
    members: usize,
    (config, limits): (&Config, &Limits),
    mut seeds: Vec<SocketAddr>,
) -> Result<(Loop, Vec<Handle>), Failure> {
    let mut looped = None;
    let mut handles = Vec::with_capacity(places.len());
    for (member, place) in places {
        let params = Params::new(config, limits).map_err(Failure::new)?;
        let handle = add(&mut looped, (*member, members), place, params, &seeds)?;
        if seeds.is_empty() {
            seeds.push(handle.local_addr());
        }
        handles.push(handle);
    }
    Ok((looped.ok_or_else(|| Failure::new("a loop without a node"))?, handles))
}

/// Enters the namespace and makes the node there, on the loop if there is one.
fn add(
    looped: &mut Option<Loop>,
    (member, members): (usize, usize),
    place: &Place,
    params: Params,
    seeds: &[SocketAddr],
) -> Result<Handle, Failure> {
    if let Some(path) = &place.namespace {
        let file = std::fs::File::open(path).map_err(Failure::doing(path.display()))?;
        setns(file, CloneFlags::CLONE_NEWNET).map_err(Failure::doing("entering a network namespace"))?;
    }
    let identity = Identity {
        name: Name::new(&name(member)).ok_or_else(|| Failure::new("a name that is none"))?,
        cluster: LABEL,
        addr: place.bind,
        boot: net::fresh_boot().map_err(Failure::new)?,
        zone: "",
        tags: &[],
    };
    let options = Options { bind: place.bind, events: EVENTS + 4 * members, ..Options::default() };
    if let Some(looped) = looped {
        return looped.add(params, &identity, seeds, &options).map_err(Failure::new);
    }
    let (first, handle) = Loop::new(params, &identity, seeds, &options).map_err(Failure::new)?;
    *looped = Some(first);
    Ok(handle)
}

fn run(looped: Loop, gone: &Receiver<()>, gate: Option<&Barrier>) {
    if gone.recv().is_err() {
        return;
    }
    if let Some(gate) = gate {
        gate.wait();
    }
    let ended = bruit_allocations::count(|| looped.run());
    if let Err(error) = ended {
        eprintln!("a loop has ended: {error}");
    }
}

impl Cluster for Loops {
    fn members(&self) -> usize {
        self.places.len()
    }

    fn take(&mut self, seen: &mut Vec<Seen>) {
        let at = Instant::now();
        for (by, handle) in self.nodes.iter().enumerate() {
            let Some(handle) = handle else { continue };
            while let Some(event) = handle.try_event() {
                seen.extend(report(&event).map(|what| Seen { at, by, what }));
            }
        }
    }

    fn ask(&mut self, member: usize) -> Result<Vec<(usize, State)>, Failure> {
        let members = self.handle(member)?.members();
        Ok(members.iter().filter_map(|m| Some((super::member(m.name.as_str())?, m.state))).collect())
    }

    fn crash(&mut self, member: usize) -> Result<(), Failure> {
        self.handle(member)?.stop();
        self.nodes[member] = None;
        Ok(())
    }

    fn restart(&mut self, member: usize) -> Result<(), Failure> {
        let seeds = self.handles().take(SEEDS).map(Handle::local_addr).collect();
        let (handles, go) = self.bind(vec![member], seeds, None)?;
        self.nodes[member] = handles.into_iter().next();
        go.send(()).map_err(Failure::doing("starting a node"))
    }
}

/// What an event says about how somebody is seen; `None` where it says nothing of that.
fn report(event: &Event) -> Option<What> {
    let is = |m: &MemberRef, state| Some(What::Is(member(m.name.as_str())?, state));
    match event {
        Event::Up(m) | Event::Refuted(m) => is(m, Some(State::Alive)),
        Event::Suspected(m) => is(m, Some(State::Suspect)),
        Event::Failed(m) => is(m, Some(State::Dead)),
        Event::Left(m) => is(m, Some(State::Left)),
        Event::Forgotten(m) => is(m, None),
        Event::Resync { .. } => Some(What::Lost),
        Event::Joined { .. }
        | Event::JoinRefused { .. }
        | Event::SelfRefuted { .. }
        | Event::SelfRemoved { .. }
        | Event::NameConflict { .. }
        | Event::TableFilling { .. }
        | Event::TableFull { .. }
        | Event::LeaveDone { .. }
        | Event::Rumor(_)
        | Event::RumorsLost { .. }
        | Event::Changed(_)
        | Event::Conflict(_)
        | Event::Diverged { .. } => None,
    }
}

impl Drop for Loops {
    fn drop(&mut self) {
        self.handles().for_each(Handle::stop);
        let late = self.handles().filter(|handle| !handle.wait_stopped(END_WITHIN)).count();
        if late > 0 {
            eprintln!("{late} loops have not ended within {} s", END_WITHIN.as_secs());
        }
    }
}
