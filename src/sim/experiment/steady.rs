//! What does it cost when nothing happens? Datagrams, bytes and work per node and second, of a cluster at rest.
//!
//! R23: idle traffic does not grow with the cluster. The work is measured by a clock that the caller brings, since nothing in
//! here reads one.

use core::time::Duration;

use super::runs::{Progress, Runs, trace_of};
use super::{Base, Distribution, Memory, SetupError, check_watch, had_room};
use crate::config::Profile;
use crate::time::Span;

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// How long they are left alone before the measurement. By then all news must have been told.
    pub settle: Span,
    /// How long they are watched.
    pub watch: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes, 30 s to settle, 60 s watched, once.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(1_000, profile),
            settle: Span::secs(30),
            watch: Span::secs(60),
            runs: Runs { count: 1, seed: 1 },
        }
    }
}

impl Setup {
    /// Whether it can be played, as far as that shows before.
    ///
    /// # Errors
    /// What it may be instead.
    pub fn check(&self) -> Result<(), SetupError> {
        self.base.check_nodes(2)?;
        self.runs.check()?;
        check_watch(self.watch)
    }
}

/// What came out. Each distribution is over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Datagrams sent, per node and second.
    pub datagrams_per_node_s: Distribution,
    /// Bytes of UDP payload sent, per node and second.
    pub bytes_per_node_s: Distribution,
    /// Nanoseconds of the caller's clock, per node and second, the simulator's own work included.
    pub cpu_ns_per_node_s: Distribution,
    /// Members that were suspected or held dead by anybody. Nobody ought to be.
    pub suspicions: u64,
    /// What the nodes buy.
    pub memory: Memory,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// Plays it. `clock` is read at both ends of each watch, on the thread that plays it: the time that this thread has used.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>, clock: &(dyn Fn() -> Duration + Sync)) -> Result<Report, SetupError> {
    setup.check()?;
    let params = setup.base.params(0)?;
    let node_seconds = f64::from(setup.base.nodes) * setup.watch.as_micros() as f64 / 1e6;
    let (memory, load) = (setup.base.memory(&params), setup.base.load(&params)?);
    let played = setup.runs.play_large(load, progress, |seed| {
        let mut world = setup.base.world(seed, 0);
        world.form(&setup.base.specs(&params))?;
        world.run_for(setup.settle);
        let (before, began) = (world.tally(), clock());
        world.run_for(setup.watch);
        let (after, took) = (world.tally(), clock() - began);
        had_room(&world)?;
        let suspicions: u64 = world.running().map(|(_, node)| node.counters().suspicions).sum();
        let per = |total: u64| total as f64 / node_seconds;
        let figures =
            [per(after.sent - before.sent), per(after.bytes - before.bytes), took.as_nanos() as f64 / node_seconds];
        Ok((figures, suspicions, world.trace()))
    });
    let played: Vec<_> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let of = |which: usize| played.iter().map(|(figures, ..)| figures[which]).collect();
    Ok(Report {
        datagrams_per_node_s: of(0),
        bytes_per_node_s: of(1),
        cpu_ns_per_node_s: of(2),
        suspicions: played.iter().map(|(_, suspicions, _)| suspicions).sum(),
        memory,
        trace_hash: trace_of(played.iter().map(|(.., trace)| *trace)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_idle_node_sends_does_not_grow_with_the_cluster() {
        let of = |nodes| {
            let mut setup = Setup::new(Profile::Lan);
            (setup.base.nodes, setup.watch) = (nodes, Span::secs(20));
            run(&setup, &|_, _| (), &|| Duration::ZERO).expect("a good setup")
        };
        for report in [of(10), of(100)] {
            let (datagrams, bytes) = (report.datagrams_per_node_s.mean, report.bytes_per_node_s.mean);
            assert!((1.99..=2.01).contains(&datagrams) && (103.0..=105.0).contains(&bytes), "{datagrams}, {bytes}");
            assert_eq!(report.suspicions, 0);
        }
    }

    #[test]
    fn one_node_is_no_cluster() {
        let mut setup = Setup::new(Profile::Lan);
        setup.base.nodes = 1;
        let error = run(&setup, &|_, _| (), &|| Duration::ZERO).expect_err("nobody to be quiet with");
        assert_eq!(error.to_string(), "nodes is 1; it may be 2 to 100000");
    }
}
