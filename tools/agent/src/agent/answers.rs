//! What does the agent answer? Documents made from what the handle reads, and what commands return.

use std::borrow::Cow;
use std::net::SocketAddr;

use bruit::net::CommandError;
use bruit::wire::State;
use bruit::{Class, NodeId, Phase, Publication, Refusal, RumorId, Topic};
use bruit_terminal::failure::{Code, Failure};
use serde_json::Value;

use super::listeners::Place;
use super::{Shared, address};
use crate::control::{Publish, RumorOrder};
use crate::rumor;
use crate::view::Asked;
use crate::view::Published;
use crate::view::Removed;
use crate::view::{Distribution, Fingerprints, Info, Member, Members, Pairs, Socket, Stat, Usage};

/// The members, this agent first, the others by name.
pub fn members(shared: &Shared) -> Members {
    let mut found = shared.handle.members();
    found.sort_by(|a, b| b.is_self.cmp(&a.is_self).then_with(|| a.name.cmp(&b.name)));
    Members {
        schema: 1,
        own: shared.handle.name().to_string(),
        members: found.into_iter().map(member).collect(),
        membership_fingerprint: fingerprint(shared.handle.info().membership_fingerprint),
    }
}

fn fingerprint(n: u64) -> String {
    format!("{n:016x}")
}

fn member(m: bruit::net::Member) -> Member {
    Member {
        name: m.name.to_string(),
        id: m.id.to_string(),
        addr: m.addr.to_string(),
        state: m.state.name().to_owned(),
        incarnation: m.incarnation.as_u64(),
        life: m.incarnation.life(),
        zone: m.zone,
        tags: m.tags.into_iter().collect(),
        rtt_us: m.rtt.map(|rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
        boot_id: m.boot.to_string(),
    }
}

/// What the agent is.
pub fn info(shared: &Shared) -> Info {
    let info = shared.handle.info();
    Info {
        schema: 1,
        name: info.name.to_string(),
        id: info.id.to_string(),
        boot_id: info.boot.to_string(),
        cluster: info.cluster,
        addr: info.addr.to_string(),
        bind: info.local_addr.to_string(),
        zone: info.zone,
        profile: shared.profile.name().to_owned(),
        phase: phase(info.phase).to_owned(),
        uptime_s: info.uptime.as_millis() as f64 / 1e3,
        health: info.health,
        limits: info.limits.iter().map(|u| (u.name, Usage { used: u.used, max: u.max })).collect(),
        memory_bytes: info.memory_bytes as u64,
        allocations_after_start: crate::allocations::counted(),
        fingerprints: Fingerprints {
            membership: fingerprint(info.membership_fingerprint),
            state: fingerprint(info.state_fingerprint),
        },
        io: info.io.name().to_owned(),
        socket: Socket { receive_buffer_bytes: info.recv_buffer as u64, send_buffer_bytes: info.send_buffer as u64 },
        since_last_round_ms: u64::try_from(info.since_last_round.as_millis()).unwrap_or(u64::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        control: shared.control.display().to_string(),
    }
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Joining => "joining",
        Phase::Joined => "joined",
        Phase::Leaving => "leaving",
        Phase::Left => "left",
    }
}

/// What the agent has counted and measured.
pub fn stat(shared: &Shared) -> Stat {
    let handle = &shared.handle;
    let stats = handle.stats();
    Stat {
        schema: 1,
        own: handle.name().to_string(),
        uptime_s: handle.info().uptime.as_millis() as f64 / 1e3,
        counters: stats.counters.into_iter().collect(),
        io: stats.io.into_iter().collect(),
        drops: stats.drops.into_iter().map(|(reason, n)| (reason.name(), n)).collect(),
        received: stats.received.into_iter().map(|(kind, n)| (kind.name(), n)).collect(),
        sent: stats.sent.into_iter().map(|(kind, n)| (kind.name(), n)).collect(),
        histograms: stats.histograms.iter().map(|f| (f.name, Distribution::new(f.unit, f.summary))).collect(),
    }
}

/// The first line of a subscription, to what more is said of it.
pub fn subscribed(shared: &Shared, to: Vec<(&str, Value)>) -> Pairs<Value> {
    let up = shared.handle.members().iter().filter(|m| m.state.is_up()).count();
    let fields: [(&str, Value); 5] = [
        ("schema", 1.into()),
        ("time", crate::event::timestamp().into()),
        ("event", "subscribed".into()),
        ("self", shared.handle.name().to_string().into()),
        ("members", up.into()),
    ];
    fields.into_iter().chain(to).collect()
}

/// Joins through more addresses.
pub fn join(shared: &Shared, names: &[String]) -> Result<Asked, Failure> {
    let mut addrs: Vec<SocketAddr> = Vec::new();
    for name in names {
        addrs.extend(address::resolve(name).map_err(|why| Failure::new(Code::Unreachable, why))?);
    }
    let own = |addr: &SocketAddr| address::is_own(*addr, shared.handle.local_addr(), shared.handle.addr());
    addrs.retain(|addr| !own(addr));
    if addrs.is_empty() {
        return Err(Failure::new(Code::Usage, "none of these is another node's address"));
    }
    shared.handle.join(&addrs).map_err(refused)?;
    Ok(Asked { schema: 1, asked: addrs.iter().map(ToString::to_string).collect() })
}

/// Takes a member off the list.
pub fn remove(shared: &Shared, node: &str) -> Result<Removed, Failure> {
    let members = shared.handle.members();
    let by_id = u64::from_str_radix(node, 16).ok().filter(|_| node.len() == 16).map(NodeId::from_u64);
    let found =
        members.iter().find(|m| m.name.as_str() == node).or_else(|| members.iter().find(|m| Some(m.id) == by_id));
    let Some(member) = found else {
        return Err(Failure::new(Code::Failed, format_args!("no member is called `{node}`"))
            .advise("`bruit members` lists them"));
    };
    if member.state == State::Left {
        return Err(Failure::new(Code::Failed, format_args!("`{node}` has left already; it is forgotten by itself")));
    }
    shared.handle.remove(member.id).map_err(refused)?;
    Ok(Removed { schema: 1, removed: member.name.to_string(), id: member.id.to_string() })
}

/// Tells everybody who has subscribed, of several things with one wait for the node.
pub fn publish(shared: &Shared, asked: &[Publish]) -> Vec<Result<Published, Failure>> {
    let drafts: Vec<Result<Draft<'_>, Failure>> = asked.iter().map(|asked| Draft::new(shared, asked)).collect();
    let sound = || drafts.iter().filter_map(|draft| draft.as_ref().ok());
    let publications: Vec<Publication<'_>> = sound().map(Draft::publication).collect();
    let mut ids = shared.handle.publish_all(&publications).into_iter();
    let answer = |draft: Result<Draft<'_>, Failure>| {
        let draft = draft?;
        let id = ids.next().unwrap_or(Err(CommandError::NoAnswer)).map_err(refused)?;
        Ok(draft.published(shared, id))
    };
    drafts.into_iter().map(answer).collect()
}

