//! Members: who they are, whether they live, how they join.

use bruit::wire::{
    Claim, Cookie, Hello, NackReason, Profile, RawClaim, RawLeave, RawNack, RawPage, RawPageRequest, RawPingRequest,
    RawSums,
};

use super::{Record, nonce};

pub(super) fn ping_request(raw: &RawPingRequest) -> Record {
    Record::default()
        .hex("target", raw.target())
        .with("nonce", raw.nonce.get())
        .with("budget_us", raw.budget().as_micros())
        .hex("target_boot", format_args!("........{:08x}", raw.target_boot.get()))
}

pub(super) fn nack(raw: &RawNack) -> Record {
    nonce(raw.nonce.get()).maybe("reason", raw.reason().map(nack_reason))
}

const fn nack_reason(reason: NackReason) -> &'static str {
    match reason {
        NackReason::Silent => "silent",
        NackReason::Refused => "refused",
        NackReason::Unknown => "unknown",
    }
}

pub(super) fn leave(raw: &RawLeave) -> Record {
    Record::default().hex("incarnation", raw.incarnation()).with("nonce", raw.nonce.get())
}

pub(super) fn claims(claims: &[RawClaim]) -> Vec<Record> {
    claims.iter().filter_map(RawClaim::get).map(|c| claim(&c)).collect()
}

fn claim(claim: &Claim) -> Record {
    Record::default()
        .hex("subject", claim.subject)
        .hex("incarnation", claim.incarnation)
        .with("state", claim.state.name())
        .maybe("accuser", (claim.accuser != 0).then(|| format!("{:08x}", claim.accuser)))
        .hex("boot", format_args!("{:04x}", claim.boot))
}

pub(super) fn profile(profile: &Profile<'_>) -> Record {
    let tags: Vec<String> = bruit::Tags::new(profile.tags).map(|(k, v)| format!("{k}={v}")).collect();
    Record::default()
        .with("name", profile.name)
        .hex("addr", profile.addr)
        .with("state", profile.claim.state.name())
        .hex("incarnation", profile.claim.incarnation)
        .hex("id", profile.claim.subject)
        .hex("boot", profile.boot)
        .maybe("accuser", (profile.claim.accuser != 0).then(|| format!("{:08x}", profile.claim.accuser)))
        .maybe("zone", Some(profile.zone).filter(|zone| !zone.is_empty()))
        .maybe("tags", Some(tags).filter(|tags| !tags.is_empty()))
        .hex("protocol", format_args!("{}-{}", profile.protocol.0, profile.protocol.1))
}

pub(super) fn hello(hello: &Hello) -> Record {
    Record::default()
        .hex("nonce", format_args!("{:016x}", hello.nonce))
        .hex("incarnation", hello.incarnation)
        .with("uptime_ms", hello.uptime_ms)
        .with("joined", hello.joined)
}

pub(super) fn cookie(cookie: &Cookie) -> Record {
    let record = Record::default()
        .hex("nonce", format_args!("{:016x}", cookie.nonce))
        .hex("cookie", format_args!("{:016x}", cookie.cookie))
        .with("status", cookie.status.name())
        .with("uptime_ms", cookie.uptime_ms)
        .with("members", cookie.members)
        .with("end", cookie.end)
        .hex("observed", cookie.observed);
    match cookie.held {
        None => record,
        Some(held) => record
            .with("held", held.state.name())
            .hex("held_incarnation", held.incarnation)
            .hex("held_boot", held.boot)
            .maybe("held_addr", held.addr.map(|addr| addr.to_string())),
    }
}

pub(super) fn page_request(raw: &RawPageRequest) -> Record {
    Record::default()
        .hex("nonce", format_args!("{:016x}", raw.nonce.get()))
        .hex("cookie", format_args!("{:016x}", raw.cookie.get()))
        .with("cursor", raw.cursor.get())
        .with("pages", raw.pages)
}

pub(super) fn page(raw: &RawPage) -> Record {
    Record::default()
        .hex("nonce", format_args!("{:016x}", raw.nonce.get()))
        .with("cursor", raw.cursor.get())
        .with("next", raw.next.get())
        .with("end", raw.end.get())
}

pub(super) fn sums(raw: &RawSums) -> Vec<Record> {
    let filled = raw.sums.iter().enumerate().filter(|(_, sum)| sum.get() != 0);
    let show = |(i, sum): (usize, u64)| Record::default().with("bucket", i).hex("sum", format_args!("{sum:016x}"));
    filled.map(|(i, sum)| show((i, sum.get()))).collect()
}
