//! What does a part of the document hold? The experiments that were played for it, and what came out of them.

use std::collections::BTreeMap;

use bruit_terminal::failure::{Code, Failure};
use clap::{Args, Command};
use serde::Serialize;
use serde_json::Value;

/// One section while it is played: what its template asks for, piece by piece.
#[derive(Debug)]
pub struct Section {
    seed: u64,
    commands: Vec<String>,
    documents: Vec<Value>,
    /// What stands in place of `{{name}}`.
    pub values: BTreeMap<String, String>,
    /// Whether what is said before `{{holds name}}` is true.
    pub claims: BTreeMap<&'static str, bool>,
    /// Pictures by their file names, as SVG.
    pub pictures: BTreeMap<&'static str, String>,
}

impl Section {
    /// An empty one, played from this seed.
    pub fn new(seed: u64) -> Self {
        let (commands, documents) = (Vec::new(), Vec::new());
        let (values, claims, pictures) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { seed, commands, documents, values, claims, pictures }
    }

    /// The arguments of `bruit sim` with this line: what is played is what the document says, word for word.
    pub fn command<A: Args>(&mut self, line: &str) -> Result<A, Failure> {
        eprintln!("bruit sim {line}");
        self.commands.push(line.to_owned());
        let seed = self.seed.to_string();
        let words = line.split_whitespace().skip(1).chain(["--seed", &seed]);
        let parser = A::augment_args(Command::new("sim").no_binary_name(true));
        let parsed = parser.try_get_matches_from(words).and_then(|matches| A::from_arg_matches(&matches));
        parsed.map_err(|error| Failure::new(Code::Failed, error))
    }

    /// Keeps what a script gets of an experiment.
    pub fn keep(&mut self, document: &impl Serialize) {
        self.documents.push(serde_json::to_value(document).unwrap_or_default());
    }

    /// Puts a text in place of `{{name}}`.
    pub fn set(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.values.insert(name.into(), text.into());
    }

    /// Puts the rows of a table in place of `{{name}}`.
    pub fn rows(&mut self, name: &str, rows: impl IntoIterator<Item = Vec<String>>) {
        let rows: Vec<_> = rows.into_iter().map(|cells| format!("| {} |", cells.join(" | "))).collect();
        self.set(name, rows.join("\n"));
    }

    /// Says whether what stands before `{{holds name}}` is true.
    pub fn claim(&mut self, name: &'static str, holds: bool) {
        self.claims.insert(name, holds);
    }

    /// Adds a picture.
    pub fn picture(&mut self, file: &'static str, svg: String) {
        self.pictures.insert(file, svg);
    }

    /// Ends the playing: the commands are a value as well, unless the section has put them more shortly. What a script gets of
    /// all of them.
    pub fn finish(&mut self) -> Value {
        let commands: Vec<_> = self.commands.iter().map(|line| format!("`bruit sim {line}`")).collect();
        self.values.entry("commands".to_owned()).or_insert_with(|| commands.join(", "));
        Value::Array(std::mem::take(&mut self.documents))
    }
}
