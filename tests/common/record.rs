//! What can be said in a datagram? One owned value for each record, written by the library's writer and read back from
//! its views.

use core::net::SocketAddr;

use bruit::wire::{
    BUCKETS, Claim, Cookie, Digest, Draft, Flows, Hello, Kind, LogDigest, NackReason, Nature, Profile, Progress,
    RawAck, RawAverages, RawClaim, RawCookie, RawDigest, RawFlow, RawHello, RawLeave, RawListing, RawNack, RawPage,
    RawPageRequest, RawPing, RawPingRequest, RawRumorIds, RawRumorPage, RawRumorSync, RawStateListing, RawStatePage,
    RawStateSpan, RawStateSums, RawStateWalk, RawStateWant, RawSums, RawSurvey, RawSurveyed, RawWant, RawWhois, Rumor,
    RumorIds, STATE_BUCKETS, Section, Sections, StateEntry, StateHead, StatePoint, StateWant, Writer,
};
use bruit::{BootId, Class, Incarnation, NodeId, RumorId, Span, Topic};

/// One record of some section.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Ping { nonce: u32 },
    Ack { nonce: u32 },
    PingRequest { target: NodeId, boot_tag: u32, nonce: u32, budget: Span },
    Nack { nonce: u32, reason: NackReason },
    Claim(Claim),
    Profile(Member),
    Leave { incarnation: Incarnation, nonce: u32 },
    Hello(Hello),
    Cookie(Cookie),
    PageRequest { nonce: u64, cookie: u64, cursor: u32, pages: u8 },
    Page { nonce: u64, cursor: u32, next: u32, end: u32 },
    Whois { counter: u32 },
    Sums(Box<[u64; BUCKETS]>),
    Listing { first: NodeId, last: NodeId, claims: Vec<Claim> },
    Want(NodeId),
    Rumor(Heard),
    Digest(Digest),
    Feedback(RumorIds),
    RumorWant(RumorIds),
    RumorSync { nonce: u32, from: NodeId },
    RumorPage { nonce: u32, first: NodeId, last: NodeId, digests: Vec<Digest> },
    StateSums { salt: u32, marks: Box<[u16; STATE_BUCKETS]> },
    StateListing { head: RawStateListing, logs: Vec<LogDigest> },
    StateWant(StateWant),
    StatePage { head: StateHead, entries: Vec<Written> },
    StateWalk { nonce: u64, cookie: u64, from: StatePoint, datagrams: u8 },
    StateSpan { nonce: u64, from: StatePoint, to: StatePoint, part: u8, parts: u8 },
    Survey { nonce: u32, owner: NodeId, life: u32 },
    Surveyed { nonce: u32, progress: Progress },
    Averages { tone: Tone, numbers: Vec<Averaged> },
    Unknown(u8),
}

/// What a section of averages is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tone {
    Question { picked: bool },
    Answer { picked: bool },
    Notice,
    End,
}

/// What is said of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averaged {
    pub id: u64,
    pub version: u64,
    pub given: [f64; 2],
    pub left: [f64; 2],
}

/// An entry of a page that owns its key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub version: u64,
    pub check: u64,
    pub nature: Nature,
    pub ttl_ms: u32,
    pub age_ms: Option<u32>,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// A rumor that owns its payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub id: RumorId,
    pub topic: Topic,
    pub class: Class,
    pub age_us: u32,
    pub hops: u8,
    pub asks: bool,
    pub payload: Vec<u8>,
}

/// A profile that owns its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub claim: Claim,
    pub boot: BootId,
    pub addr: SocketAddr,
    pub protocol: (u8, u8),
    pub name: String,
    pub zone: String,
    pub tags: Vec<u8>,
}

