//! Is every bad datagram dropped for its own reason, and does it change nothing? A real node, each reason once, and every
//! flipped bit of every kind (R20).

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
#[path = "common/reseal.rs"]
mod reseal;

use anna::{drain, feed, from, idle, introduce, with_one_member};
use bruit::wire::{Datagram, Kind, MIN_MAX_DATAGRAM, OVERHEAD, SECTION_HEADER, StateHead};
use bruit::{BootId, DropReason, Input, Node, NodeId};
use cast::{Actor, CAST};
use envelope::Envelope;
use record::Record;
use reseal::{CHECK, reseal};

fn ping(envelope: Envelope) -> Vec<u8> {
    envelope.seal(&[Record::Ping { nonce: 5 }], MIN_MAX_DATAGRAM).0
}

/// A ping with one byte changed and a checksum that fits.
fn altered(at: usize, value: u8) -> Vec<u8> {
    let mut bytes = ping(from(CAST[1]));
    bytes[at] = value;
    reseal(&mut bytes, &from(CAST[1]));
    bytes
}

/// What somebody reads who knows the node, in a datagram that is bound to nobody.
fn read_unbound(bytes: &[u8]) -> Vec<Record> {
    let binding = Envelope { to: None, ..from(CAST[0]) }.binding();
    Record::all(Datagram::parse(bytes).expect("a header").open(&binding).expect("a checksum that fits"))
}

/// All that a dropped datagram may not change.
fn state(node: &Node) -> (Vec<String>, u64, u64) {
    let members = node.members().map(|m| format!("{m:?}")).collect();
    let sections = Kind::ALL.iter().map(|kind| node.counters().received(*kind)).sum();
    (members, sections, node.counters().claims_news)
}

fn dropped(node: &Node) -> Vec<(DropReason, u64)> {
    DropReason::ALL.iter().map(|reason| (*reason, node.counters().dropped(*reason))).filter(|(_, n)| *n > 0).collect()
}

/// A datagram that is dropped for `reason` before anything in it is looked at.
fn unread(reason: DropReason) -> Option<Vec<u8>> {
    let member = from(CAST[1]);
    let stranger = Envelope { introduces: true, ..from(CAST[5]) };
    let other_start = BootId::from_u64(0x7777_7777_7777_7777);
    let page_request = Record::PageRequest { nonce: 1, cookie: 1, cursor: 0, pages: 1 };
    Some(match reason {
        DropReason::Short => ping(member)[..OVERHEAD - 1].to_vec(),
        DropReason::Long => vec![0xb7; MIN_MAX_DATAGRAM + 1],
        DropReason::NotBruit => b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n".to_vec(),
        DropReason::UnknownVersion => altered(1, 9),
        DropReason::UnknownSuite => altered(2, 9),
        DropReason::ReservedBits => altered(5, 9),
        DropReason::WrongCluster => altered(8, !ping(member)[8]),
        DropReason::FromSelf => ping(from(CAST[0])),
        DropReason::UnknownSender => ping(from(CAST[5])),
        DropReason::SenderOtherLife => ping(from(Actor { boot: other_start, ..CAST[1] })),
        DropReason::OtherLife => ping(Envelope { to: Some(other_start), ..member }),
        DropReason::Corrupt => {
            let mut bytes = ping(member);
            let last = bytes.len() - CHECK - 1;
            bytes[last] ^= 1;
            bytes
        }
        DropReason::BadSection => altered(OVERHEAD - CHECK + 1, 2),
        DropReason::BadRecord => {
            let (mut bytes, _) = member.seal(&golden::records(Kind::Leave), MIN_MAX_DATAGRAM);
            let last = bytes.len() - CHECK - 1;
            bytes[last] = 1;
            reseal(&mut bytes, &member);
            bytes
        }
        DropReason::Unbound => ping(Envelope { to: None, ..stranger }),
        DropReason::BadCookie => stranger.seal(&[page_request], MIN_MAX_DATAGRAM).0,
        // These depend on the node and not on the datagram.
        DropReason::NotRunning | DropReason::NoRoom | DropReason::OverBudget => return None,
    })
}

#[test]
fn each_bad_datagram_is_dropped_for_its_reason_and_changes_nothing() {
    for &reason in DropReason::ALL {
        let Some(bytes) = unread(reason) else { continue };
        let mut node = with_one_member();
        let (members, sections, news) = state(&node);
        feed(&mut node, &bytes);
        assert_eq!(dropped(&node), [(reason, 1)]);
        // A cookie can be judged only where it is read.
        let read = u64::from(reason == DropReason::BadCookie);
        assert_eq!(state(&node), (members, sections + read, news), "{}", reason.name());
        // Who cannot be told, or is told apart from whom the node holds, is asked who it is; a member that takes the node for
        // another start of it is told better.
        let answers = usize::from(matches!(
            reason,
            DropReason::UnknownSender | DropReason::SenderOtherLife | DropReason::OtherLife
        ));
        assert_eq!(drain(&mut node).len(), answers, "{}", reason.name());
    }
}