/// What is to be published.
struct Draft<'a> {
    topic: &'a str,
    named: Topic,
    class: Class,
    payload: Cow<'a, [u8]>,
}

impl<'a> Draft<'a> {
    fn new(shared: &Shared, asked: &'a Publish) -> Result<Self, Failure> {
        let payload = match (asked.payload.as_deref(), asked.payload_hex.as_deref()) {
            (text, None) => Cow::Borrowed(text.unwrap_or_default().as_bytes()),
            (None, Some(hex)) => Cow::Owned(rumor::from_hex(hex).ok_or_else(|| {
                Failure::new(Code::Usage, "payload_hex is pairs of hexadecimal digits and nothing else")
            })?),
            (Some(_), Some(_)) => {
                return Err(Failure::new(Code::Usage, "payload or payload_hex is expected, not both"));
            }
        };
        let named = shared.names.topic(named(&asked.topic)?);
        Ok(Self { topic: &asked.topic, named, class: asked.class.into(), payload })
    }

    fn publication(&self) -> Publication<'_> {
        Publication { topic: self.named, class: self.class, payload: &self.payload }
    }

    fn published(&self, shared: &Shared, id: RumorId) -> Published {
        Published {
            schema: 1,
            id: id.to_string(),
            origin: shared.handle.name().to_string(),
            origin_id: id.origin.to_string(),
            boot: format!("{:08x}", id.boot),
            topic: self.topic.to_owned(),
            topic_id: self.named.to_string(),
            sequence: id.sequence,
            class: self.class.name().to_owned(),
            bytes: self.payload.len(),
        }
    }
}

/// One more who listens.
pub fn subscribe<'a>(shared: &'a Shared, topic: Option<&str>, order: RumorOrder) -> Result<Place<'a>, Failure> {
    let topic = topic.map(named).transpose()?.map(|name| shared.names.topic(name));
    shared.listeners.add(&shared.handle, topic, order.into()).map_err(refused)
}

/// The name of a topic, if it is one.
fn named(topic: &str) -> Result<&str, Failure> {
    if topic.is_empty() { Err(Failure::new(Code::Usage, "a topic has a name")) } else { Ok(topic) }
}

/// Why the node did not do it.
pub fn refused(error: CommandError) -> Failure {
    let code = match error {
        CommandError::Refused(
            Refusal::NotRunning
            | Refusal::UnknownMember
            | Refusal::StillAlive
            | Refusal::TooManySeeds { .. }
            | Refusal::NotJoined
            | Refusal::PayloadTooLong { .. }
            | Refusal::RumorsWait { .. }
            | Refusal::TooManyOrigins { .. }
            | Refusal::TooManyTopics { .. }
            | Refusal::NotANumber
            | Refusal::TooManyAverages { .. }
            | Refusal::KeyLength { .. }
            | Refusal::ReservedKey
            | Refusal::ValueTooLong { .. }
            | Refusal::NoSuchKey
            | Refusal::StateFull { .. }
            | Refusal::OtherRule { .. }
            | Refusal::ClockBehind { .. }
            | Refusal::CounterOverflow
            | Refusal::TooManyWatches { .. },
        ) => Code::Failed,
        CommandError::QueueFull | CommandError::NoAnswer | CommandError::Stopped => Code::Unreachable,
    };
    Failure::new(code, error)
}
