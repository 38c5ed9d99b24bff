//! Who is left where a tenth of all datagrams is lost? The size of the stable group, with and without suspicion.
//!
//! SWIM (Das, Gupta, Motivala 2002) §5, the run under loss: each receiver loses 10 %; 17 processes join one after the other; 175 s;
//! one helper, T = 2 s, the piggyback limit and the suspicion both 3·⌈ln(N+1)⌉ (9 at 17: so many sends, and periods). The
//! paper is left with a group of 2 in its basic form, 4 with infection-style dissemination alone, 12 with suspicion too.
//!
//! Whoever is declared failed is out: the experiment stops it, since in SWIM nobody lists it again. The stable group is who
//! is left at the end. The same holds for the last row, bruit as it is, though bruit's nodes would refute and stay.
//!
//! Rows are real nodes with parts switched off. *Departs from the paper*: one joins a period; in all SWIM rows news travels on
//! probes and their answers and in rounds of one peer, five a period, since the length of a suspicion is worked out from rounds
//! here; the basic form has no multicast, but tells everybody at once, and who hears it does so too. So what is to be expected is
//! the paper's order and the gap before suspicion, not its numbers: without suspicion a probe of a living member fails with
//! 0.19 · 0.34 here, once a period in a group of 17, until hardly anybody is left.

use core::time::Duration;

use super::runs::{Progress, Runs, trace_of};
use super::{Base, Distribution, SetupError, check_watch, had_room};
use crate::config::{Config, FANOUT_MAX, Profile, Sends};
use crate::event::Event;
use crate::id::NodeId;
use crate::membership::Spread;
use crate::sim::{Death, HostId, Observer, World};
use crate::time::{Instant, Span};

/// SWIM's T.
const PERIOD: Duration = Duration::from_secs(2);
/// Its wait for an ack. The helper has the same again, and the verdict comes within the period.
const ACK: Duration = Duration::from_millis(400);
/// Rounds in a period.
const ROUNDS: u32 = 5;
/// How soon whoever is declared failed is stopped.
const LOOK_EVERY: Span = Span::millis(5);
/// How often the group is counted.
pub const SAMPLE_EVERY: Span = Span::secs(5);
/// Those that a joiner asks, at most.
const SEEDS: usize = 8;

/// How the nodes of a row are configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A failed probe is a verdict, told to everybody at once.
    Basic,
    /// A failed probe is a verdict, which spreads as an infection does.
    Infection,
    /// A failed probe makes a suspect, which may refute.
    Suspicion,
    /// Bruit as it is configured.
    Bruit,
}

impl Row {
    /// In the paper's order, bruit last.
    pub const ALL: [Self; 4] = [Self::Basic, Self::Infection, Self::Suspicion, Self::Bruit];

    /// The name under which it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Infection => "infection",
            Self::Suspicion => "suspicion + infection",
            Self::Bruit => "bruit",
        }
    }

    /// The stable group of the paper.
    #[must_use]
    pub const fn printed(self) -> Option<u32> {
        match self {
            Self::Basic => Some(2),
            Self::Infection => Some(4),
            Self::Suspicion => Some(12),
            Self::Bruit => None,
        }
    }

    /// The configuration, made from the one that bruit has.
    #[must_use]
    pub fn config(self, bruit: &Config, nodes: u32) -> Config {
        let infection = || Config { suspect_first: false, ..swim(bruit, nodes) };
        match self {
            Self::Basic => {
                let everybody = (nodes - 1).clamp(1, FANOUT_MAX as u32);
                let eager = bruit.datagrams_per_second;
                Config { fanout: everybody, sends: Sends::Times(everybody), eager_per_second: eager, ..infection() }
            }
            Self::Infection => infection(),
            Self::Suspicion => swim(bruit, nodes),
            Self::Bruit => bruit.clone(),
        }
    }
}

/// 3·⌈ln(n+1)⌉, without a logarithm that machines might disagree about.
fn limit(nodes: u32) -> u32 {
    let mut power = 1.0_f64;
    let folds = (1..).find(|_| {
        power *= core::f64::consts::E;
        power >= f64::from(nodes) + 1.0
    });
    3 * folds.unwrap_or(1)
}

fn swim(bruit: &Config, nodes: u32) -> Config {
    let gossip_interval = PERIOD / ROUNDS;
    let swim = Config {
        probe_interval: PERIOD,
        helpers: 1,
        direct_pings: 1,
        helper_rounds: 1,
        helper_nacks: false,
        ack_floor: ACK,
        ack_prior: ACK,
        ack_ceiling: ACK,
        suspicion_factor: 1,
        confirmations: 0,
        accusers: 0,
        volunteers: 0,
        loud_suspicions: true,
        buddy: false,
        any_proof: false,
        health_max: 0,
        lag_grace: false,
        kernel_evidence: false,
        gossip_interval,
        fanout: 1,
        expected_loss_permille: 0,
        sends: Sends::Times(limit(nodes)),
        quiet_after: 0,
        claims_per_second: bruit.datagrams_per_second,
        eager_per_second: 0,
        repair_per_second: 0,
        ..bruit.clone()
    };
    // A node adds twice the spreading time to the pause that it forgives.
    let spread =
        Spread { fanout: 1, loss_permille: 0, one_miss_in: swim.one_miss_in, interval: gossip_interval.into() };
    let added = Duration::from_nanos((spread.time_to_all(nodes) * 2).as_nanos());
    let pause_to_forgive = (PERIOD * limit(nodes)).saturating_sub(added).max(gossip_interval);
    Config { pause_to_forgive, ..swim }
}

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes and links. The configuration is that of the last row; the others change it.
    pub base: Base,
    /// For how long, from the first start.
    pub watch: Span,
    /// How often each row is played.
    pub runs: Runs,
}

