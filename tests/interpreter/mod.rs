//! What can a script say? The commands, and what each prints.
//!
//! ```text
//! seed N   profile NAME   set FIELD=VALUE ..   limits NAME=N ..   cluster LABEL      before the first start
//! start A,B [join C,D] [name N] [at ADDR] [zone Z]
//!                                             HOST names a host; its node is called the same unless `name` is given
//! crash A [silent]   restart A [at ADDR] [join B]   pause A   resume A   starve A LEAST..MOST   leave A
//! subscribe A arrival|origin   publish A CLASS [COUNT] (rumors of 0 bytes, 1, 2 and so on)
//! write A HOW CLASS KEY COUNT NUMBER (its own keys from KEY on, values made from NUMBER on; HOW: ephemeral | durable | removed | TIME)
//! share A CLASS KEY RULE OP NUMBER (a key that all write; OP: set | unset | add | insert | remove)
//! remove A MEMBER   step A SECONDS (of its wall clock)   junk A REASON (a datagram that must be dropped)
//! link OPTIONS   zones Y Z OPTIONS (from one zone to another)   way A B OPTIONS (from A to B)   mtu N|none   cable A BYTES_PER_SECOND|none
//!     OPTIONS: latency=A | A..B | MEDIAN~SIGMA   loss=PERMILLE duplicate=PERMILLE reorder=PERMILLE reorder_by=TIME
//! cut A B (one way)   partition A,B C,D   heal   hold KIND,KIND A (what A sends of these)   release
//! run TIME   until CONDITION within TIME
//!     CONDITION: all-see N up | A sees B STATE (or nothing) | all-see B STATE | agree | quiet
//! clock   members A   events A (new ones)   counters A NAME,NAME   health A   phase A   network   trace   disquiet
//! ```
//! An address is written as ADDR or as the name of a host: hosts get 10.0.0.1:4100 and so on in the order in which they are
//! first named. Whatever a script does, the rules of `bruit::sim::check` that hold always are checked, and break it.

mod print;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bruit::sim::check::{Checks, disquiet};
use bruit::sim::swarm::{JUNK_FROM, junk, value_of};
use bruit::sim::{Bounds, Cable, Death, Fate, HostId, Latency, Link, Spec};
use bruit::wire::Kind;
use bruit::{Class, Config, DropReason, Limits, Mode, NodeId, Order, Params, Profile, Publication, Span, Topic};
use bruit::{MergeRule, SharedOp, SharedWrite, Write};

type World = bruit::sim::World<Checks>;

/// What a command prints, or what is wrong with it.
type Printed = Result<Vec<String>, String>;

#[derive(Default)]
pub struct Interpreter {
    seed: u64,
    config: Config,
    limits: Option<Limits>,
    cluster: Option<String>,
    world: Option<World>,
    hosts: BTreeMap<String, HostId>,
    addrs: BTreeMap<String, SocketAddr>,
    /// How many events of a host have been printed.
    printed: BTreeMap<HostId, u64>,
}

