//! What is a key? Of one owner, or what all have made of it.

use std::collections::BTreeMap;
use std::time::Duration;

use bruit::net::{Contributed, Handle, Merged, SharedKey, Value};
use bruit::{MergeRule, NodeId};
use bruit_terminal::failure::{Code, Failure};

use super::super::{Shared, answers};
use super::who::Who;
use crate::state::asked;
use crate::state::documents::{Got, Key, Keys, Said, Writer};
use crate::state::spelling::{self, spelled};

/// How long ago a write was made, and how much it mattered.
type Written = (Duration, bruit::Class);

/// One key.
pub fn get(shared: &Shared, asked: &asked::Named) -> Result<Got, Failure> {
    let (who, name) = (Who::now(&shared.handle), asked.key()?);
    let found = match owner(shared, &who, asked)? {
        Some(owner) => {
            let value = shared.handle.value(owner, &name).map_err(answers::refused)?;
            value.filter(|value| !value.shared).map(|value| attribute(&who, value))
        }
        None => {
            let mut writes = shared.handle.values(&name).map_err(answers::refused)?;
            writes.retain(|value| value.shared && value.key == name);
            documents(&shared.handle, &who, writes)?.pop()
        }
    };
    found.map(|key| Got { schema: 1, key }).ok_or_else(|| missing(&who, asked, &name))
}

/// Whose attribute is named; `None` where a shared key is.
pub fn owner(shared: &Shared, who: &Who, asked: &asked::Named) -> Result<Option<NodeId>, Failure> {
    match (&asked.of, asked.mine) {
        (Some(_), true) => Err(Failure::new(Code::Usage, "mine or of is expected, not both")),
        (Some(node), false) => who.called(node).map(Some),
        (None, true) => Ok(Some(shared.handle.id())),
        (None, false) => Ok(None),
    }
}

/// That there is no such key.
pub fn missing(who: &Who, asked: &asked::Named, key: &[u8]) -> Failure {
    let key = spelled(key);
    let (cause, advice) = match (&asked.of, asked.mine) {
        (Some(node), _) => {
            let down = who.called(node).ok().and_then(|id| who.member(id)).is_some_and(|member| !member.state.is_up());
            let why = if down { ", which is down: what is ephemeral goes with its owner" } else { "" };
            (format!("there is no attribute `{key}` of {node}{why}"), format!("`bruit keys --of {node}` lists them"))
        }
        (None, true) => {
            (format!("this agent has no attribute `{key}`"), "`bruit keys` lists all, with their owners".to_owned())
        }
        (None, false) => (
            format!("there is no shared key `{key}`"),
            "`bruit keys --shared` lists them; --mine or --of NODE asks for an attribute".to_owned(),
        ),
    };
    Failure::new(Code::Failed, cause).advise(advice)
}

/// All keys that are asked for.
pub fn keys(shared: &Shared, asked: &asked::Keys) -> Result<Keys, Failure> {
    let who = Who::now(&shared.handle);
    let of = asked.of.as_ref().map(|node| who.called(node)).transpose()?;
    if of.is_some() && asked.shared {
        return Err(Failure::new(Code::Usage, "of or shared is expected, not both: a shared key is nobody's"));
    }
    let mut all = shared.handle.values(&asked.prefix()?).map_err(answers::refused)?;
    all.retain(|value| of.is_none_or(|of| value.owner == of && !value.shared) && (!asked.shared || value.shared));
    Ok(Keys { schema: 1, own: shared.handle.name().to_string(), keys: documents(&shared.handle, &who, all)? })
}

/// Those in conflict.
pub fn conflicts(shared: &Shared) -> Result<Keys, Failure> {
    let mut found = keys(shared, &asked::Keys { shared: true, ..asked::Keys::default() })?;
    found.keys.retain(|key| key.conflict);
    Ok(found)
}

