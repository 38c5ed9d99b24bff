//! Is docs/wire.md true? Its golden datagrams, byte for byte and field for field, are what this build writes and reads.
//!
//! The document holds one block for each kind of section; the test builds the same datagrams, takes them apart by the
//! layouts as the document gives them (a second reading, without the library's views), and compares the text. With
//! `BRUIT_BLESS=1` in the environment it writes the blocks into the document instead: look at the difference, since a
//! change there is a change of the protocol.

#[path = "common/cast.rs"]
mod cast;
#[path = "common/envelope.rs"]
mod envelope;
#[path = "common/golden.rs"]
mod golden;
#[path = "wire_golden/layout.rs"]
mod layout;
#[path = "common/open.rs"]
mod open;
#[path = "common/record.rs"]
mod record;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use bruit::wire::{Binding, Header, Kind, MIN_MAX_DATAGRAM};
use bruit::{ClusterKey, Incarnation};
use cast::{CAST, LABEL};
use envelope::Envelope;
use open::open;
use record::Record;
use xxhash_rust::xxh3::xxh3_64;

/// Everything that the document spells out: a name, what goes around the records, and the records.
fn goldens() -> Vec<(&'static str, Envelope, Vec<Record>)> {
    let [anna, berta, ..] = CAST;
    let known = Envelope {
        from: berta,
        to: Some(anna.boot),
        introduces: false,
        counter: 0x0000_0102,
        membership: 0x5eed_f00d,
        state: 0xaaaa_bbbb,
    };
    let introduced = Envelope { introduces: true, counter: 0x0000_0007_0000_0103, ..known };
    let unbound = Envelope { to: None, introduces: true, counter: 1, membership: 0, state: 0, ..known };
    let mut all: Vec<_> = Kind::ALL
        .iter()
        .map(|&kind| {
            let envelope = match kind {
                Kind::Ping
                | Kind::Ack
                | Kind::PingRequest
                | Kind::Nack
                | Kind::Claims
                | Kind::Profiles
                | Kind::Leave
                | Kind::Sums
                | Kind::Listing
                | Kind::Want
                | Kind::Rumors
                | Kind::RumorDigests
                | Kind::RumorFeedback
                | Kind::RumorWants
                | Kind::RumorSync
                | Kind::RumorPage
                | Kind::StateSums
                | Kind::StateListing
                | Kind::StateWants
                | Kind::StatePage
                | Kind::Survey
                | Kind::Surveyed
                | Kind::Averages => known,
                Kind::PageRequest | Kind::StateWalk => Envelope { membership: 0, state: 0, counter: 2, ..introduced },
                Kind::Page | Kind::Cookie | Kind::StateSpan => introduced,
                Kind::Hello => unbound,
                Kind::Whois => Envelope { introduces: false, ..unbound },
            };
            (kind.name(), envelope, golden::records(kind))
        })
        .collect();
    let page = [golden::records(Kind::Page), golden::records(Kind::Profiles)].concat();
    all.push(("page_with_profiles", introduced, page));
    let introduction = [golden::records(Kind::Ping), vec![Record::Profile(golden::profile(&berta))]].concat();
    all.push(("introduction", introduced, introduction));
    all
}

/// The document, rewritten first where that is asked for.
fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/wire.md");
        let text = std::fs::read_to_string(&path).expect("docs/wire.md");
        if std::env::var_os("BRUIT_BLESS").is_none() {
            return text;
        }
        let text = blessed(text);
        std::fs::write(&path, &text).expect("docs/wire.md to be writable");
        text
    })
}

/// The document with its golden blocks and numbers as this build has them.
fn blessed(mut text: String) -> String {
    for (name, envelope, records) in goldens() {
        let fresh = layout::explain(&envelope.seal(&records, MIN_MAX_DATAGRAM).0, envelope.binding().seed());
        let stale = blocks(&text).get(name).unwrap_or_else(|| panic!("no block ```golden {name}")).to_string();
        text = text.replace(&format!("```golden {name}\n{stale}```"), &format!("```golden {name}\n{fresh}```"));
    }
    let rows = numbers();
    let fresh = |line: &str| rows.iter().find(|(what, _)| line.starts_with(&format!("| {what} | `"))).map(row);
    text.lines().map(|line| fresh(line).unwrap_or_else(|| line.into()) + "\n").collect()
}

/// The text between "```golden NAME" and the closing fence, by name.
fn blocks(text: &str) -> BTreeMap<&str, &str> {
    text.split("```golden ")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once('\n').expect("a name, then a line's end");
            let (block, _) = rest.split_once("```").expect("a closed fence");
            (name, block)
        })
        .collect()
}

