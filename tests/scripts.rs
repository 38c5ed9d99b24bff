//! Do several nodes do together what the scripts say? Each `tests/scripts/*.txt` and `tests/scenarios/*.txt` is a run
//! of a small cluster in virtual time: commands and, below each, the trace that it must give. Scripts show one thing
//! each, from start to end; scenarios are histories in which much goes wrong, and the shortened ones that the swarm has
//! found.
//!
//! ```text
//! # Comments and blank lines stay as they are.
//! > until all-see 3 up within 10s
//! after 0.015s
//! ```
//! `BRUIT_REGENERATE=1 cargo test --test scripts` writes the traces anew; the difference is then to be read, not waved
//! through. The commands are listed in `tests/interpreter/mod.rs`.

mod interpreter;

use std::fs;
use std::path::{Path, PathBuf};

use interpreter::Interpreter;

/// A script as it would look if what happens were right.
fn played(text: &str) -> String {
    let mut interpreter = Interpreter::default();
    let mut out = String::new();
    let mut in_trace = false;
    for line in text.lines() {
        let is_command = line.starts_with("> ");
        in_trace = in_trace && !is_command && !line.is_empty() && !line.starts_with('#');
        if in_trace {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if let Some(command) = line.strip_prefix("> ") {
            for trace in interpreter.run(command) {
                assert!(!trace.is_empty() && !trace.starts_with(['>', '#']), "{trace:?} would not be read as a trace");
                out.push_str(&trace);
                out.push('\n');
            }
            in_trace = true;
        }
    }
    out
}

fn scripts() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths: Vec<PathBuf> = ["scripts", "scenarios"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(tests.join(folder)).expect("the folder is there"))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    paths.sort();
    paths
}

/// The first line in which two texts differ, for a message that can be read.
fn first_difference(expected: &str, got: &str) -> String {
    let lines = expected.lines().map(Some).chain(std::iter::repeat(None));
    let mut pairs = lines.zip(got.lines().map(Some).chain(std::iter::repeat(None))).enumerate();
    let end = expected.lines().count().max(got.lines().count());
    pairs
        .find(|(n, (e, g))| e != g || *n == end)
        .map(|(n, (e, g))| format!("line {}: expected {:?}, got {:?}", n + 1, e.unwrap_or(""), g.unwrap_or("")))
        .unwrap_or_default()
}

#[test]
fn every_script_plays_as_it_is_written() {
    let regenerate = std::env::var_os("BRUIT_REGENERATE").is_some();
    let mut wrong = Vec::new();
    let scripts = scripts();
    assert!(scripts.len() >= 12, "only {} scripts found", scripts.len());
    for path in scripts {
        let expected = fs::read_to_string(&path).expect("a readable script");
        let got = played(&expected);
        if got == expected {
            continue;
        }
        if regenerate {
            fs::write(&path, &got).expect("a writable script");
        } else {
            wrong.push(format!("{}: {}", path.display(), first_difference(&expected, &got)));
        }
    }
    assert!(wrong.is_empty(), "{}\n(BRUIT_REGENERATE=1 writes them anew)", wrong.join("\n"));
}

#[test]
fn a_wrong_trace_is_noticed() {
    let script = "> clock\n0.000s\n\n> run 1s\n> clock\n2.000s\n";
    let got = played(script);
    assert_eq!(got, "> clock\n0.000s\n\n> run 1s\n> clock\n1.000s\n");
    assert_eq!(first_difference(script, &got), "line 6: expected \"2.000s\", got \"1.000s\"");
}
