//! What does an agent do? Starts a node, logs what happens, answers the control socket, and leaves when it is told to.
//!
//! The main thread waits for messages and decides; the loop has its own thread, and so have signals, events, log lines and
//! each control connection. All of them are small, block nobody and share nothing but the handle.

pub mod address;
mod answers;
mod asker;
mod lines;
mod listeners;
mod log;
pub mod names;
mod reload;
mod seeds;
mod server;
mod socket;
mod state;
mod subscribers;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use bruit::net::{self, CommandError, Delivery, Handle, Options, StartError};
use bruit::{Event, JoinRefusal, Profile};
use bruit_config::{Resolved, Settings};
use bruit_terminal::failure::{Code, Failure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::command::{Args, identity, tags};
use crate::control;
use crate::event::{self, Level};
use crate::runner;
use crate::view::Left;
use listeners::Listeners;
use log::Log;
use names::Names;
use socket::ControlSocket;
use state::{Surveys, Watchers};
use subscribers::Subscribers;

/// What the main thread hears.
enum Message {
    /// The process got a signal.
    Signal(i32),
    /// Somebody asks the agent to leave; the answer comes with a token that is dropped when the answer is out.
    Leave { timeout: Option<Duration>, reply: SyncSender<(Left, SyncSender<()>)> },
    /// Something happened that the main thread decides about.
    Event(Event),
    /// The loop has ended.
    Ended(io::Result<()>),
}

/// What all threads read.
struct Shared {
    handle: Handle,
    profile: Profile,
    control: PathBuf,
    subscribers: Subscribers,
    listeners: Listeners,
    watchers: Watchers,
    surveys: Surveys,
    names: Names,
    main: Sender<Message>,
    ended: Arc<AtomicBool>,
}

/// Starts a thread of the agent. Their stacks are small because their work is.
fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).stack_size(256 << 10).spawn(work)
}

fn no_thread(error: io::Error) -> Failure {
    Failure::new(Code::Failed, format_args!("the system gives no thread: {error}")).advise("see `ulimit -u`")
}

/// Runs until it has left, was stopped, or cannot go on.
pub fn run(args: Args) -> Result<(), Failure> {
    let resolved = args.resolve()?;
    let settings = &resolved.settings;
    settings.params()?;
    let log = Log::start(settings.log_format).map_err(no_thread)?;
    let (main, inbox) = channel();
    signals(main.clone())?;
    let Some(found) = seeds::first(settings, &log, &inbox)? else { return Ok(()) };
    let agent = Agent::start(args, &resolved, &found, log, (main, inbox))?;
    for warning in &resolved.warnings {
        agent.log.say(Level::Warn, warning);
    }
    let log = agent.log.clone();
    let result = agent.supervise();
    log.flush(Duration::from_millis(500));
    result
}

fn signals(main: Sender<Message>) -> Result<(), Failure> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::new(Code::Failed, format_args!("cannot listen for signals: {error}")))?;
    // The main thread hangs up when the process ends anyway.
    let work =
        move || signals.forever().take_while(|signal| main.send(Message::Signal(*signal)).is_ok()).for_each(drop);
    thread("signals", work).map(drop).map_err(no_thread)
}

struct Agent {
    args: Args,
    settings: Settings,
    shared: Arc<Shared>,
    log: Log,
    inbox: Receiver<Message>,
    /// Removes itself at the end.
    _socket: ControlSocket,
}

impl Agent {
    fn start(
        args: Args,
        resolved: &Resolved,
        found: &seeds::Found,
        log: Log,
        (main, inbox): (Sender<Message>, Receiver<Message>),
    ) -> Result<Self, Failure> {
        let settings = resolved.settings.clone();
        let advertised = address::choose(settings.bind, settings.advertise, &found.addrs);
        let path = settings.control.clone().unwrap_or_else(|| control::default_path(&settings.name));
        let mut socket = ControlSocket::claim(&path, resolved.origin("control"))?;
        let seeds = seeds::of_others(&found.addrs, &settings, advertised.addr, &log);
        let ended = Arc::new(AtomicBool::new(false));
        let handle = start_node(&settings, advertised.addr, &seeds, &main, &ended)?;
        let shared = Arc::new(Shared {
            handle,
            profile: settings.profile,
            control: path,
            subscribers: Subscribers::default(),
            listeners: Listeners::default(),
            watchers: Watchers::default(),
            surveys: Surveys::default(),
            names: Names::default(),
            main,
            ended,
        });
        log_start(&log, &shared, &settings);
        advertised.warning.iter().for_each(|warning| log.say(Level::Warn, warning));

        let listener = socket.take_listener();
        let served = Arc::clone(&shared);
        thread("accept", move || listener.iter().for_each(|l| server::serve(l, &served))).map_err(no_thread)?;
        let (heard, to) = (Arc::clone(&shared), log.clone());
        thread("events", move || hear(&heard, &to)).map_err(no_thread)?;
        let listened = Arc::clone(&shared);
        thread("rumors", move || listen(&listened)).map_err(no_thread)?;
        seeds::keep_resolving(found.missing.clone(), &shared, &log)?;
        Ok(Self { args, settings, shared, log, inbox, _socket: socket })
    }