impl Interpreter {
    /// Runs one command and returns its trace. A command that makes no sense is a failure of the test.
    pub fn run(&mut self, command: &str) -> Vec<String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (verb, rest) = words.split_first().unwrap_or_else(|| panic!("an empty command"));
        let printed = match *verb {
            "seed" | "profile" | "set" | "limits" | "cluster" => self.set_up(verb, rest),
            "link" | "zones" | "way" | "mtu" | "cable" => self.lay(verb, rest),
            "cut" | "partition" | "heal" | "hold" | "release" => self.disturb(verb, rest),
            "start" => self.start(rest),
            "crash" | "restart" | "leave" | "remove" => self.tell(verb, rest),
            "publish" | "subscribe" => self.speak(verb, rest),
            "write" => self.write(rest),
            "share" => self.share(rest),
            "pause" | "resume" | "starve" | "step" | "junk" => self.befall(verb, rest),
            "run" => self.span(rest, 0).map(|span| {
                self.world().run_for(span);
                vec![]
            }),
            "until" => self.until(rest),
            "clock" => Ok(vec![print::time(self.world().now())]),
            "network" => Ok(print::tally(&self.world().tally())),
            "trace" => Ok(vec![format!("{:016x}", self.world().trace())]),
            "disquiet" => {
                let world = &*self.world();
                let missing = world.observer.missing(world);
                Ok(disquiet(world).iter().chain(&missing).map(ToString::to_string).collect())
            }
            "members" | "events" | "counters" | "health" | "phase" => self.show(verb, rest),
            _ => Err("no such command".to_owned()),
        };
        let broken = self.world.as_ref().and_then(|world| world.observer.found().first());
        assert!(broken.is_none(), "> {command}\n{}", broken.map(ToString::to_string).unwrap_or_default());
        printed.unwrap_or_else(|error| panic!("> {command}\n{error}"))
    }

    fn world(&mut self) -> &mut World {
        self.world.get_or_insert_with(|| World::watched(self.seed, Bounds::default(), Checks::default()))
    }

    fn set_up(&mut self, verb: &str, rest: &[&str]) -> Printed {
        let value = rest.first().ok_or("a value is missing")?;
        match verb {
            "seed" => self.seed = value.parse().map_err(|_| "not a number")?,
            "cluster" => self.cluster = Some((*value).to_owned()),
            "profile" => self.config = Config::new(Profile::from_name(value).ok_or("no such profile")?),
            "set" => rest.iter().try_for_each(|pair| set_field(&mut self.config, pair))?,
            _ => {
                let limits = self.limits.get_or_insert_with(|| Limits::for_members(64));
                rest.iter().try_for_each(|pair| set_limit(limits, pair))?;
            }
        }
        Ok(vec![])
    }

    /// What lies between the hosts.
    fn lay(&mut self, verb: &str, rest: &[&str]) -> Printed {
        match (verb, rest) {
            ("link", options) => {
                let mut link = self.world().network.everywhere();
                options.iter().try_for_each(|pair| set_link(&mut link, pair))?;
                self.world().network.set_all(link);
            }
            ("zones", [from, to, options @ ..]) => {
                let mut link = self.world().network.everywhere();
                options.iter().try_for_each(|pair| set_link(&mut link, pair))?;
                self.world().network.set_zones(from, to, link);
            }
            ("way", [_, _, options @ ..]) => {
                let (from, to) = (self.host(rest, 0)?, self.host(rest, 1)?);
                let mut link = self.world().network.everywhere();
                options.iter().try_for_each(|pair| set_link(&mut link, pair))?;
                self.world().network.set_link(from, to, link);
            }
            ("mtu", [mtu]) => {
                let mtu = unless_none(mtu)?;
                self.world().network.set_mtu(mtu.map(|mtu| mtu as usize));
            }
            ("cable", [_, speed]) => {
                let (host, speed) = (self.host(rest, 0)?, unless_none(speed)?);
                // Behind a queue of half a second.
                let cable = speed.map(|speed| Cable { bytes_per_second: speed, queue_bytes: speed / 2 });
                self.world().set_cable(host, cable);
            }
            _ => return Err("a word is missing".to_owned()),
        }
        Ok(vec![])
    }

    /// What happens to the ways between them.
    fn disturb(&mut self, verb: &str, rest: &[&str]) -> Printed {
        match verb {
            "heal" => self.world().network.heal(),
            "cut" => {
                let (from, to) = (self.host(rest, 0)?, self.host(rest, 1)?);
                self.world().network.cut(from, to);
            }
            "hold" => {
                let named = |name| Kind::ALL.iter().find(|kind| kind.name() == name).copied().ok_or("no such kind");
                let kinds = rest.first().ok_or("which kinds?")?.split(',').map(named).collect::<Result<Vec<_>, _>>()?;
                let from = self.host(rest, 1)?;
                let held = move |p: &bruit::sim::Passing<'_>| p.from == from && kinds.iter().any(|kind| p.has(*kind));
                self.world().meddle(Some(Box::new(move |p| if held(p) { Fate::Hold } else { Fate::Pass })));
            }
            "release" => {
                self.world().meddle(None);
                let released = self.world().release();
                return Ok(vec![format!("{released} released")]);
            }
            _ => {
                let sides: Vec<Vec<HostId>> = rest.iter().map(|names| self.list(names)).collect::<Result<_, _>>()?;
                let sides: Vec<&[HostId]> = sides.iter().map(Vec::as_slice).collect();
                self.world().network.partition(&sides);
            }
        }
        Ok(vec![])
    }

    /// What happens to a process, or to its host.
    fn befall(&mut self, verb: &str, rest: &[&str]) -> Printed {
        let host = self.host(rest, 0)?;
        let what = rest.get(1).copied();
        match verb {
            "pause" => self.world().pause(host),
            "resume" => self.world().resume(host),
            "starve" => {
                let late = latency(what.ok_or("how late?")?)?;
                self.world().starve(host, late);
            }
            "step" => {
                let seconds = what.and_then(|text| text.parse().ok()).ok_or("by how many seconds?")?;
                self.world().step_wall_clock(host, seconds);
            }
            _ => {
                let reason =
                    DropReason::ALL.iter().find(|reason| Some(reason.name()) == what).ok_or("no such reason")?;
                let node = self.world().node(host).ok_or("it is down")?;
                let all = junk(node, *reason);
                all.iter().for_each(|bytes| self.world().inject(JUNK_FROM, host, bytes));
            }
        }
        Ok(vec![])
    }

    fn start(&mut self, rest: &[&str]) -> Printed {
        let names = rest.first().ok_or("whom?")?;
        // All of them are named first, so that they can list each other.
        let addrs: Vec<SocketAddr> = names.split(',').map(|name| self.addr(name)).collect::<Result<_, _>>()?;
        let seeds = self.seeds(rest)?;
        for (name, addr) in names.split(',').zip(addrs) {
            if self.hosts.contains_key(name) {
                return Err(format!("{name} was started before; restart it"));
            }
            let limits = self.limits.clone().unwrap_or_else(|| Limits::for_members(64));
            let params = Params::new(&self.config, &limits).map_err(|e| e.to_string())?;
            let mut spec = Spec::new(after(rest, "name").unwrap_or(name), params);
            spec.addr = Some(match after(rest, "at") {
                Some(text) => self.addr(text)?,
                None => addr,
            });
            if let Some(cluster) = &self.cluster {
                spec.cluster.clone_from(cluster);
            }
            spec.zone = after(rest, "zone").unwrap_or_default().to_owned();
            let others: Vec<SocketAddr> = seeds.iter().copied().filter(|seed| Some(*seed) != spec.addr).collect();
            let host = self.world().start(&spec, &others).map_err(|e| e.to_string())?;
            self.hosts.insert(name.to_owned(), host);
        }
        Ok(vec![])
    }

    fn tell(&mut self, verb: &str, rest: &[&str]) -> Printed {
        let host = self.host(rest, 0)?;
        let refused = match verb {
            "crash" if rest.get(1) == Some(&"silent") => {
                self.world().crash(host, Death::Silent);
                Ok(())
            }
            "crash" => {
                self.world().crash(host, Death::Refusing);
                Ok(())
            }
            "restart" => {
                let at = after(rest, "at").map(|text| self.addr(text)).transpose()?;
                let seeds = self.seeds(rest)?;
                self.world().restart(host, at, &seeds).map_err(|e| e.to_string())?;
                Ok(())
            }
            "leave" => self.world().leave(host),
            _ => {
                let member = NodeId::from_name(rest.get(1).ok_or("which member?")?);
                self.world().remove(host, member)
            }
        };
        Ok(refused.err().map(|refusal| format!("refused: {refusal}")).into_iter().collect())
    }

    /// What concerns rumors.
    fn speak(&mut self, verb: &str, rest: &[&str]) -> Printed {
        let (host, how) = (self.host(rest, 0)?, rest.get(1).copied());
        if verb == "subscribe" {
            let order = match how {
                Some("arrival") => Order::Arrival,
                Some("origin") => Order::Origin,
                _ => return Err("in which order?".to_owned()),
            };
            let refused = self.world().subscribe(host, None, order);
            return Ok(refused.err().map(|refusal| format!("refused: {refusal}")).into_iter().collect());
        }
        let class = class_named(how.unwrap_or_default())?;
        let count = number(rest.get(2).unwrap_or(&"1"))?;
        for n in 0..u8::try_from(count).map_err(|_| "too many at once")? {
            let payload = &[n; 255][..usize::from(n)];
            let publication = Publication { topic: Topic::new("swarm"), class, payload };
            if let Err(refusal) = self.world().publish(host, publication) {
                return Ok(vec![format!("refused: {refusal}")]);
            }
        }
        Ok(vec![])
    }

    /// Writes keys of a node's own, as far as it takes them.
    fn write(&mut self, rest: &[&str]) -> Printed {
        let host = self.host(rest, 0)?;
        let [_, how, class, key, count, first] = rest else { return Err("a word is missing".to_owned()) };
        let (class, count, first) = (class_named(class)?, number(count)?, number(first)?);
        let (durable, ttl, there) = match *how {
            "ephemeral" => (false, None, true),
            "durable" => (true, None, true),
            "removed" => (true, None, false),
            time => (false, Some(span(time)?), true),
        };
        let letter = key.trim_end_matches(|c: char| c.is_ascii_digit());
        let nth = number(&key[letter.len()..])?;
        for n in 0..count {
            let (key, value) = (format!("{letter}{}", nth + n), value_of((first + n) as u16));
            let value = there.then_some(value.as_bytes());
            let _taken = self.world().write(host, Write { key: key.as_bytes(), value, class, durable, ttl });
        }
        Ok(vec![])
    }

    /// Writes a key that all write, if the node takes that.
    fn share(&mut self, rest: &[&str]) -> Printed {
        let host = self.host(rest, 0)?;
        let [_, class, key, rule, op, text] = rest else { return Err("a word is missing".to_owned()) };
        let rule = MergeRule::ALL.iter().find(|known| known.name() == *rule).copied().ok_or("no such rule")?;
        let op = match *op {
            "set" => SharedOp::Set(text.as_bytes()),
            "unset" => SharedOp::Unset,
            "add" => SharedOp::Add(text.parse().map_err(|_| "how much?")?),
            "insert" => SharedOp::Insert(text.as_bytes()),
            "remove" => SharedOp::Remove(text.as_bytes()),
            _ => return Err("what is done?".to_owned()),
        };
        let wall_ms = self.world().wall_clock_ms(host);
        let write = SharedWrite { key: key.as_bytes(), op, rule: Some(rule), class: class_named(class)?, wall_ms };
        let _taken = self.world().write_shared(host, write);
        Ok(vec![])
    }

    fn until(&mut self, rest: &[&str]) -> Printed {
        let limit = span(after(rest, "within").ok_or("until when? say: within TIME")?)?;
        let took = match *rest {
            ["agree", ..] => self.world().run_until(limit, |w| {
                let mut prints = w.running().map(|(_, node)| node.membership_fingerprint());
                let first = prints.next();
                prints.all(|print| Some(print) == first)
            }),
            ["quiet", ..] => self.world().run_until(limit, |w| disquiet(w).is_empty()),
            ["all-see", n, "up", ..] => {
                let n: usize = n.parse().map_err(|_| "how many?")?;
                self.world().run_until(limit, |w| w.all_see(n))
            }
            ["all-see", name, state, ..] => {
                let (id, state) = (NodeId::from_name(name), print::state_named(state)?);
                self.world().run_until(limit, |w| {
                    w.running().all(|(host, node)| node.me().id == id || w.sees(host, id) == state)
                })
            }
            [_, "sees", name, state, ..] => {
                let host = self.host(rest, 0)?;
                let (id, state) = (NodeId::from_name(name), print::state_named(state)?);
                self.world().run_until(limit, |w| w.sees(host, id) == state)
            }
            _ => return Err("no such condition".to_owned()),
        };
        Ok(vec![match took {
            Some(span) => format!("after {}", print::span(span)),
            None => format!("NOT within {}", print::span(limit)),
        }])
    }

    fn show(&mut self, verb: &str, rest: &[&str]) -> Printed {
        let host = self.host(rest, 0)?;
        if verb == "events" {
            return Ok(self.new_events(host));
        }
        let Some(node) = self.world().node(host) else {
            return Ok(vec!["down".to_owned()]);
        };
        match verb {
            "members" => Ok(print::members(node)),
            "health" => Ok(vec![node.health().to_string()]),
            "phase" => Ok(vec![format!("{:?}", node.phase()).to_lowercase()]),
            _ => print::counters(node.counters(), rest.get(1).ok_or("which counters?")?),
        }
    }

    fn new_events(&mut self, host: HostId) -> Vec<String> {
        let seen = self.printed.get(&host).copied().unwrap_or(0);
        let world = self.world();
        let forgotten = world.events_forgotten(host);
        let skip = seen.saturating_sub(forgotten) as usize;
        let lines: Vec<String> = world.events(host).skip(skip).map(|(at, event)| print::event(at, &event)).collect();
        self.printed.insert(host, seen.max(forgotten) + lines.len() as u64);
        if lines.is_empty() { vec!["nothing".to_owned()] } else { lines }
    }

    fn host(&self, words: &[&str], at: usize) -> Result<HostId, String> {
        let name = words.get(at).ok_or("a host is missing")?;
        self.hosts.get(*name).copied().ok_or_else(|| format!("{name} was never started"))
    }

    fn list(&self, names: &str) -> Result<Vec<HostId>, String> {
        names.split(',').map(|name| self.host(&[name], 0)).collect()
    }

    fn seeds(&mut self, rest: &[&str]) -> Result<Vec<SocketAddr>, String> {
        after(rest, "join").map_or(Ok(vec![]), |names| names.split(',').map(|name| self.addr(name)).collect())
    }

    fn addr(&mut self, text: &str) -> Result<SocketAddr, String> {
        if let Ok(addr) = text.parse() {
            return Ok(addr);
        }
        if let Some(host) = self.hosts.get(text) {
            return self.world.as_ref().map(|w| w.addr(*host)).ok_or_else(|| "no world yet".to_owned());
        }
        let next = u8::try_from(self.addrs.len() + 1).map_err(|_| "too many hosts for a script")?;
        Ok(*self.addrs.entry(text.to_owned()).or_insert_with(|| ([10, 0, 0, next], 4_100).into()))
    }

    fn span(&self, words: &[&str], at: usize) -> Result<Span, String> {
        span(words.get(at).ok_or("how long?")?)
    }
}

