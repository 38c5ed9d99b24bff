//! What does `bruit decode` make of datagrams? Golden output for whole ones, reason and offset for broken ones.

mod common;

use bruit::wire::{Binding, Claim, Header, Hello, Kind, Profile, RawAck, RawClaim, RawHello, RawPing, State, Writer};
use bruit::{BootId, ClusterKey, Incarnation, NodeId};
use common::{Outcome, bruit};

const LABEL: &str = "test";
const BOOT_A: BootId = BootId::from_u64(0xa1a2_a3a4_a5a6_a7a8);
const BOOT_B: BootId = BootId::from_u64(0xb1b2_b3b4_b5b6_b7b8);

/// A datagram from `a` (or from `b`) as a node writes it.
fn datagram(from: (&str, BootId), intro: bool, to: Option<BootId>, fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let cluster = ClusterKey::from_label(LABEL);
    let header = Header {
        cluster: cluster.tag(),
        sender: NodeId::from_name(from.0),
        boot_tag: from.1.tag(),
        intro: intro.then_some((from.1.high(), 0)),
        receiver: to.map(BootId::short),
        counter: 7,
        membership: 0xfeed_beef,
        rumors: 0,
        state: 0,
    };
    let mut buf = [0; 1_200];
    let mut writer = Writer::new(&mut buf, 1_200, &header).expect("a buffer of the right size");
    fill(&mut writer);
    let len = writer.finish(&Binding { cluster, sender: from.1, receiver: to, counter_high: 0 });
    buf[..len].to_vec()
}

fn hello() -> Vec<u8> {
    let hello = Hello { nonce: 0x1234, incarnation: Incarnation::default(), uptime_ms: 5, joined: false };
    datagram(("a", BOOT_A), true, None, |w| assert!(w.push(Kind::Hello, &RawHello::new(&hello))))
}

fn claim(name: &str, boot: BootId, state: State) -> Claim {
    let accuser = if state == State::Suspect { 0x0abc_def0 } else { 0 };
    Claim { subject: NodeId::from_name(name), incarnation: Incarnation::new(2, 1), state, accuser, boot: boot.short() }
}

/// The introduction of `b` to `a`, with its profile: whoever reads it knows both boot ids.
fn introduction() -> Vec<u8> {
    let profile = Profile {
        claim: claim("b", BOOT_B, State::Alive),
        boot: BOOT_B,
        addr: "127.0.0.1:4101".parse().expect("an address"),
        protocol: (1, 1),
        name: "b",
        zone: "eu",
        tags: b"\x04role\x05cache",
    };
    datagram(("b", BOOT_B), true, Some(BOOT_A), |w| assert!(profile.write(w)))
}

