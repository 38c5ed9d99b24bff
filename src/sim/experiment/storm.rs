//! Everybody has something to say at once: do the caps hold, does anything get lost, and does the membership still work?
//!
//! Each of the nodes publishes so many rumors in the same instant. Beside them guests come and go, who publish nothing. Three
//! clusters from one seed: the storm alone, the coming and going alone, and both. What is asked of them:
//!
//! - every rumor is delivered to every one of the nodes or reported there as lost, and when the last was;
//! - no node is ahead of its caps by more than the burst they allow;
//! - nobody is suspected who lives;
//! - rumors do not starve the membership, nor the other way round: each alone, and both together (M6).

use std::collections::BTreeSet;

use super::runs::{Runs, trace_of};
use super::timeline::{Moment, Timeline};
use super::word::{Spreading, Word};
use super::{Base, Distribution, Memory, Retained, SetupError, check_watch, millis};
use crate::config::{Params, Profile};
use crate::event::Event;
use crate::id::BootId;
use crate::node::{Phase, Publication};
use crate::rumor::{Class, Order, Topic};
use crate::sim::{HostId, Observer, Passing, Spec, World};
use crate::time::{Instant, Span};

/// How often it is looked at how far the storm is.
const LOOK_EVERY: Span = Span::millis(100);
/// How often it is told: of a large cluster an interval in which all have something to say takes minutes.
const TELL_EVERY: Span = Span::millis(5);
/// What has not become known so long after the last change does not count as known.
const KNOWN_WITHIN: Span = Span::secs(5);

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes that publish and stay, their configuration and links.
    pub base: Base,
    /// Rumors that each publishes.
    pub rumors: u32,
    /// Bytes of payload of each.
    pub payload: u32,
    /// How much they matter.
    pub class: Class,
    /// Rumors that a node retains.
    pub retained: u32,
    /// Guests that come, and as many that go, each second; 0 leaves out what has to do with them.
    pub rate: f64,
    /// How long they come and go.
    pub watch: Span,
    /// When the storm ought to be over.
    pub limit: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes with 100 urgent rumors of 64 bytes each, 16,384 retained; five guests a second come and go for 10 s; once.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(1_000, profile),
            rumors: 100,
            payload: 64,
            class: Class::Urgent,
            retained: 16_384,
            rate: 5.0,
            watch: Span::secs(10),
            limit: Span::secs(120),
            runs: Runs { count: 1, seed: 1 },
        }
    }

    /// How many guests come, and how many go.
    fn changes(&self) -> u32 {
        (self.rate * self.watch.as_micros() as f64 / 1e6).ceil() as u32
    }

    /// What each of the nodes has to hear of.
    fn expected(&self) -> u64 {
        u64::from(self.rumors) * u64::from(self.base.nodes - 1)
    }

    fn check(&self) -> Result<Params, SetupError> {
        self.base.check_nodes(10)?;
        self.runs.check()?;
        check_watch(self.watch)?;
        let ranges = [
            ("rumors", f64::from(self.rumors), 1.0, 10_000.0),
            ("retained", f64::from(self.retained), 64.0, f64::from(1_u32 << 20)),
            ("rate", self.rate, 0.0, 1_000.0),
        ];
        for (field, got, min, max) in ranges {
            if !(min..=max).contains(&got) {
                return Err(SetupError::OutOfRange { field, got, min, max });
            }
        }
        let retained = Retained {
            origins: self.base.nodes,
            // All that one publishes may come in any order.
            window: self.rumors.next_multiple_of(64),
            rumors: self.retained,
            bytes: self.retained.saturating_mul(self.payload.max(64)),
        };
        Ok(self.base.publishing(2 * self.changes() + 64, retained)?)
    }
}

/// What happens at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All publish.
    Storm,
    /// Guests come and go.
    Churn,
    /// Both.
    Both,
}

impl Part {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Storm, Self::Churn, Self::Both];

    /// The name by which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storm => "storm",
            Self::Churn => "churn",
            Self::Both => "storm and churn",
        }
    }

    /// Whether all publish.
    #[must_use]
    pub const fn publishes(self) -> bool {
        matches!(self, Self::Storm | Self::Both)
    }

    const fn churns(self) -> bool {
        matches!(self, Self::Churn | Self::Both)
    }
}

