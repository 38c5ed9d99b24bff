//! How far is it, and what did it take? One line on standard error that is written over, where a person looks on.

use std::io::{self, IsTerminal, Write as _};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::output::bytes;

/// How often the line is looked at, and changes at most.
const EVERY: Duration = Duration::from_millis(100);

/// The line. It is cleared when this goes.
pub struct Line {
    shared: Arc<Shared>,
    began: Instant,
    /// Writes the line, where it is shown: its seconds go on while nothing else does.
    writer: Option<JoinHandle<()>>,
}

/// What is said and what is written, on threads of their own.
struct Shared {
    said: Mutex<Said>,
    over: Condvar,
}

/// What was said last.
#[derive(Default)]
struct Said {
    how_far: String,
    at: Option<Instant>,
    is_over: bool,
}

impl Line {
    /// Of what is being played.
    pub fn new(what: &str) -> Self {
        if io::stderr().is_terminal() { Self::shown(what, write) } else { Self::hidden() }
    }

    fn hidden() -> Self {
        let shared = Shared { said: Mutex::default(), over: Condvar::new() };
        Self { shared: Arc::new(shared), began: Instant::now(), writer: None }
    }

    fn shown(what: &str, write: impl Fn(&str) + Send + 'static) -> Self {
        let mut line = Self::hidden();
        let (shared, what, began) = (line.shared.clone(), what.to_owned(), line.began);
        let writer = std::thread::Builder::new().name("progress".to_owned());
        // Without a thread to be had there is no line: what is played matters more.
        line.writer = writer.spawn(move || shared.show(&what, began, write)).ok();
        line
    }

    /// So many of so many pieces are done.
    pub fn tell(&self, done: u32, of: u32) {
        self.set(format!("{done} of {of} done"));
    }

    /// So many of so many runs have ended.
    pub fn runs(&self, ended: u32, of: u32) {
        self.set(format!("{ended} of {of} runs"));
    }

    /// How far it is, in words, which are asked for as often as they can be shown.
    pub fn say(&self, how_far: impl FnOnce() -> String) {
        let is_due = |said: &Said| said.at.is_none_or(|at| at.elapsed() >= EVERY);
        if self.writer.is_some() && self.shared.said.lock().is_ok_and(|said| is_due(&said)) {
            self.set(how_far());
        }
    }

    fn set(&self, how_far: String) {
        if let Ok(mut said) = self.shared.said.lock() {
            (said.how_far, said.at) = (how_far, Some(Instant::now()));
        }
    }

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

impl Shared {
    /// Writes the line whenever it has changed, until it is over, and clears it then.
    fn show(&self, what: &str, began: Instant, write: impl Fn(&str)) {
        let mut written = String::new();
        let Ok(mut said) = self.said.lock() else { return };
        while !said.is_over {
            let Ok((later, _)) = self.over.wait_timeout_while(said, EVERY, |said| !said.is_over) else { return };
            said = later;
            let line = format!("{what}: {}, {} s", said.how_far, began.elapsed().as_secs());
            if line != written && !said.is_over && !said.how_far.is_empty() {
                write(&format!("\r\x1b[K{line}"));
                written = line;
            }
        }
        if !written.is_empty() {
            write("\r\x1b[K");
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
        if let Ok(mut said) = self.shared.said.lock() {
            said.is_over = true;
        }
        self.shared.over.notify_one();
        if let Some(writer) = self.writer.take() {
            // What it could not write is nothing that anybody waits for.
            let _ = writer.join();
        }
    }
}

fn write(text: &str) {
    let mut err = io::stderr().lock();
    // Nobody could be told that nobody can be told.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn the_seconds_go_on_while_a_run_does_and_the_line_is_cleared_at_its_end() {
        let (sender, written) = channel();
        let line = Line::shown("detect", move |text| sender.send(text.to_owned()).expect("somebody reads"));
        line.runs(3, 60);
        let next = || written.recv_timeout(Duration::from_secs(30)).expect("the line is written");
        let (first, later) = (next(), next());
        for shown in [&first, &later] {
            assert!(shown.starts_with("\r\x1b[Kdetect: 3 of 60 runs, ") && shown.ends_with(" s"), "{shown:?}");
        }
        assert_ne!(first, later, "nothing but time has passed");
        drop(line);
        assert_eq!(written.iter().last().as_deref(), Some("\r\x1b[K"));
    }

    #[test]
    fn what_nobody_sees_is_not_put_into_words() {
        Line::hidden().say(|| panic!("nobody looks on"));
    }
}
