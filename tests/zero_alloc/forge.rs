//! What can a network do to a node? Datagrams that look like a member's and say anything, whole or damaged.
//!
//! The forger knows every boot id, so its datagrams pass the checksum wherever it wants them to: what is said is then as
//! wrong as the dice make it. What is damaged afterwards reaches each reason to drop.

use std::net::SocketAddr;

use bruit::wire::{
    Binding, Claim, Cookie, Digest, Draft, Header, Held, Hello, Kind, LogDigest, NackReason, Nature, Profile, Progress,
    RawAck, RawAverages, RawClaim, RawCookie, RawDigest, RawFlow, RawHello, RawLeave, RawListing, RawNack, RawPage,
    RawPageRequest, RawPing, RawPingRequest, RawRumorIds, RawRumorPage, RawRumorSync, RawStateListing, RawStateSpan,
    RawStateSums, RawStateWalk, RawStateWant, RawSums, RawSurvey, RawSurveyed, RawWant, RawWhois, Rumor, RumorIds,
    STATE_BUCKETS, SeedStatus, State, StateEntry, StateHead, StatePoint, StateWant, Writer,
};
use bruit::{BootId, Class, ClusterKey, Incarnation, Mode, NodeId, Rng, RumorId, Span, Topic};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The size of a datagram.
pub const DATAGRAM: usize = 1_200;
/// The label of the cluster.
pub const LABEL: &str = "zero";

/// Somebody that datagrams speak of, are from, or go to.
#[derive(Clone, Debug)]
pub struct Party {
    pub name: String,
    pub id: NodeId,
    pub boot: BootId,
    pub addr: SocketAddr,
    pub incarnation: Incarnation,
    /// The counter of the last datagram it really sent.
    pub counter: u32,
}

/// In which way a datagram is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    None,
    Cut,
    BitFlip,
    Noise,
    TooLong,
    Magic,
    Version,
    Suite,
    Flags,
    OtherCluster,
    OtherSender,
    OtherReceiver,
    UnknownSection,
    BadLength,
    BadValue,
}

impl Damage {
    pub const ALL: [Self; 15] = [
        Self::None,
        Self::Cut,
        Self::BitFlip,
        Self::Noise,
        Self::TooLong,
        Self::Magic,
        Self::Version,
        Self::Suite,
        Self::Flags,
        Self::OtherCluster,
        Self::OtherSender,
        Self::OtherReceiver,
        Self::UnknownSection,
        Self::BadLength,
        Self::BadValue,
    ];
}

/// Writes a datagram that pretends to be from `from` into `buf`; returns its length.
pub fn forge(dice: &mut Rng, from: &Party, to: &Party, parties: &[Party], buf: &mut [u8]) -> (Damage, usize) {
    let damage = if dice.below(2) == 0 { Damage::None } else { pick(dice, &Damage::ALL) };
    let intro = dice.below(4) == 0;
    let unbound = dice.below(12) == 0;
    let near = from.counter.wrapping_add(dice.below(40));
    let label = if damage == Damage::OtherCluster { "another" } else { LABEL };
    let sender = if damage == Damage::OtherSender { BootId::from_u64(dice.next_u64()) } else { from.boot };
    let receiver = if damage == Damage::OtherReceiver { BootId::from_u64(dice.next_u64()) } else { to.boot };
    let binding = Binding {
        cluster: ClusterKey::from_label(label),
        sender,
        receiver: (!unbound).then_some(receiver),
        counter_high: 0,
    };
    let header = Header {
        cluster: binding.cluster.tag(),
        sender: if damage == Damage::OtherSender && dice.below(2) == 0 {
            NodeId::from_u64(dice.next_u64())
        } else {
            from.id
        },
        boot_tag: sender.tag(),
        intro: intro.then(|| (sender.high(), 0)),
        receiver: (!unbound).then(|| receiver.short()),
        // A counter far off makes the receiver guess another high half, and stay deaf to the true sender for a while.
        counter: if dice.below(500) == 0 { dice.next_u32() } else { near },
        membership: dice.next_u32(),
        rumors: dice.next_u32() as u16,
        state: dice.next_u32() as u16,
    };
    let mut writer = Writer::new(buf, DATAGRAM, &header).expect("a whole datagram");
    let sections = 1 + dice.below(3);
    for _ in 0..sections {
        let kind = if unbound && dice.below(2) == 0 { Kind::Hello } else { pick(dice, Kind::ALL) };
        section(dice, kind, from, parties, &mut writer);
    }
    let sections_at = if intro { bruit::wire::OVERHEAD_INTRO } else { bruit::wire::OVERHEAD } - 8;
    let len = writer.finish(&binding);
    (damage, damaged(dice, damage, &binding, buf, len, sections_at))
}

