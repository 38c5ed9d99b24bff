//! Somebody writes all the time: how often do two healthy nodes that meet see the same fingerprint?
//!
//! Counted is what nodes compare: of each datagram that arrives the sender's fingerprint in the header against the receiver's own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::writers;
use crate::config::Profile;
use crate::node::{Node, Write};
use crate::rumor::Class;
use crate::sim::experiment::{Base, Distribution, Progress, Runs, SetupError, check_watch, had_room, trace_of};
use crate::sim::{HostId, Observer, World};
use crate::time::{Instant, Span};
use crate::wire::{Datagram, Header};

/// Different keys that are written.
const KEYS: u32 = 4;

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// Writes a second, in all.
    pub writes_per_second: u32,
    /// How long it is watched.
    pub watch: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes, 10 writes a second, watched for 30 s after 30 s, once.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(1_000, profile),
            writes_per_second: 10,
            watch: Span::secs(30),
            runs: Runs { count: 1, seed: 1 },
        }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Of a hundred comparisons so many agree, over the runs.
    pub agree_percent: Distribution,
    /// Comparisons, in all runs.
    pub compared: u64,
    /// Exchanges of sums that were begun, per node and minute.
    pub repairs: Distribution,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// What is compared.
#[derive(Debug, Default)]
struct Compare {
    under_way: BTreeMap<HostId, (u32, u16)>,
    compared: u64,
    agree: u64,
}

impl Observer for Compare {
    fn received(&mut self, _at: Instant, host: HostId, _from: SocketAddr, bytes: &[u8]) {
        if let Ok(datagram) = Datagram::parse(bytes) {
            self.under_way.insert(host, (datagram.header.counter, datagram.header.state));
        }
    }

    fn stepped(&mut self, _at: Instant, host: HostId, node: &Node) {
        let Some((counter, theirs)) = self.under_way.remove(&host) else { return };
        self.compared += 1;
        self.agree += u64::from(Header::part(node.state_root(), counter) == theirs);
    }
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(2)?;
    setup.runs.check()?;
    check_watch(setup.watch)?;
    let params = writers(&setup.base)?;
    let load = setup.base.load(&params)?;
    let played = setup.runs.play_large(load, progress, |seed| one(setup, seed));
    let played: Vec<_> = played.into_iter().collect::<Result<_, _>>()?;
    Ok(Report {
        agree_percent: played.iter().map(|(agree, ..)| *agree * 100.0).collect(),
        compared: played.iter().map(|(_, compared, ..)| compared).sum(),
        repairs: played.iter().map(|(_, _, repairs, _)| *repairs).collect(),
        trace_hash: trace_of(played.iter().map(|(.., trace)| *trace)),
    })
}

fn one(setup: &Setup, seed: u64) -> Result<(f64, u64, f64, u64), SetupError> {
    let params = writers(&setup.base)?;
    let mut world = setup.base.watched(seed, 0, Compare::default());
    let hosts = world.form(&setup.base.specs(&params))?;
    world.run_for(Span::secs(10));
    writes(&mut world, &hosts, setup, Span::secs(30));
    world.observer = Compare::default();
    let repairs =
        |world: &World<Compare>| -> u64 { world.running().map(|(_, node)| node.counters().state_repairs).sum() };
    let before = repairs(&world);
    writes(&mut world, &hosts, setup, setup.watch);
    had_room(&world)?;
    let node_minutes = f64::from(setup.base.nodes) * setup.watch.as_micros() as f64 / 60e6;
    let begun = (repairs(&world) - before) as f64 / node_minutes;
    let Compare { compared, agree, .. } = world.observer;
    Ok((agree as f64 / compared.max(1) as f64, compared, begun, world.trace()))
}

/// Somebody writes one of a few keys, again and again.
fn writes(world: &mut World<Compare>, hosts: &[HostId], setup: &Setup, span: Span) {
    let every = Span::secs(1) / setup.writes_per_second.max(1);
    let mut left = span;
    while left > Span::ZERO {
        let writer = hosts[world.rng().below(hosts.len() as u32) as usize];
        let (key, value) = (format!("key{}", world.rng().below(KEYS)), world.rng().next_u64().to_le_bytes());
        let write = Write { key: key.as_bytes(), value: Some(&value), class: Class::Normal, durable: false, ttl: None };
        world.write(writer, write).expect("a member may write");
        world.run_for(every);
        left = left.saturating_sub(every);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn healthy_nodes_hardly_ever_differ_though_somebody_writes_all_the_time() {
        let mut setup = Setup::new(Profile::Lan);
        (setup.base.nodes, setup.watch) = (50, Span::secs(10));
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        assert!(report.compared > 500 && report.agree_percent.min >= 95.0, "{report:?}");
    }
}
