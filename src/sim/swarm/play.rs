//! What comes of a plan? Chaos, healing, then the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::act::{Act, Deed, SharedDeed, value_of};
use super::forge::{NOBODY, junk};
use super::plan::{LEASE_MAX_S, Plan, SEEDS};
use super::script::{Script, link, time};
use crate::config::{Mode, Params};
use crate::error::DropReason;
use crate::node::{Publication, SharedOp, SharedWrite, Write};
use crate::rumor::{Class, Order, Topic};
use crate::sim::check::{Check, Checks, Quiet, Violation, disquiet};
use crate::sim::{Bounds, Cable, Coverage, Death, HostId, Latency, Link, Spec, World};
use crate::state::MergeRule;
use crate::time::{Instant, Span};

/// How many probe intervals all must stay quiet for, once they are.
const STAY: u32 = 10;

/// What came of a plan.
#[derive(Clone, Debug)]
pub struct Played {
    /// What is wrong; nothing, if all is well.
    pub found: Vec<Violation>,
    /// What was exercised.
    pub coverage: Coverage,
    /// How long after the healing all was quiet; `None` where it never was.
    pub quiet_after: Option<Span>,
    /// How long that may take.
    pub quiet_within: Span,
    /// The world's trace.
    pub trace: u64,
    /// The run as a script.
    pub script: String,
}

/// Plays a plan. `allocations` says how often this thread has asked for memory, for the rule that nodes never do;
/// without it that rule is not checked.
#[must_use]
pub fn play(plan: &Plan, allocations: Option<fn() -> u64>) -> Played {
    catch_unwind(AssertUnwindSafe(|| Player::new(plan, allocations).play())).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        let what = text.unwrap_or("a panic without words").to_owned();
        Played {
            found: vec![Violation { check: Check::Panicked, at: Instant::ZERO, host: None, what }],
            coverage: Coverage::default(),
            quiet_after: None,
            quiet_within: Span::ZERO,
            trace: 0,
            script: String::new(),
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Up,
    Halted,
    Down,
}

struct Player<'a> {
    plan: &'a Plan,
    /// Those of the first node, which in all but the mode are everybody's.
    params: Params,
    /// The mode that the script has set last.
    mode: Mode,
    world: World<(Checks, Coverage)>,
    /// The hosts by their numbers in the plan, how they are, and the number in their nodes' names.
    hosts: BTreeMap<u32, (HostId, Life, u32)>,
    /// What lies within zones by now, and who has a cable.
    within: Link,
    cables: BTreeSet<u32>,
    script: Script,
}

impl<'a> Player<'a> {
    fn new(plan: &'a Plan, allocations: Option<fn() -> u64>) -> Self {
        let checks = allocations.map_or_else(Checks::default, Checks::counting);
        Self {
            plan,
            params: plan.params(0).expect("a plan has good parameters"),
            world: World::watched(plan.seed, Bounds::default(), (checks, Coverage::default())),
            mode: plan.config.state_mode,
            hosts: BTreeMap::new(),
            within: Link::default(),
            cables: BTreeSet::new(),
            script: Script::of(plan),
        }
    }

    fn play(mut self) -> Played {
        self.set_links(self.plan.within.loss_permille);
        (0..self.plan.nodes).for_each(|number| self.start(number, number));
        for timed in &self.plan.acts {
            self.run_to(timed.at);
            if self.act(timed.act) {
                self.world.observer.1.count("act", timed.act.name());
            }
        }
        self.make_good();
        self.finish()
    }

    fn run_to(&mut self, at: Span) {
        self.script.run_to(at);
        let wait = (Instant::ZERO + at).since(self.world.now());
        // What is due at this very moment waits for the act that comes at it, as it does where the script is played.
        if wait > Span::ZERO {
            self.world.run_for(wait);
        }
    }

    /// All ways as the plan has them, but for the loss.
    fn set_links(&mut self, loss_permille: u32) {
        self.lay(Link { loss_permille, ..self.plan.within });
    }

