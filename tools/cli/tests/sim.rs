//! What do the experiments of `bruit sim` say? Keys, what has played them, pictures, and mistakes.

mod common;

use common::{bruit, scratch};
use serde_json::Value;

fn sim(args: &[&str]) -> Value {
    let out = bruit(&[&["sim"], args, &["--json"]].concat(), "");
    assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{args:?}");
    let doc = out.json();
    assert_eq!((&doc["schema"], &doc["scenario"]), (&1.into(), &args[0].into()));
    doc
}

fn number(doc: &Value, path: &str) -> f64 {
    doc.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {doc}"))
}

#[test]
fn spread_has_every_key_and_is_the_same_again() {
    let args =
        ["spread", "--nodes", "30", "--fanout", "2", "--loss", "0.1", "--dead", "0.2", "--runs", "8", "--seed", "5"];
    let doc = sim(&args);
    for (key, value) in
        [("/nodes", 30.0), ("/fanout", 2.0), ("/loss", 0.1), ("/dead", 0.2), ("/runs", 8.0), ("/seed", 5.0)]
    {
        assert_eq!(number(&doc, key), value, "{key}");
    }
    assert_eq!((&doc["mode"], &doc["engine"], &doc["living"]), (&"push".into(), &"node".into(), &24.into()));
    for goal in ["0.99", "0.999", "1"] {
        let [mean, p50, p99, max] =
            ["mean", "p50", "p99", "max"].map(|q| number(&doc, &format!("/rounds_to/{goal}/{q}")));
        assert!(1.0 <= p50 && p50 <= p99 && p99 <= max && mean <= max, "{goal}: {doc}");
        assert!(number(&doc, &format!("/theory/rounds_to/{goal}/mean")) > 1.0);
    }
    let coverage = doc["coverage"].as_array().expect("a list");
    assert_eq!((number(&coverage[0], "/round"), number(&coverage[0], "/p95")), (0.0, 1.0 / 24.0));
    assert_eq!(coverage.last().map(|last| number(last, "/mean")), Some(1.0));
    assert!(number(&doc, "/bytes_per_node") > 60.0 * number(&doc, "/datagrams_per_node"));
    assert_eq!(doc, sim(&args), "one seed, one run");
}

#[test]
fn nodes_that_pull_ask_in_every_round_and_stand_beside_what_was_proved() {
    let args = ["spread", "--mode", "push-pull", "--fanout", "1", "--nodes", "50", "--runs", "5"];
    let doc = sim(&args);
    assert_eq!((&doc["engine"], &doc["mode"]), (&"node".into(), &"push-pull".into()));
    assert!(number(&doc, "/questions_per_node") >= number(&doc, "/rounds_to/1/mean"), "{doc}");
    assert!(doc["theory"]["closed"]["name"].as_str().is_some_and(|name| name.starts_with("Karp")), "{doc}");
    let told = bruit(&[&["sim"], &args[..]].concat(), "");
    assert!(told.stdout.contains("questions of a node") && told.stdout.contains("real nodes"), "{told:?}");
    assert_eq!(number(&sim(&["spread", "--nodes", "10", "--runs", "2"]), "/questions_per_node"), 0.0);
}

#[test]
fn a_list_of_sizes_gives_one_document_and_one_picture() {
    let picture = scratch("sim-sizes").join("n.svg");
    let path = picture.to_str().expect("a plain path");
    let doc = sim(&["spread", "--sizes", "5,20", "--runs", "3", "--svg", path]);
    let sizes = doc["sizes"].as_array().expect("a list");
    assert_eq!(sizes.iter().map(|one| number(one, "/nodes")).collect::<Vec<_>>(), [5.0, 20.0]);
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(svg.starts_with("<svg ") && svg.contains("theory, p99") && svg.contains("all know, mean"), "{svg}");
}

#[test]
fn mongering_stands_beside_the_paper() {
    let doc = sim(&["mongering", "--rule", "pull-feedback-counter", "-k", "2", "--runs", "2"]);
    assert_eq!((&doc["rows"][0]["engine"], number(&doc, "/rows/0/paper/residue")), (&"model".into(), 5.8e-4));
    assert_eq!(number(&doc, "/rows/0/paper/t_avg"), 10.07);
    assert!(number(&doc, "/rows/0/t_avg/mean") < number(&doc, "/rows/0/t_last/mean"), "{doc}");
    let doc = sim(&["mongering", "--rule", "push-blind-counter", "-k", "2", "--nodes", "100", "--runs", "5"]);
    assert_eq!((&doc["rows"][0]["engine"], &doc["rows"][0]["paper"]), (&"node".into(), &Value::Null));
    // Each of those who know sends it twice.
    let (traffic, residue) = (number(&doc, "/rows/0/traffic/mean"), number(&doc, "/rows/0/residue/mean"));
    assert!((traffic - 2.0 * (1.0 - residue)).abs() < 1e-9, "{doc}");
}