fn damaged(dice: &mut Rng, damage: Damage, binding: &Binding, buf: &mut [u8], len: usize, at: usize) -> usize {
    let below = |dice: &mut Rng, n: usize| dice.below(u32::try_from(n).expect("fits")) as usize;
    match damage {
        Damage::None | Damage::OtherCluster | Damage::OtherSender | Damage::OtherReceiver => len,
        Damage::Cut => below(dice, len),
        Damage::BitFlip => {
            buf[below(dice, len)] ^= 1 << dice.below(8);
            len
        }
        Damage::Noise => {
            let len = below(dice, DATAGRAM);
            buf[..len].iter_mut().for_each(|byte| *byte = dice.next_u32() as u8);
            len
        }
        Damage::TooLong => DATAGRAM + 1 + below(dice, buf.len() - DATAGRAM),
        Damage::Magic => set(buf, 0, 0, len),
        Damage::Version => set(buf, 1, 9, len),
        Damage::Suite => set(buf, 2 + below(dice, 2), 7, len),
        Damage::Flags => set(buf, 4, 0xf0, len),
        Damage::UnknownSection => seal(buf, at, 200 + dice.below(50) as u8, len, binding),
        Damage::BadLength => seal(buf, at + 1 + below(dice, 3), dice.next_u32() as u8, len, binding),
        // Somewhere in the sections, mostly in a value.
        Damage::BadValue => seal(buf, at + below(dice, len - 8 - at), dice.next_u32() as u8, len, binding),
    }
}

fn set(buf: &mut [u8], at: usize, value: u8, len: usize) -> usize {
    buf[at] = value;
    len
}

/// Changes one byte and makes the checksum fit again.
fn seal(buf: &mut [u8], at: usize, value: u8, len: usize, binding: &Binding) -> usize {
    buf[at] = value;
    let check = xxh3_64_with_seed(&buf[..len - 8], binding.seed());
    buf[len - 8..len].copy_from_slice(&check.to_le_bytes());
    len
}

fn pick<T: Copy>(dice: &mut Rng, from: &[T]) -> T {
    from[dice.below(u32::try_from(from.len()).expect("fits")) as usize]
}

fn party<'a>(dice: &mut Rng, parties: &'a [Party]) -> &'a Party {
    &parties[dice.below(u32::try_from(parties.len()).expect("fits")) as usize]
}

/// A claim near what is true of somebody.
fn claim(dice: &mut Rng, subject: &Party, accuser: NodeId) -> Claim {
    let truth = subject.incarnation;
    let incarnation = match dice.below(60) {
        0 => Incarnation::from_u64(dice.next_u64()),
        1 => Incarnation::new(truth.life().saturating_sub(1), truth.refutation()),
        2 => Incarnation::new(truth.life().saturating_add(1), 0),
        3..10 => Incarnation::new(truth.life(), truth.refutation().saturating_add(1)),
        10..20 => Incarnation::new(truth.life(), truth.refutation().saturating_sub(1)),
        20.. => truth,
    };
    // Departures and deaths are rarer than the rest, or nobody would be left to talk to.
    let state = match dice.below(40) {
        0 => State::Left,
        1..4 => State::Dead,
        4..16 => State::Suspect,
        16.. => State::Alive,
    };
    let boot = if dice.below(20) == 0 { dice.next_u32() as u16 } else { subject.boot.short() };
    Claim { subject: subject.id, incarnation, state, accuser: accuser.tag(), boot }
}

