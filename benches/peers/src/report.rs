//! Who was better, and by how much? A table for people and JSON for programs; less is better in every row.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What a cluster of one size showed.
pub struct Table {
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
    /// foca's.
    pub foca: f64,
}

impl Row {
    /// How many times bruit's figure foca's is; `None` where both or one are nothing.
    fn ratio(&self) -> Option<f64> {
        (self.bruit > 0.0 && self.foca > 0.0).then(|| self.foca / self.bruit)
    }

    fn ahead(&self) -> &'static str {
        match self.bruit.total_cmp(&self.foca) {
            std::cmp::Ordering::Less => "bruit",
            std::cmp::Ordering::Equal => "",
            std::cmp::Ordering::Greater => "foca",
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
            table.members, "task", "unit", "bruit", "foca", "foca/bruit"
        );
        for row in &table.rows {
            let ratio = row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let _ = writeln!(
                out,
                "{:<26}{:<13}{:>11}{:>11}{:>11}  {}",
                row.task,
                row.unit,
                number(row.bruit),
                number(row.foca),
                ratio,
                row.ahead()
            );
        }
        out.push('\n');
    }
    out.push_str("Medians; less is better. foca has no checksum, no cluster and no name in its datagrams.\n");
    out
}

/// As many digits as mean something.
fn number(figure: f64) -> String {
    if figure >= 100.0 || figure.fract() == 0.0 { format!("{figure:.0}") } else { format!("{figure:.2}") }
}

/// The tables as JSON.
pub fn json(tables: &[Table]) -> Value {
    let row = |row: &Row| {
        json!({
            "task": row.task, "unit": row.unit, "bruit": row.bruit, "foca": row.foca,
            "foca_to_bruit": row.ratio(), "ahead": row.ahead(),
        })
    };
    let table =
        |table: &Table| json!({ "members": table.members, "rows": table.rows.iter().map(row).collect::<Vec<_>>() });
    json!({ "tables": tables.iter().map(table).collect::<Vec<_>>() })
}
