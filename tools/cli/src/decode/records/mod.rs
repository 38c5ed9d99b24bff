//! How is each record shown? Pairs of a field's name and its value, in the order of the wire, for people and for JSON: of `members`,
//! `rumors`, `state`.

mod members;
mod rumors;
mod state;

use bruit::wire::{Header, Section};
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
    match section {
        Section::Ping(raw) => vec![nonce(raw.nonce.get())],
        Section::Ack(acks) => acks.iter().map(|raw| nonce(raw.nonce.get())).collect(),
        Section::PingRequest(raw) => vec![members::ping_request(raw)],
        Section::Nack(raw) => vec![members::nack(raw)],
        Section::Claims(claims) => members::claims(claims),
        Section::Profiles(profiles) => profiles.map(|p| members::profile(&p)).collect(),
        Section::Leave(raw) => vec![members::leave(raw)],
        Section::Hello(raw) => vec![members::hello(&raw.get())],
        Section::Cookie(raw) => raw.get().iter().map(members::cookie).collect(),
        Section::PageRequest(raw) => vec![members::page_request(raw)],
        Section::Page(raw) => vec![members::page(raw)],
        Section::Whois(raw) => vec![Record::default().with("counter", raw.counter.get())],
        Section::Sums(raw) => members::sums(raw),
        Section::Listing(listing) => {
            let range = Record::default().hex("first", listing.first()).hex("last", listing.last());
            behind(range, members::claims(listing.claims))
        }
        Section::Want(wants) => wants.iter().map(|raw| Record::default().hex("id", raw.get())).collect(),
        Section::Rumors(rumors) => rumors.map(|r| rumors::rumor(&r)).collect(),
        Section::RumorDigests(digests) => digests.iter().map(|raw| rumors::digest(&raw.get())).collect(),
        Section::RumorFeedback(ids) | Section::RumorWants(ids) => {
            ids.iter().map(|raw| rumors::ids(&raw.get())).collect()
        }
        Section::RumorSync(raw) => vec![rumors::sync(raw)],
        Section::RumorPage(page) => {
            let range = nonce(page.nonce()).hex("first", page.first()).hex("last", page.last());
            behind(range, page.digests.iter().map(|raw| rumors::digest(&raw.get())))
        }
        Section::StateSums(raw) => state::marks(raw),
        Section::StateListing(listing) => {
            behind(state::listing(listing.head), listing.logs().map(|log| state::log(&log)))
        }
        Section::StateWants(wants) => wants.iter().map(|raw| state::want(&raw.get())).collect(),
        Section::StatePage(page) => {
            behind(state::head(&page.head(), page.checks()), page.entries().map(|entry| state::entry(&entry)))
        }
        Section::StateWalk(raw) => vec![state::walk(raw), state::point(raw.from())],
        Section::StateSpan(raw) => vec![state::span(raw), state::point(raw.from()), state::point(raw.to())],
        Section::Survey(raw) => vec![state::survey(raw)],
        Section::Surveyed(raw) => vec![state::surveyed(raw)],
        Section::Averages(flows) => {
            let head = Record::default()
                .with("answer", flows.is_answer())
                .with("picked", flows.is_picked())
                .with("end", flows.is_end())
                .with("notice", flows.is_notice());
            let number = |id: u64| Record::default().hex("number", format_args!("{id:016x}"));
            behind(head, flows.records.iter().map(|raw| number(raw.id())))
        }
        Section::Unknown(code) => vec![Record::default().with("code", code)],
    }
}

fn nonce(nonce: u32) -> Record {
    Record::default().with("nonce", nonce)
}

/// What a section is about, and what it holds of that.
fn behind(head: Record, records: impl IntoIterator<Item = Record>) -> Vec<Record> {
    [head].into_iter().chain(records).collect()
}
