//! Who is held to have failed, by whom, and how soon? Counts verdicts as they are reached.

use std::collections::BTreeMap;

use super::Figures;
use crate::event::{Event, MemberRef};
use crate::id::{Incarnation, NodeId};
use crate::sim::{HostId, Observer, Passing};
use crate::time::Instant;

/// Watches a world whose first `blocked` hosts are blocked now and then.
#[derive(Debug)]
pub struct Watch {
    pub figures: Figures,
    /// Every node and its host, in the order of ids.
    hosts: Vec<(NodeId, u32)>,
    blocked: u32,
    /// When the present block began.
    began: Option<Instant>,
    /// Every suspicion of a blocked host, by the incarnation that it is of.
    suspicions: BTreeMap<(u32, Incarnation), Suspicion>,
}

/// Somebody suspects a blocked host.
#[derive(Debug)]
struct Suspicion {
    /// When the block began in which somebody was the first to; nothing where the host was free.
    blocked_at: Option<Instant>,
    /// Which healthy ones have come to a verdict.
    convicted: Vec<bool>,
}

impl Watch {
    pub fn new<'a>(names: impl Iterator<Item = &'a str>, blocked: u32) -> Self {
        let mut hosts: Vec<_> = names.map(NodeId::from_name).zip(0..).collect();
        hosts.sort_unstable();
        Self { figures: Figures::default(), hosts, blocked, began: None, suspicions: BTreeMap::new() }
    }

    pub fn blocked_at(&mut self, now: Instant) {
        self.began = Some(now);
    }

    pub fn freed(&mut self) {
        self.began = None;
    }

    /// The suspicion of a blocked host, which begins now unless it has begun.
    fn suspicion(&mut self, member: u32, incarnation: Incarnation) -> &mut Suspicion {
        let (blocked_at, judges) = (self.began, self.hosts.len());
        let begin = || Suspicion { blocked_at, convicted: vec![false; judges] };
        self.suspicions.entry((member, incarnation)).or_insert_with(begin)
    }

    fn suspected(&mut self, member: u32, incarnation: Incarnation) {
        if member < self.blocked {
            self.suspicion(member, incarnation);
        }
    }

    fn verdict(&mut self, at: Instant, judge: u32, (member, incarnation): (u32, Incarnation)) {
        let healthy = judge >= self.blocked;
        if member >= self.blocked {
            self.figures.false_positives += 1;
            self.figures.false_positives_at_healthy += u64::from(healthy);
            return;
        }
        if !healthy {
            return;
        }
        let suspicion = self.suspicion(member, incarnation);
        let Some(blocked_at) = suspicion.blocked_at else { return };
        if core::mem::replace(&mut suspicion.convicted[judge as usize], true) {
            return;
        }
        let took = at.since(blocked_at).as_micros() as f64 / 1e3;
        let judges = suspicion.convicted.iter().filter(|convicted| **convicted).count();
        if judges == 1 {
            self.figures.first_detected_ms.push(took);
        }
        if judges == self.hosts.len() - self.blocked as usize {
            self.figures.all_detected_ms.push(took);
        }
    }

    fn host_of(&self, member: &MemberRef) -> Option<u32> {
        let found = self.hosts.binary_search_by_key(&member.id, |(id, _)| *id).ok()?;
        Some(self.hosts[found].1)
    }
}

impl Observer for Watch {
    fn sent(&mut self, passing: &Passing<'_>) {
        self.figures.messages += 1;
        self.figures.bytes += passing.bytes.len() as u64;
    }

    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        let (Event::Suspected(member) | Event::Failed(member)) = event else { return };
        let Some(accused) = self.host_of(member) else { return };
        if let Event::Failed(_) = event {
            self.verdict(at, host.index() as u32, (accused, member.incarnation));
        } else {
            self.suspected(accused, member.incarnation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn verdicts_are_sorted_by_who_is_judged_and_who_judges() {
        let mut watch = Watch::new(["a", "b", "c", "d"].into_iter(), 2);
        let at = |ms| Instant::ZERO + Span::millis(ms);
        let verdict = |watch: &mut Watch, ms, judge, member| watch.verdict(at(ms), judge, (member, Incarnation::FIRST));
        watch.blocked_at(at(100));
        // A blocked one on a healthy one, a healthy one on a healthy one, a blocked one on itself: no detection.
        [(0, 2), (3, 2), (0, 1)].into_iter().for_each(|(judge, member)| verdict(&mut watch, 150, judge, member));
        // Both healthy ones on a blocked one, one of them twice.
        [(200, 2), (250, 2), (300, 3)].into_iter().for_each(|(ms, judge)| verdict(&mut watch, ms, judge, 0));
        watch.freed();
        verdict(&mut watch, 400, 2, 1);
        let figures = &watch.figures;
        assert_eq!((figures.false_positives, figures.false_positives_at_healthy), (2, 1));
        assert_eq!((&figures.first_detected_ms[..], &figures.all_detected_ms[..]), (&[100.0][..], &[200.0][..]));
    }

    #[test]
    fn a_verdict_is_timed_from_the_block_in_which_its_suspicion_began() {
        let mut watch = Watch::new(["a", "b", "c"].into_iter(), 1);
        let at = |ms| Instant::ZERO + Span::millis(ms);
        let [first, second, third] = [0, 1, 2].map(|n| (0, Incarnation::new(1, n)));
        watch.blocked_at(at(100));
        watch.suspected(first.0, first.1);
        watch.freed();
        // Nobody has refuted it: one convicts in the next block, one while it is free.
        watch.blocked_at(at(1_000));
        watch.suspected(first.0, first.1);
        watch.verdict(at(1_020), 1, first);
        watch.freed();
        watch.verdict(at(2_000), 2, first);
        // It has refuted that, and is suspected once more, which only one makes a verdict of.
        watch.blocked_at(at(3_000));
        watch.suspected(second.0, second.1);
        watch.verdict(at(3_500), 1, second);
        watch.freed();
        // Suspected while it is free.
        watch.suspected(third.0, third.1);
        watch.blocked_at(at(4_000));
        watch.verdict(at(4_010), 1, third);
        let figures = &watch.figures;
        assert_eq!(
            (&figures.first_detected_ms[..], &figures.all_detected_ms[..]),
            (&[920.0, 500.0][..], &[1_900.0][..])
        );
    }
}
