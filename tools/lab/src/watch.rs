//! Until when? Watches a cluster: takes its reports every 2 ms, keeps the views, and waits for what shall become true.

use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::interrupt;
use crate::views::{Seen, Views, What, Wrong};

/// How often loops in this process are asked for their events; a process's reports bear the time at which they were read.
pub const TICK: Duration = Duration::from_millis(2);
/// How long a view that differs from what a member answers has to come right: reports may be on their way.
const AGREE_WITHIN: Duration = Duration::from_secs(2);

/// A cluster under watch.
#[derive(Debug)]
pub struct Watch<C> {
    /// The cluster.
    pub cluster: C,
    /// Who sees whom how, and what was wrong.
    pub views: Views,
    seen: Vec<Seen>,
}

impl<C: Cluster> Watch<C> {
    /// Watches a cluster from its start.
    pub fn new(cluster: C) -> Self {
        let views = Views::new(cluster.members());
        Self { cluster, views, seen: Vec::new() }
    }

    /// Waits until something is true of the views, at most for `limit`. When it became true, or now if it was true
    /// already; `None` when it did not in time.
    ///
    /// # Errors
    /// Ctrl-C, or a member that does not answer.
    pub fn until(
        &mut self,
        limit: Duration,
        mut is_true: impl FnMut(&Views) -> bool,
    ) -> Result<Option<Instant>, Failure> {
        let began = Instant::now();
        if is_true(&self.views) {
            return Ok(Some(began));
        }
        loop {
            let last = began.elapsed() > limit;
            let mut came = None;
            self.step(|views, seen| came = came.or_else(|| is_true(views).then_some(seen.at)))?;
            if came.is_some() || last {
                return Ok(came);
            }
            std::thread::sleep(TICK);
        }
    }

    /// Watches for so long; `on` sees every report after it was taken in.
    ///
    /// # Errors
    /// Ctrl-C, or a member that does not answer.
    pub fn during(&mut self, time: Duration, mut on: impl FnMut(&Views, Seen)) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let last = began.elapsed() >= time;
            self.step(&mut on)?;
            if last {
                return Ok(());
            }
            std::thread::sleep(TICK);
        }
    }

    /// Takes in what has been reported.
    fn step(&mut self, mut on: impl FnMut(&Views, Seen)) -> Result<(), Failure> {
        interrupt::check()?;
        let mut seen = std::mem::take(&mut self.seen);
        self.cluster.take(&mut seen);
        let lost = seen.iter().find(|seen| seen.what == What::Lost).copied();
        for seen in seen.drain(..) {
            if self.views.take(seen) {
                on(&self.views, seen);
            }
        }
        self.seen = seen;
        if lost.is_some() {
            self.ask_all()?;
        }
        lost.into_iter().for_each(|lost| on(&self.views, lost));
        Ok(())
    }

    fn ask_all(&mut self) -> Result<(), Failure> {
        for by in self.views.present().collect::<Vec<_>>() {
            let answer = self.cluster.ask(by)?;
            self.views.replace(by, &answer);
        }
        Ok(())
    }

    /// All that was wrong so far.
    ///
    /// # Errors
    /// Ctrl-C, or a member that does not answer.
    pub fn wrong(&mut self) -> Result<Wrong, Failure> {
        let disagreements = self.disagreements()?;
        Ok(self.views.wrong(disagreements))
    }

    /// Compares what the reports have led to with what the members answer. Pairs that differ for longer than
    /// [`AGREE_WITHIN`]: 0 unless an event was never told.
    fn disagreements(&mut self) -> Result<usize, Failure> {
        let began = Instant::now();
        loop {
            self.step(|_, _| {})?;
            let mut differ = 0;
            for by in self.views.present().collect::<Vec<_>>() {
                let answer = self.cluster.ask(by)?;
                let of = |of: usize| answer.iter().find(|(member, _)| *member == of).map(|(_, state)| *state);
                differ += (0..self.views.members()).filter(|&m| m != by && of(m) != self.views.of(by, m)).count();
            }
            if differ == 0 || began.elapsed() > AGREE_WITHIN {
                return Ok(differ);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
