//! How is something done to one member after the other? Once all see all, to whomever the dice choose.

use std::time::Duration;

use bruit::Rng;

use super::{join_all, settling};
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::views::Wrong;
use crate::watch::Watch;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    /// In a word, for whoever looks on.
    pub what: &'static str,
    pub runs: usize,
    pub seed: u64,
    pub probe_interval: Duration,
}

/// What was seen of each, and what went wrong meanwhile.
#[derive(Debug)]
pub(super) struct Measured<R> {
    pub runs: Vec<R>,
    pub wrong: Wrong,
}

impl Plan {
    /// Does it to one member at a time: `each` returns when all see all again.
    pub(super) fn carry_out<C: Cluster, R>(
        &self,
        cluster: C,
        progress: &mut Progress,
        mut each: impl FnMut(&mut Watch<C>, &mut Rng) -> Result<R, Failure>,
    ) -> Result<Measured<R>, Failure> {
        let mut watch = Watch::new(cluster);
        join_all(&mut watch, settling(self.probe_interval), progress)?;
        let mut dice = Rng::from_seed(self.seed);
        let mut runs = Vec::new();
        for number in 1..=self.runs {
            progress.say(format_args!("{} {number} of {}", self.what, self.runs));
            runs.push(each(&mut watch, &mut dice)?);
        }
        Ok(Measured { runs, wrong: watch.wrong()? })
    }
}

/// Some member.
pub(super) fn anyone<C: Cluster>(watch: &Watch<C>, dice: &mut Rng) -> usize {
    dice.below(u32::try_from(watch.cluster.members()).unwrap_or(u32::MAX)) as usize
}
