//! Nodes that are processes of their own: `bruit agent`, each ended by its own id.
//!
//! What they see is read from their log of JSON lines, one thread each, with the time at which the line arrived; what they
//! are is asked over their control sockets.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use bruit::Profile;
use bruit::wire::State;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{Cluster, LABEL, member, name};
use crate::failure::Failure;
use crate::views::{Seen, What};

/// How long an agent may take to say that it runs, or to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How many others an agent that starts again joins through.
const SEEDS: usize = 3;

/// How the agents are run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The program.
    pub binary: PathBuf,
    /// Its parameters.
    pub profile: Profile,
    /// Whether the kernel's "nobody listens there" counts.
    pub kernel_evidence: bool,
}

/// Where an agent listens.
#[derive(Clone, Debug)]
pub struct Place {
    /// The address to bind; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The name of its network namespace; this process's own without it.
    pub namespace: Option<String>,
}

impl Place {
    /// A free port of loopback.
    #[must_use]
    pub fn loopback() -> Self {
        Self { bind: SocketAddr::from(([127, 0, 0, 1], 0)), namespace: None }
    }
}

/// The agents; all killed, and their files removed, when dropped.
#[derive(Debug)]
pub struct Agents {
    setup: Setup,
    places: Vec<Place>,
    agents: Vec<Option<Agent>>,
    reports: Receiver<Seen>,
    report: Sender<Seen>,
    folder: Folder,
}

impl Agents {
    /// Starts one agent at each place: the first founds, the others join through it.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(setup: Setup, places: Vec<Place>) -> Result<Self, Failure> {
        let (report, reports) = channel();
        let agents = places.iter().map(|_| None).collect();
        let mut all = Self { setup, places, agents, reports, report, folder: Folder::make()? };
        let mut seeds = Vec::new();
        for member in 0..all.places.len() {
            let agent = all.spawn(member, &seeds)?;
            if member == 0 {
                seeds.push(agent.addr.clone());
            }
            all.agents[member] = Some(agent);
        }
        Ok(all)
    }

    /// The process id of an agent.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self, member: usize) -> Result<u32, Failure> {
        Ok(self.agent(member)?.child.id())
    }

    /// Sends a signal to an agent by its own id.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, member: usize, signal: Signal) -> Result<(), Failure> {
        let pid = i32::try_from(self.pid(member)?).map_err(Failure::doing("a process id"))?;
        kill(Pid::from_raw(pid), signal).map_err(Failure::doing(format_args!("{signal} to {}", name(member))))
    }

    /// What an agent answers to a request over its control socket.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub fn request(&self, member: usize, request: &str) -> Result<Value, Failure> {
        self.agent(member)?.request(request).map_err(Failure::doing(format_args!("asking {} {request}", name(member))))
    }

    fn agent(&self, member: usize) -> Result<&Agent, Failure> {
        self.agents[member].as_ref().ok_or_else(|| Failure::new(format_args!("{} does not run", name(member))))
    }

    fn spawn(&self, member: usize, seeds: &[String]) -> Result<Agent, Failure> {
        let name = name(member);
        let control = self.folder.0.join(format!("{name}.sock"));
        let said = self.folder.0.join(format!("{name}.err"));
        let mut command = self.command(member, seeds);
        command.arg("--control").arg(&control).args(["--name", &name]);
        let errors = File::create(&said).map_err(Failure::doing(said.display()))?;
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
        let mut child = spawned.map_err(Failure::doing(self.setup.binary.display()))?;
        let out = child.stdout.take();
        // From here on it is ended when something goes wrong.
        let mut agent = Agent { child, control, addr: String::new() };
        let out = out.ok_or_else(|| Failure::new("an agent without a standard output"))?;
        let (first, started) = channel();
        let report = self.report.clone();
        let work = move || read(member, out, &first, &report);
        std::thread::Builder::new().name(name.clone()).spawn(work).map_err(Failure::doing("starting a thread"))?;
        let said = || fs::read_to_string(&said).unwrap_or_default();
        agent.addr = started
            .recv_timeout(ANSWER_WITHIN)
            .map_err(|_| Failure::new(format_args!("{name} has not started: {}", said().trim())))?;
        Ok(agent)
    }

    fn command(&self, member: usize, seeds: &[String]) -> Command {
        let Setup { binary, profile, kernel_evidence } = &self.setup;
        let Place { bind, namespace } = &self.places[member];
        let mut command = match namespace {
            None => Command::new(binary),
            Some(namespace) => {
                // `ip` becomes the agent, so that its process id is the agent's.
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(binary);
                command
            }
        };
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("BRUIT_") {
                command.env_remove(variable);
            }
        }
        command.env("BRUIT_PROTOCOL_KERNEL_EVIDENCE", kernel_evidence.to_string());
        command.args(["agent", "--log-format", "json", "--cluster", LABEL, "--profile", profile.name()]);
        command.args(["--bind", &bind.to_string()]);
        for seed in seeds {
            command.args(["--join", seed]);
        }
        command
    }
}

