//! How much do running agents bear? The first of them publishes, the others listen, all through their control sockets; what an agent
//! has counted meanwhile is the difference of two of its `stat` documents.
//!
//! Ages are from when a rumor was meant to be published until its line was read here, by the clock of this process: with both
//! control sockets on the way. An agent does not hear its own rumors, so one agent alone shows what it takes and sends, not what arrives.

mod listener;
mod publisher;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bruit_agent::control::{Client, Request};
use bruit_agent::view::{Info, Members, Stat};
use bruit_terminal::failure::{Code, Failure};
use bruit_terminal::progress::Line;

use super::counted::Counted;
use super::publisher::Published;
use super::reader::Heard;
use super::report::{Measured, Outcome};
use super::{LOOK_EVERY, Load, Progress, Show};
use listener::Listener;
use publisher::Publisher;

/// An agent: its control socket, and what it has said that it is.
struct Agent {
    path: PathBuf,
    info: Info,
}

/// What agents have counted so far.
struct Look {
    counted: Counted,
    /// By their loop threads; `None` when one of them does not count.
    allocations: Option<u64>,
}

/// Plays it among the agents with these control sockets and reports.
pub fn play(load: &Load, paths: &[PathBuf], show: &Show) -> Result<(), Failure> {
    let agents = connect(paths)?;
    let publisher = Publisher::new(load, &agents[0])?;
    let listeners: Vec<Listener> =
        agents[1..].iter().map(|agent| Listener::start(agent, &agents[0].info)).collect::<Result<_, _>>()?;
    let before = look(&agents)?;
    let (start, progress) = (Instant::now(), Progress::default());
    let (published, heard) = measure(load, publisher, listeners, start, &progress)?;
    let elapsed = start.elapsed();
    let after = look(&agents)?;
    let measured = Measured {
        agents: Some(agents.iter().map(|agent| agent.info.name.clone()).collect()),
        elapsed,
        cpu: None,
        counted: after.counted.since(&before.counted),
        published,
        heard: (agents.len() > 1).then_some(heard),
        allocations: after.allocations.zip(before.allocations).map(|(after, before)| after.saturating_sub(before)),
    };
    show.show(&Outcome::new(load, measured))
}

/// Connects to all, and sees that they are different members of one cluster.
fn connect(paths: &[PathBuf]) -> Result<Vec<Agent>, Failure> {
    let mut agents: Vec<Agent> = Vec::new();
    for path in paths {
        let mut client = Client::open(path.clone())?;
        let info: Info = client.ask(&Request::Info {})?;
        if info.phase != "joined" {
            let cause = format!("`{}` is no member yet: it is {}", info.name, info.phase);
            return Err(Failure::new(Code::Failed, cause).advise("`bruit wait --members N` ends once it is"));
        }
        if let Some(twin) = agents.iter().find(|agent| agent.info.boot_id == info.boot_id) {
            let (path, twin) = (path.display(), twin.path.display());
            return Err(Failure::new(Code::Usage, format_args!("{path} and {twin} are one agent, `{}`", info.name))
                .advise("name each agent once"));
        }
        agents.push(Agent { path: path.clone(), info });
    }
    let known: Members = Client::open(agents[0].path.clone())?.ask(&Request::Members {})?;
    let is_up = |agent: &&Agent| {
        known.members.iter().any(|m| m.boot_id == agent.info.boot_id && matches!(&m.state[..], "alive" | "suspect"))
    };
    match agents.iter().find(|agent| !is_up(agent)) {
        None => Ok(agents),
        Some(stranger) => {
            let (own, other) = (&agents[0].info.name, &stranger.info.name);
            Err(Failure::new(Code::Failed, format_args!("`{own}` does not see `{other}` among its living members"))
                .advise("name agents of one cluster; `bruit members` lists them"))
        }
    }
}

/// On connections of its own: an agent closes one on which nothing is asked for as long as a load may last.
fn look(agents: &[Agent]) -> Result<Look, Failure> {
    let mut look = Look { counted: Counted::default(), allocations: Some(0) };
    for agent in agents {
        let mut client = Client::open(agent.path.clone())?;
        let stat: Stat = client.ask(&Request::Stat {})?;
        look.counted.add_document(&stat);
        let info: Info = client.ask(&Request::Info {})?;
        look.allocations = look.allocations.zip(info.allocations_after_start).map(|(sum, one)| sum + one);
    }
    Ok(look)
}

/// Publishes and listens until all has arrived, nobody waits any longer, or an agent fails.
fn measure(
    load: &Load,
    publisher: Publisher,
    listeners: Vec<Listener>,
    start: Instant,
    progress: &Progress,
) -> Result<(Published, Vec<Heard>), Failure> {
    std::thread::scope(|scope| {
        let listeners: Vec<_> = listeners
            .into_iter()
            .map(|one| scope.spawn(move || ends_all(progress, one.listen(start, progress))))
            .collect();
        let publisher = scope.spawn(move || ends_all(progress, publisher.publish(load, start, progress)));
        let line = Line::new("load");
        while !publisher.is_finished() {
            std::thread::sleep(LOOK_EVERY);
            progress.tell(&line, load, start.elapsed());
        }
        let published = publisher.join().expect("a publisher does not panic");
        let end = Instant::now() + load.patience;
        let all_have_all = || {
            let settled = progress.settled.load(Ordering::Relaxed);
            published.as_ref().is_ok_and(|(published, _)| published.is_settled(load, published.refused, settled))
        };
        while Instant::now() < end && !progress.is_over() && !all_have_all() {
            std::thread::sleep(LOOK_EVERY);
        }
        progress.end();
        let arrived: Result<Vec<_>, Failure> =
            listeners.into_iter().map(|one| one.join().expect("a listener does not panic")).collect();
        let (published, meant) = published?;
        Ok((published, arrived?.into_iter().map(|one| one.heard(&meant)).collect()))
    })
}

/// Ends everybody's work where one has failed.
fn ends_all<T>(progress: &Progress, result: Result<T, Failure>) -> Result<T, Failure> {
    result.inspect_err(|_| progress.end())
}
