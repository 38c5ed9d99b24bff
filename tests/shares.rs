//! Does one class of news starve another? A node with more claims and more profiles to tell than fit a datagram (R21, M6).

#[path = "common/cast.rs"]
mod cast;
#[path = "common/envelope.rs"]
mod envelope;
#[path = "common/record.rs"]
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use bruit::wire::{Binding, Claim, Datagram, MIN_MAX_DATAGRAM, State};
use bruit::{
    BootId, ClusterKey, Config, Identity, Incarnation, Input, Instant, Limits, Name, Node, NodeId, Params, Profile,
};
use cast::{Actor, CAST, LABEL};
use envelope::Envelope;
use record::{Member, Record};

fn founder() -> Node {
    let params = Params::new(&Config::new(Profile::Local), &Limits::for_members(256)).expect("good parameters");
    let [Actor { name, boot, addr, .. }, ..] = CAST;
    let name = Name::new(name).expect("a good name");
    let identity = Identity { name, cluster: LABEL, addr, boot, zone: "", tags: &[] };
    let mut node = Node::new(params, &identity, 1, Instant::ZERO).expect("a good identity");
    node.handle_input(Instant::ZERO, Input::Join(&[])).expect("a fresh node may join");
    node
}

/// The member with this number; its boot id follows from its address.
fn member(number: u16, state: State) -> Member {
    let name = format!("member-{number:03}");
    let addr = SocketAddr::from(([127, 0, 0, 1], 5_000 + number));
    let claim = Claim {
        subject: NodeId::from_name(&name),
        incarnation: Incarnation::FIRST,
        state,
        accuser: if state == State::Suspect { CAST[1].id().tag() } else { 0 },
        boot: boot_at(addr).short(),
    };
    Member { claim, boot: boot_at(addr), addr, protocol: (1, 1), name, zone: String::new(), tags: Vec::new() }
}

fn boot_at(addr: SocketAddr) -> BootId {
    BootId::from_u64(0x5a5a_0000_0000_0000 | u64::from(addr.port()))
}

/// The second of the cast tells the node all of these, in as many datagrams as it takes.
fn tell(node: &mut Node, now: Instant, counter: &mut u64, mut records: &[Record]) {
    while !records.is_empty() {
        *counter += 1;
        let (from, to) = (CAST[1], Some(CAST[0].boot));
        let envelope = Envelope { from, to, introduces: true, counter: *counter, membership: 0, state: 0 };
        let (bytes, fitting) = envelope.seal(records, MIN_MAX_DATAGRAM);
        node.handle_input(now, Input::Datagram { from: from.addr, bytes: &bytes }).expect("never refused");
        records = &records[fitting..];
    }
}

/// What the node sends now: to whom, how long, and what is in it.
fn sent(node: &mut Node, now: Instant) -> Vec<(SocketAddr, usize, Vec<Record>)> {
    let mut buf = [0; MIN_MAX_DATAGRAM];
    let mut all = Vec::new();
    while let Some(transmit) = node.poll_transmit(now, &mut buf) {
        let binding = Binding {
            cluster: ClusterKey::from_label(LABEL),
            sender: CAST[0].boot,
            receiver: Some(boot_at(transmit.to)),
            counter_high: 0,
        };
        let datagram = Datagram::parse(&buf[..transmit.len]).expect("a header");
        all.push((
            transmit.to,
            transmit.len,
            Record::all(datagram.open(&binding).expect("bound to the one at that address")),
        ));
    }
    all
}

fn alive(numbers: core::ops::Range<u16>) -> Vec<Record> {
    numbers.map(|n| Record::Profile(member(n, State::Alive))).collect()
}

#[test]
fn claims_and_profiles_share_a_datagram_however_many_wait() {
    let (mut node, mut now, mut counter) = (founder(), Instant::ZERO, 0);
    tell(&mut node, now, &mut counter, &alive(0..80));
    // Until nothing of that is news any more.
    while !sent(&mut node, now).is_empty() || node.counters().rounds < 8 {
        now = node.poll_timeout().expect("rounds to come").max(now);
        node.handle_input(now, Input::Tick).expect("a tick is never refused");
    }
    let gone = (0..60).map(|n| Record::Claim(member(n, State::Left).claim)).collect::<Vec<_>>();
    tell(&mut node, now, &mut counter, &[gone, alive(80..160)].concat());
    let full: Vec<_> = sent(&mut node, now).into_iter().filter(|(_, len, _)| *len > MIN_MAX_DATAGRAM - 100).collect();
    assert!(full.len() >= 3, "news is passed on at once");
    for (_, len, records) in full {
        let claims = records.iter().filter(|r| matches!(r, Record::Claim(_))).count() * 24;
        let profiles = records.iter().filter(|r| matches!(r, Record::Profile(_))).count() * (56 + 10);
        assert!(claims * 3 > len && profiles * 3 > len, "{claims} and {profiles} bytes of {len}");
    }
}

#[test]
fn a_round_tells_each_peer_everything_and_nothing_twice() {
    let (mut node, mut now, mut counter) = (founder(), Instant::ZERO, 0);
    // More than one datagram holds; the last has room for what the first has told.
    tell(&mut node, now, &mut counter, &alive(0..75));
    sent(&mut node, now);
    while node.counters().rounds == 0 {
        now = node.poll_timeout().expect("a round to come").max(now);
        node.handle_input(now, Input::Tick).expect("a tick is never refused");
    }
    let mut told: BTreeMap<SocketAddr, (usize, Vec<NodeId>)> = BTreeMap::new();
    for (to, _, records) in sent(&mut node, now) {
        let subjects = records.iter().map(|record| match record {
            Record::Profile(member) => Some(member.claim.subject),
            Record::Claim(claim) => Some(claim.subject),
            _ => None,
        });
        // News and nothing else: what a probe has room for is told beside the round.
        if let Some(subjects) = subjects.collect::<Option<Vec<_>>>() {
            let (datagrams, all) = told.entry(to).or_default();
            *datagrams += 1;
            all.extend(subjects);
        }
    }
    assert!(!told.is_empty());
    for (to, (datagrams, subjects)) in told {
        let distinct: BTreeSet<_> = subjects.iter().collect();
        assert!(datagrams > 1 && distinct.len() >= 75, "{to}: {} members in {datagrams} datagrams", distinct.len());
        assert_eq!(distinct.len(), subjects.len(), "{to} was told something twice");
    }
}