/// Adds a section; one that does not fit is left out.
fn section(dice: &mut Rng, kind: Kind, from: &Party, parties: &[Party], writer: &mut Writer<'_>) {
    let nonce = dice.below(64);
    let _fits = match kind {
        Kind::Ping => writer.push(kind, &RawPing { nonce: nonce.into() }),
        Kind::Ack => writer.push(kind, &RawAck { nonce: nonce.into() }),
        Kind::PingRequest => {
            let target = party(dice, parties);
            let budget = Span::millis(u64::from(dice.below(300)));
            writer.push(kind, &RawPingRequest::new(target.id, target.boot.tag(), nonce, budget))
        }
        Kind::Nack => {
            let reason = pick(dice, &[NackReason::Silent, NackReason::Refused, NackReason::Unknown]);
            writer.push(kind, &RawNack::new(nonce, reason))
        }
        Kind::Claims => (0..1 + dice.below(48)).all(|_| {
            let subject = party(dice, parties);
            let claim = claim(dice, subject, from.id);
            writer.push(kind, &RawClaim::new(&claim))
        }),
        Kind::Profiles => (0..1 + dice.below(6)).all(|_| profile(dice, from, parties, writer)),
        Kind::Leave if dice.below(8) == 0 => writer.push(kind, &RawLeave::new(from.incarnation, nonce)),
        Kind::Leave => writer.push(kind, &RawLeave::new(Incarnation::new(0, dice.below(9)), nonce)),
        Kind::Hello => writer.push(kind, &RawHello::new(&hello(dice, from))),
        Kind::Cookie => writer.push(kind, &RawCookie::new(&cookie(dice, from))),
        Kind::PageRequest => writer.push(
            kind,
            &RawPageRequest::new(dice.next_u64(), dice.next_u64(), dice.below(20), 1 + dice.below(9) as u8),
        ),
        Kind::Page => {
            let cursor = dice.below(10);
            let next = cursor + 1 + dice.below(10);
            writer.push(kind, &RawPage::new(dice.next_u64(), cursor, next, next + dice.below(5)))
        }
        Kind::Whois => writer.push(kind, &RawWhois { counter: dice.next_u32().into() }),
        Kind::StateSums => {
            let mut sums = RawStateSums { salt: dice.next_u32().into(), marks: [0.into(); STATE_BUCKETS] };
            sums.marks[dice.below(512) as usize] = (dice.next_u32() as u16).into();
            writer.push(kind, &sums)
        }
        Kind::Sums => {
            let mut sums = RawSums { sums: [0.into(); bruit::wire::BUCKETS] };
            sums.sums[dice.below(128) as usize] = dice.next_u64().into();
            writer.push(kind, &sums)
        }
        Kind::Listing => listing(dice, from, parties, writer),
        Kind::Want => (0..1 + dice.below(20)).all(|_| writer.push(kind, &RawWant::new(party(dice, parties).id))),
        Kind::Rumors => (0..1 + dice.below(12)).all(|_| rumor(dice, parties, writer)),
        Kind::RumorDigests => (0..1 + dice.below(9)).all(|_| {
            let digest = digest(dice, parties);
            writer.push(kind, &RawDigest::new(&digest))
        }),
        Kind::RumorFeedback | Kind::RumorWants => (0..1 + dice.below(9)).all(|_| {
            let origin = party(dice, parties);
            let which = dice.next_u64().max(1);
            let base = u64::from(dice.below(400));
            let ids = RumorIds { origin: origin.id, boot: origin.boot.tag(), base, which };
            writer.push(kind, &RawRumorIds::new(&ids))
        }),
        Kind::RumorSync => {
            writer.push(kind, &RawRumorSync { nonce: dice.next_u32().into(), from: dice.next_u64().into() })
        }
        Kind::RumorPage => {
            let page = RawRumorPage::new(dice.next_u32(), NodeId::from_u64(0), NodeId::from_u64(u64::MAX));
            writer.push(kind, &page)
                && (0..dice.below(9)).all(|_| {
                    let digest = digest(dice, parties);
                    writer.extend(kind, &RawDigest::new(&digest))
                })
        }
        Kind::StateListing => {
            let (first, last) = (NodeId::from_u64(0), NodeId::from_u64(u64::MAX));
            let mut head = RawStateListing::new(
                first,
                last,
                dice.next_u32(),
                Mode::ALL[dice.below(3) as usize],
                dice.below(2) == 0,
            );
            let mut logs: Vec<LogHeld> = (0..dice.below(12)).map(|_| log(dice, parties)).collect();
            logs.sort_by_key(|log| log.owner);
            logs.iter().for_each(|log| head.add(bruit::wire::state_bucket_of(log.owner)));
            let digest = |log: &LogHeld, sum| LogDigest::of(log.owner, log.life, (log.complete, sum), head.salt());
            let digests: Vec<LogDigest> = logs.iter().map(|log| digest(log, dice.next_u64())).collect();
            head.write(&digests, writer)
        }
        Kind::StateWants => (0..1 + dice.below(6)).all(|_| {
            let LogHeld { owner, life, .. } = log(dice, parties);
            writer.push(kind, &RawStateWant::new(&StateWant { owner, life, after: u64::from(dice.below(40)) }))
        }),
        Kind::StatePage => state_page(dice, parties, writer),
        Kind::StateWalk => {
            writer.push(kind, &RawStateWalk::new(dice.next_u64(), 0, point(dice, parties), 1 + dice.below(40) as u8))
        }
        Kind::Averages => {
            let mut flow = || {
                let [a, b, c, d] = [(); 4].map(|()| f64::from(dice.below(9)) - 4.0);
                RawFlow::of(u64::from(dice.below(4)), u64::from(dice.below(20)), [a, b], [c, d])
            };
            let (first, second) = (flow(), flow());
            writer.push(kind, &RawAverages::new(dice.below(2) == 0, dice.below(2) == 0))
                && writer.extend(kind, &first)
                && writer.extend(kind, &second)
        }
        Kind::Survey => {
            let LogHeld { owner, life, .. } = log(dice, parties);
            writer.push(kind, &RawSurvey::new(nonce, owner, life))
        }
        Kind::Surveyed => {
            let progress =
                Progress { complete: u64::from(dice.below(40)), state: dice.next_u64(), ..Progress::default() };
            writer.push(kind, &RawSurveyed::new(nonce, &progress))
        }
        Kind::StateSpan => {
            let (a, b) = (point(dice, parties), point(dice, parties));
            writer.push(kind, &RawStateSpan::new(dice.next_u64(), (a.min(b), a.max(b)), (1, 1 + dice.below(32) as u8)))
        }
    };
}