/// What came out of one part, over all runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which.
    pub part: Part,
    /// Rumors delivered, each to each of the other nodes.
    pub delivered: u64,
    /// Rumors that a node reported as lost.
    pub lost: u64,
    /// Of which nothing was heard in all the time there was.
    pub missing: u64,
    /// Publications that were refused.
    pub refused: u64,
    /// Milliseconds until everything was delivered or reported as lost.
    pub over_ms: Distribution,
    /// Bytes of payload sent until then, or while guests came and went, per node.
    pub bytes_per_node: Distribution,
    /// The most that a node was ahead of its cap on bytes, in milliseconds of that rate: a burst of 200 is allowed.
    pub ahead_ms: Distribution,
    /// Suspicions and verdicts on members that ran.
    pub suspicions: u64,
    /// Milliseconds until 99 % held a guest up that had come, and gone that had left.
    pub known_ms: [Distribution; 2],
    /// Comings and goings that had not become known.
    pub unknown: u64,
    /// The share of all that was delivered, over time.
    pub course: Vec<Moment>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The parts that were played.
    pub rows: Vec<Row>,
    /// What the nodes buy.
    pub memory: Memory,
    /// The traces of all worlds in one number.
    pub trace_hash: u64,
}

/// How far a node is ahead of its cap: what it has sent, less what the rate has allowed since it was last within it.
#[derive(Clone, Copy, Debug, Default)]
struct Ahead {
    bytes: f64,
    at: Instant,
    most: f64,
}

impl Ahead {
    fn sent(&mut self, at: Instant, bytes: usize, per_second: f64) {
        let allowed = at.since(self.at).as_nanos() as f64 / 1e9 * per_second;
        self.bytes = (self.bytes - allowed).max(0.0) + bytes as f64;
        (self.at, self.most) = (at, self.most.max(self.bytes));
    }
}

/// Who has heard of how much, and what else goes on.
#[derive(Debug, Default)]
struct Watch {
    word: Word,
    /// The nodes, which come first among the hosts.
    nodes: usize,
    boots: BTreeSet<BootId>,
    delivered: u64,
    lost: u64,
    last_at: Instant,
    suspicions: u64,
    ahead: Vec<Ahead>,
    bytes_per_second: f64,
}

impl Observer for Watch {
    fn sent(&mut self, passing: &Passing<'_>) {
        if let Some(ahead) = self.ahead.get_mut(passing.from.index()) {
            ahead.sent(passing.at, passing.bytes.len(), self.bytes_per_second);
        }
    }

    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        // Guests do not count: they are too short a time there.
        if host.index() >= self.nodes {
            return;
        }
        self.word.event(at, host, event);
        if let Event::Suspected(member) | Event::Failed(member) = event {
            self.suspicions += u64::from(self.boots.contains(&member.boot));
        }
        if let Event::Rumor(_) = event {
            self.delivered += 1;
            self.last_at = at;
        } else if let Event::RumorsLost { from, to, .. } = event {
            self.lost += to - from + 1;
            self.last_at = at;
        }
    }
}

/// How far one part of one run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Far {
    /// Which.
    pub part: Part,
    /// Of which seed.
    pub seed: u64,
    /// The virtual time since it began.
    pub passed: Span,
    /// When it is over at the latest.
    pub limit: Span,
    /// What was delivered of all that shall be, 0 to 1; 0 where nobody publishes.
    pub delivered: f64,
    /// What was reported as lost of it.
    pub lost: f64,
}

/// Is told how far it is. Called from several threads.
pub type Progress<'a> = &'a (dyn Fn(Far) + Sync);

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    let params = setup.check()?;
    let parts: &[Part] = if setup.rate > 0.0 { &Part::ALL } else { &[Part::Storm] };
    let (memory, load) = (setup.base.memory(&params), setup.base.load(&params)?);
    let (mut rows, mut traces) = (Vec::new(), Vec::new());
    for part in parts {
        let played = setup.runs.play_large(load, &|_, _| (), |seed| play(setup, *part, &params, seed, progress));
        let played: Vec<Played> = played.into_iter().collect::<Result<_, SetupError>>()?;
        traces.extend(played.iter().map(|p| p.trace));
        rows.push(row(*part, &played));
    }
    Ok(Report { rows, memory, trace_hash: trace_of(traces) })
}

struct Played {
    expected: u64,
    delivered: u64,
    lost: u64,
    refused: u64,
    over_ms: Option<f64>,
    bytes_per_node: f64,
    ahead_ms: f64,
    suspicions: u64,
    known: [Vec<Option<f64>>; 2],
    course: Timeline,
    trace: u64,
}