#[test]
fn rumors_and_storm_say_what_became_of_each() {
    let doc = sim(&["rumors", "--nodes", "20", "--runs", "3", "--rule", "feedback-coin-2"]);
    assert_eq!((&doc["rows"][0]["rule"], number(&doc, "/rows/0/missed")), (&"feedback-coin-2".into(), 0.0));
    assert!(number(&doc, "/planned/all_ms/p50") > 0.0 && number(&doc, "/rows/0/copies_per_node/mean") > 0.9, "{doc}");
    let doc = sim(&["rumors", "--nodes", "20", "--runs", "3", "--class", "urgent", "--latency", "100us"]);
    assert_eq!((&doc["rows"][0]["rule"], number(&doc, "/rows/0/residue/max")), (&Value::Null, 0.0));
    let doc = sim(&["storm", "--nodes", "12", "--rumors", "5", "--rate", "0"]);
    let row = |key: &str| number(&doc, &format!("/rows/0/{key}"));
    assert_eq!((row("delivered"), row("lost"), row("missing"), row("suspicions")), (660.0, 0.0, 0.0, 0.0), "{doc}");
    let out = bruit(&["sim", "rumors", "--rule", "blind-counter"], "");
    assert!(out.code == 2 && out.stderr.contains("feedback-counter-2"), "{out:?}");
}

#[test]
fn detect_and_loss_have_their_keys_and_draw() {
    let dir = scratch("sim-detect");
    let (one, two) = (dir.join("d.svg"), dir.join("l.svg"));
    let [one, two] = [&one, &two].map(|path| path.to_str().expect("a plain path"));
    let doc = sim(&["detect", "--nodes", "8", "--runs", "4", "--svg", one]);
    for key in ["first_pinged_ms", "first_detected_ms", "declared_ms", "all_detected_ms"] {
        assert!(number(&doc, &format!("/{key}/p50")) > 0.0, "{key}");
    }
    assert_eq!((number(&doc, "/false_positives"), number(&doc, "/missed")), (0.0, 0.0));
    assert_eq!(number(&doc, "/memory_bytes"), 8.0 * number(&doc, "/memory_bytes_per_node"));
    let doc = sim(&["loss", "--runs", "1", "--svg", two]);
    let names: Vec<_> = doc["rows"].as_array().expect("a list").iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["basic", "infection", "suspicion + infection", "bruit"]);
    assert_eq!(number(&doc, "/rows/3/stable/mean"), 17.0);
    for path in [one, two] {
        assert!(std::fs::read_to_string(path).expect("a picture").starts_with("<svg "), "{path}");
    }
}

#[test]
fn what_never_happened_has_no_figures() {
    let cases: [(&[&str], &str, &str); 2] = [
        (&["detect", "-n", "12", "--runs", "1", "--loss", "0.95"], "/all_detected_ms", "held dead by all"),
        (&["churn", "-n", "10", "--loss", "0.95", "--rate", "5", "--watch", "1s"], "/rates/0/join_known_ms", "lags"),
    ];
    for (args, path, name) in cases {
        let doc = sim(args);
        assert_eq!(number(&doc, &format!("{path}/count")), 0.0, "it happened after all: {doc}");
        for figure in ["mean", "standard_error", "min", "p5", "p50", "p95", "p99", "max"] {
            assert_eq!(doc.pointer(&format!("{path}/{figure}")), Some(&Value::Null), "{figure}: {doc}");
        }
        let shown = bruit(&[&["sim"], args].concat(), "").stdout;
        let line = shown.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} in {shown}"));
        assert!(line.split_whitespace().filter(|cell| *cell == "-").count() >= 2 && !line.contains("0 µs"), "{shown}");
    }
}

