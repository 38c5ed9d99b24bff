//! Does any datagram make the decoder stumble, or open and then say something that cannot be said again?
//!
//! The first byte chooses: the bytes as they are, or with a checksum that fits them, so that what stands behind the
//! checksum is reached. The oracle is the writer: whatever opens is written again, and the bytes are the same.

use bruit::wire::{Datagram, Header, Kind, MAX_MAX_DATAGRAM, OVERHEAD, OVERHEAD_INTRO, SECTION_HEADER, Writer};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::open::{binding_at_receiver, open};
use crate::record::Record;

const CHECK: usize = 8;

/// One input of the fuzzer's.
pub fn run(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else { return };
    let bytes = &bytes[..bytes.len().min(MAX_MAX_DATAGRAM)];
    let mut datagram = bytes.to_vec();
    if choice & 1 == 1 {
        fit_checksum(&mut datagram);
    }
    let Ok((header, records)) = open(&datagram) else { return };
    let overhead = if header.intro.is_some() { OVERHEAD_INTRO } else { OVERHEAD };
    let body = &datagram[overhead - CHECK..datagram.len() - CHECK];
    if is_canonical(body) {
        assert_eq!(written(&header, &records), datagram, "written again, the bytes differ");
    }
    for record in records.iter().filter(|record| record.kind().is_some()) {
        each_alone(&header, record);
    }
}

/// Puts a checksum at the end that this receiver would accept, where the header names somebody it holds.
fn fit_checksum(datagram: &mut [u8]) {
    let Ok(binding) = Datagram::parse(datagram).and_then(|parsed| binding_at_receiver(&parsed.header)) else { return };
    let Some((covered, check)) = datagram.split_last_chunk_mut::<CHECK>() else { return };
    *check = xxh3_64_with_seed(covered, binding.seed()).to_le_bytes();
}

fn written(header: &Header, records: &[Record]) -> Vec<u8> {
    let mut bytes = vec![0; MAX_MAX_DATAGRAM];
    let mut writer = Writer::new(&mut bytes, MAX_MAX_DATAGRAM, header).expect("room for a datagram");
    let all = records.iter().all(|record| record.push(&mut writer));
    assert!(all, "what came in one datagram fits one");
    let binding = binding_at_receiver(header).expect("what opened has a binding");
    let len = writer.finish(&binding);
    bytes.truncate(len);
    bytes
}

/// Each record means the same in a datagram of its own.
fn each_alone(header: &Header, record: &Record) {
    let datagram = written(header, core::slice::from_ref(record));
    assert_eq!(open(&datagram), Ok((*header, vec![record.clone()])));
}

/// Whether the writer would lay the sections out as they are: every kind known, runs of one kind in as few sections as
/// their count allows.
fn is_canonical(mut body: &[u8]) -> bool {
    let mut before: Option<(Kind, u8)> = None;
    while let Some((head, rest)) = body.split_first_chunk::<SECTION_HEADER>() {
        let [code, count, low, high] = *head;
        let Some(kind) = Kind::ALL.iter().copied().find(|kind| kind.code() == code) else { return false };
        let splits_a_run = before.is_some_and(|(last, n)| last == kind && kind.holds_many() && n < u8::MAX);
        if splits_a_run {
            return false;
        }
        before = Some((kind, count));
        body = &rest[usize::from(u16::from_le_bytes([low, high]))..];
    }
    true
}
