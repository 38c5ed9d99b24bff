//! How does it look? Aligned tables, quantities for people, and colour where a person is looking.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use anstyle::{AnsiColor, Style};

use crate::failure::Failure;

/// Plain text.
pub const PLAIN: Style = Style::new();
/// Titles.
pub const BOLD: Style = Style::new().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();
/// As it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Worth a look.
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
/// Not as it should be.
pub const BAD: Style = AnsiColor::Red.on_default();

/// Whether to colour: only for a person at a terminal who has not said no.
#[derive(Clone, Copy, Debug)]
pub struct Paint(bool);

impl Paint {
    /// For standard output.
    pub fn stdout() -> Self {
        Self::when(io::stdout().is_terminal())
    }

    /// For standard error.
    pub fn stderr() -> Self {
        Self::when(io::stderr().is_terminal())
    }

    fn when(terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        Self(terminal && !refused && !dumb)
    }

    /// The text in this style, or as it is.
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.0 && style != PLAIN && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Writes to standard output and flushes it, so that a reader in a pipe sees each piece when it happens.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Prints one JSON document on a line of its own.
pub fn print_json(document: &impl serde::Serialize) -> Result<(), Failure> {
    print(&format!("{}\n", json(document)))
}

/// A document as one line of JSON.
pub fn json(document: &impl serde::Serialize) -> String {
    // Our documents have string keys and no failing `Serialize`; were one wrong, it must be seen and not lost.
    serde_json::to_string(document).unwrap_or_else(|error| format!("{{\"schema\":1,\"error\":\"{error}\"}}"))
}

/// One cell of a table.
#[derive(Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(PLAIN, text)
    }
}

/// Columns as wide as their widest cell, two spaces apart. A title that begins with `>` aligns its column to the right.
#[derive(Debug)]
pub struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(titles: &[&'static str]) -> Self {
        Self { titles: titles.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text, each line ended. Titles are left out where all are empty.
    pub fn render(&self, paint: Paint) -> String {
        let widths: Vec<usize> = self.titles.iter().enumerate().map(|(i, title)| self.width(i, title)).collect();
        let mut out = String::new();
        if self.titles.iter().any(|t| !t.trim_start_matches('>').is_empty()) {
            let titles: Vec<Cell> = self.titles.iter().map(|t| Cell::new(BOLD, t.trim_start_matches('>'))).collect();
            self.line(&mut out, &titles, &widths, paint);
        }
        for row in &self.rows {
            self.line(&mut out, row, &widths, paint);
        }
        out
    }

    fn width(&self, column: usize, title: &str) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count());
        cells.chain([title.trim_start_matches('>').chars().count()]).max().unwrap_or(0)
    }

    fn line(&self, out: &mut String, cells: &[Cell], widths: &[usize], paint: Paint) {
        let mut line = String::new();
        for ((cell, width), title) in cells.iter().zip(widths).zip(&self.titles) {
            let pad = " ".repeat(width - cell.text.chars().count());
            let text = paint.paint(cell.style, &cell.text);
            // Writing to a string cannot fail.
            let _ = if title.starts_with('>') { write!(line, "{pad}{text}  ") } else { write!(line, "{text}{pad}  ") };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// A time for people: three significant digits and a unit.
pub fn micros(us: u64) -> String {
    let us_f = us as f64;
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", three_digits(us_f / 1e3)),
        1_000_000..60_000_000 => format!("{} s", three_digits(us_f / 1e6)),
        60_000_000.. => humantime::format_duration(std::time::Duration::from_secs(us / 1_000_000)).to_string(),
    }
}

/// The same of a time that may be shorter than a microsecond.
pub fn nanos(ns: f64) -> String {
    match ns {
        ns if ns < 999.5 => format!("{ns:.0} ns"),
        ns if ns < 9_995.0 => format!("{} µs", three_digits(ns / 1e3)),
        ns => micros((ns / 1e3).round() as u64),
    }
}

/// A size for people: three significant digits and a unit.
pub fn bytes(n: u64) -> String {
    let f = n as f64;
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", three_digits(f / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", three_digits(f / 1e6)),
        1_000_000_000.. => format!("{} GB", three_digits(f / 1e9)),
    }
}

/// A number in three significant digits, without an exponent.
pub fn three_digits(x: f64) -> String {
    match x {
        x if x >= 100.0 => format!("{x:.0}"),
        x if x >= 10.0 => format!("{x:.1}"),
        x => format!("{x:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_where_text_ends() {
        let mut table = Table::new(&["name", ">rtt", "zone"]);
        table.row(["a".into(), "1.20 ms".into(), "".into()]);
        table.row(["longer".into(), "9 µs".into(), "eu".into()]);
        assert_eq!(
            table.render(Paint(false)),
            "name        rtt  zone\n\
             a       1.20 ms\n\
             longer     9 µs  eu\n"
        );
    }

    #[test]
    fn colour_is_outside_the_padding_and_only_where_it_is_wanted() {
        let mut table = Table::new(&["", ""]);
        table.row([Cell::new(GOOD, "ok"), "x".into()]);
        assert_eq!(table.render(Paint(false)), "ok  x\n");
        assert_eq!(table.render(Paint(true)), "\u{1b}[32mok\u{1b}[0m  x\n");
    }

    #[test]
    fn quantities_have_three_digits_and_the_unit_that_fits() {
        let cases = [(0, "0 µs"), (999, "999 µs"), (1_000, "1.00 ms"), (12_345, "12.3 ms"), (3_400_000, "3.40 s")];
        for (us, text) in cases {
            assert_eq!(micros(us), text);
        }
        assert_eq!(micros(61_000_000), "1m 1s");
        let cases = [(0.0, "0 ns"), (854.4, "854 ns"), (999.6, "1.00 µs"), (1_371.0, "1.37 µs"), (9_996.0, "10 µs")];
        for (ns, text) in cases.into_iter().chain([(12_345.0, "12 µs"), (1_234_000.0, "1.23 ms")]) {
            assert_eq!(nanos(ns), text);
        }
        assert_eq!(
            (bytes(999).as_str(), bytes(123_456).as_str(), bytes(2_500_000).as_str()),
            ("999 B", "123 kB", "2.50 MB")
        );
    }
}