impl Setup {
    /// The paper's: 17 nodes, 10 % loss, 175 s; 20 times.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        let mut base = Base::new(17, profile);
        base.link.loss_permille = 100;
        Self { base, watch: Span::secs(175), runs: Runs { count: 20, seed: 1 } }
    }

    /// Whether it is what the paper has printed its figures for.
    #[must_use]
    pub fn is_printed(&self) -> bool {
        let paper = Self::new(Profile::Lan);
        let of = |setup: &Self| (setup.base.nodes, setup.base.link.loss_permille, setup.watch);
        of(self) == of(&paper)
    }
}

/// What came out of a row, over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RowReport {
    /// Which.
    pub row: Row,
    /// Members left at the end: never declared failed.
    pub stable: Distribution,
    /// Members left, on average, every 5 s from the first start on.
    pub course: Vec<f64>,
    /// Suspicions, at one member each.
    pub suspicions: Distribution,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// In the paper's order.
    pub rows: Vec<RowReport>,
    /// The traces of all worlds in one number.
    pub trace_hash: u64,
}

/// Plays all rows, each from the same seeds.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(3)?;
    setup.runs.check()?;
    check_watch(setup.watch)?;
    let each = setup.runs.count;
    let pieces = Runs { count: each * Row::ALL.len() as u32, seed: 0 };
    // Rows differ in what they say, and hardly in what they buy.
    let load = setup.base.load(&setup.base.params(0)?)?;
    let played = pieces.play_large(load, progress, |nth| {
        let (row, run) = (Row::ALL[nth as usize / each as usize], nth % u64::from(each));
        play(setup, row, setup.runs.seed.wrapping_add(run))
    });
    let played: Vec<_> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let rows = Row::ALL.into_iter().zip(played.chunks(each as usize)).map(|(row, runs)| RowReport {
        row,
        stable: runs.iter().filter_map(|run| run.course.last().copied()).collect(),
        course: mean_course(runs),
        suspicions: runs.iter().map(|run| run.suspicions as f64).collect(),
    });
    Ok(Report { rows: rows.collect(), trace_hash: trace_of(played.iter().map(|run| run.trace)) })
}

struct Played {
    /// Members that run, every 5 s and at the end.
    course: Vec<f64>,
    suspicions: u64,
    trace: u64,
}

fn play(setup: &Setup, row: Row, seed: u64) -> Result<Played, SetupError> {
    let config = row.config(&setup.base.config, setup.base.nodes);
    let base = Base { config, ..setup.base.clone() };
    let mut world = base.watched(seed, 0, Watch::default());
    let mut waiting = base.specs(&base.params(0)?).into_iter();
    let (period, end) = (Span::from(PERIOD), world.now() + setup.watch);
    let (mut joins_at, mut looks_at, mut course) = (world.now(), world.now() + SAMPLE_EVERY, Vec::new());
    while world.now() < end {
        let joiner = if world.now() >= joins_at { waiting.next() } else { None };
        if let Some(spec) = joiner {
            let seeds: Vec<_> = world.running().map(|(host, _)| world.addr(host)).take(SEEDS).collect();
            world.start(&spec, &seeds)?;
            joins_at += period;
        }
        world.run_for(LOOK_EVERY);
        stop_the_failed(&mut world);
        if world.now() >= looks_at.min(end) {
            course.push(world.running().count() as f64);
            looks_at += SAMPLE_EVERY;
        }
    }
    had_room(&world)?;
    Ok(Played { course, suspicions: world.observer.suspicions, trace: world.trace() })
}

fn mean_course(runs: &[Played]) -> Vec<f64> {
    let points = runs.iter().map(|run| run.course.len()).min().unwrap_or(0);
    (0..points).map(|at| runs.iter().map(|run| run.course[at]).sum::<f64>() / runs.len() as f64).collect()
}

/// Stops whoever has been declared failed.
fn stop_the_failed(world: &mut World<Watch>) {
    for id in std::mem::take(&mut world.observer.failed) {
        let host = world.running().find(|(_, node)| node.me().id == id).map(|(host, _)| host);
        host.into_iter().for_each(|host| world.crash(host, Death::Silent));
    }
}

/// Notes who is declared failed.
#[derive(Debug, Default)]
struct Watch {
    failed: Vec<NodeId>,
    suspicions: u64,
}

impl Observer for Watch {
    fn event(&mut self, _at: Instant, _host: HostId, event: &Event) {
        if let Event::Failed(member) = event {
            self.failed.push(member.id);
        } else if let Event::Suspected(_) = event {
            self.suspicions += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspicion_keeps_the_group_together_and_bruit_loses_nobody() {
        let mut setup = Setup::new(Profile::Lan);
        setup.runs.count = 5;
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        let sizes: Vec<f64> = report.rows.iter().map(|row| row.stable.mean).collect();
        assert!(sizes.is_sorted(), "seeds 1 to 5: {sizes:?}");
        assert!(sizes[2] > 2.0 * sizes[1] && sizes[3] == 17.0, "seeds 1 to 5: {sizes:?}");
    }

    #[test]
    fn the_limit_is_in_steps() {
        assert_eq!([2, 6, 7, 17, 19, 20].map(limit), [6, 6, 9, 9, 9, 12]);
        let config = Row::Suspicion.config(&Config::default(), 17);
        assert_eq!(config.sends, Sends::Times(9));
        // 17 rounds and one more, twice, of 400 ms: the rest makes nine periods.
        assert_eq!(config.pause_to_forgive, Duration::from_millis(18_000 - 2 * 18 * 400));
    }
}
