//! Does `bruit sim swarm` say what it played, and is another process's run the same?

mod common;

use bruit::sim::swarm::{Setup, Size, run};
use common::bruit;
use serde_json::Value;

#[test]
fn another_process_plays_the_same_histories() {
    let out = bruit(&["sim", "swarm", "--seeds", "1..9", "--nodes", "6", "--acts", "12", "--json"], "");
    assert_eq!(out.code, 0, "{out:?}");
    let document: Value = serde_json::from_str(&out.stdout).expect("one document");
    let report = run(&Setup { seeds: 1..9, size: Size { nodes: 6, acts: 12 } }, &|_, _| ());
    assert_eq!(document["trace_hash"], format!("{:016x}", report.trace_hash));
    assert_eq!((&document["schema"], &document["played"]), (&1.into(), &8.into()));
    assert_eq!(document["failed"], Value::Array(vec![]));
    let (group, name, n) = report.coverage.rows().into_iter().find(|(.., n)| *n > 0).expect("something was counted");
    assert_eq!(document["coverage"][group][name], n);
}

#[test]
fn a_person_gets_a_table_that_says_what_was_exercised() {
    let out = bruit(&["sim", "swarm", "--seeds", "4..6", "--nodes", "4", "--acts", "4"], "");
    assert_eq!(out.code, 0, "{out:?}");
    for said in ["network", "suspicions", "plans", "played", "trace hash"] {
        assert!(out.stdout.contains(said), "{said}: {}", out.stdout);
    }
}

#[test]
fn seeds_that_are_no_range_end_with_2() {
    for seeds in ["7", "9..3", "a..b"] {
        let out = bruit(&["sim", "swarm", "--seeds", seeds], "");
        assert_eq!(out.code, 2, "{seeds}: {out:?}");
    }
    assert_eq!(bruit(&["sim", "swarm", "--nodes", "2"], "").code, 2);
}
