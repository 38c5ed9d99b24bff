//! What do the tests have in common? Clusters that stand, counts over all nodes, datagrams of a test's own making.

use bruit::sim::{HostId, Spec, World};
use bruit::wire::{Binding, Claim, Header, Kind, MIN_MAX_DATAGRAM, Profile as WireProfile, RawClaim, State, Writer};
use bruit::{BootId, ClusterKey, Config, Counters, Event, Incarnation, Limits, NodeId, Params, Profile, Span};

/// The parameters of a profile with room for `members`.
pub fn params(profile: Profile, members: u32) -> Params {
    tuned(profile, members, |_| ())
}

/// The same with some fields changed.
pub fn tuned(profile: Profile, members: u32, change: impl FnOnce(&mut Config)) -> Params {
    let mut config = Config::new(profile);
    change(&mut config);
    Params::new(&config, &Limits::for_members(members)).expect("parameters that agree with each other")
}

/// The name of the `n`th node.
pub fn name(n: usize) -> String {
    format!("n{n:03}")
}

/// Starts one node more, which joins through the first host.
pub fn join_one(world: &mut World, name: &str, params: &Params) -> HostId {
    let seeds: Vec<_> = world.hosts().next().map(|first| world.addr(first)).into_iter().collect();
    world.start(&Spec::new(name, params.clone()), &seeds).expect("a good spec")
}

/// A cluster of `n` nodes in which all see all: the first founds it, the others join through it.
pub fn cluster(world: &mut World, n: usize, params: &Params) -> Vec<HostId> {
    let hosts: Vec<HostId> = (0..n).map(|i| join_one(world, &name(i), params)).collect();
    together(world, n, Span::secs(60));
    hosts
}

/// Lets time pass until every running node sees `n` members up, and says how long that took.
pub fn together(world: &mut World, n: usize, within: Span) -> Span {
    world.run_until(within, |w| w.all_see(n)).unwrap_or_else(|| {
        let seen: Vec<_> = world.running().map(|(host, _)| world.up_at(host)).collect();
        panic!("not all see {n} within {within:?}: {seen:?}")
    })
}

/// Lets time pass until every running node but the subject holds `subject` to be in `state`, and says how long that took.
pub fn all_hold(world: &mut World, subject: HostId, state: State, within: Span) -> Span {
    let id = world.id(subject);
    world
        .run_until(within, |w| w.running().all(|(host, _)| host == subject || w.sees(host, id) == Some(state)))
        .unwrap_or_else(|| panic!("{} not {} everywhere within {within:?}", world.name(subject), state.name()))
}

/// How many events on all hosts are of a kind.
pub fn events(world: &World, counts: impl Fn(&Event) -> bool) -> usize {
    world.hosts().map(|host| world.events(host).filter(|(_, event)| counts(event)).count()).sum()
}

pub fn failures(world: &World) -> usize {
    events(world, |e| matches!(e, Event::Failed(_)))
}

pub fn conflicts(world: &World) -> usize {
    events(world, |e| matches!(e, Event::NameConflict { .. }))
}

/// A counter, summed over the nodes that run.
pub fn sum(world: &World, counter: impl Fn(&Counters) -> u64) -> u64 {
    world.running().map(|(_, node)| counter(node.counters())).sum()
}

/// The boot id of the node that runs on a host.
pub fn boot(world: &World, host: HostId) -> BootId {
    world.node(host).expect("a running node").me().boot
}

/// The number that a running node gives itself.
pub fn own_number(world: &World, host: HostId) -> Incarnation {
    world.node(host).expect("a running node").me().incarnation
}

/// A claim about the node of `subject`, as `accuser` would make it.
pub fn claim(world: &World, subject: HostId, incarnation: Incarnation, state: State, accuser: HostId) -> Claim {
    Claim {
        subject: world.id(subject),
        incarnation,
        state,
        accuser: world.id(accuser).tag(),
        boot: boot(world, subject).short(),
    }
}

/// Puts claims in front of `to`, in an authentic datagram of the member `from`: what a node with a bug could send.
pub fn say(world: &mut World, from: HostId, to: HostId, claims: &[Claim]) {
    forge(world, from, to, |writer| claims.iter().all(|claim| writer.push(Kind::Claims, &RawClaim::new(claim))));
}

/// The same with the whole profile of the claim's subject, as of its running node.
pub fn say_profile(world: &mut World, from: HostId, to: HostId, claim: Claim) {
    let subject = world.hosts().find(|host| world.id(*host) == claim.subject).expect("a host of the subject");
    let (addr, boot, name) = (world.addr(subject), boot(world, subject), world.name(subject).to_owned());
    let profile = WireProfile { claim, boot, addr, protocol: (1, 1), name: &name, zone: "", tags: &[] };
    forge(world, from, to, |writer| profile.write(writer));
}

fn forge(world: &mut World, from: HostId, to: HostId, write: impl FnOnce(&mut Writer<'_>) -> bool) {
    let node = world.node(from).expect("a running node");
    let cluster = ClusterKey::from_label("sim");
    let (sender, receiver) = (boot(world, from), boot(world, to));
    let header = Header {
        cluster: cluster.tag(),
        sender: world.id(from),
        boot_tag: sender.tag(),
        intro: None,
        receiver: Some(receiver.short()),
        counter: node.counters().datagrams_sent as u32,
        membership: node.membership_fingerprint() as u32,
        rumors: 0,
        state: 0,
    };
    let mut buf = [0; MIN_MAX_DATAGRAM];
    let mut writer = Writer::new(&mut buf, MIN_MAX_DATAGRAM, &header).expect("a buffer that is large enough");
    assert!(write(&mut writer), "more than one datagram holds");
    let len = writer.finish(&Binding { cluster, sender, receiver: Some(receiver), counter_high: 0 });
    let from = world.addr(from);
    world.inject(from, to, &buf[..len]);
}

/// What a node holds, as text that can be compared: everybody's name, state, number and address.
pub fn table(world: &World, host: HostId) -> Vec<String> {
    let node = world.node(host).expect("a running node");
    let mut lines: Vec<String> =
        node.members().map(|m| format!("{} {} {} {}", m.name, m.state.name(), m.incarnation, m.addr)).collect();
    lines.sort();
    lines
}

/// The number under which `host` knows `member`.
pub fn number_at(world: &World, host: HostId, member: NodeId) -> Option<Incarnation> {
    world.node(host)?.member(member).map(|m| m.incarnation)
}
