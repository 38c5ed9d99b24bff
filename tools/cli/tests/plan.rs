//! What does `bruit plan` say? Keys, exit codes, demands that can and cannot be met, and mistakes.

mod common;

use common::{bruit, scratch};
use serde_json::Value;

fn plan(args: &[&str]) -> Value {
    let out = bruit(&[&["plan", "--json"], args].concat(), "");
    assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{args:?}");
    out.json()
}

fn number(doc: &Value, path: &str) -> f64 {
    doc.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {doc}"))
}

#[test]
fn every_key_is_there_and_says_what_it_should() {
    let doc = plan(&[
        "--nodes",
        "1000",
        "--fanout",
        "3",
        "--mode",
        "push",
        "--interval",
        "2s",
        "--loss",
        "0.01",
        "--dead",
        "0",
    ]);
    assert_eq!(doc["schema"], 1);
    assert_eq!(
        (&doc["inputs"]["nodes"], &doc["inputs"]["mode"], &doc["inputs"]["timing"]),
        (&1000.into(), &"push".into(), &"rounds".into())
    );
    for goal in ["0.99", "0.999", "1"] {
        for quantile in ["p50", "p99", "mean"] {
            let rounds = number(&doc, &format!("/spread/rounds/{goal}/{quantile}"));
            let seconds = number(&doc, &format!("/spread/seconds/{goal}/{quantile}"));
            assert!((seconds - 2.0 * rounds).abs() < 1e-9, "{goal} {quantile}: {rounds} rounds, {seconds} s");
        }
    }
    assert_eq!((number(&doc, "/spread/rounds/1/p50"), number(&doc, "/spread/rounds/1/p99")), (8.0, 10.0));
    for milestone in ["first_s", "dead_s", "all_know_s"] {
        let at = |quantile| number(&doc, &format!("/detect/{milestone}/{quantile}"));
        assert!(0.0 < at("p50") && at("p50") < at("p99"), "{milestone}");
    }
    let numbers = [
        "false_positives_per_node_hour",
        "bytes_per_node_s",
        "bytes_cluster_s",
        "datagrams_per_node_s",
        "memory_bytes",
    ];
    assert!(numbers.iter().all(|key| number(&doc, &format!("/{key}")) > 0.0), "{doc}");
    assert!((number(&doc, "/bytes_cluster_s") / number(&doc, "/bytes_per_node_s") - 1000.0).abs() < 1e-6);
    assert!(doc["recommended"].is_null() && doc["binding"].is_null());
}

#[test]
fn timing_says_which_of_the_two_it_is() {
    let rounds = plan(&["--timing", "rounds"]);
    let event = plan(&["--timing", "event"]);
    let mean = |doc: &Value| number(doc, "/spread/rounds/1/mean");
    assert!(
        (mean(&rounds) - 8.2).abs() < 0.1 && (mean(&event) - 5.0).abs() < 0.1,
        "{} {}",
        mean(&rounds),
        mean(&event)
    );
    assert_eq!((&rounds["spread"]["timing"], &event["spread"]["timing"]), (&"rounds".into(), &"event".into()));
    for (timing, said) in
        [("rounds", "rounds, all at once, until"), ("event", "intervals, each in its own phase, until")]
    {
        let out = bruit(&["plan", "--timing", timing], "");
        assert!(out.code == 0 && out.stdout.contains(said), "{out:?}");
    }
}

#[test]
fn a_demand_that_can_be_met_is_met_at_the_least_cost() {
    let demand = ["--nodes", "1000", "--detect-within", "20s", "--confidence", "0.95"];
    let doc = plan(&demand);
    assert_eq!((&doc["recommended"]["met"], &doc["binding"]), (&true.into(), &"detect_within".into()));
    let reached = number(&doc, "/recommended/reached_s");
    assert!((15.0..=20.0).contains(&reached), "{reached}");
    assert_eq!(number(&doc, "/inputs/probe_interval_s"), number(&doc, "/recommended/probe_interval_s"));
    let out = bruit(&[&["plan"], &demand[..]].concat(), "");
    assert!(out.code == 0 && out.stdout.starts_with("everybody knows that a silent host is dead within "), "{out:?}");
}