#[test]
fn who_cannot_be_understood_is_asked_who_it_is_with_no_more_bytes_than_it_sent() {
    let mut node = with_one_member();
    let question = ping(from(CAST[5]));
    feed(&mut node, &question);
    let [answer] = &drain(&mut node)[..] else { panic!("one answer") };
    assert!(answer.len() <= question.len());
    assert_eq!(read_unbound(answer), [Record::Whois { counter: 2 }]);

    feed(&mut node, &from(CAST[5]).seal(&[], MIN_MAX_DATAGRAM).0);
    assert_eq!(drain(&mut node).len(), 0, "a datagram that says nothing is shorter than the question");
}

#[test]
fn who_takes_the_node_for_another_start_is_introduced_to_this_one() {
    let other_start = BootId::from_u64(0x7777_7777_7777_7777);
    // A member is pinged at the address where it is held to be, wherever the mail came from.
    let mut node = with_one_member();
    feed(&mut node, &ping(Envelope { to: Some(other_start), ..from(CAST[1]) }));
    let [ping_of_its] = &drain(&mut node)[..] else { panic!("one ping") };
    let bound = Envelope { to: Some(CAST[1].boot), ..from(CAST[0]) }.binding();
    let read = Record::all(Datagram::parse(ping_of_its).expect("a header").open(&bound).expect("bound to the member"));
    assert!(
        matches!(&read[..], [Record::Ping { .. }, Record::Profile(own), ..] if own.name == CAST[0].name),
        "{read:?}"
    );

    // Somebody whose own start is not known gets no more bytes than it sent.
    let stranger = Actor { boot: BootId::from_u64(0x6666), ..CAST[1] };
    let mut node = with_one_member();
    let short =
        Envelope { to: Some(other_start), ..from(stranger) }.seal(&[Record::Ping { nonce: 1 }], MIN_MAX_DATAGRAM).0;
    feed(&mut node, &short);
    assert_eq!(drain(&mut node).len(), 0);
    let words = vec![Record::Whois { counter: 1 }; 20];
    let long = Envelope { to: Some(other_start), ..from(stranger) }.seal(&words, MIN_MAX_DATAGRAM).0;
    feed(&mut node, &long);
    let [introduction] = &drain(&mut node)[..] else { panic!("one introduction") };
    assert!(introduction.len() <= long.len());
    assert!(matches!(&read_unbound(introduction)[..], [Record::Profile(own)] if own.name == CAST[0].name));
}

#[test]
fn an_unbound_introduction_is_taken_and_hearsay_without_a_receiver_is_not() {
    let unbound = |records: &[Record]| {
        let envelope = Envelope { from: CAST[5], to: None, introduces: true, counter: 1, membership: 0, state: 0 };
        envelope.seal(records, MIN_MAX_DATAGRAM).0
    };
    let profile = |actor: &Actor| Record::Profile(golden::profile(actor));
    let mut node = with_one_member();
    feed(&mut node, &unbound(&[profile(&CAST[5]), profile(&CAST[3])]));
    assert_eq!(dropped(&node), [(DropReason::Unbound, 1)]);
    assert_eq!(node.members().count(), 2);
    feed(&mut node, &unbound(&[profile(&CAST[5])]));
    assert!(node.member(NodeId::from_name(CAST[5].name)).is_some_and(|member| !member.verified));
    assert!(!drain(&mut node).is_empty(), "whoever does not know this start is introduced to it");
}

#[test]
fn a_node_that_does_not_run_looks_at_nothing() {
    let mut node = idle();
    feed(&mut node, &ping(Envelope { introduces: true, ..from(CAST[1]) }));
    assert_eq!(dropped(&node), [(DropReason::NotRunning, 1)]);
    assert_eq!(drain(&mut node).len(), 0);
}

#[test]
fn answers_beyond_the_outbox_are_dropped_and_the_node_still_probes() {
    let mut node = with_one_member();
    let places = node.params().limits().outbox;
    for _ in 0..places {
        feed(&mut node, &ping(from(CAST[1])));
    }
    let fitting = places * 3 / 4;
    assert_eq!(dropped(&node), [(DropReason::NoRoom, u64::from(places - fitting))]);
    // Nobody drains while the clock goes on: the probe finds its place behind the answers.
    while node.counters().probes == 0 {
        let due = node.poll_timeout().expect("a member that can be probed");
        node.handle_input(due, Input::Tick).expect("a tick is never refused");
    }
    let sent = drain(&mut node).len();
    assert!(sent > fitting as usize && node.counters().sent(Kind::Ping) == 1, "{sent} sent");
}

