//! What is due next, in five bytes a key? A tournament of milliseconds: of sixteen neighbours the earliest plays on.
//!
//! Where nearly every key may wait at once a heap of instants and places takes 20 bytes a key. Here a key is its own place, and what
//! it waits for are 32 bits. A change replays the groups above it: sixteen words each, one line of the cache (a complete
//! tournament tree, Knuth, TAOCP 3, 5.4.1).
//!
//! 32 bits of milliseconds come round after 49 days. All that waits lies within [`HORIZON`] behind a time that moves up as
//! things become due; a deadline further away is due at the horizon, and its owner finds then that it has to wait again.

use arrayvec::ArrayVec;

use super::bought;
use crate::time::Instant;

/// How many play in one group.
const GROUP: usize = 16;
/// Rounds that 2^24 keys play, and the winner.
const ROUNDS: usize = 7;
/// Nothing is due later than this after the time up to which everything has been taken: 24.8 days.
const HORIZON: u64 = 1 << 31;
/// A key that does not wait.
const NEVER: u32 = 0;
const NANOS: u64 = 1_000_000;

/// Deadlines of the keys `0..capacity`, rounded up to milliseconds.
#[derive(Debug)]
pub struct Tournament {
    /// The keys' own ticks, then the winners of each group of them, and so on up to the one that wins. Zero where nobody waits, so
    /// that what holds nothing touches no memory.
    ticks: Box<[u32]>,
    /// Where each round begins.
    rounds: ArrayVec<usize, ROUNDS>,
    /// Everything before this has been taken, in milliseconds.
    since: u64,
}

const fn places_for(capacity: usize) -> usize {
    let (mut round, mut all) = (capacity, capacity);
    while round > 1 {
        round = round.div_ceil(GROUP);
        all += round;
    }
    all
}