impl Record {
    /// Its kind; `None` where this build has no name for it.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Ping { .. } => Kind::Ping,
            Self::Ack { .. } => Kind::Ack,
            Self::PingRequest { .. } => Kind::PingRequest,
            Self::Nack { .. } => Kind::Nack,
            Self::Claim(_) => Kind::Claims,
            Self::Profile(_) => Kind::Profiles,
            Self::Leave { .. } => Kind::Leave,
            Self::Hello(_) => Kind::Hello,
            Self::Cookie(_) => Kind::Cookie,
            Self::PageRequest { .. } => Kind::PageRequest,
            Self::Page { .. } => Kind::Page,
            Self::Whois { .. } => Kind::Whois,
            Self::Sums(_) => Kind::Sums,
            Self::Listing { .. } => Kind::Listing,
            Self::Want(_) => Kind::Want,
            Self::Rumor(_) => Kind::Rumors,
            Self::Digest(_) => Kind::RumorDigests,
            Self::Feedback(_) => Kind::RumorFeedback,
            Self::RumorWant(_) => Kind::RumorWants,
            Self::RumorSync { .. } => Kind::RumorSync,
            Self::RumorPage { .. } => Kind::RumorPage,
            Self::StateSums { .. } => Kind::StateSums,
            Self::StateListing { .. } => Kind::StateListing,
            Self::StateWant(_) => Kind::StateWants,
            Self::StatePage { .. } => Kind::StatePage,
            Self::StateWalk { .. } => Kind::StateWalk,
            Self::StateSpan { .. } => Kind::StateSpan,
            Self::Survey { .. } => Kind::Survey,
            Self::Surveyed { .. } => Kind::Surveyed,
            Self::Averages { .. } => Kind::Averages,
            Self::Unknown(_) => return None,
        })
    }

    /// Writes it; `false`, and nothing written, where it does not fit or this build cannot say it.
    pub fn push(&self, writer: &mut Writer<'_>) -> bool {
        let Some(kind) = self.kind() else { return false };
        match self {
            Self::Ping { nonce } => writer.push(kind, &RawPing { nonce: (*nonce).into() }),
            Self::Ack { nonce } => writer.push(kind, &RawAck { nonce: (*nonce).into() }),
            Self::PingRequest { target, boot_tag, nonce, budget } => {
                writer.push(kind, &RawPingRequest::new(*target, *boot_tag, *nonce, *budget))
            }
            Self::Nack { nonce, reason } => writer.push(kind, &RawNack::new(*nonce, *reason)),
            Self::Claim(claim) => writer.push(kind, &RawClaim::new(claim)),
            Self::Profile(member) => member.profile().write(writer),
            Self::Leave { incarnation, nonce } => writer.push(kind, &RawLeave::new(*incarnation, *nonce)),
            Self::Hello(hello) => writer.push(kind, &RawHello::new(hello)),
            Self::Cookie(cookie) => writer.push(kind, &RawCookie::new(cookie)),
            Self::PageRequest { nonce, cookie, cursor, pages } => {
                writer.push(kind, &RawPageRequest::new(*nonce, *cookie, *cursor, *pages))
            }
            Self::Page { nonce, cursor, next, end } => writer.push(kind, &RawPage::new(*nonce, *cursor, *next, *end)),
            Self::Whois { counter } => writer.push(kind, &RawWhois { counter: (*counter).into() }),
            Self::Sums(sums) => writer.push(kind, &RawSums { sums: sums.map(Into::into) }),
            Self::StateSums { salt, marks } => {
                writer.push(kind, &RawStateSums { salt: (*salt).into(), marks: marks.map(Into::into) })
            }
            Self::Listing { first, last, claims } => {
                let size = size_of::<RawListing>() + claims.len() * size_of::<RawClaim>();
                // A listing that is cut short would claim that its sender does not hold the rest.
                size <= writer.room(kind)
                    && writer.push(kind, &RawListing::new(*first, *last))
                    && claims.iter().all(|claim| writer.extend(kind, &RawClaim::new(claim)))
            }
            Self::Want(id) => writer.push(kind, &RawWant::new(*id)),
            Self::Rumor(heard) => heard.rumor().write(writer),
            Self::Digest(digest) => writer.push(kind, &RawDigest::new(digest)),
            Self::Feedback(ids) | Self::RumorWant(ids) => writer.push(kind, &RawRumorIds::new(ids)),
            Self::RumorSync { nonce, from } => {
                writer.push(kind, &RawRumorSync { nonce: (*nonce).into(), from: from.as_u64().into() })
            }
            Self::RumorPage { nonce, first, last, digests } => {
                let size = size_of::<RawRumorPage>() + digests.len() * size_of::<RawDigest>();
                // As with a listing.
                size <= writer.room(kind)
                    && writer.push(kind, &RawRumorPage::new(*nonce, *first, *last))
                    && digests.iter().all(|digest| writer.extend(kind, &RawDigest::new(digest)))
            }
            Self::StateListing { head, logs } => head.write(logs, writer),
            Self::StateWant(want) => writer.push(kind, &RawStateWant::new(want)),
            Self::StatePage { head, entries } => write_page(head, entries, writer),
            Self::StateWalk { nonce, cookie, from, datagrams } => {
                writer.push(kind, &RawStateWalk::new(*nonce, *cookie, *from, *datagrams))
            }
            Self::StateSpan { nonce, from, to, part, parts } => {
                writer.push(kind, &RawStateSpan::new(*nonce, (*from, *to), (*part, *parts)))
            }
            Self::Survey { nonce, owner, life } => writer.push(kind, &RawSurvey::new(*nonce, *owner, *life)),
            Self::Surveyed { nonce, progress } => writer.push(kind, &RawSurveyed::new(*nonce, progress)),
            Self::Averages { tone, numbers } => write_averages(*tone, numbers, writer),
            Self::Unknown(_) => false,
        }
    }

    /// Every record of a datagram that opened, in the order of the bytes.
    pub fn all(sections: Sections<'_>) -> Vec<Self> {
        let mut records = Vec::new();
        for section in sections {
            match section {
                Section::Ping(raw) => records.push(Self::Ping { nonce: raw.nonce.get() }),
                Section::Ack(raws) => records.extend(raws.iter().map(|raw| Self::Ack { nonce: raw.nonce.get() })),
                Section::PingRequest(raw) => records.push(Self::PingRequest {
                    target: raw.target(),
                    boot_tag: raw.target_boot.get(),
                    nonce: raw.nonce.get(),
                    budget: raw.budget(),
                }),
                Section::Nack(raw) => records.push(Self::Nack {
                    nonce: raw.nonce.get(),
                    reason: raw.reason().expect("a checked nack has a reason"),
                }),
                Section::Claims(raws) => records.extend(claims(raws).map(Self::Claim)),
                Section::Profiles(profiles) => records.extend(profiles.map(|p| Self::Profile(Member::from(p)))),
                Section::Leave(raw) => {
                    records.push(Self::Leave { incarnation: raw.incarnation(), nonce: raw.nonce.get() });
                }
                Section::Hello(raw) => records.push(Self::Hello(raw.get())),
                Section::Cookie(raw) => {
                    records.push(Self::Cookie(raw.get().expect("a checked cookie means something")))
                }
                Section::PageRequest(raw) => records.push(Self::PageRequest {
                    nonce: raw.nonce.get(),
                    cookie: raw.cookie.get(),
                    cursor: raw.cursor.get(),
                    pages: raw.pages,
                }),
                Section::Page(raw) => records.push(Self::Page {
                    nonce: raw.nonce.get(),
                    cursor: raw.cursor.get(),
                    next: raw.next.get(),
                    end: raw.end.get(),
                }),
                Section::Whois(raw) => records.push(Self::Whois { counter: raw.counter.get() }),
                Section::Sums(raw) => records.push(Self::Sums(Box::new(raw.sums.map(|sum| sum.get())))),
                Section::Listing(listing) => records.push(Self::Listing {
                    first: listing.first(),
                    last: listing.last(),
                    claims: claims(listing.claims).collect(),
                }),
                Section::Want(raws) => records.extend(raws.iter().map(|raw| Self::Want(raw.get()))),
                Section::Rumors(rumors) => records.extend(rumors.map(|rumor| Self::Rumor(Heard::from(rumor)))),
                Section::RumorDigests(raws) => records.extend(raws.iter().map(|raw| Self::Digest(raw.get()))),
                Section::RumorFeedback(raws) => records.extend(raws.iter().map(|raw| Self::Feedback(raw.get()))),
                Section::RumorWants(raws) => records.extend(raws.iter().map(|raw| Self::RumorWant(raw.get()))),
                Section::RumorSync(raw) => {
                    records.push(Self::RumorSync { nonce: raw.nonce.get(), from: NodeId::from_u64(raw.from.get()) })
                }
                Section::RumorPage(page) => records.push(Self::RumorPage {
                    nonce: page.nonce(),
                    first: page.first(),
                    last: page.last(),
                    digests: page.digests.iter().map(RawDigest::get).collect(),
                }),
                Section::StateSums(raw) => records
                    .push(Self::StateSums { salt: raw.salt.get(), marks: Box::new(raw.marks.map(|mark| mark.get())) }),
                Section::StateListing(listing) => {
                    records.push(Self::StateListing { head: *listing.head, logs: listing.logs().collect() })
                }
                Section::StateWants(raws) => records.extend(raws.iter().map(|raw| Self::StateWant(raw.get()))),
                Section::StatePage(page) => {
                    let mut entries: Vec<_> = page.entries().map(Written::from).collect();
                    // By how much the sum is wrong, the first is: it was generated so.
                    let sum = entries.iter().fold(0u64, |sum, entry| sum.wrapping_add(entry.check));
                    if let Some(first) = entries.first_mut() {
                        first.check = first.check.wrapping_add(page.checks().wrapping_sub(sum));
                    }
                    records.push(Self::StatePage { head: page.head(), entries });
                }
                Section::StateWalk(raw) => records.push(Self::StateWalk {
                    nonce: raw.nonce(),
                    cookie: raw.cookie(),
                    from: raw.from(),
                    datagrams: raw.datagrams(),
                }),
                Section::StateSpan(raw) => records.push(Self::span(raw)),
                Section::Survey(raw) => records.push(Self::Survey {
                    nonce: raw.nonce.get(),
                    owner: NodeId::from_u64(raw.owner.get()),
                    life: raw.life.get(),
                }),
                Section::Surveyed(raw) => records.push(Self::Surveyed { nonce: raw.nonce(), progress: raw.get() }),
                Section::Averages(flows) => records.push(Self::averages(&flows)),
                Section::Unknown(code) => records.push(Self::Unknown(code)),
            }
        }
        records
    }

    fn averages(flows: &Flows<'_>) -> Self {
        let picked = flows.is_picked();
        let tone = match (flows.is_notice(), flows.is_end(), flows.is_answer()) {
            (true, ..) => Tone::Notice,
            (false, true, _) => Tone::End,
            (false, false, true) => Tone::Answer { picked },
            (false, false, false) => Tone::Question { picked },
        };
        let said =
            |raw: &RawFlow| Averaged { id: raw.id(), version: raw.version(), given: raw.given(), left: raw.left() };
        Self::Averages { tone, numbers: flows.records.iter().map(said).collect() }
    }

    fn span(raw: &RawStateSpan) -> Self {
        let (part, parts) = raw.part();
        Self::StateSpan { nonce: raw.nonce(), from: raw.from(), to: raw.to(), part, parts }
    }
}

