//! What do scripts read? The documents behind `--json`, each with `"schema": 1`; tables for people are drawn from them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// Names with values, in the order in which they were made: an object in JSON.
#[derive(Clone, Debug)]
pub struct Pairs<T>(pub Vec<(String, T)>);

impl<T> Pairs<T> {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

impl<T, N: Into<String>> FromIterator<(N, T)> for Pairs<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<T: Serialize> Serialize for Pairs<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

/// `bruit members --json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Members {
    /// 1.
    pub schema: u32,
    /// The name of the agent that was asked.
    #[serde(rename = "self")]
    pub own: String,
    /// Everybody in its table, itself first.
    pub members: Vec<Member>,
    /// Equal at agents that hold the same.
    pub membership_fingerprint: String,
}

/// A member as the agent sees it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The hash of its name: 16 hexadecimal digits.
    pub id: String,
    /// Where it listens.
    pub addr: String,
    /// `alive`, `suspect`, `dead` or `left`.
    pub state: String,
    /// Life and refutations in one number, as it travels.
    pub incarnation: u64,
    /// How many starts of it the cluster remembers.
    pub life: u32,
    /// Its zone.
    pub zone: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The smoothed round trip; null until a ping was answered.
    pub rtt_us: Option<u64>,
    /// This start of it: 16 hexadecimal digits.
    pub boot_id: String,
}

/// `bruit info --json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Info {
    /// 1.
    pub schema: u32,
    /// The agent's name.
    pub name: String,
    /// The hash of its name.
    pub id: String,
    /// This start of it.
    pub boot_id: String,
    /// The cluster's label.
    pub cluster: String,
    /// Where the others reach it.
    pub addr: String,
    /// Where its socket listens.
    pub bind: String,
    /// Its zone.
    pub zone: String,
    /// The profile of its parameters.
    pub profile: String,
    /// `idle`, `joining`, `joined`, `leaving` or `left`.
    pub phase: String,
    /// Since its start.
    pub uptime_s: f64,
    /// The local health score; 0 is healthy.
    pub health: u32,
    /// Each capacity.
    pub limits: Pairs<Usage>,
    /// What the node bought at its start.
    pub memory_bytes: u64,
    /// Counted while the agent is built with `count-alloc`.
    pub allocations_after_start: Option<u64>,
    /// Fingerprints by what they are of.
    pub fingerprints: Fingerprints,
    /// `mmsg` or `single`.
    pub io: String,
    /// What the kernel granted.
    pub socket: Socket,
    /// Since the loop's last round: more than a second or two means that it is wedged or starved.
    pub since_last_round_ms: u64,
    /// Of the program.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// The control socket.
    pub control: String,
}

/// How much of a capacity is used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Usage {
    /// So much.
    pub used: u32,
    /// Of so much.
    pub max: u32,
}

/// Equal where nodes are in step.
#[derive(Debug, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Of the settled membership.
    pub membership: String,
    /// Of the state; zeros while there is none.
    pub state: String,
}

/// What the kernel granted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Socket {
    /// Bytes for datagrams that wait to be read.
    pub receive_buffer_bytes: u64,
    /// Bytes for datagrams that wait to be sent.
    pub send_buffer_bytes: u64,
}

/// `bruit stat --json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stat {
    /// 1.
    pub schema: u32,
    /// The name of the agent that was asked.
    #[serde(rename = "self")]
    pub own: String,
    /// Since its start.
    pub uptime_s: f64,
    /// Everything counted by the node.
    pub counters: Pairs<u64>,
    /// Everything counted by the loop around it.
    pub io: Pairs<u64>,
    /// Datagrams thrown away, by reason.
    pub drops: Pairs<u64>,
    /// Sections received, by kind.
    pub received: Pairs<u64>,
    /// Sections sent, by kind.
    pub sent: Pairs<u64>,
    /// Everything measured.
    pub histograms: Pairs<Distribution>,
}

/// `bruit join --json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    /// 1.
    pub schema: u32,
    /// The addresses behind the names.
    pub asked: Vec<String>,
}

/// `bruit leave --json`: what the agent answers before it ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Left {
    /// 1.
    pub schema: u32,
    /// Whether it was done in time.
    pub left: bool,
    /// How many acknowledged.
    pub told: u32,
    /// How long it took.
    pub took_ms: u64,
}

/// `bruit publish --json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Published {
    /// 1.
    pub schema: u32,
    /// The rumor, unique in the cluster.
    pub id: String,
    /// The agent's name.
    pub origin: String,
    /// The hash of it.
    pub origin_id: String,
    /// The low half of the agent's boot id: 8 hexadecimal digits.
    pub boot: String,
    /// The topic's name.
    pub topic: String,
    /// The hash of it.
    pub topic_id: String,
    /// As the how manieth of this start.
    pub sequence: u64,
    /// `urgent`, `normal` or `bulk`.
    pub class: String,
    /// Of the payload.
    pub bytes: usize,
}

/// `bruit remove --json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Removed {
    /// 1.
    pub schema: u32,
    /// The member's name.
    pub removed: String,
    /// Its id.
    pub id: String,
}

/// A distribution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Distribution {
    /// Of all values below.
    pub unit: String,
    /// How many were recorded.
    pub count: u64,
    /// The smallest.
    pub min: u64,
    /// The median.
    pub p50: u64,
    /// 90 % are at most this.
    pub p90: u64,
    /// 99 % are at most this.
    pub p99: u64,
    /// 99.9 % are at most this.
    pub p999: u64,
    /// The largest.
    pub max: u64,
}

impl Distribution {
    /// With its unit.
    pub fn new(unit: &str, s: bruit::Summary) -> Self {
        Self {
            unit: unit.to_owned(),
            count: s.count,
            min: s.min,
            p50: s.p50,
            p90: s.p90,
            p99: s.p99,
            p999: s.p999,
            max: s.max,
        }
    }
}
