//! What is answered about state? Documents with `"schema": 1`; tables for people are drawn from them.

use serde::{Deserialize, Serialize};

use crate::rumor::payload_fields;

/// Bytes: as text where they are UTF-8, else as hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// As text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_hex: Option<String>,
}

impl Said {
    /// Of bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        let (value, value_hex) = payload_fields(bytes);
        Self { value, value_hex }
    }
}

/// A key as the agent holds it: an attribute of one member, or what all have made of a shared one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key {
    /// As text; spelled, with escapes, where it is none.
    pub key: String,
    /// As hexadecimal digits, where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Whether all may write it.
    pub shared: bool,
    /// Whose it is, or who wrote it: the name, or the id of one who is no member; null where several have.
    pub owner: Option<String>,
    /// The hash of that name.
    pub owner_id: Option<String>,
    /// How that member is held to be; null where it is none.
    pub owner_state: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// In which of its lives it was written.
    pub life: Option<u32>,
    /// As the how manieth write of that life.
    pub version: Option<u64>,
    /// What it is; neither where it is a set or in conflict.
    #[serde(flatten)]
    pub said: Said,
    /// The elements of a set.
    pub elements: Option<Vec<Said>>,
    /// What becomes of concurrent writes of a shared key.
    pub rule: Option<String>,
    /// Whether several values stand: `writers` has them.
    pub conflict: bool,
    /// How much its last change mattered.
    pub class: Option<String>,
    /// Whether it outlives its owner.
    pub durable: bool,
    /// For how long it holds from its writing on.
    pub ttl_ms: Option<u64>,
    /// How long ago it was written, at least.
    pub age_ms: Option<u64>,
    /// Whose writes of a shared key stand.
    pub writers: Vec<Writer>,
}

/// A write of a shared key that nobody has written over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Writer {
    /// The name of who wrote it, or the id of one who is no member.
    pub writer: String,
    /// The hash of that name.
    pub writer_id: String,
    /// In which of its lives.
    pub life: u32,
    /// As the how manieth write of that life.
    pub version: u64,
    /// Whether it says that the key has no value.
    pub absent: bool,
    /// What it says, or what it has added to a counter; nothing where it is a part of a set.
    #[serde(flatten)]
    pub said: Said,
    /// When it was written by the writers' clocks, since 1970; null where no rule asks for it.
    pub written_at_ms: Option<u64>,
}

/// `bruit get`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Got {
    /// 1.
    pub schema: u32,
    /// The key.
    #[serde(flatten)]
    pub key: Key,
}

/// `bruit keys`, and `bruit conflicts` with those in conflict.
#[derive(Debug, Serialize, Deserialize)]
pub struct Keys {
    /// 1.
    pub schema: u32,
    /// The name of the agent that was asked.
    #[serde(rename = "self")]
    pub own: String,
    /// Sorted by key, the shared one first, then by owner.
    pub keys: Vec<Key>,
}

/// `bruit agg`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Aggregate {
    /// 1.
    pub schema: u32,
    /// Which attribute, spelled where it is no text.
    pub key: String,
    /// As hexadecimal digits, where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Of how many members its value is neither a number nor a sketch of numbers.
    pub not_numbers: u64,
    /// Over all members that are up.
    #[serde(flatten)]
    pub all: Fold,
    /// Over those of each zone, where that was asked for: of zones with a number.
    pub by_zone: Option<Vec<InZone>>,
}

/// What the numbers of a zone come to.
#[derive(Debug, Serialize, Deserialize)]
pub struct InZone {
    /// Which.
    pub zone: String,
    /// What they come to.
    #[serde(flatten)]
    pub fold: Fold,
}

/// What numbers come to. Quantiles are the smallest numbers that so many do not exceed, within 1.6 %.
#[derive(Debug, Serialize, Deserialize)]
pub struct Fold {
    /// How many.
    pub count: u64,
    /// All together, rounded once.
    pub sum: f64,
    /// The sum by the count; null, like the rest, where there are none.
    pub mean: Option<f64>,
    /// The lowest.
    pub min: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// 90 % are at most this.
    pub p90: Option<f64>,
    /// 99 % are at most this.
    pub p99: Option<f64>,
    /// The highest.
    pub max: Option<f64>,
}

