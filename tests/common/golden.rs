//! What are the datagrams that docs/wire.md spells out? One of each kind, with values that are easy to see in hex.

use bruit::wire::{
    BUCKETS, Claim, Cookie, Digest, Held, Hello, Kind, LogDigest, NackReason, Nature, Progress, RawStateListing,
    RumorIds, STATE_BUCKETS, SeedStatus, State, StateHead, StatePoint, StateWant,
};
use bruit::{Class, Incarnation, Mode, NodeId, RumorId, Span, Topic};

use xxhash_rust::xxh3::xxh3_64;

use crate::cast::{Actor, CAST};
use crate::record::{Averaged, Heard, Member, Record, Tone, Written};

/// The records in the golden datagram of a kind: two where a section holds many.
pub fn records(kind: Kind) -> Vec<Record> {
    let [anna, berta, carla, dora, ..] = CAST;
    let nonce = 0x0000_2a04;
    let hello_nonce = 0x1122_3344_5566_7788;
    let cookie = 0xc0c0_c1c1_c2c2_c3c3;
    match kind {
        Kind::Ping => vec![Record::Ping { nonce }],
        Kind::Ack => vec![Record::Ack { nonce }, Record::Ack { nonce: nonce + 1 }],
        Kind::PingRequest => vec![Record::PingRequest {
            target: carla.id(),
            boot_tag: carla.boot.tag(),
            nonce: nonce + 2,
            budget: Span::millis(150),
        }],
        Kind::Nack => vec![Record::Nack { nonce: nonce + 2, reason: NackReason::Silent }],
        Kind::Claims => vec![
            Record::Claim(claim(&carla, State::Suspect, Incarnation::new(3, 1), berta.id().tag())),
            Record::Claim(claim(&dora, State::Left, Incarnation::new(7, 0), 0)),
        ],
        Kind::Profiles => vec![Record::Profile(profile(&berta)), Record::Profile(profile(&carla))],
        Kind::Leave => vec![Record::Leave { incarnation: Incarnation::new(2, 0), nonce: nonce + 3 }],
        Kind::Hello => vec![Record::Hello(Hello {
            nonce: hello_nonce,
            incarnation: Incarnation::default(),
            uptime_ms: 1_500,
            joined: false,
        })],
        Kind::Cookie => vec![Record::Cookie(Cookie {
            nonce: hello_nonce,
            cookie,
            uptime_ms: 86_400_000,
            status: SeedStatus::Joined,
            held: Some(Held {
                incarnation: Incarnation::new(2, 0),
                boot: anna.boot,
                state: State::Dead,
                addr: Some(anna.addr),
            }),
            members: 3,
            end: 4,
            observed: anna.addr,
        })],
        Kind::PageRequest => vec![Record::PageRequest { nonce: hello_nonce, cookie, cursor: 0, pages: 8 }],
        Kind::Page => vec![Record::Page { nonce: hello_nonce, cursor: 0, next: 4, end: 4 }],
        Kind::Whois => vec![Record::Whois { counter: 0x0000_0102 }],
        Kind::Sums => vec![Record::Sums(sums())],
        Kind::Listing => {
            let bucket = bruit::wire::bucket_of(carla.id()) as u64;
            let first = bucket << 57;
            vec![Record::Listing {
                first: NodeId::from_u64(first),
                last: NodeId::from_u64(first | (u64::MAX >> 7)),
                claims: vec![claim(&carla, State::Alive, Incarnation::new(3, 2), 0)],
            }]
        }
        Kind::Want => vec![Record::Want(anna.id()), Record::Want(dora.id())],
        Kind::Rumors => vec![
            Record::Rumor(rumor(&carla, 300, Class::Urgent, b"lamp oil is low")),
            Record::Rumor(Heard { asks: true, ..rumor(&carla, 301, Class::Normal, b"") }),
        ],
        Kind::RumorDigests => vec![Record::Digest(digest(&carla)), Record::Digest(digest(&dora))],
        Kind::RumorFeedback => vec![Record::Feedback(rumor_ids(&carla, 299, 0b11))],
        Kind::RumorWants => vec![Record::RumorWant(rumor_ids(&carla, 301, 0b101))],
        Kind::RumorSync => vec![Record::RumorSync { nonce: nonce + 4, from: NodeId::from_u64(0) }],
        Kind::RumorPage => vec![Record::RumorPage {
            nonce: nonce + 4,
            first: NodeId::from_u64(0),
            last: NodeId::from_u64(u64::MAX),
            digests: vec![digest(&carla)],
        }],
        Kind::StateSums => vec![Record::StateSums { salt: 0x7071_7273, marks: marks() }],
        Kind::StateListing => {
            let bucket = bruit::wire::state_bucket_of(carla.id());
            let (first, last) = bruit::wire::state_bucket_range(bucket);
            let mut head = RawStateListing::new(first, last, 0x7071_7273, Mode::PushPull, false);
            head.add(bucket);
            let log = |life, known| LogDigest::of(carla.id(), life, known, head.salt());
            let logs = vec![log(2, (5, 0x4040_4141_4242_4343)), log(3, (70_008, 0x5050_5151_5252_5353))];
            vec![Record::StateListing { head, logs }]
        }
        Kind::StateWants => vec![
            Record::StateWant(StateWant { owner: carla.id(), life: 3, after: 5 }),
            Record::StateWant(StateWant { owner: dora.id(), life: 1, after: 0 }),
        ],
        Kind::StatePage => vec![state_page(&carla)],
        Kind::StateWalk => {
            let from = StatePoint { owner: carla.id(), life: 3, after: 7 };
            vec![Record::StateWalk { nonce: hello_nonce, cookie, from, datagrams: 32 }]
        }
        Kind::StateSpan => {
            let from = StatePoint { owner: carla.id(), life: 3, after: 5 };
            let to = StatePoint { after: 70_008, ..from };
            vec![Record::StateSpan { nonce: hello_nonce, from, to, part: 2, parts: 32 }]
        }
        Kind::Averages => {
            let id = xxh3_64(b"load");
            let said = Averaged { id, version: 3, given: [0.25, -0.5], left: [1.5, 1.0] };
            vec![Record::Averages { tone: Tone::Question { picked: true }, numbers: vec![said] }]
        }
        Kind::Survey => vec![Record::Survey { nonce: nonce + 5, owner: carla.id(), life: 3 }],
        Kind::Surveyed => {
            let progress = Progress {
                complete: 70_008,
                membership: 0x1010_1111_1212_1313,
                rumors: 0x2020_2121_2222_2323,
                state: 0x3030_3131_3232_3333,
            };
            vec![Record::Surveyed { nonce: nonce + 5, progress }]
        }
    }
}

