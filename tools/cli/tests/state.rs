//! Is what is written on one agent read on all others? Real agents on loopback, and the real commands.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Agent, bruit, command, end_of, run, scratch};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// Three agents, the last in another zone.
fn three(dir: &Path) -> [Agent; 3] {
    let a = Agent::start_with(dir, "a", &[], &["--zone", "eu"]);
    let b = Agent::start_with(dir, "b", &[&a.addr], &["--zone", "eu"]);
    let c = Agent::start_with(dir, "c", &[&a.addr], &["--zone", "us"]);
    let all = [a, b, c];
    assert!(all.iter().all(|agent| agent.ask(&["wait", "--members", "3"]).code == 0));
    all
}

fn until(mut come_true: impl FnMut() -> bool) {
    let began = Instant::now();
    while !come_true() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a command that has to succeed.
fn done(agent: &Agent, args: &[&str]) -> String {
    let out = agent.ask(args);
    assert_eq!(out.code, 0, "{args:?}: {out:?}");
    out.stdout
}

fn json_of(agent: &Agent, args: &[&str]) -> Value {
    let text = done(agent, &[args, &["--json"]].concat());
    let doc: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(doc["schema"], 1, "{args:?}: {doc}");
    doc
}

fn held_by_all(agent: &Agent, args: &[&str]) -> Value {
    let doc = json_of(agent, &[args, &["--wait", "100%", "--timeout", "30s"]].concat());
    assert_eq!((&doc["held"]["held"], &doc["held"]["of"]), (&json!(3), &json!(3)), "{doc}");
    doc
}

/// A running `bruit watch --json` that has said that it watches.
struct Watcher {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watcher {
    fn start(agent: &Agent, args: &[&str]) -> Self {
        let args = [&["watch", "--json", "--control", &agent.control], args].concat();
        let mut child = command(&args).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut watcher = Self { lines: BufReader::new(child.stdout.take().expect("a pipe")), child };
        assert_eq!(watcher.next()["event"], "subscribed");
        watcher
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.expect("kill(1)").success());
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = (self.child.kill(), self.child.wait());
    }
}

#[test]
fn what_one_writes_all_read_until_it_is_unset() {
    let dir = scratch("state");
    let [a, b, c] = three(&dir);
    let written = held_by_all(&a, &["set", "color", "red"]);
    for (key, value) in [("key", json!("color")), ("shared", json!(true)), ("owner", json!("a")), ("version", json!(1))]
    {
        assert_eq!(written[key], value, "{key}: {written}");
    }
    let zones = json!([{"zone": "eu", "held": 2, "of": 2}, {"zone": "us", "held": 1, "of": 1}]);
    assert_eq!((&written["held"]["by_zone"], &written["held"]["met"]), (&zones, &json!(true)));
    assert!(written["held"]["datagrams"].as_u64().is_some_and(|n| n >= 2), "two others were asked");
    for agent in [&a, &b, &c] {
        assert_eq!(done(agent, &["get", "color"]), "red\n");
    }
    let got = json_of(&c, &["get", "color"]);
    let expected =
        [("value", json!("red")), ("owner", json!("a")), ("rule", json!("conflict")), ("conflict", json!(false))];
    expected.into_iter().for_each(|(key, value)| assert_eq!(got[key], value, "{key}: {got}"));
    assert!(got["age_ms"].is_u64() && got["writers"][0]["writer"] == "a", "{got}");

    // Attributes have a name of their own beside the shared key's.
    held_by_all(&b, &["set", "color", "green", "--mine", "--ttl", "1h", "--class", "urgent"]);
    assert_eq!(done(&c, &["get", "color", "--of", "b"]), "green\n");
    assert_eq!(
        (done(&b, &["get", "color", "--mine"]), done(&b, &["get", "color"])),
        ("green\n".into(), "red\n".into())
    );
    let listed = json_of(&a, &["keys", "col"])["keys"].clone();
    let listed: Vec<_> =
        listed.as_array().expect("a list").iter().map(|key| (&key["shared"], &key["ttl_ms"])).collect();
    assert_eq!(listed, [(&json!(true), &Value::Null), (&json!(false), &json!(3_600_000))]);
    assert!(done(&a, &["keys"]).contains("2 keys, 1 of them shared, as a holds them"));
    assert_eq!(json_of(&a, &["keys", "--of", "b"])["keys"].as_array().map(Vec::len), Some(1));

    // Whoever has seen it may unset it, and then there is none.
    done(&c, &["unset", "color"]);
    until(|| a.ask(&["get", "color"]).code == 1);
    assert_eq!((a.ask(&["unset", "color"]).code, c.ask(&["unset", "color", "--mine"]).code), (1, 1));
    done(&b, &["unset", "color", "--mine"]);
    until(|| c.ask(&["get", "color", "--of", "b"]).code == 1);
}

#[test]
fn counters_are_summed_sets_are_united_and_bytes_stay_what_they_are() {
    let dir = scratch("state-rules");
    let [a, b, c] = three(&dir);
    for (agent, n) in [(&a, "5"), (&b, "-2"), (&c, "4")] {
        held_by_all(agent, &["set", "n", "--add", n]);
        held_by_all(agent, &["set", "names", "--insert", n]);
    }
    held_by_all(&b, &["set", "names", "--remove", "5"]);
    for agent in [&a, &b, &c] {
        assert_eq!((done(agent, &["get", "n"]), done(agent, &["get", "names"])), ("7\n".into(), "-2\n4\n".into()));
    }
    assert_eq!(json_of(&a, &["get", "names"])["elements"], json!([{"value": "-2"}, {"value": "4"}]));
    held_by_all(&a, &["set", "top", "9", "--rule", "max"]);
    held_by_all(&b, &["set", "top", "10"]);
    held_by_all(&c, &["set", "top", "3"]);
    assert_eq!(done(&a, &["get", "top"]), "10\n");
    held_by_all(&a, &["set", "low", "-5", "--rule", "min"]);
    assert_eq!(done(&b, &["get", "low"]), "-5\n");
    let input = command(&["set", "text", "-", "--control", &a.control]);
    assert_eq!(run(input, "two\nlines").code, 0);
    assert_eq!(
        (done(&a, &["get", "text", "--raw"]), done(&a, &["get", "text"])),
        ("two\nlines".into(), "two\nlines\n".into())
    );
    for (agent, load) in [(&a, "0.5"), (&b, "1.5"), (&c, "none")] {
        held_by_all(agent, &["set", "load", load, "--mine"]);
    }
    let all = json_of(&c, &["agg", "load", "--by-zone"]);
    let figures = |of: &Value| ["count", "sum", "mean", "min", "max", "p50", "p99"].map(|name| of[name].as_f64());
    let expected = [2.0, 2.0, 1.0, 0.5, 1.5, 0.5, 1.5].map(Some);
    assert_eq!((figures(&all), &all["not_numbers"]), (expected, &json!(1)));
    assert_eq!((&all["by_zone"][0]["zone"], figures(&all["by_zone"][0])), (&json!("eu"), expected));
    assert_eq!(a.ask(&["agg", "nothing"]).code, 1);
}

#[test]
fn concurrent_writes_are_a_conflict_with_all_values_until_somebody_writes_over_them() {
    let dir = scratch("state-conflict");
    let [a, b] = ["a", "b"].map(|name| Agent::start(&dir, name, &[]));
    for (agent, value) in [(&a, "left"), (&b, "right")] {
        done(agent, &["wait", "--members", "1"]);
        done(agent, &["set", "way", value]);
    }
    assert_eq!(done(&a, &["conflicts"]), "no shared key is in conflict\n");
    let mut watcher = Watcher::start(&b, &["way"]);
    assert_eq!((&watcher.next()["value"], &watcher.next()["event"]), (&json!("right"), &json!("current")));
    done(&b, &["join", &a.addr]);
    until(|| {
        [&a, &b].iter().all(|agent| json_of(agent, &["conflicts"])["keys"].as_array().is_some_and(|k| k.len() == 1))
    });
    let seen = watcher.next();
    assert_eq!((&seen["event"], &seen["key"], &seen["conflict"]), (&json!("changed"), &json!("way"), &json!(true)));
    for agent in [&a, &b] {
        let got = json_of(agent, &["get", "way"]);
        let mut values: Vec<_> =
            got["writers"].as_array().expect("a list").iter().map(|w| w["value"].as_str()).collect();
        values.sort_unstable();
        assert_eq!(values, [Some("left"), Some("right")]);
        assert_eq!((&got["conflict"], &got["value"]), (&json!(true), &Value::Null));
        let text = done(agent, &["get", "way"]);
        assert!(
            text.starts_with("in conflict: 2 values stand") && text.contains("left") && text.contains("right"),
            "{text}"
        );
    }
    done(&a, &["set", "way", "up"]);
    until(|| done(&b, &["get", "way"]) == "up\n");
    assert_eq!(json_of(&b, &["conflicts"])["keys"], json!([]));
    assert_eq!(watcher.next()["value"], "up");
}

#[test]
fn who_stands_still_is_named_and_a_wait_in_vain_ends_with_4() {
    let dir = scratch("state-wait");
    let [a, b, c] = three(&dir);
    held_by_all(&a, &["set", "k", "1"]);
    let traced = json_of(&b, &["trace", "k"]);
    let holders = traced["writes"][0]["members"].as_array().expect("a list");
    let holders: Vec<_> = holders.iter().map(|m| (m["name"].as_str(), &m["holds"], &m["zone"])).collect();
    let yes = &json!(true);
    assert_eq!(
        holders,
        [(Some("b"), yes, &json!("eu")), (Some("a"), yes, &json!("eu")), (Some("c"), yes, &json!("us"))]
    );
    until(|| {
        let views = json_of(&a, &["views"]);
        let differs = views["members"].as_array().expect("a list").iter().filter(|m| m["differs"] != json!([])).count();
        views["answered"] == 3 && differs == 0
    });
    let views = json_of(&a, &["views", "--peers", "1"]);
    assert!(views["answered"].as_u64().is_some_and(|n| n >= 2), "{views}");
    assert_eq!(views["majority"]["state"], json_of(&a, &["info"])["fingerprints"]["state"]);
    assert!(done(&a, &["views"]).contains("3 of 3 answered a"));

    c.signal("STOP");
    let out = a.ask(&["set", "k", "2", "--wait", "100%", "--timeout", "20ms", "--json"]);
    let doc = out.json();
    c.signal("CONT");
    assert_eq!((out.code, &doc["held"]["met"]), (4, &json!(false)), "{out:?}");
    assert!(out.stderr.contains("it is written and goes on spreading"), "{out:?}");
    // A share that the two others make up is met all the same.
    until(|| c.ask(&["get", "k"]).stdout == "2\n");
    assert_eq!(a.ask(&["set", "k", "3", "--wait", "0.6", "--timeout", "30s"]).code, 0);
}

#[test]
fn a_question_ends_when_whoever_asked_it_has_gone() {
    let dir = scratch("state-gone");
    let [a, b, c] = three(&dir);
    held_by_all(&a, &["set", "k", "1"]);
    let surveys = || json_of(&a, &["stat"])["sent"]["survey"].as_u64().unwrap_or_default();
    c.signal("STOP");
    let before = surveys();
    let mut asks = command(&["trace", "k", "--timeout", "10m", "--control", &a.control]);
    let mut asks = asks.stdout(Stdio::null()).spawn().expect("bruit runs");
    until(|| surveys() > before);
    asks.kill().expect("it runs");
    asks.wait().expect("it has ended");
    // Only one is asked at a time: the next one has its turn long before ten minutes are over.
    until(|| a.ask(&["views", "--timeout", "100ms"]).code == 0);
    c.signal("CONT");
    assert_eq!(b.ask(&["trace", "k"]).code, 0);
}

#[test]
fn a_key_that_is_no_text_is_spelled_with_escapes_wherever_it_is_named() {
    let dir = scratch("state-spelled");
    let [a, b, _c] = three(&dir);
    for key in ["\\xffraw\\x00", "C:\\\\x41"] {
        held_by_all(&a, &["set", key, "1"]);
        held_by_all(&a, &["set", key, "2", "--mine"]);
        assert_eq!((done(&b, &["get", key]), done(&b, &["get", key, "--of", "a"])), ("1\n".into(), "2\n".into()));
        assert_eq!(done(&b, &["keys", key]).matches(key).count(), 2, "listed as it is spelled");
        assert_eq!(json_of(&b, &["agg", key])["sum"], 2.0);
        assert_eq!(json_of(&b, &["trace", key])["writes"][0]["held"], 3);
    }
    let mut watcher = Watcher::start(&b, &["\\xff"]);
    let state = watcher.next();
    assert_eq!((&state["key"], &state["key_hex"]), (&json!("\\xffraw\\x00"), &json!("ff72617700")));
    let shown = b.ask(&["watch", "\\xff", "--timeout", "1s"]);
    assert!(shown.stdout.contains("\\xffraw\\x00 = 1"), "{shown:?}");
    let got = json_of(&b, &["get", "C:\\\\x41"]);
    assert_eq!((&got["key"], &got["key_hex"]), (&json!("C:\\x41"), &Value::Null), "text stands in JSON as it is");
    let none = b.ask(&["get", "\\xfe"]);
    assert_eq!((none.code, none.stderr.contains("there is no shared key `\\xfe`")), (1, true), "{none:?}");
    for key in ["\\xffraw\\x00", "C:\\\\x41"] {
        done(&b, &["unset", key]);
        assert_eq!(b.ask(&["get", key]).code, 1);
    }
    for key in ["\\", "\\n", "\\x4"] {
        let out = b.ask(&["get", key]);
        assert_eq!((out.code, out.stderr.contains("\\xNN")), (2, true), "{out:?}");
    }
}

#[test]
fn a_watcher_hears_what_is_there_then_what_changes_and_what_goes_with_its_owner() {
    let dir = scratch("state-watch");
    let [a, b, mut c] = three(&dir);
    held_by_all(&b, &["set", "load", "1", "--mine"]);
    held_by_all(&c, &["set", "load", "2", "--mine"]);
    let mut watcher = Watcher::start(&a, &["lo"]);
    let mut other = Watcher::start(&a, &["x"]);
    let there = [watcher.next(), watcher.next()].map(|line| (line["event"].clone(), line["owner"].clone()));
    assert_eq!(there[0].0, "state");
    assert!(there.iter().any(|(_, owner)| owner == "b") && there.iter().any(|(_, owner)| owner == "c"), "{there:?}");
    assert_eq!((&watcher.next()["keys"], &other.next()["keys"]), (&json!(2), &json!(0)));
    done(&b, &["set", "load", "3", "--mine"]);
    let seen = watcher.next();
    assert_eq!((&seen["event"], &seen["value"], &seen["owner"]), (&json!("changed"), &json!("3"), &json!("b")));
    done(&b, &["unset", "load", "--mine"]);
    let seen = watcher.next();
    assert_eq!((&seen["event"], &seen["key"], &seen["owner"]), (&json!("removed"), &json!("load"), &json!("b")));
    done(&b, &["set", "lock", "x", "--mine", "--ttl", "300ms"]);
    assert_eq!((&watcher.next()["event"], &watcher.next()["event"]), (&json!("changed"), &json!("removed")));
    c.signal("KILL");
    c.end();
    let seen = watcher.next();
    assert_eq!((&seen["event"], &seen["owner"]), (&json!("owner_gone"), &json!("c")));
    assert_eq!(a.ask(&["get", "load", "--of", "c"]).code, 1);
    done(&a, &["set", "xyz", "1"]);
    let heard = [other.next(), other.next()];
    assert_eq!((&heard[0]["event"], &heard[1]["key"]), (&json!("owner_gone"), &json!("xyz")), "and no more");
    let watches = || json_of(&a, &["info"])["limits"]["watches"]["used"].clone();
    assert_eq!(watches(), 2);
    drop((watcher, other));
    until(|| watches() == 0);
}

#[test]
fn a_watcher_that_does_not_read_holds_up_nobody_and_then_gets_the_current_state() {
    const ROUNDS: u32 = 60;
    const KEYS: u32 = 40;
    let dir = scratch("state-slow");
    let [a, _b, _c] = three(&dir);
    let mut slow = Watcher::start(&a, &[]);
    slow.signal("STOP");
    let stopped = Instant::now();
    let mut quick = Watcher::start(&a, &["last"]);
    assert_eq!(quick.next()["event"], "current");
    let padding = "x".repeat(900);
    let mut stream = std::os::unix::net::UnixStream::connect(&a.control).expect("the socket");
    let mut answers = BufReader::new(stream.try_clone().expect("a descriptor"));
    for n in 0..ROUNDS * KEYS {
        let value = format!("{n} {padding}");
        let request =
            json!({"cmd": "set", "key": format!("k{}", n % KEYS), "value": value, "mine": true, "class": "urgent"});
        std::io::Write::write_all(&mut stream, format!("{request}\n").as_bytes()).expect("the agent reads");
        let mut answer = String::new();
        answers.read_line(&mut answer).expect("an answer");
        assert!(answer.contains("\"version\""), "{answer}");
    }
    held_by_all(&a, &["set", "last", "1", "--mine"]);
    assert_eq!(quick.next()["value"], "1", "the other one stands still");
    // Longer than a client may leave an answer unread.
    std::thread::sleep(Duration::from_millis(5_500).saturating_sub(stopped.elapsed()));
    slow.signal("CONT");
    let mut keys = std::collections::BTreeMap::new();
    let mut lost = 0;
    loop {
        let line = slow.next();
        match line["event"].as_str().expect("a name") {
            "resync" => {
                lost += line["lost"].as_u64().expect("a number");
                keys.clear();
            }
            "state" | "changed" => {
                let value = line["value"].as_str().expect("a text").split(' ').next().map(str::to_owned);
                keys.insert(line["key"].as_str().expect("a key").to_owned(), value.expect("a number"));
            }
            "current" => {}
            other => panic!("{other}: {line}"),
        }
        if keys.get("last").is_some_and(|last| last == "1") {
            break;
        }
    }
    assert!(lost > 0, "it was too late");
    let held = json_of(&a, &["keys", "k"])["keys"].clone();
    let held: Vec<_> =
        held.as_array().expect("a list").iter().map(|key| key["value"].as_str().expect("a text")).collect();
    assert_eq!(held.len(), KEYS as usize);
    let first_key = format!("{} {padding}", (ROUNDS - 1) * KEYS);
    assert!(held.contains(&first_key.as_str()));
    for n in 0..KEYS {
        assert_eq!(keys.get(&format!("k{n}")), Some(&((ROUNDS - 1) * KEYS + n).to_string()), "the last write");
    }
}

#[test]
fn everybody_begins_anew_only_if_it_is_meant() {
    let dir = scratch("state-reset");
    let [a, b, c] = three(&dir);
    held_by_all(&a, &["set", "k", "1"]);
    held_by_all(&b, &["set", "load", "2", "--mine"]);
    let out = a.ask(&["reset-state"]);
    assert_eq!((out.code, out.stderr.contains("lost for good") && out.stderr.contains("--yes")), (2, true), "{out:?}");
    let reset = json_of(&a, &["reset-state", "--yes"]);
    assert_eq!((&reset["in_step"], &reset["held"]), (&json!(true), &json!(3)), "{reset}");
    assert!(reset["took_ms"].is_number() && reset["bytes_sent"].as_u64().is_some_and(|n| n > 0), "{reset}");
    assert_eq!((done(&c, &["get", "k"]), done(&c, &["get", "load", "--of", "b"])), ("1\n".into(), "2\n".into()));
    for agent in [&a, &b, &c] {
        assert_eq!(json_of(agent, &["stat"])["counters"]["state_resets"], 1);
    }
    assert!(done(&b, &["reset-state", "--yes"]).starts_with("all 3 members in step again after "));
}

#[test]
fn what_cannot_be_written_is_refused_with_what_to_do() {
    let dir = scratch("state-refusals");
    let a = Agent::start(&dir, "a", &[]);
    done(&a, &["wait", "--members", "1"]);
    let (long, longer) = ("k".repeat(64), "k".repeat(65));
    done(&a, &["set", &long, "x"]);
    done(&a, &["set", "n", "--add", "1"]);
    let value = "v".repeat(1_025);
    done(&a, &["set", "v", &value[1..], "--mine"]);
    let cases: [(&[&str], &str); 9] = [
        (&["set", &longer, "x"], "65 bytes; it can have 1 to 64"),
        (&["set", "v", &value, "--mine"], "1025 bytes, at most 1024"),
        (&["set", "n", "x"], "goes by the rule counter"),
        (&["set", "n", "x", "--rule", "max"], "goes by the rule counter"),
        (&["get", "none"], "there is no shared key `none`"),
        (&["get", "none", "--of", "nobody"], "no member is called `nobody`"),
        (&["unset", "none"], "bruit keys --shared"),
        (&["trace", "none"], "there is no shared key `none`"),
        (&["watch", &longer], "65 bytes"),
    ];
    for (args, said) in cases {
        let out = a.ask(args);
        assert_eq!((out.code, out.stderr.contains(said)), (1, true), "{args:?}: {out:?}");
    }
    let usage: [&[&str]; 10] = [
        &["set", "", "x"],
        &["set", "k"],
        &["set", "k", "x", "--add", "1"],
        &["set", "k", "x", "--ttl", "1s"],
        &["set", "k", "x", "--mine", "--rule", "max"],
        &["set", "k", "x", "--wait", "101%"],
        &["set", "k", "x", "--rule", "none"],
        &["get", "k", "--mine", "--of", "a"],
        &["keys", "--shared", "--of", "a"],
        &["watch", "--count", "0"],
    ];
    for args in usage {
        assert_eq!(a.ask(args).code, 2, "{args:?}");
    }
    assert_eq!(a.ask(&["watch", "none", "--count", "1", "--timeout", "50ms"]).code, 4);
    let nobody = dir.join("none");
    let nobody = nobody.to_str().expect("a path");
    for args in
        [&["set", "k", "v", "--control", nobody][..], &["keys", "--control", nobody], &["watch", "--control", nobody]]
    {
        assert_eq!(bruit(args, "").code, 3);
    }
    let alone = Agent::start(&dir, "b", &["127.0.0.1:9"]);
    let early = alone.ask(&["set", "k", "x"]);
    assert_eq!((early.code, early.stderr.contains("no member yet")), (1, true), "{early:?}");
    // A watcher that ends by itself takes its watch with it.
    let mut counted = Watcher::start(&a, &["n", "--count", "1"]);
    done(&a, &["set", "n", "--add", "1"]);
    assert_eq!(end_of(&mut counted.child, PATIENCE), Some(0));
}
