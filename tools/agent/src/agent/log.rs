//! Who reads along? Log lines leave through a thread of their own and a bounded queue: a terminal that is paused, a full disk
//! or a closed pipe costs lines, which are counted, and never holds up the agent.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use bruit_config::LogFormat;
use bruit_terminal::output::{self, BAD, DIM, DOUBTFUL, PLAIN, Paint};
use serde_json::Value;

use crate::event::{Level, timestamp};
use crate::view::Pairs;

/// Lines that wait for the terminal, at most.
const WAITING_MAX: usize = 256;

enum Item {
    Line {
        text: String,
        json: bool,
    },
    /// Answered when all before it is written.
    Flush(SyncSender<()>),
}

/// The agent's log; cheap to clone.
#[derive(Clone, Debug)]
pub struct Log {
    queue: SyncSender<Item>,
    json: Arc<AtomicBool>,
    lost: Arc<AtomicU64>,
    paint: Paint,
}

impl Log {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(format: LogFormat) -> std::io::Result<Self> {
        let (queue, lines) = sync_channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        super::thread("log", move || write(&lines, &counted))?;
        let log = Self { queue, json: Arc::default(), lost, paint: Paint::stderr() };
        log.set_format(format);
        Ok(log)
    }

    /// Changes how lines look from now on.
    pub fn set_format(&self, format: LogFormat) {
        self.json.store(format == LogFormat::Json, Ordering::Relaxed);
    }

    /// Something that happened: a name and fields for scripts, a sentence for people.
    pub fn event(&self, level: Level, name: &str, fields: Vec<(&'static str, Value)>, sentence: &str) {
        let json = self.json.load(Ordering::Relaxed);
        let text = if json { json_line(level, name, fields) } else { self.text_line(level, name, sentence) };
        match self.queue.try_send(Item::Line { text, json }) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => drop(self.lost.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Something to say that is no event.
    pub fn say(&self, level: Level, sentence: &str) {
        self.event(level, "message", vec![("message", sentence.into())], sentence);
    }

    /// Gives what waits a moment to be written.
    pub fn flush(&self, patience: Duration) {
        let (done, all) = sync_channel(1);
        if self.queue.try_send(Item::Flush(done)).is_ok() {
            // Whether or not it came in time: the process ends now.
            let _ = all.recv_timeout(patience);
        }
    }

    fn text_line(&self, level: Level, name: &str, sentence: &str) -> String {
        let style = match level {
            Level::Info => PLAIN,
            Level::Warn => DOUBTFUL,
            Level::Error => BAD,
        };
        let time = self.paint.paint(DIM, &timestamp());
        let name = self.paint.paint(style, &format!("{name:<13}"));
        format!("{time} {name} {sentence}")
    }
}

fn json_line(level: Level, name: &str, fields: Vec<(&'static str, Value)>) -> String {
    let head: [(&str, Value); 4] =
        [("schema", 1.into()), ("time", timestamp().into()), ("level", level.name().into()), ("event", name.into())];
    output::json(&head.into_iter().chain(fields).collect::<Pairs<Value>>())
}

/// Text goes to standard error, JSON to standard output. A line that cannot be written is lost; the agent goes on.
fn write(lines: &Receiver<Item>, lost: &AtomicU64) {
    for item in lines {
        match item {
            Item::Line { text, json } => {
                put(&text, json);
                let lost = lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    put(
                        &if json {
                            json_line(Level::Warn, "log_lost", vec![("lines", lost.into())])
                        } else {
                            format!("{lost} log lines lost")
                        },
                        json,
                    );
                }
            }
            // The one who waits may have given up.
            Item::Flush(done) => drop(done.try_send(())),
        }
    }
}

fn put(text: &str, json: bool) {
    let line = format!("{text}\n");
    // Nobody could be told that nobody can be told.
    let _ = if json {
        std::io::stdout().lock().write_all(line.as_bytes()).and_then(|()| std::io::stdout().flush())
    } else {
        std::io::stderr().lock().write_all(line.as_bytes())
    };
}
