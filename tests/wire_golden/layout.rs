//! What does each byte mean? A second reading of the format, from the document's words: fields are cut off one after the
//! other and named, without the library's views.

use core::fmt::Write;
use core::net::Ipv6Addr;

/// Takes a datagram apart: one line for each field, with its offset, its bytes and its meaning.
///
/// Five or more equal bytes in a row are shown as one of them times their number.
pub fn explain(bytes: &[u8], seed: u64) -> String {
    let mut cut = Cut { bytes, at: 0, lines: String::new() };
    header(&mut cut);
    while bytes.len() - cut.at > 8 {
        section(&mut cut);
    }
    cut.field(8, |_| format!("XXH3-64 of all before, seed {seed:#018x}"));
    cut.lines
}

struct Cut<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: String,
}

impl Cut<'_> {
    /// Cuts off `len` bytes, says what they are, and gives them back as a number where they are one.
    fn field(&mut self, len: usize, meaning: impl FnOnce(u64) -> String) -> u64 {
        let field = &self.bytes[self.at..self.at + len];
        let number = field.iter().take(8).rev().fold(0, |n, &byte| (n << 8) | u64::from(byte));
        writeln!(self.lines, "{:4}  {:<23}  {}", self.at, shown(field), meaning(number)).expect("a string grows");
        self.at += len;
        number
    }

    fn hex(&mut self, len: usize, name: &str) {
        self.field(len, |n| format!("{name} 0x{n:0width$x}", width = 2 * len));
    }

    fn number(&mut self, len: usize, name: &str) -> usize {
        self.field(len, |n| format!("{name} {n}")) as usize
    }

    fn named(&mut self, name: &str, names: &[&str]) {
        self.field(1, |n| format!("{name} {n}: {}", names.get(n as usize).unwrap_or(&"nothing")));
    }

    fn reserved(&mut self, len: usize) {
        self.field(len, |_| "reserved".into());
    }

    fn incarnation(&mut self, name: &str) {
        self.field(8, |n| format!("{name}: life {}, refutation {}", n >> 32, n & 0xffff_ffff));
    }

    fn addr(&mut self, name: &str) {
        let ip: [u8; 16] = self.bytes[self.at..self.at + 16].try_into().expect("sixteen bytes");
        self.field(16, |_| format!("{name}: {}", Ipv6Addr::from(ip).to_canonical()));
        self.number(2, "port");
    }

    fn text(&mut self, len: usize, name: &str) {
        let text = String::from_utf8(self.bytes[self.at..self.at + len].to_vec()).expect("UTF-8");
        self.field(len, |_| format!("{name} \"{text}\""));
    }
}

fn shown(bytes: &[u8]) -> String {
    let runs = bytes.chunk_by(|a, b| a == b).map(|run| match run {
        [byte, _, _, _, _, ..] => format!("{byte:02x}*{}", run.len()),
        short => short.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    });
    runs.collect::<Vec<_>>().join(" ")
}

fn header(cut: &mut Cut<'_>) {
    cut.field(1, |_| "magic".into());
    cut.number(1, "version");
    cut.field(1, |n| format!("suite {n}: not sealed"));
    cut.number(1, "key id");
    let flags = cut.field(1, |n| format!("flags: {}", ["none", "INTRO", "BOUND", "INTRO and BOUND"][n as usize]));
    cut.reserved(1);
    match flags & 2 {
        0 => cut.field(2, |_| "bound to nobody".into()),
        _ => cut.field(2, |n| format!("receiver's boot id, low 16 bits 0x{n:04x}")),
    };
    cut.hex(4, "cluster key, low half");
    cut.hex(4, "sender's boot id, low half");
    cut.hex(8, "sender's node id");
    cut.hex(4, "packet counter, low half");
    cut.hex(4, "membership fingerprint, low half");
    cut.hex(2, "rumor root, bits 0 to 15 or 16 to 31");
    cut.hex(2, "state root, bits 0 to 15 or 16 to 31");
    if flags & 1 != 0 {
        cut.hex(4, "sender's boot id, high half");
        cut.hex(4, "packet counter, high half");
    }
}

