//! Does a load arrive, and are its figures there? A small one, for real.

mod common;

use common::{bruit, scratch};
use serde_json::{Value, json};

#[test]
fn a_light_load_arrives_whole_and_every_figure_is_there() {
    for class in ["urgent", "normal", "bulk"] {
        let args =
            ["load", "--nodes", "3", "--publishers", "2", "--rate", "400", "--duration", "500ms", "--class", class];
        let out = bruit(&[&args[..], &["--size", "100", "--json"]].concat(), "");
        assert_eq!(out.code, 0, "{out:?}");
        let doc = out.json();
        assert_eq!((&doc["schema"], &doc["nodes"], &doc["class"]), (&json!(1), &json!(3), &json!(class)));
        assert_eq!((&doc["published"], &doc["refused"], &doc["delivered"]), (&json!(200), &json!(0), &json!(400)));
        assert_eq!((&doc["delivered_share"], &doc["lost"], &doc["unread"]), (&json!(1.0), &json!(0), &json!(0)));
        let age = &doc["age_us"];
        assert_eq!((&age["count"], &age["unit"]), (&json!(400), &json!("us")));
        assert!(age["p50"].as_u64() <= age["p99"].as_u64() && age["p99"].as_u64() <= age["max"].as_u64(), "{age}");
        assert!(doc["copies_per_node"].as_f64().is_some_and(|n| n >= 1.0), "{doc}");
        for key in ["datagrams_per_node_s", "bytes_per_node_s", "rumors_per_datagram", "cpu_us_per_delivery"] {
            assert!(doc[key].as_f64().is_some_and(|n| n > 0.0), "{key}: {doc}");
        }
        assert!(doc["arrived_per_s"].as_f64().is_some_and(|n| n > 0.0), "{doc}");
        for key in ["agents", "agent_age_us", "refused_because"] {
            assert!(doc[key].is_null(), "{key} is told of agents, or of what is refused: {doc}");
        }
        for key in ["kernel_drops", "timer_lateness_p99_us", "timer_lateness_max_us", "latest_us", "duplicates"] {
            assert!(doc[key].is_u64(), "{key}: {doc}");
        }
        let counted = if cfg!(feature = "count-alloc") { json!(0) } else { Value::Null };
        assert_eq!(doc["allocations_after_start"], counted);
    }
}