fn class_named(name: &str) -> Result<Class, String> {
    Class::ALL.iter().find(|class| class.name() == name).copied().ok_or_else(|| "of which class?".to_owned())
}

/// The word that follows `key`.
fn after<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    words.iter().position(|word| *word == key).and_then(|at| words.get(at + 1)).copied()
}

fn span(text: &str) -> Result<Span, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| format!("{text} has no unit"))?;
    let n: u64 = text[..digits].parse().map_err(|_| format!("{text} has no number"))?;
    match &text[digits..] {
        "ns" => Ok(Span::nanos(n)),
        "us" => Ok(Span::micros(n)),
        "ms" => Ok(Span::millis(n)),
        "s" => Ok(Span::secs(n)),
        "min" => Ok(Span::secs(n * 60)),
        "h" => Ok(Span::secs(n * 3_600)),
        unit => Err(format!("{unit} is no unit of time")),
    }
}

fn pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once('=').ok_or_else(|| format!("{text} is not NAME=VALUE"))
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text} is not a number"))
}

fn set_field(config: &mut Config, text: &str) -> Result<(), String> {
    let (name, value) = pair(text)?;
    let time = |field: &mut Duration| span(value).map(|s| *field = s.into());
    match name {
        "probe_interval" => time(&mut config.probe_interval),
        "gossip_interval" => time(&mut config.gossip_interval),
        "pause_to_forgive" => time(&mut config.pause_to_forgive),
        "down_retention" => time(&mut config.down_retention),
        "revive_interval" => time(&mut config.revive_interval),
        "cold_start_wait" => time(&mut config.cold_start_wait),
        "tombstone_retention" => time(&mut config.tombstone_retention),
        "rumor_retention" => time(&mut config.rumor_retention),
        "kernel_evidence" => value.parse().map(|b| config.kernel_evidence = b).map_err(|_| "yes or no?".to_owned()),
        "state_mode" => Mode::from_name(value).map(|m| config.state_mode = m).ok_or("no such mode".to_owned()),
        "helpers" => number(value).map(|n| config.helpers = n),
        "fanout" => number(value).map(|n| config.fanout = n),
        "confirmations" => number(value).map(|n| config.confirmations = n),
        "datagrams_per_second" => number(value).map(|n| config.datagrams_per_second = n),
        "bytes_per_second" => number(value).map(|n| config.bytes_per_second = n),
        "eager_per_second" => number(value).map(|n| config.eager_per_second = n),
        "strangers_per_second" => number(value).map(|n| config.strangers_per_second = n),
        "repair_per_second" => number(value).map(|n| config.repair_per_second = n),
        _ => Err(format!("{name} cannot be set by a script yet")),
    }
}

