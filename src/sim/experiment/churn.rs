//! How much coming and going can a cluster take? So many joins and as many departures a second, more and more, until views
//! lag behind.
//!
//! What is measured is the time from a node's becoming a member until 99 % of the others hold it up, and from its goodbye until
//! 99 % of those who held it up hold it gone: of who was there then and still is. Within the budgets it stays that of news in a
//! quiet cluster; beyond, news waits and it grows without end. *A rate lags* when more than a twentieth of its joins, or of its
//! departures, is not known within a bound. Whoever never becomes known counts, a newcomer that is told to leave before all know
//! it too; and so does a departure that could not begin, since who was to go had not come yet. It is *skipped*: less happened
//! than the rate says. A newcomer joins through one member, whichever.
//!
//! memberlist's ceiling, from its constants at 10,000 nodes: 3 peers every 200 ms, one packet of 1,400 bytes each, 20 sends of
//! each piece of news of some 100 bytes: about 4.5 joins a second, for 21 kB a node and second.

use super::runs::{Load, Progress, Runs, trace_of};
use super::word::{Spreading, Word};
use super::{Base, Distribution, Memory, SetupError, check_watch, had_room, millis};
use crate::config::{Params, Profile};
use crate::id::BootId;
use crate::node::{Node, Phase};
use crate::sim::{Death, HostId, Spec, World};
use crate::time::{Instant, Span};
use crate::wire::State;

/// One of so many joins, or departures, may be late before a rate lags.
const LATE_AT_MOST: u64 = 20;

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes at the beginning, their configuration and links.
    pub base: Base,
    /// Joins a second, and as many departures, one rate after the other; the first that lags ends it.
    pub rates: Vec<f64>,
    /// How long each rate lasts.
    pub watch: Span,
    /// A join or a departure is late when it takes longer than this to be known to 99 %; a rate lags when more than a
    /// twentieth of the ones or of the others is late.
    pub lag: Span,
    /// How often.
    pub runs: Runs,
}

impl Setup {
    /// 1,000 nodes; from 5 a second on, doubling up to 320; 20 s each; behind at 2 s; once.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(1_000, profile),
            rates: (0..7).map(|k| 5.0 * f64::from(1 << k)).collect(),
            watch: Span::secs(20),
            lag: Span::secs(2),
            runs: Runs { count: 1, seed: 1 },
        }
    }

    /// What nodes get for a rate, and what they all buy then.
    fn room(&self, rate: f64) -> Result<(Params, Load), SetupError> {
        if !(0.01..=10_000.0).contains(&rate) {
            return Err(SetupError::OutOfRange { field: "rate", got: rate, min: 0.01, max: 10_000.0 });
        }
        // The departed keep their places for a while.
        let params = self.base.params(self.changes(rate).saturating_add(64))?;
        let load = self.base.load(&params)?;
        Ok((params, load))
    }

    /// How many join at a rate.
    fn changes(&self, rate: f64) -> u32 {
        (rate * self.watch.as_micros() as f64 / 1e6).ceil() as u32
    }
}

/// What came out of one rate. Distributions are over all joins and departures of all runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Joins a second, and as many departures.
    pub rate: f64,
    /// Milliseconds from the start of a newcomer until 99 % of the nodes held it up.
    pub join_known_ms: Distribution,
    /// Milliseconds from the command to leave until 99 % held the leaver gone.
    pub leave_known_ms: Distribution,
    /// Joins and departures that were not known to 99 % when the time was over, 5 s after the last.
    pub unknown: u64,
    /// Departures that did not happen: who was to go had not become a member yet.
    pub skipped: u64,
    /// Bytes of UDP payload sent, per node and second.
    pub bytes_per_node_s: f64,
    /// Members that ran and were held dead by somebody.
    pub false_deaths: u64,
    /// Whether views lagged.
    pub lags: bool,
    /// What the nodes buy, with room for those who come.
    pub memory: Memory,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One row for each rate that was played.
    pub rows: Vec<Row>,
    /// The highest rate at which views kept up.
    pub ceiling: Option<f64>,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// Plays it.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(10)?;
    setup.runs.check()?;
    check_watch(setup.watch)?;
    if let Some(&got) = setup.rates.iter().find(|rate| !(0.01..=10_000.0).contains(*rate)) {
        return Err(SetupError::OutOfRange { field: "rate", got, min: 0.01, max: 10_000.0 });
    }
    let mut report = Report { rows: Vec::new(), ceiling: None, trace_hash: 0 };
    let mut traces = Vec::new();
    let all: Vec<_> = setup.rates.iter().map(|rate| setup.room(*rate)).collect::<Result<_, _>>()?;
    let each = setup.runs.count;
    for ((rate, (params, load)), nth) in setup.rates.iter().zip(&all).zip(0..) {
        let memory = setup.base.memory(params);
        let progress = |done, _| progress(each * nth + done, each * all.len() as u32);
        let played = setup.runs.play_large(*load, &progress, |seed| play(setup, *rate, params, seed));
        let played: Vec<Played> = played.into_iter().collect::<Result<_, SetupError>>()?;
        traces.extend(played.iter().map(|p| p.trace));
        let row = row(setup, *rate, memory, &played);
        let lags = row.lags;
        report.rows.push(row);
        if lags {
            break;
        }
        report.ceiling = Some(*rate);
    }
    report.trace_hash = trace_of(traces);
    Ok(report)
}