fn row(part: Part, played: &[Played]) -> Row {
    let sum = |of: fn(&Played) -> u64| played.iter().map(of).sum::<u64>();
    let known = |which: usize| played.iter().flat_map(|p| &p.known[which]).copied().collect::<Vec<_>>();
    let known = [known(0), known(1)];
    let (delivered, lost) = (sum(|p| p.delivered), sum(|p| p.lost));
    Row {
        part,
        delivered,
        lost,
        missing: sum(|p| p.expected).saturating_sub(delivered + lost),
        refused: sum(|p| p.refused),
        over_ms: played.iter().filter_map(|p| p.over_ms).collect(),
        bytes_per_node: played.iter().map(|p| p.bytes_per_node).collect(),
        ahead_ms: played.iter().map(|p| p.ahead_ms).collect(),
        suspicions: sum(|p| p.suspicions),
        unknown: known.iter().flatten().filter(|time| time.is_none()).count() as u64,
        known_ms: known.map(|times| times.into_iter().flatten().collect()),
        course: Timeline::over(&played.iter().map(|p| &p.course).collect::<Vec<_>>()),
    }
}

/// One part: the world, and the guests that have not come or gone yet.
struct Stage<'a> {
    setup: &'a Setup,
    part: Part,
    world: World<Watch>,
    params: &'a Params,
    nodes: Vec<HostId>,
    guests: Vec<HostId>,
    begin: Instant,
    /// What all nodes together will hear of, once it has been published.
    expected: u64,
    came: u32,
    course: Timeline,
}

fn play(setup: &Setup, part: Part, params: &Params, seed: u64, progress: Progress<'_>) -> Result<Played, SetupError> {
    let mut stage = Stage::set(setup, part, params, seed)?;
    let before = stage.world.tally().bytes;
    let refused = if part.publishes() { stage.publish() } else { 0 };
    let changes = if part.churns() { setup.changes() } else { 0 };
    let gap = Span::nanos((1e9 / setup.rate.max(1e-3)) as u64);
    let (mut sent, mut next) = (None, stage.any_moment(gap));
    while stage.world.now().since(stage.begin) < setup.limit && !(stage.is_over() && stage.came == changes) {
        if stage.came < changes && stage.world.now() >= next {
            stage.one_comes_and_one_goes()?;
            next = stage.any_moment(gap);
        }
        let until_next = next.since(stage.world.now());
        stage.run(if stage.came < changes { until_next.min(LOOK_EVERY) } else { LOOK_EVERY }, progress);
        if part.publishes() && stage.is_over() && sent.is_none() {
            sent = Some(stage.world.tally().bytes - before);
        }
    }
    let over_ms =
        (part.publishes() && stage.is_over()).then(|| millis(stage.world.observer.last_at.since(stage.begin)));
    let sent = sent.unwrap_or(stage.world.tally().bytes - before);
    if part.churns() {
        stage.world.run_for(KNOWN_WITHIN);
    }
    Ok(stage.played(refused, over_ms, sent))
}

impl<'a> Stage<'a> {
    fn set(setup: &'a Setup, part: Part, params: &'a Params, seed: u64) -> Result<Self, SetupError> {
        let changes = setup.changes();
        let mut world = setup.base.watched(seed, 2 * changes + 1, Watch::default());
        let guests = (0..changes).map(|n| Spec::new(&format!("g{n}"), params.clone()));
        let specs: Vec<_> = setup.base.specs(params).into_iter().chain(guests).collect();
        let mut nodes = world.form(&specs)?;
        world.run_for(Span::secs(20));
        let guests = nodes.split_off(setup.base.nodes as usize);
        for host in &nodes {
            world.subscribe(*host, None, Order::Arrival).expect("there is room for one topic");
        }
        let boots = nodes.iter().filter_map(|host| world.node(*host)).map(|node| node.me().boot).collect();
        let begin = world.now();
        world.observer = Watch {
            word: Word::default(),
            nodes: nodes.len(),
            boots,
            ahead: vec![Ahead { at: begin, ..Ahead::default() }; nodes.len()],
            bytes_per_second: f64::from(setup.base.config.bytes_per_second),
            ..Watch::default()
        };
        let course = Timeline::new(begin, LOOK_EVERY);
        Ok(Self { setup, part, world, params, nodes, guests, begin, expected: 0, came: 0, course })
    }

    /// All nodes publish all they have; says how much was refused.
    fn publish(&mut self) -> u64 {
        let payload = vec![7; self.setup.payload as usize];
        let publication = Publication { topic: Topic::new("storm"), class: self.setup.class, payload: &payload };
        let mut refused = 0;
        for host in &self.nodes {
            for _ in 0..self.setup.rumors {
                refused += u64::from(self.world.publish(*host, publication).is_err());
            }
        }
        let others = u64::from(self.setup.base.nodes - 1);
        self.expected = u64::from(self.setup.base.nodes) * self.setup.expected() - refused * others;
        refused
    }