const KINDS: [&str; 30] = [
    "ping",
    "ack",
    "ping_request",
    "nack",
    "claims",
    "profiles",
    "leave",
    "hello",
    "cookie",
    "page_request",
    "page",
    "whois",
    "sums",
    "listing",
    "want",
    "rumors",
    "rumor_digests",
    "rumor_feedback",
    "rumor_wants",
    "rumor_sync",
    "rumor_page",
    "state_sums",
    "state_listing",
    "state_wants",
    "state_page",
    "state_walk",
    "state_span",
    "survey",
    "surveyed",
    "averages",
];

const STATES: [&str; 4] = ["alive", "suspect", "dead", "left"];

fn section(cut: &mut Cut<'_>) {
    let kind = cut.field(1, |n| format!("section of kind {n}: {}", KINDS[n as usize - 1]));
    let count = cut.number(1, "count");
    let len = cut.number(2, "length of the body");
    let end = cut.at + len;
    match KINDS[kind as usize - 1] {
        "ping" | "ack" => (0..count).for_each(|_| cut.hex(4, "nonce")),
        "ping_request" => ping_request(cut),
        "nack" => {
            cut.hex(4, "nonce");
            cut.named("reason", &["silent", "refused", "unknown"]);
            cut.reserved(3);
        }
        "claims" => (0..count).for_each(|_| claim(cut)),
        "profiles" => (0..count).for_each(|_| profile(cut)),
        "leave" => {
            cut.incarnation("incarnation that ends");
            cut.hex(4, "nonce");
            cut.reserved(4);
        }
        "hello" => {
            cut.hex(8, "nonce");
            cut.incarnation("incarnation");
            cut.number(8, "uptime in milliseconds");
            cut.named("phase", &["joining", "joined"]);
            cut.reserved(63);
        }
        "cookie" => cookie(cut),
        "page_request" => {
            cut.hex(8, "nonce");
            cut.hex(8, "cookie");
            cut.number(4, "cursor");
            cut.number(1, "pages at most");
            cut.reserved(3);
        }
        "page" => {
            cut.hex(8, "nonce");
            cut.number(4, "cursor");
            cut.number(4, "next cursor");
            cut.number(4, "end of the walk");
            cut.reserved(4);
        }
        "whois" => cut.hex(4, "counter of the datagram in question, low half"),
        "sums" => sums(cut, 128, 8, "sum"),
        "state_sums" => {
            cut.hex(4, "salt");
            sums(cut, 512, 2, "mark");
        }
        "listing" => {
            cut.hex(8, "first id");
            cut.hex(8, "last id");
            (1..count).for_each(|_| claim(cut));
        }
        "want" => (0..count).for_each(|_| cut.hex(8, "node id")),
        "rumors" => (0..count).for_each(|_| rumor(cut)),
        "rumor_digests" => (0..count).for_each(|_| digest(cut)),
        "rumor_feedback" | "rumor_wants" => (0..count).for_each(|_| {
            origin(cut);
            cut.number(6, "base");
            cut.field(8, |n| format!("which of the 64 beyond {n:#b}"));
        }),
        "rumor_sync" => {
            cut.hex(4, "nonce");
            cut.hex(8, "first id");
        }
        "rumor_page" => {
            cut.hex(4, "nonce");
            cut.hex(8, "first id");
            cut.hex(8, "last id");
            (1..count).for_each(|_| digest(cut));
        }
        "state_listing" => {
            cut.hex(8, "first id");
            cut.hex(8, "last id");
            cut.hex(4, "salt");
            let buckets = &cut.bytes[cut.at..cut.at + 64];
            let listed: Vec<usize> = (0..512).filter(|bucket| buckets[bucket / 8] & 1 << (bucket % 8) != 0).collect();
            (0..8).for_each(|part| cut.hex(8, &format!("buckets {} to {}:", 64 * part, 64 * part + 63)));
            cut.hex(1, "flags: GIVES, ASKS");
            let width = cut.number(1, "bytes of each complete");
            let counts: Vec<usize> =
                listed.iter().map(|bucket| cut.number(1, &format!("logs of bucket {bucket}:"))).collect();
            let buckets = listed.iter().zip(counts).flat_map(|(bucket, count)| vec![*bucket; count]);
            buckets.for_each(|bucket| log(cut, bucket as u64, width));
        }
        "state_wants" => (0..count).for_each(|_| {
            life(cut);
            cut.number(6, "after version");
        }),
        "state_page" => state_page(cut, count),
        "state_walk" => {
            cut.hex(8, "nonce");
            cut.hex(8, "cookie");
            point(cut, "from");
            cut.number(1, "datagrams at most");
            cut.reserved(1);
        }
        "state_span" => {
            cut.hex(8, "nonce");
            point(cut, "from");
            point(cut, "to");
            cut.number(1, "part");
            cut.number(1, "of parts");
        }
        "survey" => {
            cut.hex(4, "nonce");
            life(cut);
        }
        "surveyed" => {
            cut.hex(4, "nonce");
            cut.number(6, "complete up to");
            cut.reserved(2);
            cut.hex(8, "membership fingerprint");
            cut.hex(8, "rumor root");
            cut.hex(8, "state root");
        }
        "averages" => {
            const FLAGS: [&str; 4] = ["ANSWER", "PICKED", "END", "NOTICE"];
            cut.field(1, |n| {
                let set: Vec<_> = (0..4).filter(|bit| n >> bit & 1 == 1).map(|bit| FLAGS[bit as usize]).collect();
                format!("flags: {}", set.join(", "))
            });
            cut.reserved(3);
            (1..count).for_each(|_| averaged(cut));
        }
        other => unreachable!("a name without a layout: {other}"),
    }
    assert_eq!(cut.at, end, "the layout of {} takes the whole body", KINDS[kind as usize - 1]);
}

