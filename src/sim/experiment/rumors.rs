//! A rumor is published: who has it when, and for how many copies? By class, and by the rule that ends the telling in rounds.
//!
//! Each rumor is played twice, in two clusters of nodes as they are in production, probes and all: one in which nodes tell each
//! other what they have and ask for what they miss, and one in which they do not. The first shows how long it takes and what it
//! costs; the second what pushing and rounds leave to repair, the residue of Demers et al. (PODC 1987).
//!
//! *Compared with* the planner's law of event time ([`EventTime`]): everybody tells in rounds and nobody ever stops. Who forwards
//! at once is sooner than that, who stops may be later.

use super::runs::{Ended, Progress, Runs, trace_of};
use super::{Base, Distribution, Retained, SetupError, had_room, millis};
use crate::config::{Params, Profile};
use crate::event::Event;
use crate::node::Publication;
use crate::plan::{EventTime, Mode, Model, Scenario};
use crate::rumor::{Class, Order, Rule, RumorId, Topic};
use crate::sim::{HostId, Latency, Observer, Passing, World};
use crate::time::{Instant, Span};
use crate::wire::{Kind, Section};

/// Rumors that are published in one world, one after the other and each by another node.
const RUNS_A_WORLD: u32 = 50;
/// So many gossip intervals a rumor is watched: telling is long over, and what is missed has been asked for.
const WATCHED_INTERVALS: u32 = 40;
/// Rumors that a node retains.
const RETAINED: u32 = 256;

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links.
    pub base: Base,
    /// How much the rumors matter.
    pub class: Class,
    /// One row for each rule: where a rumor is urgent it ends nothing, and one will do.
    pub rules: Vec<Rule>,
    /// Bytes of payload.
    pub payload: u32,
    /// How many rumors.
    pub runs: Runs,
}

impl Setup {
    /// 100 rumors of 64 bytes among 1,000 nodes, under the rule that the profile has.
    #[must_use]
    pub fn new(class: Class, profile: Profile) -> Self {
        let base = Base::new(1_000, profile);
        let rules = vec![base.config.rumor_rule];
        Self { base, class, rules, payload: 64, runs: Runs { count: 100, seed: 1 } }
    }

    /// When all, and nearly all, know where everybody tells in rounds for ever; `None` where the latency is not one for all.
    fn planned(&self) -> Result<Option<Planned>, SetupError> {
        let Latency::Constant(latency) = self.base.link.latency else { return Ok(None) };
        let interval = Span::from(self.base.config.gossip_interval).as_nanos() as f64;
        let model = Model::try_from(Scenario {
            nodes: self.base.nodes,
            mode: Mode::Push,
            fanout: self.base.config.fanout,
            loss: f64::from(self.base.link.loss_permille) / 1_000.0,
            dead: 0.0,
        })?;
        let law = EventTime::of(&model, latency.as_nanos() as f64 / interval)?;
        let ms = |goal, chance| law.quantile(goal, chance) * interval / 1e6;
        Ok(Some(Planned { nearly_ms: [0.5, 0.99].map(|c| ms(1, c)), all_ms: [0.5, 0.99].map(|c| ms(2, c)) }))
    }
}

/// What the planner has: p50 and p99.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// Milliseconds until 99.9 % know.
    pub nearly_ms: [f64; 2],
    /// Milliseconds until all know.
    pub all_ms: [f64; 2],
}

/// What came out under one rule. Distributions are over the rumors.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which.
    pub rule: Rule,
    /// The share of nodes that a rumor does not reach where nothing is repaired.
    pub residue: Distribution,
    /// Copies of a rumor sent, per node, where nothing is repaired.
    pub told: Distribution,
    /// The same where it is.
    pub copies: Distribution,
    /// Bytes of the datagrams that hold a copy, or say that one was not needed, per node.
    pub bytes: Distribution,
    /// Milliseconds from its publication until 99.9 % of the nodes had it.
    pub nearly_ms: Distribution,
    /// Milliseconds until all had it.
    pub all_ms: Distribution,
    /// Nodes that did not get a rumor in all the time there was, over all rumors.
    pub missed: u64,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One row for each rule.
    pub rows: Vec<Row>,
    /// What the planner has for rounds alone.
    pub planned: Option<Planned>,
    /// The traces of all worlds in one number.
    pub trace_hash: u64,
}

