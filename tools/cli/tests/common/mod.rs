//! How are commands run in tests? The real binary, with a bound on its time, and every process ended by its own id.
#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// No command that ends by itself may take longer: a bound for a broken build, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Outcome {
    /// Standard output as one JSON document.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// A command of the binary under test, with nothing of ours in its environment.
pub fn command(args: &[&str]) -> Command {
    command_of(Path::new(env!("CARGO_BIN_EXE_bruit")), args)
}

/// The same of a copy of it.
pub fn command_of(program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BRUIT_") {
            command.env_remove(name);
        }
    }
    command.args(args);
    command
}

/// Runs a command to its end.
pub fn bruit(args: &[&str], input: &str) -> Outcome {
    run(command(args), input)
}

/// Runs it to its end; kills it when it does not come.
pub fn run(mut command: Command, input: &str) -> Outcome {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut stderr = child.stderr.take().expect("a pipe");
    let input = input.to_owned();
    let feed = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let out = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).expect("text");
        text
    });
    let err = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).expect("text");
        text
    });
    let code = end_of(&mut child, PATIENCE).unwrap_or_else(|| {
        let _ = (child.kill(), child.wait());
        panic!("does not end")
    });
    feed.join().expect("no panic");
    Outcome { code, stdout: out.join().expect("no panic"), stderr: err.join().expect("no panic") }
}

/// The exit code, if the process ends in time.
pub fn end_of(child: &mut Child, patience: Duration) -> Option<i32> {
    let end = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().expect("our child") {
            return Some(status.code().unwrap_or(-1));
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A fresh folder of this test.
pub fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a folder of our own");
    dir
}

/// A running agent; killed by its own id when dropped.
pub struct Agent {
    child: Child,
    /// Its control socket.
    pub control: String,
    /// Where the others reach it.
    pub addr: String,
    /// Its first log line.
    pub started: Value,
    lines: BufReader<ChildStdout>,
}

impl Agent {
    /// Starts one in `dir` on a free port of loopback; returns when it has said where it is.
    pub fn start(dir: &Path, name: &str, join: &[&str]) -> Self {
        Self::start_with(dir, name, join, &[])
    }

    /// The same with more arguments.
    pub fn start_with(dir: &Path, name: &str, join: &[&str], more: &[&str]) -> Self {
        let control = dir.join(format!("bruit-{name}.sock"));
        let control = control.to_str().expect("a plain path").to_owned();
        let mut args = vec!["agent", "--name", name, "--profile", "local", "--log-format", "json", "--cluster", "test"];
        if !more.contains(&"--bind") {
            args.extend(["--bind", "127.0.0.1:0"]);
        }
        args.extend(["--control", &control]);
        join.iter().for_each(|seed| args.extend(["--join", seed]));
        args.extend(more);
        let mut child = command(&args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut first = String::new();
        lines.read_line(&mut first).expect("a line");
        let started: Value = serde_json::from_str(&first).unwrap_or_else(|e| {
            let _ = (child.kill(), child.wait());
            panic!("{e}: {first:?}")
        });
        assert_eq!(started["event"], "started", "{first}");
        let addr = started["addr"].as_str().expect("an address").to_owned();
        Self { child, control, addr, started, lines }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by its own id.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.expect("kill(1)").success());
    }

    /// The exit code, if it ends in time.
    pub fn end(&mut self) -> Option<i32> {
        end_of(&mut self.child, PATIENCE)
    }

    /// The next log line with this event; lines before it are skipped.
    pub fn log(&mut self, event: &str) -> Value {
        let mut line = String::new();
        while self.lines.read_line(&mut line).expect("a line") > 0 {
            let doc: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
            if doc["event"] == event {
                return doc;
            }
            line.clear();
        }
        panic!("the log has ended without `{event}`")
    }

    /// Runs a client command against it.
    pub fn ask(&self, args: &[&str]) -> Outcome {
        bruit(&[args, &["--control", &self.control]].concat(), "")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = (self.child.kill(), self.child.wait());
    }
}
