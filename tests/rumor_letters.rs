//! What does a node make of rumors that come in any order, too many, or again? One node, and letters from its peers written by
//! hand.

#[path = "common/cast.rs"]
mod cast;
#[path = "common/envelope.rs"]
mod envelope;
#[path = "common/record.rs"]
mod record;

use bruit::wire::{Binding, Claim, Datagram, Digest, Header, RumorIds, State};
use bruit::{
    BootId, Class, ClusterKey, Config, Event, Identity, Incarnation, Input, Instant, Limits, Name, Node, Order, Params,
    Profile, Publication, RumorId, Span, Topic,
};
use cast::{Actor, CAST, LABEL};
use envelope::Envelope;
use record::{Heard, Member, Record};

/// The node under test, alone but for those who write to it.
struct Desk {
    node: Node,
    now: Instant,
    counter: u64,
}

/// What was told of rumors, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Came(u64),
    Lost(u64, u64),
}
use Told::{Came, Lost};

impl Desk {
    fn new(limits: Limits) -> Self {
        let params = Params::new(&Config::new(Profile::Local), &limits).expect("good limits");
        let [anna, berta, carla, ..] = CAST;
        let name = Name::new(anna.name).expect("a name");
        let identity = Identity { name, cluster: LABEL, addr: anna.addr, boot: anna.boot, zone: "z", tags: &[] };
        let node = Node::new(params, &identity, 1, Instant::ZERO).expect("a good identity");
        let mut desk = Self { node, now: Instant::from_nanos(1), counter: 0 };
        desk.node.handle_input(desk.now, Input::Join(&[])).expect("a fresh node may join");
        desk.node
            .handle_input(desk.now, Input::Subscribe { topic: None, order: Order::Origin })
            .expect("all are subscribed to");
        for actor in [berta, carla] {
            desk.hand(actor, &[Record::Profile(profile(actor))]);
        }
        // With nobody who knows more, what it has is all that there is.
        desk.pass(20);
        desk.told();
        desk
    }

    /// Lets seconds pass in which its peers live.
    fn pass(&mut self, seconds: u32) {
        self.pass_with(seconds, &[CAST[1], CAST[2]]);
    }

    /// Lets seconds pass in which these live.
    fn pass_with(&mut self, seconds: u32, living: &[Actor]) {
        for _ in 0..seconds {
            self.now += Span::secs(1);
            self.node.handle_input(self.now, Input::Tick).expect("a tick");
            self.drain();
            living.iter().for_each(|actor| self.hand(*actor, &[]));
        }
    }

    /// The fingerprint of its rumors, half of which its headers show.
    fn root(&mut self) -> u64 {
        self.drain();
        self.hand(CAST[1], &[Record::Ping { nonce: 7 }]);
        let mut buf = [0; 1_200];
        let transmit = self.node.poll_transmit(self.now, &mut buf).expect("an ack");
        let header = Datagram::parse(&buf[..transmit.len]).expect("a datagram").header;
        let root = self.node.rumor_root();
        assert_eq!(header.rumors, Header::part(root, header.counter));
        root
    }

    /// Hands over a datagram, and takes nothing from the node.
    fn hand(&mut self, from: Actor, records: &[Record]) {
        self.counter += 1;
        let envelope =
            Envelope { from, to: Some(CAST[0].boot), introduces: true, counter: self.counter, membership: 0, state: 0 };
        let (bytes, fitting) = envelope.seal(records, self.node.params().max_datagram());
        assert_eq!(fitting, records.len());
        self.node.handle_input(self.now, Input::Datagram { from: from.addr, bytes: &bytes }).expect("never an error");
    }

    /// Everything that the node sends: to whom, and what.
    fn drain(&mut self) -> Vec<(Actor, Vec<Record>)> {
        let mut buf = [0; 1_200];
        let mut sent = Vec::new();
        while let Some(transmit) = self.node.poll_transmit(self.now, &mut buf) {
            let to = CAST.into_iter().find(|actor| actor.addr == transmit.to).expect("one of the cast");
            sent.push((to, opened(to.boot, &buf[..transmit.len])));
            assert!(sent.len() < 100, "draining does not end");
        }
        sent
    }