fn origin(cut: &mut Cut<'_>) {
    cut.hex(8, "origin's node id");
    cut.hex(4, "origin's boot id, low half");
}

fn rumor(cut: &mut Cut<'_>) {
    cut.hex(8, "origin's node id");
    cut.hex(8, "topic");
    cut.hex(4, "origin's boot id, low half");
    cut.number(6, "sequence");
    let len = cut.number(2, "length of the payload");
    cut.number(4, "age in microseconds");
    cut.number(1, "hops");
    cut.field(1, |n| {
        let class = ["urgent", "normal", "bulk"][(n & 0x7f) as usize];
        format!("class: {class}{}", if n & 0x80 == 0 { "" } else { ", asks for feedback" })
    });
    if len > 0 {
        cut.text(len, "payload");
    }
}

fn digest(cut: &mut Cut<'_>) {
    origin(cut);
    cut.number(6, "complete up to");
    cut.number(2, "highest beyond it");
    cut.number(2, "still to be had");
    cut.field(8, |n| format!("seen beyond it {n:#b}"));
}

fn life(cut: &mut Cut<'_>) {
    cut.hex(8, "owner's node id");
    cut.number(4, "owner's life");
}

fn log(cut: &mut Cut<'_>, bucket: u64, width: usize) {
    cut.field(2, |n| format!("life ..{:04b}, owner from {:#018x} on", n & 15, bucket << 55 | n >> 4 << 43));
    cut.hex(1, "check");
    cut.number(width, "complete up to");
}

fn point(cut: &mut Cut<'_>, name: &str) {
    cut.hex(8, &format!("{name}: owner's node id"));
    cut.number(4, &format!("{name}: owner's life"));
    cut.number(6, &format!("{name}: after version"));
}

fn averaged(cut: &mut Cut<'_>) {
    cut.hex(8, "hash of the number's name");
    cut.number(8, "version");
    for name in ["given: of the sum", "given: of the count", "left: of the sum", "left: of the count"] {
        cut.field(8, |n| format!("{name} {}", f64::from_bits(n)));
    }
}

