//! The first of the cast is a real node, and hears from the second what a test has it say.

use bruit::wire::MIN_MAX_DATAGRAM;
use bruit::{Config, Identity, Input, Instant, Limits, Name, Node, Params, Profile};

use crate::cast::{Actor, CAST, LABEL};
use crate::envelope::Envelope;
use crate::golden;
use crate::record::Record;

pub const NOW: Instant = Instant::ZERO;

/// The first of the cast, created and not started.
pub fn idle() -> Node {
    let config = Config { strangers_per_second: 80, ..Config::new(Profile::Local) };
    let params = Params::new(&config, &Limits::for_members(8)).expect("good parameters");
    let [me, ..] = CAST;
    let name = Name::new(me.name).expect("a good name");
    let identity = Identity { name, cluster: LABEL, addr: me.addr, boot: me.boot, zone: "", tags: &[] };
    Node::new(params, &identity, 1, NOW).expect("a good identity")
}

/// The same as the founder of a cluster whose only other member is the second of the cast.
pub fn with_one_member() -> Node {
    let mut node = idle();
    node.handle_input(NOW, Input::Join(&[])).expect("a fresh node may join");
    introduce(&mut node, CAST[1]);
    assert_eq!(node.members().count(), 2);
    node
}

pub fn introduce(node: &mut Node, who: Actor) {
    let introduction = Envelope { introduces: true, counter: 1, ..from(who) };
    let records = [Record::Ping { nonce: 1 }, Record::Profile(golden::profile(&who))];
    feed(node, &introduction.seal(&records, MIN_MAX_DATAGRAM).0);
    drain(node);
}

pub fn from(from: Actor) -> Envelope {
    Envelope { from, to: Some(CAST[0].boot), introduces: false, counter: 2, membership: 0, state: 0 }
}

pub fn feed(node: &mut Node, bytes: &[u8]) {
    node.handle_input(NOW, Input::Datagram { from: CAST[1].addr, bytes }).expect("a datagram is never refused");
}

/// What the node sends, each datagram on its own.
pub fn drain(node: &mut Node) -> Vec<Vec<u8>> {
    let mut buf = [0; MIN_MAX_DATAGRAM];
    core::iter::from_fn(|| node.poll_transmit(NOW, &mut buf).map(|sent| buf[..sent.len].to_vec())).collect()
}