    /// What it has told of rumors; each that came can be read.
    fn told(&mut self) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(event) = self.node.poll_event() {
            match event {
                Event::Rumor(rumor) => {
                    assert!(self.node.rumor(&rumor).is_some(), "{} has no payload", rumor.id);
                    told.push(Came(rumor.id.sequence));
                }
                Event::RumorsLost { from, to, .. } => told.push(Lost(from, to)),
                _ => {}
            }
        }
        told
    }

    /// Rumors of the third of the cast come from the second, in one datagram.
    fn come(&mut self, sequences: &[u64], len: usize) -> Vec<Told> {
        let records: Vec<Record> = sequences.iter().map(|n| rumor(*n, len)).collect();
        self.hand(CAST[1], &records);
        self.told()
    }
}

fn opened(by: BootId, bytes: &[u8]) -> Vec<Record> {
    let datagram = Datagram::parse(bytes).expect("a datagram");
    let binding = Binding {
        cluster: ClusterKey::from_label(LABEL),
        sender: CAST[0].boot,
        receiver: datagram.header.receiver.map(|_| by),
        counter_high: 0,
    };
    // What is for another start of its name nobody reads.
    datagram.open(&binding).map(Record::all).unwrap_or_default()
}

fn profile(actor: Actor) -> Member {
    Member {
        claim: Claim {
            subject: actor.id(),
            incarnation: Incarnation::FIRST,
            state: State::Alive,
            accuser: 0,
            boot: actor.boot.short(),
        },
        boot: actor.boot,
        addr: actor.addr,
        protocol: (1, 1),
        name: actor.name.into(),
        zone: String::new(),
        tags: vec![],
    }
}

fn id(sequence: u64) -> RumorId {
    RumorId { origin: CAST[2].id(), boot: CAST[2].boot.tag(), sequence }
}

fn rumor(sequence: u64, len: usize) -> Record {
    Record::Rumor(Heard {
        id: id(sequence),
        topic: Topic::new("letters"),
        class: Class::Urgent,
        age_us: 10,
        hops: 0,
        asks: true,
        payload: vec![sequence as u8; len],
    })
}

const fn is_feedback(record: &Record) -> bool {
    matches!(record, Record::Feedback(_))
}

fn limits() -> Limits {
    Limits { rumor_window: 64, rumors: 64, rumor_bytes: 2_400, rumor_payload: 1_100, ..Limits::for_members(8) }
}

#[test]
fn what_waits_for_one_comes_behind_it() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.come(&[1, 3, 4, 6], 8), [Came(1)]);
    assert_eq!(desk.come(&[2], 8), [Came(2), Came(3), Came(4)]);
    assert_eq!(desk.come(&[7, 5, 5, 3], 8), [Came(5), Came(6), Came(7)]);
}

#[test]
fn what_has_to_go_while_it_waits_is_lost_with_what_it_waits_for() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.come(&[1], 500), [Came(1)]);
    assert_eq!(desk.come(&[4], 1_000), []);
    assert_eq!(desk.come(&[5], 500), []);
    // The fourth goes for the sixth; the fifth has lost what it waited for, and the sixth comes in its turn.
    assert_eq!(desk.come(&[6], 1_000), [Lost(2, 4), Came(5), Came(6)]);
    assert_eq!(desk.come(&[3, 4], 8), [], "whatever was given up comes no more");
}

#[test]
fn one_that_makes_room_for_itself_comes_in_its_turn_or_not_at_all() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.come(&[1], 100), [Came(1)]);
    assert_eq!(desk.come(&[4], 1_000), []);
    assert_eq!(desk.come(&[5], 1_000), []);
    // To have room for the third the fourth goes, and with it all hope for what lies before it.
    assert_eq!(desk.come(&[3], 1_000), [Lost(2, 4), Came(5)]);
}

#[test]
fn what_waits_behind_a_gap_comes_when_the_window_moves_on_however_far() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.come(&[1, 3, 5], 8), [Came(1)]);
    assert_eq!(desk.come(&[10_000], 8), [Lost(2, 2), Lost(4, 4), Lost(6, 9_936), Came(3), Came(5)]);
    assert_eq!(desk.come(&[10_001, 3], 8), [Lost(9_937, 9_937)]);
}

