//! How is it told? As tables for people and as one document for programs, both made by the measurement itself.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::machine::Machine;
use crate::views::Wrong;

/// What a measurement has to say.
#[derive(Debug)]
pub struct Report {
    document: Map<String, Value>,
    text: String,
    broken: Vec<String>,
}

impl Report {
    /// The report of a command, on this machine.
    #[must_use]
    pub fn new(command: &str, title: &str, machine: &Machine) -> Self {
        let mut document = Map::new();
        document.insert("schema".into(), 1.into());
        document.insert("command".into(), command.into());
        document.insert("machine".into(), machine.json());
        Self { document, text: format!("{title}\nmachine: {}\n\n", machine.text()), broken: Vec::new() }
    }

    /// The report of a command that cannot run here, and does not fail for that.
    #[must_use]
    pub fn skipped(command: &str, why: &str) -> Self {
        let document = json!({ "schema": 1, "command": command, "skipped": why });
        let Value::Object(document) = document else { unreachable!("written as an object above") };
        Self { document, text: format!("skipped: {why}\n"), broken: Vec::new() }
    }

    /// A key of the document.
    pub fn key(&mut self, name: &str, value: impl Into<Value>) {
        self.document.insert(name.into(), value.into());
    }

    /// A table, and an empty line after it.
    pub fn table(&mut self, table: &Table) {
        self.text.push_str(&table.render());
        self.text.push('\n');
    }

    /// A line of text.
    pub fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A count that must be as promised; `promise` is what is said when it is not.
    pub fn require(&mut self, kept: bool, promise: impl std::fmt::Display) {
        if !kept {
            self.broken.push(promise.to_string());
        }
    }

    /// Tells of all that was wrong, of which there must be no death and no disagreement.
    pub fn judge(&mut self, wrong: &Wrong) {
        let Wrong { deaths, deaths_first, suspicions, disagreements } = wrong;
        self.line(&format!("held dead / suspected though it lived and was reachable: {deaths} / {suspicions} times"));
        let ones = deaths_first.join("; ");
        self.require(*deaths == 0, format_args!("{deaths} times a living member was held dead: {ones}"));
        self.require(*disagreements == 0, format_args!("{disagreements} pairs are not as events told"));
        self.key("wrong", wrong.json());
    }

    /// Whether every count is as promised.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.broken.is_empty()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        self.broken.iter().fold(self.text.clone(), |text, promise| text + "NOT KEPT: " + promise + "\n")
    }

    /// For programs: one object.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut document = self.document.clone();
        document.insert("kept".into(), self.is_kept().into());
        document.insert("broken".into(), self.broken.clone().into());
        Value::Object(document)
    }
}

/// Columns as wide as their widest cell, two spaces apart; all but the first align to the right, unless the title begins with
/// `<`.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    left: Vec<bool>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(titles: &[&str]) -> Self {
        let left = titles.iter().enumerate().map(|(i, title)| i == 0 || title.starts_with('<')).collect();
        let row = titles.iter().map(|title| title.trim_start_matches('<').to_owned()).collect();
        Self { rows: vec![row], left }
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as text, each line ended.
    #[must_use]
    pub fn render(&self) -> String {
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.left.len()).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, &width), &left) in row.iter().zip(&widths).zip(&self.left) {
                // Writing to a string cannot fail.
                let _ = if left { write!(line, "{cell:<width$}  ") } else { write!(line, "{cell:>width$}  ") };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_to_the_right_and_words_to_the_left() {
        let mut table = Table::new(&["what", "here", "<note"]);
        table.row(["a", "1.5 ms", "x"]);
        table.row(["longer", "20 s", ""]);
        assert_eq!(table.render(), "what      here  note\na       1.5 ms  x\nlonger    20 s\n");
    }

    #[test]
    fn a_count_that_is_not_as_promised_fails_the_report_in_words() {
        let mut report = Report::new("x", "X", &Machine::look());
        report.require(true, "not said");
        assert!(report.is_kept());
        report.require(false, "0 deaths were promised");
        assert!(!report.is_kept() && report.text().ends_with("NOT KEPT: 0 deaths were promised\n"));
        assert_eq!(report.json()["kept"], false);
    }
}
