//! Does a load arrive, and are its figures there? A small one, for real.

mod common;

use common::bruit;
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
        for key in ["kernel_drops", "timer_lateness_p99_us", "timer_lateness_max_us", "latest_us", "duplicates"] {
            assert!(doc[key].is_u64(), "{key}: {doc}");
        }
        let counted = if cfg!(feature = "count-alloc") { json!(0) } else { Value::Null };
        assert_eq!(doc["allocations_after_start"], counted);
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
    let cases: [&[&str]; 6] = [
        &["--nodes", "1"],
        &["--size", "7"],
        &["--size", "1025"],
        &["--nodes", "3", "--publishers", "4"],
        &["--duration", "0s"],
        &["--rate", "1000000", "--duration", "1h"],
    ];
    for args in cases {
        let out = bruit(&[&["load"], args].concat(), "");
        assert_eq!((out.code, out.stderr.is_empty()), (2, false), "{args:?}: {out:?}");
    }
}
