//! How is a value written? In TOML, in an environment variable, and on the screen.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bruit::{Mode, Profile, Rule, RumorStart, Sends};
use toml::de::DeValue;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people, to standard error.
    Text,
    /// One object per line, to standard output.
    Json,
}

/// A type that a key can have.
pub trait Setting: Sized {
    /// What is expected, for messages.
    const KIND: &'static str;

    /// Reads what stands in an environment variable.
    fn from_text(text: &str) -> Result<Self, String>;

    /// Reads what stands in a file: a string, where the type has no better form there.
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        Self::from_text(value.as_str().ok_or_else(|| expected(Self::KIND, value))?)
    }

    /// The value as it would be written.
    fn show(&self) -> String;
}

fn expected(kind: &str, got: &DeValue<'_>) -> String {
    let article = if got.type_str().starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{kind} is expected, not {article} {}", got.type_str())
}

impl Setting for String {
    const KIND: &'static str = "a string";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

macro_rules! number {
    ($($t:ty)+) => {$(
        impl Setting for $t {
            const KIND: &'static str = "a number";

            fn from_text(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|_| format!("a number from 0 to {} is expected, not `{text}`", Self::MAX))
            }

            fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
                let integer = value.as_integer().ok_or_else(|| expected(Self::KIND, value))?;
                let out = || format!("a number from 0 to {} is expected, not {}", Self::MAX, integer.as_str());
                Self::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| out())
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}
number!(u32 usize);

impl Setting for bool {
    const KIND: &'static str = "true or false";

    fn from_text(text: &str) -> Result<Self, String> {
        text.trim().parse().map_err(|_| format!("{} is expected, not `{text}`", Self::KIND))
    }

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| expected(Self::KIND, value))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for Duration {
    const KIND: &'static str = "a duration like \"500ms\"";

    fn from_text(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text).map_err(|error| format!("{} is expected, not `{text}`: {error}", Self::KIND))
    }

    fn show(&self) -> String {
        humantime::format_duration(*self).to_string()
    }
}

impl Setting for SocketAddr {
    const KIND: &'static str = "an address and port like \"10.0.0.1:4100\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.trim().parse().map_err(|_| format!("{} is expected, not `{text}`", Self::KIND))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for PathBuf {
    const KIND: &'static str = "a path";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Setting for Profile {
    const KIND: &'static str = "\"lan\", \"wan\" or \"local\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_name(text.trim()).ok_or_else(|| format!("{} is expected, not `{text}`", Self::KIND))
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

impl Setting for Sends {
    const KIND: &'static str = "\"derived\", \"endless\" or a number";

    fn from_text(text: &str) -> Result<Self, String> {
        match text.trim() {
            "derived" => Ok(Self::Derived),
            "endless" => Ok(Self::Endless),
            number => number.parse().map(Self::Times).map_err(|_| format!("{} is expected, not `{text}`", Self::KIND)),
        }
    }

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some(text) => Self::from_text(text),
            None if value.as_integer().is_some() => u32::from_toml(value).map(Self::Times),
            None => Err(expected(Self::KIND, value)),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Derived => "derived".to_owned(),
            Self::Endless => "endless".to_owned(),
            Self::Times(n) => n.to_string(),
        }
    }
}

impl Setting for Rule {
    const KIND: &'static str = "a rule such as \"feedback-counter-2\": blind or feedback, coin or counter, a number";

    fn from_text(text: &str) -> Result<Self, String> {
        let rule = || {
            let [listens, ends, k] = text.trim().splitn(3, '-').collect::<Vec<_>>().try_into().ok()?;
            let feedback = ["blind", "feedback"].iter().position(|name| *name == listens)? == 1;
            let coin = ["counter", "coin"].iter().position(|name| *name == ends)? == 1;
            Some(Self { feedback, coin, k: k.parse().ok()? })
        };
        rule().ok_or_else(|| format!("{} is expected, not `{text}`", Self::KIND))
    }

    fn show(&self) -> String {
        let listens = if self.feedback { "feedback" } else { "blind" };
        let ends = if self.coin { "coin" } else { "counter" };
        format!("{listens}-{ends}-{}", self.k)
    }
}

impl Setting for Mode {
    const KIND: &'static str = "\"push\", \"pull\" or \"push-pull\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_name(text.trim()).ok_or_else(|| format!("{} is expected, not `{text}`", Self::KIND))
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

impl Setting for RumorStart {
    const KIND: &'static str = "\"now\" or \"retained\"";

    fn from_text(text: &str) -> Result<Self, String> {
        match text.trim() {
            "now" => Ok(Self::Now),
            "retained" => Ok(Self::Retained),
            other => Err(format!("{} is expected, not `{other}`", Self::KIND)),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Now => "now".to_owned(),
            Self::Retained => "retained".to_owned(),
        }
    }
}

impl Setting for LogFormat {
    const KIND: &'static str = "\"text\" or \"json\"";

    fn from_text(text: &str) -> Result<Self, String> {
        <Self as clap::ValueEnum>::from_str(text.trim(), false)
            .map_err(|_| format!("{} is expected, not `{text}`", Self::KIND))
    }

    fn show(&self) -> String {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
        .to_owned()
    }
}

impl<T: Setting> Setting for Option<T> {
    const KIND: &'static str = T::KIND;

    fn from_text(text: &str) -> Result<Self, String> {
        T::from_text(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(String::new, T::show)
    }
}

impl Setting for Vec<String> {
    const KIND: &'static str = "a list of strings";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        if let Some(one) = value.as_str() {
            return Ok(vec![one.to_owned()]);
        }
        let list = value.as_array().ok_or_else(|| expected(Self::KIND, value))?;
        let text = |v: &DeValue<'_>| v.as_str().map(str::to_owned).ok_or_else(|| expected(String::KIND, v));
        list.iter().map(|v| text(v.get_ref())).collect()
    }

    fn show(&self) -> String {
        self.join(",")
    }
}

impl Setting for BTreeMap<String, String> {
    const KIND: &'static str = "a table of strings";

    fn from_text(text: &str) -> Result<Self, String> {
        Vec::from_text(text)?.iter().map(|pair| key_value(pair)).collect()
    }

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let table = value.as_table().ok_or_else(|| expected(Self::KIND, value))?;
        let pair = |(k, v): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            let k: &std::borrow::Cow<'_, str> = k.get_ref();
            let v = v.get_ref();
            Ok((k.clone().into_owned(), v.as_str().ok_or_else(|| expected(String::KIND, v))?.to_owned()))
        };
        table.iter().map(pair).collect()
    }

    fn show(&self) -> String {
        self.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
    }
}

/// Reads `key=value`.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not of the form key=value")),
    }
}
