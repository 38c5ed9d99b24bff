//! What does the file say? TOML, with the line of every key, and no key that nobody reads.

use std::path::Path;

use bruit_terminal::failure::{Code, Failure};
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key};
use super::nearest;

/// A file's keys as they stand there.
#[derive(Debug, Default)]
pub struct File<'t> {
    /// The file's name, for messages.
    pub name: String,
    /// Known keys with their values.
    pub entries: Vec<Entry<'t>>,
    /// Keys that nobody knows: the line, and what to say of it.
    pub unknown: Vec<(usize, String)>,
}

/// One key of a file.
#[derive(Debug)]
pub struct Entry<'t> {
    /// Which.
    pub key: &'static Key,
    /// On which line, from 1.
    pub line: usize,
    /// What it says.
    pub value: DeValue<'t>,
}

/// Reads the file's text.
pub fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Code::Invalid, format_args!("cannot read the configuration {}: {error}", path.display()))
    })
}

/// Parses the text.
///
/// # Errors
/// [`Code::Invalid`] when it is not TOML. Unknown keys are in [`File::unknown`], to be told with all other mistakes.
pub fn parse<'t>(text: &'t str, path: &Path) -> Result<File<'t>, Failure> {
    let mut file = File { name: path.display().to_string(), ..File::default() };
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Failure::new(Code::Invalid, format_args!("{}:{line}: {}", file.name, error.message()))
    })?;
    file.collect(text, "", table.into_inner());
    Ok(file)
}

impl<'t> File<'t> {
    fn collect(&mut self, text: &str, prefix: &str, table: DeTable<'t>) {
        for (key, value) in table {
            let line = line_of(text, key.span().start);
            let path = format!("{prefix}{}", key.get_ref());
            match (KEYS.iter().find(|k| k.path == path), value.into_inner()) {
                (Some(key), value) => self.entries.push(Entry { key, line, value }),
                (None, DeValue::Table(inner)) => self.collect(text, &format!("{path}."), inner),
                (None, _) => self.unknown.push((line, unknown(&path))),
            }
        }
    }
}

fn unknown(path: &str) -> String {
    let hint = match nearest(path, KEYS.iter().map(|k| k.path)) {
        Some(name) => format!("the nearest is `{name}`"),
        None => "`bruit config check` lists every key".to_owned(),
    };
    format!("unknown key `{path}`; {hint}")
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count() + 1
}
