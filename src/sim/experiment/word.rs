//! How soon do all know who has come and who has gone?

use std::collections::BTreeMap;

use super::millis;
use crate::event::Event;
use crate::id::BootId;
use crate::sim::{HostId, Observer};
use crate::time::Instant;

/// Something that all shall come to know: since when, and how many do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spreading {
    since: Instant,
    knowing: u32,
    known_at: Option<Instant>,
}

/// Counts for each newcomer and each leaver how many have been told.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub joins: BTreeMap<BootId, Spreading>,
    pub leaves: BTreeMap<BootId, Spreading>,
    /// So many make it known.
    pub enough: u32,
    /// How often somebody was held dead who had not been told to leave.
    pub false_deaths: u64,
}

impl Spreading {
    /// Nobody knows it yet.
    pub const fn since(since: Instant) -> Self {
        Self { since, knowing: 0, known_at: None }
    }
}

impl Word {
    /// Milliseconds until enough knew of each; `None` where they do not yet.
    pub fn times(of: &BTreeMap<BootId, Spreading>) -> Vec<Option<f64>> {
        of.values().map(|s| s.known_at.map(|at| millis(at.since(s.since)))).collect()
    }

    fn heard(of: &mut BTreeMap<BootId, Spreading>, boot: BootId, at: Instant, enough: u32) {
        let Some(spreading) = of.get_mut(&boot) else { return };
        spreading.knowing += 1;
        if spreading.knowing >= enough {
            spreading.known_at.get_or_insert(at);
        }
    }
}

impl Observer for Word {
    fn event(&mut self, at: Instant, _: HostId, event: &Event) {
        if let Event::Up(member) = event {
            Self::heard(&mut self.joins, member.boot, at, self.enough);
        } else if let Event::Left(member) = event {
            Self::heard(&mut self.leaves, member.boot, at, self.enough);
        } else if let Event::Failed(member) = event {
            self.false_deaths += u64::from(!self.leaves.contains_key(&member.boot));
        }
    }
}
