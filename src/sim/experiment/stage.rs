//! Where does one piece of news spread, and nothing else happen? A cluster at rest whose rounds fall as a paper has them.
//!
//! All nodes know each other and are silent: they probe once a day, mend nothing, forward nothing at once unless asked to, and
//! tell what they are told in rounds. The dead have fallen silent before; everybody has them on the list and calls them like
//! the living. Then one piece of news after the other is brought up, of one kind or the other:
//!
//! - a claim, by [`World::accuse`]: the subject takes a higher incarnation. That claim replaces the last one of the same subject
//!   everywhere, so that nothing of one run is left for the next but the phase of the rounds;
//! - a rumor of class normal, by [`World::publish`], each of another origin: as nothing is mended nobody asks for it;
//! - a write into the state, by [`World::write`], always of the same key, told and asked for in one mode by all. It ends as it
//!   began: nothing is left for the next but who knows the last one. What nodes do elsewhere only once they know that they differ,
//!   to ask in their rounds, they do here in each, as they tell in each: [`Sends::Endless`].
//!
//! A round lasts a millisecond of virtual time, whatever the profile's does: only ratios matter, and in so short a time no probe
//! comes due. Who asks in a round shall hear what was known at its beginning: where all rounds begin at once, whatever tells the
//! write takes as much longer as a question needs to arrive. What the nodes would have to say at their start, each that it is there,
//! is said into a network that loses it all.

use core::time::Duration;

use super::{Base, Load, SetupError};
use crate::config::{Config, Mode, Params, Sends};
use crate::event::Event;
use crate::id::{Incarnation, NodeId};
use crate::limits::Limits;
use crate::membership::SENDS_MAX;
use crate::node::{MemberView, Publication, Write};
use crate::rumor::{Class, Order, Rule, RumorId, Topic};
use crate::sim::passing::has_kind;
use crate::sim::{Bounds, Death, Fate, HostId, Latency, Link, Observer, Passing, Spec, World};
use crate::time::{Instant, Span};
use crate::wire::{Kind, MIN_MAX_DATAGRAM, Section};

/// A round.
const INTERVAL: Span = Span::millis(1);
/// How long a datagram takes where all rounds begin at once: the answer to "within the round" must not be in doubt.
const ROUNDS_LATENCY: Span = Span::micros(1);
/// The key that is written.
const KEY: &[u8] = b"news";
/// After so many rounds a telling is over.
const ROUNDS_MAX: u32 = 10_000;
const DAY: Duration = Duration::from_secs(86_400);
/// After so many rounds without a word nobody tells a rumor any more: now and then a round draws whom it has come from, who is
/// told nothing. Longer than the pause that ends a stream, so that no two rumors look like one.
const QUIET_ROUNDS: u32 = 12;

/// When the rounds of the nodes fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// All at once, and a datagram takes a thousandth of the time between two: whoever hears something in a round tells it
    /// in the next one.
    Rounds,
    /// Each at a phase of its own, drawn at random. A datagram takes the share of an interval that
    /// [`Base::link`] and the configured gossip interval have it take.
    Event,
}

impl Timing {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rounds, Self::Event];

    /// The name under which it is chosen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Event => "event",
        }
    }
}

/// What kind of news is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A claim, which each sends so often.
    Claim(Sends),
    /// A rumor, which each tells until this rule ends it; one for each of so many origins.
    Rumor(Rule, u32),
    /// A write, which all tell, ask for, or both, for ever.
    Write(Mode),
}

/// Who is to stand on the stage.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    /// Nodes, fanout, links.
    pub base: Base,
    /// How many of them are dead: the last ones. Not all.
    pub dead: u32,
    pub timing: Timing,
    pub news: News,
    /// Whether each forwards what is news to it at once, beside the rounds.
    pub eager: bool,
}

/// How one piece of news went.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Telling {
    /// When each that heard it did, in rounds or intervals from the beginning, the source's 0 first.
    pub receipts: Vec<f64>,
    /// Datagrams that told it.
    pub datagrams: u64,
    /// Bytes of payload in these.
    pub bytes: u64,
    /// Questions asked meanwhile.
    pub asked: u64,
    /// Rounds until it was over.
    pub rounds: u32,
}