#[test]
fn flat_out_every_rumor_is_accounted_for_and_what_a_core_delivers_is_told() {
    let args = ["load", "--flat-out", "--nodes", "4", "--publishers", "2", "--duration", "300ms", "--json"];
    let out = bruit(&args, "");
    assert_eq!(out.code, 0, "{out:?}");
    let doc = out.json();
    let number = |key: &str| doc[key].as_u64().unwrap_or_else(|| panic!("{key}: {doc}"));
    assert_eq!((&doc["rate"], number("refused")), (&Value::Null, 0), "{doc}");
    let told_of = number("delivered") + number("lost") + number("unread");
    assert!(number("delivered") > 0 && told_of == number("published") * 3, "{doc}");
    let by_node: Vec<u64> =
        doc["delivered_by_node"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
    assert_eq!((by_node.len(), by_node.iter().sum()), (4, number("delivered")), "{doc}");
    for key in ["delivered_per_s", "delivered_per_core_s", "cores_busy"] {
        assert!(doc[key].as_f64().is_some_and(|n| n > 0.0), "{key}: {doc}");
    }
}

#[test]
fn people_get_a_table_that_fits_their_terminal() {
    let out = bruit(&["load", "--nodes", "2", "--rate", "100", "--duration", "100ms"], "");
    assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{out:?}");
    assert!(
        out.stdout.starts_with("2 nodes, 1 of them publishes 100 urgent rumors of 64 B a second"),
        "{}",
        out.stdout
    );
    assert!(out.stdout.lines().all(|line| line.chars().count() <= 80), "{}", out.stdout);
}

#[test]
fn a_load_that_makes_no_sense_is_refused() {
    let cases: [&[&str]; 15] = [
        &["--nodes", "1"],
        &["--size", "7"],
        &["--size", "1025"],
        &["--nodes", "3", "--publishers", "4"],
        &["--duration", "0s"],
        &["--rate", "1000000", "--duration", "1h"],
        &["--flat-out", "--rate", "1000"],
        &["--flat-out", "--find-max"],
        &["--flat-out", "--duration", "21s"],
        &["--control", "x", "--find-max"],
        &["--control", "x", "--nodes", "3"],
        &["--control", "x", "--publishers", "2"],
        &["--max-loss", "0.1"],
        &["--find-max", "--max-loss", "1"],
        &["--find-max", "--max-p99", "soon"],
    ];
    for args in cases {
        let out = bruit(&[&["load"], args].concat(), "");
        assert_eq!((out.code, out.stderr.is_empty()), (2, false), "{args:?}: {out:?}");
    }
}

#[test]
fn ages_are_drawn_by_percentile_where_a_file_is_named() {
    let file = scratch("load-svg").join("ages.svg");
    let path = file.to_str().expect("a plain path");
    let out = bruit(&["load", "--nodes", "2", "--rate", "1000", "--duration", "100ms", "--svg", path], "");
    assert_eq!(out.code, 0, "{out:?}");
    let svg = std::fs::read_to_string(&file).expect("the picture");
    for text in [">0%<", ">90%<", ">99%<", "age, ms", "percentile"] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_told_before_the_load_and_not_after() {
    let dir = scratch("load-svg-nowhere");
    let path = dir.join("none/x.svg");
    let path = path.to_str().expect("a plain path");
    for args in [&["--rate", "1", "--duration", "1h"][..], &["--find-max"], &["--control", "x"]] {
        let out = bruit(&[&["load", "--svg", path], args].concat(), "");
        assert_eq!((out.code, out.stderr.contains("cannot write")), (1, true), "{args:?}: {out:?}");
    }
}

#[test]
fn the_highest_rate_is_found_and_what_comes_beyond_it_is_shown() {
    let file = scratch("load-max").join("max.svg");
    let path = file.to_str().expect("a plain path");
    // The highest that can be tried, of which nearly all may be missing: one step, and one beyond it.
    let args = ["load", "--find-max", "--nodes", "2", "--rate", "10000000", "--duration", "50ms", "--json"];
    let out = bruit(&[&args[..], &["--max-loss", "0.9999", "--max-p99", "1h", "--svg", path]].concat(), "");
    assert_eq!(out.code, 0, "{out:?}");
    let doc = out.json();
    assert_eq!((&doc["schema"], &doc["max"]), (&json!(1), &json!(10_000_000)));
    assert_eq!((&doc["max_loss"], &doc["max_p99_us"]), (&json!(0.9999), &json!(3_600_000_000_u64)));
    for steps in ["steps", "beyond"] {
        let steps = doc[steps].as_array().expect("a list");
        assert_eq!((steps.len(), &steps[0]["rate"]), (1, &json!(10_000_000)));
        assert!(steps[0]["loss"].is_f64() && steps[0]["delivered"].as_u64().is_some_and(|n| n > 0), "{doc}");
    }
    assert_eq!(doc["steps"][0]["broke"], Value::Null);
    let svg = std::fs::read_to_string(&file).expect("the picture");
    for text in ["age, ms", "delivered, %", "arrived at each reader"] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
}

#[test]
fn where_no_rate_holds_every_try_is_a_row_and_the_end_is_4() {
    let args = ["load", "--find-max", "--nodes", "2", "--rate", "20", "--duration", "100ms", "--max-p99", "0s"];
    let out = bruit(&args, "");
    assert_eq!(out.code, 4, "{out:?}");
    assert!(out.stderr.contains("no rate held, from 20 a second down to 10"), "{out:?}");
    let rows: Vec<&str> = out.stdout.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(rows, ["20", "20", "10", "10"], "{}", out.stdout);
    assert!(out.stdout.lines().skip(1).all(|line| line.ends_with("p99") && line.chars().count() <= 80), "{out:?}");
}
