//! Can the bugs of `tests/mutations` still be brought back, and does docs/rules.md say of each which history finds it?
//! `.ci/mutations` brings them back and plays the histories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn patches() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("tests/mutations")).expect("the folder is there");
    let mut all: Vec<PathBuf> = folder.map(|entry| entry.expect("a readable folder").path()).collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

#[test]
fn each_patch_applies() {
    if Command::new("git").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: there is no git here");
        return;
    }
    for patch in patches() {
        let mut git = Command::new("git");
        let applies = git.args(["apply", "--check"]).arg(&patch).current_dir(root()).status().expect("it runs");
        assert!(applies.success(), "{} does not apply any more", patch.display());
    }
}

#[test]
fn the_rules_name_each_patch_its_bug_its_seed_and_its_check() {
    let rules = fs::read_to_string(root().join("docs/rules.md")).expect("it is there");
    for patch in patches() {
        let text = fs::read_to_string(&patch).expect("it is text");
        let name = patch.file_stem().and_then(|name| name.to_str()).expect("a plain name");
        let mut lines = text.lines();
        let mut next = || lines.next().and_then(|line| line.split_once(": ")).expect("what it is stands above it");
        let ((rule, bug), (_, seed), (_, check)) = (next(), next(), next());
        let row = format!("| {rule} | `{name}` | {bug} |");
        let row = rules.lines().find(|line| line.starts_with(&row));
        let found = format!("| {seed} | {check} |");
        assert!(row.is_some_and(|row| row.ends_with(&found)), "{name}: {rule} {bug}, found by seed {seed}, {check}");
    }
}