#[test]
fn strangers_beyond_their_budget_get_no_answer() {
    let mut node = with_one_member();
    let hello = Envelope { from: CAST[5], to: None, introduces: true, counter: 1, membership: 0, state: 0 };
    let (hello, _) = hello.seal(&golden::records(Kind::Hello), MIN_MAX_DATAGRAM);
    let answered: usize = (0..100)
        .map(|_| {
            feed(&mut node, &hello);
            drain(&mut node).len()
        })
        .sum();
    assert!(answered > 0 && answered < 100, "{answered}");
    assert_eq!(dropped(&node), [(DropReason::OverBudget, 100 - answered as u64)]);
}

#[test]
fn no_flipped_bit_of_any_kind_reaches_the_node() {
    for &kind in Kind::ALL {
        let mut node = with_one_member();
        let before = state(&node);
        let (mut bytes, _) = from(CAST[1]).seal(&golden::records(kind), MIN_MAX_DATAGRAM);
        let bits = bytes.len() * 8;
        for bit in 0..bits {
            bytes[bit / 8] ^= 1 << (bit % 8);
            feed(&mut node, &bytes);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(state(&node), before, "{}", kind.name());
        let drops: u64 = dropped(&node).iter().map(|(_, n)| n).sum();
        assert_eq!(drops, bits as u64, "{}", kind.name());
        // The unflipped one is read.
        feed(&mut node, &bytes);
        assert_eq!(state(&node).1, before.1 + 1, "{}", kind.name());
    }
}

#[test]
fn an_unknown_section_is_counted_and_what_stands_around_it_is_read() {
    let mut node = with_one_member();
    let mut bytes = ping(from(CAST[1]));
    let end = bytes.len() - CHECK;
    bytes.splice(end..end, [250, 3, 2, 0, 0xff, 0xff]);
    reseal(&mut bytes, &from(CAST[1]));
    feed(&mut node, &bytes);
    assert_eq!((node.counters().unknown_sections, node.counters().received(Kind::Ping)), (1, 2));
    assert_eq!(dropped(&node), []);
    assert!(node.member(NodeId::from_name(CAST[1].name)).is_some());
}

/// Where in the datagram the entries of the golden page stand, and which bytes among them are ages.
fn entries_and_ages(bytes: &[u8]) -> (core::ops::Range<usize>, Vec<usize>) {
    let first = OVERHEAD - CHECK + SECTION_HEADER + 40;
    let mut ages = Vec::new();
    let mut at = first;
    while at < bytes.len() - CHECK {
        let (flags, key, value) = (bytes[at], usize::from(bytes[at + 1]), usize::from(bytes[at + 2]));
        let has = |flag: u8, len: usize| if flags & flag == 0 { 0 } else { len };
        let age = at + 6 + has(0x80, 6);
        ages.extend(age..age + has(0x20, 4));
        at = age + has(0x20, 4) + has(0x40, 4) + key + value;
    }
    (first..at, ages)
}

#[test]
fn no_flipped_bit_of_an_entry_is_taken_or_passed_on_though_the_datagrams_checksum_fits() {
    let told = |bytes: &[u8]| {
        let mut node = with_one_member();
        // Somebody who is neither the owner nor the one who tells.
        introduce(&mut node, CAST[3]);
        feed(&mut node, bytes);
        // Long enough for rounds to tell what is new.
        for _ in 0..50 {
            let due = node.poll_timeout().expect("a member that can be probed");
            node.handle_input(due, Input::Tick).expect("a tick is never refused");
            let mut buf = [0; MIN_MAX_DATAGRAM];
            while node.poll_transmit(due, &mut buf).is_some() {}
        }
        let (held, _, _) = node.state_used();
        (held, node.counters().sent(Kind::StatePage), node.counters().state_corrupt)
    };
    let Record::StatePage { head, mut entries } = golden::state_page(&CAST[2]) else { panic!("a page") };
    // From the first version on, and not so old that it would be over: a node that holds nothing takes all of it.
    for (entry, version) in entries.iter_mut().zip(1..) {
        entry.version = if version < 4 { version } else { head.upto };
        entry.age_ms = entry.age_ms.map(|_| 900);
        entry.check = entry.entry().draft.hash(head.owner, head.life);
    }
    let page = Record::StatePage { head: StateHead { base: 0, floor: 0, ..head }, entries };
    let (mut bytes, _) = from(CAST[1]).seal(&[page], MIN_MAX_DATAGRAM);
    let (held, pages, corrupt) = told(&bytes);
    assert!(held == 4 && pages > 0 && corrupt == 0, "unchanged it is taken and told on: {held} held, {pages} pages");
    let (entries, ages) = entries_and_ages(&bytes);
    assert_eq!(ages.len(), 3 * 4);
    // An age is another at each hop, and nobody's but the last sender's: only the datagram's checksum covers it.
    for at in entries.filter(|at| !ages.contains(at)) {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            reseal(&mut bytes, &from(CAST[1]));
            let (held, pages, _) = told(&bytes);
            assert_eq!((held, pages), (0, 0), "byte {at}, bit {bit}");
            bytes[at] ^= 1 << bit;
        }
    }
}
