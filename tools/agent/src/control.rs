//! How does one talk to a running agent? One JSON object per line over a Unix socket, both ways.
//!
//! ```text
//! $ nc -U /run/user/1000/bruit-a.sock
//! {"cmd":"members"}
//! {"schema":1,"self":"a","members":[…],"membership_fingerprint":"…"}
//! ```
//! A request that fails is answered with `{"schema":1,"error":…,"advice":…,"code":…}`, where the code is the exit code
//! that the command line turns it into. A connection may ask any number of questions, one after the other, without waiting for
//! the answers, which come in the same order: many that `publish` are taken together then. `events`, `subscribe` or `watch` is the
//! last one of its connection.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bruit_config::RumorClass;
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::output;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::state::asked;

/// The longest request.
pub const REQUEST_MAX: u64 = 64 << 10;

/// In which order rumors are heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RumorOrder {
    /// As they come
    #[default]
    Arrival,
    /// Those of each origin as they were published
    Origin,
}

impl From<RumorOrder> for bruit::Order {
    fn from(order: RumorOrder) -> Self {
        match order {
            RumorOrder::Arrival => Self::Arrival,
            RumorOrder::Origin => Self::Origin,
        }
    }
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The members that the agent knows.
    Members {},
    /// What the agent is.
    Info {},
    /// What the agent has counted and measured.
    Stat {},
    /// Every event from now on, one per line, until either side closes.
    Events {},
    /// Tell everybody who has subscribed to a topic.
    Publish(Publish),
    /// Every rumor of a topic from now on, one per line, until either side closes.
    Subscribe {
        /// Its name; all topics where it is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
        /// In which order.
        #[serde(default)]
        order: RumorOrder,
    },
    /// Join through these addresses as well.
    Join {
        /// HOST:PORT of each.
        addrs: Vec<String>,
    },
    /// Leave gracefully and end the agent.
    Leave {
        /// How long it may take; the agent's own setting where it is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// Take a dead member off the list.
    Remove {
        /// Its name, or its id.
        node: String,
    },
    /// Write a key.
    Set(asked::Set),
    /// What a key is.
    Get(asked::Named),
    /// Take a key's value away.
    Unset(asked::Named),
    /// All keys that begin so.
    Keys(asked::Keys),
    /// All keys that begin so, and every change of them from now on, one per line, until either side closes.
    Watch(asked::Watch),
    /// What an attribute comes to over all who have it.
    Agg(asked::Agg),
    /// All shared keys that are in conflict.
    Conflicts {},
    /// Which member holds a key's last write.
    Trace(asked::Named),
    /// What each member holds, by fingerprints.
    Views(asked::Views),
    /// Have everybody build what it holds of state anew.
    ResetState(asked::Reset),
}

/// A rumor to be published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The topic's name.
    pub topic: String,
    /// How much it matters.
    #[serde(default)]
    pub class: RumorClass,
    /// What it says, as text. Nothing where both are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Or as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_hex: Option<String>,
}

/// The answer to a request that failed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The document's version.
    pub schema: u32,
    /// What happened.
    pub error: String,
    /// What can be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The exit code.
    pub code: u8,
}

impl From<&Failure> for Refused {
    fn from(failure: &Failure) -> Self {
        Self { schema: 1, error: failure.cause.clone(), advice: failure.advice.clone(), code: failure.code as u8 }
    }
}

impl From<Refused> for Failure {
    fn from(no: Refused) -> Self {
        Self { code: Code::from_number(no.code), cause: no.error, advice: no.advice }
    }
}

/// Which agent to talk to.
#[derive(Debug, clap::Args)]
pub struct Control {
    /// The agent's control socket; the only one of this user when not given
    #[arg(long, value_name = "PATH", env = "BRUIT_CONTROL")]
    control: Option<PathBuf>,
}

/// How long the agent may take to answer: it does so from memory.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What came.
#[derive(Debug)]
pub enum Next {
    /// A line.
    Line(String),
    /// Nothing, in the time given.
    Nothing,
    /// The end: the agent has closed the connection.
    Closed,
}

