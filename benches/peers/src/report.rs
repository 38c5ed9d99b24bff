//! Who was better, and by how much? A table for people and JSON for programs.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Value, json};

/// What a cluster of one size showed.
pub struct Table {
    /// Who is compared with.
    pub peer: &'static str,
    /// The size.
    pub members: usize,
    /// One figure of both in each.
    pub rows: Vec<Row>,
}

/// One figure of both.
pub struct Row {
    /// What was done.
    pub task: &'static str,
    /// In what it is counted, per task.
    pub unit: &'static str,
    /// bruit's median.
    pub bruit: f64,
    /// The peer's.
    pub peer: f64,
    /// Costs, or gains.
    pub less_is_better: bool,
}

impl Row {
    /// A figure that had better be small.
    pub const fn cost(task: &'static str, unit: &'static str, bruit: f64, peer: f64) -> Self {
        Self { task, unit, bruit, peer, less_is_better: true }
    }

    /// A figure that had better be large.
    pub const fn gain(task: &'static str, unit: &'static str, bruit: f64, peer: f64) -> Self {
        Self { less_is_better: false, ..Self::cost(task, unit, bruit, peer) }
    }

    /// How many times better bruit's figure is; `None` where one of them is nothing.
    fn ratio(&self) -> Option<f64> {
        let (bruit, peer) = if self.less_is_better { (self.bruit, self.peer) } else { (self.peer, self.bruit) };
        (bruit > 0.0 && peer > 0.0).then(|| peer / bruit)
    }

    fn ahead(&self, name: &'static str) -> &'static str {
        let (bruit, peer) = if self.less_is_better { (self.bruit, self.peer) } else { (self.peer, self.bruit) };
        match bruit.total_cmp(&peer) {
            Ordering::Less => "bruit",
            Ordering::Equal => "",
            Ordering::Greater => name,
        }
    }
}

/// The tables as text of 80 columns.
pub fn text(tables: &[Table]) -> String {
    let mut out = String::new();
    for table in tables {
        let _ = writeln!(
            out,
            "N = {}\n{:<26}{:<13}{:>11}{:>11}{:>11}  ahead",
            table.members, "task", "unit", "bruit", table.peer, "times"
        );
        for row in &table.rows {
            let ratio = row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let _ = writeln!(
                out,
                "{:<26}{:<13}{:>11}{:>11}{:>11}  {}",
                row.task,
                row.unit,
                number(row.bruit),
                number(row.peer),
                ratio,
                row.ahead(table.peer)
            );
        }
        out.push('\n');
    }
    out.push_str(
        "Medians; `times` above 1: bruit is that much better. foca has no checksum, no cluster and no names;\n\
         chitchat no checksum.\n",
    );
    out
}

/// As many digits as mean something.
fn number(figure: f64) -> String {
    if figure >= 100.0 || figure.fract() == 0.0 { format!("{figure:.0}") } else { format!("{figure:.2}") }
}

/// The tables as JSON.
pub fn json(tables: &[Table]) -> Value {
    let row = |name: &'static str, row: &Row| {
        json!({
            "task": row.task, "unit": row.unit, "bruit": row.bruit, name: row.peer,
            "times_better": row.ratio(), "less_is_better": row.less_is_better, "ahead": row.ahead(name),
        })
    };
    let table = |table: &Table| {
        json!({
            "peer": table.peer, "members": table.members,
            "rows": table.rows.iter().map(|r| row(table.peer, r)).collect::<Vec<_>>(),
        })
    };
    json!({ "tables": tables.iter().map(table).collect::<Vec<_>>() })
}