/// The cluster.
pub(super) struct Stage {
    pub world: World<Watch>,
    timing: Timing,
    living: usize,
    news: News,
    hosts: Vec<HostId>,
    /// Pieces of news that were told before.
    told: usize,
}

impl Cast {
    /// Sets the stage.
    pub fn set(&self, seed: u64) -> Result<Stage, SetupError> {
        let nodes = self.base.nodes;
        let bounds = Bounds { hosts: nodes, events: 0, in_flight: 1 << 24, ..Bounds::default() };
        let mut world = World::watched(seed, bounds, Watch::new(nodes));
        let params = (0..nodes).map(|_| self.params(self.phase(&mut world))).collect::<Result<Vec<_>, _>>()?;
        let specs: Vec<_> =
            (0..).zip(params).map(|(n, params): (u32, _)| Spec::new(&format!("n{n}"), params)).collect();
        world.network.set_all(Link { loss_permille: 1_000, ..Link::default() });
        let hosts = world.form(&specs)?;
        let living = (nodes - self.dead) as usize;
        hosts[living..].iter().for_each(|host| world.crash(*host, Death::Silent));
        self.watch_state(&mut world, &hosts[..living]);
        // Nobody sends its first word more often, nor counts as new for longer.
        world.run_for(INTERVAL * 64);
        world.network.set_all(self.link());
        for host in &hosts[..living] {
            world.subscribe(*host, None, Order::Arrival).expect("there is room for one topic");
        }
        Ok(Stage { world, timing: self.timing, living, news: self.news, hosts, told: 0 })
    }

    /// What the cluster buys beside others like it.
    ///
    /// # Errors
    /// A setup that cannot be played.
    pub fn load(&self) -> Result<Load, SetupError> {
        self.base.load(&self.params(Span::ZERO)?)
    }

    fn watch_state(&self, world: &mut World<Watch>, hosts: &[HostId]) {
        if !matches!(self.news, News::Write(_)) {
            return;
        }
        hosts.iter().for_each(|host| world.watch(*host, KEY).expect("there is room for one beginning of keys"));
        if self.timing == Timing::Rounds {
            world.meddle(Some(Box::new(|passing| {
                let tells = has_kind(passing.bytes, Kind::StatePage);
                if tells { Fate::Delay(ROUNDS_LATENCY * 2) } else { Fate::Pass }
            })));
        }
    }

    fn phase(&self, world: &mut World<Watch>) -> Span {
        match self.timing {
            Timing::Rounds => Span::ZERO,
            Timing::Event => Span::nanos(u64::from(world.rng().below(INTERVAL.as_nanos() as u32))),
        }
    }

    fn params(&self, phase: Span) -> Result<Params, SetupError> {
        let rule = self.base.config.rumor_rule;
        let (sends, rumor_rule, origins, state_mode) = match self.news {
            News::Claim(sends) => (sends, rule, 1, Mode::Push),
            News::Write(mode) => (Sends::Endless, rule, 1, mode),
            // The rule alone ends it.
            News::Rumor(rule, origins) => (Sends::Times(SENDS_MAX), rule, origins, Mode::Push),
        };
        let config = Config {
            probe_interval: DAY,
            revive_interval: DAY,
            gossip_interval: Duration::from_nanos(INTERVAL.as_nanos()),
            gossip_phase: Some(Duration::from_nanos(phase.as_nanos())),
            sends,
            state_mode,
            rumor_rule,
            rumor_digests: false,
            // A higher incarnation of somebody who lives is told as loudly as a death, by nothing but what the paper counts.
            loud_suspicions: true,
            quiet_after: 0,
            claims_per_second: u32::MAX,
            eager_per_second: if self.eager { u32::MAX } else { 0 },
            repair_per_second: 0,
            datagrams_per_second: u32::MAX,
            bytes_per_second: u32::MAX,
            ..self.base.config.clone()
        };
        // Names of a few letters: large clusters shall fit into the machine.
        let limits = Limits {
            profile_bytes: 64,
            outbox: 64,
            events: 16,
            origins,
            rumors: origins.max(64),
            rumor_bytes: 2 * MIN_MAX_DATAGRAM as u32,
            rumor_window: 64,
            state_owners: 2,
            state_keys: 16,
            state_bytes: 2 * MIN_MAX_DATAGRAM as u32,
            state_value: 8,
            watches: 1,
            ..Limits::for_members(self.base.nodes)
        };
        Ok(Params::new(&config, &limits)?)
    }

