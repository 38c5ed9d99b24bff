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
    // Nothing is expected to happen: on average a node sends what it sends in quiet. News is told sixteen times, in rounds of three.
    let traffic = |key: &str| number(&doc, &format!("/traffic/{key}"));
    assert_eq!(number(&doc, "/bytes_per_node_s"), traffic("quiet/bytes_per_node_s"));
    assert_eq!((traffic("news/bytes_per_node_s"), traffic("piece/bytes_per_node")), (0.0, 16.0 * 72.0));
    assert_eq!(traffic("rounds/bytes_per_node_s"), 3.0 * 72.0 / 2.0);
    assert!((number(&doc, "/bytes_cluster_s") / number(&doc, "/bytes_per_node_s") - 1000.0).abs() < 1e-6);
    assert!(doc["recommended"].is_null() && doc["binding"].is_null());
}

#[test]
fn one_interval_is_that_of_all_gossip_and_what_is_not_given_gives_way_to_it() {
    let inputs = |args: &[&str]| {
        let doc = plan(args);
        ["interval_s", "probe_interval_s", "pause_to_forgive_s"].map(|key| number(&doc, &format!("/inputs/{key}")))
    };
    assert_eq!(inputs(&[]), [0.1, 1.0, 1.0], "the profile's");
    assert_eq!(inputs(&["--interval", "2s"]), [2.0; 3]);
    assert_eq!(inputs(&["--probe-interval", "50ms"]), [0.05, 0.05, 1.0]);
    // Detection waits for rounds of news: what is found for a demand is described as it was found.
    let found = plan(&["--detect-within", "20s", "--confidence", "0.95"]);
    let given = ["interval_s", "probe_interval_s"].map(|key| format!("{}s", number(&found, &format!("/inputs/{key}"))));
    let whole = |key: &str| found["inputs"][key].to_string();
    let [fanout, helpers] = ["fanout", "helpers"].map(whole);
    let [interval, probe_interval] = &given;
    let args = ["--interval", interval, "--probe-interval", probe_interval, "--fanout", &fanout, "--helpers", &helpers];
    assert_eq!(plan(&args)["detect"], found["detect"]);
    // Rounds of news are what a suspicion waits for.
    let all_know = |interval| number(&plan(&["--nodes", "200", "--interval", interval]), "/detect/all_know_s/p50");
    assert!(all_know("1s") > all_know("100ms") + 10.0, "{} {}", all_know("1s"), all_know("100ms"));
}

#[test]
fn hardly_anything_arrives_and_the_whole_course_is_told() {
    let doc = plan(&["--loss", "0.999"]);
    assert_eq!(doc["dissemination"]["piggyback_only_99_s"], Value::Null);
    let coverage = doc["spread"]["coverage"].as_array().expect("a list");
    let (first, last) = (&coverage[0], &coverage[coverage.len() - 1]);
    assert!((50..=62).contains(&coverage.len()), "{}", coverage.len());
    assert_eq!((number(first, "/round"), number(last, "/round")), (0.0, number(&doc, "/spread/rounds/1/p99")));
    assert!(number(last, "/mean") > 0.999, "{last}");
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
    assert!((19.0..=20.0).contains(&reached), "{reached}");
    // All figures are those of what is recommended.
    for (input, recommended) in [
        ("/inputs/probe_interval_s", "/recommended/probe_interval_s"),
        ("/inputs/interval_s", "/recommended/gossip_interval_s"),
        ("/inputs/fanout", "/recommended/fanout"),
        ("/inputs/helpers", "/recommended/helpers"),
        ("/bytes_per_node_s", "/recommended/bytes_per_node_s"),
        ("/traffic/quiet/bytes_per_node_s", "/recommended/quiet_bytes_per_node_s"),
    ] {
        assert_eq!(number(&doc, input), number(&doc, recommended), "{input}");
    }
    let expecting = plan(&[&demand[..], &["--news-per-second", "1"]].concat());
    let at = |key: &str| number(&expecting, &format!("/recommended/{key}"));
    assert!(at("quiet_bytes_per_node_s") + 300.0 < at("bytes_per_node_s"), "{expecting}");
    assert!(
        at("busy_bytes_per_node_s") < number(&doc, "/recommended/busy_bytes_per_node_s"),
        "calmer rounds: {expecting}"
    );
    let out = bruit(&[&["plan"], &demand[..]].concat(), "");
    assert!(out.code == 0 && out.stdout.starts_with("everybody knows that a silent host is dead within "), "{out:?}");
    assert!(out.stdout.contains("the 20 s decide: whatever costs less is too slow"), "{}", out.stdout);
}

#[test]
fn what_is_given_is_kept_and_costs_more() {
    let demand = ["--detect-within", "20s"];
    let free = number(&plan(&demand), "/recommended/quiet_bytes_per_node_s");
    let given = ["--fanout", "6", "--interval", "900ms", "--helpers", "2"];
    let doc = plan(&[&demand[..], &given[..]].concat());
    let kept = ["fanout", "gossip_interval_s", "helpers"].map(|key| number(&doc, &format!("/recommended/{key}")));
    assert_eq!(kept, [6.0, 0.9, 2.0]);
    let few = plan(&["--nodes", "3", "--detect-within", "20s"]);
    assert!(number(&few, "/recommended/fanout") <= 2.0, "{few}");
    assert!(number(&doc, "/recommended/quiet_bytes_per_node_s") > free, "{doc}");
}

