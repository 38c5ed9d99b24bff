//! A formed cluster, and who got which rumor when.

use std::collections::BTreeMap;

use bruit::sim::{Bounds, HostId, Latency, Link, Observer, Passing, Spec, World};
use bruit::wire::Section;
use bruit::{Class, Config, Event, Instant, Limits, Order, Params, Publication, RumorId, Span, Topic};

/// What all rumors here are about.
pub const TOPIC: &str = "test";

/// Who got which rumor when, and how many copies of payloads travelled.
#[derive(Default)]
pub struct Receipts {
    pub at: BTreeMap<RumorId, Vec<(HostId, Instant)>>,
    /// For each host, in the order of delivery.
    pub order: BTreeMap<HostId, Vec<RumorId>>,
    pub lost: Vec<(HostId, u64, u64)>,
    pub copies: u64,
    pub bytes: u64,
    /// Datagrams that ask for rumors, and of how many origins they do.
    pub asking: (u64, u64),
    pub suspicions: u64,
    /// What else was told.
    pub events: Vec<Event>,
    /// The difference between the age that was told and the true one, at most and at least, in nanoseconds.
    pub age_error: (i64, i64),
    pub published: BTreeMap<RumorId, Instant>,
}

impl Observer for Receipts {
    fn sent(&mut self, passing: &Passing<'_>) {
        self.bytes += passing.bytes.len() as u64;
        for section in passing.sections().into_iter().flatten() {
            match section {
                Section::Rumors(rumors) => self.copies += rumors.count() as u64,
                Section::RumorWants(wants) => {
                    self.asking = (self.asking.0 + 1, self.asking.1 + wants.len() as u64);
                }
                _ => {}
            }
        }
    }

    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        match event {
            Event::Rumor(rumor) => {
                let receipts = self.at.entry(rumor.id).or_default();
                assert!(receipts.iter().all(|(other, _)| *other != host), "{} twice at {host:?}", rumor.id);
                receipts.push((host, at));
                self.order.entry(host).or_default().push(rumor.id);
                if let Some(published) = self.published.get(&rumor.id) {
                    let error = rumor.age.as_nanos() as i64 - at.since(*published).as_nanos() as i64;
                    self.age_error = (self.age_error.0.max(error), self.age_error.1.min(error));
                }
            }
            Event::RumorsLost { from, to, .. } => self.lost.push((host, *from, *to)),
            Event::Suspected(_) | Event::Failed(_) => self.suspicions += 1,
            other => self.events.push(*other),
        }
    }
}

pub type Cluster = World<Receipts>;

/// `nodes` members at rest, one-way latency 100 µs, all subscribed.
pub fn cluster(seed: u64, nodes: u32, config: &Config, loss_permille: u32) -> (Cluster, Vec<HostId>) {
    let limits = Limits {
        origins: 64,
        rumors: 1_024,
        rumor_bytes: 1 << 18,
        rumor_window: 1_024,
        ..Limits::for_members(nodes + 8)
    };
    cluster_with(seed, nodes, config, &limits, loss_permille, Order::Arrival)
}

pub fn cluster_with(
    seed: u64,
    nodes: u32,
    config: &Config,
    limits: &Limits,
    loss_permille: u32,
    order: Order,
) -> (Cluster, Vec<HostId>) {
    let params = Params::new(config, limits).expect("consistent");
    let specs: Vec<Spec> = (0..nodes).map(|n| Spec::new(&format!("n{n}"), params.clone())).collect();
    let bounds = Bounds { hosts: nodes + 8, events: 0, in_flight: 1 << 22, ..Bounds::default() };
    let mut world = World::watched(seed, bounds, Receipts::default());
    world.network.set_all(Link { latency: Latency::Constant(Span::micros(100)), loss_permille, ..Link::default() });
    let hosts = world.form(&specs).expect("good specs");
    world.run_for(Span::secs(5));
    for host in &hosts {
        world.subscribe(*host, None, order).expect("room");
    }
    (world, hosts)
}

/// Publishes 64 bytes.
pub fn publish(world: &mut Cluster, host: HostId, class: Class) -> RumorId {
    let publication = Publication { topic: Topic::new(TOPIC), class, payload: &[7; 64] };
    let id = world.publish(host, publication).expect("taken");
    let now = world.now();
    world.observer.published.insert(id, now);
    id
}

/// The times from `begin` until each of those who got a rumor had it, in microseconds, sorted.
pub fn times(world: &Cluster, id: RumorId, begin: Instant) -> Vec<u64> {
    let receipts = world.observer.at.get(&id).map(Vec::as_slice).unwrap_or_default();
    let mut times: Vec<u64> = receipts.iter().map(|(_, at)| at.since(begin).as_micros()).collect();
    times.sort_unstable();
    times
}
