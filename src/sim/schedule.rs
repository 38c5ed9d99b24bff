//! Who wakes next, and who after that? Hosts by the time at which they are due, in a calendar.
//!
//! A heap tells who is first, and not who comes then. Here the next few stand in order, and all others in the day on which they are due:
//! a day is a stretch of time in which a few of them are (Brown, Calendar Queues, 1988). A host that is due at another time leaves its former
//! entry where it is, which counts for nothing once it is come upon. Equal times go by number, so that a run is the same each time.

use std::collections::VecDeque;

use crate::time::Instant;

/// How many hosts are due on a day, about, where each is once a second.
const HOSTS_A_DAY_BITS: u32 = 3;
/// A second, as days are counted: 2^30 ns.
const SECOND_BITS: u32 = 30;
/// Seconds in a year: nearly all are due within one.
const YEAR_BITS: u32 = 2;

type Entry = (Instant, u32);

/// When each host is due, and who is next.
#[derive(Debug)]
pub(super) struct Schedule {
    due: Box<[Option<Instant>]>,
    /// All entries of the days before `today`, the next one first, which holds.
    soon: VecDeque<Entry>,
    /// All others, by the day of the year.
    days: Box<[Vec<Entry>]>,
    today: u64,
    /// How many are in `days`.
    later: usize,
    day_bits: u32,
}

impl Schedule {
    /// For the hosts `0..hosts`.
    pub fn new(hosts: u32) -> Self {
        let a_second_bits = u32::BITS - (hosts >> HOSTS_A_DAY_BITS).leading_zeros();
        Self {
            due: vec![None; hosts as usize].into_boxed_slice(),
            soon: VecDeque::new(),
            days: vec![Vec::new(); 1 << (a_second_bits + YEAR_BITS)].into_boxed_slice(),
            today: 0,
            later: 0,
            day_bits: SECOND_BITS - a_second_bits.min(SECOND_BITS),
        }
    }

    const fn day(&self, at: Instant) -> u64 {
        at.as_nanos() >> self.day_bits
    }

    const fn day_of_year(&self, day: u64) -> usize {
        day as usize & (self.days.len() - 1)
    }

    /// Who is due first, and when.
    pub fn first(&self) -> Option<(Instant, u32)> {
        self.soon.front().copied()
    }

    /// A host is due at a time, and at no other.
    pub fn set(&mut self, host: u32, at: Instant) {
        if self.due[host as usize].replace(at) == Some(at) {
            return;
        }
        let day = self.day(at);
        if day < self.today {
            let place = self.soon.partition_point(|entry| *entry < (at, host));
            // It may have been due then before.
            if self.soon.get(place) != Some(&(at, host)) {
                self.soon.insert(place, (at, host));
            }
        } else {
            self.days[self.day_of_year(day)].push((at, host));
            self.later += 1;
        }
        self.settle();
    }

    /// A host is not due.
    pub fn cancel(&mut self, host: u32) {
        if self.due[host as usize].take().is_some() {
            self.settle();
        }
    }

    /// The next `N` who are due, as far as there are as many and that is known; the first one first.
    pub fn next<const N: usize>(&mut self) -> [Option<u32>; N] {
        while self.soon.len() < N && self.later > 0 {
            self.pass_days();
        }
        core::array::from_fn(|nth| self.soon.get(nth).map(|(_, host)| *host))
    }

    fn holds(&self, (at, host): Entry) -> bool {
        self.due[host as usize] == Some(at)
    }

    /// Sees to it that the first entry holds, if there is any that does.
    fn settle(&mut self) {
        loop {
            match self.soon.front() {
                Some(first) if self.holds(*first) => return,
                Some(_) => drop(self.soon.pop_front()),
                None if self.later == 0 => return,
                None => self.pass_days(),
            }
        }
    }

    /// Goes on by a day on which anybody is due, or over a year.
    fn pass_days(&mut self) {
        for _ in 0..self.days.len() {
            self.pass_day();
            if !self.soon.is_empty() || self.later == 0 {
                return;
            }
        }
        // Nobody for a year.
        let all = self.days.iter().flatten();
        let first = all.map(|(at, _)| self.day(*at)).min();
        self.today = first.unwrap_or(self.today);
    }

    /// All who are due today come behind those who are due before.
    fn pass_day(&mut self) {
        let (today, day_bits, at) = (self.today, self.day_bits, self.day_of_year(self.today));
        self.today += 1;
        let mut day = core::mem::take(&mut self.days[at]);
        let (before, behind) = (day.len(), self.soon.len());
        day.retain(|entry| {
            let is_today = entry.0.as_nanos() >> day_bits == today;
            if is_today && self.holds(*entry) {
                self.soon.push_back(*entry);
            }
            !is_today
        });
        self.later -= before - day.len();
        self.days[at] = day;
        let new = &mut self.soon.make_contiguous()[behind..];
        new.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::time::Span;

    #[test]
    fn agrees_with_a_sorted_list_under_random_use() {
        for hosts in [1, 7, 40, 1_000] {
            let mut rng = Rng::from_seed(u64::from(hosts));
            let mut schedule = Schedule::new(hosts);
            let mut model = vec![None; hosts as usize];
            let mut now = Instant::ZERO;
            for _ in 0..20_000 {
                let host = rng.below(hosts);
                match rng.below(8) {
                    0 => {
                        schedule.cancel(host);
                        model[host as usize] = None;
                    }
                    1..4 => {
                        // At a time that is as likely as not another host's, now and then in a year to come.
                        let ahead = (u64::from(rng.below(20)) * 100_000_000) << (10 * u64::from(rng.below(50) == 0));
                        let at = Instant::from_nanos((now.as_nanos() + ahead) / 1_000_000 * 1_000_000);
                        schedule.set(host, at.max(now));
                        model[host as usize] = Some(at.max(now));
                    }
                    _ => {
                        // Who was first is due again.
                        let Some((at, first)) = schedule.first() else { continue };
                        now = at;
                        let at = now + Span::micros(u64::from(rng.below(1_100_000)));
                        schedule.set(first, at);
                        model[first as usize] = Some(at);
                    }
                }
                let due = (0..hosts).filter_map(|host| model[host as usize].map(|at| (at, host)));
                let mut due: Vec<(Instant, u32)> = due.collect();
                due.sort_unstable();
                assert_eq!(schedule.first(), due.first().copied());
            }
        }
    }

    #[test]
    fn the_next_ones_stand_in_order() {
        let mut schedule = Schedule::new(100);
        (0..100).for_each(|host| schedule.set(host, Instant::from_nanos(u64::from((host * 37) % 100) * 10_000_000)));
        let mut order: Vec<u32> = (0..100).collect();
        order.sort_by_key(|host| (host * 37) % 100);
        assert_eq!(schedule.next::<100>().map(Option::unwrap_or_default).as_slice(), order);
        schedule.cancel(order[0]);
        assert_eq!(schedule.next::<2>(), [Some(order[1]), Some(order[2])]);
    }
}