#[test]
fn clusters_that_join_restart_churn_and_are_cut_have_their_keys() {
    let common = ["--nodes", "20", "--runs", "1"];
    let play = |name: &str, more: &[&str]| sim(&[&[name], &common[..], more].concat());
    let storm = play("join-storm", &[]);
    assert_eq!((number(&storm, "/unfinished"), number(&storm, "/suspicions")), (0.0, 0.0));
    for key in ["half_joined_ms", "all_joined_ms", "all_know_all_ms", "late_knows_all_ms", "late_known_by_all_ms"] {
        assert_eq!(number(&storm, &format!("/{key}/count")), 1.0, "{key}");
    }
    let restart = play("mass-restart", &["--survivors", "2", "--pause", "5s"]);
    assert_eq!((number(&restart, "/survivors"), number(&restart, "/unfinished")), (2.0, 0.0));
    assert_eq!((number(&restart, "/false_deaths"), number(&restart, "/all_back_ms/count")), (0.0, 1.0));
    let churn = play("churn", &["--rate", "2,4", "--watch", "3s"]);
    assert_eq!((number(&churn, "/rates/1/rate"), number(&churn, "/ceiling")), (4.0, 4.0));
    assert_eq!((number(&churn, "/rates/1/unknown"), number(&churn, "/rates/1/join_known_ms/count")), (0.0, 12.0));
    let cut = play("partition", &["--split", "30/70", "--held", "60s"]);
    assert_eq!((number(&cut, "/side_percent"), number(&cut, "/held_s")), (30.0, 60.0));
    assert_eq!((number(&cut, "/unfinished"), number(&cut, "/one_view_ms/count")), (0.0, 1.0));
    let steady = play("steady", &["--watch", "20s"]);
    assert!((1.9..=2.1).contains(&number(&steady, "/datagrams_per_node_s/mean")), "{steady}");
}

/// Well-formed as far as a plot goes: one root, every element closed, nothing that is no number.
fn assert_is_picture(path: &std::path::Path) {
    let svg = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("an open tag: {tag}"));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or("");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{svg}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(open.is_empty(), "{open:?}: {svg}");
    // Texts may begin so, coordinates may not.
    assert!(!["NaN", "\"inf", ",inf", "-inf"].iter().any(|number| svg.contains(number)), "{svg}");
    assert!(svg.contains("<polyline ") || svg.contains("<circle "), "nothing is drawn: {svg}");
}