/// Who has the rumor at hand, and how many copies of it were sent.
#[derive(Debug, Default)]
struct Watch {
    id: Option<RumorId>,
    receipts: Vec<Instant>,
    copies: u64,
    bytes: u64,
}

impl Observer for Watch {
    fn sent(&mut self, passing: &Passing<'_>) {
        let Some(id) = self.id else { return };
        let before = self.copies;
        for section in passing.sections().into_iter().flatten() {
            if let Section::Rumors(rumors) = section {
                self.copies += rumors.filter(|rumor| rumor.id == id).count() as u64;
            }
        }
        if self.copies > before || passing.has(Kind::RumorFeedback) {
            self.bytes += passing.bytes.len() as u64;
        }
    }

    fn event(&mut self, at: Instant, _: HostId, event: &Event) {
        if let Event::Rumor(rumor) = event {
            if self.id == Some(rumor.id) {
                self.receipts.push(at);
            }
        }
    }
}

/// How one rumor went.
struct Telling {
    /// Milliseconds until each of the others had it.
    receipts: Vec<f64>,
    copies: u64,
    bytes: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(3)?;
    setup.runs.check()?;
    let planned = setup.planned()?;
    let (mut rows, mut traces) = (Vec::new(), Vec::new());
    let each = setup.runs.count;
    let all = each * 2 * setup.rules.len() as u32;
    for (rule, nth) in setup.rules.iter().zip(0..) {
        let [left, mended] = [false, true].map(|mends| {
            let before = each * (2 * nth + u32::from(mends));
            play(setup, *rule, mends, &|done, _| progress(before + done, all))
        });
        let ((left, left_traces), (mended, mended_traces)) = (left?, mended?);
        rows.push(row(setup, *rule, &left, &mended));
        traces.extend(left_traces.into_iter().chain(mended_traces));
    }
    Ok(Report { rows, planned, trace_hash: trace_of(traces) })
}

fn row(setup: &Setup, rule: Rule, left: &[Telling], mended: &[Telling]) -> Row {
    let nodes = f64::from(setup.base.nodes);
    let others = setup.base.nodes as usize - 1;
    let missed = |telling: &Telling| others.saturating_sub(telling.receipts.len());
    // Of one that did not reach so many there is no time, but a count.
    let time = |nth: usize| mended.iter().filter_map(|telling| telling.receipts.get(nth - 1).copied()).collect();
    let per_node = |telling: &Telling| telling.copies as f64 / nodes;
    Row {
        rule,
        residue: left.iter().map(|telling| missed(telling) as f64 / nodes).collect(),
        told: left.iter().map(per_node).collect(),
        copies: mended.iter().map(per_node).collect(),
        bytes: mended.iter().map(|telling| telling.bytes as f64 / nodes).collect(),
        // The source is one of them.
        nearly_ms: time(((setup.base.nodes as usize * 999).div_ceil(1_000) - 1).max(1)),
        all_ms: time(others),
        missed: mended.iter().map(|telling| missed(telling) as u64).sum(),
    }
}

fn play(
    setup: &Setup,
    rule: Rule,
    mends: bool,
    progress: Progress<'_>,
) -> Result<(Vec<Telling>, Vec<u64>), SetupError> {
    let mut base = setup.base.clone();
    (base.config.rumor_rule, base.config.rumor_digests) = (rule, mends);
    let a_world = RUNS_A_WORLD.min(base.nodes);
    let bytes = RETAINED * setup.payload.max(16);
    let params = base.publishing(0, Retained { origins: a_world, window: 64, rumors: RETAINED, bytes })?;
    let load = base.load(&params)?;
    let played = setup.runs.play_worlds(a_world, load, progress, |seed, count, ended| {
        let (world, hosts) = stage(&base, &params, seed)?;
        play_some(setup, world, &hosts, count, ended)
    });
    let played: Vec<_> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let (tellings, traces): (Vec<_>, Vec<_>) = played.into_iter().unzip();
    Ok((tellings.into_iter().flatten().collect(), traces))
}