fn profile(dice: &mut Rng, from: &Party, parties: &[Party], writer: &mut Writer<'_>) -> bool {
    const LONG: &str = "a-zone-whose-name-is-longer-than-any-place-in-this-small-table-has-room-for";
    let subject = party(dice, parties);
    let mut claim = claim(dice, subject, from.id);
    let boot = if dice.below(10) == 0 { BootId::from_u64(dice.next_u64()) } else { subject.boot };
    claim.boot = boot.short();
    let tags: &[u8] = if dice.below(2) == 0 { b"\x04role\x02db" } else { &[] };
    let profile = Profile {
        claim,
        boot,
        addr: if dice.below(10) == 0 { party(dice, parties).addr } else { subject.addr },
        protocol: (1, 1),
        name: &subject.name,
        zone: if dice.below(10) == 0 { LONG } else { "z" },
        tags,
    };
    profile.write(writer)
}

fn rumor(dice: &mut Rng, parties: &[Party], writer: &mut Writer<'_>) -> bool {
    let origin = party(dice, parties);
    let rumor = Rumor {
        id: RumorId { origin: origin.id, boot: origin.boot.tag(), sequence: sequence(dice) },
        topic: Topic::from_u64(u64::from(dice.below(4))),
        class: pick(dice, Class::ALL),
        // Seldom older than anybody retains it.
        age_us: if dice.below(50) == 0 { u32::MAX } else { dice.below(100_000) },
        hops: dice.below(9) as u8,
        asks: dice.below(2) == 0,
        payload: &[0x5a; 120][..dice.below(120) as usize],
    };
    rumor.write(writer)
}

/// Near those that are really published; seldom a corrupt one.
fn sequence(dice: &mut Rng) -> u64 {
    if dice.below(200) == 0 { 1 + (dice.next_u64() >> 17) } else { 1 + u64::from(dice.below(400)) }
}

fn digest(dice: &mut Rng, parties: &[Party]) -> Digest {
    let origin = party(dice, parties);
    Digest {
        origin: origin.id,
        boot: origin.boot.tag(),
        complete: u64::from(dice.below(400)),
        ahead: dice.below(90) as u16,
        kept: dice.below(400) as u16,
        seen: dice.next_u64(),
    }
}