fn write_averages(tone: Tone, numbers: &[Averaged], writer: &mut Writer<'_>) -> bool {
    let head = match tone {
        Tone::Question { picked } => RawAverages::new(false, picked),
        Tone::Answer { picked } => RawAverages::new(true, picked),
        Tone::Notice => RawAverages::notice(),
        Tone::End => RawAverages::end(),
    };
    size_of::<RawAverages>() + size_of_val(numbers) <= writer.room(Kind::Averages)
        && writer.push(Kind::Averages, &head)
        && numbers.iter().all(|said| {
            let flow = RawFlow::of(said.id, said.version, said.given, said.left);
            writer.extend(Kind::Averages, &flow)
        })
}

/// A whole page or nothing: one that is cut short would claim that its sender does not hold the rest.
fn write_page(head: &StateHead, entries: &[Written], writer: &mut Writer<'_>) -> bool {
    let before = |nth: usize| nth.checked_sub(1).map_or(head.base, |nth| entries[nth].version);
    let lens = entries.iter().enumerate().map(|(nth, entry)| entry.entry().wire_len(before(nth)));
    size_of::<RawStatePage>() + lens.sum::<usize>() <= writer.room(Kind::StatePage)
        && head.write(writer)
        && entries.iter().enumerate().all(|(nth, entry)| entry.entry().write(before(nth), writer))
}

