//! A formed cluster in which every other node contributes, and how wrong each of them is.

use std::collections::BTreeMap;

use bruit::sim::{Bounds, HostId, Latency, Link, Observer, Passing, Spec, World};
use bruit::wire::Section;
use bruit::{Config, Limits, Params, Span};

pub const NAME: &[u8] = b"load";

/// What travelled.
#[derive(Default)]
pub struct Watch {
    pub datagrams: u64,
    pub bytes: u64,
    pub averages: u64,
}

impl Observer for Watch {
    fn sent(&mut self, passing: &Passing<'_>) {
        self.datagrams += 1;
        self.bytes += passing.bytes.len() as u64;
        let averages = |section: Section<'_>| matches!(section, Section::Averages(_));
        self.averages += u64::from(passing.sections().into_iter().flatten().any(averages));
    }
}

pub type Cluster = World<Watch>;

pub fn spec(nth: usize, zone: &str, room: u32) -> Spec {
    let params = Params::new(&Config::default(), &Limits::for_members(room)).expect("consistent");
    Spec { zone: zone.into(), ..Spec::new(&format!("n{nth}"), params) }
}

/// `nodes` members at rest, every third in zone `b`, one-way latency 100 to 400 µs, nothing lost yet.
pub fn cluster(seed: u64, nodes: usize) -> (Cluster, Vec<HostId>) {
    let room = nodes as u32 + 32;
    let specs: Vec<Spec> = (0..nodes).map(|n| spec(n, if n % 3 == 0 { "b" } else { "a" }, room)).collect();
    let bounds = Bounds { hosts: room, events: 0, in_flight: 1 << 20, ..Bounds::default() };
    let mut world = World::watched(seed, bounds, Watch::default());
    set_loss(&mut world, 0);
    let hosts = world.form(&specs).expect("good specs");
    world.run_for(Span::secs(5));
    (world, hosts)
}

pub fn set_loss(world: &mut Cluster, loss_permille: u32) {
    let latency = Latency::Uniform(Span::micros(100), Span::micros(400));
    world.network.set_all(Link { latency, loss_permille, duplicate_permille: 10, ..Link::default() });
}

/// Gossip rounds pass.
pub fn rounds(world: &mut Cluster, n: u64) {
    world.run_for(Span::millis(100 * n));
}

/// What each contributes.
pub type Numbers = BTreeMap<usize, f64>;

/// Every other host contributes a number between 0 and 100.
pub fn contribute(world: &mut Cluster, hosts: &[HostId]) -> Numbers {
    let mut numbers = Numbers::new();
    for host in hosts.iter().step_by(2) {
        let number = f64::from(world.rng().below(1_001)) / 10.0;
        world.contribute(*host, NAME, Some(number)).expect("a member with room");
        numbers.insert(host.index(), number);
    }
    numbers
}

/// By how much of what is right the estimate of any of these is off at most, in mean, sum or count; infinite where one has none.
pub fn worst(world: &Cluster, hosts: &[HostId], numbers: &Numbers) -> f64 {
    let of: Vec<f64> = hosts.iter().filter_map(|host| numbers.get(&host.index()).copied()).collect();
    let (sum, count) = (of.iter().sum::<f64>(), of.len() as f64);
    let off = |host: &HostId| {
        let Some(estimate) = world.node(*host).expect("it runs").estimate(NAME) else { return f64::INFINITY };
        let pairs = [(estimate.mean, sum / count), (estimate.sum, sum), (estimate.count, count)];
        pairs.iter().map(|(got, is)| (got / is - 1.0).abs()).fold(0.0, f64::max)
    };
    hosts.iter().map(off).fold(0.0, f64::max)
}