    /// Lays the ways within zones, and those between them, which take longer.
    fn lay(&mut self, within: Link) {
        self.within = within;
        self.world.network.set_all(within);
        self.script.say(&format!("link {}", link(&within)));
        let way = Link { latency: self.plan.between, ..within };
        for (a, b) in (0..self.plan.zones).flat_map(|a| (0..self.plan.zones).map(move |b| (a, b))) {
            if a != b {
                self.world.network.set_zones(&format!("z{a}"), &format!("z{b}"), way);
                self.script.say(&format!("zones z{a} z{b} {}", link(&way)));
            }
        }
    }

    /// Starts a new host, whose node bears the name of the host with the number `named`.
    fn start(&mut self, number: u32, named: u32) {
        let zone = format!("z{}", number % self.plan.zones);
        let params = self.params_of(number);
        let spec = Spec { zone: zone.clone(), ..Spec::new(&format!("n{named}"), params) };
        let through = self.seeds(number);
        let addrs = self.addrs(&through);
        let host = self.world.start(&spec, &addrs).expect("a good name");
        self.hosts.insert(number, (host, Life::Up, named));
        let name = if named == number { String::new() } else { format!(" name n{named}") };
        self.script.say(&format!("start n{number}{name} zone {zone}{}", join(&through)));
        self.subscribe(number, host);
    }

    fn params_of(&mut self, number: u32) -> Params {
        let mode = self.plan.mode_of(number);
        if core::mem::replace(&mut self.mode, mode) != mode {
            self.script.say(&format!("set state_mode={}", mode.name()));
        }
        self.plan.params(number).expect("a plan has good parameters")
    }

    /// Every process wants all rumors, half of them in the order of their origins.
    fn subscribe(&mut self, number: u32, host: HostId) {
        let (order, name) = if number % 2 == 0 { (Order::Arrival, "arrival") } else { (Order::Origin, "origin") };
        self.world.subscribe(host, None, order).expect("whoever wants all needs no place");
        self.script.say(&format!("subscribe n{number} {name}"));
    }

    /// Through whom a host joins: the seeds; a seed, when it comes back, through everybody.
    fn seeds(&self, number: u32) -> Vec<u32> {
        let first = self.hosts.is_empty();
        let others = |numbers: Vec<u32>| numbers.into_iter().filter(|n| *n != number).collect::<Vec<_>>();
        match (first, self.hosts.contains_key(&number), self.plan.cold) {
            (_, true, _) if number < SEEDS => others(self.hosts.keys().copied().take(16).collect()),
            (_, _, true) | (_, true, _) => others((0..SEEDS.min(self.plan.nodes)).collect()),
            (true, false, false) => vec![],
            (false, false, false) => others((0..SEEDS).filter(|n| self.hosts.contains_key(n)).collect()),
        }
    }

    /// Where they are, or will be: a world gives its addresses in order.
    fn addrs(&self, numbers: &[u32]) -> Vec<SocketAddr> {
        let addr = |number: &u32| match self.hosts.get(number) {
            Some((host, ..)) => self.world.addr(*host),
            None => ([10, 0, 0, *number as u8 + 1], 4_100).into(),
        };
        numbers.iter().map(addr).collect()
    }

    fn host(&self, number: u32) -> Option<(HostId, Life)> {
        self.hosts.get(&number).map(|(host, life, _)| (*host, *life))
    }

    /// The host with a number, if it is as wanted.
    fn being(&self, number: u32, wanted: &[Life]) -> Option<HostId> {
        self.host(number).filter(|(_, life)| wanted.contains(life)).map(|(host, _)| host)
    }

    fn now_is(&mut self, number: u32, life: Life) {
        self.hosts.entry(number).and_modify(|(_, was, _)| *was = life);
    }

