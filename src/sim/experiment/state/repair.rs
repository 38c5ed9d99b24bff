//! Two nodes hold the keys of thousands of owners and differ in a few: how many bytes and round trips until they do not?
//!
//! Counted are all datagrams in which a section of state is, both ways, from the first sums on. Round trips are the time in which
//! they get in step, in units of the constant time of one: where a datagram is lost that is waited out, and they are more.

use core::time::Duration;

use super::{Fed, KEYS, KINDS, feed, room};
use crate::config::{Config, Profile, Sends};
use crate::sim::experiment::{Distribution, Progress, Runs, SetupError, had_room, trace_of};
use crate::sim::{Bounds, Fate, HostId, Latency, Link, Observer, Passing, Spec, World};
use crate::time::{Instant, Span};
use crate::wire::Kind;

/// A datagram is so long under way.
const LATENCY: Span = Span::millis(2);
const LIMIT: Span = Span::secs(600);

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Owners whose keys both hold.
    pub owners: u32,
    /// Keys in which they differ: of one owner each as long as there are so many.
    pub differ: u32,
    /// What is lost, each way.
    pub loss_permille: u32,
    /// How often.
    pub runs: Runs,
}

impl Default for Setup {
    /// 1,000 owners, 1 key, nothing lost, 20 times.
    fn default() -> Self {
        Self { owners: 1_000, differ: 1, loss_permille: 0, runs: Runs { count: 20, seed: 1 } }
    }
}

/// What came out, over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Bytes of UDP payload, of both.
    pub bytes: Distribution,
    /// Datagrams of both.
    pub datagrams: Distribution,
    /// Round trips from the first sums until they are in step.
    pub round_trips: Distribution,
    /// How often sums were sent.
    pub comparisons: Distribution,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// What travels of state.
#[derive(Debug, Default)]
struct Count {
    datagrams: u64,
    bytes: u64,
    first: Option<Instant>,
    pages: u64,
    sums: u64,
}

impl Observer for Count {
    fn sent(&mut self, passing: &Passing<'_>) {
        if KINDS.iter().any(|kind| passing.has(*kind)) {
            self.datagrams += 1;
            self.bytes += passing.bytes.len() as u64;
            self.first = self.first.or(Some(passing.at));
            self.sums += u64::from(passing.has(Kind::StateSums));
            self.pages += u64::from(passing.has(Kind::StatePage));
        }
    }
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    let keys = setup.owners.saturating_mul(KEYS);
    let ranges = [("owners", setup.owners, 1, super::OWNERS_MAX), ("differ", setup.differ, 1, keys)];
    for (field, got, min, max) in ranges {
        if !(min..=max).contains(&got) {
            return Err(SetupError::OutOfRange { field, got: got.into(), min: min.into(), max: max.into() });
        }
    }
    setup.runs.check()?;
    let played = setup.runs.play(progress, |seed| one(setup, seed));
    let played: Vec<_> = played.into_iter().collect::<Result<_, _>>()?;
    let of = |which: usize| played.iter().map(|(figures, _)| figures[which]).collect();
    let trace_hash = trace_of(played.iter().map(|(_, trace)| *trace));
    Ok(Report { bytes: of(0), datagrams: of(1), round_trips: of(2), comparisons: of(3), trace_hash })
}

fn one(setup: &Setup, seed: u64) -> Result<([f64; 4], u64), SetupError> {
    // Nobody is held dead while probes are lost, and what is told is told once.
    let config = Config {
        pause_to_forgive: Duration::from_secs(60),
        sends: Sends::Times(1),
        bytes_per_second: 1 << 30,
        ..Config::new(Profile::Lan)
    };
    let params = room(&config, 2, setup.owners)?;
    let mut world = World::watched(seed, Bounds { events: 0, ..Bounds::default() }, Count::default());
    world.network.set_all(Link { latency: Latency::Constant(LATENCY), ..Link::default() });
    let hosts = world.form(&["a", "b"].map(|name| Spec::new(name, params.clone())))?;
    let [a, b] = [hosts[0], hosts[1]];
    world.run_for(Span::secs(10));
    // The network has nothing of what is told meanwhile.
    let muted = |passing: &Passing<'_>| {
        if KINDS.iter().any(|kind| passing.has(*kind)) { Fate::Drop } else { Fate::Pass }
    };
    world.meddle(Some(Box::new(muted)));
    for ends in [(a, b), (b, a)] {
        feed(&mut world, ends, (0..setup.owners).map(|nth| (nth, Fed::All)));
    }
    let stride = (setup.owners / setup.differ).max(1);
    let differing = (0..setup.differ).map(|nth| (nth * stride % setup.owners, Fed::Anew(nth / setup.owners)));
    let ends = if seed % 2 == 0 { (a, b) } else { (b, a) };
    let (pages, sums) = (|seen: &Count| seen.pages, |seen: &Count| seen.sums);
    until_none(&mut world, pages, Span::secs(5));
    feed(&mut world, ends, differing);
    until_none(&mut world, pages, Span::secs(5));
    // Who still follows a comparison whose datagrams the network had would begin it again.
    until_none(&mut world, sums, Span::millis(500));
    world.meddle(None);
    world.network.set_all(Link {
        latency: Latency::Constant(LATENCY),
        loss_permille: setup.loss_permille,
        ..Link::default()
    });
    world.observer = Count::default();
    let root = |world: &World<Count>, host: HostId| world.node(host).map(|node| node.state_root());
    assert_ne!(root(&world, a), root(&world, b), "seed {seed}: they differ");
    let began = world.now();
    while root(&world, a) != root(&world, b) && world.now().since(began) < LIMIT {
        world.step();
    }
    had_room(&world)?;
    let Count { bytes, datagrams, first, sums, .. } = world.observer;
    let took = world.now().since(first.unwrap_or(began));
    let trips = took.as_nanos() as f64 / (LATENCY * 2).as_nanos() as f64;
    Ok(([bytes as f64, datagrams as f64, trips, sums as f64], world.trace()))
}

/// Lets time pass until no more of them are sent for so long.
fn until_none(world: &mut World<Count>, of: impl Fn(&Count) -> u64, pause: Span) {
    let began = world.now();
    while world.now().since(began) < LIMIT {
        let before = of(&world.observer);
        world.run_for(pause);
        if of(&world.observer) == before {
            return;
        }
    }
    panic!("what was told never came to an end");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_of_ten_thousand_costs_little_and_two_round_trips() {
        let setup = Setup { runs: Runs { count: 4, seed: 1 }, ..Setup::default() };
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        assert!(report.bytes.max < 3.0 * super::super::ENTRY as f64 + 2_500.0, "{report:?}");
        assert!(report.round_trips.max <= 2.0, "{report:?}");
    }
}
