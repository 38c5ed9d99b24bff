//! On what was it measured? A figure without its machine means nothing.

use std::fs;

use serde_json::{Value, json};

/// What of the machine has a bearing on the figures, and how busy it was.
#[derive(Clone, Debug)]
pub struct Machine {
    model: String,
    cores: usize,
    kernel: String,
    load: String,
    receive_buffer_max: String,
}

impl Machine {
    /// This machine now. What cannot be read is `?`.
    #[must_use]
    pub fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpus = read("/proc/cpuinfo");
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let word = |text: String| text.split_whitespace().next().unwrap_or("?").to_owned();
        Self {
            model: model.map_or("?", |(_, model)| model).trim().to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: word(read("/proc/sys/kernel/osrelease")),
            load: word(read("/proc/loadavg")),
            receive_buffer_max: word(read("/proc/sys/net/core/rmem_max")),
        }
    }

    /// One line for people.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { model, cores, kernel, load, .. } = self;
        let build = if cfg!(debug_assertions) { ", NOT a release build: times mean nothing" } else { "" };
        format!("{model}, {cores} core(s), Linux {kernel}, load {load} at the start{build}")
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "model": self.model, "cores": self.cores, "kernel": self.kernel, "load": self.load,
            "rmem_max": self.receive_buffer_max, "release_build": !cfg!(debug_assertions),
        })
    }
}
