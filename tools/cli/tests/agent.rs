//! What does an agent do for the one who runs it? Real agents on loopback, looked at as scripts look at them.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use common::{Agent, bruit, command, end_of, run, scratch};
use serde_json::{Value, json};

/// Three that know each other.
fn three(dir: &Path) -> [Agent; 3] {
    let a = Agent::start_with(dir, "a", &[], &["--zone", "eu", "--tag", "role=cache", "--tag", "rack=7"]);
    let b = Agent::start(dir, "b", &[&a.addr]);
    let c = Agent::start(dir, "c", &[&a.addr, &b.addr]);
    for agent in [&a, &b, &c] {
        assert_eq!(agent.ask(&["wait", "--members", "3"]).code, 0);
    }
    [a, b, c]
}

fn names(members: &Value, state: &str) -> Vec<String> {
    let list = members["members"].as_array().expect("a list");
    list.iter().filter(|m| m["state"] == state).map(|m| m["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn members_info_and_stat_have_every_key_that_scripts_rely_on() {
    let dir = scratch("keys");
    let [a, b, _c] = three(&dir);

    let members = b.ask(&["members", "--json"]).json();
    assert_eq!((&members["schema"], &members["self"]), (&json!(1), &json!("b")));
    assert_eq!(names(&members, "alive"), ["b", "a", "c"], "itself first, then by name");
    let first = &members["members"][1];
    assert_eq!((&first["name"], &first["addr"], &first["zone"]), (&json!("a"), &json!(a.addr), &json!("eu")));
    assert_eq!((&first["life"], &first["incarnation"]), (&json!(1), &json!(1_u64 << 32)));
    assert_eq!(first["tags"], json!({"rack": "7", "role": "cache"}));
    assert_eq!((&first["id"], &first["boot_id"]), (&a.started["id"], &a.started["boot_id"]));
    assert!(first["rtt_us"].is_u64() || first["rtt_us"].is_null());
    assert_eq!(members["membership_fingerprint"].as_str().map(str::len), Some(16));

    let info = a.ask(&["info", "--json"]).json();
    assert_eq!((&info["schema"], &info["name"], &info["cluster"]), (&json!(1), &json!("a"), &json!("test")));
    assert_eq!((&info["addr"], &info["zone"], &info["phase"]), (&json!(a.addr), &json!("eu"), &json!("joined")));
    assert_eq!((&info["pid"], &info["id"]), (&json!(a.pid()), &a.started["id"]));
    assert!(["mmsg", "single"].contains(&info["io"].as_str().expect("a mode")));
    assert!(info["memory_bytes"].as_u64().is_some_and(|n| n > 100_000));
    assert_eq!(info["limits"]["members"], json!({"used": 3, "max": 1_024}));
    assert_eq!(info["limits"]["text_bytes"]["max"], json!(1_024 * 64));
    assert_eq!(info["limits"]["suspects"], json!({"used": 0, "max": 256}));
    assert_eq!(info["limits"].as_object().map(serde_json::Map::len), Some(18));
    assert_eq!(info["limits"]["averages"], json!({"used": 0, "max": 8}));
    assert_eq!(info["limits"]["state_keys"], json!({"used": 0, "max": 4_096}));
    assert_eq!(info["fingerprints"]["state"], json!("0000000000000000"), "nobody has written anything");
    assert_eq!(info["fingerprints"]["membership"].as_str().map(str::len), Some(16));
    let counted = if cfg!(feature = "count-alloc") { json!(0) } else { Value::Null };
    assert_eq!(info["allocations_after_start"], counted);
    for key in
        ["boot_id", "uptime_s", "health", "version", "bind", "socket", "control", "profile", "since_last_round_ms"]
    {
        assert!(!info[key].is_null(), "{key}");
    }

    let stat = a.ask(&["stat", "--json"]).json();
    assert_eq!((&stat["schema"], &stat["self"]), (&json!(1), &json!("a")));
    assert!(stat["counters"]["datagrams_received"].as_u64().is_some_and(|n| n > 0));
    assert!(stat["sent"]["profiles"].as_u64().is_some_and(|n| n > 0));
    assert_eq!(stat["drops"]["corrupt"], json!(0), "every reason is there, counted or not");
    let rtt = &stat["histograms"]["probe_rtt"];
    assert_eq!(rtt["unit"], "us");
    for key in ["count", "min", "p50", "p90", "p99", "p999", "max"] {
        assert!(rtt[key].is_u64(), "{key}");
    }
    for table in ["members", "info", "stat"] {
        let out = a.ask(&[table]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{table}");
        assert!(!out.stdout.contains('\u{1b}'), "no colour in a pipe: {}", out.stdout);
        assert!(out.stdout.lines().all(|l| l.chars().count() <= 80), "{}", out.stdout);
    }
}

#[test]
fn a_killed_agent_is_seen_dead_and_remove_takes_it_off_everybodys_list() {
    let dir = scratch("remove");
    let [a, b, mut c] = three(&dir);
    c.signal("KILL");
    assert_eq!(c.end(), Some(-1));
    for agent in [&a, &b] {
        assert_eq!(agent.ask(&["wait", "--members", "1", "--state", "dead"]).code, 0);
    }
    let alive = a.ask(&["remove", "b"]);
    assert_eq!(alive.code, 1);
    assert!(alive.stderr.contains("not dead"), "{}", alive.stderr);
    let nobody = a.ask(&["remove", "nobody"]);
    assert_eq!((nobody.code, nobody.stderr.contains("no member is called `nobody`")), (1, true), "{}", nobody.stderr);

    let id = c.started["id"].as_str().expect("an id");
    let removed = a.ask(&["remove", id, "--json"]);
    assert_eq!(removed.json(), json!({"schema": 1, "removed": "c", "id": id}));
    for agent in [&a, &b] {
        assert_eq!(agent.ask(&["wait", "--members", "0", "--state", "dead", "--exactly"]).code, 0);
        assert_eq!(agent.ask(&["wait", "--members", "2", "--exactly"]).code, 0);
    }
}

#[test]
fn leave_tells_the_others_answers_and_ends_the_agent_with_0() {
    let dir = scratch("leave");
    let [a, b, mut c] = three(&dir);
    let left = c.ask(&["leave", "--json"]).json();
    assert_eq!((&left["schema"], &left["left"]), (&json!(1), &json!(true)));
    assert!(left["told"].as_u64().is_some_and(|n| n >= 1), "{left}");
    assert_eq!(c.end(), Some(0));
    assert!(!Path::new(&c.control).exists(), "the control socket is gone");
    for agent in [&a, &b] {
        assert_eq!(agent.ask(&["wait", "--members", "1", "--state", "left"]).code, 0);
    }
}

#[test]
fn sigterm_and_sigint_leave_unless_told_to_just_stop() {
    let dir = scratch("signals");
    let [a, mut b, mut c] = three(&dir);
    b.signal("TERM");
    assert_eq!(b.end(), Some(0));
    c.signal("INT");
    assert_eq!(c.end(), Some(0));
    assert_eq!(a.ask(&["wait", "--members", "2", "--state", "left"]).code, 0);

    let mut d = Agent::start_with(&dir, "d", &[&a.addr], &["--leave-on-term=false"]);
    assert_eq!(a.ask(&["wait", "--members", "2"]).code, 0);
    d.signal("TERM");
    assert_eq!(d.end(), Some(0));
    assert_eq!(a.ask(&["wait", "--members", "1", "--state", "dead"]).code, 0, "to the others that is a crash");
}

#[test]
fn a_second_signal_ends_an_agent_that_is_leaving_at_once() {
    let dir = scratch("second");
    let file = dir.join("slow.toml");
    let slow = "[protocol]\nprobe_interval = \"2m\"\ngossip_interval = \"2m\"\n\
                pause_to_forgive = \"3m\"\ndown_retention = \"10m\"\nrumor_retention = \"10m\"\n";
    std::fs::write(&file, slow).expect("a file");
    let config = ["--config", file.to_str().expect("a plain path"), "--leave-timeout", "10m"];
    for signals in [["TERM", "INT"], ["INT", "TERM"], ["TERM", "TERM"]] {
        let deaf = Agent::start(&dir, "deaf", &[]);
        let mut agent = Agent::start_with(&dir, "leaver", &[&deaf.addr], &config);
        assert_eq!(agent.ask(&["wait", "--members", "2"]).code, 0);
        // It takes three of its intervals to give up the peer that does not answer, and all patience here is shorter.
        deaf.signal("STOP");
        agent.signal(signals[0]);
        assert_eq!(agent.log("message")["message"], "leaving");
        agent.signal(signals[1]);
        assert_eq!(agent.end(), Some(0), "{signals:?}");
        assert_eq!(agent.log("message")["message"], "ending without having told enough members: told twice");
        assert!(!Path::new(&agent.control).exists(), "the control socket is gone all the same");
    }
}

#[test]
fn the_same_name_comes_back_on_its_address_in_its_next_life() {
    let dir = scratch("restart");
    let [a, _b, mut c] = three(&dir);
    c.signal("KILL");
    c.end();
    assert_eq!(a.ask(&["wait", "--members", "1", "--state", "dead"]).code, 0);
    let addr = c.addr.clone();
    // What the killed one left behind is replaced: no name for the socket has to be invented.
    assert!(Path::new(&c.control).exists());
    let again = Agent::start_with(&dir, "c", &[&a.addr], &["--bind", &addr]);
    assert_eq!(a.ask(&["wait", "--members", "3"]).code, 0);
    let members = a.ask(&["members", "--json"]).json();
    let entry = members["members"].as_array().expect("a list").iter().find(|m| m["name"] == "c").expect("c");
    assert_eq!((&entry["life"], &entry["addr"]), (&json!(2), &json!(addr)));
    assert_eq!(entry["boot_id"], again.started["boot_id"]);
}

#[test]
fn events_are_json_lines_that_begin_with_subscribed() {
    let dir = scratch("events");
    let mut a = Agent::start(&dir, "a", &[]);
    a.log("joined");
    let mut events = command(&["events", "--count", "2", "--control", &a.control])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(events.stdout.take().expect("a pipe")).lines();
    let mut next =
        || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("an object") };
    let first = next();
    assert_eq!((&first["event"], &first["self"], &first["members"]), (&json!("subscribed"), &json!("a"), &json!(1)));
    let b = Agent::start(&dir, "b", &[&a.addr]);
    let up = next();
    assert_eq!((&up["schema"], &up["event"], &up["name"]), (&json!(1), &json!("up"), &json!("b")));
    assert_eq!((&up["addr"], &up["life"]), (&json!(b.addr), &json!(1)));
    let left = b.ask(&["leave"]);
    assert_eq!(left.code, 0, "{left:?}");
    assert_eq!(next()["event"], "left");
    assert_eq!(end_of(&mut events, std::time::Duration::from_secs(60)), Some(0), "after as many as were asked for");
    assert_eq!(a.ask(&["events", "--for", "10ms"]).code, 0, "or after as long");
}

#[test]
fn wait_ends_with_4_when_not_met_and_3_when_nobody_is_there() {
    let dir = scratch("wait");
    let a = Agent::start(&dir, "a", &[]);
    let out = a.ask(&["wait", "--members", "2", "--timeout", "50ms"]);
    assert_eq!(out.code, 4, "{}", out.stderr);
    assert!(out.stderr.contains("a sees 1 members alive and not 2 after 50ms"), "{}", out.stderr);
    let met = a.ask(&["wait", "--members", "1", "--json"]);
    assert_eq!(met.json()["self"], "a");
    let nobody = bruit(&["wait", "--members", "1", "--control", dir.join("none").to_str().expect("a path")], "");
    assert_eq!(nobody.code, 3);
}

#[test]
fn join_takes_more_addresses_while_running_and_refuses_what_is_no_other_node() {
    let dir = scratch("join");
    let a = Agent::start(&dir, "a", &[]);
    let mut b = Agent::start(&dir, "b", &[]);
    assert_eq!(b.log("joined")["members"], 1, "a cluster of its own");
    let joined = b.ask(&["join", &a.addr, "--json"]);
    assert_eq!(joined.json(), json!({"schema": 1, "asked": [a.addr]}));
    for agent in [&a, &b] {
        assert_eq!(agent.ask(&["wait", "--members", "2"]).code, 0, "two clusters have become one");
    }
    assert_eq!(b.ask(&["join", &b.addr]).code, 2, "itself");
    assert_eq!(b.ask(&["join", "no-such-host.invalid:1"]).code, 3);
}

#[test]
fn the_control_socket_speaks_one_object_per_line() {
    let dir = scratch("socket");
    let a = Agent::start(&dir, "a", &[]);
    let mut stream = UnixStream::connect(&a.control).expect("the socket");
    let mut lines = BufReader::new(stream.try_clone().expect("a second end")).lines();
    let mut ask = |request: &str| -> Value {
        stream.write_all(format!("{request}\n").as_bytes()).expect("the agent reads");
        serde_json::from_str(&lines.next().expect("an answer").expect("text")).expect("an object")
    };
    assert_eq!(ask(r#"{"cmd":"members"}"#)["self"], "a");
    assert_eq!(ask(r#"{"cmd":"info"}"#)["name"], "a", "several questions on one connection");
    let cases = ["members", r#"{"cmd":"destroy"}"#, r#"{"cmd":"members","all":true}"#, r#"{"cmd":"join"}"#];
    for request in cases {
        let no = ask(request);
        assert_eq!((&no["schema"], &no["code"]), (&json!(1), &json!(2)), "{request}: {no}");
        assert!(no["error"].as_str().is_some_and(|e| e.starts_with("not a request")), "{no}");
    }
    assert_eq!(ask(r#"{"cmd":"stat"}"#)["schema"], 1, "a bad request does not end the connection");
}

#[test]
fn a_second_agent_with_the_same_control_socket_or_port_is_refused_with_a_reason() {
    let dir = scratch("taken");
    let a = Agent::start(&dir, "a", &[]);
    let control = a.control.as_str();
    let out = bruit(&["agent", "--name", "x", "--bind", "127.0.0.1:0", "--control", control], "");
    assert_eq!(out.code, 1);
    assert!(out.stderr.contains("an agent is running with the control socket"), "{}", out.stderr);
    assert_eq!(a.ask(&["info"]).code, 0, "and the first one is unharmed");

    let other = dir.join("x.sock");
    let other = other.to_str().expect("a plain path");
    let cases = [(a.addr.clone(), "is taken"), ("203.0.113.1:4100".to_owned(), "no interface has the address")];
    for (bind, said) in cases {
        let out = bruit(&["agent", "--name", "x", "--bind", &bind, "--control", other], "");
        assert_eq!(out.code, 1, "{}", out.stderr);
        assert!(out.stderr.contains(said), "{}", out.stderr);
        assert!(!Path::new(other).exists(), "nothing is left behind");
    }
}

#[test]
fn a_control_socket_from_the_environment_is_refused_as_such_and_a_flag_wins_over_it() {
    let dir = scratch("variable");
    let a = Agent::start(&dir, "a", &[]);
    let second = |args: &[&str]| {
        let mut agent =
            command(&[&["agent", "--name", "b", "--bind", "127.0.0.1:0", "--join", &a.addr], args].concat());
        agent.env("BRUIT_CONTROL", &a.control);
        agent
    };
    let out = run(second(&[]), "");
    assert_eq!(out.code, 1, "{}", out.stderr);
    assert!(out.stderr.contains(&format!("an agent is running with the control socket {}", a.control)));
    assert!(out.stderr.contains("BRUIT_CONTROL is set in the environment"), "{}", out.stderr);
    assert!(out.stderr.contains("`env -u BRUIT_CONTROL bruit agent ...`"), "{}", out.stderr);
    let mut info = command(&["info", "--json"]);
    info.env("BRUIT_CONTROL", &a.control);
    assert_eq!(run(info, "").json()["name"], "a", "the first one is unharmed, and found by it");

    let own = dir.join("b.sock");
    let args = ["--control", own.to_str().expect("a plain path"), "--cluster", "test", "--profile", "local"];
    let mut b = second(&args).stderr(Stdio::null()).spawn().expect("the binary runs");
    let met = a.ask(&["wait", "--members", "2"]).code;
    let _ = (b.kill(), b.wait());
    assert_eq!(met, 0, "with a socket of its own it starts");
}

#[test]
fn two_of_one_name_both_report_it_and_join_once_gives_up() {
    let dir = scratch("conflict");
    let mut a = Agent::start(&dir, "a", &[]);
    let b = Agent::start(&dir, "b", &[&a.addr]);
    assert_eq!(b.ask(&["wait", "--members", "2"]).code, 0);
    let control = dir.join("second.sock");
    let more = ["--control", control.to_str().expect("a plain path"), "--bind", "127.0.0.1:0", "--cluster", "test"];
    let args = [&["agent", "--name", "a", "--profile", "local", "--join", &b.addr, "--join-once"], &more[..]].concat();
    let second = bruit(&args, "");
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(second.stderr.contains("an older node at") && second.stderr.contains(&a.addr), "{}", second.stderr);
    let conflict = a.log("name_conflict");
    assert_eq!((&conflict["name"], &conflict["kept"]), (&json!("a"), &json!(true)));
    assert_eq!(b.ask(&["wait", "--members", "2", "--exactly"]).code, 0, "nothing has changed for the others");
}

#[test]
fn join_once_gives_up_where_nobody_answers_and_without_it_the_agent_goes_on() {
    // A bound socket that never answers: no port unreachable, just silence.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let seed = silent.local_addr().expect("bound").to_string();
    let dir = scratch("once");
    let control = dir.join("a.sock");
    let common =
        ["agent", "--name", "a", "--profile", "local", "--bind", "127.0.0.1:0", "--join", &seed, "--join-once"];
    let out = bruit(&[&common[..], &["--control", control.to_str().expect("a path")]].concat(), "");
    assert_eq!(out.code, 3, "{}", out.stderr);
    assert!(out.stderr.contains("not joined within"), "{}", out.stderr);

    let patient = Agent::start(&dir, "p", &[&seed]);
    let info = patient.ask(&["info", "--json"]).json();
    assert_eq!(info["phase"], "joining", "no cluster of its own while there is a seed");
    assert_eq!(patient.ask(&["leave"]).code, 0, "and it can be ended");
}

#[test]
fn a_seed_without_an_address_yet_does_not_make_a_cluster_of_one() {
    let dir = scratch("unresolved");
    let control = dir.join("a.sock");
    let args = ["agent", "--name", "a", "--bind", "127.0.0.1:0", "--join", "no-such-host.invalid:4100"];
    let mut child = command(&[&args[..], &["--control", control.to_str().expect("a path")]].concat())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let said = lines.by_ref().map_while(Result::ok).find(|line| line.contains("no seed has an address"));
    assert!(said.is_some(), "it says what it waits for");
    assert!(!control.exists());
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().expect("kill(1)").success());
    assert_eq!(end_of(&mut child, std::time::Duration::from_secs(60)), Some(0), "SIGTERM ends it here too");
    assert_eq!(bruit(&[&args[..], &["--join-once"]].concat(), "").code, 3);
}

#[test]
fn sighup_takes_over_what_can_be_and_names_what_cannot() {
    let dir = scratch("reload");
    let a = Agent::start(&dir, "a", &[]);
    let file = dir.join("b.toml");
    std::fs::write(&file, "leave_timeout = \"1s\"\n").expect("a file");
    let mut b = Agent::start_with(&dir, "b", &[], &["--config", file.to_str().expect("a path")]);
    let text = format!("join = [\"{}\"]\nleave_timeout = \"2s\"\nzone = \"eu\"\n[protocol]\nhelpers = 1\n", a.addr);
    std::fs::write(&file, text).expect("a file");
    b.signal("HUP");
    let said = b.log("message");
    assert_eq!(
        said["message"],
        "reloaded: join, leave_timeout; changed, and only taken over by a restart: zone, protocol.helpers"
    );
    assert_eq!(a.ask(&["wait", "--members", "2"]).code, 0, "the new seed is joined through");
    std::fs::write(&file, "zon = 1\n").expect("a file");
    b.signal("HUP");
    assert!(b.log("message")["message"].as_str().is_some_and(|m| m.contains("unknown key `zon`")), "and it goes on");
    assert_eq!(b.ask(&["info"]).code, 0);
}

#[test]
fn without_control_the_only_agent_is_found_and_of_several_one_must_be_chosen() {
    let dir = scratch("found");
    let ask = || {
        let mut info = command(&["info", "--json"]);
        info.env("XDG_RUNTIME_DIR", &dir);
        run(info, "")
    };
    let none = ask();
    assert_eq!((none.code, none.stderr.contains("no agent has a control socket")), (3, true), "{}", none.stderr);
    let _a = Agent::start(&dir, "a", &[]);
    assert_eq!(ask().json()["name"], "a");
    let _b = Agent::start(&dir, "b", &[]);
    let two = ask();
    assert_eq!(two.code, 3);
    assert!(two.stderr.contains("2 agents run here") && two.stderr.contains("bruit-b.sock"), "{}", two.stderr);
}

#[test]
fn a_stopped_agent_is_unreachable_and_no_hang() {
    let dir = scratch("stopped");
    let a = Agent::start(&dir, "a", &[]);
    a.signal("STOP");
    let out = a.ask(&["info"]);
    a.signal("CONT");
    assert_eq!(out.code, 3, "{}", out.stderr);
    assert!(out.stderr.contains("does not answer"), "{}", out.stderr);
}