/// `bruit set`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    /// 1.
    pub schema: u32,
    /// Which key, spelled where it is no text.
    pub key: String,
    /// As hexadecimal digits, where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Whether all may write it.
    pub shared: bool,
    /// The agent's name.
    pub owner: String,
    /// The hash of it.
    pub owner_id: String,
    /// In which of its lives it was written.
    pub life: u32,
    /// As the how manieth write of that life.
    pub version: u64,
    /// What becomes of concurrent writes of a shared key.
    pub rule: Option<String>,
    /// Who holds it, where that was waited for.
    pub held: Option<Held>,
}

/// Who holds a write.
#[derive(Debug, Serialize, Deserialize)]
pub struct Held {
    /// Whether as many do as were waited for.
    pub met: bool,
    /// So many do.
    pub held: u32,
    /// Of so many that are up.
    pub of: u32,
    /// The same by zone.
    pub by_zone: Vec<HeldInZone>,
    /// Names of those that do not, or have not said so.
    pub missing: Vec<String>,
    /// After so long.
    pub took_ms: f64,
    /// Datagrams that asking has cost; each is answered by one.
    pub datagrams: u64,
}

/// Who holds it in a zone.
#[derive(Debug, Serialize, Deserialize)]
pub struct HeldInZone {
    /// Which.
    pub zone: String,
    /// So many do.
    pub held: u32,
    /// Of so many that are up.
    pub of: u32,
}

/// `bruit unset`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unset {
    /// 1.
    pub schema: u32,
    /// Which key has no value any more, spelled where it is no text.
    pub unset: String,
    /// As hexadecimal digits, where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unset_hex: Option<String>,
    /// Whether all may write it.
    pub shared: bool,
}

/// `bruit trace`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trace {
    /// 1.
    pub schema: u32,
    /// Which key, spelled where it is no text.
    pub key: String,
    /// As hexadecimal digits, where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Whether all may write it.
    pub shared: bool,
    /// Each write of it that stands: one, but for a shared key that several have written.
    pub writes: Vec<Traced>,
}

/// Where one write is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Traced {
    /// Whose.
    pub owner: String,
    /// The hash of that name.
    pub owner_id: String,
    /// In which of its lives it was written.
    pub life: u32,
    /// As the how manieth write of that life.
    pub version: u64,
    /// So many hold it.
    pub held: u32,
    /// Of so many that are up.
    pub of: u32,
    /// Datagrams that asking has cost; each is answered by one.
    pub datagrams: u64,
    /// Each member that is up.
    pub members: Vec<Holder>,
}

/// How much a member holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Holder {
    /// Its name.
    pub name: String,
    /// The hash of it.
    pub id: String,
    /// Its zone.
    pub zone: String,
    /// Whether it holds the write, or a later one in its place; null where it has not answered.
    pub holds: Option<bool>,
    /// Up to which version of the owner's life it holds everything.
    pub complete: Option<u64>,
}

/// `bruit views`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Views {
    /// 1.
    pub schema: u32,
    /// The name of the agent that was asked.
    #[serde(rename = "self")]
    pub own: String,
    /// Members that are up.
    pub of: u32,
    /// How many have answered, the agent itself among them.
    pub answered: u32,
    /// Datagrams that asking has cost; each is answered by one.
    pub datagrams: u64,
    /// What most of them hold, of each; the agent's own where there is no most.
    pub majority: Fingerprints,
    /// Each member that is up, the agent first.
    pub members: Vec<View>,
}

/// Equal where nodes hold the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Of the settled membership.
    pub membership: String,
    /// Of the rumors retained.
    pub rumors: String,
    /// Of the settled state.
    pub state: String,
}

/// What a member holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: String,
    /// The hash of it.
    pub id: String,
    /// Its zone.
    pub zone: String,
    /// Null where it has not answered.
    pub fingerprints: Option<Fingerprints>,
    /// On what it differs from most: `membership`, `rumors`, `state`.
    pub differs: Vec<String>,
}

/// `bruit reset-state`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reset {
    /// 1.
    pub schema: u32,
    /// Whether all members were in step again in time.
    pub in_step: bool,
    /// How many held the word to begin anew.
    pub held: u32,
    /// Of so many that are up.
    pub of: u32,
    /// Until then.
    pub took_ms: f64,
    /// What this agent has sent meanwhile, of whatever kind.
    pub bytes_sent: u64,
    /// What it has received meanwhile.
    pub bytes_received: u64,
    /// Datagrams that asking the others has cost; each is answered by one.
    pub datagrams: u64,
}
