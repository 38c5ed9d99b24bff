//! Do the inputs that a fuzzer once found still pass? Both targets over their committed corpus, without a fuzzer.

#[path = "common/cast.rs"]
mod cast;
#[path = "../fuzz/body/decode.rs"]
mod decode;
#[path = "common/envelope.rs"]
mod envelope;
#[path = "common/generate.rs"]
mod generate;
#[path = "../fuzz/body/node.rs"]
mod node;
#[path = "common/open.rs"]
mod open;
#[path = "common/record.rs"]
mod record;
#[path = "common/reseal.rs"]
mod reseal;

use std::path::Path;

use bruit::wire::Kind;
use bruit::{Counters, DropReason};

/// Runs a target over each file of its corpus, in the order of their names; at least `least` of them.
fn replay<T>(target: &str, least: usize, run: fn(&[u8]) -> T) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("a corpus").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    assert!(files.len() >= least, "{} holds {} inputs", folder.display(), files.len());
    let replayed = files.into_iter().map(|file| {
        println!("{}", file.display());
        run(&std::fs::read(file).expect("a readable file"))
    });
    replayed.collect()
}

#[test]
fn every_datagram_of_the_corpus_is_refused_or_can_be_said_again() {
    replay("decode", 30, decode::run);
}

#[test]
fn every_sequence_of_the_corpus_leaves_the_node_whole_and_together_they_reach_everything() {
    let reached = replay("node", 30, node::run);
    let total = |count: &dyn Fn(&Counters) -> u64| reached.iter().map(count).sum::<u64>();
    for &kind in Kind::ALL {
        assert!(total(&|c| c.received(kind)) > 0, "{} is never received", kind.name());
        assert!(total(&|c| c.sent(kind)) > 0, "{} is never sent", kind.name());
    }
    for &reason in DropReason::ALL {
        assert!(total(&|c| c.dropped(reason)) > 0, "nothing is dropped as {}", reason.name());
    }
}
