//! Does what is published on one agent arrive where somebody listens? Real agents on loopback, and the real commands.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use common::{Agent, bruit, command, end_of, run, scratch};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

fn cluster<const N: usize>(dir: &Path) -> [Agent; N] {
    let mut agents = Vec::new();
    for i in 0..N {
        let seeds: Vec<String> = agents.iter().take(1).map(|a: &Agent| a.addr.clone()).collect();
        let seeds: Vec<&str> = seeds.iter().map(String::as_str).collect();
        agents.push(Agent::start(dir, ["a", "b", "c"][i], &seeds));
    }
    let n = N.to_string();
    assert!(agents.iter().all(|agent| agent.ask(&["wait", "--members", &n]).code == 0));
    agents.try_into().unwrap_or_else(|_| panic!("as many as were started"))
}

/// A running `bruit subscribe --json` that has said that it listens.
struct Listener {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Listener {
    fn start(agent: &Agent, args: &[&str]) -> Self {
        let args = [&["subscribe", "--json", "--control", &agent.control], args].concat();
        let mut child = command(&args).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut listener = Self { lines: BufReader::new(child.stdout.take().expect("a pipe")), child };
        assert_eq!(listener.next()["event"], "subscribed");
        listener
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    fn end(&mut self) -> Option<i32> {
        end_of(&mut self.child, PATIENCE)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = (self.child.kill(), self.child.wait());
    }
}

fn topics_subscribed(agent: &Agent) -> Value {
    agent.ask(&["info", "--json"]).json()["limits"]["topics"]["used"].clone()
}

#[test]
fn a_rumor_arrives_at_all_who_listen_with_every_key_that_scripts_rely_on() {
    let dir = scratch("rumors");
    let [a, b, c] = cluster(&dir);
    let mut named = Listener::start(&b, &["prices", "--count", "2"]);
    let mut all = Listener::start(&c, &["--order", "origin"]);
    let published = a.ask(&["publish", "prices", "up 3", "--class", "urgent", "--json"]).json();
    let (origin, boot) = (&a.started["id"], a.started["boot_id"].as_str().expect("an id")[8..].to_owned());
    let id = format!("{}.{boot}.1", origin.as_str().expect("an id"));
    assert_eq!((&published["schema"], &published["id"], &published["sequence"]), (&json!(1), &json!(id), &json!(1)));
    for key in ["origin", "origin_id", "boot", "topic", "topic_id", "class", "bytes"] {
        assert!(!published[key].is_null(), "{key}");
    }
    for (listener, topic) in [(&mut named, json!("prices")), (&mut all, published["topic_id"].clone())] {
        let heard = listener.next();
        assert_eq!((&heard["schema"], &heard["event"], &heard["topic"]), (&json!(1), &json!("rumor"), &topic));
        for key in ["origin", "origin_id", "boot", "topic_id", "sequence", "class", "bytes"] {
            assert_eq!(heard[key], published[key], "{key}: {heard}");
        }
        assert_eq!((&heard["payload"], &heard["payload_hex"]), (&json!("up 3"), &Value::Null));
        assert!(heard["age_us"].is_u64() && heard["hops"].as_u64().is_some_and(|n| n >= 1), "{heard}");
    }

    // Standard input as it is: no text, and not on this topic only.
    let input = command(&["publish", "other", "-", "--class", "urgent", "--control", &a.control]);
    assert_eq!(run(input, "two\nlines").stdout, format!("{}2\n", &id[..id.len() - 1]));
    assert_eq!(all.next()["payload"], "two\nlines");
    let mut stream = UnixStream::connect(&a.control).expect("the socket");
    let request = r#"{"cmd":"publish","topic":"prices","class":"urgent","payload_hex":"ff00"}"#;
    stream.write_all(format!("{request}\n").as_bytes()).expect("the agent reads");
    for listener in [&mut named, &mut all] {
        let heard = listener.next();
        assert_eq!(
            (&heard["sequence"], &heard["payload_hex"], &heard["bytes"]),
            (&json!(3), &json!("ff00"), &json!(2))
        );
    }
    assert_eq!(named.end(), Some(0), "after as many as were asked for");
}

#[test]
fn whoever_asks_without_waiting_is_answered_in_the_same_order() {
    let dir = scratch("rumors-ahead");
    let [a, b] = cluster(&dir);
    let mut listener = Listener::start(&b, &["--order", "origin", "--count", "3"]);
    let asked = [
        r#"{"cmd":"publish","topic":"t","payload":"1"}"#,
        r#"{"cmd":"publish","topic":"t","payload":"x","payload_hex":"00"}"#,
        r#"{"cmd":"publish","topic":"t","payload":"2"}"#,
        r#"{"cmd":"info"}"#,
        r#"{"cmd":"publish","topic":"t","payload":"3"}"#,
        r#"{"cmd":"nothing"}"#,
    ];
    let mut stream = UnixStream::connect(&a.control).expect("the socket");
    stream.write_all(format!("{}\n", asked.join("\n")).as_bytes()).expect("the agent reads");
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take(asked.len());
    let answers: Vec<Value> = lines.map(|line| serde_json::from_str(&line).expect("a document")).collect();
    let sequences: Vec<&Value> = answers.iter().map(|answer| &answer["sequence"]).collect();
    let no = Value::Null;
    assert_eq!(sequences, [&json!(1), &no, &json!(2), &no, &json!(3), &no]);
    assert!(answers[1]["error"].as_str().is_some_and(|no| no.contains("not both")), "{}", answers[1]);
    assert_eq!(answers[3]["name"], "a");
    assert!(answers[5]["error"].is_string());
    for expected in ["1", "2", "3"] {
        assert_eq!(listener.next()["payload"], expected);
    }
    assert_eq!(listener.end(), Some(0));
}

#[test]
fn people_get_a_line_for_each() {
    let dir = scratch("rumor-lines");
    let [a, b] = cluster(&dir);
    let mut listener = command(&["subscribe", "prices", "--count", "2", "--control", &b.control])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    until(|| topics_subscribed(&b) == json!(1));
    for payload in ["up 3", ""] {
        assert_eq!(a.ask(&["publish", "prices", payload, "--class", "urgent"]).code, 0);
    }
    let lines = BufReader::new(listener.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let lines: Vec<String> = lines.collect();
    assert!(lines[0].starts_with("a  prices  #1  ") && lines[0].ends_with("  1 hop  up 3"), "{lines:?}");
    assert_eq!((lines.len(), end_of(&mut listener, PATIENCE)), (2, Some(0)));
}

fn until(mut come_true: impl FnMut() -> bool) {
    let began = Instant::now();
    while !come_true() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_cannot_be_published_is_refused_with_what_to_do() {
    let dir = scratch("rumor-refusals");
    let a = Agent::start(&dir, "a", &[]);
    assert_eq!(a.ask(&["wait", "--members", "1"]).code, 0);
    let long = a.ask(&["publish", "t", &"x".repeat(1_025)]);
    assert_eq!(long.code, 1, "{long:?}");
    assert!(long.stderr.contains("1025 bytes") && long.stderr.contains("raise limits.rumor_payload"), "{long:?}");
    assert_eq!(a.ask(&["publish", "t", &"x".repeat(1_024)]).code, 0, "the other side of the bound");
    let huge = run(command(&["publish", "t", "-", "--control", &a.control]), &"x".repeat(70_000));
    assert_eq!((huge.code, huge.stderr.contains("no rumor carries")), (1, true), "{huge:?}");
    for args in [&["publish"][..], &["publish", ""], &["subscribe", ""], &["subscribe", "--count", "0"]] {
        assert_eq!(a.ask(args).code, 2, "{args:?}");
    }
    for args in [&["publish", "t", "x", "--class", "loud"][..], &["subscribe", "--order", "none"]] {
        let out = a.ask(args);
        assert_eq!((out.code, out.stderr.contains("possible values")), (2, true), "{out:?}");
    }
    let nobody = dir.join("none");
    let nobody = nobody.to_str().expect("a path");
    for args in [&["publish", "t", "x", "--control", nobody][..], &["subscribe", "--control", nobody]] {
        assert_eq!(bruit(args, "").code, 3);
    }

    let alone = Agent::start(&dir, "b", &["127.0.0.1:9"]);
    let early = alone.ask(&["publish", "t", "x"]);
    assert_eq!(early.code, 1, "{early:?}");
    assert!(early.stderr.contains("no member yet; publish once it has joined"), "{early:?}");
    assert_eq!(alone.ask(&["stat", "--json"]).json()["io"]["rumors_refused"], 1);
}

#[test]
fn who_listens_in_vain_ends_with_4_and_who_names_no_number_with_0() {
    let dir = scratch("rumor-timeout");
    let a = Agent::start(&dir, "a", &[]);
    let out = a.ask(&["subscribe", "t", "--count", "1", "--timeout", "50ms"]);
    assert_eq!((out.code, out.stderr.contains("0 rumors and not 1 after 50ms")), (4, true), "{out:?}");
    assert_eq!(a.ask(&["subscribe", "t", "--timeout", "50ms"]).code, 0);
}

#[test]
fn a_listener_that_is_killed_costs_the_others_nothing_and_its_subscription_ends() {
    let dir = scratch("rumor-killed");
    let [a, b] = cluster(&dir);
    let mut stays = Listener::start(&b, &["t"]);
    let mut killed = Listener::start(&b, &["of its own"]);
    assert_eq!(topics_subscribed(&b), 2);
    killed.child.kill().expect("our child");
    killed.end();
    until(|| topics_subscribed(&b) == json!(1));
    assert_eq!(a.ask(&["publish", "t", "x", "--class", "urgent"]).code, 0);
    assert_eq!(stays.next()["payload"], "x");
}

#[test]
fn a_listener_that_does_not_read_is_told_how_much_it_has_lost() {
    const N: u64 = 4_000;
    let dir = scratch("rumor-slow");
    let [a, b] = cluster(&dir);
    let connect = |agent: &Agent| {
        let stream = UnixStream::connect(&agent.control).expect("the socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a bound");
        (stream.try_clone().expect("a second end"), BufReader::new(stream).lines())
    };
    let (mut slow, mut slow_lines) = connect(&b);
    slow.write_all(b"{\"cmd\":\"subscribe\"}\n").expect("the agent reads");
    let mut next =
        || -> Value { serde_json::from_str(&slow_lines.next().expect("a line").expect("text")).expect("one") };
    assert_eq!(next()["event"], "subscribed");

    let (mut publisher, mut answers) = connect(&a);
    for _ in 0..N {
        let request = b"{\"cmd\":\"publish\",\"topic\":\"t\",\"class\":\"urgent\",\"payload\":\"x\"}\n";
        publisher.write_all(request).expect("the agent reads");
        let answer = answers.next().expect("an answer").expect("text");
        assert!(!answer.contains("error"), "{answer}");
    }
    let (mut heard, mut lost, mut last) = (0, 0, 0);
    while heard + lost < N {
        let line = next();
        if line["event"] == "resync" {
            lost += line["lost"].as_u64().expect("a number");
        } else {
            let sequence = line["sequence"].as_u64().expect("a number");
            assert!(sequence > last, "in order: {sequence} after {last}");
            (heard, last) = (heard + 1, sequence);
        }
    }
    assert!(lost > 0 && heard > 1_000, "{heard} heard, {lost} lost");
    assert_eq!(b.ask(&["info", "--json"]).json()["phase"], "joined", "the agent is unharmed");
}

/// Sends a signal to a child of this test.
fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.expect("kill(1)").success());
}

#[test]
fn a_listener_that_stands_still_for_longer_than_an_answer_may_take_stays_and_hears_what_it_has_lost() {
    const N: u64 = 4_000;
    let dir = scratch("rumor-paused");
    let [a, b] = cluster(&dir);
    let mut paused = Listener::start(&b, &["t"]);
    signal(&paused.child, "-STOP");
    let stopped = Instant::now();
    let stream = UnixStream::connect(&a.control).expect("the socket");
    let (mut publisher, mut answers) = (stream.try_clone().expect("a second end"), BufReader::new(stream).lines());
    let mut publish = || {
        let request = b"{\"cmd\":\"publish\",\"topic\":\"t\",\"class\":\"urgent\",\"payload\":\"x\"}\n";
        publisher.write_all(request).expect("the agent reads");
        let answer = answers.next().expect("an answer").expect("text");
        assert!(!answer.contains("error"), "{answer}");
    };
    // More than the pipe, the socket and the lines kept for it hold together.
    (0..N).for_each(|_| publish());
    // An answer to a client may lie unread for 5 s.
    std::thread::sleep(Duration::from_secs(7).saturating_sub(stopped.elapsed()));
    signal(&paused.child, "-CONT");
    let (mut heard, mut lost) = (0, 0);
    while heard + lost < N {
        let line = paused.next();
        match line["event"].as_str() {
            Some("rumor") => heard += 1,
            Some("resync") => lost += line["lost"].as_u64().expect("a number"),
            _ => panic!("{line}"),
        }
    }
    assert!(heard > 0 && lost > 0, "{heard} heard, {lost} lost");
    publish();
    assert_eq!(paused.next()["sequence"], N + 1, "it listens as before");
}
