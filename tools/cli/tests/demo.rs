//! Does the demo keep its word? It runs for real here, sockets and all.

mod common;

use common::bruit;
use serde_json::{Value, json};

#[test]
fn every_step_of_the_demo_comes_true_and_the_loops_allocate_nothing() {
    let out = bruit(&["demo", "--json"], "");
    assert_eq!(out.code, 0, "{out:?}");
    let doc = out.json();
    let steps: Vec<(&str, bool)> = doc["steps"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| (s["name"].as_str().expect("a name"), s["ok"].as_bool().expect("a verdict")))
        .collect();
    let names = [
        "all_joined",
        "rumor_heard",
        "shared_key",
        "crash_detected",
        "attribute_gone",
        "restarted",
        "left",
        "name_conflict",
    ];
    assert_eq!(steps, names.map(|n| (n, true)));
    assert!(doc["steps"][0]["took_ms"].is_number() && doc["crash_detected_ms"].is_number());
    assert_eq!((&doc["schema"], &doc["rumor_age_us"]["count"]), (&json!(1), &json!(4)), "all but the one who told it");
    assert!(doc["rumor_age_us"]["max"].as_u64().is_some_and(|us| us > 0), "{doc}");
    for key in ["probe_rtt_us", "round_us"] {
        assert!(doc[key]["count"].as_u64().is_some_and(|n| n > 0), "{key}: {doc}");
    }
    assert!(doc["datagrams"].as_u64().is_some_and(|n| n > 0) && doc["bytes"].as_u64().is_some_and(|n| n > 0));
    assert!(doc["quiet"]["datagrams_per_node_s"].as_f64().is_some_and(|n| n > 0.0));
    let counted = if cfg!(feature = "count-alloc") { json!(0) } else { Value::Null };
    assert_eq!(doc["allocations_after_start"], counted);
}
