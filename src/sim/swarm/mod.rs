//! Is there a history after which a cluster is not well? Plans drawn from seeds, played under all the rules of
//! [`check`](super::check), and shortened where they fail.
//!
//! A plan is parameters, a topology and a list of things done to the cluster: processes crash, move, pause and starve,
//! links are cut and lossy, members leave, are removed, join, bear each other's names, publish, write into the state, and get junk. Then everything
//! that can be made good is, and within [`Quiet`](super::check::Quiet) all must be quiet, and stay so. The rules that
//! hold always are checked at each step.
//!
//! Swarm testing (Groce et al., ISSTA 2012): each plan draws which faults there are as well as when, so that no common
//! fault hides a rare one in all of them.

mod act;
mod forge;
mod plan;
mod play;
mod script;
mod shrink;

use std::ops::Range;

pub use act::{Act, Deed, SharedDeed, value_of};
pub use forge::{NOBODY as JUNK_FROM, junk};
pub use plan::{Plan, Size, Timed};
pub use play::{Played, play};
pub use shrink::shorter;

use super::Coverage;
use super::check::Violation;
use super::experiment::{Progress, Runs};
use crate::time::Span;

/// Plans that are shortened, of those that fail.
const SHORTENED_MAX: usize = 3;
/// How often each of these is played again at most.
const PLAYS_MAX: u32 = 400;

/// What is to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The seeds, one plan each.
    pub seeds: Range<u64>,
    /// How large the plans may be.
    pub size: Size,
}

/// A plan that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What was found first.
    pub violation: Violation,
    /// A shorter plan that breaks the same rule, as a script; only for the first three failures.
    pub shorter: Option<Shorter>,
}

/// What is left of a plan.
#[derive(Clone, Debug)]
pub struct Shorter {
    /// The plan.
    pub plan: Plan,
    /// What was found in it.
    pub violation: Violation,
    /// The run as a script for `tests/scenarios`.
    pub script: String,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Plans played.
    pub played: u64,
    /// Those that failed, in the order of their seeds.
    pub failures: Vec<Failure>,
    /// What all of them exercised.
    pub coverage: Coverage,
    /// The one that took the largest part of what it was allowed for to be quiet: its seed, what it took, what it
    /// might.
    pub slowest: Option<(u64, Span, Span)>,
    /// Traces of all worlds in one number.
    pub trace_hash: u64,
}

/// Plays the plans of all seeds, on as many threads as there are processors.
#[must_use]
pub fn run(setup: &Setup, progress: Progress<'_>) -> Report {
    let count = u32::try_from(setup.seeds.end.saturating_sub(setup.seeds.start)).unwrap_or(u32::MAX);
    let runs = Runs { count, seed: setup.seeds.start };
    let all = runs.play(progress, |seed| (seed, play(&Plan::draw(seed, setup.size), None)));
    let mut report =
        Report { trace_hash: super::experiment::trace_of(all.iter().map(|(_, p)| p.trace)), ..Report::default() };
    for (seed, played) in all {
        report.played += 1;
        report.coverage.add(&played.coverage);
        let share = |took: Span, of: Span| u128::from(took.as_nanos()) * 1_000 / u128::from(of.as_nanos().max(1));
        if let Some(took) = played.quiet_after {
            let slower = |(_, t, of): (u64, Span, Span)| share(took, played.quiet_within) > share(t, of);
            if report.slowest.is_none_or(slower) {
                report.slowest = Some((seed, took, played.quiet_within));
            }
        }
        if let Some(violation) = played.found.into_iter().next() {
            let shorter =
                (report.failures.len() < SHORTENED_MAX).then(|| shorten(seed, setup.size, &violation)).flatten();
            report.failures.push(Failure { seed, violation, shorter });
        }
    }
    report
}

fn shorten(seed: u64, size: Size, violation: &Violation) -> Option<Shorter> {
    let plan = shorter(&Plan::draw(seed, size), violation.check, PLAYS_MAX);
    let played = play(&plan, None);
    let violation = played.found.into_iter().find(|found| found.check == violation.check)?;
    Some(Shorter { plan, violation, script: played.script })
}