    /// Does one thing, and says whether there was anything to be done.
    fn act(&mut self, act: Act) -> bool {
        match act {
            Act::Crash(number, death) => self.crash(number, death),
            Act::Restart(number, moved) => self.restart(number, moved),
            Act::Pause(number) => self.pause(number),
            Act::Resume(number) => self.resume(number),
            Act::Starve(number, most) => self.starve(number, most),
            Act::Cut(from, to) => self.cut(from, to),
            Act::Partition(set) => self.partition(set),
            Act::Heal => {
                self.heal();
                Some(())
            }
            Act::Loss(permille) => {
                self.set_links(permille);
                Some(())
            }
            Act::Mtu(mtu) => {
                self.set_mtu(mtu);
                Some(())
            }
            Act::Cable(number, bytes_per_second) => self.set_cable(number, bytes_per_second),
            Act::Leave(number) => self.leave(number),
            Act::Remove(by, member) => self.remove(by, member),
            Act::Join(number) => {
                self.start(number, number);
                Some(())
            }
            Act::Namesake(number, of) => self.start_namesake(number, of),
            Act::Publish(number, class, count) => self.publish(number, class, count),
            Act::Write(number, class, deed, first, count) => self.write(number, class, deed, (first, count)),
            Act::WriteShared(number, class, rule, key, deed) => self.write_shared(number, class, (rule, key), deed),
            Act::WallClock(number, by_s) => self.step_wall_clock(number, by_s),
            Act::Junk(number, reason) => self.throw_junk(number, reason),
        }
        .is_some()
    }

    fn crash(&mut self, number: u32, death: Death) -> Option<()> {
        let host = self.being(number, &[Life::Up, Life::Halted])?;
        self.world.crash(host, death);
        self.now_is(number, Life::Down);
        let how = match death {
            Death::Silent => " silent",
            Death::Refusing => "",
        };
        self.script.say(&format!("crash n{number}{how}"));
        Some(())
    }

    fn restart(&mut self, number: u32, moved: Option<u8>) -> Option<()> {
        let host = self.being(number, &[Life::Down])?;
        let through = self.seeds(number);
        let addr = moved.map(|n| SocketAddr::from(([10, 5, 5, n], 4_100)));
        let addrs = self.addrs(&through);
        self.world.restart(host, addr, &addrs).expect("a good name");
        self.now_is(number, Life::Up);
        let at = addr.map_or_else(String::new, |addr| format!(" at {addr}"));
        self.script.say(&format!("restart n{number}{at}{}", join(&through)));
        self.subscribe(number, host);
        Some(())
    }

    fn pause(&mut self, number: u32) -> Option<()> {
        let host = self.being(number, &[Life::Up, Life::Halted])?;
        self.world.pause(host);
        self.now_is(number, Life::Halted);
        self.script.say(&format!("pause n{number}"));
        Some(())
    }

    fn resume(&mut self, number: u32) -> Option<()> {
        let host = self.being(number, &[Life::Halted])?;
        self.world.resume(host);
        self.now_is(number, Life::Up);
        self.script.say(&format!("resume n{number}"));
        Some(())
    }

    fn starve(&mut self, number: u32, most: Span) -> Option<()> {
        let host = self.being(number, &[Life::Up])?;
        self.world.starve(host, Latency::Uniform(Span::ZERO, most));
        self.now_is(number, Life::Halted);
        self.script.say(&format!("starve n{number} 0s..{}", time(most)));
        Some(())
    }

    fn cut(&mut self, from: u32, to: u32) -> Option<()> {
        let ends = (self.host(from)?.0, self.host(to).filter(|_| from != to)?.0);
        self.world.network.cut(ends.0, ends.1);
        self.script.say(&format!("cut n{from} n{to}"));
        Some(())
    }

    fn partition(&mut self, set: u64) -> Option<()> {
        let apart = |number: &u32| set >> (number % 64) & 1 == 1;
        let side: Vec<u32> = self.hosts.keys().copied().filter(apart).collect();
        let hosts: Vec<HostId> = side.iter().filter_map(|number| self.host(*number)).map(|(host, _)| host).collect();
        (!hosts.is_empty()).then_some(())?;
        self.world.network.partition(&[&hosts]);
        self.script.say(&format!("partition {}", names(&side)));
        Some(())
    }

    fn heal(&mut self) {
        self.world.network.heal();
        self.script.say("heal");
    }