#[test]
fn each_who_tells_what_is_known_hears_of_its_own_only() {
    let mut desk = Desk::new(limits());
    desk.come(&[1, 2], 8);
    desk.drain();
    let [_, berta, carla, ..] = CAST;
    // As when the socket has several: nothing is drained in between.
    desk.hand(berta, &[rumor(1, 8)]);
    desk.hand(carla, &[rumor(2, 8)]);
    let known = |to: Actor, base: u64| {
        let ids = RumorIds { origin: id(1).origin, boot: id(1).boot, base, which: 1 };
        (to, Record::Feedback(ids))
    };
    let sent = desk.drain();
    let feedback: Vec<_> = sent
        .into_iter()
        .flat_map(|(to, records)| records.into_iter().map(move |record| (to, record)))
        .filter(|(_, record)| is_feedback(record))
        .collect();
    // The first to deliver is told to stop only where it is not a stream's.
    assert_eq!(feedback, [known(berta, 0), known(carla, 1)]);
}

#[test]
fn copies_that_cross_are_not_complained_of_where_rounds_tell_them() {
    let mut desk = Desk::new(limits());
    let [_, berta, carla, ..] = CAST;
    let Record::Rumor(heard) = rumor(1, 8) else { unreachable!("it is one") };
    let told = [Record::Rumor(Heard { class: Class::Normal, ..heard })];
    desk.drain();
    // Both have told it before it can have heard of it from either.
    desk.hand(berta, &told);
    desk.hand(carla, &told);
    assert!(!desk.drain().iter().any(|(_, records)| records.iter().any(is_feedback)));
    desk.now += Span::millis(1);
    desk.hand(berta, &told);
    let complaints: Vec<Actor> =
        desk.drain().into_iter().filter(|(_, records)| records.iter().any(is_feedback)).map(|(to, _)| to).collect();
    assert_eq!(complaints, [berta], "it was there when it was told again");
}

#[test]
fn a_complaint_carries_no_rumors_back() {
    let mut desk = Desk::new(limits());
    let [_, berta, ..] = CAST;
    desk.come(&[1], 8);
    desk.drain();
    let publication = Publication { topic: Topic::new("letters"), class: Class::Normal, payload: b"waits" };
    desk.node.handle_input(desk.now, Input::Publish(publication)).expect("a member may publish");
    desk.come(&[1], 8);
    let sent = desk.drain();
    let [(to, records)] = &sent[..] else { panic!("one datagram: {sent:?}") };
    assert!(*to == berta && records.iter().any(is_feedback), "{sent:?}");
    assert!(!records.iter().any(|record| matches!(record, Record::Rumor(_) | Record::Digest(_))), "{sent:?}");
}

#[test]
fn what_came_of_an_origin_that_was_away_for_long_is_not_reported_as_lost() {
    let mut desk = Desk::new(limits());
    let [_, berta, carla, ..] = CAST;
    assert_eq!(desk.come(&[1, 2], 8), [Came(1), Came(2)]);
    let claim = profile(carla).claim;
    desk.hand(berta, &[Record::Claim(Claim { state: State::Dead, accuser: berta.id().tag(), ..claim })]);
    // More than twice the 30 seconds of `local`, after which nobody can tell its rumors again.
    desk.pass_with(70, &[berta]);
    assert_eq!(desk.node.members_up(), 2);
    let mut back = profile(carla);
    back.claim.incarnation = Incarnation::new(1, 1);
    desk.hand(carla, &[Record::Profile(back)]);
    assert_eq!(desk.node.members_up(), 3);
    assert_eq!(desk.come(&[3], 8), [Came(3)], "as if it had never been away");
    desk.pass(40);
    assert_eq!(desk.told(), []);
}

