//! What happens when a person errs? Exit codes and messages, without any agent.

mod common;

use common::{bruit, command, run, scratch};
use serde_json::json;

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let cases: [&[&str]; 12] = [
        &[],
        &["frobnicate"],
        &["agent", "--bind", "nowhere"],
        &["agent", "--tag", "novalue"],
        &["agent", "--profile", "moon"],
        &["agent", "--key-file", "k"],
        &["agent", "--http", "127.0.0.1:1"],
        &["agent", "--state-dir", "d"],
        &["wait"],
        &["wait", "--members", "2", "--state", "zombie"],
        &["join"],
        &["demo", "--nodes", "2"],
    ];
    for args in cases {
        let out = bruit(args, "");
        assert_eq!(out.code, 2, "{args:?}: {out:?}");
        assert!(!out.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn an_invalid_configuration_ends_with_5_and_names_line_and_nearest_key() {
    let dir = scratch("config");
    let file = dir.join("bruit.toml");
    let path = file.to_str().expect("a plain path");
    let cases = [
        (
            "[protocol]\nprob_interval = \"1s\"\n",
            ":2: unknown key `protocol.prob_interval`; the nearest is `protocol.probe_interval`",
        ),
        ("bind = 4100\n", ":1: bind: an address and port like \"10.0.0.1:4100\" is expected, not an integer"),
        ("name = \n", ":1: "),
        ("[protocol]\nfanout = 99\n", "protocol.fanout is 99; it can be 1 to 16"),
        ("[net]\nbatch = 0\n", "net.batch is 0; it can be 1 to 1024"),
        ("[protocol]\nack_ceiling = \"9s\"\n", "protocol.ack_ceiling (9s) is above protocol.probe_interval (1s)"),
        ("name = \"\"\n", "is no name"),
    ];
    for (text, said) in cases {
        std::fs::write(&file, text).expect("a file in our folder");
        for args in [&["config", "check", "--config", path][..], &["agent", "--bind", "127.0.0.1:0", "--config", path]]
        {
            let out = bruit(args, "");
            assert_eq!(out.code, 5, "{text:?} {args:?}: {out:?}");
            assert!(out.stderr.contains(said), "{text:?}: {}", out.stderr);
        }
    }
    assert_eq!(bruit(&["config", "check", "--config", "/nonexistent/x.toml"], "").code, 5);
}

#[test]
fn config_check_shows_what_holds_and_who_said_so() {
    let dir = scratch("check");
    let file = dir.join("bruit.toml");
    std::fs::write(&file, "zone = \"eu\"\n\n[protocol]\nhelpers = 2\n").expect("a file in our folder");
    let mut check = command(&["config", "check", "--json", "--changed", "--name", "n", "--config"]);
    check.arg(&file).env("BRUIT_LEAVE_TIMEOUT", "7s").env("BRUIT_PROFIL", "wan");
    let doc = run(check, "").json();
    assert_eq!((&doc["schema"], &doc["valid"]), (&json!(1), &json!(true)));
    let keys = doc["keys"].as_array().expect("a list");
    let rows: Vec<[&str; 3]> =
        keys.iter().map(|k| ["key", "value", "from"].map(|f| k[f].as_str().expect("text"))).collect();
    assert_eq!(
        rows,
        [
            ["name", "n", "flag"],
            ["zone", "eu", "file, line 1"],
            ["leave_timeout", "7s", "BRUIT_LEAVE_TIMEOUT"],
            ["protocol.helpers", "2", "file, line 4"],
        ]
    );
    assert!(doc["warnings"][0].as_str().is_some_and(|w| w.contains("the nearest name is BRUIT_PROFILE")), "{doc}");
    assert!(doc["memory_bytes"].as_u64().is_some_and(|n| n > 100_000));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = command(&["man"]).stdout(std::process::Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    assert_eq!(common::end_of(&mut child, std::time::Duration::from_secs(60)), Some(0));
}

#[test]
fn completions_and_manual_pages_are_there_for_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let out = bruit(&["completions", shell], "");
        assert!(out.code == 0 && out.stdout.contains("members"), "{shell}");
    }
    for page in [&["man"][..], &["man", "agent"], &["man", "config", "check"]] {
        let out = bruit(page, "");
        assert!(out.code == 0 && out.stdout.contains(".SH NAME"), "{page:?}: {out:?}");
    }
    assert_eq!(bruit(&["man", "nothing"], "").code, 2);
}
