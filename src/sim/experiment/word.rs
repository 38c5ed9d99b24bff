//! How soon do all know who has come and who has gone? All: who was there when it happened, and still is. Newcomers hear of it as
//! they join or need not, and who leaves hears no more; but where many leave untold, it has not become known.

use std::collections::{BTreeMap, BTreeSet};

use super::millis;
use crate::event::Event;
use crate::id::BootId;
use crate::sim::{HostId, Observer};
use crate::time::Instant;

/// One of so many may leave untold.
const UNTOLD: usize = 10;

/// Something that all shall come to know: since when, and who does not yet.
#[derive(Clone, Debug)]
pub(super) struct Spreading {
    since: Instant,
    audience: usize,
    missing: BTreeSet<HostId>,
    left_untold: usize,
    known_at: Option<Instant>,
}

/// Notes for each newcomer and each leaver who has been told.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub joins: BTreeMap<BootId, Spreading>,
    pub leaves: BTreeMap<BootId, Spreading>,
    /// How often somebody was held dead who had not been told to leave.
    pub false_deaths: u64,
}

impl Spreading {
    /// None of these knows it yet.
    pub fn among(audience: impl IntoIterator<Item = HostId>, since: Instant) -> Self {
        let missing: BTreeSet<_> = audience.into_iter().collect();
        let mut spreading = Self { since, audience: missing.len(), missing, left_untold: 0, known_at: None };
        spreading.look(since);
        spreading
    }

    /// Whether 99 % know by now.
    fn look(&mut self, at: Instant) {
        let few = self.left_untold * UNTOLD <= self.audience;
        if self.known_at.is_none() && few && self.missing.len() * 100 <= self.audience {
            self.known_at = Some(at);
            self.missing.clear();
        }
    }
}

impl Word {
    /// Milliseconds until enough knew of each; `None` where they do not yet.
    pub fn times(of: &BTreeMap<BootId, Spreading>) -> Vec<Option<f64>> {
        of.values().map(|s| s.known_at.map(|at| millis(at.since(s.since)))).collect()
    }

    fn heard(of: &mut BTreeMap<BootId, Spreading>, boot: BootId, at: Instant, host: HostId) {
        let Some(spreading) = of.get_mut(&boot) else { return };
        if spreading.missing.remove(&host) {
            spreading.look(at);
        }
    }

    /// One who has been told to leave needs to hear nothing more.
    pub fn excuse(&mut self, host: HostId, at: Instant) {
        for spreading in self.joins.values_mut().chain(self.leaves.values_mut()) {
            if spreading.missing.remove(&host) {
                spreading.left_untold += 1;
                spreading.look(at);
            }
        }
    }
}

impl Observer for Word {
    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        if let Event::Up(member) = event {
            Self::heard(&mut self.joins, member.boot, at, host);
        } else if let Event::Left(member) = event {
            Self::heard(&mut self.leaves, member.boot, at, host);
        } else if let Event::Failed(member) = event {
            self.false_deaths += u64::from(!self.leaves.contains_key(&member.boot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_leave_need_not_know_unless_they_are_many() {
        let at = |ms| Instant::ZERO + crate::time::Span::millis(ms);
        let boot = BootId::from_u64(1);
        let told = |told: u32, left: u32| {
            let mut word = Word::default();
            word.joins.insert(boot, Spreading::among((0..200).map(HostId), at(100)));
            (0..told).for_each(|host| Word::heard(&mut word.joins, boot, at(150), HostId(host)));
            // Newcomers do not count, nor who is told twice.
            [0, 0, 200, 201].into_iter().for_each(|host| Word::heard(&mut word.joins, boot, at(160), HostId(host)));
            (told..told + left).for_each(|host| word.excuse(HostId(host), at(200)));
            Word::times(&word.joins)[0]
        };
        assert_eq!([told(197, 0), told(198, 0), told(200, 0)], [None, Some(50.0), Some(50.0)], "99 of 100");
        assert_eq!(
            [told(178, 19), told(178, 20), told(177, 21)],
            [None, Some(100.0), None],
            "a tenth may leave untold"
        );
    }
}