#[test]
fn every_experiment_draws_and_says_where_it_cannot() {
    let folder = scratch("sim-pictures");
    let cases: [(&str, &[&str]); 14] = [
        ("spread", &["--nodes", "20", "--runs", "2"]),
        ("mongering", &["--nodes", "50", "--runs", "2", "-k", "1,2"]),
        ("rumors", &["--nodes", "12", "--runs", "2", "--rule", "blind-counter-1,blind-counter-4"]),
        ("storm", &["--nodes", "12", "--rumors", "3", "--watch", "1s"]),
        ("detect", &["--nodes", "6", "--runs", "2"]),
        ("loss", &["--nodes", "5", "--runs", "1"]),
        ("lifeguard", &["--nodes", "8", "--starved", "1", "--pause", "2s", "--interval", "1s"]),
        ("false-death", &["--nodes", "6", "--watch", "10s"]),
        ("join-storm", &["--nodes", "12", "--runs", "2"]),
        ("mass-restart", &["--nodes", "12", "--runs", "2"]),
        ("churn", &["--nodes", "12", "--rate", "2,4", "--watch", "2s"]),
        ("partition", &["--nodes", "12", "--runs", "2", "--held", "60s"]),
        ("steady", &["--sizes", "4,8", "--watch", "5s"]),
        ("steady", &["--nodes", "4", "--watch", "5s"]),
    ];
    let nowhere = folder.join("none").join("x.svg");
    for (name, args) in cases {
        let picture = folder.join(format!("{name}.svg"));
        for path in [&picture, &nowhere] {
            let path = path.to_str().expect("a plain path");
            let out = bruit(&[&["sim", name], args, &["--svg", path]].concat(), "");
            if path.ends_with("/none/x.svg") {
                assert!(
                    out.code == 1 && out.stderr.starts_with("error: cannot write"),
                    "played in vain, {name}: {out:?}"
                );
                assert!(out.stderr.contains("name a file in a folder that you may write to"), "{name}: {out:?}");
            } else {
                let is_its_cost = |line: &str| line.starts_with("wall clock");
                assert!(out.code == 0 && out.stderr.lines().all(is_its_cost), "{name}: {out:?}");
            }
        }
        assert_is_picture(&picture);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_picture_that_finds_no_room_costs_no_figures() {
    let cases: [(&str, &[&str]); 5] = [
        ("detect", &["--nodes", "6", "--runs", "2"]),
        ("spread", &["--nodes", "20", "--runs", "2"]),
        ("steady", &["--nodes", "4", "--watch", "5s"]),
        ("mass-restart", &["--nodes", "12", "--runs", "1"]),
        ("lifeguard", &["--nodes", "8", "--starved", "1", "--pause", "2s", "--interval", "1s"]),
    ];
    for (name, args) in cases {
        let out = bruit(&[&["sim", name], args, &["--svg", "/dev/full", "--json"]].concat(), "");
        assert!(out.code == 1 && out.json()["trace_hash"].is_string(), "{name}: {out:?}");
        assert!(out.stderr.contains("make room there, or name a file on another disk"), "{name}: {out:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_cluster_that_the_machine_has_no_room_for_is_refused_before_it_is_played() {
    let program = env!("CARGO_BIN_EXE_bruit");
    for args in
        ["detect -n 5000 --runs 1", "steady -n 100000", "partition -n 20000 --runs 1", "spread -n 100000 --runs 1"]
    {
        let line = format!("ulimit -v 1500000; exec '{program}' sim {args}");
        let out = common::run(common::command_of(std::path::Path::new("sh"), &["-c", &line]), "");
        assert!(out.code == 2 && out.stdout.is_empty(), "{args}: {out:?}");
        assert!(out.stderr.contains(" GB of memory, and there is room for "), "{args}: {out:?}");
    }
}

#[test]
fn a_table_says_what_was_played_and_has_the_hash_that_a_script_gets() {
    let cases: [(&str, &[&str], &str); 7] = [
        ("detect", &["--nodes", "6", "--runs", "2"], "6 nodes, loss 0 %, 2 runs from seed 1"),
        (
            "spread",
            &["--sizes", "5,8", "--runs", "2"],
            "by size, push, rounds, fanout 3, 0 % dead, loss 0 %, 2 runs from seed 1",
        ),
        (
            "steady",
            &["--sizes", "4,8", "--watch", "5s", "--seed", "7"],
            "by size, loss 0 %, watched 5s, 1 run from seed 7",
        ),
        ("mongering", &["--nodes", "50", "--runs", "2", "-k", "1,2"], "50 nodes, loss 0 %, 2 runs from seed 1"),
        ("aggregate", &["--nodes", "20", "--runs", "1"], "20 nodes, 0 % crash, 40 rounds, 1 run from seed 1"),
        ("false-death", &["--nodes", "6", "--watch", "5s"], "6 nodes, watched 5s at each loss, 1 run from seed 1"),
        ("state", &["repair", "--owners", "3", "--differ", "1", "--runs", "1"], "repair, 3 owners, 1 run from seed 1"),
    ];
    for (name, args, played) in cases {
        let out = bruit(&[&["sim", name], args].concat(), "");
        assert_eq!(out.stdout.lines().next(), Some(format!("{name}: {played}").as_str()), "{out:?}");
        let doc = sim(&[&[name], args].concat());
        let sizes = doc["sizes"].as_array().cloned().unwrap_or_else(|| vec![doc]);
        for document in sizes {
            let hash = document["trace_hash"].as_str().expect("each has one");
            assert!(out.stdout.contains(hash), "{name}: {hash} in {out:?}");
            let rows_say = matches!(name, "mongering" | "aggregate");
            assert_eq!(document["engine"].is_null(), rows_say, "{name}: {document}");
        }
    }
}

#[test]
fn a_time_out_of_its_range_is_told_with_its_unit() {
    let out = bruit(&["sim", "steady", "--probe-interval", "0s"], "");
    assert_eq!((out.code, out.stderr.contains("probe_interval is 0s; it can be 1us to 1d")), (2, true), "{out:?}");
}

#[test]
fn a_place_for_none_is_drawn_below_the_powers_of_ten() {
    let picture = scratch("sim-none").join("x.svg");
    let path = picture.to_str().expect("a plain path");
    sim(&["false-death", "--nodes", "6", "--watch", "10s", "--loss", "0", "--svg", path]);
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(svg.contains(">0</text>") && svg.matches("<circle ").count() >= 3, "{svg}");
}

#[test]
fn a_part_of_the_whole_set_is_the_same_again_and_the_rest_is_kept() {
    let folders = ["one", "two"].map(|name| scratch("sim-all").with_extension(name));
    let read = |folder: &std::path::Path, file: &str| std::fs::read_to_string(folder.join(file)).expect("a file");
    for folder in &folders {
        let _ = std::fs::remove_dir_all(folder);
        let path = folder.to_str().expect("a plain path");
        let out = bruit(&["sim", "all", "--only", "loss", "--out", path], "");
        assert_eq!((out.code, out.stderr.as_str()), (0, "bruit sim loss\n"), "{out:?}");
        assert_is_picture(&folder.join("experiments/loss.svg"));
    }
    let text = read(&folders[0], "experiments.md");
    assert!(
        text.contains("from seed 1,") && text.contains("| bruit as it is | 17.0 |") && !text.contains("{{"),
        "{text}"
    );
    for file in ["experiments.md", "experiments/loss.svg"] {
        assert_eq!(read(&folders[0], file), read(&folders[1], file), "{file}");
    }
    // A section that is not played stays, even where somebody has changed it.
    let changed = text.replace("| bruit as it is |", "| bruit |");
    std::fs::write(folders[0].join("experiments.md"), changed + "\n## More: `steady`\n\nKept.\n").expect("our own");
    let path = folders[0].to_str().expect("a plain path");
    let out = bruit(&["sim", "all", "--only", "loss", "--out", path, "--seed", "2"], "");
    assert!(out.code == 1 && out.stderr.contains("is of another seed"), "{out:?}");
    let out = bruit(&["sim", "all", "--only", "loss", "--out", path, "--json"], "");
    assert_eq!(out.json()["sections"]["loss"][0]["rows"][3]["stable"]["mean"], 17.0, "{out:?}");
    assert_eq!(read(&folders[0], "experiments.md"), text + "\n## More: `steady`\n\nKept.\n");
}

#[test]
fn all_refuses_what_it_does_not_know_and_says_at_once_where_it_cannot_write() {
    let out = bruit(&["sim", "all", "--out", "x", "--only", "lose"], "");
    assert_eq!(out.code, 2, "{out:?}");
    for name in ["spread", "mongering", "tradeoff", "mass-restart", "steady"] {
        assert!(out.stderr.contains(name), "{name}: {}", out.stderr);
    }
    assert_eq!(bruit(&["sim", "all"], "").code, 2, "neither a folder nor --json");
    let file = scratch("sim-no-folder").join("file");
    std::fs::write(&file, "").expect("a file in our folder");
    let out = bruit(&["sim", "all", "--only", "loss", "--out", file.to_str().expect("a plain path")], "");
    assert!(out.code == 1 && out.stderr.contains("name a folder that you may write to"), "{out:?}");
    assert!(!out.stderr.contains("bruit sim loss"), "before anything is played: {out:?}");
}

#[test]
fn what_makes_no_sense_ends_with_2_and_says_why() {
    let watch = "watch in s is 0; it may be 0.001 to 2678400";
    let runs = "runs is 0; it may be 1 to 1000000";
    let cases: [(&[&str], &str); 17] = [
        (&["detect", "-n", "5", "--runs", "0"], runs),
        (&["mongering", "-n", "50", "--runs", "0"], runs),
        (&["state", "repair", "--runs", "0"], runs),
        (&["state", "in-step", "--runs", "0"], runs),
        (&["state", "newcomer", "--runs", "0"], runs),
        (&["partition", "-n", "10", "--split", "1/99"], "one side of the split would have no node"),
        (&["aggregate", "--rounds", "0"], "rounds is 0; it may be 1 to 10000"),
        (&["spread", "-n", "10", "--runs", "0"], runs),
        (&["steady", "-n", "5", "--watch", "0"], watch),
        (&["false-death", "-n", "5", "--watch", "0s"], watch),
        (&["churn", "-n", "10", "--watch", "0"], watch),
        (&["storm", "-n", "10", "--watch", "0"], watch),
        (&["spread", "--eager"], "forwarding at first receipt knows no rounds; choose event timing"),
        (
            &["spread", "--timing", "event", "--mode", "pull", "--eager"],
            "what is pulled is not forwarded at first receipt",
        ),
        (&["spread", "--nodes", "3"], "fanout is 3, but there are only 2 others"),
        (&["mongering", "--loss", "0.1", "--rule", "pull-feedback-counter"], "leave the loss at 0"),
        (&["detect", "--nodes", "2"], "nodes is 2; it may be 3 to 100000"),
    ];
    for (args, said) in cases {
        let out = bruit(&[&["sim"], args].concat(), "");
        assert!(out.code == 2 && out.stderr.contains(said), "{args:?}: {out:?}");
    }
    // In lists as well, before anything of them is played.
    let lists: [&[&str]; 3] = [
        &["steady", "--sizes", "10,0", "--watch", "2s"],
        &["spread", "--sizes", "10,0", "--runs", "2"],
        &["churn", "-n", "10", "--rate", "1,0", "--watch", "2s"],
    ];
    for args in lists {
        let out = bruit(&[&["sim"], args].concat(), "");
        let errors: Vec<_> = out.stderr.lines().collect();
        assert!(out.code == 2 && errors.len() == 1 && errors[0].contains(" is 0; it may be "), "{args:?}: {out:?}");
    }
}

#[test]
fn lifeguard_has_every_row_beside_the_papers_and_draws_both_pictures() {
    let folder = scratch("sim-lifeguard");
    let (wrong, latency) = (folder.join("wrong.svg"), folder.join("latency.svg"));
    let paths = [&wrong, &latency].map(|path| path.to_str().expect("a plain path"));
    let cell = ["--nodes", "16", "--starved", "2", "--pause", "16384ms", "--interval", "1024ms"];
    let doc = sim(&[&["lifeguard"], &cell[..], &["--svg", paths[0], "--svg-latency", paths[1]]].concat());
    let rows = doc["rows"].as_array().expect("a list");
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap_or("")).collect();
    assert_eq!(names, ["swim", "swim+probes", "swim+suspicion", "swim+buddy", "lifeguard", "bruit"]);
    assert_eq!((&rows[4]["paper_percent"][0], &rows[5]["paper_percent"]), (&1.53.into(), &Value::Null));
    for row in rows {
        assert_eq!(number(row, "/cells/0/starved"), 2.0);
        assert_eq!(number(row, "/messages"), number(row, "/cells/0/messages"));
        assert!(number(row, "/bytes") > 52.0 * number(row, "/messages"), "{row}");
        assert!(number(row, "/first_detected_ms/count") > 0.0, "{row}");
    }
    for path in [wrong, latency] {
        assert!(std::fs::read_to_string(path).expect("a picture").starts_with("<svg "));
    }
    let bad = bruit(&["sim", "lifeguard", "--starved", "65"], "");
    assert_eq!((bad.code, bad.stderr.contains("it may be 1 to 64")), (2, true), "{bad:?}");
}

#[test]
fn false_death_has_a_row_for_each_loss() {
    let doc = sim(&["false-death", "--nodes", "12", "--watch", "30s"]);
    let losses: Vec<_> = doc["rows"].as_array().expect("a list").iter().map(|row| number(row, "/loss")).collect();
    assert_eq!(losses, [0.0, 0.1, 0.2, 0.3]);
    assert!((100.0..=104.5).contains(&number(&doc, "/rows/0/bytes_per_node_s/mean")), "{doc}");
    let one = sim(&["false-death", "--nodes", "12", "--watch", "30s", "--loss", "0.2"]);
    assert_eq!(doc["rows"][2], one["rows"][0], "each loss is played from the same seeds");
}

#[test]
fn any_parameter_of_the_protocol_can_be_set_and_what_is_none_is_named() {
    let churn = |more: &[&str]| sim(&[&["churn", "--nodes", "40", "--rate", "4", "--watch", "3s"], more].concat());
    let bytes = |doc: &Value| number(doc, "/rates/0/bytes_per_node_s");
    let (as_it_is, less) = (churn(&[]), churn(&["--set", "fanout=2", "--set", "one_miss_in=1"]));
    assert!(bytes(&less) < bytes(&as_it_is) * 0.9, "{} < {}", bytes(&less), bytes(&as_it_is));
    let usage = |set: &str| bruit(&["sim", "churn", "--set", set], "");
    for (set, told) in [("fanuot=2", "`fanout`?"), ("fanout=two", "protocol.fanout"), ("fanout=99", "fanout")] {
        let out = usage(set);
        assert!(out.code == 2 && out.stderr.contains(told), "{set}: {out:?}");
    }
}
