//! Who is on stage? Nodes in this process, each on its own port, and the ways to look at them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bruit::net::{self, Handle, Member, Options, StartError};
use bruit::{BootId, Config, Identity, Name, Params, Profile};
use bruit_agent::runner;
use bruit_terminal::failure::{Code, Failure};

use super::report::Snapshot;

/// The pause between two looks: finer than what is shown, too long to take the cores from the nodes.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// Nobody else's nodes shall be drawn in, nor drawn to others.
const CLUSTER: &str = "bruit demo";

/// The nodes; a place keeps its number when its node ends.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Option<Handle>>,
}

/// How many members a node holds to be up.
pub fn up(node: &Handle) -> usize {
    node.members().iter().filter(|m| m.state.is_up()).count()
}

/// The member of a name, as a node sees it.
pub fn member(node: &Handle, name: Name) -> Option<Member> {
    node.members().into_iter().find(|m| m.name == name)
}

impl Cluster {
    /// Nobody yet.
    pub const fn new() -> Self {
        Self { nodes: Vec::new() }
    }

    /// Starts a node that joins through the first one.
    pub fn start(&mut self, name: &str, at: Option<SocketAddr>) -> Result<usize, Failure> {
        let node = self.node_at(name, at)?;
        self.nodes.push(Some(node));
        Ok(self.nodes.len() - 1)
    }

    /// Starts the node of a place again, under its name.
    pub fn restart(&mut self, seat: usize, at: Option<SocketAddr>) -> Result<(), Failure> {
        let name = self.node(seat).name();
        self.nodes[seat] = Some(self.node_at(name.as_str(), at)?);
        Ok(())
    }

    fn node_at(&self, name: &str, at: Option<SocketAddr>) -> Result<Handle, Failure> {
        let bind = at.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let seeds: Vec<SocketAddr> =
            self.nodes.iter().flatten().take(1).map(Handle::addr).filter(|s| *s != bind).collect();
        let started = |boot: BootId| {
            let name = Name::new(name).expect("our names are short");
            let identity = Identity { name, cluster: CLUSTER, addr: bind, boot, zone: "", tags: &[("role", "demo")] };
            let params = Params::try_from(Config::new(Profile::Local))?;
            runner::start(params, &identity, &seeds, &Options { bind, ..Options::default() }, drop)
        };
        let failed = |error: StartError| Failure::new(Code::Failed, format_args!("cannot start {name}: {error}"));
        net::fresh_boot().and_then(started).map_err(failed)
    }

    /// The node of a place. Places of ended nodes are not asked for.
    pub fn node(&self, seat: usize) -> &Handle {
        self.nodes[seat].as_ref().expect("the node of this place runs")
    }

    /// All places but one, as far as their nodes run.
    pub fn others(&self, seat: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|i| *i != seat && self.nodes[*i].is_some()).collect()
    }

    /// How many nodes run.
    pub fn len(&self) -> usize {
        self.nodes.iter().flatten().count()
    }

    /// Ends the node of a place.
    pub fn end(&mut self, seat: usize) {
        if let Some(node) = self.nodes[seat].take() {
            node.stop();
        }
    }

    /// Ends all.
    pub fn stop(&mut self) {
        for seat in 0..self.nodes.len() {
            self.end(seat);
        }
    }

    /// Looks at `seats` until `holds` has been true at each of them once, or until `end`; tells of each. Returns the names of
    /// those where it never was.
    pub fn until_all(
        &self,
        seats: &[usize],
        end: Instant,
        holds: impl Fn(&Handle) -> bool,
        mut told: impl FnMut(&Handle) -> Result<(), Failure>,
    ) -> Result<Vec<String>, Failure> {
        let mut waiting: Vec<&Handle> = seats.iter().map(|seat| self.node(*seat)).collect();
        while Instant::now() < end {
            let (done, rest): (Vec<&Handle>, Vec<&Handle>) = waiting.into_iter().partition(|node| holds(node));
            done.into_iter().try_for_each(&mut told)?;
            waiting = rest;
            if waiting.is_empty() {
                break;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(waiting.iter().map(|node| node.name().to_string()).collect())
    }

    /// What all running nodes have counted and measured.
    pub fn snapshot(&self) -> Snapshot {
        let mut all = Snapshot::default();
        self.nodes.iter().flatten().for_each(|node| all.add(node));
        all
    }
}