    fn link(&self) -> Link {
        let link = self.base.link;
        let interval = Span::from(self.base.config.gossip_interval).as_nanos().max(1);
        let scaled = |span: Span| {
            Span::nanos((u128::from(span.as_nanos()) * u128::from(INTERVAL.as_nanos()) / u128::from(interval)) as u64)
        };
        let latency = match (self.timing, link.latency) {
            (Timing::Rounds, _) => Latency::Constant(ROUNDS_LATENCY),
            (Timing::Event, Latency::Constant(span)) => Latency::Constant(scaled(span)),
            (Timing::Event, Latency::Uniform(least, most)) => Latency::Uniform(scaled(least), scaled(most)),
            (Timing::Event, Latency::LogNormal { median, sigma_permille }) => {
                Latency::LogNormal { median: scaled(median), sigma_permille }
            }
        };
        Link { latency, reorder_by: scaled(link.reorder_by), ..link }
    }
}

impl Stage {
    /// Brings up a piece of news and follows it until all living know, or [`ROUNDS_MAX`] have passed.
    pub fn tell_all(&mut self) -> Telling {
        let begin = self.begin();
        let end = begin + INTERVAL * ROUNDS_MAX;
        while self.world.observer.receipts.len() < self.living && self.world.now() < end && self.world.step() {}
        self.telling(begin)
    }

    /// Brings up a piece of news and follows it until nobody tells it any more.
    pub fn tell_until_quiet(&mut self) -> Telling {
        let begin = self.begin();
        let mut told = None;
        while told != Some(self.world.observer.datagrams) {
            told = Some(self.world.observer.datagrams);
            self.world.run_for(INTERVAL * QUIET_ROUNDS);
        }
        self.telling(begin)
    }

    fn begin(&mut self) -> Instant {
        let wait = match self.timing {
            // In the middle between two rounds, the last of which may still be under way.
            Timing::Rounds => {
                let half = INTERVAL / 2;
                let into = self.world.now().as_nanos() % INTERVAL.as_nanos();
                INTERVAL + half + INTERVAL.saturating_sub(Span::nanos(into))
            }
            Timing::Event => Span::nanos(u64::from(self.world.rng().below(INTERVAL.as_nanos() as u32))),
        };
        self.world.run_for(wait);
        let source = self.hosts[self.told % self.living];
        self.told += 1;
        match self.news {
            News::Claim(_) => self.accuse(),
            News::Rumor(..) => self.publish(source),
            News::Write(_) => self.write(),
        }
        self.world.now()
    }

    /// The first is accused in the name of the second.
    fn accuse(&mut self) {
        let [accused, accuser] = [self.hosts[0], self.hosts[1]];
        let incarnation = self.world.accuse(accuser, accused);
        let incarnation = incarnation.expect("a member with incarnations left is accused by another");
        self.world.observer.begin(Sought::Claim(self.world.id(accused), incarnation), None);
    }

    fn publish(&mut self, source: HostId) {
        let publication = Publication { topic: Topic::new("news"), class: Class::Normal, payload: &[] };
        let id = self.world.publish(source, publication).expect("a member with room for its origin publishes");
        let now = self.world.now();
        self.world.observer.begin(Sought::Rumor(id), Some((source, now)));
    }

    /// The first writes.
    fn write(&mut self) {
        let host = self.hosts[0];
        let write = Write { key: KEY, value: Some(&[0; 8]), class: Class::Normal, durable: false, ttl: None };
        self.world.write(host, write).expect("a member with room for its key writes");
        let now = self.world.now();
        let held = self.world.node(host).and_then(|node| node.next_state_from(now, 0));
        let (_, held) = held.expect("it was written");
        self.world.observer.begin(Sought::Write(held.owner, held.version), Some((host, now)));
    }

