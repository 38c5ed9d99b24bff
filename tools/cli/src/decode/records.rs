//! How is each record shown? Pairs of a field's name and its value, in the order of the wire, for people and for JSON.

use bruit::wire::{
    Claim, Cookie, Digest, Header, Hello, LogDigest, NackReason, Profile, RawClaim, RawStateSums, RawSums, Rumor,
    RumorIds, Section, StateEntry, StateHead, StatePoint, StateWant,
};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

/// The fields of one record.
#[derive(Debug, Default)]
pub struct Record(Vec<(&'static str, Value)>);

impl Record {
    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    fn hex(self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.with(name, value.to_string())
    }

    /// Adds the field only where there is a value.
    fn maybe(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// `name value` pairs, two spaces apart.
    pub fn text(&self) -> String {
        let show = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name} {}", show(value))).collect();
        pairs.join("  ")
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The header's fields.
pub fn header(header: &Header) -> Record {
    let whole = header.introduced_boot().map(|boot| boot.to_string());
    let counter_high = header.intro.map_or(0, |(_, high)| u64::from(high) << 32);
    Record::default()
        .hex("cluster", format_args!("{:08x}", header.cluster))
        .hex("sender", header.sender)
        .hex("boot", whole.unwrap_or_else(|| format!("........{:08x}", header.boot_tag)))
        .with("intro", header.intro.is_some())
        .with("counter", counter_high | u64::from(header.counter))
        .hex("to_boot", header.receiver.map_or_else(|| "any".to_owned(), |short| format!("............{short:04x}")))
        .hex("membership", format_args!("{:08x}", header.membership))
        .hex("rumors", format_args!("{:04x}", header.rumors))
        .hex("state", format_args!("{:04x}", header.state))
}

/// The records of a section.
pub fn section(section: Section<'_>) -> Vec<Record> {
    let one = Record::default;
    match section {
        Section::Ping(raw) => vec![one().with("nonce", raw.nonce.get())],
        Section::Ack(acks) => acks.iter().map(|raw| one().with("nonce", raw.nonce.get())).collect(),
        Section::PingRequest(raw) => vec![
            one()
                .hex("target", raw.target())
                .with("nonce", raw.nonce.get())
                .with("budget_us", raw.budget().as_micros())
                .hex("target_boot", format_args!("........{:08x}", raw.target_boot.get())),
        ],
        Section::Nack(raw) => vec![one().with("nonce", raw.nonce.get()).maybe("reason", raw.reason().map(nack_reason))],
        Section::Claims(claims) => raw_claims(claims),
        Section::Profiles(profiles) => profiles.map(|p| profile(&p)).collect(),
        Section::Leave(raw) => {
            vec![one().hex("incarnation", raw.incarnation()).with("nonce", raw.nonce.get())]
        }
        Section::Hello(raw) => vec![hello(&raw.get())],
        Section::Cookie(raw) => raw.get().iter().map(cookie).collect(),
        Section::PageRequest(raw) => vec![
            one()
                .hex("nonce", format_args!("{:016x}", raw.nonce.get()))
                .hex("cookie", format_args!("{:016x}", raw.cookie.get()))
                .with("cursor", raw.cursor.get())
                .with("pages", raw.pages),
        ],
        Section::Page(raw) => vec![
            one()
                .hex("nonce", format_args!("{:016x}", raw.nonce.get()))
                .with("cursor", raw.cursor.get())
                .with("next", raw.next.get())
                .with("end", raw.end.get()),
        ],
        Section::Whois(raw) => vec![one().with("counter", raw.counter.get())],
        Section::Sums(raw) => sums(raw),
        Section::StateSums(raw) => marks(raw),
        Section::Listing(listing) => {
            let range = one().hex("first", listing.first()).hex("last", listing.last());
            [range].into_iter().chain(raw_claims(listing.claims)).collect()
        }
        Section::Want(wants) => wants.iter().map(|raw| one().hex("id", raw.get())).collect(),
        Section::Rumors(rumors) => rumors.map(|r| rumor(&r)).collect(),
        Section::RumorDigests(digests) => digests.iter().map(|raw| digest(&raw.get())).collect(),
        Section::RumorFeedback(ids) | Section::RumorWants(ids) => ids.iter().map(|raw| rumor_ids(&raw.get())).collect(),
        Section::RumorSync(raw) => {
            vec![one().with("nonce", raw.nonce.get()).hex("from", format_args!("{:016x}", raw.from.get()))]
        }
        Section::RumorPage(page) => {
            let range = one().with("nonce", page.nonce()).hex("first", page.first()).hex("last", page.last());
            [range].into_iter().chain(page.digests.iter().map(|raw| digest(&raw.get()))).collect()
        }
        Section::StateListing(listing) => {
            let head = listing.head;
            let range = one().hex("first", head.first()).hex("last", head.last());
            let range = range.with("buckets", head.buckets().count()).hex("salt", format_args!("{:08x}", head.salt()));
            let range = range.with("mode", head.mode().name()).with("back", head.is_back());
            [range].into_iter().chain(listing.logs.iter().map(|raw| log(&raw.get()))).collect()
        }
        Section::StateWants(wants) => wants.iter().map(|raw| want(&raw.get())).collect(),
        Section::StatePage(page) => {
            [head(&page.head(), page.checks())].into_iter().chain(page.entries().map(|e| entry(&e))).collect()
        }
        Section::StateWalk(raw) => {
            let request = one()
                .hex("nonce", format_args!("{:016x}", raw.nonce()))
                .hex("cookie", format_args!("{:016x}", raw.cookie()))
                .with("datagrams", raw.datagrams());
            vec![request, point(raw.from())]
        }
        Section::StateSpan(raw) => {
            let (part, parts) = raw.part();
            let span = one().hex("nonce", format_args!("{:016x}", raw.nonce())).with("part", part).with("parts", parts);
            vec![span, point(raw.from()), point(raw.to())]
        }
        Section::Survey(raw) => vec![
            one()
                .with("nonce", raw.nonce.get())
                .hex("owner", format_args!("{:016x}", raw.owner.get()))
                .with("life", raw.life.get()),
        ],
        Section::Surveyed(raw) => {
            let progress = raw.get();
            vec![
                one()
                    .with("nonce", raw.nonce())
                    .with("complete", progress.complete)
                    .hex("membership", format_args!("{:016x}", progress.membership))
                    .hex("rumors", format_args!("{:016x}", progress.rumors))
                    .hex("state", format_args!("{:016x}", progress.state)),
            ]
        }
        Section::Averages(flows) => {
            let head = one()
                .with("answer", flows.is_answer())
                .with("picked", flows.is_picked())
                .with("end", flows.is_end())
                .with("notice", flows.is_notice());
            let numbers = flows.records.iter().map(|raw| one().hex("number", format_args!("{:016x}", raw.id())));
            [head].into_iter().chain(numbers).collect()
        }
        Section::Unknown(code) => vec![one().with("code", code)],
    }
}

fn sums(raw: &RawSums) -> Vec<Record> {
    let filled = raw.sums.iter().enumerate().filter(|(_, sum)| sum.get() != 0);
    let show = |(i, sum): (usize, u64)| Record::default().with("bucket", i).hex("sum", format_args!("{sum:016x}"));
    filled.map(|(i, sum)| show((i, sum.get()))).collect()
}

fn marks(raw: &RawStateSums) -> Vec<Record> {
    let filled = raw.marks.iter().enumerate().filter(|(_, mark)| mark.get() != 0);
    let show = |(i, mark): (usize, u16)| Record::default().with("bucket", i).hex("mark", format_args!("{mark:04x}"));
    filled.map(|(i, mark)| show((i, mark.get()))).collect()
}

fn log(log: &LogDigest) -> Record {
    Record::default()
        .hex("owner", format_args!("{:08x}", log.owner))
        .with("life", log.life)
        .with("complete", log.complete)
        .hex("check", format_args!("{:02x}", log.check))
}

fn want(want: &StateWant) -> Record {
    Record::default().hex("owner", want.owner).with("life", want.life).with("after", want.after)
}

fn point(point: StatePoint) -> Record {
    Record::default().hex("owner", point.owner).with("life", point.life).with("after", point.after)
}

fn head(head: &StateHead, checks: u64) -> Record {
    Record::default()
        .hex("owner", head.owner)
        .with("life", head.life)
        .with("base", head.base)
        .with("upto", head.upto)
        .with("floor", head.floor)
        .hex("checks", format_args!("{checks:016x}"))
}

fn entry(entry: &StateEntry<'_>) -> Record {
    let draft = &entry.draft;
    Record::default()
        .with("version", draft.version)
        .with("key", String::from_utf8_lossy(draft.key))
        .with("class", draft.nature.class.name())
        .with("durable", draft.nature.durable)
        .with("shared", draft.nature.shared)
        .with("removed", draft.nature.removed)
        .maybe("age_ms", entry.age_ms)
        .maybe("ttl_ms", (draft.ttl_ms > 0).then_some(draft.ttl_ms))
        .with("bytes", draft.value.len())
}

const fn nack_reason(reason: NackReason) -> &'static str {
    match reason {
        NackReason::Silent => "silent",
        NackReason::Refused => "refused",
        NackReason::Unknown => "unknown",
    }
}

fn rumor(rumor: &Rumor<'_>) -> Record {
    Record::default()
        .hex("origin", rumor.id.origin)
        .hex("boot", format_args!("........{:08x}", rumor.id.boot))
        .with("sequence", rumor.id.sequence)
        .hex("topic", rumor.topic)
        .with("class", rumor.class.name())
        .with("asks", rumor.asks)
        .with("age_us", rumor.age_us)
        .with("hops", rumor.hops)
        .with("bytes", rumor.payload.len())
}

fn digest(digest: &Digest) -> Record {
    Record::default()
        .hex("origin", digest.origin)
        .hex("boot", format_args!("........{:08x}", digest.boot))
        .with("complete", digest.complete)
        .with("ahead", digest.ahead)
        .with("kept", digest.kept)
        .hex("seen", format_args!("{:016x}", digest.seen))
}

fn rumor_ids(ids: &RumorIds) -> Record {
    Record::default()
        .hex("origin", ids.origin)
        .hex("boot", format_args!("........{:08x}", ids.boot))
        .with("sequences", ids.sequences().collect::<Vec<_>>())
}

fn raw_claims(claims: &[RawClaim]) -> Vec<Record> {
    claims.iter().filter_map(RawClaim::get).map(|c| claim(&c)).collect()
}

fn claim(claim: &Claim) -> Record {
    Record::default()
        .hex("subject", claim.subject)
        .hex("incarnation", claim.incarnation)
        .with("state", claim.state.name())
        .maybe("accuser", (claim.accuser != 0).then(|| format!("{:08x}", claim.accuser)))
        .hex("boot", format_args!("{:04x}", claim.boot))
}

fn profile(profile: &Profile<'_>) -> Record {
    let tags: Vec<String> = bruit::Tags::new(profile.tags).map(|(k, v)| format!("{k}={v}")).collect();
    Record::default()
        .with("name", profile.name)
        .hex("addr", profile.addr)
        .with("state", profile.claim.state.name())
        .hex("incarnation", profile.claim.incarnation)
        .hex("id", profile.claim.subject)
        .hex("boot", profile.boot)
        .maybe("accuser", (profile.claim.accuser != 0).then(|| format!("{:08x}", profile.claim.accuser)))
        .maybe("zone", Some(profile.zone).filter(|zone| !zone.is_empty()))
        .maybe("tags", Some(tags).filter(|tags| !tags.is_empty()))
        .hex("protocol", format_args!("{}-{}", profile.protocol.0, profile.protocol.1))
}

fn hello(hello: &Hello) -> Record {
    Record::default()
        .hex("nonce", format_args!("{:016x}", hello.nonce))
        .hex("incarnation", hello.incarnation)
        .with("uptime_ms", hello.uptime_ms)
        .with("joined", hello.joined)
}

fn cookie(cookie: &Cookie) -> Record {
    let record = Record::default()
        .hex("nonce", format_args!("{:016x}", cookie.nonce))
        .hex("cookie", format_args!("{:016x}", cookie.cookie))
        .with("status", cookie.status.name())
        .with("uptime_ms", cookie.uptime_ms)
        .with("members", cookie.members)
        .with("end", cookie.end)
        .hex("observed", cookie.observed);
    match cookie.held {
        None => record,
        Some(held) => record
            .with("held", held.state.name())
            .hex("held_incarnation", held.incarnation)
            .hex("held_boot", held.boot)
            .maybe("held_addr", held.addr.map(|addr| addr.to_string())),
    }
}
