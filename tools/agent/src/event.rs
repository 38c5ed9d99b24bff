//! How does an event look? As a JSON object for scripts and as a sentence for people.

use bruit::{Capacity, Event, JoinRefusal, MemberRef};
use serde_json::Value;

use crate::view::Pairs;

/// How much it deserves to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The ordinary course of things.
    Info,
    /// Something that an operator may have to act on.
    Warn,
    /// Something that this node does not survive, or must not.
    Error,
}

impl Level {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The time now, for people and logs; nothing is decided by it (R1).
pub fn timestamp() -> String {
    humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string()
}

/// The fields of an event, with version, time and name in front.
pub fn document(event: &Event) -> Pairs<Value> {
    let head = [("schema", Value::from(1)), ("time", timestamp().into()), ("event", event.name().into())];
    head.into_iter().chain(fields(event)).collect()
}

/// What belongs to the event beside its name.
pub fn fields(event: &Event) -> Vec<(&'static str, Value)> {
    match event {
        Event::Joined { members } => vec![("members", (*members).into())],
        Event::JoinRefused { reason, by } => vec![("reason", reason_name(*reason).into()), ("by", text(by))],
        Event::Up(m)
        | Event::Suspected(m)
        | Event::Refuted(m)
        | Event::Failed(m)
        | Event::Left(m)
        | Event::Forgotten(m) => member(m),
        Event::SelfRefuted { incarnation } | Event::SelfRemoved { incarnation } => {
            vec![("incarnation", incarnation.as_u64().into()), ("life", incarnation.life().into())]
        }
        Event::NameConflict { name, ours, theirs, kept } => {
            vec![("name", text(name)), ("ours", text(ours)), ("theirs", text(theirs)), ("kept", (*kept).into())]
        }
        Event::TableFilling { capacity, used, max } => {
            vec![("capacity", capacity.name().into()), ("used", (*used).into()), ("max", (*max).into())]
        }
        Event::TableFull { refused, capacity, max } => {
            vec![("refused", text(refused)), ("capacity", capacity.name().into()), ("max", (*max).into())]
        }
        Event::LeaveDone { told } => vec![("told", (*told).into())],
        Event::Rumor(rumor) => vec![
            ("origin", text(&rumor.id.origin)),
            ("topic", text(&rumor.topic)),
            ("sequence", rumor.id.sequence.into()),
            ("class", rumor.class.name().into()),
            ("age_us", (rumor.age.as_micros()).into()),
            ("hops", rumor.hops.into()),
            ("bytes", rumor.len.into()),
        ],
        Event::RumorsLost { origin, from, to, .. } => {
            vec![("origin", text(origin)), ("from", (*from).into()), ("to", (*to).into())]
        }
        Event::Changed(changed) | Event::Conflict(changed) => vec![
            ("key", text(&changed.key.as_bytes().escape_ascii())),
            ("owner", text(&changed.owner)),
            ("life", changed.life.into()),
            ("version", changed.version.into()),
            ("removed", changed.removed.into()),
            ("shared", changed.shared.into()),
        ],
        Event::Diverged { peer, owner, comparisons } => vec![
            ("peer", text(peer)),
            ("owner", owner.map_or(Value::Null, |owner| text(&owner))),
            ("comparisons", (*comparisons).into()),
        ],
        Event::Resync { lost } => vec![("lost", (*lost).into())],
    }
}

fn text(value: &impl std::fmt::Display) -> Value {
    value.to_string().into()
}

fn member(m: &MemberRef) -> Vec<(&'static str, Value)> {
    vec![
        ("name", text(&m.name)),
        ("id", text(&m.id)),
        ("addr", text(&m.addr)),
        ("boot_id", text(&m.boot)),
        ("incarnation", m.incarnation.as_u64().into()),
        ("life", m.incarnation.life().into()),
    ]
}

const fn reason_name(reason: JoinRefusal) -> &'static str {
    match reason {
        JoinRefusal::Full => "full",
        JoinRefusal::NameTaken => "name_taken",
    }
}