impl Tournament {
    /// Room for the keys `0..capacity`, at most 2^24 of them.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        assert!(0 < capacity && capacity <= 1 << 24, "so many rounds");
        let mut rounds = ArrayVec::from_iter([0]);
        let (mut round, mut all) = (capacity, capacity);
        while round > 1 {
            rounds.push(all);
            round = round.div_ceil(GROUP);
            all += round;
        }
        Self { ticks: bought(all, NEVER), rounds, since: 0 }
    }

    /// Bytes that [`Tournament::new`] buys: 4.3 for each key.
    #[must_use]
    pub const fn memory_bytes(capacity: usize) -> usize {
        places_for(capacity) * size_of::<u32>()
    }

    /// The earliest deadline.
    #[must_use]
    pub fn first(&self) -> Option<Instant> {
        let winner = *self.ticks.last()?;
        (winner != NEVER).then(|| Instant::from_nanos(self.millis(winner).saturating_mul(NANOS)))
    }

    /// Lets `key` wait for `at`, whatever it waited for before; not beyond the horizon.
    pub fn set(&mut self, now: Instant, key: u32, at: Instant) {
        if self.ticks.last() == Some(&NEVER) {
            // Nothing has been taken for as long as nobody waited, be it months.
            self.since = self.since.max(now.as_nanos() / NANOS);
        }
        let millis = at.as_nanos().div_ceil(NANOS).clamp(self.since, self.since + HORIZON);
        // The tick that says that nobody waits comes once in 49 days, and waits for a millisecond longer.
        let tick = (millis as u32).max(1);
        self.play(key as usize, tick);
    }

    /// `key` waits no more.
    pub fn cancel(&mut self, key: u32) {
        self.play(key as usize, NEVER);
    }

    /// Takes the earliest key that is due at `now`, of several the lowest.
    pub fn pop_due(&mut self, now: Instant) -> Option<u32> {
        let now = now.as_nanos() / NANOS;
        let winner = *self.ticks.last()?;
        let due = (winner != NEVER).then(|| self.millis(winner)).filter(|millis| *millis <= now);
        // Nothing waits for what is before this.
        self.since = due.unwrap_or(now).max(self.since);
        due?;
        let key = self.whose(winner);
        self.play(key, NEVER);
        Some(key as u32)
    }

    /// How long after `since` a tick is; the longest of all where nobody waits.
    const fn wait(&self, tick: u32) -> u32 {
        if tick == NEVER { u32::MAX } else { tick.wrapping_sub(self.since as u32) }
    }

    const fn millis(&self, tick: u32) -> u64 {
        self.since + self.wait(tick) as u64
    }

    /// Where a round ends.
    fn end(&self, round: usize) -> usize {
        self.rounds.get(round + 1).copied().unwrap_or(self.ticks.len())
    }

    /// A key has another tick: plays its groups anew, up to the first that has the winner it had.
    fn play(&mut self, key: usize, tick: u32) {
        let mut place = key;
        if core::mem::replace(&mut self.ticks[place], tick) == tick {
            return;
        }
        for round in 0..self.rounds.len() - 1 {
            let (begin, end) = (self.rounds[round], self.end(round));
            let first = begin + place / GROUP * GROUP;
            let group = &self.ticks[first..end.min(first + GROUP)];
            let winner = group.iter().copied().min_by_key(|tick| self.wait(*tick)).unwrap_or(NEVER);
            place /= GROUP;
            let above = &mut self.ticks[end + place];
            if core::mem::replace(above, winner) == winner {
                return;
            }
        }
    }

    /// The first key of those with the winner's tick.
    fn whose(&self, winner: u32) -> usize {
        let mut place = 0;
        for round in (0..self.rounds.len() - 1).rev() {
            let first = self.rounds[round] + place * GROUP;
            let group = &self.ticks[first..self.end(round).min(first + GROUP)];
            let nth = group.iter().position(|tick| *tick == winner);
            place = place * GROUP + nth.expect("a group has the winner that plays on for it");
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::time::Span;

    const DAY: u64 = 86_400_000;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * NANOS)
    }

    /// Plays at random beside a plain list, with deadlines up to `far` away and steps of time up to `step`.
    fn play(seed: u64, keys: u32, far: u64, step: u64) {
        let mut rng = Rng::from_seed(seed);
        let mut tournament = Tournament::new(keys as usize);
        let mut model: Vec<Option<u64>> = vec![None; keys as usize];
        let mut now = 5_000;
        let (mut due, mut waited) = (0, 0);
        let below = |rng: &mut Rng, n: u64| (u64::from(rng.next_u32()) * n) >> 32;
        for _ in 0..20_000 {
            let key = rng.below(keys);
            match rng.below(8) {
                0 => {
                    tournament.cancel(key);
                    model[key as usize] = None;
                }
                1 => {
                    now += below(&mut rng, step);
                    while let Some(key) = tournament.pop_due(at(now)) {
                        let least = (0..keys).filter_map(|k| model[k as usize].map(|due| (due, k))).min();
                        assert_eq!(
                            least,
                            model[key as usize].map(|due| (due, key)),
                            "the earliest, of those the lowest"
                        );
                        assert!(model[key as usize].take().is_some_and(|due| due <= now));
                        due += 1;
                    }
                    assert!(model.iter().flatten().all(|due| *due > now));
                }
                _ => {
                    let due = now + below(&mut rng, far);
                    tournament.set(at(now), key, at(due));
                    model[key as usize] = Some(due);
                    waited += 1;
                }
            }
            assert_eq!(tournament.first(), model.iter().flatten().min().map(|due| at(*due)));
        }
        assert!(due > 100 && waited > 1_000);
    }

    #[test]
    fn agrees_with_a_plain_list_under_random_use() {
        for (seed, keys) in [1, 2, 16, 17, 40, 256, 300].into_iter().enumerate() {
            play(seed as u64, keys, 120, 100);
        }
    }

    #[test]
    fn agrees_as_its_ticks_come_round() {
        // 20,000 calls go through years, with steps of hours.
        play(7, 40, 20 * DAY, DAY);
    }

    #[test]
    fn a_deadline_beyond_the_horizon_is_looked_at_there_and_waits_again() {
        let mut tournament = Tournament::new(3);
        let far = 80 * DAY;
        tournament.set(at(0), 1, at(far));
        let mut looks = 0;
        let mut now = 0;
        while now < far {
            now = tournament.first().expect("it waits").as_nanos() / NANOS;
            assert_eq!(tournament.pop_due(at(now)), Some(1));
            looks += 1;
            if now < far {
                tournament.set(at(now), 1, at(far));
            }
        }
        assert_eq!((now, looks), (far, 4));
    }

    #[test]
    fn what_has_been_due_for_months_is_due() {
        let mut tournament = Tournament::new(20);
        tournament.set(at(0), 3, at(10));
        tournament.set(at(0), 19, at(20 * DAY));
        let now = at(200 * DAY);
        assert_eq!(tournament.pop_due(now), Some(3));
        // Set again before the rest is taken: not later than it should be.
        tournament.set(now, 3, now + Span::millis(5));
        let mut taken = Vec::new();
        while let Some(key) = tournament.pop_due(now) {
            taken.push(key);
            if key == 3 {
                tournament.set(now, 3, now + Span::millis(5));
            }
        }
        assert!(taken.contains(&19) && taken.len() < 20, "{taken:?}");
        assert_eq!(tournament.first(), Some(now + Span::millis(5)));
    }

    #[test]
    fn what_waits_first_after_months_is_not_due_at_once() {
        let mut tournament = Tournament::new(20);
        for day in [300, 700] {
            let now = at(day * DAY);
            tournament.set(now, 3, now + Span::secs(1));
            assert_eq!((tournament.first(), tournament.pop_due(now)), (Some(now + Span::secs(1)), None));
            tournament.cancel(3);
        }
    }

    #[test]
    fn a_part_of_a_millisecond_is_waited_for_to_its_end() {
        let mut tournament = Tournament::new(1);
        tournament.set(at(0), 0, Instant::from_nanos(1));
        assert_eq!(tournament.pop_due(Instant::from_nanos(NANOS - 1)), None);
        assert_eq!(tournament.pop_due(at(1)), Some(0));
        assert_eq!((tournament.first(), tournament.pop_due(at(DAY))), (None, None));
    }
}
