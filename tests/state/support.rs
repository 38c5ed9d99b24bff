//! A formed cluster, what its nodes write, and what each of them holds.

use std::collections::BTreeMap;

use bruit::sim::{Bounds, HostId, Latency, Link, Observer, Passing, Spec, World};
use bruit::wire::Section;
use bruit::{Class, Config, Event, Instant, Limits, NodeId, Params, Refusal, Span, StateRef, Write};

/// What was told, and what travelled.
#[derive(Default)]
pub struct Watch {
    pub changed: Vec<(Instant, HostId, StateRef)>,
    pub datagrams: u64,
    pub bytes: u64,
    pub pages: u64,
    pub sums: u64,
    pub deaths: u64,
}

impl Observer for Watch {
    fn sent(&mut self, passing: &Passing<'_>) {
        self.datagrams += 1;
        self.bytes += passing.bytes.len() as u64;
        for section in passing.sections().into_iter().flatten() {
            match section {
                Section::StatePage(_) => self.pages += 1,
                Section::StateSums(_) => self.sums += 1,
                _ => {}
            }
        }
    }

    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        match event {
            Event::Changed(changed) => self.changed.push((at, host, *changed)),
            Event::Failed(_) => self.deaths += 1,
            _ => {}
        }
    }
}

pub type Cluster = World<Watch>;

pub fn params(config: &Config, limits: &Limits) -> Params {
    Params::new(config, limits).expect("consistent")
}

/// `nodes` members at rest, one-way latency 100 µs.
pub fn cluster(seed: u64, nodes: u32, config: &Config, loss_permille: u32) -> (Cluster, Vec<HostId>) {
    let names: Vec<String> = (0..nodes).map(|n| format!("n{n}")).collect();
    cluster_of(seed, &names, config, loss_permille)
}

/// The same, of members with these names.
pub fn cluster_of(seed: u64, names: &[String], config: &Config, loss_permille: u32) -> (Cluster, Vec<HostId>) {
    let nodes = names.len() as u32;
    let params = params(config, &Limits::for_members(nodes + 8));
    let specs: Vec<Spec> = names.iter().map(|name| Spec::new(name, params.clone())).collect();
    let bounds = Bounds { hosts: nodes + 8, events: 0, in_flight: 1 << 20, ..Bounds::default() };
    let mut world = World::watched(seed, bounds, Watch::default());
    world.network.set_all(Link { latency: Latency::Constant(Span::micros(100)), loss_permille, ..Link::default() });
    let hosts = world.form(&specs).expect("good specs");
    world.run_for(Span::secs(5));
    (world, hosts)
}

/// A value that nobody else can write, for a key of class normal that goes with its owner.
pub fn own<'a>(key: &'a str, value: &'a str) -> Write<'a> {
    let value = Some(value.as_bytes());
    Write { key: key.as_bytes(), value, class: Class::Normal, durable: false, ttl: None }
}

/// The same, that stays.
pub fn durable<'a>(key: &'a str, value: &'a str) -> Write<'a> {
    Write { durable: true, ..own(key, value) }
}

/// Removes a key.
pub fn removed(key: &str) -> Write<'_> {
    Write { value: None, ..own(key, "") }
}

pub fn write(world: &mut Cluster, host: HostId, write: Write<'_>) -> Result<(), Refusal> {
    world.write(host, write)
}

/// All that a host's node holds: owner and key to value.
pub fn held(world: &Cluster, host: HostId) -> BTreeMap<(NodeId, String), String> {
    let (node, now) = (world.node(host).expect("it runs"), Instant::ZERO + world.clock(host));
    let mut all = BTreeMap::new();
    let mut place = 0;
    while let Some((at, view)) = node.next_state_from(now, place) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let before = all.insert((view.owner, text(view.key)), text(view.value));
        assert_eq!(before, None, "one value for a key");
        place = at + 1;
    }
    all
}

pub fn value_at(world: &Cluster, host: HostId, owner: HostId, key: &str) -> Option<String> {
    held(world, host).remove(&(world.id(owner), key.to_owned()))
}

/// Whether all these hold the same, and their fingerprints say so.
pub fn in_step(world: &Cluster, hosts: &[HostId]) -> bool {
    let first = held(world, hosts[0]);
    let root = |host: &HostId| world.node(*host).expect("it runs").state_root();
    hosts.iter().all(|host| held(world, *host) == first && root(host) == root(&hosts[0]))
}