fn state_page(cut: &mut Cut<'_>, count: usize) {
    life(cut);
    cut.number(6, "base");
    cut.number(6, "up to");
    cut.number(6, "floor");
    cut.field(2, |n| format!("flags: {}", ["none", "PARTIAL", "LOST", "PARTIAL and LOST"][n as usize]));
    cut.hex(8, "sum of the checks");
    (1..count).for_each(|_| state_entry(cut));
}

fn state_entry(cut: &mut Cut<'_>) {
    const FLAGS: [&str; 6] = ["durable", "shared", "removed", "AGED", "TIMED", "WIDE"];
    let flags = cut.field(1, |n| {
        let set = (0..6).filter(|bit| n >> (bit + 2) & 1 == 1).map(|bit| format!(", {}", FLAGS[bit as usize]));
        format!("class {}{}", ["urgent", "normal", "bulk"][n as usize & 3], set.collect::<String>())
    });
    let key = cut.number(1, "length of the key");
    let value = cut.number(2, "length of the value");
    cut.number(2, "step");
    for (bit, len, name) in [(7, 6, "version"), (5, 4, "age in milliseconds"), (6, 4, "time to live in milliseconds")] {
        if flags >> bit & 1 == 1 {
            cut.number(len, name);
        }
    }
    cut.text(key, "key");
    if value > 0 {
        cut.text(value, "value");
    }
}

fn ping_request(cut: &mut Cut<'_>) {
    cut.hex(8, "target's node id");
    cut.hex(4, "nonce");
    cut.number(4, "budget in microseconds");
    cut.hex(4, "target's boot id, low half");
    cut.reserved(4);
}

fn claim(cut: &mut Cut<'_>) {
    cut.hex(8, "subject's node id");
    cut.incarnation("incarnation");
    cut.hex(4, "accuser's tag");
    cut.hex(2, "subject's boot id, low 16 bits");
    cut.named("state", &STATES);
    cut.reserved(1);
}

fn profile(cut: &mut Cut<'_>) {
    claim(cut);
    cut.hex(8, "boot id");
    cut.addr("address");
    cut.number(1, "oldest protocol version spoken");
    cut.number(1, "newest protocol version spoken");
    let name = cut.number(1, "length of the name");
    let zone = cut.number(1, "length of the zone");
    let tags = cut.number(2, "length of the tags");
    cut.text(name, "name");
    cut.text(zone, "zone");
    let end = cut.at + tags;
    while cut.at < end {
        for part in ["key", "value"] {
            let len = cut.number(1, &format!("length of the {part}"));
            cut.text(len, part);
        }
    }
}

fn cookie(cut: &mut Cut<'_>) {
    cut.hex(8, "nonce");
    cut.hex(8, "cookie");
    cut.number(8, "uptime in milliseconds");
    cut.incarnation("held incarnation");
    cut.hex(8, "held boot id");
    cut.number(4, "members up");
    cut.number(4, "end of the walk");
    cut.addr("held address");
    cut.addr("observed address");
    cut.named("status", &["joining", "joined", "full", "taken"]);
    cut.named("held state", &STATES);
    cut.reserved(2);
}

/// A field of `len` bytes for each bucket.
fn sums(cut: &mut Cut<'_>, buckets: usize, len: usize, name: &str) {
    let empty = |bytes: &[u8]| bytes.iter().all(|&byte| byte == 0);
    let mut bucket = 0;
    while bucket < buckets {
        let rest = &cut.bytes[cut.at..cut.at + (buckets - bucket) * len];
        let empties = rest.chunks(len).take_while(|sum| empty(sum)).count();
        match empties {
            0 => cut.hex(len, &format!("{name} of bucket {bucket}:")),
            _ => {
                cut.field(empties * len, |_| format!("{name}s of buckets {bucket} to {}: 0", bucket + empties - 1));
            }
        }
        bucket += empties.max(1);
    }
}
