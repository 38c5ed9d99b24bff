//! Through whom? Names become addresses, again and again until each has answered the resolver: a name that appears a
//! minute after the node is as good as one that was there before.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use bruit_config::Settings;
use bruit_terminal::failure::{Code, Failure};
use signal_hook::consts::SIGHUP;

use super::log::Log;
use super::{Message, Shared, address, no_thread, thread};
use crate::event::Level;

/// The first pause between two attempts; doubles.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What the resolver knows of the seeds.
#[derive(Debug, Default)]
pub struct Found {
    /// Addresses, in the order of the seeds.
    pub addrs: Vec<SocketAddr>,
    /// Names without one.
    pub missing: Vec<String>,
}

fn resolve(names: &[String], log: &Log) -> Found {
    let mut found = Found::default();
    for name in names {
        match address::resolve(name) {
            Ok(addrs) => found.addrs.extend(addrs),
            Err(why) => {
                log.say(Level::Warn, &why);
                found.missing.push(name.clone());
            }
        }
    }
    found
}

/// Resolves until at least one seed has an address: started without any, a node would found a cluster of its own. `None`
/// when told to end meanwhile.
///
/// # Errors
/// [`Code::Unreachable`] under `join_once`.
pub fn first(settings: &Settings, log: &Log, inbox: &Receiver<Message>) -> Result<Option<Found>, Failure> {
    let mut pause = PAUSE_MIN;
    loop {
        let found = resolve(&settings.join, log);
        if settings.join.is_empty() || !found.addrs.is_empty() {
            return Ok(Some(found));
        }
        if settings.join_once {
            return Err(Failure::new(Code::Unreachable, format_args!("no address for {}", settings.join.join(", "))));
        }
        log.say(Level::Warn, &format!("no seed has an address; trying again in {} s", pause.as_secs()));
        match inbox.recv_timeout(pause) {
            Ok(Message::Signal(signal)) if signal != SIGHUP => return Ok(None),
            Ok(_) | Err(_) => pause = (pause * 2).min(PAUSE_MAX),
        }
    }
}

/// The seeds without this node itself, and not more than it has places for.
pub fn of_others(addrs: &[SocketAddr], settings: &Settings, advertised: SocketAddr, log: &Log) -> Vec<SocketAddr> {
    let mut seeds: Vec<SocketAddr> = Vec::new();
    for &addr in addrs {
        if !address::is_own(addr, settings.bind, advertised) && !seeds.contains(&addr) {
            seeds.push(addr);
        }
    }
    if seeds.is_empty() && !addrs.is_empty() {
        log.say(Level::Info, "this node is the only seed: it founds a cluster, or continues one that remembers it");
    }
    let max = settings.limits.seeds as usize;
    if seeds.len() > max {
        log.say(Level::Warn, &format!("only the first {max} of {} seeds are used; raise limits.seeds", seeds.len()));
        seeds.truncate(max);
    }
    seeds
}

/// Goes on resolving what had no address, and joins through it when it has one.
///
/// # Errors
/// When the system gives no thread.
pub fn keep_resolving(names: Vec<String>, shared: &Arc<Shared>, log: &Log) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let (shared, log) = (Arc::clone(shared), log.clone());
    let work = move || {
        let mut missing = names;
        let mut pause = PAUSE_MIN;
        while !missing.is_empty() && !shared.ended.load(Ordering::Relaxed) {
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
            let found = resolve(&missing, &log);
            missing = found.missing;
            join(&shared, &log, &found.addrs);
        }
    };
    thread("resolver", work).map(drop).map_err(no_thread)
}

/// Hands addresses to the node, and says so where it refuses.
pub fn join(shared: &Shared, log: &Log, addrs: &[SocketAddr]) {
    let own = |addr: &SocketAddr| address::is_own(*addr, shared.handle.local_addr(), shared.handle.addr());
    let addrs: Vec<SocketAddr> = addrs.iter().copied().filter(|addr| !own(addr)).collect();
    if addrs.is_empty() {
        return;
    }
    if let Err(error) = shared.handle.join(&addrs) {
        log.say(Level::Warn, &format!("cannot join through {addrs:?}: {error}"));
    }
}