impl Written {
    /// The same, borrowed.
    pub fn entry(&self) -> StateEntry<'_> {
        let Self { version, check, nature, ttl_ms, age_ms, .. } = *self;
        StateEntry { draft: Draft { version, check, nature, ttl_ms, key: &self.key, value: &self.value }, age_ms }
    }
}

impl From<StateEntry<'_>> for Written {
    fn from(entry: StateEntry<'_>) -> Self {
        let StateEntry { draft: Draft { version, check, nature, ttl_ms, key, value }, age_ms } = entry;
        Self { version, check, nature, ttl_ms, age_ms, key: key.into(), value: value.into() }
    }
}

fn claims(raws: &[RawClaim]) -> impl Iterator<Item = Claim> {
    raws.iter().map(|raw| raw.get().expect("a checked claim has a state"))
}

impl Heard {
    /// The same, borrowed.
    pub fn rumor(&self) -> Rumor<'_> {
        let Self { id, topic, class, age_us, hops, asks, .. } = *self;
        Rumor { id, topic, class, age_us, hops, asks, payload: &self.payload }
    }
}

impl From<Rumor<'_>> for Heard {
    fn from(rumor: Rumor<'_>) -> Self {
        let Rumor { id, topic, class, age_us, hops, asks, payload } = rumor;
        Self { id, topic, class, age_us, hops, asks, payload: payload.into() }
    }
}

impl Member {
    /// The same, borrowed.
    pub fn profile(&self) -> Profile<'_> {
        Profile {
            claim: self.claim,
            boot: self.boot,
            addr: self.addr,
            protocol: self.protocol,
            name: &self.name,
            zone: &self.zone,
            tags: &self.tags,
        }
    }
}

impl From<Profile<'_>> for Member {
    fn from(p: Profile<'_>) -> Self {
        Self {
            claim: p.claim,
            boot: p.boot,
            addr: p.addr,
            protocol: p.protocol,
            name: p.name.into(),
            zone: p.zone.into(),
            tags: p.tags.into(),
        }
    }
}
