//! Rumors: what is said, who has which, who lacks which.

use bruit::wire::{Digest, RawRumorSync, Rumor, RumorIds};

use super::{Record, nonce};

pub(super) fn rumor(rumor: &Rumor<'_>) -> Record {
    Record::default()
        .hex("origin", rumor.id.origin)
        .hex("boot", format_args!("........{:08x}", rumor.id.boot))
        .with("sequence", rumor.id.sequence)
        .hex("topic", rumor.topic)
        .with("class", rumor.class.name())
        .with("asks", rumor.asks)
        .with("age_us", rumor.age_us)
        .with("hops", rumor.hops)
        .with("bytes", rumor.payload.len())
}

pub(super) fn digest(digest: &Digest) -> Record {
    Record::default()
        .hex("origin", digest.origin)
        .hex("boot", format_args!("........{:08x}", digest.boot))
        .with("complete", digest.complete)
        .with("ahead", digest.ahead)
        .with("kept", digest.kept)
        .hex("seen", format_args!("{:016x}", digest.seen))
}

pub(super) fn ids(ids: &RumorIds) -> Record {
    Record::default()
        .hex("origin", ids.origin)
        .hex("boot", format_args!("........{:08x}", ids.boot))
        .with("sequences", ids.sequences().collect::<Vec<_>>())
}

pub(super) fn sync(raw: &RawRumorSync) -> Record {
    nonce(raw.nonce.get()).hex("from", format_args!("{:016x}", raw.from.get()))
}