#[test]
fn an_impossible_demand_ends_with_4_and_the_nearest_that_can_be_had() {
    let cases: [(&[&str], &str, &str); 2] = [
        (&["--detect-within", "1s"], "pause_to_forgive", "lower --pause-to-forgive"),
        (
            &["--detect-within", "20s", "--max-bytes-per-node", "220"],
            "max_bytes_per_node",
            "raise --max-bytes-per-node",
        ),
    ];
    for (args, binding, advice) in cases {
        let out = bruit(&[&["plan", "--json"], args].concat(), "");
        let doc = out.json();
        assert_eq!(
            (out.code, &doc["binding"], &doc["recommended"]["met"]),
            (4, &binding.into(), &false.into()),
            "{args:?}"
        );
        assert!(number(&doc, "/recommended/reached_s") > 1.0, "{doc}");
        assert!(out.stderr.contains("the nearest that can be had: ") && out.stderr.contains(advice), "{}", out.stderr);
        let out = bruit(&[&["plan"], args].concat(), "");
        assert_eq!((out.code, out.stdout.as_str()), (4, ""), "{args:?}");
    }
}

#[test]
fn what_makes_no_sense_ends_with_2_and_says_why() {
    let cases: [(&[&str], &str); 14] = [
        (&["--interval", "0s"], "it can be 1us to 1day"),
        (&["--nodes", "10", "--dead", "0.9"], "the number of living members is 1; it can be 2 to 1048576"),
        (&["--mode", "pull", "--loss", "0.99", "--fanout", "1", "--timing", "event"], "it must be 0.002 at least"),
        (&["--loss", "1"], "with a loss of 1 nothing ever arrives"),
        (&["--loss", "1.5"], "loss is 1.5; it can be 0 to 1"),
        (&["--dead", "1"], "with a dead share of 1 nobody is left"),
        (&["--nodes", "1"], "nodes is 1; it can be 2 to 10000000"),
        (&["--nodes", "3", "--fanout", "3"], "there are only 2 others"),
        (&["--mode", "shout"], "one of push, pull, push-pull is expected"),
        (&["--helpers", "99"], "helpers is 99; it can be 0 to 8"),
        (&["--confidence", "0.9"], "--detect-within"),
        (&["--detect-within", "9s", "--confidence", "1"], "confidence is 1"),
        (&["--sweep", "colour=1..2"], "`colour` cannot be swept"),
        (&["--sweep", "fanout=2..4", "--detect-within", "9s"], "cannot be used with"),
    ];
    for (args, said) in cases {
        let out = bruit(&[&["plan"], args].concat(), "");
        assert_eq!(out.code, 2, "{args:?}: {out:?}");
        assert!(out.stderr.contains(said), "{args:?}: {}", out.stderr);
    }
}

#[test]
fn a_sweep_is_a_table_a_document_and_a_picture() {
    let svg = scratch("plan").join("sweep.svg");
    let path = svg.to_str().expect("a plain path");
    let args = ["plan", "--sweep", "fanout=2..10", "--svg", path];
    let out = bruit(&args, "");
    assert_eq!((out.code, out.stdout.lines().count()), (0, 10), "{out:?}");
    let picture = std::fs::read_to_string(&svg).expect("written");
    assert!(picture.starts_with("<svg ") && picture.contains("fanout") && picture.contains("all, p99"), "{picture}");
    let doc = plan(&args[1..]);
    let rows = doc["rows"].as_array().expect("rows");
    assert_eq!((&doc["schema"], &doc["sweep"], rows.len()), (&1.into(), &"fanout".into(), 9));
    let means: Vec<f64> = rows.iter().map(|row| number(row, "/spread/rounds/1/mean")).collect();
    assert!(means.windows(2).all(|w| w[0] > w[1]), "more calls, fewer rounds: {means:?}");
    let out = bruit(&["plan", "--svg", "/nonexistent/x.svg"], "");
    assert!(out.code == 1 && out.stderr.contains("cannot write /nonexistent/x.svg"), "{out:?}");
}

#[test]
fn a_payload_beyond_a_frame_is_told_in_fragments_and_in_datagrams() {
    let args = ["--fanout", "4", "--payload", "10KB", "--loss", "0.01"];
    let doc = plan(&args);
    assert_eq!((&doc["payload"]["whole"]["fragments"], &doc["payload"]["pages"]), (&7.into(), &9.into()));
    assert!((number(&doc, "/payload/whole/lost") - (1.0 - 0.99_f64.powi(7))).abs() < 1e-9);
    let out = bruit(&[&["plan"], &args[..]].concat(), "");
    assert!(out.stdout.contains("10.0 kB in one datagram are 7 fragments at an MTU of 1500"), "{}", out.stdout);
}