fn ping() -> Vec<u8> {
    datagram(("a", BOOT_A), false, Some(BOOT_B), |w| {
        assert!(w.push(Kind::Ping, &RawPing { nonce: 9.into() }));
        assert!(w.push(Kind::Ack, &RawAck { nonce: 8.into() }));
        assert!(w.push(Kind::Claims, &RawClaim::new(&claim("c", BOOT_B, State::Suspect))));
        assert!(w.push(Kind::Claims, &RawClaim::new(&claim("b", BOOT_B, State::Alive))));
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn decode(args: &[&str], input: &str) -> Outcome {
    bruit(&[&["decode"], args].concat(), input)
}

#[test]
fn whole_datagrams_are_shown_with_every_field_and_verified_where_the_input_tells_both_boot_ids() {
    let input = [hello(), introduction(), ping()].map(|d| hex(&d)).join("\n");
    let out = decode(&["--cluster", LABEL], &input);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let golden = include_str!("golden/decode.txt");
    assert_eq!(out.stdout, golden, "if this is meant, put the new output into tests/golden/decode.txt");
}

#[test]
fn without_a_label_or_the_boot_ids_a_checksum_is_not_verified_and_that_is_no_failure() {
    let cases: [(&[&str], &str); 4] = [
        (&[], "not verified: give the cluster's label with --cluster"),
        (&["--cluster", "other"], "not verified: of another cluster"),
        (&["--cluster", LABEL], "not verified: the sender's whole boot id is not known"),
        (
            &["--cluster", LABEL, "--boot", "a1a2a3a4a5a6a7a8"],
            "not verified: the receiver's whole boot id is not known",
        ),
    ];
    for (args, said) in cases {
        let out = decode(args, &hex(&ping()));
        assert_eq!(out.code, 0, "{args:?}: {}", out.stderr);
        assert!(out.stdout.contains(said), "{args:?}: {}", out.stdout);
    }
    let both = ["--cluster", LABEL, "--boot", "a1a2a3a4a5a6a7a8", "--boot", "b1b2b3b4b5b6b7b8"];
    assert!(decode(&both, &hex(&ping())).stdout.contains("verified\n"));
}

#[test]
fn what_is_malformed_is_told_with_reason_and_offset_and_exit_code_1() {
    let whole = ping();
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let mut flipped = hello();
    flipped[60] ^= 1;
    let cases = [
        (whole[..20].to_vec(), "at byte 20: 20 bytes; the smallest datagram has 44 (short)"),
        (changed(0, 0x16), "at byte 0: the first byte is 0x16, not 0xb7 (not_bruit)"),
        (changed(1, 9), "at byte 1: version 9; this build speaks 1 (unknown_version)"),
        (changed(2, 3), "at byte 2: suite 3 with key 0; this build opens suite 0 (unknown_suite)"),
        (changed(4, 0x80), "at byte 4: flags 0x80, or bytes that must be zero, are not (reserved_bits)"),
        (changed(38, 200), "at byte 36: a section `ping` of 204 bytes, but only 68 are left (bad_section)"),
        (changed(45, 9), "at byte 44: 9 records of `ack` do not make up 8 bytes (bad_section)"),
        (changed(78, 7), "at byte 52: a value in a section `claims` of 2 records means nothing (bad_record)"),
        (flipped, "at byte 136: the checksum does not fit the bytes"),
    ];
    for (bytes, said) in cases {
        let out = decode(&["--cluster", LABEL], &hex(&bytes));
        assert_eq!(out.code, 1, "{said}: {}", out.stdout);
        assert!(out.stdout.contains(said), "{said}: {}", out.stdout);
        assert!(out.stderr.contains("1 of 1 datagrams are malformed"), "{}", out.stderr);
    }
}

#[test]
fn an_unknown_section_is_skipped_by_its_length_and_shown() {
    let mut bytes = ping();
    // The ack becomes a section of a kind that is still to come.
    bytes[44] = 200;
    let out = decode(&[], &hex(&bytes));
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert!(out.stdout.contains("unknown_200"), "{}", out.stdout);
    assert!(out.stdout.contains("claims"), "what follows is still read: {}", out.stdout);
}

#[test]
fn json_is_one_document() {
    let out = decode(&["--json", "--cluster", LABEL], &hex(&hello()));
    let doc: serde_json::Value = serde_json::from_str(&out.stdout).expect("one document");
    assert_eq!(doc["schema"], 1);
    let datagram = &doc["datagrams"][0];
    assert_eq!(datagram["checksum"]["result"], "verified");
    assert_eq!(datagram["header"]["boot"], "a1a2a3a4a5a6a7a8");
    assert_eq!(datagram["sections"][0]["kind"], "hello");
    assert_eq!(datagram["sections"][0]["records"][0]["uptime_ms"], 5);
    assert_eq!(datagram["error"], serde_json::Value::Null);
}

#[test]
fn an_empty_input_and_what_is_neither_hex_nor_pcap_fail_with_advice() {
    for (input, said) in [("\n# nothing\n", "no datagram in the input"), ("hello", "line 1, column 1: 'h' is not")] {
        let out = decode(&[], input);
        assert_eq!(out.code, 1);
        assert!(out.stderr.contains(said), "{}", out.stderr);
    }
}

#[test]
fn a_capture_is_dissected_and_other_packets_are_counted() {
    let payload = hello();
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1];
    let word = |n: usize| (n as u32).to_le_bytes();
    file.extend([word(0), word(0), word(0), word(65_535), word(1)].concat());
    for (port, body) in [(4_100_u16, &payload[..]), (53, b"no bruit")] {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        frame.extend([0x45, 0]);
        frame.extend(u16::try_from(28 + body.len()).expect("short").to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend([4_101_u16, port, (8 + body.len()) as u16, 0].map(u16::to_be_bytes).concat());
        frame.extend(body);
        file.extend([word(1), word(500), word(frame.len()), word(frame.len())].concat());
        file.extend(frame);
    }
    let path = common::scratch("capture").join("c.pcap");
    std::fs::write(&path, file).expect("a file in our folder");
    let out = bruit(&["decode", "--cluster", LABEL, path.to_str().expect("a plain path")], "");
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert!(
        out.stdout.starts_with("#1  10.0.0.1:4101 -> 10.0.0.2:4100  1970-01-01T00:00:01.000500Z  144 bytes\n"),
        "{}",
        out.stdout
    );
    assert!(out.stdout.contains("verified") && out.stdout.contains("1 other packets skipped"), "{}", out.stdout);
}