/// The bytes that a block shows: of each line what stands between the offset and the meaning.
fn hex(block: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in block.lines() {
        let shown =
            line.split("  ").map(str::trim).filter(|part| !part.is_empty()).nth(1).expect("offset, bytes, meaning");
        for token in shown.split(' ') {
            let (byte, times) = token.split_once('*').unwrap_or((token, "1"));
            let byte = u8::from_str_radix(byte, 16).expect("two hex digits");
            bytes.resize(bytes.len() + times.parse::<usize>().expect("a number of times"), byte);
        }
    }
    bytes
}

#[test]
fn the_document_shows_every_kind_as_this_build_writes_it() {
    let blocks = blocks(document());
    let goldens = goldens();
    assert_eq!(blocks.len(), goldens.len(), "a block for each golden datagram and no other: {:?}", blocks.keys());
    for (name, envelope, records) in goldens {
        let block = blocks.get(name).unwrap_or_else(|| panic!("no block ```golden {name}"));
        let (written, fitting) = envelope.seal(&records, MIN_MAX_DATAGRAM);
        assert_eq!(fitting, records.len(), "{name} fits the smallest datagram");
        assert_eq!(hex(block), written, "{name}: the bytes");
        assert_eq!(*block, layout::explain(&written, envelope.binding().seed()), "{name}: the fields");
    }
}

#[test]
fn what_the_document_shows_opens_and_says_what_it_says_it_says() {
    let blocks = blocks(document());
    for (name, envelope, records) in goldens() {
        assert_eq!(open(&hex(blocks[name])), Ok((envelope.header(), records)), "{name}");
    }
}

/// The numbers in the document for those who want to check a hash function.
fn numbers() -> Vec<(String, u64)> {
    let [anna, berta, ..] = CAST;
    let cluster = ClusterKey::from_label(LABEL);
    let seed = |receiver, counter_high| Binding { cluster, sender: berta.boot, receiver, counter_high }.seed();
    let mut rows = vec![(format!("cluster key of `{LABEL}`"), cluster.as_u64())];
    rows.extend(CAST.iter().take(4).map(|a| (format!("node id of `{}`", a.name), a.id().as_u64())));
    rows.extend(CAST.iter().take(4).map(|a| (format!("boot id of `{}`", a.name), a.boot.as_u64())));
    rows.push(("seed, `berta` to `anna`, counter below 2^32".into(), seed(Some(anna.boot), 0)));
    rows.push(("the same, high half of the counter 7".into(), seed(Some(anna.boot), 7)));
    rows.push(("the same, bound to nobody".into(), seed(None, 7)));
    // From the document's words and not from the library: 16 bytes, id and incarnation.
    let entry = [anna.id().as_u64().to_le_bytes(), Incarnation::new(2, 1).as_u64().to_le_bytes()].concat();
    rows.push(("fingerprint of `anna` at 2.1".into(), xxh3_64(&entry)));
    let entry = [&anna.id().as_u64().to_le_bytes()[..], &anna.boot.tag().to_le_bytes(), &3_u64.to_le_bytes()].concat();
    rows.push(("what the rumor root counts for `anna`, complete 3".into(), xxh3_64(&entry)));
    rows
}

fn row((what, number): &(String, u64)) -> String {
    format!("| {what} | `{number:016x}` |")
}

#[test]
fn the_documents_numbers_for_checking_a_hash_are_true() {
    for number in numbers() {
        assert!(document().lines().any(|line| line == row(&number)), "docs/wire.md lacks this row: {}", row(&number));
    }
}

#[test]
fn a_quiet_ping_and_its_ack_together_take_at_most_104_bytes() {
    let [anna, berta, ..] = CAST;
    let ping = Envelope { from: berta, to: Some(anna.boot), introduces: false, counter: 1, membership: 9, state: 0 };
    let ack = Envelope { from: anna, to: Some(berta.boot), ..ping };
    let len = |e: Envelope, r: Record| e.seal(&[r], MIN_MAX_DATAGRAM).0.len();
    assert!(len(ping, Record::Ping { nonce: 1 }) + len(ack, Record::Ack { nonce: 1 }) <= 104);
}

#[test]
fn the_high_half_of_a_counter_travels_in_introductions_only() {
    let [_, berta, ..] = CAST;
    let envelope =
        Envelope { from: berta, to: None, introduces: true, counter: 0xaaaa_bbbb_cccc_dddd, membership: 0, state: 0 };
    let Header { intro, counter, boot_tag, .. } = envelope.header();
    assert_eq!((intro, counter, boot_tag), (Some((0x0b0b_4444, 0xaaaa_bbbb)), 0xcccc_dddd, 0x5555_6666));
    assert_eq!(Envelope { introduces: false, ..envelope }.header().intro, None);
}