fn set_limit(limits: &mut Limits, text: &str) -> Result<(), String> {
    let (name, value) = pair(text)?;
    let n = number(value)?;
    match name {
        "members" => limits.members = n,
        "probes" => limits.probes = n,
        "relays" => limits.relays = n,
        "events" => limits.events = n,
        "book" => limits.book = n,
        "origins" => limits.origins = n,
        "rumors" => limits.rumors = n,
        "rumor_window" => limits.rumor_window = n,
        "rumor_bytes" => limits.rumor_bytes = n,
        "state_owners" => limits.state_owners = n,
        "state_keys" => limits.state_keys = n,
        _ => return Err(format!("{name} cannot be limited by a script yet")),
    }
    Ok(())
}

fn set_link(link: &mut Link, text: &str) -> Result<(), String> {
    let (name, value) = pair(text)?;
    match name {
        "latency" => link.latency = latency(value)?,
        "loss" => link.loss_permille = number(value)?,
        "duplicate" => link.duplicate_permille = number(value)?,
        "reorder" => link.reorder_permille = number(value)?,
        "reorder_by" => link.reorder_by = span(value)?,
        _ => return Err(format!("a link has no {name}")),
    }
    Ok(())
}

/// A time, a range of times, or a median and the thousandths of its logarithm's deviation.
fn latency(text: &str) -> Result<Latency, String> {
    if let Some((least, most)) = text.split_once("..") {
        return Ok(Latency::Uniform(span(least)?, span(most)?));
    }
    match text.split_once('~') {
        Some((median, sigma)) => Ok(Latency::LogNormal { median: span(median)?, sigma_permille: number(sigma)? }),
        None => Ok(Latency::Constant(span(text)?)),
    }
}

fn unless_none(text: &str) -> Result<Option<u32>, String> {
    if text == "none" { Ok(None) } else { number(text).map(Some) }
}
