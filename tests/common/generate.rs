//! What might somebody say? Records of every kind from a source of bytes: quickcheck's, or a fuzzer's.
//!
//! Half of all ids, boot ids and addresses belong to a small fixed cast, so that what is generated meets what is held.
//! Running out of bytes gives zeros and the first choice, never an error: every byte string is some datagram.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use arbitrary::{Result, Unstructured};
use bruit::wire::{
    BUCKETS, Claim, Cookie, Digest, Held, Hello, Kind, LogDigest, NackReason, Nature, Progress, RawSequence,
    RawStateListing, RumorIds, STATE_BUCKETS, SeedStatus, State, StateHead, StatePoint, StateWant,
};
use bruit::{BootId, Class, Incarnation, Mode, NodeId, RumorId, Span, Topic};

use crate::cast::CAST;
use crate::record::{Averaged, Heard, Member, Record, Tone, Written};

/// Up to `max` records.
pub fn records(u: &mut Unstructured<'_>, max: usize) -> Result<Vec<Record>> {
    let count = u.int_in_range(0..=max)?;
    (0..count)
        .map(|_| {
            let kind = *u.choose(Kind::ALL)?;
            record(u, kind)
        })
        .collect()
}

/// A record of one kind.
pub fn record(u: &mut Unstructured<'_>, kind: Kind) -> Result<Record> {
    Ok(match kind {
        Kind::Ping => Record::Ping { nonce: u.arbitrary()? },
        Kind::Ack => Record::Ack { nonce: u.arbitrary()? },
        Kind::PingRequest => Record::PingRequest {
            target: node_id(u)?,
            boot_tag: boot_id(u)?.tag(),
            nonce: u.arbitrary()?,
            budget: Span::micros(u64::from(u.arbitrary::<u32>()?)),
        },
        Kind::Nack => Record::Nack {
            nonce: u.arbitrary()?,
            reason: *u.choose(&[NackReason::Silent, NackReason::Refused, NackReason::Unknown])?,
        },
        Kind::Claims => Record::Claim(claim(u)?),
        Kind::Profiles => Record::Profile(member(u)?),
        Kind::Leave => Record::Leave { incarnation: incarnation(u)?, nonce: u.arbitrary()? },
        Kind::Hello => Record::Hello(Hello {
            nonce: u.arbitrary()?,
            incarnation: incarnation(u)?,
            uptime_ms: u.arbitrary()?,
            joined: u.arbitrary()?,
        }),
        Kind::Cookie => Record::Cookie(cookie(u)?),
        Kind::PageRequest => Record::PageRequest {
            nonce: u.arbitrary()?,
            cookie: u.arbitrary()?,
            cursor: small(u)?,
            pages: u.int_in_range(1..=u8::MAX)?,
        },
        Kind::Page => page(u)?,
        Kind::Whois => Record::Whois { counter: u.arbitrary()? },
        Kind::Sums => Record::Sums(sums(u)?),
        Kind::Listing => listing(u)?,
        Kind::Want => Record::Want(node_id(u)?),
        Kind::Rumors => Record::Rumor(heard(u)?),
        Kind::RumorDigests => Record::Digest(digest(u)?),
        Kind::RumorFeedback => Record::Feedback(rumor_ids(u)?),
        Kind::RumorWants => Record::RumorWant(rumor_ids(u)?),
        Kind::RumorSync => Record::RumorSync { nonce: small(u)?, from: node_id(u)? },
        Kind::RumorPage => rumor_page(u)?,
        Kind::StateSums => {
            let mut marks = Box::new([0; STATE_BUCKETS]);
            for _ in 0..u.int_in_range(0..=64)? {
                marks[u.choose_index(STATE_BUCKETS)?] = u.arbitrary()?;
            }
            Record::StateSums { salt: u.arbitrary()?, marks }
        }
        Kind::StateListing => state_listing(u)?,
        Kind::StateWants => Record::StateWant(StateWant { owner: node_id(u)?, life: small(u)?, after: sequence(u)? }),
        Kind::StatePage => {
            let (owner, life) = (node_id(u)?, small(u)?.max(1));
            state_page(u, owner, life)?
        }
        Kind::StateWalk => Record::StateWalk {
            nonce: u.arbitrary()?,
            cookie: if u.arbitrary()? { 0 } else { u.arbitrary()? },
            from: state_point(u)?.min(StatePoint { life: 0, ..StatePoint::END }),
            datagrams: u.int_in_range(1..=u8::MAX)?,
        },
        Kind::StateSpan => state_span(u)?,
        Kind::Survey => Record::Survey { nonce: small(u)?, owner: node_id(u)?, life: small(u)? },
        Kind::Averages => {
            let mut numbers = Vec::new();
            for _ in 0..u.int_in_range(1..=8)? {
                numbers.push(averaged(u)?);
            }
            let picked = u.arbitrary()?;
            match u.int_in_range(0..=3)? {
                0 => Record::Averages { tone: Tone::Question { picked }, numbers },
                1 => Record::Averages { tone: Tone::Answer { picked }, numbers },
                2 => Record::Averages { tone: Tone::Notice, numbers },
                _ => Record::Averages { tone: Tone::End, numbers: Vec::new() },
            }
        }
        Kind::Surveyed => {
            let progress = Progress {
                complete: sequence(u)?,
                membership: u.arbitrary()?,
                rumors: u.arbitrary()?,
                state: u.arbitrary()?,
            };
            Record::Surveyed { nonce: small(u)?, progress }
        }
    })
}

