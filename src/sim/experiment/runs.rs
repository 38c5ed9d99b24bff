//! How are many runs played? Each from a seed of its own, on as many threads as there are processors, in an order that
//! does not show.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use xxhash_rust::xxh3::Xxh3;

use super::SetupError;

/// Worlds that are played at once together buy no more than this, where each alone does not.
const BYTES_AT_ONCE: u64 = 16 << 30;

/// Is told how far it is: so many of so many pieces are done. Called from several threads.
pub type Progress<'a> = &'a (dyn Fn(u32, u32) + Sync);

/// Is told that one of several runs of a world has ended.
pub(super) type Ended<'a> = &'a (dyn Fn() + Sync);

/// What a world buys, and what all that are played at once may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// Bytes that each world buys.
    pub each: u64,
    /// Bytes that all may buy, which are at least as many.
    pub room: u64,
}

impl Load {
    /// Worlds so small that nobody counts their bytes.
    const SMALL: Self = Self { each: 0, room: u64::MAX };

    /// So many worlds fit beside each other.
    fn fit(self) -> usize {
        usize::try_from(self.room.min(BYTES_AT_ONCE) / self.each.max(1)).unwrap_or(usize::MAX).max(1)
    }
}

/// How often, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// How many.
    pub count: u32,
    /// The seed of the first; the next one's is one more, so that each can be played alone.
    pub seed: u64,
}

impl Runs {
    /// Refuses to play nothing, and more than anybody waits for.
    ///
    /// # Errors
    /// Says how many there may be.
    pub fn check(self) -> Result<(), SetupError> {
        const MAX: u32 = 1_000_000;
        if (1..=MAX).contains(&self.count) {
            return Ok(());
        }
        Err(SetupError::OutOfRange { field: "runs", got: f64::from(self.count), min: 1.0, max: f64::from(MAX) })
    }

    /// Plays each run and gives what came out, in the order of their seeds.
    pub fn play<T: Send>(self, progress: Progress<'_>, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
        self.play_large(Load::SMALL, progress, run)
    }

    /// The same of worlds that may be too large for all threads.
    pub(super) fn play_large<T: Send>(
        self,
        load: Load,
        progress: Progress<'_>,
        run: impl Fn(u64) -> T + Sync,
    ) -> Vec<T> {
        let count = self.count;
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(count as usize).min(load.fit());
        let (next, done) = (AtomicU32::new(0), AtomicU32::new(0));
        let results = Mutex::new(Vec::with_capacity(count as usize));
        let work = || {
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= count {
                    return;
                }
                let result = run(self.seed.wrapping_add(u64::from(nth)));
                if let Ok(mut results) = results.lock() {
                    results.push((nth, result));
                }
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, count);
            }
        };
        progress(0, count);
        // A scope hands on the panic of any of its threads: nothing is missing from the results where it returns.
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let mut results = results.into_inner().unwrap_or_default();
        results.sort_unstable_by_key(|(nth, _)| *nth);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// The same of runs of which up to `a_world` are played in one world, one after the other: `world` gets its seed and how many are its
    /// own, and tells as each of them ends.
    pub(super) fn play_worlds<T: Send>(
        self,
        a_world: u32,
        load: Load,
        progress: Progress<'_>,
        world: impl Fn(u64, u32, Ended<'_>) -> T + Sync,
    ) -> Vec<T> {
        let count = self.count;
        let worlds = Self { count: count.div_ceil(a_world), ..self };
        let done = AtomicU32::new(0);
        let ended = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, count);
        progress(0, count);
        worlds.play_large(load, &|_, _| (), |seed| {
            let before = (seed.wrapping_sub(self.seed) as u32) * a_world;
            world(seed, (count - before).min(a_world), &ended)
        })
    }
}

/// One number for the traces of several worlds, in order.
#[must_use]
pub fn trace_of(traces: impl IntoIterator<Item = u64>) -> u64 {
    let mut hash = Xxh3::new();
    traces.into_iter().for_each(|trace| hash.update(&trace.to_le_bytes()));
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_not_played_as_once() {
        let error = Runs { count: 0, seed: 1 }.check().expect_err("no run");
        assert_eq!(error.to_string(), "runs is 0; it may be 1 to 1000000");
        assert!(Runs { count: 0, seed: 1 }.play(&|_, _| (), |seed| seed).is_empty());
        assert_eq!(Runs { count: 1_000_000, seed: 1 }.check(), Ok(()));
    }

    #[test]
    fn worlds_that_do_not_fit_beside_each_other_are_played_one_by_one() {
        for load in [Load { each: BYTES_AT_ONCE / 2 + 1, room: u64::MAX }, Load { each: 600, room: 1_000 }] {
            let (now, most) = (AtomicU32::new(0), AtomicU32::new(0));
            let run = |_| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
            };
            Runs { count: 200, seed: 1 }.play_large(load, &|_, _| (), run);
            assert_eq!(most.into_inner(), 1, "{load:?}");
        }
    }

    #[test]
    fn worlds_share_the_runs_and_each_run_is_told_of_as_it_ends() {
        let told = Mutex::new(Vec::new());
        let progress = |done, of| told.lock().expect("nobody panics").push((done, of));
        let world = |seed: u64, count, ended: Ended<'_>| {
            (0..count).for_each(|_| ended());
            (seed, count)
        };
        let played = Runs { count: 25, seed: 7 }.play_worlds(10, Load::SMALL, &progress, world);
        assert_eq!(played, [(7, 10), (8, 10), (9, 5)]);
        let mut told = told.into_inner().expect("nobody panics");
        told.sort_unstable();
        assert_eq!(told, (0..=25).map(|done| (done, 25)).collect::<Vec<_>>());
    }

    #[test]
    fn results_come_in_the_order_of_their_seeds_and_progress_reaches_the_end() {
        let most = AtomicU32::new(0);
        let progress = |done, _| {
            most.fetch_max(done, Ordering::Relaxed);
        };
        let got = Runs { count: 50, seed: 7 }.play(&progress, |seed| seed * 2);
        assert_eq!(got, (7..57).map(|seed| seed * 2).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), 50);
    }
}