struct Played {
    joins: Vec<Option<f64>>,
    leaves: Vec<Option<f64>>,
    skipped: u64,
    bytes: f64,
    false_deaths: u64,
    trace: u64,
}

fn row(setup: &Setup, rate: f64, memory: Memory, played: &[Played]) -> Row {
    let all = |of: fn(&Played) -> &Vec<Option<f64>>| played.iter().flat_map(of).copied().collect::<Vec<_>>();
    let (joins, leaves) = (all(|p| &p.joins), all(|p| &p.leaves));
    let known = |times: &[Option<f64>]| times.iter().copied().flatten().collect::<Distribution>();
    let (join_known_ms, leave_known_ms) = (known(&joins), known(&leaves));
    let unknown = joins.iter().chain(&leaves).filter(|time| time.is_none()).count() as u64;
    let skipped = played.iter().map(|p| p.skipped).sum();
    let late =
        |times: &[Option<f64>]| times.iter().filter(|ms| ms.is_none_or(|ms| ms > millis(setup.lag))).count() as u64;
    let too_many = |late: u64, of: u64| late * LATE_AT_MOST > of;
    let lags =
        too_many(late(&joins), joins.len() as u64) || too_many(late(&leaves) + skipped, leaves.len() as u64 + skipped);
    Row {
        rate,
        join_known_ms,
        leave_known_ms,
        unknown,
        skipped,
        bytes_per_node_s: played.iter().map(|p| p.bytes).sum::<f64>() / played.len() as f64,
        false_deaths: played.iter().map(|p| p.false_deaths).sum(),
        lags,
        memory,
    }
}

/// One rate: the world, who is a member and has not been told to leave, and who leaves.
struct Stage<'a> {
    world: World<Word>,
    params: &'a Params,
    members: Vec<HostId>,
    leaving: Vec<HostId>,
    came: u32,
    skipped: u64,
}

fn play(setup: &Setup, rate: f64, params: &Params, seed: u64) -> Result<Played, SetupError> {
    let changes = setup.changes(rate);
    let mut world = setup.base.watched(seed, changes.saturating_add(1), Word::default());
    let members = world.form(&setup.base.specs(params))?;
    world.run_for(Span::secs(20));
    let (sent, begin) = (world.tally().bytes, world.now());
    let mut stage = Stage { world, params, members, leaving: Vec::new(), came: 0, skipped: 0 };
    let gap = Span::nanos((1e9 / rate) as u64);
    for change in 0..changes {
        stage.change(begin + gap * change, gap)?;
    }
    let lasted = stage.world.now().since(begin).as_micros() as f64 / 1e6;
    let bytes = (stage.world.tally().bytes - sent) as f64 / lasted / f64::from(setup.base.nodes);
    stage.world.run_for(Span::secs(5));
    had_room(&stage.world)?;
    let word = &stage.world.observer;
    Ok(Played {
        joins: Word::times(&word.joins),
        leaves: Word::times(&word.leaves),
        skipped: stage.skipped,
        bytes,
        false_deaths: word.false_deaths,
        trace: stage.world.trace(),
    })
}