/// A sequence number: mostly one of the first.
fn sequence(u: &mut Unstructured<'_>) -> Result<u64> {
    if u.ratio(7, 8)? { u.int_in_range(0..=80) } else { u.int_in_range(0..=RawSequence::MAX) }
}

fn heard(u: &mut Unstructured<'_>) -> Result<Heard> {
    let id = RumorId { origin: node_id(u)?, boot: boot_id(u)?.tag(), sequence: sequence(u)?.max(1) };
    let len = u.int_in_range(0..=80)?;
    Ok(Heard {
        id,
        topic: Topic::from_u64(u64::from(small(u)?)),
        class: *u.choose(Class::ALL)?,
        age_us: small(u)?,
        hops: u.arbitrary()?,
        asks: u.arbitrary()?,
        payload: vec![u.arbitrary()?; len],
    })
}

fn digest(u: &mut Unstructured<'_>) -> Result<Digest> {
    Ok(Digest {
        origin: node_id(u)?,
        boot: boot_id(u)?.tag(),
        complete: sequence(u)?,
        ahead: if u.arbitrary()? { 0 } else { u.arbitrary()? },
        kept: u.arbitrary()?,
        seen: u.arbitrary()?,
    })
}

fn rumor_ids(u: &mut Unstructured<'_>) -> Result<RumorIds> {
    let which = u.arbitrary::<u64>()?.max(1);
    Ok(RumorIds { origin: node_id(u)?, boot: boot_id(u)?.tag(), base: sequence(u)?, which })
}

fn rumor_page(u: &mut Unstructured<'_>) -> Result<Record> {
    let (a, b) = (node_id(u)?, node_id(u)?);
    let (first, last) =
        if u.arbitrary()? { (NodeId::from_u64(0), NodeId::from_u64(u64::MAX)) } else { (a.min(b), a.max(b)) };
    let mut digests = Vec::new();
    for _ in 0..u.int_in_range(0..=6)? {
        let digest = digest(u)?;
        if (first..=last).contains(&digest.origin) {
            digests.push(digest);
        }
    }
    Ok(Record::RumorPage { nonce: small(u)?, first, last, digests })
}

/// What somebody may have written in one of its lives: versions that rise, keys that come again, checks that mostly fit.
pub fn state_page(u: &mut Unstructured<'_>, owner: NodeId, life: u32) -> Result<Record> {
    let base = if u.ratio(3, 4)? { 0 } else { sequence(u)?.min(RawSequence::MAX - 1) };
    let mut head = StateHead { owner, life, base, upto: base, floor: 0, partial: false, lost: false };
    let mut entries = Vec::new();
    for _ in 0..u.int_in_range(0..=5)? {
        // A step that 16 bits do not hold makes the version stand in full.
        let step = if u.ratio(15, 16)? { u.int_in_range(1..=4)? } else { u.int_in_range(1..=1 << 20)? };
        let version = head.upto + step;
        if version > RawSequence::MAX {
            break;
        }
        head.upto = version;
        entries.push(written(u, &head, version)?);
    }
    if let Some(first) = entries.first_mut().filter(|_| u.ratio(1, 16).is_ok_and(|wrong| wrong)) {
        first.check = u.arbitrary()?;
    }
    let room = RawSequence::MAX - head.upto;
    let least = if entries.is_empty() { 1 } else { 0 };
    head.upto += u.int_in_range(least..=3)?.min(room);
    head.floor = if u.ratio(3, 4)? { 0 } else { sequence(u)? };
    Ok(Record::StatePage { head, entries })
}