    /// Waits for what has to be decided.
    fn supervise(mut self) -> Result<(), Failure> {
        let mut give_up = self.settings.join_once.then(|| Instant::now() + join_patience(&self.settings));
        let result = loop {
            let message = match give_up {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => self.inbox.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Signal(SIGHUP)) => reload::reload(&mut self),
                Ok(Message::Signal(_)) => break self.terminate(),
                Ok(Message::Leave { timeout, reply }) => break self.leave_asked(timeout, &reply),
                Ok(Message::Event(Event::Joined { .. })) => {
                    give_up = None;
                    // Where the system does not let go of it, that costs memory and nothing else.
                    let _ = net::forget_start();
                }
                Ok(Message::Event(Event::JoinRefused { reason, by })) if give_up.is_some() => {
                    break Err(refused(reason, by));
                }
                Ok(Message::Event(Event::NameConflict { kept: false, theirs, .. })) if give_up.is_some() => {
                    break Err(name_lost(theirs));
                }
                Ok(Message::Event(_)) => {}
                Ok(Message::Ended(result)) => break Err(loop_ended(&result)),
                Err(RecvTimeoutError::Timeout) => break Err(not_joined(&self.settings)),
                Err(RecvTimeoutError::Disconnected) => break Err(Failure::new(Code::Failed, "all threads have ended")),
            }
        };
        self.stop();
        result
    }

    fn stop(&self) {
        self.shared.handle.stop();
        // Bounded: the process ends in any case, and the kernel closes what is left.
        let _ = self.shared.handle.wait_stopped(Duration::from_millis(500));
    }

    fn terminate(&self) -> Result<(), Failure> {
        if self.settings.leave_on_term {
            self.leave(self.settings.leave_timeout);
        } else {
            self.log.say(Level::Info, "stopping without leaving, as leave_on_term says");
        }
        Ok(())
    }

    fn leave_asked(
        &self,
        timeout: Option<Duration>,
        reply: &SyncSender<(Left, SyncSender<()>)>,
    ) -> Result<(), Failure> {
        let left = self.leave(timeout.unwrap_or(self.settings.leave_timeout));
        let (token, written) = sync_channel(1);
        if reply.try_send((left, token)).is_ok() {
            // Ends when the connection drops the token: the answer is out, or cannot get out.
            let _ = written.recv_timeout(Duration::from_secs(1));
        }
        Ok(())
    }

    /// Leaves, bounded; a further signal cuts it short.
    fn leave(&self, timeout: Duration) -> Left {
        let start = Instant::now();
        let done = |left, told| Left { schema: 1, left, told, took_ms: millis(start.elapsed()) };
        self.log.say(Level::Info, "leaving");
        match self.shared.handle.leave() {
            // A loop that is late with its answer does it all the same; one that is leaving already says when it is done.
            Ok(()) | Err(CommandError::NoAnswer | CommandError::Refused(_)) => {}
            Err(error @ (CommandError::QueueFull | CommandError::Stopped)) => {
                self.log.say(Level::Warn, &format!("cannot leave: {error}"));
                return done(false, 0);
            }
        }
        let why = loop {
            match self.inbox.recv_timeout((start + timeout).saturating_duration_since(Instant::now())) {
                Ok(Message::Event(Event::LeaveDone { told })) => return done(true, told),
                Ok(Message::Event(_) | Message::Leave { .. } | Message::Signal(SIGHUP)) => {}
                Ok(Message::Signal(_)) => break "told twice",
                Ok(Message::Ended(_)) | Err(RecvTimeoutError::Disconnected) => break "the loop has ended",
                Err(RecvTimeoutError::Timeout) => break "time is up",
            }
        };
        self.log.say(Level::Warn, &format!("ending without having told enough members: {why}"));
        done(false, 0)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn start_node(
    settings: &Settings,
    addr: SocketAddr,
    seeds: &[SocketAddr],
    main: &Sender<Message>,
    ended: &Arc<AtomicBool>,
) -> Result<Handle, Failure> {
    let tags = tags(settings);
    let identity = identity(settings, &tags, addr, net::fresh_boot().map_err(not_started)?)?;
    let options = Options { bind: settings.bind, ..settings.net.clone() };
    let (ended, main) = (Arc::clone(ended), main.clone());
    let at_end = move |result| {
        ended.store(true, Ordering::Relaxed);
        // The main thread may be gone already: then the process ends anyway.
        let _ = main.send(Message::Ended(result));
    };
    runner::start(settings.params()?, &identity, seeds, &options, at_end).map_err(not_started)
}

fn not_started(error: StartError) -> Failure {
    match error {
        StartError::Config(error) => bruit_config::invalid(&error),
        StartError::FamiliesDiffer { .. } => Failure::new(Code::Invalid, error),
        StartError::PortTaken(_)
        | StartError::NoPermission(_)
        | StartError::NotOurAddress(_)
        | StartError::Os { .. } => Failure::new(Code::Failed, format_args!("cannot start: {error}")),
    }
}

fn log_start(log: &Log, shared: &Shared, settings: &Settings) {
    let handle = &shared.handle;
    let fields = vec![
        ("name", handle.name().to_string().into()),
        ("id", handle.id().to_string().into()),
        ("boot_id", handle.boot().to_string().into()),
        ("cluster", settings.cluster.clone().into()),
        ("addr", handle.addr().to_string().into()),
        ("bind", handle.local_addr().to_string().into()),
        ("control", shared.control.display().to_string().into()),
        ("profile", settings.profile.name().into()),
        ("pid", std::process::id().into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ];
    let control = shared.control.display();
    let sentence = format!("{} at {}, cluster {}, control {control}", handle.name(), handle.addr(), settings.cluster);
    log.event(Level::Info, "started", fields, &sentence);
}

/// Takes the events as they come: logs them, tells subscribers, and hands them on.
fn hear(shared: &Shared, log: &Log) {
    loop {
        let Some(event) = shared.handle.next_event(Duration::from_secs(60)) else {
            if shared.ended.load(Ordering::Relaxed) {
                return;
            }
            continue;
        };
        // Subscribers first: who has read of it in the log and subscribes then does not hear of it again.
        shared.subscribers.tell(&event);
        shared.watchers.hear(&event);
        let (level, sentence) = event::sentence(&event);
        log.event(level, event.name(), event::fields(&event), &sentence);
        if shared.main.send(Message::Event(event)).is_err() {
            return;
        }
    }
}

/// Takes the rumors as they come, and tells those who listen.
fn listen(shared: &Shared) {
    loop {
        match shared.handle.next_rumor(Duration::from_secs(60)) {
            Some(delivery) => {
                match &delivery {
                    Delivery::Rumor(rumor) => shared.names.look_for(rumor.id.origin, &shared.handle),
                    Delivery::Lost { origin, .. } | Delivery::Reread { origin, .. } => {
                        shared.names.look_for(*origin, &shared.handle);
                    }
                    Delivery::Resync { .. } => {}
                }
                shared.listeners.tell(&delivery, &shared.names);
            }
            None if shared.ended.load(Ordering::Relaxed) => return,
            None => {}
        }
    }
}

/// How long `join_once` waits: for two founders to find each other, and for some lost hellos.
fn join_patience(settings: &Settings) -> Duration {
    settings.protocol.cold_start_wait * 2 + settings.protocol.hello_interval * 10
}

fn not_joined(settings: &Settings) -> Failure {
    let patience = humantime::format_duration(join_patience(settings));
    Failure::new(Code::Unreachable, format_args!("not joined within {patience} through {}", settings.join.join(", ")))
        .advise("see whether a node of the same cluster label runs there, and whether UDP gets through both ways")
}

fn refused(reason: JoinRefusal, by: SocketAddr) -> Failure {
    Failure::new(Code::Failed, event::sentence(&Event::JoinRefused { reason, by }).1)
}

fn name_lost(theirs: SocketAddr) -> Failure {
    Failure::new(Code::Failed, format_args!("an older node at {theirs} has this name"))
        .advise("give this one another --name")
}

fn loop_ended(result: &io::Result<()>) -> Failure {
    let why = result.as_ref().err().map_or_else(|| "for no reason that it told".to_owned(), ToString::to_string);
    Failure::new(Code::Failed, format_args!("the node's loop has ended: {why}"))
}