    fn set_mtu(&mut self, mtu: Option<u32>) {
        self.world.network.set_mtu(mtu.map(|mtu| mtu as usize));
        self.script.say(&mtu.map_or_else(|| "mtu none".to_owned(), |mtu| format!("mtu {mtu}")));
    }

    fn set_cable(&mut self, number: u32, bytes_per_second: Option<u32>) -> Option<()> {
        let (host, _) = self.host(number)?;
        self.world.set_cable(host, bytes_per_second.map(cable));
        self.cables.insert(number);
        let speed = bytes_per_second.map_or_else(|| "none".to_owned(), |speed| speed.to_string());
        self.script.say(&format!("cable n{number} {speed}"));
        Some(())
    }

    fn leave(&mut self, number: u32) -> Option<()> {
        let host = self.being(number, &[Life::Up])?;
        self.world.leave(host).ok()?;
        self.now_is(number, Life::Down);
        self.script.say(&format!("leave n{number}"));
        Some(())
    }

    fn remove(&mut self, by: u32, member: u32) -> Option<()> {
        let (host, member) = (self.being(by, &[Life::Up])?, self.host(member)?.0);
        let name = self.world.name(member).to_owned();
        self.world.remove(host, self.world.id(member)).ok()?;
        self.script.say(&format!("remove n{by} {name}"));
        Some(())
    }

    fn start_namesake(&mut self, number: u32, of: u32) -> Option<()> {
        let named = self.hosts.get(&of)?.2;
        self.start(number, named);
        Some(())
    }

    /// Publishes rumors of different lengths, as many as the node takes.
    fn publish(&mut self, number: u32, class: Class, count: u8) -> Option<()> {
        let host = self.being(number, &[Life::Up])?;
        let topic = Topic::new("swarm");
        let taken = (0..count)
            .take_while(|n| {
                self.world.publish(host, Publication { topic, class, payload: &[*n; 255][..usize::from(*n)] }).is_ok()
            })
            .count();
        (taken > 0).then_some(())?;
        self.script.say(&format!("publish n{number} {} {taken}", class.name()));
        Some(())
    }

    /// Writes keys as far as the node takes them.
    fn write(&mut self, number: u32, class: Class, deed: Deed, (first, count): (u8, u8)) -> Option<()> {
        let host = self.being(number, &[Life::Up])?;
        let (durable, ttl, value, how) = match deed {
            Deed::Ephemeral(value) => (false, None, Some(value), "ephemeral".to_owned()),
            Deed::Durable(value) => (true, None, Some(value), "durable".to_owned()),
            Deed::Lease(value, ttl) => (false, Some(ttl), Some(value), time(ttl)),
            Deed::Remove => (true, None, None, "removed".to_owned()),
        };
        let mut taken = 0;
        for n in 0..count {
            let (key, value) = (format!("k{}", first + n), value.map(|value| value_of(value.wrapping_add(n.into()))));
            let value = value.as_ref().map(String::as_bytes);
            taken +=
                u32::from(self.world.write(host, Write { key: key.as_bytes(), value, class, durable, ttl }).is_ok());
        }
        let value = value.unwrap_or(0);
        self.script.say(&format!("write n{number} {how} {} k{first} {count} {value}", class.name()));
        (taken > 0).then_some(())
    }