const fn what(capacity: Capacity) -> &'static str {
    match capacity {
        Capacity::Members => "places",
        Capacity::TextBytes => "bytes of names, zones and tags",
        Capacity::Origins => "places for origins of rumors",
    }
}

/// The event for people, and how much it matters.
pub fn sentence(event: &Event) -> (Level, String) {
    use Level::{Error, Info, Warn};
    match event {
        Event::Joined { members: 1 } => (Info, "founded a cluster".to_owned()),
        Event::Joined { members } => (Info, format!("joined a cluster of {members}")),
        Event::JoinRefused { reason: JoinRefusal::Full, by } => {
            (Warn, format!("{by} has no place for another member; raise limits.members there"))
        }
        Event::JoinRefused { reason: JoinRefusal::NameTaken, by } => {
            (Warn, format!("{by} knows a live node of this name; give one of the two another name"))
        }
        Event::Up(m) => (Info, format!("{} is up at {} (life {})", m.name, m.addr, m.incarnation.life())),
        Event::Suspected(m) => (Info, format!("{} at {} is suspected", m.name, m.addr)),
        Event::Refuted(m) => (Info, format!("{} at {} has shown that it lives", m.name, m.addr)),
        Event::Failed(m) => (Warn, format!("{} at {} has failed", m.name, m.addr)),
        Event::Left(m) => (Info, format!("{} at {} has left", m.name, m.addr)),
        Event::Forgotten(m) => (Info, format!("{} at {} is forgotten", m.name, m.addr)),
        Event::SelfRefuted { incarnation } => (Warn, format!("was suspected or held dead; refuted as {incarnation}")),
        Event::SelfRemoved { incarnation } => (Warn, format!("was removed while alive; goes on as {incarnation}")),
        Event::NameConflict { name, ours, theirs, kept: true } => (
            Warn,
            format!("another node calls itself {name}: {theirs}; this one at {ours} is older and keeps the name"),
        ),
        Event::NameConflict { name, ours, theirs, kept: false } => (
            Error,
            format!("the node at {theirs} is called {name} and is older; this one at {ours} needs another name"),
        ),
        Event::TableFilling { capacity, used, max } => {
            let (what, limit) = (what(*capacity), capacity.name());
            (Warn, format!("{used} of {max} {what} are taken; raise limits.{limit}"))
        }
        Event::TableFull { refused, capacity, max } => {
            let (what, limit) = (what(*capacity), capacity.name());
            (Warn, format!("there is no room in {max} {what}; {refused} was refused; raise limits.{limit}"))
        }
        Event::Rumor(rumor) => {
            (Info, format!("heard rumor {} of {} bytes after {} us", rumor.id, rumor.len, rumor.age.as_micros()))
        }
        Event::RumorsLost { origin, from, to, .. } => {
            (Warn, format!("rumors {from} to {to} of {origin} are lost: nobody has them any more"))
        }
        Event::Changed(changed) => {
            let what = if changed.removed { "has no value any more" } else { "has another value" };
            (Info, format!("{} of {} {what}", changed.key.as_bytes().escape_ascii(), changed.owner))
        }
        Event::Conflict(changed) => {
            let key = changed.key.as_bytes().escape_ascii();
            (
                Warn,
                format!(
                    "{key} was written concurrently; `bruit get {key}` shows all values, and writing it settles it"
                ),
            )
        }
        Event::Diverged { peer, owner, comparisons } => {
            let where_it_is =
                owner.map_or_else(String::new, |owner| format!(", last found in what {owner} has written"));
            let advice = "`bruit views` shows who differs, `bruit reset-state` builds all of it anew";
            (Warn, format!("differs from {peer} after {comparisons} comparisons{where_it_is}; {advice}"))
        }
        Event::LeaveDone { told } => (Info, format!("left; {told} members acknowledged")),
        Event::Resync { lost } => (Warn, format!("{lost} events were lost because they were not read in time")),
    }
}
