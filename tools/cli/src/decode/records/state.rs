//! State: keys, who holds how much of whose, and how two find out where they differ.

use bruit::wire::{
    LogDigest, RawStateListing, RawStateSpan, RawStateSums, RawStateWalk, RawSurvey, RawSurveyed, StateEntry,
    StateHead, StatePoint, StateWant,
};
use bruit_agent::state::spelling::spelled;

use super::{Record, nonce};

pub(super) fn marks(raw: &RawStateSums) -> Vec<Record> {
    let filled = raw.marks.iter().enumerate().filter(|(_, mark)| mark.get() != 0);
    let show = |(i, mark): (usize, u16)| Record::default().with("bucket", i).hex("mark", format_args!("{mark:04x}"));
    filled.map(|(i, mark)| show((i, mark.get()))).collect()
}

pub(super) fn listing(head: &RawStateListing) -> Record {
    Record::default()
        .hex("first", head.first())
        .hex("last", head.last())
        .with("buckets", head.buckets().from(0).count())
        .hex("salt", format_args!("{:08x}", head.salt()))
        .with("mode", head.mode().name())
        .with("back", head.is_back())
}

pub(super) fn log(log: &LogDigest) -> Record {
    Record::default()
        .hex("owner", log.owner)
        .with("life", log.life)
        .with("complete", log.complete)
        .hex("check", format_args!("{:02x}", log.check))
}

pub(super) fn want(want: &StateWant) -> Record {
    Record::default().hex("owner", want.owner).with("life", want.life).with("after", want.after)
}

pub(super) fn point(point: StatePoint) -> Record {
    Record::default().hex("owner", point.owner).with("life", point.life).with("after", point.after)
}

pub(super) fn head(head: &StateHead, checks: u64) -> Record {
    Record::default()
        .hex("owner", head.owner)
        .with("life", head.life)
        .with("base", head.base)
        .with("upto", head.upto)
        .with("floor", head.floor)
        .hex("checks", format_args!("{checks:016x}"))
}

pub(super) fn entry(entry: &StateEntry<'_>) -> Record {
    let draft = &entry.draft;
    Record::default()
        .with("version", draft.version)
        .with("key", spelled(draft.key))
        .with("class", draft.nature.class.name())
        .with("durable", draft.nature.durable)
        .with("shared", draft.nature.shared)
        .with("removed", draft.nature.removed)
        .maybe("age_ms", entry.age_ms)
        .maybe("ttl_ms", (draft.ttl_ms > 0).then_some(draft.ttl_ms))
        .with("bytes", draft.value.len())
}

pub(super) fn walk(raw: &RawStateWalk) -> Record {
    Record::default()
        .hex("nonce", format_args!("{:016x}", raw.nonce()))
        .hex("cookie", format_args!("{:016x}", raw.cookie()))
        .with("datagrams", raw.datagrams())
}

pub(super) fn span(raw: &RawStateSpan) -> Record {
    let (part, parts) = raw.part();
    Record::default().hex("nonce", format_args!("{:016x}", raw.nonce())).with("part", part).with("parts", parts)
}

pub(super) fn survey(raw: &RawSurvey) -> Record {
    nonce(raw.nonce.get()).hex("owner", format_args!("{:016x}", raw.owner.get())).with("life", raw.life.get())
}

pub(super) fn surveyed(raw: &RawSurveyed) -> Record {
    let progress = raw.get();
    nonce(raw.nonce())
        .with("complete", progress.complete)
        .hex("membership", format_args!("{:016x}", progress.membership))
        .hex("rumors", format_args!("{:016x}", progress.rumors))
        .hex("state", format_args!("{:016x}", progress.state))
}
