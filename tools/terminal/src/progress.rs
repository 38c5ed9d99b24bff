//! How far is it, and what did it take? One line on standard error that is written over, where a person looks on.

use std::io::{self, IsTerminal, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::output::bytes;

/// How often the line changes at most.
const EVERY: Duration = Duration::from_millis(100);

/// The line. It is cleared when this goes.
pub struct Line {
    what: String,
    shown: bool,
    began: Instant,
    /// When it changed last; held while writing, since runs end on several threads.
    changed: Mutex<Option<Instant>>,
}

impl Line {
    /// Of what is being played.
    pub fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            shown: io::stderr().is_terminal(),
            began: Instant::now(),
            changed: Mutex::new(None),
        }
    }

    /// So many of so many pieces are done.
    pub fn tell(&self, done: u32, of: u32) {
        self.say(|| format!("{done} of {of} done"));
    }

    /// How far it is, in words.
    pub fn say(&self, how_far: impl FnOnce() -> String) {
        let Ok(mut changed) = self.changed.lock() else { return };
        if self.shown && changed.is_none_or(|at| at.elapsed() >= EVERY) {
            *changed = Some(Instant::now());
            write(&format!("\r\x1b[K{}: {}, {} s", self.what, how_far(), self.began.elapsed().as_secs()));
        }
    }
}

impl Line {
    /// It is over: tells a person what it took. No part of what came out, since no two runs take the same.
    pub fn end(self, json: bool) {
        let took = self.began.elapsed();
        drop(self);
        if !json {
            let peak =
                resident_at_most().map_or_else(String::new, |peak| format!(", {} resident at most", bytes(peak)));
            write(&format!("wall clock {:.1} s{peak}\n", took.as_secs_f64()));
        }
    }
}

/// The most bytes of this process that were resident at once, where the kernel tells.
fn resident_at_most() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1_024)
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.shown {
            write("\r\x1b[K");
        }
    }
}

fn write(text: &str) {
    let mut err = io::stderr().lock();
    // Nobody could be told that nobody can be told.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
