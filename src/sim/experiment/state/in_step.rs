//! Two nodes hold the same keys of any number of owners: what does it cost that they go on agreeing?
//!
//! Counted is all that they send while nothing is written, and how often they are called. The work is measured by a clock that the
//! caller brings, since nothing in here reads one.

use core::time::Duration;

use super::{Fed, KINDS, feed, room};
use crate::config::{Config, Profile, Sends};
use crate::sim::experiment::{Distribution, Progress, Runs, SetupError, check_watch, had_room, trace_of};
use crate::sim::{Bounds, Latency, Link, Observer, Passing, Spec, World};
use crate::time::Span;

/// They are left alone for so long first: what they have been told has settled then.
const SETTLE: Span = Span::secs(60);

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Owners whose keys both hold.
    pub owners: u32,
    /// What is lost, each way.
    pub loss_permille: u32,
    /// How long they are watched.
    pub watch: Span,
    /// How often.
    pub runs: Runs,
}

impl Default for Setup {
    /// 1,000 owners, nothing lost, watched for 60 s, once.
    fn default() -> Self {
        Self { owners: 1_000, loss_permille: 0, watch: Span::secs(60), runs: Runs { count: 1, seed: 1 } }
    }
}

/// What came out, over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Datagrams with a section of state in it, of both, in all of the time.
    pub about_state: Distribution,
    /// Datagrams, per node and second.
    pub datagrams: Distribution,
    /// Bytes of UDP payload, per node and second.
    pub bytes: Distribution,
    /// Calls of the node, per node and second.
    pub calls: Distribution,
    /// Nanoseconds of the caller's clock, per node and second, the simulator's own work included.
    pub cpu_ns: Distribution,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// What passes by.
#[derive(Debug, Default)]
struct Count {
    about_state: u64,
    datagrams: u64,
    bytes: u64,
    calls: u64,
}

impl Observer for Count {
    fn calling(&mut self) {
        self.calls += 1;
    }

    fn sent(&mut self, passing: &Passing<'_>) {
        self.datagrams += 1;
        self.bytes += passing.bytes.len() as u64;
        self.about_state += u64::from(KINDS.iter().any(|kind| passing.has(*kind)));
    }
}

/// Plays it. `clock` is read at both ends of each watch, on the thread that plays it: the time that this thread has used.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>, clock: &(dyn Fn() -> Duration + Sync)) -> Result<Report, SetupError> {
    if setup.owners > super::OWNERS_MAX {
        let (got, max) = (setup.owners.into(), super::OWNERS_MAX.into());
        return Err(SetupError::OutOfRange { field: "owners", got, min: 0.0, max });
    }
    check_watch(setup.watch)?;
    setup.runs.check()?;
    let played = setup.runs.play(progress, |seed| one(setup, seed, clock));
    let played: Vec<_> = played.into_iter().collect::<Result<_, _>>()?;
    let of = |which: usize| played.iter().map(|(figures, _)| figures[which]).collect();
    Ok(Report {
        about_state: of(0),
        datagrams: of(1),
        bytes: of(2),
        calls: of(3),
        cpu_ns: of(4),
        trace_hash: trace_of(played.iter().map(|(_, trace)| *trace)),
    })
}

fn one(setup: &Setup, seed: u64, clock: &(dyn Fn() -> Duration + Sync)) -> Result<([f64; 5], u64), SetupError> {
    let config =
        Config { pause_to_forgive: Duration::from_secs(60), sends: Sends::Times(1), ..Config::new(Profile::Lan) };
    let params = room(&config, 2, setup.owners)?;
    let mut world = World::watched(seed, Bounds { events: 0, ..Bounds::default() }, Count::default());
    let link = Link { latency: Latency::Constant(Span::micros(250)), ..Link::default() };
    world.network.set_all(link);
    let hosts = world.form(&["a", "b"].map(|name| Spec::new(name, params.clone())))?;
    world.run_for(Span::secs(10));
    for ends in [(hosts[0], hosts[1]), (hosts[1], hosts[0])] {
        feed(&mut world, ends, (0..setup.owners).map(|nth| (nth, Fed::All)));
    }
    world.run_for(SETTLE);
    let root = |host| world.node(host).map(|node| node.state_root());
    assert_eq!(root(hosts[0]), root(hosts[1]), "seed {seed}: they are in step");
    world.network.set_all(Link { loss_permille: setup.loss_permille, ..link });
    world.observer = Count::default();
    let began = clock();
    world.run_for(setup.watch);
    let took = clock() - began;
    had_room(&world)?;
    let node_seconds = hosts.len() as f64 * setup.watch.as_micros() as f64 / 1e6;
    let Count { about_state, datagrams, bytes, calls } = world.observer;
    let per = |total: u64| total as f64 / node_seconds;
    let cpu_ns = took.as_nanos() as f64 / node_seconds;
    Ok(([about_state as f64, per(datagrams), per(bytes), per(calls), cpu_ns], world.trace()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_step_sends_the_same_however_much_is_held() {
        let of = |owners, loss_permille| {
            let setup = Setup { owners, loss_permille, watch: Span::secs(20), ..Setup::default() };
            run(&setup, &|_, _| (), &|| Duration::ZERO).expect("a good setup")
        };
        for loss_permille in [0, 200] {
            let (none, many) = (of(0, loss_permille), of(200, loss_permille));
            assert_eq!((none.about_state.max, many.about_state.max), (0.0, 0.0));
            if loss_permille == 0 {
                assert_eq!((none.datagrams, none.bytes), (many.datagrams, many.bytes));
            }
        }
    }
}
