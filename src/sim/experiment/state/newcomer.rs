//! Somebody joins who knows nothing: how long until it holds all that others do, and for how many bytes?
//!
//! Three members hold the keys of all owners; they are real, their owners are not, so that it is state that is measured and not the
//! membership of thousands, which `join-storm` has. Counted is from the newcomer's start on, all that it sends and is sent.

use core::time::Duration;
use std::net::SocketAddr;

use super::{Fed, KEY, KEYS, VALUE, feed, room};
use crate::config::{Config, Profile, Sends};
use crate::sim::experiment::{Distribution, Progress, Runs, SetupError, had_room, trace_of};
use crate::sim::{Bounds, Latency, Link, Observer, Passing, Spec, World};
use crate::time::Span;

const LIMIT: Span = Span::secs(300);

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Owners whose keys the members hold.
    pub owners: u32,
    /// The parameters that nodes begin with.
    pub profile: Profile,
    /// What is lost, each way.
    pub loss_permille: u32,
    /// How long a datagram is under way.
    pub latency: Span,
    /// How often.
    pub runs: Runs,
}

impl Default for Setup {
    /// 1,000 owners, `lan`, nothing lost, 100 µs, 10 times.
    fn default() -> Self {
        let runs = Runs { count: 10, seed: 1 };
        Self { owners: 1_000, profile: Profile::Lan, loss_permille: 0, latency: Span::micros(100), runs }
    }
}

/// What came out, over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Milliseconds until it is a member.
    pub joined_ms: Distribution,
    /// Milliseconds until it holds all.
    pub complete_ms: Distribution,
    /// Bytes of UDP payload to it and from it until then.
    pub bytes: Distribution,
    /// These, in units of all keys and values.
    pub times_state: Distribution,
    /// Bytes of all keys and values.
    pub state_bytes: u64,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// What is sent to one address, and from it.
#[derive(Debug, Default)]
struct Around {
    addr: Option<SocketAddr>,
    bytes: u64,
}

impl Observer for Around {
    fn sent(&mut self, passing: &Passing<'_>) {
        let concerned = [Some(passing.from_addr), Some(passing.to_addr)].contains(&self.addr);
        self.bytes += if concerned { passing.bytes.len() as u64 } else { 0 };
    }
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    if !(1..=super::OWNERS_MAX).contains(&setup.owners) {
        let (got, max) = (setup.owners.into(), super::OWNERS_MAX.into());
        return Err(SetupError::OutOfRange { field: "owners", got, min: 1.0, max });
    }
    setup.runs.check()?;
    let played = setup.runs.play(progress, |seed| one(setup, seed));
    let played: Vec<_> = played.into_iter().collect::<Result<_, _>>()?;
    let of = |which: usize| played.iter().map(|(figures, _)| figures[which]).collect();
    let state_bytes = u64::from(setup.owners) * u64::from(KEYS) * (KEY + VALUE) as u64;
    Ok(Report {
        joined_ms: of(0),
        complete_ms: of(1),
        bytes: of(2),
        times_state: played.iter().map(|(figures, _)| figures[2] / state_bytes as f64).collect(),
        state_bytes,
        trace_hash: trace_of(played.iter().map(|(_, trace)| *trace)),
    })
}

fn one(setup: &Setup, seed: u64) -> Result<([f64; 3], u64), SetupError> {
    let config =
        Config { pause_to_forgive: Duration::from_secs(60), sends: Sends::Times(1), ..Config::new(setup.profile) };
    let params = room(&config, 8, setup.owners)?;
    let mut world = World::watched(seed, Bounds { events: 0, ..Bounds::default() }, Around::default());
    let link = Link { latency: Latency::Constant(setup.latency), ..Link::default() };
    world.network.set_all(link);
    let hosts = world.form(&["a", "b", "c"].map(|name| Spec::new(name, params.clone())))?;
    world.run_for(Span::secs(10));
    for (nth, host) in hosts.iter().enumerate() {
        let teller = hosts[(nth + 1) % hosts.len()];
        feed(&mut world, (*host, teller), (0..setup.owners).map(|nth| (nth, Fed::All)));
    }
    world.run_for(Span::secs(60));
    world.network.set_all(Link { loss_permille: setup.loss_permille, ..link });
    let seeds: Vec<SocketAddr> = hosts.iter().map(|host| world.addr(*host)).collect();
    let newcomer = world.start(&Spec::new("newcomer", params), &[])?;
    world.crash(newcomer, crate::sim::Death::Silent);
    world.observer = Around { addr: Some(world.addr(newcomer)), bytes: 0 };
    world.restart(newcomer, None, &seeds)?;
    let began = world.now();
    let root = world.node(hosts[0]).map(|node| node.state_root());
    let mut joined = None;
    let complete = world.run_until(LIMIT, |world| {
        let Some(node) = world.node(newcomer) else { return false };
        if node.phase() == crate::node::Phase::Joined {
            joined.get_or_insert(world.now().since(began));
        }
        joined.is_some() && Some(node.state_root()) == root
    });
    had_room(&world)?;
    let millis = |span: Option<Span>| span.map_or(f64::INFINITY, |span| span.as_nanos() as f64 / 1e6);
    Ok(([millis(joined), millis(complete), world.observer.bytes as f64], world.trace()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_joins_holds_everything_soon_for_little_more_than_it_is() {
        let of = |loss_permille| {
            let runs = Runs { count: 4, seed: 1 };
            run(&Setup { loss_permille, runs, ..Setup::default() }, &|_, _| ()).expect("a good setup")
        };
        let whole = of(0);
        assert!(whole.complete_ms.max <= 1_000.0 && whole.times_state.max <= 1.3, "{whole:?}");
        for loss_permille in [200, 300] {
            let report = of(loss_permille);
            assert!(report.complete_ms.max <= 5_000.0, "{report:?}");
        }
    }
}