/// A connection to an agent.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<UnixStream>,
    /// The part of a line that came before time was up.
    begun: Vec<u8>,
    path: PathBuf,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// [`Code::Unreachable`] when nobody listens there.
    pub fn connect(control: &Control) -> Result<Self, Failure> {
        Self::open(control.control.clone().map_or_else(|| only_socket(&folder()), Ok)?)
    }

    /// Connects to the agent with this socket.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub fn open(path: PathBuf) -> Result<Self, Failure> {
        let stream = UnixStream::connect(&path).map_err(|error| unreachable(&path, &error))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN)).map_err(|error| unreachable(&path, &error))?;
        let client = Self { reader: BufReader::new(stream), begun: Vec::new(), path };
        client.patience(Some(ANSWER_WITHIN))?;
        Ok(client)
    }

    /// How long to wait for each line.
    pub fn patience(&self, time: Option<Duration>) -> Result<(), Failure> {
        let stream = self.reader.get_ref();
        stream.set_read_timeout(time).map_err(|error| unreachable(&self.path, &error))
    }

    /// Asks, and returns the answer as it came.
    ///
    /// # Errors
    /// What the agent answered, or [`Code::Unreachable`].
    pub fn ask_raw(&mut self, request: &Request) -> Result<String, Failure> {
        self.sender()?.send(line(request).as_bytes())?;
        self.line()
    }

    /// The way to ask without waiting for answers, which come in the order of the questions.
    ///
    /// # Errors
    /// [`Code::Unreachable`] when the system has no second descriptor.
    pub fn sender(&self) -> Result<Sender, Failure> {
        let stream = self.reader.get_ref().try_clone().map_err(|error| unreachable(&self.path, &error))?;
        Ok(Sender { stream, path: self.path.clone() })
    }

    /// Asks, and reads the answer.
    ///
    /// # Errors
    /// As [`Client::ask_raw`], and [`Code::Failed`] when the answer is not understood.
    pub fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T, Failure> {
        parse(&self.ask_raw(request)?)
    }

    /// The next line; waits as long as was last said.
    ///
    /// # Errors
    /// What the agent answered; [`Code::Unreachable`] when nothing came in time or the agent has gone.
    fn line(&mut self) -> Result<String, Failure> {
        match self.read()? {
            Next::Line(line) => Ok(line),
            Next::Closed => Err(self.closed()),
            Next::Nothing => Err(silent(&self.path)),
        }
    }

    /// The next line of a stream, if one comes within `time`.
    ///
    /// # Errors
    /// What the agent answered, or [`Code::Unreachable`].
    pub fn next_within(&mut self, time: Option<Duration>) -> Result<Next, Failure> {
        self.patience(time)?;
        self.read()
    }

    fn read(&mut self) -> Result<Next, Failure> {
        match self.read_any()? {
            Next::Line(line) => match serde_json::from_str::<Refused>(&line) {
                Ok(no) => Err(no.into()),
                Err(_) => Ok(Next::Line(line)),
            },
            end @ (Next::Nothing | Next::Closed) => Ok(end),
        }
    }

    /// The next line if one comes within `time`, be it a refusal or not.
    ///
    /// # Errors
    /// [`Code::Unreachable`].
    pub fn answer_within(&mut self, time: Duration) -> Result<Next, Failure> {
        self.patience(Some(time))?;
        self.read_any()
    }

    fn read_any(&mut self) -> Result<Next, Failure> {
        match self.reader.read_until(b'\n', &mut self.begun) {
            Ok(0) => Ok(Next::Closed),
            Ok(_) => Ok(Next::Line(String::from_utf8_lossy(&std::mem::take(&mut self.begun)).trim_end().to_owned())),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(Next::Nothing),
            Err(error) => Err(unreachable(&self.path, &error)),
        }
    }

    /// That the agent has closed the connection in the middle.
    pub fn closed(&self) -> Failure {
        Failure::new(Code::Unreachable, format_args!("the agent at {} has ended", self.path.display()))
            .advise("or it has given up a reader that did not read")
    }

    /// That the agent leaves a question without an answer.
    pub fn silent(&self) -> Failure {
        silent(&self.path)
    }
}

/// The half of a connection that asks.
#[derive(Debug)]
pub struct Sender {
    stream: UnixStream,
    path: PathBuf,
}

impl Sender {
    /// Sends requests, each as [`line()`] has it.
    ///
    /// # Errors
    /// [`Code::Unreachable`] when the agent has gone, or does not read.
    pub fn send(&mut self, requests: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(requests).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => silent(&self.path),
            _ => unreachable(&self.path, &error),
        })
    }
}

