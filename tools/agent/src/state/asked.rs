//! What can be asked about state?

use bruit::MergeRule;
use bruit_config::RumorClass;
use bruit_terminal::failure::{Code, Failure};
use serde::{Deserialize, Serialize};

use crate::rumor::from_hex;

/// What becomes of concurrent writes of a shared key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// All values stand and are reported, until somebody writes over them
    Conflict,
    /// The last one by the writers' clocks stands; the others are lost
    Latest,
    /// The highest value stands
    Max,
    /// The lowest value stands
    Min,
    /// What all have added is summed
    Counter,
    /// The elements that anybody has put in and nobody has taken out
    Set,
}

impl From<Rule> for MergeRule {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Conflict => Self::Conflict,
            Rule::Latest => Self::Latest,
            Rule::Max => Self::Max,
            Rule::Min => Self::Min,
            Rule::Counter => Self::Counter,
            Rule::Set => Self::Set,
        }
    }
}

/// A write: one of `value`, `value_hex`, `add`, `insert` and `remove`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Of which key, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// What it is to be, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_hex: Option<String>,
    /// So much is added to a counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add: Option<i64>,
    /// This is put into a set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert: Option<String>,
    /// This is taken out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove: Option<String>,
    /// Whether it is an attribute of the agent's own, and not a key that all may write.
    #[serde(default)]
    pub mine: bool,
    /// Whether an attribute outlives the agent.
    #[serde(default)]
    pub durable: bool,
    /// For how long an attribute holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// How much the change matters.
    #[serde(default)]
    pub class: RumorClass,
    /// What becomes of concurrent writes of a shared key; what holds of it already where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The share of the members, 0 to 1, that shall hold it before the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<f64>,
    /// For how long to wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Which key of whom: a shared one where neither `mine` nor `of` is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The key, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Whether it is an attribute of the agent's own.
    #[serde(default)]
    pub mine: bool,
    /// Or of this member: its name, or its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// For how long to wait for answers of others, where some are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Which keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// How they begin, as text; all where it is missing.
    #[serde(default)]
    pub prefix: String,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_hex: Option<String>,
    /// Only attributes of this member: its name, or its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Only shared ones.
    #[serde(default)]
    pub shared: bool,
}

/// What is folded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agg {
    /// Which attribute, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Whether each zone is folded by itself as well.
    #[serde(default)]
    pub by_zone: bool,
}

/// What is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// How the keys begin, as text; all where it is missing.
    #[serde(default)]
    pub prefix: String,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_hex: Option<String>,
}

/// The bytes of a key that is said as text or as hexadecimal digits.
fn key(text: &str, hex: Option<&str>) -> Result<Vec<u8>, Failure> {
    let key = bytes("key", text, hex)?;
    if key.is_empty() { Err(Failure::new(Code::Usage, "key or key_hex is expected")) } else { Ok(key) }
}

fn bytes(field: &str, text: &str, hex: Option<&str>) -> Result<Vec<u8>, Failure> {
    let Some(hex) = hex else { return Ok(text.as_bytes().to_vec()) };
    if !text.is_empty() {
        return Err(Failure::new(Code::Usage, format_args!("{field} or {field}_hex is expected, not both")));
    }
    let no_pairs = || format!("{field}_hex is pairs of hexadecimal digits and nothing else");
    from_hex(hex).ok_or_else(|| Failure::new(Code::Usage, no_pairs()))
}

impl Set {
    /// The key's bytes.
    ///
    /// # Errors
    /// [`Code::Usage`] where not one of its fields is said.
    pub fn key(&self) -> Result<Vec<u8>, Failure> {
        key(&self.key, self.key_hex.as_deref())
    }
}

impl Named {
    /// The key's bytes.
    ///
    /// # Errors
    /// As [`Set::key`].
    pub fn key(&self) -> Result<Vec<u8>, Failure> {
        key(&self.key, self.key_hex.as_deref())
    }
}

impl Agg {
    /// The key's bytes.
    ///
    /// # Errors
    /// As [`Set::key`].
    pub fn key(&self) -> Result<Vec<u8>, Failure> {
        key(&self.key, self.key_hex.as_deref())
    }
}

impl Keys {
    /// The prefix's bytes.
    ///
    /// # Errors
    /// [`Code::Usage`] where both of its fields are said.
    pub fn prefix(&self) -> Result<Vec<u8>, Failure> {
        bytes("prefix", &self.prefix, self.prefix_hex.as_deref())
    }
}

impl Watch {
    /// The prefix's bytes.
    ///
    /// # Errors
    /// As [`Keys::prefix`].
    pub fn prefix(&self) -> Result<Vec<u8>, Failure> {
        bytes("prefix", &self.prefix, self.prefix_hex.as_deref())
    }
}

/// How many are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// So many answers will do; those of all members where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peers: Option<usize>,
    /// For how long to wait for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// How long it may take until all are in step again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// How long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_two_fields_is_said() {
        let named =
            |key: &str, hex: Option<&str>| Named { key: key.into(), key_hex: hex.map(Into::into), ..Named::default() };
        assert_eq!(named("a\\", None).key().ok(), Some(b"a\\".to_vec()));
        assert_eq!(named("", Some("ff00")).key().ok(), Some(vec![0xff, 0]));
        for (key, hex) in [("", None), ("", Some("")), ("a", Some("61")), ("", Some("6"))] {
            assert!(named(key, hex).key().is_err_and(|no| no.code == Code::Usage), "{key} {hex:?}");
        }
        assert_eq!(Watch::default().prefix().ok(), Some(Vec::new()));
    }
}