fn rumor(origin: &Actor, sequence: u64, class: Class, payload: &[u8]) -> Heard {
    let id = RumorId { origin: origin.id(), boot: origin.boot.tag(), sequence };
    Heard { id, topic: Topic::new("lamps"), class, age_us: 1_250, hops: 2, asks: false, payload: payload.into() }
}

fn digest(origin: &Actor) -> Digest {
    Digest { origin: origin.id(), boot: origin.boot.tag(), complete: 301, ahead: 3, kept: 301, seen: 0b101 }
}

fn rumor_ids(origin: &Actor, base: u64, which: u64) -> RumorIds {
    RumorIds { origin: origin.id(), boot: origin.boot.tag(), base, which }
}

/// Four writes: one that is under way, one that has settled, a lease, and far behind them a removal.
pub fn state_page(owner: &Actor) -> Record {
    let head = StateHead { owner: owner.id(), life: 3, base: 5, upto: 70_008, floor: 2, partial: false, lost: false };
    let nature = |class, durable, removed| Nature { class, durable, shared: false, removed };
    let written = |version, nature, ttl_ms, age_ms, key: &[u8], value: &[u8]| {
        let entry = Written { version, check: 0, nature, ttl_ms, age_ms, key: key.into(), value: value.into() };
        Written { check: entry.entry().draft.hash(head.owner, head.life), ..entry }
    };
    let entries = vec![
        written(6, nature(Class::Normal, false, false), 0, Some(1_200), b"load", b"0.7"),
        written(7, nature(Class::Bulk, true, false), 0, None, b"zone", b"z1"),
        written(8, nature(Class::Urgent, false, false), 10_000, Some(40), b"lease", b""),
        written(70_008, nature(Class::Normal, true, true), 0, Some(90_000), b"lamp", b""),
    ];
    Record::StatePage { head, entries }
}

/// The profile of somebody in the cast, alive.
pub fn profile(actor: &Actor) -> Member {
    Member {
        claim: claim(actor, State::Alive, Incarnation::new(3, 0), 0),
        boot: actor.boot,
        addr: actor.addr,
        protocol: (1, 1),
        name: actor.name.into(),
        zone: "z1".into(),
        tags: b"\x04role\x02db".into(),
    }
}

fn claim(of: &Actor, state: State, incarnation: Incarnation, accuser: u32) -> Claim {
    Claim { subject: of.id(), incarnation, state, accuser, boot: of.boot.short() }
}

/// Bucket sums of which only those of the first and the last bucket are not empty.
fn sums() -> Box<[u64; BUCKETS]> {
    let mut sums = Box::new([0; BUCKETS]);
    sums[0] = 0x0102_0304_0506_0708;
    sums[BUCKETS - 1] = 0xf1f2_f3f4_f5f6_f7f8;
    sums
}

/// The same of the marks of owners.
fn marks() -> Box<[u16; STATE_BUCKETS]> {
    let mut marks = Box::new([0; STATE_BUCKETS]);
    (marks[0], marks[STATE_BUCKETS - 1]) = (0xe1e2, 0xf1f2);
    marks
}