/// An agent; killed when dropped.
#[derive(Debug)]
struct Agent {
    child: Child,
    control: PathBuf,
    /// Where the others reach it.
    addr: String,
}

impl Agent {
    fn request(&self, request: &str) -> Result<Value, std::io::Error> {
        let mut stream = UnixStream::connect(&self.control)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        stream.write_all(format!("{{\"cmd\":\"{request}\"}}\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        answer.get("error").map_or(Ok(()), |why| Err(std::io::Error::other(why.to_string())))?;
        Ok(answer)
    }

    fn kill(&mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.kill();
    }
}

/// Reads an agent's log until its end: tells of its start, then reports what it sees.
fn read(by: usize, out: ChildStdout, first: &Sender<String>, report: &Sender<Seen>) {
    for line in BufReader::new(out).lines() {
        let (at, Ok(line)) = (Instant::now(), line) else { return };
        let Ok(doc) = serde_json::from_str::<Value>(&line) else { continue };
        let of = || doc["name"].as_str().and_then(member);
        let is = |state| of().map(|of| What::Is(of, state));
        let what = match doc["event"].as_str() {
            Some("started") => {
                // Whoever waits for it may have given up.
                let _ = first.send(doc["addr"].as_str().unwrap_or_default().to_owned());
                None
            }
            Some("up" | "refuted") => is(Some(State::Alive)),
            Some("suspected") => is(Some(State::Suspect)),
            Some("failed") => is(Some(State::Dead)),
            Some("left") => is(Some(State::Left)),
            Some("forgotten") => is(None),
            Some("resync" | "log_lost") => Some(What::Lost),
            Some(_) | None => None,
        };
        // Without a receiver the measurement is over, and the agent is killed at once.
        let _ = what.map(|what| report.send(Seen { at, by, what }));
    }
}

fn state(name: &str) -> Option<State> {
    [State::Alive, State::Suspect, State::Dead, State::Left].into_iter().find(|state| state.name() == name)
}

impl Cluster for Agents {
    fn members(&self) -> usize {
        self.places.len()
    }

    fn take(&mut self, seen: &mut Vec<Seen>) {
        // The last words of one that was killed are nobody's view.
        seen.extend(self.reports.try_iter().filter(|seen| self.agents[seen.by].is_some()));
    }

    fn ask(&mut self, member: usize) -> Result<Vec<(usize, State)>, Failure> {
        let answer = self.request(member, "members")?;
        let one = |m: &Value| Some((super::member(m["name"].as_str()?)?, state(m["state"].as_str()?)?));
        Ok(answer["members"].as_array().into_iter().flatten().filter_map(one).collect())
    }

    fn crash(&mut self, member: usize) -> Result<(), Failure> {
        let mut agent =
            self.agents[member].take().ok_or_else(|| Failure::new(format_args!("{} does not run", name(member))))?;
        agent.kill().map_err(Failure::doing(format_args!("killing {}", name(member))))
    }

    fn restart(&mut self, member: usize) -> Result<(), Failure> {
        let seeds: Vec<String> = self.agents.iter().flatten().map(|agent| agent.addr.clone()).take(SEEDS).collect();
        self.agents[member] = Some(self.spawn(member, &seeds)?);
        Ok(())
    }
}

/// A folder of our own, removed when dropped.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("bruit-lab-{}", std::process::id()));
        fs::create_dir(&path).map_err(Failure::doing(path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