/// Everything that `values` are about, sorted by key, each shared one once and before attributes of its name.
pub fn documents(handle: &Handle, who: &Who, values: Vec<Value>) -> Result<Vec<Key>, Failure> {
    let mut keys = Vec::with_capacity(values.len());
    let mut rest = values.into_iter().peekable();
    while let Some(first) = rest.peek().map(|value| value.key.clone()) {
        let (mut writes, mut attributes) = (BTreeMap::new(), Vec::new());
        while let Some(value) = rest.next_if(|value| value.key == first) {
            if value.shared {
                writes.insert((value.owner, value.life, value.version), (value.age, value.class));
            } else {
                attributes.push(attribute(who, value));
            }
        }
        if !writes.is_empty() {
            let found = handle.shared(&first).map_err(answers::refused)?;
            let written =
                |held: &Contributed| writes.get(&(held.stamp.owner, held.stamp.life, held.stamp.version)).copied();
            keys.extend(found.and_then(|found| merged(who, &first, found, written)));
        }
        keys.append(&mut attributes);
    }
    Ok(keys)
}

/// What all have made of a key, without its age; `None` where it has no value.
pub fn shared_key(handle: &Handle, who: &Who, key: &[u8]) -> Result<Option<Key>, Failure> {
    let found = handle.shared(key).map_err(answers::refused)?;
    Ok(found.and_then(|found| merged(who, key, found, |_| None)))
}

fn merged(who: &Who, key: &[u8], found: SharedKey, written: impl Fn(&Contributed) -> Option<Written>) -> Option<Key> {
    let standing: Vec<&Contributed> = found.contributions.iter().filter(|held| !held.dominated).collect();
    let last = standing.iter().filter_map(|held| written(held)).min_by_key(|(age, _)| *age);
    let one = if let [one] = standing[..] { Some(one.stamp) } else { None };
    let rule = found.rule;
    let (said, elements) = match found.value {
        Merged::Absent => return None,
        Merged::Bytes(value) => (Said::of(value), None),
        Merged::Number(number) => (Said::of(number.to_string().into_bytes()), None),
        Merged::Set(elements) => (Said::default(), Some(elements.into_iter().map(Said::of).collect())),
        Merged::Conflict => (Said::default(), None),
    };
    let conflict = said == Said::default() && elements.is_none();
    Some(Key {
        shared: true,
        said,
        elements,
        rule: Some(rule.name().to_owned()),
        conflict,
        life: one.map(|stamp| stamp.life),
        version: one.map(|stamp| stamp.version),
        class: last.map(|(_, class)| class.name().to_owned()),
        durable: true,
        age_ms: last.map(|(age, _)| millis(age)),
        ttl_ms: None,
        writers: standing.iter().map(|held| writer(who, rule, held)).collect(),
        ..named(who, key, one.map(|stamp| stamp.owner))
    })
}

fn writer(who: &Who, rule: MergeRule, held: &Contributed) -> Writer {
    let said = match rule {
        _ if held.absent => Said::default(),
        MergeRule::Set => Said::default(),
        MergeRule::Counter => held
            .said
            .first_chunk()
            .map_or_else(Said::default, |bytes| Said::of(i64::from_le_bytes(*bytes).to_string().into_bytes())),
        MergeRule::Conflict | MergeRule::Latest | MergeRule::Max | MergeRule::Min => Said::of(held.said.clone()),
    };
    Writer {
        writer: who.name(held.stamp.owner),
        writer_id: held.stamp.owner.to_string(),
        life: held.stamp.life,
        version: held.stamp.version,
        absent: held.absent,
        said,
        written_at_ms: (held.wall_ms > 0).then_some(held.wall_ms),
    }
}

/// A member's own.
pub fn attribute(who: &Who, value: Value) -> Key {
    let named = named(who, &value.key, Some(value.owner));
    Key {
        shared: false,
        life: Some(value.life),
        version: Some(value.version),
        said: Said::of(value.value),
        class: Some(value.class.name().to_owned()),
        durable: value.durable,
        ttl_ms: value.ttl.map(millis),
        age_ms: Some(millis(value.age)),
        ..named
    }
}

/// A key with nothing but its name and its owner.
pub fn named(who: &Who, key: &[u8], owner: Option<NodeId>) -> Key {
    let (key, key_hex) = spelling::said(key);
    let member = owner.and_then(|id| who.member(id));
    Key {
        key,
        key_hex,
        shared: false,
        owner: owner.map(|id| who.name(id)),
        owner_id: owner.map(|id| id.to_string()),
        owner_state: member.map(|member| member.state.name().to_owned()),
        zone: member.map(|member| member.zone.clone()),
        life: None,
        version: None,
        said: Said::default(),
        elements: None,
        rule: None,
        conflict: false,
        class: None,
        durable: false,
        ttl_ms: None,
        age_ms: None,
        writers: Vec::new(),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