    fn telling(&self, begin: Instant) -> Telling {
        let watch = &self.world.observer;
        let after = |at: &Instant| match self.timing {
            Timing::Rounds => at.since(begin).as_nanos().div_ceil(INTERVAL.as_nanos()) as f64,
            Timing::Event => at.since(begin).as_nanos() as f64 / INTERVAL.as_nanos() as f64,
        };
        assert_eq!(self.world.tally().overflowed, 0, "seed {}: the wire was full", self.world.seed());
        let receipts = watch.receipts.iter().map(after).collect();
        let rounds = self.world.now().since(begin).as_nanos() / INTERVAL.as_nanos();
        let (datagrams, bytes, asked) = (watch.datagrams, watch.bytes, watch.asked);
        Telling { receipts, datagrams, bytes, asked, rounds: rounds as u32 }
    }
}

/// The news at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sought {
    Claim(NodeId, Incarnation),
    Rumor(RumorId),
    Write(NodeId, u64),
}

impl Sought {
    /// Whether a section tells it.
    fn is_in(self, section: Section<'_>) -> bool {
        match self {
            Self::Claim(subject, at) => {
                let claims = if let Section::Claims(claims) = section { claims } else { &[] };
                claims.iter().any(|raw| raw.get().is_some_and(|c| (c.subject, c.incarnation) == (subject, at)))
            }
            Self::Rumor(id) => {
                let rumors = if let Section::Rumors(rumors) = section { Some(rumors) } else { None };
                rumors.into_iter().flatten().any(|rumor| rumor.id == id)
            }
            Self::Write(owner, version) => {
                let page = if let Section::StatePage(page) = section { Some(page) } else { None };
                let page = page.filter(|page| page.head().owner == owner);
                page.is_some_and(|page| page.entries().any(|entry| entry.draft.version == version))
            }
        }
    }
}

/// Who knows the news, and what it costs to tell it.
#[derive(Debug)]
pub(super) struct Watch {
    news: Option<Sought>,
    knows: Vec<bool>,
    receipts: Vec<Instant>,
    datagrams: u64,
    bytes: u64,
    asked: u64,
}

impl Watch {
    fn new(nodes: u32) -> Self {
        Self { news: None, knows: vec![false; nodes as usize], receipts: Vec::new(), datagrams: 0, bytes: 0, asked: 0 }
    }

    /// Of one piece of news, which somebody knows already who is not told of it.
    fn begin(&mut self, news: Sought, knows: Option<(HostId, Instant)>) {
        self.news = Some(news);
        self.knows.fill(false);
        self.receipts.clear();
        (self.datagrams, self.bytes, self.asked) = (0, 0, 0);
        knows.into_iter().for_each(|(host, at)| self.heard(at, host));
    }

    fn heard(&mut self, at: Instant, host: HostId) {
        if !std::mem::replace(&mut self.knows[host.index()], true) {
            self.receipts.push(at);
        }
    }
}

impl Observer for Watch {
    const CHANGES: bool = true;

    fn sent(&mut self, passing: &Passing<'_>) {
        let Some(news) = self.news else { return };
        // Nobody probes.
        self.asked += u64::from(has_kind(passing.bytes, Kind::Ping));
        let sections = passing.sections().into_iter().flatten();
        if sections.into_iter().any(|section| news.is_in(section)) {
            self.datagrams += 1;
            self.bytes += passing.bytes.len() as u64;
        }
    }

    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        let heard = match event {
            Event::Rumor(rumor) => Some(Sought::Rumor(rumor.id)),
            Event::Changed(changed) => Some(Sought::Write(changed.owner, changed.version)),
            _ => None,
        };
        if heard.is_some() && heard == self.news {
            self.heard(at, host);
        }
    }

    fn changed(&mut self, at: Instant, host: HostId, _slot: u32, member: Option<&MemberView<'_>>) {
        if member.is_some_and(|m| self.news == Some(Sought::Claim(m.id, m.incarnation))) {
            self.heard(at, host);
        }
    }
}
