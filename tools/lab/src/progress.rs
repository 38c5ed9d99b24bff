//! What is it doing? One line on standard error that is written over, for a person at a terminal only.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line changes at most.
const EVERY: Duration = Duration::from_millis(200);

/// The line; erased when dropped.
#[derive(Debug)]
pub struct Progress {
    seen: bool,
    last: Option<Instant>,
}

impl Progress {
    /// A line if standard error is a terminal, nothing otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self { seen: std::io::stderr().is_terminal(), last: None }
    }

    /// Shows this, unless the line has changed just now.
    pub fn say(&mut self, what: fmt::Arguments<'_>) {
        if self.seen && self.last.is_none_or(|at| at.elapsed() >= EVERY) {
            self.last = Some(Instant::now());
            write(&format!("\r\x1b[2K{what}"));
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.seen && self.last.is_some() {
            write("\r\x1b[2K");
        }
    }
}

fn write(text: &str) {
    let mut err = std::io::stderr().lock();
    // Nobody could be told that nobody can be told.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