/// How much the forger holds of one life of somebody.
struct LogHeld {
    owner: NodeId,
    life: u32,
    complete: u64,
    floor: u64,
}

/// One life of somebody, mostly the present one, and how much of it the forger holds.
fn log(dice: &mut Rng, parties: &[Party]) -> LogHeld {
    let owner = party(dice, parties);
    let life = owner.incarnation.life().max(1) - dice.below(2).min(owner.incarnation.life().saturating_sub(1));
    let complete = u64::from(dice.below(40));
    let floor = if dice.below(4) == 0 { complete.min(u64::from(dice.below(40))) } else { 0 };
    LogHeld { owner: owner.id, life, complete, floor }
}

fn point(dice: &mut Rng, parties: &[Party]) -> StatePoint {
    let LogHeld { owner, life, complete, .. } = log(dice, parties);
    pick(dice, &[StatePoint::START, StatePoint { owner, life, after: complete }])
}

/// A page of somebody's writes; the hash of one in eight entries does not fit.
fn state_page(dice: &mut Rng, parties: &[Party], writer: &mut Writer<'_>) -> bool {
    const KEYS: [&[u8]; 4] = [b"load", b"zone", b"addr", b"role"];
    let LogHeld { owner, life, complete, floor } = log(dice, parties);
    let base = if dice.below(2) == 0 { 0 } else { complete };
    let entries = u64::from(dice.below(5));
    let head = StateHead { owner, life, base, upto: base + entries + 1, floor, partial: false, lost: false };
    head.write(writer)
        && (0..entries).all(|nth| {
            let removed = dice.below(4) == 0;
            let nature = Nature { class: pick(dice, Class::ALL), durable: dice.below(2) == 0, shared: false, removed };
            let value: &[u8] = if removed { &[] } else { &[0x5a; 70][..dice.below(70) as usize] };
            let ttl_ms = if dice.below(4) == 0 { 1 + dice.below(20_000) } else { 0 };
            let draft = Draft { version: base + nth + 1, check: 0, nature, ttl_ms, key: pick(dice, &KEYS), value };
            let check = if dice.below(8) == 0 { 0 } else { draft.hash(owner, life) };
            let lasts = ttl_ms == 0 && !removed && dice.below(2) == 0;
            let age_ms = (!lasts).then(|| dice.below(10_000));
            StateEntry { draft: Draft { check, ..draft }, age_ms }.write(base + nth, writer)
        })
}

fn hello(dice: &mut Rng, from: &Party) -> Hello {
    Hello {
        nonce: dice.next_u64(),
        incarnation: from.incarnation,
        uptime_ms: u64::from(dice.next_u32()),
        joined: dice.below(2) == 0,
    }
}

fn cookie(dice: &mut Rng, from: &Party) -> Cookie {
    let held = Held {
        incarnation: Incarnation::new(dice.below(50), 0),
        boot: BootId::from_u64(dice.next_u64()),
        state: pick(dice, State::ALL),
        addr: (dice.below(2) == 0).then_some(from.addr),
    };
    Cookie {
        nonce: dice.next_u64(),
        cookie: dice.next_u64(),
        uptime_ms: u64::from(dice.next_u32()),
        status: pick(dice, SeedStatus::ALL),
        held: (dice.below(2) == 0).then_some(held),
        members: dice.below(100),
        end: dice.below(100),
        observed: from.addr,
    }
}

fn listing(dice: &mut Rng, from: &Party, parties: &[Party], writer: &mut Writer<'_>) -> bool {
    // The whole id space, or one bucket of it.
    let (first, last) = match dice.below(3) {
        0 => (0, u64::MAX),
        _ => {
            let bucket = u64::from(dice.below(128)) << 57;
            (bucket, bucket | ((1 << 57) - 1))
        }
    };
    let range = RawListing::new(NodeId::from_u64(first), NodeId::from_u64(last));
    if !writer.push(Kind::Listing, &range) {
        return false;
    }
    (0..dice.below(12)).all(|_| {
        let subject = party(dice, parties);
        let inside = (first..=last).contains(&subject.id.as_u64());
        let claim = claim(dice, subject, from.id);
        !inside || writer.extend(Kind::Listing, &RawClaim::new(&claim))
    })
}
