//! Do the measurements measure? Each that needs neither root nor an agent, as small as it gets, by its exit code and its
//! document. Counts are asserted, times are not.

use std::process::Command;

use serde_json::Value;

fn lab(args: &[&str]) -> Value {
    let out = Command::new(env!("CARGO_BIN_EXE_bruit-lab")).args(args).arg("--json").output().expect("it runs");
    let document = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{document}{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_str(&document).expect("one document")
}

#[test]
fn a_quiet_cluster_is_counted_and_allocates_nothing() {
    let document = lab(&["quiet", "--nodes", "3", "--seconds", "2", "--profile", "local"]);
    assert_eq!(document["allocations"], 0, "{document}");
    assert!(document["per_node_and_second"]["datagrams_sent"].as_f64() > Some(0.0), "{document}");
}

#[test]
fn a_storm_ends_with_all_seeing_all_on_one_core() {
    let document = lab(&["storm", "--nodes", "5", "--runs", "2", "--watch", "1", "--pin"]);
    assert_eq!(document["all_see_all_ms"]["count"], 2, "{document}");
}

#[test]
fn a_crash_is_known_to_all_and_the_crashed_comes_back() {
    for evidence in [&[][..], &["--no-evidence"]] {
        let document = lab(&[&["kill", "--nodes", "5", "--runs", "1", "--profile", "local"], evidence].concat());
        assert_eq!(document["all_know_ms"]["count"], 1, "{document}");
        assert_eq!(document["back_ms"]["count"], 1, "{document}");
    }
}

#[test]
fn a_newcomer_holds_the_whole_state() {
    let document = lab(&["newcomer", "--nodes", "4", "--keys", "50", "--runs", "2", "--profile", "local"]);
    assert_eq!((document["keys"].as_u64(), document["state_bytes"].as_u64()), (Some(150), Some(150 * 72)));
    let runs = document["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run["held_ms"].is_f64() && run["bytes"].as_u64() > Some(150 * 72)), "{runs:?}");
}

#[test]
fn a_rumor_is_heard_by_all_once_both_at_once_and_by_rounds() {
    let document = lab(&["rumor", "--nodes", "5", "--runs", "2", "--profile", "local"]);
    for class in ["urgent", "rounds"] {
        assert_eq!(document[class]["all_have_it_ms"]["count"], 2, "{document}");
        assert!(document[class]["copies_per_node"].as_f64() >= Some(1.0), "{document}");
    }
}

#[test]
fn without_an_agent_the_reader_is_told_how_to_build_one() {
    let out = Command::new(env!("CARGO_BIN_EXE_bruit-lab")).args(["rss", "--bin", "/nonexistent/bruit"]).output();
    let out = out.expect("it runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(1) && said.contains("cargo build --release -p bruit-cli"), "{said}");
}