#[test]
fn the_longest_rumors_are_supplied_one_by_one_with_word_of_what_is_not_to_be_had() {
    let mut desk = Desk::new(limits());
    desk.come(&[1], 1_100);
    desk.come(&[2], 1_100);
    desk.drain();
    let [_, berta, ..] = CAST;
    let ids = RumorIds { origin: id(1).origin, boot: id(1).boot, base: 0, which: 0b111 };
    desk.hand(berta, &[Record::RumorWant(ids)]);
    let sent = desk.drain();
    let records: Vec<_> = sent.into_iter().flat_map(|(_, records)| records).collect();
    let rumors = records.iter().filter_map(|record| match record {
        Record::Rumor(heard) => Some(heard.id.sequence),
        _ => None,
    });
    assert_eq!(rumors.collect::<Vec<_>>(), [1, 2]);
    assert!(records.iter().any(|record| matches!(record, Record::Digest(digest) if digest.complete == 2)));
}

#[test]
fn what_is_missing_is_given_up_when_it_has_been_missing_for_the_retention_itself() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.come(&[1, 3], 8), [Came(1)]);
    desk.pass(20);
    assert_eq!(desk.come(&[2, 5], 8), [Came(2), Came(3)]);
    // Of the 30 seconds of `local`, 25 since the fourth is missing, and 45 since something is.
    desk.pass(25);
    assert_eq!(desk.come(&[7], 8), []);
    desk.pass(10);
    assert_eq!(desk.told(), [Lost(4, 4), Came(5)], "the sixth may still come");
    assert_eq!(desk.come(&[6], 8), [Came(6), Came(7)]);
}

#[test]
fn a_root_holds_while_nothing_new_is_heard_and_outlives_an_origin_for_the_retention() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.root(), 0);
    desk.come(&[1, 2], 8);
    assert_eq!(desk.root(), 0, "not settled yet");
    desk.pass(10);
    let root = desk.root();
    assert_ne!(root, 0);
    let known = Digest { origin: id(1).origin, boot: id(1).boot, complete: 2, ahead: 0, kept: 2, seen: 0 };
    desk.hand(CAST[1], &[Record::Digest(known)]);
    assert_eq!(desk.root(), root);
    let left = Record::Leave { incarnation: Incarnation::FIRST, nonce: 9 };
    desk.hand(CAST[2], &[left]);
    assert_eq!(desk.root(), root, "its last rumors can still be had");
    desk.pass(25);
    assert_eq!(desk.root(), 0);
    assert_eq!(desk.told(), []);
}

#[test]
fn nobody_knows_more_of_a_nodes_own_rumors_than_itself() {
    let mut desk = Desk::new(limits());
    let [anna, berta, ..] = CAST;
    let own = |sequence| RumorId { origin: anna.id(), boot: anna.boot.tag(), sequence };
    let Record::Rumor(heard) = rumor(1, 8) else { unreachable!("it is one") };
    let invented = |sequence| Record::Rumor(Heard { id: own(sequence), ..heard.clone() });
    let digest = |complete| {
        let RumorId { origin, boot, .. } = own(1);
        Record::Digest(Digest { origin, boot, complete, ahead: 0, kept: complete as u16, seen: 0 })
    };
    desk.hand(berta, &[digest(9), invented(3)]);
    for sequence in 1..=3 {
        let publication = Publication { topic: Topic::new("letters"), class: Class::Bulk, payload: &[] };
        desk.node.handle_input(desk.now, Input::Publish(publication)).expect("a member may publish");
        assert_eq!(desk.node.published(), Some(own(sequence)));
    }
    desk.hand(berta, &[digest(9), invented(4), invented(1)]);
    // Long enough to ask and to give up.
    desk.pass(40);
    assert_eq!(desk.told(), []);
    assert_eq!(desk.node.counters().rumors_implausible, 2, "the digest and the fourth");
}

#[test]
fn a_start_that_another_has_followed_counts_no_more_once_its_rumors_are_old() {
    let mut desk = Desk::new(limits());
    desk.come(&[1], 8);
    desk.pass(40);
    assert_ne!(desk.root(), 0, "it lives");
    let again = Actor { boot: BootId::from_u64(77), ..CAST[2] };
    let mut profile = profile(again);
    profile.claim.incarnation = Incarnation::new(2, 0);
    desk.hand(again, &[Record::Profile(profile)]);
    desk.pass(1);
    assert_eq!(desk.root(), 0);
}
