//! How often does a slow member cost a healthy one its place? SWIM, each part of Lifeguard, and bruit, side by side.
//!
//! Lifeguard (Dadgar, Phillips, Currey 2018), §V, the *Interval* experiments and their tables of false positives, load and
//! latency: of 128 agents C of {1, 4, 8, 12, 16, 20, 24, 28, 32} are blocked for D (128 ms to 32.8 s) and free for I
//! (1 ms to 16.4 s) in turn, all at once, for about two minutes; α = 5, β = 6, K = 3. A blocked agent neither sends nor gets
//! messages, which wait; its timers run. That is the point: it hears no refutation and convicts in time.
//!
//! - A *false positive* is a verdict (a member held to have failed, at one member) on a member that is never blocked; *at
//!   healthy members* where the member that holds it is never blocked either.
//! - *Messages* and *bytes* are all datagrams and their UDP payload that all members send, the quiet ones and the time after
//!   the last block included.
//! - *Detection* is the time from the begin of the block in which a member was first suspected to the first verdict on it at a
//!   healthy member, and to that of the last healthy one. A suspicion is of one incarnation and ends with its refutation: one that
//!   nobody refutes outlives its block, and the verdict of a later one is not of that later one. Whoever is suspected while it is
//!   free is no detection. Not each that has a first verdict has a last: it may be refuted before. So the second sample is a part
//!   of the first, and may have the lesser median.
//!
//! Where this departs from the paper: the nodes are bruit's own with parts switched off, so repair by fingerprints takes the
//! place of memberlist's push and pull over TCP and counts as traffic; a probe through helpers may take a whole time-out more
//! (memberlist ends at the period); the grid is a part of the paper's unless all of it is asked for. What waits for a
//! blocked member waits in its socket, 65,536 datagrams of it; once it is free it reads all of that before it sends. The paper's agents
//! stop each of their threads at its next message, so that they begin fewer probes while they are blocked.

mod rows;
#[cfg(test)]
mod tests;
mod watch;

pub use rows::Row;

use self::watch::Watch;
use super::runs::{Progress, Runs, trace_of};
use super::{Base, Distribution, SetupError, check_watch};
use crate::config::Profile;
use crate::sim::{Bounds, HostId, World};
use crate::time::Span;

/// How long the cluster is left alone before the first block.
const SETTLE: Span = Span::secs(15);
/// How long it is watched after the last block: what was held back is read, refuted and told.
const AFTER: Span = Span::secs(20);

/// Datagrams that wait for a blocked member: more than come to it in the longest block.
const INBOX: u32 = 1 << 16;

/// C, D and I of one cell of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// How many members are blocked.
    pub members: u32,
    /// For how long.
    pub pause: Span,
    /// How long they are free between two blocks.
    pub interval: Span,
}

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Nodes, their configuration and links. The configuration is that of the last row; the others change it.
    pub base: Base,
    /// Which rows.
    pub rows: Vec<Row>,
    /// Every cell of the grid.
    pub cells: Vec<Blocks>,
    /// How long members are blocked and freed in turn.
    pub watch: Span,
    /// How often each cell is played under each row.
    pub runs: Runs,
}

impl Setup {
    /// The paper's C.
    pub const MEMBERS: [u32; 9] = [1, 4, 8, 12, 16, 20, 24, 28, 32];
    /// The paper's D.
    pub const PAUSES: [Span; 6] = [
        Span::millis(128),
        Span::millis(512),
        Span::millis(2_048),
        Span::millis(8_192),
        Span::millis(16_384),
        Span::millis(32_768),
    ];
    /// The paper's I.
    pub const INTERVALS: [Span; 8] = [
        Span::millis(1),
        Span::millis(4),
        Span::millis(16),
        Span::millis(64),
        Span::millis(256),
        Span::millis(1_024),
        Span::millis(4_096),
        Span::millis(16_384),
    ];

    /// 128 nodes, all rows, two minutes, once; of the paper's grid three C with three D and one I.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        let pauses = [Span::millis(2_048), Span::millis(8_192), Span::millis(32_768)];
        Self {
            base: Base::new(128, profile),
            rows: Row::ALL.to_vec(),
            cells: Self::grid(&[4, 16, 32], &pauses, &[Span::millis(1_024)]),
            watch: Span::secs(120),
            runs: Runs { count: 1, seed: 1 },
        }
    }

    /// Every C with every D with every I.
    #[must_use]
    pub fn grid(members: &[u32], pauses: &[Span], intervals: &[Span]) -> Vec<Blocks> {
        let of = |&members: &u32| {
            let of = move |&pause: &Span| intervals.iter().map(move |&interval| Blocks { members, pause, interval });
            pauses.iter().flat_map(of)
        };
        members.iter().flat_map(of).collect()
    }

    fn check(&self) -> Result<(), SetupError> {
        self.base.check_nodes(8)?;
        self.runs.check()?;
        check_watch(self.watch)?;
        let refuse = |field, got: f64, min: f64, max: f64| Err(SetupError::OutOfRange { field, got, min, max });
        for cell in &self.cells {
            let most = self.base.nodes / 2;
            if !(1..=most).contains(&cell.members) {
                return refuse("blocked members", f64::from(cell.members), 1.0, f64::from(most));
            }
            for (field, span) in [("the block in ms", cell.pause), ("the interval in ms", cell.interval)] {
                if !(1..=600_000).contains(&span.as_millis()) {
                    return refuse(field, span.as_millis() as f64, 1.0, 600_000.0);
                }
            }
        }
        Ok(())
    }
}