    fn write_shared(
        &mut self,
        number: u32,
        class: Class,
        (rule, key): (MergeRule, u8),
        deed: SharedDeed,
    ) -> Option<()> {
        let host = self.being(number, &[Life::Up])?;
        let (verb, number_said) = match deed {
            SharedDeed::Set(n) => ("set", i32::from(n)),
            SharedDeed::Unset => ("unset", 0),
            SharedDeed::Add(n) => ("add", i32::from(n)),
            SharedDeed::Insert(n) => ("insert", i32::from(n)),
            SharedDeed::Remove(n) => ("remove", i32::from(n)),
        };
        let (key, text) = (format!("{}{key}", rule.name()), number_said.to_string());
        let op = match deed {
            SharedDeed::Set(_) => SharedOp::Set(text.as_bytes()),
            SharedDeed::Unset => SharedOp::Unset,
            SharedDeed::Add(n) => SharedOp::Add(n.into()),
            SharedDeed::Insert(_) => SharedOp::Insert(text.as_bytes()),
            SharedDeed::Remove(_) => SharedOp::Remove(text.as_bytes()),
        };
        let wall_ms = self.world.wall_clock_ms(host);
        let write = SharedWrite { key: key.as_bytes(), op, rule: Some(rule), class, wall_ms };
        let taken = self.world.write_shared(host, write);
        self.script.say(&format!("share n{number} {} {key} {} {verb} {text}", class.name(), rule.name()));
        taken.ok()
    }

    fn step_wall_clock(&mut self, number: u32, by_s: i64) -> Option<()> {
        let (host, _) = self.host(number)?;
        self.world.step_wall_clock(host, by_s);
        self.script.say(&format!("step n{number} {by_s}"));
        Some(())
    }

    fn throw_junk(&mut self, number: u32, reason: DropReason) -> Option<()> {
        let host = self.being(number, &[Life::Up])?;
        let all = junk(self.world.node(host)?, reason);
        all.first()?;
        all.iter().for_each(|bytes| self.world.inject(NOBODY, host, bytes));
        self.script.say(&format!("junk n{number} {}", reason.name()));
        Some(())
    }

    /// Everything that can be made good is: nothing is cut or lost, everybody runs but the buried.
    fn make_good(&mut self) {
        self.heal();
        self.set_mtu(None);
        let calm = Link { loss_permille: 0, duplicate_permille: 0, reorder_permille: 0, ..self.plan.within };
        if self.within != calm {
            self.lay(calm);
        }
        for number in core::mem::take(&mut self.cables) {
            self.set_cable(number, None);
        }
        for number in self.hosts.keys().copied().collect::<Vec<_>>() {
            self.resume(number);
            if !self.plan.buried.contains(&number) {
                self.restart(number, None);
            }
        }
    }

    /// Looks on until all has been quiet for as long as it must stay so, or is not by the time that it has to be.
    fn settle(&mut self, within: Span) -> (Option<Span>, Vec<Violation>) {
        let (look, stay, began) = (self.params.probe_interval / 4, self.params.probe_interval * STAY, self.world.now());
        let mut quiet_since = None;
        loop {
            let now = self.world.now();
            let mut rest = disquiet(&self.world);
            rest.extend(self.world.observer.0.missing(&self.world));
            let since = *quiet_since.get_or_insert(now);
            if !rest.is_empty() && now.since(began) >= within {
                return (None, rest);
            } else if !rest.is_empty() {
                quiet_since = None;
            } else if now.since(since) >= stay {
                return (Some(since.since(began)), rest);
            }
            self.world.run_for(look);
        }
    }

    fn finish(mut self) -> Played {
        let within = Quiet::of(&self.params, self.plan.hosts(), self.plan.further_addresses()).total();
        let within = within + Span::secs(LEASE_MAX_S);
        let (quiet_after, rest) = self.settle(within);
        self.script.run_to(self.world.now().since(Instant::ZERO));
        self.script.say("disquiet");
        let (checks, mut coverage) = core::mem::take(&mut self.world.observer);
        coverage.finish(&self.world);
        let mut found = checks.found().to_vec();
        found.extend(rest);
        let (trace, script) = (self.world.trace(), self.script.into_text());
        Played { found, coverage, quiet_after, quiet_within: within, trace, script }
    }
}

/// A cable behind a queue of half a second.
const fn cable(bytes_per_second: u32) -> Cable {
    Cable { bytes_per_second, queue_bytes: bytes_per_second / 2 }
}

fn names(numbers: &[u32]) -> String {
    numbers.iter().map(|number| format!("n{number}")).collect::<Vec<_>>().join(",")
}

fn join(through: &[u32]) -> String {
    if through.is_empty() { String::new() } else { format!(" join {}", names(through)) }
}