    /// Whether everything that was published was delivered or reported as lost.
    fn is_over(&self) -> bool {
        self.world.observer.delivered + self.world.observer.lost >= self.expected
    }

    /// The share that was delivered.
    fn share(&self) -> f64 {
        self.world.observer.delivered as f64 / self.expected.max(1) as f64
    }

    fn run(&mut self, span: Span, progress: Progress<'_>) {
        let share = self.share();
        self.course.look(self.world.now(), || share);
        let end = self.world.now() + span;
        while self.world.now() < end {
            self.world.run_for(end.since(self.world.now()).min(TELL_EVERY));
            progress(self.far());
        }
    }

    fn far(&self) -> Far {
        Far {
            part: self.part,
            seed: self.world.seed(),
            passed: self.world.now().since(self.begin),
            limit: self.setup.limit,
            delivered: self.share(),
            lost: self.world.observer.lost as f64 / self.expected.max(1) as f64,
        }
    }

    /// When the next come and go: any moment of a gap of their own, as equal distances would fall into step with gossip rounds.
    fn any_moment(&mut self, gap: Span) -> Instant {
        let within = self.world.rng().below((gap.as_micros() as u32).max(1));
        self.begin + gap * self.came + Span::micros(u64::from(within))
    }

    /// One guest starts at a door drawn at random; one that has been there takes its leave.
    fn one_comes_and_one_goes(&mut self) -> Result<(), SetupError> {
        let door = self.world.rng().below(self.nodes.len() as u32) as usize;
        let door = self.world.addr(self.nodes[door]);
        let spreading = Spreading::among(self.nodes.iter().copied(), self.world.now());
        self.came += 1;
        let newcomer = self.world.start(&Spec::new(&format!("c{}", self.came), self.params.clone()), &[door])?;
        let boot = |world: &World<Watch>, host| world.node(host).map(|node| node.me().boot);
        let joins = boot(&self.world, newcomer);
        self.world.observer.word.joins.extend(joins.map(|boot| (boot, spreading.clone())));
        let Some(leaver) = self.guests.pop() else { return Ok(()) };
        let leaves = boot(&self.world, leaver);
        let is_in = self.world.node(leaver).is_some_and(|node| node.phase() == Phase::Joined);
        if is_in && self.world.leave(leaver).is_ok() {
            self.world.observer.word.leaves.extend(leaves.map(|boot| (boot, spreading)));
        }
        Ok(())
    }

    fn played(mut self, refused: u64, over_ms: Option<f64>, bytes: u64) -> Played {
        self.course.end(self.share());
        let watch = &self.world.observer;
        let most = watch.ahead.iter().map(|ahead| ahead.most).fold(0.0, f64::max);
        Played {
            expected: self.expected,
            delivered: watch.delivered,
            lost: watch.lost,
            refused,
            over_ms,
            bytes_per_node: bytes as f64 / f64::from(self.setup.base.nodes),
            ahead_ms: most / watch.bytes_per_second * 1e3,
            suspicions: watch.suspicions,
            known: [Word::times(&watch.word.joins), Word::times(&watch.word.leaves)],
            course: self.course,
            trace: self.world.trace(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_delivered_within_the_caps_and_guests_are_known_through_it() {
        let mut setup = Setup { rumors: 20, retained: 4_096, watch: Span::secs(4), ..Setup::new(Profile::Lan) };
        setup.base.nodes = 60;
        // What all have to say takes a second of this at fanout 4, and more.
        setup.base.config.bytes_per_second = 600_000;
        let report = run(&setup, &|_| ()).expect("a good setup");
        let [storm, churn, both] = &report.rows[..] else { panic!("three parts") };
        for row in [storm, both] {
            assert_eq!((row.missing, row.refused, row.suspicions), (0, 0, 0), "seed 1: {row:?}");
            assert_eq!(row.delivered + row.lost, 60 * 59 * 20, "seed 1: {row:?}");
            assert!(row.ahead_ms.max <= 210.0, "seed 1: {row:?}");
        }
        assert_eq!((storm.lost, churn.unknown, both.unknown), (0, 0, 0), "seed 1: {report:?}");
        assert_eq!(churn.delivered, 0);
        // A quiet node sends a ping and an ack of 52 bytes a second.
        assert!(churn.bytes_per_node.mean > 4.0 * 104.0, "all the time counts: {churn:?}");
    }
}
