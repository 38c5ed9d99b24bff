//! Does a load through running agents arrive, and is it said what cannot be known of them? Real agents on loopback.

mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Agent, bruit, command, end_of, scratch};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// Agents that see each other.
fn cluster<const N: usize>(name: &str) -> [Agent; N] {
    let dir = scratch(name);
    let mut agents = Vec::new();
    for i in 0..N {
        let seeds: Vec<String> = agents.iter().take(1).map(|a: &Agent| a.addr.clone()).collect();
        let seeds: Vec<&str> = seeds.iter().map(String::as_str).collect();
        agents.push(Agent::start(&dir, ["a", "b", "c"][i], &seeds));
    }
    let n = N.to_string();
    assert!(agents.iter().all(|agent| agent.ask(&["wait", "--members", &n]).code == 0));
    agents.try_into().unwrap_or_else(|_| panic!("as many as were started"))
}

#[test]
fn what_the_first_agent_publishes_arrives_at_the_others_and_every_figure_is_there() {
    let [a, b, c] = cluster("load-agents");
    let picture = scratch("load-agents-svg").join("ages.svg");
    let controls = ["--control", &a.control, "--control", &b.control, "--control", &c.control];
    let args = ["load", "--rate", "400", "--duration", "500ms", "--json", "--svg", picture.to_str().expect("a path")];
    let out = bruit(&[&args[..], &controls].concat(), "");
    assert_eq!(out.code, 0, "{out:?}");
    let doc = out.json();
    assert_eq!((&doc["schema"], &doc["agents"]), (&json!(1), &json!(["a", "b", "c"])));
    assert_eq!((&doc["nodes"], &doc["publishers"], &doc["class"]), (&json!(3), &json!(1), &json!("urgent")));
    assert_eq!((&doc["published"], &doc["refused"], &doc["delivered"]), (&json!(200), &json!(0), &json!(400)));
    assert_eq!((&doc["delivered_share"], &doc["lost"], &doc["unread"]), (&json!(1.0), &json!(0), &json!(0)));
    for key in ["age_us", "agent_age_us"] {
        assert_eq!((&doc[key]["count"], &doc[key]["unit"]), (&json!(400), &json!("us")), "{key}: {doc}");
    }
    for key in ["copies_per_node", "datagrams_per_node_s", "bytes_per_node_s", "rumors_per_datagram", "arrived_per_s"] {
        assert!(doc[key].as_f64().is_some_and(|n| n > 0.0), "{key}: {doc}");
    }
    for key in ["kernel_drops", "timer_lateness_p99_us", "timer_lateness_max_us", "latest_us", "duplicates"] {
        assert!(doc[key].is_u64(), "{key}: {doc}");
    }
    for key in ["cpu_us_per_delivery", "refused_because"] {
        assert!(doc[key].is_null(), "{key}: {doc}");
    }
    let counted = if cfg!(feature = "count-alloc") { json!(0) } else { Value::Null };
    assert_eq!(doc["allocations_after_start"], counted);
    let svg = std::fs::read_to_string(&picture).expect("the picture");
    assert!(svg.contains("until it is read") && svg.contains("as agents have it"), "{svg}");
}

#[test]
fn of_one_agent_it_is_told_what_it_takes_and_a_dash_stands_for_what_arrives() {
    let [a] = cluster("load-alone");
    let args = ["load", "--rate", "200", "--duration", "100ms", "--control", &a.control];
    let doc = bruit(&[&args[..], &["--json"]].concat(), "").json();
    assert_eq!((&doc["agents"], &doc["published"], &doc["refused"]), (&json!(["a"]), &json!(20), &json!(0)));
    for key in ["delivered", "delivered_share", "lost", "unread", "copies_per_node", "age_us", "agent_age_us"] {
        assert!(doc[key].is_null() && doc.as_object().is_some_and(|doc| doc.contains_key(key)), "{key}: {doc}");
    }
    let out = bruit(&args, "");
    assert_eq!(out.code, 0, "{out:?}");
    assert!(out.stdout.starts_with("agent a publishes 200 urgent rumors of 64 B a second"), "{}", out.stdout);
    let delivered = out.stdout.lines().find(|line| line.starts_with("delivered")).expect("a row");
    assert!(delivered.ends_with(" -"), "{delivered:?}");
    assert!(out.stdout.lines().all(|line| line.chars().count() <= 80), "{}", out.stdout);
}

#[test]
fn agents_that_cannot_be_loaded_are_named_with_what_to_do() {
    let [a, _b] = cluster("load-refused");
    let dir = scratch("load-strangers");
    let stranger = Agent::start(&dir, "stranger", &[]);
    let alone = Agent::start(&dir, "alone", &["127.0.0.1:9"]);
    assert_eq!(stranger.ask(&["wait", "--members", "1"]).code, 0);
    let nobody = dir.join("none");
    let nobody = nobody.to_str().expect("a path");
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--control", &a.control, "--control", &a.control], 2, "are one agent, `a`"),
        (&["--control", nobody], 3, "no agent has this socket"),
        (&["--control", &a.control, "--control", &stranger.control], 1, "`a` does not see `stranger`"),
        (&["--control", &alone.control], 1, "`alone` is no member yet: it is joining"),
        (&["--control", &a.control, "--size", "1025"], 1, "at most 1024 travel"),
    ];
    for (args, code, said) in cases {
        let out = bruit(&[&["load"], args].concat(), "");
        assert_eq!((out.code, out.stderr.contains(said)), (code, true), "{args:?}: {out:?}");
    }
}

#[test]
fn an_agent_that_goes_away_ends_the_load_with_3() {
    for listener_goes in [true, false] {
        let [a, b] = cluster(if listener_goes { "load-listener" } else { "load-publisher" });
        let args = ["load", "--duration", "60s", "--control", &a.control, "--control", &b.control];
        let mut load = command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        let began = Instant::now();
        while b.ask(&["stat", "--json"]).json()["counters"]["rumors_new"] == json!(0) {
            assert!(began.elapsed() < PATIENCE, "nothing arrives");
            std::thread::sleep(Duration::from_millis(20));
        }
        let (goes, _stays) = if listener_goes { (b, a) } else { (a, b) };
        drop(goes);
        assert_eq!(end_of(&mut load, PATIENCE), Some(3), "the listener goes: {listener_goes}");
    }
}