/// A cluster at rest, all of which listen.
fn stage(base: &Base, params: &Params, seed: u64) -> Result<(World<Watch>, Vec<HostId>), SetupError> {
    let mut world = base.watched(seed, 0, Watch::default());
    let hosts = world.form(&base.specs(params))?;
    world.run_for(Span::secs(10));
    for host in &hosts {
        world.subscribe(*host, None, Order::Arrival).expect("there is room for one topic");
    }
    Ok((world, hosts))
}

fn play_some(
    setup: &Setup,
    mut world: World<Watch>,
    hosts: &[HostId],
    count: u32,
    ended: Ended<'_>,
) -> Result<(Vec<Telling>, u64), SetupError> {
    let first = world.rng().below(hosts.len() as u32);
    let source = |nth: u32| hosts[(first + nth) as usize % hosts.len()];
    let tellings = (0..count).map(|nth| one(setup, &mut world, source(nth))).inspect(|_| ended()).collect();
    had_room(&world)?;
    Ok((tellings, world.trace()))
}

/// Publishes a rumor at some moment between two rounds, and watches it.
fn one(setup: &Setup, world: &mut World<Watch>, source: HostId) -> Telling {
    let interval = Span::from(setup.base.config.gossip_interval);
    let wait = Span::nanos(u64::from(world.rng().below(interval.as_nanos() as u32)));
    world.run_for(wait);
    let payload = vec![7; setup.payload as usize];
    let publication = Publication { topic: Topic::new("news"), class: setup.class, payload: &payload };
    // The first copies leave while it is being published.
    let boot = world.node(source).expect("nobody crashes here").me().boot.tag();
    let id = RumorId { origin: world.id(source), boot, sequence: 1 };
    let begin = world.now();
    world.observer = Watch { id: Some(id), ..Watch::default() };
    let published = world.publish(source, publication).expect("a member with room for its origin publishes");
    assert_eq!(published, id, "seed {}: each publishes once", world.seed());
    world.run_for(interval * WATCHED_INTERVALS);
    let receipts = world.observer.receipts.iter().map(|at| millis(at.since(begin))).collect();
    Telling { receipts, copies: world.observer.copies, bytes: world.observer.bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(class: Class, rules: &[Rule]) -> Report {
        let mut setup = Setup { rules: rules.to_vec(), ..Setup::new(class, Profile::Lan) };
        (setup.base.nodes, setup.runs.count) = (64, 10);
        (setup.base.link.latency, setup.base.link.loss_permille) = (Latency::Constant(Span::micros(100)), 100);
        run(&setup, &|_, _| ()).expect("a good setup")
    }

    #[test]
    fn what_is_urgent_is_everywhere_before_a_round_and_what_was_lost_within_a_few() {
        let report = play(Class::Urgent, &[Rule { feedback: false, coin: false, k: 1 }]);
        let [row] = &report.rows[..] else { panic!("one rule") };
        assert_eq!((row.missed, row.all_ms.count), (0, 10));
        assert!(row.all_ms.p50 < 1.0 && row.residue.mean < 0.01, "seed 1: {row:?}");
        assert!(row.told.mean > 3.5 && row.told.mean <= 4.0, "each tells four, but not whom it has it from: {row:?}");
    }

    #[test]
    fn a_longer_rule_leaves_less_to_repair_and_costs_more() {
        let rule = |k| Rule { feedback: false, coin: false, k };
        let report = play(Class::Normal, &[rule(1), rule(8)]);
        let [short, long] = &report.rows[..] else { panic!("two rules") };
        assert!(short.residue.mean > long.residue.mean && short.told.mean < long.told.mean, "seed 1: {report:?}");
        assert_eq!((short.missed, long.missed), (0, 0), "what is left out is repaired");
        let planned = report.planned.expect("one latency");
        assert!(long.all_ms.p50 < 2.0 * planned.all_ms[0], "seed 1: {long:?} for {planned:?}");
    }
}
