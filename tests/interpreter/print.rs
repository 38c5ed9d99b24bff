//! How does it look in a trace? One line for each thing, times in seconds with three digits.

use bruit::sim::Tally;
use bruit::wire::{Kind, State};
use bruit::{Capacity, Counters, DropReason, Event, Instant, MemberRef, Node, Span};

pub fn time(at: Instant) -> String {
    span(at.since(Instant::ZERO))
}

pub fn span(span: Span) -> String {
    format!("{}.{:03}s", span.as_millis() / 1_000, span.as_millis() % 1_000)
}

const fn unit(capacity: Capacity) -> &'static str {
    match capacity {
        Capacity::Members => "",
        Capacity::TextBytes => " bytes",
        Capacity::Origins => " origins",
    }
}

/// The state with this name; `None` for "nothing": the member is not in the table.
pub fn state_named(name: &str) -> Result<Option<State>, String> {
    match State::ALL.iter().find(|state| state.name() == name) {
        Some(state) => Ok(Some(*state)),
        None if name == "nothing" => Ok(None),
        None => Err(format!("{name} is no state")),
    }
}

pub fn members(node: &Node) -> Vec<String> {
    let mut lines: Vec<String> = node
        .members()
        .map(|m| {
            let me = if m.is_self { " self" } else { "" };
            format!("{} {} {} {}{me}", m.name, m.state.name(), m.incarnation, m.addr)
        })
        .collect();
    lines.sort();
    lines
}

pub fn event(at: Instant, event: &Event) -> String {
    let what = match event {
        Event::Joined { members } => format!("members={members}"),
        Event::JoinRefused { reason, by } => format!("{reason:?} by {by}"),
        Event::Up(m) | Event::Suspected(m) | Event::Refuted(m) => member(m),
        Event::Failed(m) | Event::Left(m) | Event::Forgotten(m) => member(m),
        Event::SelfRefuted { incarnation } | Event::SelfRemoved { incarnation } => incarnation.to_string(),
        Event::NameConflict { name, ours, theirs, kept } => {
            format!("{name} ours={ours} theirs={theirs} kept={kept}")
        }
        Event::TableFilling { capacity, used, max } => format!("{used} of {max}{}", unit(*capacity)),
        Event::TableFull { refused, capacity, max } => format!("{refused} refused at {max}{}", unit(*capacity)),
        Event::LeaveDone { told } => format!("told={told}"),
        Event::Rumor(rumor) => {
            let class = rumor.class.name();
            format!("{} {class} bytes={} hops={} age={}us", rumor.id, rumor.len, rumor.hops, rumor.age.as_micros())
        }
        Event::RumorsLost { origin, from, to, .. } => format!("{origin} {from}..{to}"),
        Event::Diverged { peer, owner, comparisons } => {
            let owner = owner.map_or_else(String::new, |owner| format!(" about {owner}"));
            format!("from {peer}{owner} in {comparisons}")
        }
        Event::Changed(changed) | Event::Conflict(changed) => {
            let removed = if changed.removed { " removed" } else { "" };
            format!("{} life={} version={}{removed}", changed.owner, changed.life, changed.version)
        }
        Event::Resync { lost } => format!("lost={lost}"),
    };
    format!("{} {} {what}", time(at), event.name())
}

fn member(m: &MemberRef) -> String {
    format!("{} {} {}", m.name, m.incarnation, m.addr)
}

pub fn counters(counters: &Counters, names: &str) -> Result<Vec<String>, String> {
    names.split(',').map(|name| Ok(format!("{name} {}", counter(counters, name)?))).collect()
}

/// A plain counter, or `dropped.REASON`, `sent.KIND`, `received.KIND`.
fn counter(counters: &Counters, name: &str) -> Result<u64, String> {
    let unknown = || format!("{name} is not counted");
    let Some((group, of)) = name.split_once('.') else {
        return counters.named().find(|(n, _)| *n == name).map(|(_, value)| value).ok_or_else(unknown);
    };
    let kind = || Kind::ALL.iter().find(|kind| kind.name() == of).copied().ok_or_else(unknown);
    match group {
        "dropped" => {
            let reason = DropReason::ALL.iter().find(|reason| reason.name() == of).ok_or_else(unknown)?;
            Ok(counters.dropped(*reason))
        }
        "sent" => Ok(counters.sent(kind()?)),
        "received" => Ok(counters.received(kind()?)),
        _ => Err(unknown()),
    }
}

pub fn tally(tally: &Tally) -> Vec<String> {
    let numbers = [
        ("sent", tally.sent),
        ("delivered", tally.delivered),
        ("lost", tally.lost),
        ("cut", tally.cut),
        ("duplicated", tally.duplicated),
        ("refused", tally.refused),
        ("nowhere", tally.nowhere),
        ("inbox_lost", tally.inbox_lost),
    ];
    numbers.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name} {n}")).collect()
}