/// What came out of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Verdicts on members that are never blocked.
    pub false_positives: u64,
    /// Of those, at members that are never blocked either.
    pub false_positives_at_healthy: u64,
    /// Datagrams sent by all members.
    pub messages: u64,
    /// Bytes of UDP payload sent by all members.
    pub bytes: u64,
    /// From the begin of the block in which a member was suspected to the first verdict on it at a healthy one, in ms.
    pub first_detected_ms: Vec<f64>,
    /// The same to the last healthy member's verdict, of those that all came to.
    pub all_detected_ms: Vec<f64>,
}

/// What came out of a cell under a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Of the grid.
    pub blocks: Blocks,
    /// One for each run.
    pub runs: Vec<Figures>,
}

/// What came out of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowReport {
    /// Which.
    pub row: Row,
    /// In the order of the setup's.
    pub cells: Vec<Cell>,
}

impl RowReport {
    /// A figure, added up over all cells and runs, as in the paper's tables.
    pub fn total(&self, figure: fn(&Figures) -> u64) -> u64 {
        self.runs().map(figure).sum()
    }

    /// A figure over all cells and runs.
    pub fn spread(&self, figure: fn(&Figures) -> u64) -> Distribution {
        self.runs().map(|run| figure(run) as f64).collect()
    }

    /// Times of all cells and runs.
    pub fn times(&self, times: fn(&Figures) -> &Vec<f64>) -> Distribution {
        self.runs().flat_map(times).copied().collect()
    }

    fn runs(&self) -> impl Iterator<Item = &Figures> {
        self.cells.iter().flat_map(|cell| &cell.runs)
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// In the order of the setup's.
    pub rows: Vec<RowReport>,
    /// The traces of all runs in one number.
    pub trace_hash: u64,
}

/// Plays it. All rows of a cell are played from the same seeds.
///
/// # Errors
/// A setup that cannot be played.
pub fn run(setup: &Setup, progress: Progress<'_>) -> Result<Report, SetupError> {
    setup.check()?;
    let seeds = setup.runs.count as usize;
    let cells = setup.cells.len();
    let pieces = Runs { count: (setup.rows.len() * cells * seeds) as u32, seed: 0 };
    // Rows differ in what they say, and hardly in what they buy.
    let load = setup.base.load(&setup.base.params(0)?)?;
    let played = pieces.play_large(load, progress, |nth| {
        let nth = nth as usize;
        let (row, cell) = (setup.rows[nth / (cells * seeds)], setup.cells[nth / seeds % cells]);
        play(setup, row, cell, setup.runs.seed.wrapping_add((nth % seeds) as u64))
    });
    let played: Vec<_> = played.into_iter().collect::<Result<_, SetupError>>()?;
    let trace_hash = trace_of(played.iter().map(|(_, trace)| *trace));
    let mut figures = played.into_iter().map(|(figures, _)| figures);
    let mut cell = |blocks: &Blocks| Cell { blocks: *blocks, runs: figures.by_ref().take(seeds).collect() };
    let rows = setup.rows.iter().map(|row| RowReport { row: *row, cells: setup.cells.iter().map(&mut cell).collect() });
    Ok(Report { rows: rows.collect(), trace_hash })
}

/// One run of one cell under one row.
fn play(setup: &Setup, row: Row, cell: Blocks, seed: u64) -> Result<(Figures, u64), SetupError> {
    let base = Base { config: row.config(&setup.base.config, setup.base.nodes), ..setup.base.clone() };
    let bounds = Bounds { hosts: base.nodes, events: 0, inbox: INBOX, in_flight: 1 << 20 };
    let specs = base.specs(&base.params(0)?);
    let watch = Watch::new(specs.iter().map(|spec| spec.name.as_str()), cell.members);
    let mut world = World::watched(seed, bounds, watch);
    world.network.set_all(base.link);
    let hosts = world.form(&specs)?;
    let blocked = &hosts[..cell.members as usize];
    world.run_for(SETTLE);
    world.observer.figures = Figures::default();
    let end = world.now() + setup.watch;
    while world.now() < end {
        block(&mut world, blocked);
        world.run_for(cell.pause);
        free(&mut world, blocked);
        world.run_for(cell.interval);
    }
    world.run_for(AFTER);
    Ok((core::mem::take(&mut world.observer.figures), world.trace()))
}

/// The first hosts of the world neither send nor get anything any more.
fn block(world: &mut World<Watch>, blocked: &[HostId]) {
    world.observer.blocked_at(world.now());
    blocked.iter().for_each(|host| world.block(*host));
}

/// They read what has come meanwhile, and then send what they have to say.
fn free(world: &mut World<Watch>, blocked: &[HostId]) {
    world.observer.freed();
    blocked.iter().for_each(|host| world.resume(*host));
}