fn written(u: &mut Unstructured<'_>, head: &StateHead, version: u64) -> Result<Written> {
    const KEYS: [&[u8]; 4] = [b"load", b"zone", b"addr", &[b'k'; 64]];
    let nature = Nature {
        class: *u.choose(Class::ALL)?,
        durable: u.arbitrary()?,
        shared: u.ratio(1, 8)?,
        removed: u.ratio(1, 4)?,
    };
    let ttl_ms = if u.ratio(3, 4)? { 0 } else { small(u)?.max(1) };
    let aged = ttl_ms > 0 || nature.removed || u.arbitrary()?;
    let key = if u.ratio(3, 4)? {
        u.choose(&KEYS)?.to_vec()
    } else {
        let len = u.int_in_range(1..=64)?;
        vec![u.arbitrary()?; len]
    };
    let len = if nature.removed { 0 } else { u.int_in_range(0..=40)? };
    let value = vec![u.arbitrary()?; len];
    let age_ms = if aged { Some(small(u)?) } else { None };
    let entry = Written { version, check: 0, nature, ttl_ms, age_ms, key, value };
    Ok(Written { check: entry.entry().draft.hash(head.owner, head.life), ..entry })
}

fn state_listing(u: &mut Unstructured<'_>) -> Result<Record> {
    let (first, last) = if u.arbitrary()? {
        (NodeId::from_u64(0), NodeId::from_u64(u64::MAX))
    } else {
        let (a, b) = (node_id(u)?, node_id(u)?);
        (a.min(b), a.max(b))
    };
    let mut head = RawStateListing::new(first, last, u.arbitrary()?, *u.choose(&Mode::ALL)?, u.arbitrary()?);
    for _ in 0..u.int_in_range(0..=8)? {
        head.add(u.choose_index(STATE_BUCKETS)?);
    }
    let mut logs = Vec::new();
    for _ in 0..u.int_in_range(0..=8)? {
        let (owner, known) = (node_id(u)?, (sequence(u)?, u.arbitrary()?));
        if (first..=last).contains(&owner) {
            head.add(bruit::wire::state_bucket_of(owner));
            logs.push(LogDigest::of(owner, small(u)?.max(1), known, head.salt()));
        }
    }
    logs.sort_by_key(|log| log.owner);
    Ok(Record::StateListing { head, logs })
}

fn averaged(u: &mut Unstructured<'_>) -> Result<Averaged> {
    let mut double = || Ok(f64::from(u.arbitrary::<i32>()?) / 8.0);
    let (given, left) = ([double()?, double()?], [double()?, double()?]);
    Ok(Averaged { id: u64::from(small(u)?), version: sequence(u)?, given, left })
}

fn state_point(u: &mut Unstructured<'_>) -> Result<StatePoint> {
    if u.ratio(1, 4)? {
        return Ok(*u.choose(&[StatePoint::START, StatePoint::END])?);
    }
    Ok(StatePoint { owner: node_id(u)?, life: small(u)?, after: sequence(u)? })
}

fn state_span(u: &mut Unstructured<'_>) -> Result<Record> {
    let (a, b) = (state_point(u)?, state_point(u)?);
    let (from, to) = if a == b { (StatePoint::START, StatePoint::END) } else { (a.min(b), a.max(b)) };
    let (a, b) = (u.int_in_range(1..=u8::MAX)?, u.int_in_range(1..=u8::MAX)?);
    Ok(Record::StateSpan { nonce: u.arbitrary()?, from, to, part: a.min(b), parts: a.max(b) })
}

fn node_id(u: &mut Unstructured<'_>) -> Result<NodeId> {
    if u.ratio(3, 4)? { Ok(u.choose(&CAST)?.id()) } else { Ok(NodeId::from_u64(u.arbitrary()?)) }
}

fn boot_id(u: &mut Unstructured<'_>) -> Result<BootId> {
    if u.ratio(3, 4)? { Ok(u.choose(&CAST)?.boot) } else { Ok(BootId::from_u64(u.arbitrary()?)) }
}

/// A number that is mostly small, as cursors and lives are.
fn small(u: &mut Unstructured<'_>) -> Result<u32> {
    if u.ratio(3, 4)? { u.int_in_range(0..=8) } else { u.arbitrary() }
}

fn incarnation(u: &mut Unstructured<'_>) -> Result<Incarnation> {
    Ok(Incarnation::new(small(u)?, small(u)?))
}

fn state(u: &mut Unstructured<'_>) -> Result<State> {
    u.choose(State::ALL).copied()
}