/// A request as it travels.
pub fn line(request: &Request) -> String {
    format!("{}\n", output::json(request))
}

/// Reads a document that the agent sent.
pub fn parse<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, Failure> {
    serde_json::from_str(line).map_err(|error| {
        Failure::new(Code::Failed, format_args!("the agent's answer is not understood: {error}"))
            .advise("agent and command line may be of different versions; see `bruit info --json`")
    })
}

fn silent(path: &Path) -> Failure {
    Failure::new(Code::Unreachable, format_args!("the agent at {} does not answer", path.display()))
        .advise("it may be stopped or overloaded; look at its process")
}

fn unreachable(path: &Path, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::NotFound => {
            "no agent has this socket; start one with `bruit agent`, or name its socket with --control"
        }
        ErrorKind::ConnectionRefused => "the agent that made this socket is gone; start it again",
        ErrorKind::PermissionDenied => "the socket belongs to another user; only the agent's own user may connect",
        _ => "see whether the agent is running",
    };
    Failure::new(Code::Unreachable, format_args!("cannot reach an agent at {}: {error}", path.display())).advise(advice)
}

/// Where control sockets live.
pub fn folder() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR").filter(|d| !d.is_empty()).map_or_else(std::env::temp_dir, PathBuf::from)
}

/// The socket of an agent that was not told another one.
pub fn default_path(name: &str) -> PathBuf {
    // A name may hold what a file name may not.
    let safe: String = name.chars().map(|c| if c == '/' { '_' } else { c }).collect();
    folder().join(format!("bruit-{safe}.sock"))
}

/// The socket to use when none is named: there must be exactly one.
fn only_socket(folder: &Path) -> Result<PathBuf, Failure> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        name.starts_with("bruit-") && name.ends_with(".sock")
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let alive: Vec<PathBuf> = entries.filter(ours).filter(|path| UnixStream::connect(path).is_ok()).collect();
    match &alive[..] {
        [one] => Ok(one.clone()),
        [] => {
            Err(Failure::new(Code::Unreachable, format_args!("no agent has a control socket in {}", folder.display()))
                .advise("start one with `bruit agent`, or name its socket with --control or BRUIT_CONTROL"))
        }
        [_, ..] => {
            let list: Vec<String> = alive.iter().map(|p| format!("--control {}", p.display())).collect();
            Err(Failure::new(Code::Unreachable, format_args!("{} agents run here; choose one:", alive.len()))
                .advise(list.join("\n  ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_object_and_unknown_fields_are_refused() {
        let cases = [
            (Request::Members {}, r#"{"cmd":"members"}"#),
            (Request::Leave { timeout_ms: None }, r#"{"cmd":"leave"}"#),
            (Request::Remove { node: "a".into() }, r#"{"cmd":"remove","node":"a"}"#),
            (Request::Join { addrs: vec!["h:1".into()] }, r#"{"cmd":"join","addrs":["h:1"]}"#),
            (Request::Subscribe { topic: None, order: RumorOrder::Origin }, r#"{"cmd":"subscribe","order":"origin"}"#),
            (
                Request::Watch(asked::Watch { prefix: "lo".into(), prefix_hex: None }),
                r#"{"cmd":"watch","prefix":"lo"}"#,
            ),
            (Request::ResetState(asked::Reset { timeout_ms: Some(5) }), r#"{"cmd":"reset_state","timeout_ms":5}"#),
        ];
        for (request, text) in cases {
            assert_eq!(output::json(&request), text);
            assert_eq!(serde_json::from_str::<Request>(text).expect("a request"), request);
        }
        assert!(serde_json::from_str::<Request>(r#"{"cmd":"members","all":true}"#).is_err());
        assert!(serde_json::from_str::<Request>(r#"{"cmd":"watch","all":true}"#).is_err());
        assert!(serde_json::from_str::<Request>(r#"{"cmd":"watch"}"#).is_ok());
        assert!(serde_json::from_str::<Request>(r#"{"cmd":"destroy"}"#).is_err());
    }

    #[test]
    fn a_name_with_a_slash_stays_in_the_folder() {
        assert_eq!(default_path("a/../../b").parent(), Some(folder().as_path()));
    }
}
