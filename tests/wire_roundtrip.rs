//! Does what is written come back, and nothing else? Every kind of section there and back; every single flipped bit and
//! every malformed datagram refused, each with its reason.

#[path = "common/cast.rs"]
mod cast;
#[path = "common/envelope.rs"]
mod envelope;
#[path = "common/generate.rs"]
mod generate;
#[path = "common/golden.rs"]
mod golden;
#[path = "common/open.rs"]
mod open;
#[path = "common/record.rs"]
mod record;
#[path = "common/reseal.rs"]
mod reseal;

use arbitrary::Unstructured;
use bruit::DropReason;
use bruit::wire::{
    FLAG_BOUND, Kind, MAX_MAX_DATAGRAM, MIN_MAX_DATAGRAM, OVERHEAD, OVERHEAD_INTRO, SECTION_HEADER, StateHead,
    StatePoint,
};
use cast::CAST;
use envelope::Envelope;
use open::open;
use quickcheck::{Gen, QuickCheck, Testable};
use record::{Record, Written};
use reseal::{CHECK, reseal};

/// The seed of every generated input below: a failure is the same failure in each run.
const SEED: u64 = 2002;

fn check(tests: u64, property: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(3_000, SEED)).tests(tests).quickcheck(property);
}

/// The ways in which a datagram can be addressed: to somebody who knows the sender or not, bound or not.
fn envelopes() -> [Envelope; 4] {
    let known = Envelope {
        from: CAST[1],
        to: Some(CAST[0].boot),
        introduces: false,
        counter: 77,
        membership: 0xfeed,
        state: 0,
    };
    let stranger = Envelope { from: CAST[5], introduces: true, counter: 0x0000_0005_ffff_fff0, ..known };
    [known, stranger, Envelope { to: None, ..known }, Envelope { to: None, ..stranger }]
}

/// A datagram whose sections are these bytes, whatever they say, with a checksum that fits.
fn frame(envelope: &Envelope, sections: &[u8]) -> Vec<u8> {
    let (mut bytes, _) = envelope.seal(&[], MIN_MAX_DATAGRAM);
    bytes.splice(bytes.len() - CHECK..bytes.len() - CHECK, sections.iter().copied());
    reseal(&mut bytes, envelope);
    bytes
}

/// The sections of a datagram as they stand there.
fn sections_of(envelope: &Envelope, records: &[Record]) -> Vec<u8> {
    let (bytes, fitting) = envelope.seal(records, MAX_MAX_DATAGRAM);
    assert_eq!(fitting, records.len());
    let overhead = if envelope.introduces { OVERHEAD_INTRO } else { OVERHEAD };
    bytes[overhead - CHECK..bytes.len() - CHECK].to_vec()
}

#[test]
fn every_kind_comes_back_as_it_was_written() {
    fn there_and_back(bytes: Vec<u8>) {
        for &kind in Kind::ALL {
            let record = generate::record(&mut Unstructured::new(&bytes), kind).expect("any bytes will do");
            for envelope in envelopes() {
                let records = [record.clone()];
                let (datagram, fitting) = envelope.seal(&records, MAX_MAX_DATAGRAM);
                assert_eq!(fitting, 1);
                assert_eq!(open(&datagram), Ok((envelope.header(), records.to_vec())), "{}", kind.name());
            }
        }
    }
    check(300, there_and_back as fn(Vec<u8>));
}

#[test]
fn a_mixed_datagram_comes_back_in_order_and_never_outgrows_its_maximum() {
    fn there_and_back(bytes: Vec<u8>) {
        let records = generate::records(&mut Unstructured::new(&bytes), 40).expect("any bytes will do");
        for max in [MIN_MAX_DATAGRAM, 1_472, MAX_MAX_DATAGRAM] {
            let envelope = envelopes()[bytes.len() % 4];
            let (datagram, fitting) = envelope.seal(&records, max);
            assert!(datagram.len() <= max);
            assert_eq!(open(&datagram), Ok((envelope.header(), records[..fitting].to_vec())));
        }
    }
    check(500, there_and_back as fn(Vec<u8>));
}

#[test]
fn more_records_than_a_count_can_say_go_into_a_second_section() {
    let records: Vec<Record> = (0..600).map(|nonce| Record::Ack { nonce }).collect();
    let [envelope, ..] = envelopes();
    let (datagram, fitting) = envelope.seal(&records, MAX_MAX_DATAGRAM);
    assert_eq!(fitting, 600);
    assert_eq!(datagram.len(), OVERHEAD + 3 * SECTION_HEADER + 600 * 4);
    assert_eq!(open(&datagram), Ok((envelope.header(), records)));
}