#[test]
fn news_may_be_promised_alone_and_to_a_share() {
    let to_all = plan(&["--know-within", "5s", "--loss", "0.01"]);
    let to_most = plan(&["--know-within", "5s", "--loss", "0.01", "--coverage", "0.99"]);
    for doc in [&to_all, &to_most] {
        assert_eq!((&doc["binding"], &doc["recommended"]["reached_s"]), (&"know_within".into(), &Value::Null));
        assert!((4.5..=5.0).contains(&number(doc, "/recommended/known_s")), "{doc}");
    }
    assert_eq!(number(&to_most, "/recommended/known_s"), number(&to_most, "/spread/seconds/0.99/p99"));
    let busy = |doc| number(doc, "/recommended/busy_bytes_per_node_s");
    assert!(busy(&to_most) < busy(&to_all));
    let out = bruit(&["plan", "--know-within", "5s", "--coverage", "0.99"], "");
    assert!(out.stdout.starts_with("news is known to 99 % of the living within "), "{}", out.stdout);
}

#[test]
fn an_impossible_demand_ends_with_4_and_the_nearest_that_can_be_had() {
    let cases: [(&[&str], &str, &str); 7] = [
        (
            &["--detect-within", "9999s", "--max-bytes-per-node", "50"],
            "max_bytes_per_node",
            "raise --max-bytes-per-node to 74 at least",
        ),
        (
            &["--detect-within", "9999s", "--max-false-positives", "0", "--loss", "0.1"],
            "max_false_positives",
            "raise --max-false-positives to 6.5e-13 at least",
        ),
        (&["--detect-within", "1s"], "pause_to_forgive", "lower --pause-to-forgive to 640ms, or"),
        (
            &["--detect-within", "20s", "--max-bytes-per-node", "220"],
            "max_bytes_per_node",
            "raise --max-bytes-per-node",
        ),
        (&["--detect-within", "60s", "--loss", "0.5"], "max_false_positives", "raise --max-false-positives"),
        (&["--detect-within", "50ms"], "detect_within", "ask for more time"),
        (&["--know-within", "10ms"], "know_within", "ask for more time"),
    ];
    for (args, binding, advice) in cases {
        let out = bruit(&[&["plan", "--json"], args].concat(), "");
        let doc = out.json();
        assert_eq!(
            (out.code, &doc["binding"], &doc["recommended"]["met"]),
            (4, &binding.into(), &false.into()),
            "{args:?}"
        );
        let reached = ["reached_s", "known_s"].iter().find_map(|key| doc["recommended"][key].as_f64());
        assert!(reached.is_some_and(|t| t > 0.05), "{doc}");
        let said_which_would_do = !doc["recommended"]["pause_to_forgive_max_s"].is_null();
        assert_eq!(said_which_would_do, binding == "pause_to_forgive", "{doc}");
        assert!(out.stderr.contains("the nearest that can be had: ") && out.stderr.contains(advice), "{}", out.stderr);
        let out = bruit(&[&["plan"], args].concat(), "");
        assert_eq!((out.code, out.stdout.as_str()), (4, ""), "{args:?}");
    }
    let out = bruit(&["plan", "--detect-within", "1s", "--pause-to-forgive", "640ms"], "");
    assert_eq!(out.code, 0, "{}", out.stderr);
}

#[test]
fn what_makes_no_sense_ends_with_2_and_says_why() {
    let cases: [(&[&str], &str); 21] = [
        (&["--news-per-second=-1"], "it can be 0 to 1000000"),
        (&["--detect-within", "9s", "--coverage", "0"], "coverage is 0"),
        (&["--know-within", "9s", "--max-false-positives", "1"], "--detect-within"),
        (&["--detect-within", "9s", "--interval", "2s", "--pause-to-forgive", "1s"], "is above pause_to_forgive"),
        (&["--interval", "2s", "--probe-interval", "1s"], "`gossip_interval` is --interval here"),
        (&["--loss", "-0.1"], "loss is -0.1; it can be 0 to 1"),
        (&["--mtu", "0"], "it can be 68 to 65535"),
        (&["--interval", "0s"], "it can be 1us to 1day"),
        (&["--nodes", "10", "--dead", "0.9"], "it must leave at least two nodes alive"),
        (&["--mode", "pull", "--loss", "0.99", "--fanout", "1", "--timing", "event"], "it must be 0.002 at least"),
        (&["--loss", "1"], "with a loss of 1 nothing ever arrives"),
        (&["--loss", "1.5"], "loss is 1.5; it can be 0 to 1"),
        (&["--dead", "1"], "with a dead share of 1 nobody is left"),
        (&["--nodes", "1"], "nodes is 1; it can be 2 to 1048576"),
        (&["--nodes", "3", "--fanout", "3"], "there are only 2 others"),
        (&["--mode", "shout"], "one of push, pull, push-pull is expected"),
        (&["--helpers", "99"], "helpers is 99; it can be 0 to 8"),
        (&["--confidence", "0.9"], "--detect-within <TIME>|--know-within <TIME>"),
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
    assert!(rows.iter().all(|row| row["inputs"]["fanout"].as_f64() == row["value"].as_f64()), "{doc}");
    // The rounds are the same whatever they last.
    let out = bruit(&["plan", "--sweep", "interval=100ms,1s,10s", "--svg", path], "");
    let picture = std::fs::read_to_string(&svg).expect("written");
    assert!(out.code == 0 && picture.contains("interval, s") && picture.contains(">seconds<"), "{picture}");
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
    let out = bruit(&["plan", "--payload", "100kB"], "");
    assert!(out.stdout.contains("100 kB do not go into one datagram: UDP takes 65507 bytes."), "{}", out.stdout);
}
