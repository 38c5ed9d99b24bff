//! Who bears it? Nodes in this process, with room for what is published in a while, and what they have counted.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bruit::net::{self, CommandError, Delivery, Handle, Options, StartError};
use bruit::{Class, Config, Identity, Limits, Name, Order, Params, Profile};
use bruit_agent::runner;
use bruit_terminal::failure::{Code, Failure};

use super::counted::Counted;
use super::reader::GREETING;
use super::{Load, topic};

/// Nobody else's nodes shall be drawn in, nor drawn to others.
const CLUSTER: &str = "bruit load";
/// What may leave a node in a second: more than two cores can send, so that the machine is the bound.
const DATAGRAMS_PER_SECOND: u32 = 1_000_000;
const BYTES_PER_SECOND: u32 = 1_000_000_000;
/// Rumors that wait for a reader that is kept from running for a while, at most.
pub const UNREAD_MAX: usize = 16_384;
/// Publications that wait for a loop.
const UNPUBLISHED_MAX: usize = 4_096;
/// Who has just joined takes what is told meanwhile for what was told before: until that is over.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// The pause between two looks at what is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The nodes.
#[derive(Debug)]
pub struct Nodes(Vec<Handle>);

impl Nodes {
    /// Starts them; the others join through the first.
    pub fn start(load: &Load) -> Result<Self, Failure> {
        let mut nodes = Self(Vec::new());
        for i in 0..load.nodes {
            let seeds: Vec<SocketAddr> = nodes.0.iter().take(1).map(Handle::addr).collect();
            nodes.0.push(start(load, i, &seeds)?);
        }
        Ok(nodes)
    }

    /// All of them.
    pub fn all(&self) -> &[Handle] {
        &self.0
    }

    /// Waits until all see all, and have heard of every origin.
    pub fn get_ready(&self, patience: Duration) -> Result<(), Failure> {
        let end = Instant::now() + patience;
        let late = |what: &str| Failure::new(Code::NotMet, format_args!("{what} within {patience:?}"));
        let sees_all = |node: &Handle| node.members().iter().filter(|m| m.state.is_up()).count() == self.0.len();
        while !self.0.iter().all(sees_all) {
            if Instant::now() > end {
                return Err(late("not all have joined"));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        std::thread::sleep(SETTLED_AFTER);
        let failed = |error| Failure::new(Code::Failed, error);
        for node in &self.0 {
            node.subscribe(Some(topic()), Order::Arrival).map_err(failed)?;
        }
        for teller in &self.0 {
            teller.publish(topic(), Class::Urgent, &GREETING.to_le_bytes()).map_err(failed)?;
            for node in self.0.iter().filter(|node| node.id() != teller.id()) {
                let read = node.next_rumor(end.saturating_duration_since(Instant::now()));
                let Some(Delivery::Rumor(_)) = read else { return Err(late("not all have heard of all")) };
            }
        }
        Ok(())
    }

    /// Why a node refuses rumors, if it still does: what it says of another that readers pass over.
    pub fn refusal(&self, class: Class) -> Option<String> {
        let greet = |node: &Handle| node.publish(topic(), class, &GREETING.to_le_bytes());
        self.0.iter().find_map(|node| match greet(node) {
            Err(CommandError::Refused(refusal)) => Some(refusal.to_string()),
            Ok(_) | Err(_) => None,
        })
    }

    /// What they have counted so far.
    pub fn counted(&self) -> Counted {
        let mut all = Counted::default();
        self.0.iter().for_each(|node| all.add(&node.stats()));
        all
    }

    /// Ends them.
    pub fn stop(&self) {
        self.0.iter().for_each(Handle::stop);
    }
}

fn start(load: &Load, i: usize, seeds: &[SocketAddr]) -> Result<Handle, Failure> {
    let name = Name::new(&format!("n{}", i + 1)).expect("our names are short");
    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = Limits {
        rumors: 65_536,
        rumor_bytes: 16 << 20,
        rumor_window: 65_536,
        rumor_payload: u32::try_from(load.size).unwrap_or(u32::MAX),
        ..Limits::for_members(load.nodes.max(2) as u32)
    };
    let protocol = Config {
        datagrams_per_second: DATAGRAMS_PER_SECOND,
        bytes_per_second: BYTES_PER_SECOND,
        ..Config::new(Profile::Local)
    };
    let params = Params::new(&protocol, &limits).map_err(|error| bruit_config::invalid(&error))?;
    let options = Options { bind, rumors: UNREAD_MAX, publications: UNPUBLISHED_MAX, ..Options::default() };
    let failed = |error: StartError| Failure::new(Code::Failed, format_args!("cannot start {name}: {error}"));
    let boot = net::fresh_boot().map_err(failed)?;
    let identity = Identity { name, cluster: CLUSTER, addr: bind, boot, zone: "", tags: &[] };
    runner::start(params, &identity, seeds, &options, drop).map_err(failed)
}
