//! What does a person want to be written? Checked here where only a person can err, by the node for the rest.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bruit::{Class, SharedOp, SharedWrite, Span, Write};
use bruit_config::RumorClass;
use bruit_terminal::failure::{Code, Failure};

use super::super::asker::Asker;
use super::super::{Shared, answers};
use super::reading;
use super::who::Who;
use crate::rumor;
use crate::state::asked;
use crate::state::documents::{Unset, Written};
use crate::state::spelling;

/// For how long a write is waited for where nothing else is said.
const WAIT: Duration = Duration::from_secs(5);

/// Writes, and waits until as many hold it as are asked for.
pub fn set(shared: &Shared, asker: Asker<'_>, asked: &asked::Set) -> Result<Written, Failure> {
    let bytes = asked.value_hex.as_deref().map(rumor::from_hex);
    let bytes = bytes.map(|hex| {
        hex.ok_or_else(|| Failure::new(Code::Usage, "value_hex is pairs of hexadecimal digits and nothing else"))
    });
    let bytes = bytes.transpose()?;
    let mut ops = [
        asked.value.as_deref().map(|text| SharedOp::Set(text.as_bytes())),
        bytes.as_deref().map(SharedOp::Set),
        asked.add.map(SharedOp::Add),
        asked.insert.as_deref().map(|text| SharedOp::Insert(text.as_bytes())),
        asked.remove.as_deref().map(|text| SharedOp::Remove(text.as_bytes())),
    ]
    .into_iter()
    .flatten();
    let (Some(op), None) = (ops.next(), ops.next()) else {
        return Err(Failure::new(Code::Usage, "one of value, value_hex, add, insert and remove is expected"));
    };
    if asked.wait.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        return Err(Failure::new(Code::Usage, "wait is a share of the members, from 0 to 1"));
    }
    let mut written = if asked.mine { set_own(shared, asked, op) } else { set_shared(shared, asked, op) }?;
    if let Some(share) = asked.wait {
        let timeout = asked.timeout_ms.map_or(WAIT, Duration::from_millis);
        written.held = Some(shared.surveys.wait_held(&shared.handle, asker, share, timeout)?);
    }
    Ok(written)
}

fn set_own(shared: &Shared, asked: &asked::Set, op: SharedOp<'_>) -> Result<Written, Failure> {
    let (SharedOp::Set(value), None) = (op, asked.rule) else {
        return Err(Failure::new(Code::Usage, "an attribute has a value and no rule: only its owner writes it"));
    };
    if asked.ttl_ms == Some(0) {
        return Err(Failure::new(Code::Usage, "an attribute holds for a millisecond at least"));
    }
    let (key, class) = (&asked.key()?[..], Class::from(asked.class));
    let ttl = asked.ttl_ms.map(Span::millis);
    shared
        .handle
        .write(&Write { key, value: Some(value), class, durable: asked.durable, ttl })
        .map_err(answers::refused)?;
    let value = shared.handle.value(shared.handle.id(), key).map_err(answers::refused)?;
    let (life, version) = value.map_or((0, 0), |value| (value.life, value.version));
    Ok(Written { shared: false, rule: None, ..written(shared, key, life, version) })
}

fn set_shared(shared: &Shared, asked: &asked::Set, op: SharedOp<'_>) -> Result<Written, Failure> {
    if asked.ttl_ms.is_some() || asked.durable {
        return Err(Failure::new(
            Code::Usage,
            "a time to live and durable are for attributes: a shared key always outlives its writers",
        )
        .advise("say --mine for an attribute of this agent"));
    }
    let key = asked.key()?;
    write_shared(shared, &key, op, asked.class, asked.rule)?;
    let found = shared.handle.shared(&key).map_err(answers::refused)?;
    let own = |found: &bruit::net::SharedKey| {
        let own = found.contributions.iter().filter(|held| held.stamp.owner == shared.handle.id());
        own.map(|held| (held.stamp.life, held.stamp.version)).max()
    };
    let (life, version) = found.as_ref().and_then(own).unwrap_or_default();
    let rule = found.map(|found| found.rule.name().to_owned());
    Ok(Written { shared: true, rule, ..written(shared, &key, life, version) })
}

fn write_shared(
    shared: &Shared,
    key: &[u8],
    op: SharedOp<'_>,
    class: RumorClass,
    rule: Option<asked::Rule>,
) -> Result<(), Failure> {
    // Only the rule `latest` looks at it, and only as data.
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let wall_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
    let (class, rule) = (Class::from(class), rule.map(Into::into));
    shared.handle.write_shared(&SharedWrite { key, op, rule, class, wall_ms }).map_err(answers::refused)
}

fn written(shared: &Shared, key: &[u8], life: u32, version: u64) -> Written {
    let (key, key_hex) = spelling::said(key);
    Written {
        schema: 1,
        key,
        key_hex,
        shared: false,
        owner: shared.handle.name().to_string(),
        owner_id: shared.handle.id().to_string(),
        life,
        version,
        rule: None,
        held: None,
    }
}

/// Takes a key's value away.
pub fn unset(shared: &Shared, asked: &asked::Named) -> Result<Unset, Failure> {
    if asked.of.is_some() {
        return Err(
            Failure::new(Code::Usage, "only its owner removes an attribute").advise("ask that member's own agent")
        );
    }
    let (who, key) = (Who::now(&shared.handle), asked.key()?);
    // Says so where it is missing, in words that name the key.
    reading::get(shared, asked)?;
    if asked.mine {
        let write = Write { key: &key, value: None, class: Class::Normal, durable: false, ttl: None };
        shared.handle.write(&write).map_err(|error| match error {
            bruit::net::CommandError::Refused(bruit::Refusal::NoSuchKey) => reading::missing(&who, asked, &key),
            other => answers::refused(other),
        })?;
    } else {
        write_shared(shared, &key, SharedOp::Unset, RumorClass::Normal, None)?;
    }
    let (unset, unset_hex) = spelling::said(&key);
    Ok(Unset { schema: 1, unset, unset_hex, shared: !asked.mine })
}
