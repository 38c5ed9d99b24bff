//! Who is held to have failed, by whom, and how soon? Counts verdicts as they are reached.

use super::Figures;
use crate::event::Event;
use crate::id::NodeId;
use crate::sim::{HostId, Observer, Passing};
use crate::time::Instant;
use crate::wire::State;

/// Watches a world whose first `blocked` hosts are blocked now and then.
#[derive(Debug)]
pub struct Watch {
    pub figures: Figures,
    pub t: std::collections::BTreeMap<(&'static str, usize), u64>,
    /// Every node and its host, in the order of ids.
    hosts: Vec<(NodeId, u32)>,
    blocked: u32,
    /// When the present block began.
    began: Option<Instant>,
    /// For each blocked host, which healthy ones have come to a verdict in the present block.
    convicted: Vec<Vec<bool>>,
}

impl Watch {
    pub fn new<'a>(names: impl Iterator<Item = &'a str>, blocked: u32) -> Self {
        let mut hosts: Vec<_> = names.map(NodeId::from_name).zip(0..).collect();
        hosts.sort_unstable();
        let convicted = vec![vec![false; hosts.len()]; blocked as usize];
        Self { t: Default::default(), figures: Figures::default(), hosts, blocked, began: None, convicted }
    }

    pub fn blocked_at(&mut self, now: Instant) {
        self.began = Some(now);
        self.convicted.iter_mut().for_each(|by| by.fill(false));
    }

    pub fn freed(&mut self) {
        self.began = None;
    }

    fn verdict(&mut self, at: Instant, judge: u32, member: u32) {
        let healthy = judge >= self.blocked;
        if member >= self.blocked {
            self.figures.false_positives += 1;
            self.figures.false_positives_at_healthy += u64::from(healthy);
            return;
        }
        let Some(began) = self.began.filter(|_| healthy) else { return };
        let by = &mut self.convicted[member as usize];
        if core::mem::replace(&mut by[judge as usize], true) {
            return;
        }
        let took = at.since(began).as_micros() as f64 / 1e3;
        let judges = by.iter().filter(|convicted| **convicted).count();
        if judges == 1 {
            self.figures.first_detected_ms.push(took);
        }
        if judges == by.len() - self.blocked as usize {
            self.figures.all_detected_ms.push(took);
        }
    }
}

impl Observer for Watch {
    fn sent(&mut self, passing: &Passing<'_>) {
        self.figures.messages += 1;
        let mut kinds: Vec<&str> = vec![];
        let mut n = [0_u64; 4];
        for s in passing.sections().unwrap() {
            use crate::wire::Section as S;
            match s { S::Claims(c) => { for raw in c { let Some(c) = raw.get() else { continue }; n[c.state as usize - State::Alive as usize] += 1; if Some(c.subject) == passing.to.map(|h| self.hosts.iter().find(|x| x.1 == h.index() as u32).unwrap().0) { *self.t.entry(("self", 0)).or_default() += 1; } } }
              S::Ping(_) => kinds.push("ping"), S::Ack(_) => kinds.push("ack"), S::PingRequest(_) => kinds.push("req"), S::Nack(_) => kinds.push("nack"), S::Profiles(_) => kinds.push("prof"), S::Page(_) => kinds.push("page"), S::Listing(_) => kinds.push("listing"), _ => kinds.push("other") }
        }
        let k = kinds.first().copied().unwrap_or("gossip");
        *self.t.entry((k, 9)).or_default() += 1;
        for i in 0..4 { *self.t.entry((k, i)).or_default() += n[i]; }
        self.figures.bytes += passing.bytes.len() as u64;
    }

    fn event(&mut self, at: Instant, host: HostId, event: &Event) {
        let Event::Failed(member) = event else { return };
        if let Ok(found) = self.hosts.binary_search_by_key(&member.id, |(id, _)| *id) {
            self.verdict(at, host.index() as u32, self.hosts[found].1);
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
        watch.blocked_at(at(100));
        // A blocked one on a healthy one, a healthy one on a healthy one, a blocked one on itself: no detection.
        [(0, 2), (3, 2), (0, 1)].into_iter().for_each(|(judge, member)| watch.verdict(at(150), judge, member));
        // Both healthy ones on a blocked one, one of them twice.
        [(200, 2), (250, 2), (300, 3)].into_iter().for_each(|(ms, judge)| watch.verdict(at(ms), judge, 0));
        watch.freed();
        watch.verdict(at(400), 2, 1);
        let figures = &watch.figures;
        assert_eq!((figures.false_positives, figures.false_positives_at_healthy), (2, 1));
        assert_eq!((&figures.first_detected_ms[..], &figures.all_detected_ms[..]), (&[100.0][..], &[200.0][..]));
    }
}
