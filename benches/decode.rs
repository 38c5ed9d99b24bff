//! How long until a datagram's bytes are checked views? Header, checksum, structure and values of every section.
//!
//! Measured: `Datagram::parse`, `Datagram::open` (XXH3-64 over the whole datagram) and one walk over the records, as the
//! node does for each datagram of a known member, without the node. Input: a quiet ping (52 bytes), a datagram of 48
//! claims (1,200 bytes), a datagram of as many profiles as fit, names of 10 bytes. Unit per element: one datagram for the
//! ping, one record for the others.

#![allow(missing_docs, reason = "`criterion_group!` writes a public function without a doc")]

mod support;

use std::hint::black_box;

use bruit::wire::{Binding, Datagram, Section};
use bruit::{Input, Rng};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use support::cluster::{Batch, Cluster};

/// Reads the datagram to its last record and says how many there were.
fn read(bytes: &[u8], binding: &Binding) -> usize {
    let datagram = Datagram::parse(black_box(bytes)).expect("a whole header");
    let mut records = 0;
    for section in datagram.open(binding).expect("a whole datagram") {
        match section {
            Section::Claims(claims) => {
                for claim in claims {
                    black_box(claim.get());
                    records += 1;
                }
            }
            Section::Profiles(profiles) => {
                for profile in profiles {
                    black_box(profile);
                    records += 1;
                }
            }
            Section::Ping(ping) => {
                black_box(ping.nonce);
                records += 1;
            }
            other => panic!("no such section in this bench: {other:?}"),
        }
    }
    records
}

fn one(c: &mut Criterion, name: &str, batch: &Batch, cluster: &Cluster) {
    let Some(Input::Datagram { from, bytes }) = batch.inputs().next() else {
        panic!("a batch of one datagram");
    };
    let binding = cluster.binding_from(from);
    let records = read(bytes, &binding);
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(records as u64));
    group.bench_function(format!("{name} ({records} in {} B)", bytes.len()), |b| b.iter(|| read(bytes, &binding)));
    group.finish();
}

fn decode(c: &mut Criterion) {
    let mut cluster = Cluster::quiet(100);
    let mut dice = Rng::from_seed(1);
    let ping = cluster.pings(1, &mut dice);
    let claims = cluster.redundant_claims(1, &mut dice);
    let (profiles, _) = cluster.profiles();
    one(c, "ping", &ping, &cluster);
    one(c, "claims", &claims, &cluster);
    one(c, "profiles", &profiles, &cluster);
}

criterion_group!(benches, decode);
criterion_main!(benches);