/// An address that one can send to: one of the cast's, or any other.
fn address(u: &mut Unstructured<'_>) -> Result<SocketAddr> {
    if u.ratio(3, 4)? {
        return Ok(u.choose(&CAST)?.addr);
    }
    let port = u.int_in_range(1..=u16::MAX)?;
    let ip = if u.arbitrary()? {
        let [_, b, c, d] = u.arbitrary::<[u8; 4]>()?;
        IpAddr::V4(Ipv4Addr::new(10, b, c, d))
    } else {
        let [_, rest @ ..] = u.arbitrary::<[u16; 8]>()?;
        let [b, c, d, e, f, g, h] = rest;
        IpAddr::V6(Ipv6Addr::new(0x2001, b, c, d, e, f, g, h))
    };
    Ok(SocketAddr::new(ip, port))
}

fn claim(u: &mut Unstructured<'_>) -> Result<Claim> {
    let subject = node_id(u)?;
    claim_about(u, subject)
}

fn claim_about(u: &mut Unstructured<'_>, subject: NodeId) -> Result<Claim> {
    Ok(Claim {
        subject,
        incarnation: incarnation(u)?,
        state: state(u)?,
        accuser: if u.arbitrary()? { node_id(u)?.tag() } else { 0 },
        boot: boot_id(u)?.short(),
    })
}

fn member(u: &mut Unstructured<'_>) -> Result<Member> {
    let (name, boot) = if u.ratio(3, 4)? {
        let actor = u.choose(&CAST)?;
        (actor.name.to_owned(), if u.ratio(3, 4)? { actor.boot } else { BootId::from_u64(u.arbitrary()?) })
    } else {
        (format!("x{}", text(u, 62)?), BootId::from_u64(u.arbitrary()?))
    };
    let claim = Claim { boot: boot.short(), ..claim_about(u, NodeId::from_name(&name))? };
    let (low, high): (u8, u8) = u.arbitrary()?;
    Ok(Member {
        claim,
        boot,
        addr: address(u)?,
        protocol: (low.min(high), low.max(high)),
        name,
        zone: text(u, 16)?,
        tags: tags(u)?,
    })
}

/// Text without control characters, at most `max` bytes.
fn text(u: &mut Unstructured<'_>, max: usize) -> Result<String> {
    const LETTERS: [char; 8] = ['a', 'b', 'z', '0', '-', '.', 'é', '波'];
    let mut text = String::new();
    while u.arbitrary()? {
        let letter = *u.choose(&LETTERS)?;
        if text.len() + letter.len_utf8() > max {
            break;
        }
        text.push(letter);
    }
    Ok(text)
}

fn tags(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        for part in [text(u, 12)?, text(u, 24)?] {
            bytes.push(part.len() as u8);
            bytes.extend(part.as_bytes());
        }
    }
    Ok(bytes)
}

/// What a seed may hold of a joiner's name.
pub fn held(u: &mut Unstructured<'_>) -> Result<Option<Held>> {
    if !u.arbitrary()? {
        return Ok(None);
    }
    Ok(Some(Held {
        incarnation: incarnation(u)?,
        boot: boot_id(u)?,
        state: state(u)?,
        addr: if u.arbitrary()? { Some(address(u)?) } else { None },
    }))
}

fn cookie(u: &mut Unstructured<'_>) -> Result<Cookie> {
    Ok(Cookie {
        nonce: u.arbitrary()?,
        cookie: u.arbitrary()?,
        uptime_ms: u.arbitrary()?,
        status: *u.choose(SeedStatus::ALL)?,
        held: held(u)?,
        members: small(u)?,
        end: small(u)?,
        observed: address(u)?,
    })
}

fn page(u: &mut Unstructured<'_>) -> Result<Record> {
    let nonce = u.arbitrary()?;
    let mut places = [small(u)?, small(u)?, small(u)?];
    places.sort_unstable();
    let [cursor, next, end] = places;
    // An empty page is one that begins at the end.
    let cursor = if cursor == next { end } else { cursor };
    Ok(Record::Page { nonce, cursor, next: next.max(cursor), end })
}

fn sums(u: &mut Unstructured<'_>) -> Result<Box<[u64; BUCKETS]>> {
    let mut sums = Box::new([0; BUCKETS]);
    for _ in 0..u.int_in_range(0..=BUCKETS)? {
        sums[u.choose_index(BUCKETS)?] = u.arbitrary()?;
    }
    Ok(sums)
}

fn listing(u: &mut Unstructured<'_>) -> Result<Record> {
    let (first, last) = if u.arbitrary()? {
        (NodeId::from_u64(0), NodeId::from_u64(u64::MAX))
    } else {
        let (a, b) = (node_id(u)?, node_id(u)?);
        (a.min(b), a.max(b))
    };
    let mut claims = Vec::new();
    for _ in 0..u.int_in_range(0..=8)? {
        let claim = claim(u)?;
        if (first..=last).contains(&claim.subject) {
            claims.push(claim);
        }
    }
    Ok(Record::Listing { first, last, claims })
}
