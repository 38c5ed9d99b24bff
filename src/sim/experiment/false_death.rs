//! Who is declared dead that lives, where nothing fails but datagrams? A cluster at rest on lossy ways.
//!
//! Nobody crashes, joins or pauses: each verdict is wrong. At 20 % loss SWIM's own detector (one ping, k = 3 helpers) suspects 74
//! of 1,000 members a period (Das, Gupta, Motivala 2002, §3; experiments with its formula). Measured of others in 120 s at
//! 20 %, 100 members: foca 395 verdicts on living members, 15,469 at 1,000; kinship none, for 3.6 kB a node and second.

use super::runs::{Progress, Runs, trace_of};
use super::{Base, Distribution, Memory, SetupError, check_watch, had_room};
use crate::config::Profile;
use crate::event::Event;
use crate::sim::{HostId, Link, Observer, World};
use crate::time::{Instant, Span};

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links; the loss is that of each row.
    pub base: Base,
    /// Each loss to be played, in thousandths.
    pub losses_permille: Vec<u32>,
    /// How long the cluster is left alone, without loss, before it is watched.
    pub settle: Span,
    /// How long it is watched.
    pub watch: Span,
    /// How often each loss is played.
    pub runs: Runs,
}

impl Setup {
    /// 100 nodes, 600 s, at 0, 10, 20 and 30 %, once.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            base: Base::new(100, profile),
            losses_permille: vec![0, 100, 200, 300],
            settle: Span::secs(30),
            watch: Span::secs(600),
            runs: Runs { count: 1, seed: 1 },
        }
    }
}

/// What came out at one loss. Each distribution is over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The loss in thousandths.
    pub loss_permille: u32,
    /// Members held to have failed, at one member each: all of them live.
    pub verdicts: Distribution,
    /// Members suspected, at one member each.
    pub suspicions: Distribution,
    /// Of those, what members suspected by their own probes.
    pub accusations: Distribution,
    /// Datagrams sent, per node and second.
    pub datagrams_per_node_s: Distribution,
    /// Bytes of UDP payload sent, per node and second.
    pub bytes_per_node_s: Distribution,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// In the order of the setup's losses.
    pub rows: Vec<Row>,
    /// What the nodes buy.
    pub memory: Memory,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// Plays it. Each loss is played from the same seeds.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.base.check_nodes(2)?;
    setup.runs.check()?;
    check_watch(setup.watch)?;
    let each = setup.runs.count;
    let pieces = Runs { count: each * setup.losses_permille.len() as u32, seed: 0 };
    let params = setup.base.params(0)?;
    let (memory, load) = (setup.base.memory(&params), setup.base.load(&params)?);
    let played = pieces.play_large(load, progress, |nth| {
        let loss_permille = setup.losses_permille[nth as usize / each as usize];
        play(setup, loss_permille, setup.runs.seed.wrapping_add(nth % u64::from(each)))
    });
    let played: Vec<Played> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let rows = setup.losses_permille.iter().zip(played.chunks(each as usize));
    Ok(Report {
        rows: rows.map(|(loss, runs)| row(*loss, runs)).collect(),
        memory,
        trace_hash: trace_of(played.iter().map(|run| run.trace)),
    })
}

struct Played {
    seen: Watch,
    accusations: u64,
    datagrams: f64,
    bytes: f64,
    trace: u64,
}

fn play(setup: &Setup, loss_permille: u32, seed: u64) -> Result<Played, SetupError> {
    let base = Base { link: Link { loss_permille: 0, ..setup.base.link }, ..setup.base.clone() };
    let mut world = base.watched(seed, 0, Watch::default());
    world.form(&setup.base.specs(&setup.base.params(0)?))?;
    world.run_for(setup.settle);
    world.network.set_all(Link { loss_permille, ..setup.base.link });
    world.observer = Watch::default();
    let (before, accused) = (world.tally(), accusations(&world));
    world.run_for(setup.watch);
    had_room(&world)?;
    let after = world.tally();
    let node_seconds = f64::from(setup.base.nodes) * setup.watch.as_micros() as f64 / 1e6;
    let per = |total: u64| total as f64 / node_seconds;
    Ok(Played {
        accusations: accusations(&world) - accused,
        datagrams: per(after.sent - before.sent),
        bytes: per(after.bytes - before.bytes),
        trace: world.trace(),
        seen: world.observer,
    })
}

fn accusations(world: &World<Watch>) -> u64 {
    world.running().map(|(_, node)| node.counters().accusations).sum()
}

fn row(loss_permille: u32, runs: &[Played]) -> Row {
    let of = |figure: fn(&Played) -> f64| runs.iter().map(figure).collect();
    Row {
        loss_permille,
        verdicts: of(|run| run.seen.verdicts as f64),
        suspicions: of(|run| run.seen.suspicions as f64),
        accusations: of(|run| run.accusations as f64),
        datagrams_per_node_s: of(|run| run.datagrams),
        bytes_per_node_s: of(|run| run.bytes),
    }
}

/// Counts what is held against the living.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    verdicts: u64,
    suspicions: u64,
}

impl Observer for Watch {
    fn event(&mut self, _at: Instant, _host: HostId, event: &Event) {
        if let Event::Failed(_) = event {
            self.verdicts += 1;
        } else if let Event::Suspected(_) = event {
            self.suspicions += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_all_datagrams_lost_for_ten_minutes_kills_nobody() {
        let mut setup = Setup::new(Profile::Lan);
        (setup.base.nodes, setup.losses_permille) = (32, vec![0, 200]);
        let report = run(&setup, &|_, _| ()).expect("a good setup");
        let [quiet, lossy] = &report.rows[..] else { panic!("two losses, seed 1: {report:?}") };
        assert_eq!((quiet.suspicions.mean, quiet.verdicts.mean, lossy.verdicts.mean), (0.0, 0.0, 0.0), "seed 1");
        assert!(lossy.datagrams_per_node_s.mean > 3.0, "seed 1: nothing was lost: {lossy:?}");
        assert!(lossy.bytes_per_node_s.mean <= 1_200.0, "seed 1: {lossy:?}");
    }
}