#[test]
fn every_byte_up_to_the_maximum_is_used() {
    let records: Vec<Record> = (0..600).map(|nonce| Record::Ack { nonce }).collect();
    let [envelope, ..] = envelopes();
    // Four sizes in a row: the room ends just before, at, and after a record's last byte.
    for max in MIN_MAX_DATAGRAM..MIN_MAX_DATAGRAM + 4 {
        let (datagram, fitting) = envelope.seal(&records, max);
        let body = max - OVERHEAD;
        // One section of 255 acks, its header, and a second one.
        assert_eq!(fitting, (body - 2 * SECTION_HEADER) / 4);
        assert!(datagram.len() <= max && datagram.len() + 4 > max);
    }
}

#[test]
fn no_single_flipped_bit_of_any_kind_of_section_opens() {
    for &kind in Kind::ALL {
        for envelope in envelopes() {
            let records = golden::records(kind);
            let (mut datagram, fitting) = envelope.seal(&records, MAX_MAX_DATAGRAM);
            assert_eq!((open(&datagram).map(|(_, records)| records), fitting), (Ok(records.clone()), records.len()));
            for bit in 0..datagram.len() * 8 {
                datagram[bit / 8] ^= 1 << (bit % 8);
                assert!(open(&datagram).is_err(), "{} with bit {bit} flipped opens", kind.name());
                datagram[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

#[test]
fn a_datagram_that_is_cut_short_or_continued_does_not_open() {
    for &kind in Kind::ALL {
        for envelope in envelopes() {
            let (mut datagram, _) = envelope.seal(&golden::records(kind), MAX_MAX_DATAGRAM);
            for len in 0..datagram.len() {
                assert!(open(&datagram[..len]).is_err(), "{} cut to {len} bytes opens", kind.name());
            }
            datagram.push(0);
            assert_eq!(open(&datagram), Err(DropReason::Corrupt));
        }
    }
}

#[test]
fn a_kind_that_this_build_does_not_know_is_stepped_over_and_shown() {
    let [envelope, ..] = envelopes();
    for code in [0, Kind::ALL.len() as u8 + 1, 200, 255] {
        for body in [&[][..], &[1, 2, 3], &[0xff; 500]] {
            // Neither its count nor its body means anything here.
            let len = (body.len() as u16).to_le_bytes();
            let unknown = [&[code, 9, len[0], len[1]], body].concat();
            let [before, after] = [Kind::Claims, Kind::Ping].map(|kind| sections_of(&envelope, &golden::records(kind)));
            let expected =
                [golden::records(Kind::Claims), vec![Record::Unknown(code)], golden::records(Kind::Ping)].concat();
            let (_, records) = open(&frame(&envelope, &[before, unknown, after].concat())).expect("to be stepped over");
            assert_eq!(records, expected);
        }
    }
}

#[test]
fn every_malformed_header_is_dropped_for_its_reason() {
    let [known, introduced, unbound, _] = envelopes().map(|e| e.seal(&golden::records(Kind::Ping), MIN_MAX_DATAGRAM).0);
    let header_only = OVERHEAD - CHECK;
    let cases: [(&[u8], usize, u8, DropReason); 14] = [
        //  datagram    byte  becomes  because
        (&known[..header_only - 1], 0, known[0], DropReason::Short),
        (&known[..OVERHEAD - 1], 0, known[0], DropReason::Short),
        (&introduced[..OVERHEAD_INTRO - CHECK - 1], 0, known[0], DropReason::Short),
        (&introduced[..OVERHEAD_INTRO - 1], 0, known[0], DropReason::Short),
        (&known, 0, b'{', DropReason::NotBruit),
        (&known, 1, 0, DropReason::UnknownVersion),
        (&known, 1, 2, DropReason::UnknownVersion),
        (&known, 2, 1, DropReason::UnknownSuite),
        (&known, 3, 1, DropReason::UnknownSuite),
        (&known, 4, FLAG_BOUND | 4, DropReason::ReservedBits),
        (&known, 4, FLAG_BOUND | 128, DropReason::ReservedBits),
        (&known, 5, 1, DropReason::ReservedBits),
        (&unbound, 6, 1, DropReason::ReservedBits),
        (&known, OVERHEAD - CHECK, 0xff, DropReason::Corrupt),
    ];
    for (datagram, at, becomes, reason) in cases {
        let mut bytes = datagram.to_vec();
        bytes[at] = becomes;
        assert_eq!(open(&bytes), Err(reason), "byte {at} = {becomes} of {} bytes", bytes.len());
    }
    assert_eq!(open(&[]), Err(DropReason::Short));
}

#[test]
fn a_checksum_made_for_others_does_not_open() {
    let records = golden::records(Kind::Ping);
    let [known, introduced, ..] = envelopes();
    let misdirected = [
        ("another life of the receiver, same tag", Envelope { to: Some(other_life(CAST[0].boot)), ..known }),
        ("another life of the sender, same tag", Envelope { from: with_other_life(CAST[1]), ..known }),
        ("a counter whose high half the receiver does not expect", Envelope { counter: 1 << 32, ..known }),
        ("another life of the receiver, introduced", Envelope { to: Some(other_life(CAST[0].boot)), ..introduced }),
    ];
    for (what, envelope) in misdirected {
        assert_eq!(open(&envelope.seal(&records, MIN_MAX_DATAGRAM).0), Err(DropReason::Corrupt), "{what}");
    }
}

/// A boot id that agrees in all bits that travel outside introductions.
fn other_life(boot: bruit::BootId) -> bruit::BootId {
    bruit::BootId::from_u64(boot.as_u64() ^ (1 << 63))
}

fn with_other_life(actor: cast::Actor) -> cast::Actor {
    cast::Actor { boot: other_life(actor.boot), ..actor }
}

#[test]
fn a_section_whose_count_or_length_does_not_fit_its_kind_is_a_bad_section() {
    let [envelope, ..] = envelopes();
    for &kind in Kind::ALL {
        let good = sections_of(&envelope, &golden::records(kind));
        assert!(open(&frame(&envelope, &good)).is_ok());
        let mut refused = vec![("cut inside the header", good[..SECTION_HEADER - 1].to_vec())];
        refused.push(("longer than the datagram", good[..good.len() - 1].to_vec()));
        let recount = |count: u8| [&[good[0], count], &good[2..]].concat();
        refused.push(("a count of none", recount(0)));
        if !matches!(kind, Kind::Profiles | Kind::Rumors | Kind::StatePage) {
            // The length of profiles follows from the profiles, that of rumors from the rumors, that of a page from its entries:
            // there a wrong count is a bad record.
            refused.push(("a count of one more", recount(good[1] + 1)));
            let longer = u16::from_le_bytes([good[2], good[3]]) + 1;
            let [low, high] = longer.to_le_bytes();
            refused.push(("a body of one byte more", [&[good[0], good[1], low, high], &good[4..], &[0]].concat()));
        }
        for (what, sections) in refused {
            assert_eq!(open(&frame(&envelope, &sections)), Err(DropReason::BadSection), "{}: {what}", kind.name());
        }
    }
}

#[test]
fn records_that_stand_alone_get_a_section_each() {
    let [envelope, ..] = envelopes();
    for &kind in Kind::ALL {
        let twice = [golden::records(kind), golden::records(kind)].concat();
        let (datagram, fitting) = envelope.seal(&twice, MAX_MAX_DATAGRAM);
        assert_eq!(fitting, twice.len());
        assert_eq!(open(&datagram), Ok((envelope.header(), twice)), "{}", kind.name());
    }
}

/// Where the entries of a page begin.
const PAGE: usize = 40;

#[test]
fn a_value_that_means_nothing_is_a_bad_record() {
    let [envelope, ..] = envelopes();
    let cases: &[(Kind, usize, u8, &str)] = &[
        //  kind          byte of the body, becomes, because
        (Kind::PingRequest, 20, 1, "reserved"),
        (Kind::Nack, 4, 3, "no such reason"),
        (Kind::Nack, 7, 1, "reserved"),
        (Kind::Claims, 22, 4, "no such state"),
        (Kind::Claims, 23, 1, "reserved"),
        (Kind::Profiles, 22, 4, "no such state"),
        (Kind::Profiles, 0, 0xee, "an id that is not the name's hash"),
        (Kind::Profiles, 20, 0xee, "a claim about another start"),
        (Kind::Profiles, 52, 0, "no name"),
        (Kind::Profiles, 53, 255, "a zone that goes on beyond the section"),
        (Kind::Leave, 12, 1, "reserved"),
        (Kind::Hello, 24, 2, "no such phase"),
        (Kind::Hello, 87, 1, "reserved"),
        (Kind::Cookie, 84, 4, "no such status"),
        (Kind::Cookie, 85, 4, "no such state"),
        (Kind::Cookie, 85, 255, "nothing held, and yet a number"),
        (Kind::Cookie, 86, 1, "reserved"),
        (Kind::PageRequest, 20, 0, "no page wanted"),
        (Kind::PageRequest, 21, 1, "reserved"),
        (Kind::Page, 20, 1, "reserved"),
        (Kind::Page, 15, 0xff, "a page that ends behind the end"),
        (Kind::Listing, 7, 0xff, "a first id above the last"),
        (Kind::Rumors, 27, 0xff, "a payload that goes on beyond the section"),
        (Kind::Rumors, 33, 3, "no such class"),
        (Kind::RumorFeedback, 18, 0, "none of the 64"),
        (Kind::RumorWants, 18, 0, "none of the 64"),
        (Kind::RumorPage, 19, 0, "a digest beyond the last id"),
        (Kind::StateListing, 7, 0xff, "a first id above the last"),
        (Kind::StateListing, 84, 0, "a sender that neither gives nor asks"),
        (Kind::StateListing, 84, 9, "a flag that nobody knows"),
        (Kind::StateListing, 98, 0, "versions in more bytes than they take"),
        (Kind::StateListing, 15, 0, "a last id below the first"),
        (Kind::StatePage, 8, 0, "no life"),
        (Kind::StatePage, 17, 1, "a base above the end"),
        (Kind::StatePage, 20, 0, "an entry beyond the end"),
        (Kind::StatePage, 30, 4, "a flag that nobody knows"),
        (Kind::StatePage, PAGE, 0x23, "no such class"),
        (Kind::StatePage, PAGE, 0x31, "removed, and yet a value"),
        (Kind::StatePage, PAGE, 0x01, "an age that its flag does not tell of"),
        (Kind::StatePage, PAGE + 1, 0, "no key"),
        (Kind::StatePage, PAGE + 1, 65, "a key beyond the longest"),
        (Kind::StatePage, PAGE + 2, 0xff, "a value that goes on into the others"),
        (Kind::StatePage, PAGE + 4, 0, "a step of none: not above the base"),
        (Kind::StateWalk, 34, 0, "no datagram wanted"),
        (Kind::StateWalk, 35, 1, "reserved"),
        (Kind::StateSpan, 44, 0, "no part"),
        (Kind::StateSpan, 45, 1, "the second part of one"),
        (Kind::StateSpan, 33, 0, "an end before the beginning"),
        (Kind::Surveyed, 10, 1, "reserved"),
        (Kind::Averages, 0, 16, "no such flag"),
        (Kind::Averages, 0, 5, "the end of a link, and yet a number"),
        (Kind::Averages, 0, 9, "a notice that answers"),
        (Kind::Averages, 1, 1, "reserved"),
        (Kind::Averages, 27, 0x7f, "more than anybody can have given"),
    ];
    for (kind, at, becomes, because) in cases {
        let mut sections = sections_of(&envelope, &golden::records(*kind));
        assert!(open(&frame(&envelope, &sections)).is_ok());
        sections[SECTION_HEADER + at] = *becomes;
        assert_eq!(open(&frame(&envelope, &sections)), Err(DropReason::BadRecord), "{}: {because}", kind.name());
    }
}

#[test]
fn a_listing_that_does_not_add_up_is_a_bad_section() {
    let [envelope, ..] = envelopes();
    let cases = [
        (27, 1, "a bucket of which it does not say how many logs it has"),
        (85, 2, "versions in fewer bytes than its logs have"),
        (85, 7, "versions in more bytes than any takes"),
        (86, 1, "fewer logs in the buckets than there are"),
    ];
    for (at, becomes, because) in cases {
        let mut sections = sections_of(&envelope, &golden::records(Kind::StateListing));
        sections[SECTION_HEADER + at] = becomes;
        assert_eq!(open(&frame(&envelope, &sections)), Err(DropReason::BadSection), "{because}");
    }
}

#[test]
fn a_rumor_without_a_number_is_a_bad_record() {
    let [envelope, ..] = envelopes();
    let mut records = golden::records(Kind::Rumors);
    assert!(open(&envelope.seal(&records, MIN_MAX_DATAGRAM).0).is_ok());
    for record in &mut records {
        if let Record::Rumor(heard) = record {
            heard.id.sequence = 0;
        }
    }
    assert_eq!(open(&envelope.seal(&records, MIN_MAX_DATAGRAM).0), Err(DropReason::BadRecord));
}

/// The golden page with something changed in it.
fn page(change: impl FnOnce(&mut StateHead, &mut Vec<Written>)) -> Vec<Record> {
    let Some(Record::StatePage { mut head, mut entries }) = golden::records(Kind::StatePage).pop() else {
        panic!("one page")
    };
    change(&mut head, &mut entries);
    vec![Record::StatePage { head, entries }]
}

#[test]
fn a_page_that_contradicts_itself_is_a_bad_record() {
    let [envelope, ..] = envelopes();
    let opened = |records: &[Record]| open(&envelope.seal(records, MIN_MAX_DATAGRAM).0).map(|(_, records)| records);
    let whole = page(|_, _| {});
    assert_eq!(opened(&whole), Ok(whole));
    let refused = [
        ("no life", page(|head, _| head.life = 0)),
        (
            "an end at the base, and nothing between",
            page(|head, entries| {
                entries.clear();
                head.upto = head.base;
            }),
        ),
        ("an end below the last entry", page(|head, _| head.upto -= 1)),
        ("two entries of one version", page(|_, entries| entries[1].version = entries[0].version)),
        ("an entry at the base", page(|head, entries| entries[0].version = head.base)),
        ("no key", page(|_, entries| entries[0].key.clear())),
        ("a key of 65 bytes", page(|_, entries| entries[0].key = vec![b'k'; 65])),
        ("a lease without an age", page(|_, entries| entries[2].age_ms = None)),
        ("a removal without an age", page(|_, entries| entries[3].age_ms = None)),
        ("a removal with a value", page(|_, entries| entries[3].value.push(0))),
    ];
    for (what, records) in refused {
        assert_eq!(opened(&records), Err(DropReason::BadRecord), "{what}");
    }
    let taken = [
        ("everything between is gone", page(|_, entries| entries.clear())),
        ("a floor above all that is told", page(|head, _| head.floor = head.upto + 9)),
        ("the longest key", page(|_, entries| entries[0].key = vec![b'k'; 64])),
    ];
    for (what, records) in taken {
        assert_eq!(opened(&records), Ok(records.clone()), "{what}");
    }
}

#[test]
fn a_version_is_written_in_one_way_only() {
    let [envelope, ..] = envelopes();
    let far = |step| {
        page(|head, entries| {
            entries[3].version = entries[2].version + step;
            head.upto = entries[3].version;
        })
    };
    // The largest step that 16 bits hold, and the smallest that they do not.
    for (step, bytes) in [(65_535, 0), (65_536, 6)] {
        let near = sections_of(&envelope, &far(1)).len();
        let sections = sections_of(&envelope, &far(step));
        assert_eq!(sections.len(), near + bytes);
        assert!(open(&frame(&envelope, &sections)).is_ok());
    }
    // One more way to write the last version: in full, though its step would fit.
    let mut sections = sections_of(&envelope, &far(65_536));
    let version = SECTION_HEADER + PAGE + (6 + 4 + 4 + 3) + (6 + 4 + 2) + (6 + 4 + 4 + 5) + 6;
    assert_eq!(sections[version..version + 3], [8, 0, 1]);
    sections[version] = 7;
    assert_eq!(open(&frame(&envelope, &sections)), Err(DropReason::BadRecord));
    // In full, and a step beside it.
    sections[version] = 8;
    sections[version - 2] = 1;
    assert_eq!(open(&frame(&envelope, &sections)), Err(DropReason::BadRecord));
}

#[test]
fn nobody_asks_for_what_is_behind_the_end() {
    let [envelope, ..] = envelopes();
    let walk = |from| [Record::StateWalk { nonce: 1, cookie: 0, from, datagrams: 1 }];
    let opens = |from| open(&envelope.seal(&walk(from), MIN_MAX_DATAGRAM).0).is_ok();
    let end = StatePoint::END;
    assert!(opens(StatePoint::START) && opens(StatePoint { after: end.after - 1, ..end }) && !opens(end));
}