impl Stage<'_> {
    fn any(&mut self) -> usize {
        self.world.rng().below(self.members.len() as u32) as usize
    }

    /// Through whom a newcomer joins: a member. Who waits outside itself, and goes, would leave it outside for good.
    fn door(&mut self) -> HostId {
        let drawn = self.any();
        let (before, from) = self.members.split_at(drawn);
        let member = from.iter().chain(before).find(|host| self.has_joined(**host));
        *member.unwrap_or(&self.members[drawn])
    }

    fn has_joined(&self, host: HostId) -> bool {
        self.world.node(host).is_some_and(|node| node.phase() == Phase::Joined)
    }

    fn boot(&self, host: HostId) -> Option<BootId> {
        self.world.node(host).map(|node: &Node| node.me().boot)
    }

    /// One comes and one goes, each at any moment of a while: at equal distances they would fall into step with gossip rounds.
    fn change(&mut self, from: Instant, gap: Span) -> Result<(), SetupError> {
        let micros = gap.as_micros() as u32;
        let mut at = || from + Span::micros(u64::from(self.world.rng().below(micros.max(1))));
        let (comes, goes) = (at(), at());
        self.world.run_for(comes.min(goes).since(self.world.now()));
        if comes <= goes {
            self.one_comes()?;
            self.world.run_for(goes.since(self.world.now()));
            self.one_goes();
        } else {
            self.one_goes();
            self.world.run_for(comes.since(self.world.now()));
            self.one_comes()?;
        }
        self.world.run_for((from + gap).since(self.world.now()));
        self.bury();
        Ok(())
    }

    fn one_comes(&mut self) -> Result<(), SetupError> {
        let door = self.door();
        let door = self.world.addr(door);
        let joined = self.members.iter().copied().filter(|host| self.has_joined(*host));
        let spreading = Spreading::among(joined, self.world.now());
        self.came += 1;
        let host = self.world.start(&Spec::new(&format!("c{}", self.came), self.params.clone()), &[door])?;
        if let Some(boot) = self.boot(host) {
            self.world.observer.joins.insert(boot, spreading);
        }
        self.members.push(host);
        Ok(())
    }

    fn one_goes(&mut self) {
        let at = self.any();
        let host = self.members[at];
        let (id, boot, now) = (self.world.id(host), self.boot(host), self.world.now());
        let holds_up = |other: &HostId| *other != host && self.world.sees(*other, id).is_some_and(State::is_up);
        let spreading = Spreading::among(self.members.iter().copied().filter(holds_up), now);
        if self.has_joined(host) && self.world.leave(host).is_ok() {
            self.members.swap_remove(at);
            self.world.observer.excuse(host, now);
            self.leaving.push(host);
            boot.map(|boot| self.world.observer.leaves.insert(boot, spreading));
        } else {
            self.skipped += 1;
        }
    }

    /// Ends the processes of those who have left.
    fn bury(&mut self) {
        let left = |world: &World<Word>, host: HostId| world.node(host).is_none_or(|node| node.phase() == Phase::Left);
        for at in (0..self.leaving.len()).rev() {
            if left(&self.world, self.leaving[at]) {
                self.world.crash(self.leaving.swap_remove(at), Death::Silent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moderate_churn_is_known_as_fast_as_any_news() {
        let mut setup = Setup { rates: vec![4.0], watch: Span::secs(5), ..Setup::new(Profile::Lan) };
        setup.base.nodes = 50;
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        let [row] = &report.rows[..] else { panic!("one rate") };
        assert_eq!((row.unknown, row.false_deaths, row.join_known_ms.count), (0, 0, 20), "{row:?}");
        assert_eq!((report.ceiling, row.skipped), (Some(4.0), 0));
    }

    #[test]
    fn a_small_cluster_keeps_up_although_some_of_those_who_are_to_hear_leave() {
        let mut setup = Setup { rates: vec![22.5], watch: Span::secs(25), ..Setup::new(Profile::Lan) };
        setup.base.nodes = 200;
        // In this time nearly all go who were there: nobody is left outside.
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        assert_eq!(report.ceiling, Some(22.5), "seed 1: {report:?}");
        assert!(report.rows.iter().all(|row| row.unknown <= 4), "seed 1: {report:?}");
    }

    #[test]
    fn a_rate_at_which_many_go_before_they_have_come_lags_and_every_change_is_accounted_for() {
        for (rate, seconds) in [(50.0, 10), (200.0, 5)] {
            let mut setup = Setup { rates: vec![rate], watch: Span::secs(seconds), ..Setup::new(Profile::Lan) };
            setup.base.nodes = 10;
            let report = run(&setup, &|_, _| ()).expect("a good setup");
            let [row] = &report.rows[..] else { panic!("one rate") };
            let accounted = row.join_known_ms.count + row.leave_known_ms.count + row.unknown + row.skipped;
            assert_eq!(accounted, 2 * u64::from(setup.changes(rate)), "seed 1: {row:?}");
            assert!(row.skipped > 0, "seed 1: all had come before they went: {row:?}");
            assert!(row.lags && report.ceiling.is_none(), "seed 1: {row:?}");
        }
    }

    #[test]
    fn late_departures_make_a_rate_lag_as_late_joins_do() {
        let setup = Setup::new(Profile::Lan);
        let memory = Memory { node_bytes: 0, all_bytes: 0 };
        let lags = |joins: Vec<Option<f64>>, leaves: Vec<Option<f64>>, skipped| {
            let played = Played { joins, leaves, skipped, bytes: 0.0, false_deaths: 0, trace: 0 };
            row(&setup, 1.0, memory, &[played]).lags
        };
        let of = |late: usize, how: Option<f64>| {
            let mut times = vec![Some(2_000.0); 100];
            times[..late].fill(how);
            times
        };
        for late in [None, Some(2_001.0)] {
            assert!(!lags(of(5, late), of(5, late), 0), "a twentieth may be late");
            assert!(lags(of(6, late), of(0, late), 0) && lags(of(0, late), of(6, late), 0), "{late:?}");
        }
        assert!(!lags(of(0, None), of(0, None), 5) && lags(of(0, None), of(0, None), 6), "skipped");
        assert!(!lags(Vec::new(), Vec::new(), 0), "nothing was late");
    }
}
