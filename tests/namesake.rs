//! Another process has written in this node's name: when does it go above that life (R1, R9)?

#[path = "common/anna.rs"]
mod anna;
#[path = "common/cast.rs"]
mod cast;
#[path = "common/envelope.rs"]
mod envelope;
#[path = "common/golden.rs"]
mod golden;
#[path = "common/record.rs"]
mod record;

use bruit::wire::{Datagram, Kind, LogDigest, MIN_MAX_DATAGRAM, RawStateListing, StateWant, state_bucket_of};
use bruit::{Mode, Node, NodeId};

use anna::{drain, feed, from, with_one_member};
use cast::CAST;
use envelope::Envelope;
use record::Record;

fn say(node: &mut Node, record: Record) {
    // Who holds what this node does not has another fingerprint.
    let differs = Envelope { state: u64::MAX, ..from(CAST[1]) };
    feed(node, &differs.seal(&[record], MIN_MAX_DATAGRAM).0);
}

/// What the second of the cast reads of what the node sends.
fn heard(node: &mut Node) -> Vec<Record> {
    let binding = Envelope { to: Some(CAST[1].boot), ..from(CAST[0]) }.binding();
    let read = |bytes: Vec<u8>| Record::all(Datagram::parse(&bytes).expect("a header").open(&binding).expect("whole"));
    drain(node).into_iter().flat_map(read).collect()
}

/// The second holds something of the node's third life, or of that of another who is alike in what is listed.
fn listing() -> Record {
    let owner = CAST[0].id();
    let (first, last) = (NodeId::from_u64(0), NodeId::from_u64(u64::MAX));
    let mut head = RawStateListing::new(first, last, 7, Mode::PushPull, false);
    head.add(state_bucket_of(owner));
    Record::StateListing { head, logs: vec![LogDigest::of(owner, 3, (70_008, 9), head.salt())] }
}

fn life(node: &Node) -> u32 {
    node.me().incarnation.life()
}

#[test]
fn a_page_that_it_has_asked_for_because_of_a_listing_says_so() {
    let [anna, ..] = CAST;
    let mut node = with_one_member();
    assert_eq!(life(&node), 1);
    say(&mut node, golden::state_page(&anna));
    assert_eq!(life(&node), 1, "whoever has written that may be up: it is heard of as a member then");
    // The bits of an owner that are listed may be those of another.
    say(&mut node, listing());
    assert_eq!(life(&node), 1);
    let all = StateWant { owner: LogDigest::alike(anna.id()).0, life: 3, after: 0 };
    assert!(heard(&mut node).contains(&Record::StateWant(all)));
    say(&mut node, golden::state_page(&anna));
    assert_eq!(life(&node), 4);
    say(&mut node, golden::state_page(&anna));
    assert_eq!(life(&node), 4, "it is asked for once");
}

#[test]
fn a_listing_of_somebody_else_says_nothing_about_it() {
    let mut node = with_one_member();
    let [of_carla] = golden::records(Kind::StateListing).try_into().expect("one listing");
    say(&mut node, of_carla);
    say(&mut node, golden::state_page(&CAST[0]));
    assert_eq!(life(&node), 1);
}
